"""A process that is never ready, because the NATS server it wants is not there."""

from litestar import Litestar

from chassis import http
from chassis.bus import Bus
from chassis.config import Common


class Settings(Common, frozen=True, kw_only=True):
    def needs(self) -> tuple[str, ...]:
        return ("nats_url",)


def create_app(settings: Settings) -> Litestar:
    return http.create_app(settings, "waiting", resources=[Bus(settings, "registry")], public=True)
