"""A process as small as they come, for the tests of whatever starts processes."""

import os
from typing import Annotated

from litestar import Litestar, get
from msgspec import Meta

from chassis import http
from chassis.config import Common


class Settings(Common, frozen=True, kw_only=True):
    small_size: Annotated[int, Meta(ge=1, le=9)] = 3
    """How small."""

    def needs(self) -> tuple[str, ...]:
        return ("nats_url",)


def create_app(settings: Settings) -> Litestar:
    @get("/pid", opt={"public": True})
    async def pid() -> int:
        return os.getpid()

    return http.create_app(settings, "small", routes=[pid], public=True)
