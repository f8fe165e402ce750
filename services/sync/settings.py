"""What sync is told beyond the common settings."""

from typing import Annotated

from msgspec import Meta

from chassis.config import Common


class Settings(Common, frozen=True, kw_only=True):
    vendor_gate: str = ""
    """Development: vendors are asked at `<gate>/<host>/…` instead of `https://<host>/…`; empty = the vendors themselves."""
    vendors_enabled: str = ""
    """Vendors, separated by commas, that are off by default and shall be offered all the same."""
    ingest_shards: Annotated[int, Meta(ge=1, le=64)] = 1
    """As ingest has it: readings of one connection stay in one shard."""
    sync_workers: Annotated[int, Meta(ge=1, le=64)] = 6
    """Accounts that one replica looks at at the same time."""
    sync_lease_s: Annotated[int, Meta(ge=3)] = 30
    """What a dead replica held is taken by another after this."""
    sync_turn_s: Annotated[int, Meta(ge=1)] = 60
    """A long import makes room for other accounts after this, and goes on later."""
    sync_history_days: Annotated[int, Meta(ge=1, le=3650)] = 730
    """How much of a person's past is fetched unasked; `POST …/device/sync` with `since` goes further back."""
    authorization_ttl_s: Annotated[int, Meta(ge=10)] = 600
    """How long a person may take at the vendor."""
    limit_sync_per_min: Annotated[int, Meta(ge=1)] = 1
    """Syncs that a person may ask for, per connection and minute."""
    limit_webhooks_per_min: Annotated[int, Meta(ge=1)] = 6000
    """Notifications per vendor."""

    def needs(self) -> tuple[str, ...]:
        return ("database_url", "nats_url", "redis_url", "s3_endpoint")

    def secret_names(self) -> tuple[str, ...]:
        return (
            "db/sync",
            "nats/sync",
            "keys/token_verify.pem",
            "keys/keyring.json",
            "s3/access_key",
            "s3/secret_key",
        )

    def check(self) -> list[str]:
        problems = super().check()
        if self.env == "production" and self.vendor_gate:
            problems.append("DC_VENDOR_GATE is for development; real vendors are asked directly")
        return problems
