"""The way out to one live client: a bounded queue and its writer. A slow client loses frames and is told so (`gap`);
it never makes another one wait, and one that takes nothing for too long is let go.
"""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Final

import msgspec

from chassis import telemetry
from chassis.clock import now

MAX_FRAMES: Final = 1000
MAX_CHARS: Final = 2 * 1024 * 1024
LETTING_GO_S: Final = 15.0
"""How long a stalled client may still come back to hear that it was let go."""


class Item(msgspec.Struct, frozen=True, gc=False):
    """One is made for every frame and socket, so it is of the kind that is made fastest."""

    text: str
    cursor: str | None
    source: object | None
    """The subscription that it came by; None for what is said to the client itself."""


Write = Callable[[Item], Awaitable[None]]


def gap_text(since: datetime | None, until: datetime) -> str:
    return msgspec.json.encode({"type": "gap", "from": since, "to": until}).decode()


class Outlet:
    """`run` is the only writer. `put` never waits."""

    def __init__(self, stall_s: float) -> None:
        self._stall_s = stall_s
        self._queue: deque[Item] = deque()
        self._chars = 0
        self._wake: asyncio.Future[None] | None = None
        self._room: asyncio.Future[None] | None = None
        self._caught_up_at = now()
        self._lost_since: datetime | None = None
        self._sending_since: float | None = None
        self.is_stalled = False
        self.close_code: int | None = None

    def put(self, text: str, cursor: str | None = None, source: object | None = None) -> None:
        """Queues a frame. On overflow everything from subscriptions is dropped, and a `gap` will say since when."""
        if self.close_code is not None:
            return
        if source is not None and self._lost_since is not None:
            telemetry.LIVE_DROPPED.labels("overflow").inc()
            return
        if len(self._queue) >= MAX_FRAMES or self._chars > MAX_CHARS:
            self.lose()
            if source is not None or len(self._queue) >= MAX_FRAMES:
                return
        self._queue.append(Item(text, cursor, source))
        self._chars += len(text)
        self._wake_up()

    def drop_of(self, source: object) -> bool:
        """Takes back what is queued of one subscription: it may not be seen any more. Answers whether there was any."""
        kept = deque(item for item in self._queue if item.source is not source)
        dropped = len(kept) < len(self._queue)
        self._queue = kept
        self._chars = sum(len(item.text) for item in kept)
        return dropped

    def lose(self) -> None:
        """Drops what subscriptions have queued; the client hears of the gap when it takes frames again."""
        kept = deque(item for item in self._queue if item.source is None)
        telemetry.LIVE_DROPPED.labels("overflow").inc(len(self._queue) - len(kept))
        self._queue = kept
        self._chars = sum(len(item.text) for item in kept)
        if self._lost_since is None:
            self._lost_since = self._caught_up_at
        self._wake_up()

    def close(self, code: int) -> None:
        """Ends the connection with a close code once the frame under way is out. The first code counts."""
        if self.close_code is None:
            self.close_code = code
            self._wake_up()

    async def room(self) -> None:
        """Waits until at most half the queue is taken: a replay must not overflow it."""
        while len(self._queue) > MAX_FRAMES // 2 and self.close_code is None:
            self._room = asyncio.get_running_loop().create_future()
            await self._room

    def look_after(self, moment: float) -> bool:
        """Called every second with monotonic time. False: the client is beyond reach and its connection can be cut."""
        if self._sending_since is None:
            return True
        stuck_s = moment - self._sending_since
        if stuck_s > self._stall_s and not self.is_stalled:
            self.is_stalled = True
            telemetry.LIVE_DROPPED.labels("stalled").inc()
            self.lose()
            self.close(1013)
        return stuck_s < self._stall_s + LETTING_GO_S

    async def run(self, write: Write) -> None:
        """Writes what is queued until the connection is to be closed. Exceptions of `write` end it."""
        while self.close_code is None:
            if not self._queue and self._lost_since is None:
                self._caught_up_at = now()
                self._wake = asyncio.get_running_loop().create_future()
                await self._wake
                continue
            self._sending_since = time.monotonic()
            while self._queue and self.close_code is None:
                item = self._queue.popleft()
                self._chars -= len(item.text)
                await write(item)
                self._sending_since = time.monotonic()
            if self._lost_since is not None:
                await self._tell_gap(write)
            self._sending_since = None
            self._make_room()
        self._make_room()
        await self._tell_gap(write)

    async def _tell_gap(self, write: Write) -> None:
        if self._lost_since is not None:
            since, self._lost_since = self._lost_since, None
            await write(Item(gap_text(since, now()), None, None))

    def _make_room(self) -> None:
        if self._room is not None and not self._room.done():
            self._room.set_result(None)

    def _wake_up(self) -> None:
        if self._wake is not None and not self._wake.done():
            self._wake.set_result(None)
