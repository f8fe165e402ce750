"""What health is told beyond the common settings."""

from chassis.config import Common


class Settings(Common, frozen=True, kw_only=True):
    def needs(self) -> tuple[str, ...]:
        return ("database_url", "nats_url")

    def secret_names(self) -> tuple[str, ...]:
        return ("db/health", "nats/health", "keys/token_verify.pem")
