"""What the bridge is told beyond the settings of ingest."""

from services.ingest.settings import Settings as IngestSettings


class Settings(IngestSettings, frozen=True, kw_only=True):
    mqtt_url: str = ""
    """An outside broker (`mqtt://` or `mqtts://host:port`). Empty: the NATS server's own listener is the source."""
    mqtt_user: str = "device-connect"
    """User and client id prefix at an outside broker; its password is the secret `mqtt/password`."""

    def needs(self) -> tuple[str, ...]:
        return ("database_url", "nats_url")

    def secret_names(self) -> tuple[str, ...]:
        names = ["db/ingest", "nats/ingest-bridge"]
        names += ["mqtt/password"] if self.mqtt_url else ["nats/hubs-bridge"]
        return tuple(names)

    def _production_problems(self) -> list[str]:
        problems = super()._production_problems()
        if self.mqtt_url and not self.mqtt_url.startswith("mqtts://"):
            problems.append("DC_MQTT_URL must be mqtts:// in production")
        return problems
