"""What the simulator process is told beyond the common settings."""

from pathlib import Path
from typing import Annotated

from msgspec import Meta

from chassis.config import Common


class Settings(Common, frozen=True, kw_only=True):
    oidc_client_id: str = "device-connect"
    mqtt_public_url: str = ""
    """Where hubs sign in: `mqtt://host:port`."""
    hub_resend_s: Annotated[float, Meta(gt=0)] = 300
    """A virtual hub sends a reading again when no receipt came for so long."""
    demo: bool = False
    """Whether the demo patients get devices and history."""

    @property
    def issuer(self) -> str:
        """This process is the identity provider, unless another one is configured."""
        return self.oidc_issuer or f"http://{self.host}:{self.http_port}"

    @property
    def state_dir(self) -> Path:
        return Path(self.home) / "simulator"

    def secret_names(self) -> tuple[str, ...]:
        return ("oidc/client_secret",)

    def check(self) -> list[str]:
        problems = super().check()
        if self.env == "production":
            problems.append(
                "the simulator and its identity provider are for development; do not start them here"
            )
        return problems
