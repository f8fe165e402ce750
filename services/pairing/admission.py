"""Hubs come in no faster than NATS makes what they listen with.

For every hub that signs in, the server makes consumers by its one queue of JetStream requests, each with an fsync. When
hundreds come back at once after a restart, everybody else's requests stand behind theirs (16 s were measured with 500 hubs,
on two slow cores), and pages that were live stay silent for as long. So a few hubs are let in, the server is asked
something that stands behind what they want, and only its answer makes room for as many more.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from chassis.log import Log
from chassis.resource import Background
from proto.errors import Unavailable
from proto.subjects import SIGN_IN_S

log = Log("admission")

PLACES: Final = 32
"""At 30 hubs a second, what somebody else asks of JetStream then waits for about a second."""
PATIENCE_S: Final = SIGN_IN_S - 1
"""Whoever the server gives up on comes again, as after any fault of the network."""
SETTLE_S: Final = 0.25
"""A hub subscribes a round trip after it was let in."""


class Admission:
    """`ask` puts a request into the server's queue, and returns with its answer."""

    def __init__(
        self, ask: Callable[[], Awaitable[object]], background: Background, *, places: int = PLACES
    ) -> None:
        self._ask = ask
        self._background = background
        self._places = asyncio.Semaphore(places)
        self._came_in = 0
        self._is_watched = False

    async def enter(self, patience_s: float = PATIENCE_S) -> bool:
        """At once, as long as there is room. False: nobody waits for this hub any more."""
        try:
            async with asyncio.timeout(patience_s):
                await self._places.acquire()
        except TimeoutError:
            return False
        self._came_in += 1
        if not self._is_watched:
            self._is_watched = True
            self._background.spawn(self._make_room(), "admission")
        return True

    async def _make_room(self) -> None:
        """As long as anybody came in since the last time."""
        try:
            while self._came_in:
                came_in, self._came_in = self._came_in, 0
                await asyncio.sleep(SETTLE_S)
                try:
                    await self._ask()
                except Unavailable:
                    log.warning("room_made_unasked", count=came_in)
                for _ in range(came_in):
                    self._places.release()
        finally:
            self._is_watched = False
