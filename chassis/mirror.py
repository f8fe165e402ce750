"""A key-value bucket held in memory: read without waiting, heard within milliseconds, honest about being stale.

A mirror that has heard nothing for 5 s refuses (`Unavailable`): consent and permission checks fail closed.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator
from typing import Any, Final, Generic, TypeVar

import msgspec
from nats.aio.msg import Msg
from nats.js.api import DeliverPolicy

from chassis import telemetry
from chassis.bus import Bus
from chassis.log import Log
from chassis.ordered import OrderedReader
from proto.errors import Unavailable
from proto.subjects import kv_subject

log = Log("mirror")
T = TypeVar("T")

STALE_S: Final = 5.0
CATCH_UP_S: Final = 1.0
DELETED: Final = {"KV-Operation": "DEL"}
"""The headers by which a put into a bucket becomes a removal."""


class Mirror(Generic[T]):
    """`Mirror(bus, "connections", ConnectionsEntry)`. Values are compared by their `version`; a lower one is ignored.

    `on_change(key, old, new)` lets an owner of the mirror keep indexes; `new` is None for a removal.
    """

    def __init__(
        self,
        bus: Bus,
        bucket: str,
        type_: Any,
        *,
        on_change: Callable[[str, T | None, T | None], None] | None = None,
        stale_s: float = STALE_S,
    ) -> None:
        self.bucket = bucket
        self.stale_s = stale_s
        self._values: dict[str, T] = {}
        self._decode: Callable[[bytes], T] = msgspec.json.Decoder(type_).decode
        self._listeners = [on_change] if on_change else []
        self._loaded = asyncio.Event()
        self._moved = asyncio.Event()
        self._asking: list[asyncio.Future[None]] = []
        self._asker: asyncio.Task[None] | None = None
        self._prefix = len(kv_subject(bucket, ""))
        self._bus = bus
        self._reader = OrderedReader(
            bus,
            f"KV_{bucket}",
            (kv_subject(bucket, ">"),),
            self._apply,
            start=DeliverPolicy.LAST_PER_SUBJECT,
            on_reset=self._reset,
        )

    def on_change(self, listener: Callable[[str, T | None, T | None], None]) -> None:
        self._listeners.append(listener)

    async def start(self) -> None:
        await self._reader.start()
        while not self._loaded.is_set():
            info = await self._bus.stream_info(f"KV_{self.bucket}")
            if info.messages == 0 or self._reader.seen >= info.last_seq:
                self._loaded.set()
                break
            try:
                await asyncio.wait_for(self._loaded.wait(), 1.0)
            except TimeoutError:
                continue

    async def stop(self) -> None:
        await self._reader.stop()
        if self._asker is not None:
            self._asker.cancel()

    async def catch_up(self) -> None:
        """Waits until everything is heard that the bucket holds now: for a "no" that may only be a "not yet".

        A service has told somebody of a change that is still on its way here. Judge again afterwards, always: what was
        missing may have come by itself since the first judgement. Raises `Unavailable` when that cannot be known
        within a second. However many ask at once, the server is asked one question at a time.
        """
        asked = asyncio.get_running_loop().create_future()
        self._asking.append(asked)
        if self._asker is None or self._asker.done():
            self._asker = asyncio.create_task(self._ask(), name=f"catch-up:{self.bucket}")
        try:
            await asyncio.wait_for(asked, CATCH_UP_S)
        except TimeoutError:
            raise Unavailable(self.bucket, retry_after_s=1) from None

    async def _ask(self) -> None:
        """Answers those who ask, all that wait at the same moment by one look at the bucket."""
        while self._asking:
            asked, self._asking = self._asking, []
            failed: Unavailable | None = None
            try:
                head = (await self._bus.stream_info(f"KV_{self.bucket}")).last_seq
                await asyncio.wait_for(self._reach(head), CATCH_UP_S)
            except (Unavailable, TimeoutError):
                failed = Unavailable(self.bucket, retry_after_s=1)
            for one in asked:
                if one.done():  # its time was up
                    continue
                if failed is None:
                    one.set_result(None)
                else:
                    one.set_exception(failed)

    async def _reach(self, head: int) -> None:
        while self._reader.seen < head:
            self._moved.clear()
            await self._moved.wait()

    def problem(self) -> str | None:
        telemetry.MIRROR_AGE.labels(self.bucket).set(self._reader.silence_s)
        if not self._loaded.is_set():
            return f"{self.bucket} is still loading"
        return None if self.fresh else f"{self.bucket} has not been heard for {self.stale_s:.0f} s"

    @property
    def fresh(self) -> bool:
        return self._loaded.is_set() and self._reader.silence_s < self.stale_s

    def require(self) -> None:
        """Raises `Unavailable` when what is known may be outdated."""
        if not self.fresh:
            raise Unavailable(self.bucket, retry_after_s=2)

    def get(self, key: str) -> T | None:
        return self._values.get(key)

    def values(self) -> Iterable[T]:
        return self._values.values()

    def __len__(self) -> int:
        return len(self._values)

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def _apply(self, msg: Msg, sequence: int, pending: int) -> None:
        self._moved.set()
        key = msg.subject[self._prefix :]
        headers = msg.headers or {}
        if headers.get("KV-Operation") in ("DEL", "PURGE") or "Nats-Marker-Reason" in headers:
            old = self._values.pop(key, None)
            if old is not None:
                self._tell(key, old, None)
        else:
            self._put(key, msg.data)
        if pending == 0:
            self._loaded.set()

    def _put(self, key: str, data: bytes) -> None:
        try:
            new = self._decode(data)
        except msgspec.DecodeError as error:
            log.failure("mirror_value_unreadable", error, bucket=self.bucket)
            return
        old = self._values.get(key)
        if old is not None and getattr(old, "version", 0) > getattr(new, "version", 0):
            return
        self._values[key] = new
        self._tell(key, old, new)

    def _tell(self, key: str, old: T | None, new: T | None) -> None:
        for listener in self._listeners:
            listener(key, old, new)

    async def _reset(self) -> None:
        """The bucket is another one: forget everything and load again. Readers fail closed meanwhile."""
        self._loaded.clear()
        gone, self._values = self._values, {}
        for key, old in gone.items():
            self._tell(key, old, None)


async def refill(bus: Bus, bucket: str, rows: Callable[[], Awaitable[Iterable[tuple[str, bytes]]]]) -> int:
    """Called by a bucket's owner at start: puts every value again when the bucket was lost (new store, restore).

    PostgreSQL is the truth; the bucket is its shadow. Answers how many were put.
    """
    info = await bus.stream_info(f"KV_{bucket}")
    wanted = list(await rows())
    if info.messages >= len(wanted):
        return 0
    for start in range(0, len(wanted), 64):
        part = wanted[start : start + 64]
        await asyncio.gather(*(bus.publish(kv_subject(bucket, key), value) for key, value in part))
    log.info("bucket_refilled", bucket=bucket, count=len(wanted))
    return len(wanted)
