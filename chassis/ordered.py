"""An ordered reader of a stream that heals in milliseconds after a restart of the server, and knows when it is deaf.

nats-py's own watchers notice a lost consumer only after ~20 s. Here the consumer is made again on every reconnect, on
a gap in its sequence and when its idle heartbeat (1 s) stays away, from the last sequence seen.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Final

from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.errors import Error
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy
from nats.js.errors import APIError

from chassis.bus import Bus
from chassis.clock import uuid7
from chassis.log import Log
from chassis.resource import Job
from proto.errors import Unavailable

log = Log("ordered")

HEARTBEAT_S: Final = 1.0
SILENT_S: Final = 3.0
"""Without a message or heartbeat for this long, the consumer is made again."""
RECHECK_S: Final = 30.0

OnMessage = Callable[[Msg, int, int], None]
"""Called with the message, its stream sequence and how many are still to come."""


class OrderedReader:
    """Reads `filters` of `stream` in order, without acknowledgements, each message once.

    `start`: `new` (from now on) or `last_per_subject` (the newest of each subject first, then on).
    `on_reset` is called when the stream is another one than before (re-created, restored): what was read is void.
    """

    def __init__(
        self,
        bus: Bus,
        stream: str,
        filters: tuple[str, ...],
        on_message: OnMessage,
        *,
        start: DeliverPolicy = DeliverPolicy.NEW,
        on_reset: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self.stream = stream
        self.seen = 0
        """The highest stream sequence handed on, or the stream's last when the reader began."""
        self.created: datetime | None = None
        """When the stream was made: its incarnation."""
        self._bus = bus
        self._filters = filters
        self._on_message = on_message
        self._start = start
        self._on_reset = on_reset
        self._sub: Subscription | None = None
        self._expected = 1
        self._heard = 0.0
        self._checked = 0.0
        self._lock = asyncio.Lock()
        self._watch = Job(f"reader:{stream}", HEARTBEAT_S, self._look_after)
        bus.on_reconnect(self._renew)

    @property
    def silence_s(self) -> float:
        """Seconds since a message or heartbeat was heard."""
        return time.monotonic() - self._heard

    async def start(self) -> None:
        while True:
            try:
                await self._renew()
                break
            except (Unavailable, Error, APIError) as error:
                log.warning("reader_start_failed", stream=self.stream, error=type(error).__name__)
                await asyncio.sleep(0.3)
        await self._watch.start()

    async def stop(self) -> None:
        await self._watch.stop()
        if self._sub is not None and self._bus.connected:
            await self._sub.unsubscribe()

    def problem(self) -> str | None:
        return None if self._heard and self.silence_s < 5 else f"stream {self.stream} is not heard"

    async def _look_after(self) -> None:
        if not self._bus.connected:
            return
        if self.silence_s > SILENT_S or (
            time.monotonic() - self._checked > RECHECK_S and await self._is_another()
        ):
            await self._renew()

    async def _is_another(self) -> bool:
        self._checked = time.monotonic()
        # What was heard before it was asked: messages may overtake an answer that is older than they are.
        seen = self.seen
        info = await self._bus.stream_info(self.stream)
        return info.created != self.created or info.last_seq < seen

    async def _renew(self) -> None:
        async with self._lock:
            seen = self.seen
            info = await self._bus.stream_info(self.stream)
            self._checked = time.monotonic()
            if self.created is not None and (info.created != self.created or info.last_seq < seen):
                log.warning("stream_was_replaced", stream=self.stream)
                self.seen = 0
                self.created = None
                if self._on_reset is not None:
                    await self._on_reset()
            first = self.created is None
            self.created = info.created
            if first and self._start is DeliverPolicy.NEW:
                self.seen = info.last_seq
            await self._subscribe(first)

    async def _subscribe(self, first: bool) -> None:
        if self._sub is not None:
            old, self._sub = self._sub, None
            try:
                await old.unsubscribe()
            except Error:
                log.debug("unsubscribe_failed", stream=self.stream)
        config = ConsumerConfig(
            name=f"r-{uuid7().hex}",
            ack_policy=AckPolicy.NONE,
            idle_heartbeat=HEARTBEAT_S,
            inactive_threshold=30.0,
            max_deliver=1,
            mem_storage=True,
            num_replicas=1,
            filter_subjects=list(self._filters) if len(self._filters) > 1 else None,
            filter_subject=self._filters[0] if len(self._filters) == 1 else None,
        )
        if first and self._start is not DeliverPolicy.NEW:
            config.deliver_policy = self._start
        else:
            config.deliver_policy = DeliverPolicy.BY_START_SEQUENCE
            config.opt_start_seq = self.seen + 1
        config.deliver_subject = self._bus.nc.new_inbox()
        self._expected = 1
        self._sub = await self._bus.nc.subscribe(config.deliver_subject, cb=self._take, pending_msgs_limit=-1)
        await self._bus.js.add_consumer(self.stream, config)
        self._heard = time.monotonic()

    async def _take(self, msg: Msg) -> None:
        self._heard = time.monotonic()
        if self._sub is None or msg.subject == "" or not msg.reply.startswith("$JS.ACK."):
            return  # an idle heartbeat
        meta = msg.metadata
        if meta.sequence.consumer != self._expected:
            log.warning("reader_gap", stream=self.stream, sequence=meta.sequence.stream)
            self._heard = 0.0  # the watch makes the consumer again, from the last one seen
            return
        self._expected += 1
        if meta.sequence.stream > self.seen:
            self.seen = meta.sequence.stream
            self._on_message(msg, meta.sequence.stream, meta.num_pending)
            if self._sub.pending_msgs:
                # Much has gathered, after a pause of this process perhaps: whoever hands it on must have a turn between
                # two messages, or queues overflow that are only waiting for one.
                await asyncio.sleep(0)
