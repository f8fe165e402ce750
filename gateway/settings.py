"""What the gateway is told beyond the common settings."""

from typing import Annotated, Final
from urllib.parse import urlsplit

from msgspec import Meta

from chassis.config import Common
from gateway.origins import APP_ORIGINS

Seconds = Annotated[int, Meta(ge=1)]
_PRINT: Final = "[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){31}"


class Settings(Common, frozen=True, kw_only=True):
    upstream_registry: str = ""
    """Where each service answers: `http://host:port`."""
    upstream_pairing: str = ""
    upstream_ingest: str = ""
    upstream_normalizer: str = ""
    upstream_health: str = ""
    upstream_access: str = ""
    upstream_sync: str = ""
    upstream_simulator: str = ""
    """Development only: `POST /api/v1/device/simulate`; empty = there is none."""
    ui_dist: str = "ui/dist"
    """The built pages. Without them `/` says how to build them."""
    oidc_client_id: str = "device-connect"
    app_android_sha256: Annotated[str, Meta(pattern=rf"^({_PRINT}(, ?{_PRINT})*)?$")] = ""
    """SHA-256 fingerprints of the certificates that sign the Android app, separated by commas; empty = this server's
    links do not open it."""
    app_apple_team: Annotated[str, Meta(pattern=r"^([A-Z0-9]{10})?$")] = ""
    """Apple's id of the team that signs the iPhone app; empty = this server's links do not open it."""
    session_idle_s: Seconds = 900
    """A browser session without a request ends after this."""
    session_absolute_s: Seconds = 43_200
    app_session_idle_s: Seconds = 1_209_600
    """A companion app that asked nothing for this long signs in again. The phone's lock guards its key store."""
    app_session_absolute_s: Seconds = 2_592_000
    """Whatever it asked: a companion app signs in again after this."""
    dev_app_origin: Annotated[str, Meta(pattern=r"^(http://(localhost|127\.0\.0\.1):\d{1,5})?$")] = ""
    """Development only: where else the companion app's pages are served from, for tests in a browser."""
    live_idle_s: Seconds = 3600
    """A clinician's session with a live subscription may go this long without a request."""
    ticket_ttl_s: Seconds = 30
    live_stall_s: Seconds = 30
    """A live connection that takes nothing for this long is closed (1013)."""
    upstream_deadline_s: Seconds = 40
    """How long a service may take to begin its answer; above the longest `Prefer: wait`."""
    object_origin: str = ""
    """Origin of the object store as browsers reach it; empty = that of `DC_S3_ENDPOINT`."""
    limit_body_bytes: Annotated[int, Meta(ge=1024)] = 1024 * 1024 + 4096
    limit_sockets_per_user: Annotated[int, Meta(ge=1)] = 20
    limit_subscriptions_per_socket: Annotated[int, Meta(ge=1)] = 1000
    limit_frames_per_s: Annotated[int, Meta(ge=1)] = 20
    """Frames that a client may send over one live connection."""
    limit_failed_sign_ins_per_min: Annotated[int, Meta(ge=1)] = 5
    """Failed sign-ins per account; four times as many per address."""

    def needs(self) -> tuple[str, ...]:
        return (
            "database_url",
            "nats_url",
            "redis_url",
            "oidc_issuer",
            "upstream_registry",
            "upstream_pairing",
            "upstream_ingest",
            "upstream_normalizer",
            "upstream_health",
            "upstream_access",
            "upstream_sync",
        )

    def secret_names(self) -> tuple[str, ...]:
        return (
            "db/gateway",
            "nats/gateway",
            "oidc/client_secret",
            "keys/token_signing.pem",
            "keys/token_verify.pem",
            "keys/internal_token",
        )

    def check(self) -> list[str]:
        problems = super().check()
        if self.dev_app_origin and not self.is_development:
            problems.append("DC_DEV_APP_ORIGIN must be empty in production")
        return problems

    @property
    def is_development(self) -> bool:
        return self.env == "development"

    @property
    def app_origins(self) -> frozenset[str]:
        """Where the companion app's requests come from."""
        is_more = self.dev_app_origin and self.is_development
        return APP_ORIGINS | {self.dev_app_origin} if is_more else APP_ORIGINS

    @property
    def public_origin(self) -> str:
        return origin_of(self.public_url)

    @property
    def store_origin(self) -> str:
        return origin_of(self.object_origin or self.s3_endpoint)


def origin_of(url: str) -> str:
    """`scheme://host[:port]` of a URL, or an empty string."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}" if parts.scheme and parts.netloc else ""
