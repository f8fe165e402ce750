"""What ingest is told beyond the common settings."""

from typing import Annotated

from msgspec import Meta

from chassis.config import Common


class Settings(Common, frozen=True, kw_only=True):
    ingest_shards: Annotated[int, Meta(ge=1, le=64)] = 1
    """Shards of INGEST: as many as there are normalizers. Groups form per shard, so more cost more at low load."""
    ingest_groups_in_flight: Annotated[int, Meta(ge=1, le=8)] = 2
    ingest_waiting_max: Annotated[int, Meta(ge=256)] = 20_000
    """Readings that may wait for a group before the API answers 503."""
    limit_requests_per_s: Annotated[int, Meta(ge=1)] = 100
    """Requests a second and connection."""
    limit_readings_per_s: Annotated[int, Meta(ge=1)] = 10_000
    """Readings a second and connection."""
    upload_ttl_s: Annotated[int, Meta(ge=1)] = 300

    def needs(self) -> tuple[str, ...]:
        return ("database_url", "nats_url", "s3_endpoint")

    def secret_names(self) -> tuple[str, ...]:
        return ("db/ingest", "nats/ingest", "keys/token_verify.pem", "s3/access_key", "s3/secret_key")
