"""What a client missed: read from EVENTS by batched direct get, which leaves no consumer behind."""

import asyncio
from collections.abc import AsyncIterator
from typing import Final, NamedTuple
from uuid import UUID

import msgspec
from nats.aio.msg import Msg
from nats.errors import Error

from chassis.bus import Bus
from proto.errors import Unavailable

STREAM: Final = "EVENTS"
BATCH: Final = 256
BATCH_MAX_BYTES: Final = 4 * 1024 * 1024
WAIT_S: Final = 2.0
TRIES: Final = 5
_END: Final = ("204", "404", "408", "413")


class Missed(NamedTuple):
    subject: str
    payload: bytes
    sequence: int


async def missed(bus: Bus, patient_id: UUID, first: int, last: int) -> AsyncIterator[Missed]:
    """The messages of a patient with sequences from `first` to `last`, in order, each once.

    Raises `Unavailable` when the stream cannot be read.
    """
    while first <= last:
        batch, is_end = await _batch_with_retries(bus, patient_id, first)
        for message in batch:
            if message.sequence > last:
                return
            yield message
            first = message.sequence + 1
        if is_end:
            return


async def _batch_with_retries(bus: Bus, patient_id: UUID, first: int) -> tuple[list[Missed], bool]:
    for attempt in range(TRIES):
        try:
            return await _batch(bus, patient_id, first)
        except (Error, TimeoutError):
            await asyncio.sleep(
                0.1 * (attempt + 1)
            )  # the server is coming back: the bus reconnects by itself
    raise Unavailable("events")


async def _batch(bus: Bus, patient_id: UUID, first: int) -> tuple[list[Missed], bool]:
    """One batch, and whether it was the last. A batch that is cut is asked for again as a whole."""
    nc = bus.nc
    inbox = nc.new_inbox()
    answers: asyncio.Queue[Msg] = asyncio.Queue()

    async def take(msg: Msg) -> None:
        answers.put_nowait(msg)

    subscription = await nc.subscribe(inbox, cb=take)
    try:
        request = {
            "batch": BATCH,
            "max_bytes": BATCH_MAX_BYTES,
            "seq": first,
            "next_by_subj": f"*.*.v1.{patient_id}",
        }
        await nc.publish(f"$JS.API.DIRECT.GET.{STREAM}", msgspec.json.encode(request), reply=inbox)
        batch: list[Missed] = []
        while True:
            msg = await asyncio.wait_for(answers.get(), WAIT_S)
            headers = msg.headers or {}
            status = headers.get("Status")
            if status in _END:
                return batch, status == "404" or int(headers.get("Nats-Num-Pending", "0")) == 0
            if status is not None:  # nobody answers for the stream right now
                raise Error
            batch.append(Missed(headers["Nats-Subject"], msg.data, int(headers["Nats-Sequence"])))
    finally:
        if nc.is_connected:
            await subscription.unsubscribe()
