"""Empties streams with `discard new`: they fill up although everything in them is acknowledged.

Purges up to the consumer's ack floor what is older than a day, or everything below it when the stream is more than
60 % full. Never above the floor: what is not acknowledged stays, and its age is an alarm.
"""

from datetime import datetime, timedelta
from typing import Final

from nats.errors import Error
from nats.js.errors import APIError

from chassis import telemetry
from chassis.bus import Bus
from chassis.clock import now
from chassis.log import Log
from chassis.resource import Job
from proto.errors import Unavailable

log = Log("janitor")

KEEP: Final = timedelta(hours=24)
FULL: Final = 0.6
EVERY_S: Final = 10.0
"""A stream that is full of what is stored already refuses readings for so long at most."""


def purge_before(*, ack_floor: int, first: int, first_at: datetime, fill: float, now: datetime) -> int | None:
    """The sequence below which everything may go, or None. `ack_floor` is the last acknowledged in a row."""
    if ack_floor < first:
        return None
    if fill > FULL or now - first_at > KEEP:
        return ack_floor + 1
    return None


class Janitor(Job):
    """One turn every ten seconds; any replica may do it, a purge twice is harmless."""

    def __init__(self, bus: Bus, stream: str, durable: str, every_s: float = EVERY_S) -> None:
        super().__init__(f"janitor:{stream}", every_s, self.turn)
        self._bus = bus
        self._stream = stream
        self._durable = durable

    async def turn(self) -> None:
        try:
            info = await self._bus.stream_info(self._stream)
            consumer = await self._bus.js.consumer_info(self._stream, self._durable)
        except (Error, APIError, Unavailable) as error:
            log.warning("janitor_could_not_look", stream=self._stream, error=type(error).__name__)
            return
        fill = info.bytes / info.max_bytes if info.max_bytes > 0 else 0.0
        telemetry.STREAM_FULL.labels(self._stream).set(fill)
        telemetry.LAG.labels(self._durable).set((consumer.num_pending or 0) + (consumer.num_ack_pending or 0))
        floor = consumer.ack_floor.stream_seq if consumer.ack_floor else 0
        before = purge_before(
            ack_floor=floor, first=info.first_seq, first_at=info.first_at, fill=fill, now=now()
        )
        if before is not None:
            await self._bus.js.purge_stream(self._stream, seq=before)
            log.info("stream_purged", stream=self._stream, sequence=before)
