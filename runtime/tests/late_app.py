"""A process that takes as long to start as the test wants: until a file exists."""

import asyncio
from pathlib import Path

from litestar import Litestar

from chassis import http
from chassis.config import Common
from chassis.resource import Startup


class Settings(Common, frozen=True, kw_only=True):
    late_until: str
    """Path of the file."""

    def needs(self) -> tuple[str, ...]:
        return ()


def create_app(settings: Settings) -> Litestar:
    async def wait() -> None:
        while not await asyncio.to_thread(Path(settings.late_until).exists):
            await asyncio.sleep(0.01)

    return http.create_app(settings, "late", resources=[Startup(wait)], public=True)
