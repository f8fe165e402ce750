"""`Prefer: wait=N`: requests that wait for the end of their items, told by what the normalizer says on EVENTS.

Heard in passing on core NATS: a message missed during a reconnect costs the caller the wait, never a reading.
"""

import asyncio
from collections.abc import Callable
from typing import Any, Final
from uuid import UUID

import msgspec
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription

from chassis.bus import Bus
from chassis.log import Log
from proto import subjects
from proto.events import Rejection, Settled

log = Log("waiting")

LINGER_S: Final = 10.0


class _Recorded(msgspec.Struct):
    settled: list[Settled] = []


class _Rejected(msgspec.Struct):
    rejections: list[Rejection] = []


class Outcome(msgspec.Struct, frozen=True):
    """How one item ended: an id, or a code, or neither (not meant for storage)."""

    id: UUID | None = None
    code: str | None = None
    field: str | None = None


class Wait:
    """One request's items."""

    def __init__(self, refs: list[str]) -> None:
        self.outcomes: dict[str, Outcome] = {}
        self._left = set(refs)
        self.finished = asyncio.Event()

    def settle(self, ref: str, outcome: Outcome) -> None:
        self.outcomes[ref] = outcome
        self._left.discard(ref)
        if not self._left:
            self.finished.set()


class Waiting:
    """Gives out references and resolves them. Listens to recorded observations only while somebody waits."""

    def __init__(self, bus: Bus, instance: str, on_rejected: Callable[[Rejection], None]) -> None:
        self._bus = bus
        self._instance = instance
        self._on_rejected = on_rejected
        self._count = 0
        self._waits: dict[str, Wait] = {}
        self._sub: Subscription | None = None
        self._lock = asyncio.Lock()
        self._decode_recorded = msgspec.json.Decoder(_Recorded).decode
        self._decode_rejected = msgspec.json.Decoder(_Rejected).decode

    async def start(self) -> None:
        await self._bus.listen(f"{subjects.READINGS_REJECTED}.*", self._rejected)

    async def stop(self) -> None:
        if self._sub is not None and self._bus.connected:
            await self._sub.unsubscribe()

    def problem(self) -> str | None:
        return None

    async def begin(self, count: int) -> tuple[Wait, list[str]]:
        """References for `count` items. Call before they are published, or their end could be missed."""
        async with self._lock:
            if self._sub is None:
                self._sub = await self._bus.nc.subscribe(
                    f"{subjects.OBSERVATIONS_RECORDED}.*", cb=self._recorded
                )
                await self._bus.nc.flush(2)
        refs = []
        for _ in range(count):
            self._count += 1
            refs.append(f"{self._instance}.{self._count}")
        wait = Wait(refs)
        for ref in refs:
            self._waits[ref] = wait
        return wait, refs

    def end(self, refs: list[str]) -> None:
        for ref in refs:
            self._waits.pop(ref, None)
        if not self._waits and self._sub is not None:
            asyncio.get_running_loop().call_later(LINGER_S, self._hush)

    def _hush(self) -> None:
        if self._waits or self._sub is None:
            return
        sub, self._sub = self._sub, None
        if self._bus.connected:
            task = asyncio.ensure_future(sub.unsubscribe())
            task.add_done_callback(_ignore)

    async def _recorded(self, msg: Msg) -> None:
        if not self._waits or b'"ref"' not in msg.data:
            return
        for settled in self._decode_recorded(msg.data).settled:
            wait = self._waits.get(settled.ref or "")
            if wait is not None and settled.ref:
                wait.settle(settled.ref, Outcome(id=settled.id))

    async def _rejected(self, msg: Msg) -> None:
        for rejection in self._decode_rejected(msg.data).rejections:
            self._on_rejected(rejection)
            wait = self._waits.get(rejection.ref or "")
            if wait is not None and rejection.ref:
                wait.settle(rejection.ref, Outcome(code=rejection.code, field=rejection.field))


def _ignore(task: "asyncio.Future[Any]") -> None:
    if not task.cancelled() and task.exception() is not None:
        log.debug("unsubscribe_failed")
