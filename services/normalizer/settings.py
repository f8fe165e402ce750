"""What the normalizer is told beyond the common settings."""

from typing import Annotated

from msgspec import Meta

from chassis.config import Common


class Settings(Common, frozen=True, kw_only=True):
    normalizer_batch: Annotated[int, Meta(ge=1, le=1000)] = 100
    """Messages (groups of readings) that one transaction takes at most."""

    def needs(self) -> tuple[str, ...]:
        return ("database_url", "nats_url")

    def secret_names(self) -> tuple[str, ...]:
        return ("db/normalizer", "nats/normalizer", "keys/token_verify.pem", "keys/keyring.json")
