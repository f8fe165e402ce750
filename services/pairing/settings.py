"""What pairing is told beyond the common settings. Times are seconds."""

from typing import Annotated

from msgspec import Meta

from chassis.config import Common

Seconds = Annotated[int, Meta(ge=1)]


class Settings(Common, frozen=True, kw_only=True):
    pairing_ttl_s: Seconds = 600
    """How long a pairing token is good."""
    pairing_fail_s: Seconds = 86_400
    """A connection that is still `pairing` after this is `failed`."""
    rotate_overlap_s: Seconds = 600
    """How long a hub's older secret stays good after a rotation."""
    hub_offline_s: Seconds = 60
    """A hub that is offline for longer takes its devices with it."""
    hub_pair_s: Seconds = 60
    """How long after completion a hub may still say that the device did not pair."""
    sync_url: str = ""
    """Where `sync` answers inside; it is asked where a person signs in at a vendor. Empty: nobody can."""
    mqtt_public_url: str = ""
    """Where hubs are told to sign in: `mqtt://host:port`, `mqtts://` in production."""

    def needs(self) -> tuple[str, ...]:
        return ("database_url", "nats_url", "mqtt_public_url")

    def secret_names(self) -> tuple[str, ...]:
        return (
            "db/pairing",
            "nats/pairing",
            "nats/auth",
            "nats/sys",
            "nats/callout.seed",
            "keys/token_verify.pem",
            "keys/keyring.json",
        )

    def check(self) -> list[str]:
        problems = super().check()
        if self.env == "production" and not self.mqtt_public_url.startswith("mqtts://"):
            problems.append("DC_MQTT_PUBLIC_URL must be mqtts:// in production")
        return problems
