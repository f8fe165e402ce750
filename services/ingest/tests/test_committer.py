"""Group commit, with a bus whose server does not answer."""

import asyncio
from uuid import uuid4

import pytest

from chassis.bus import Bus
from proto.errors import Unavailable
from services.ingest.committer import DEADLINE_S, Committer

FROZEN_S = 0.2


class Frozen(Bus):
    """Gives up after a moment, and remembers how long it had been given."""

    def __init__(self) -> None:
        self.deadlines: list[float] = []

    async def publish(
        self,
        subject: str,
        payload: bytes,
        *,
        msg_id: str | None = None,
        headers: dict[str, str] | None = None,
        deadline_s: float = 0.0,
    ) -> int:
        self.deadlines.append(deadline_s)
        await asyncio.sleep(FROZEN_S)
        raise Unavailable("bus")


async def test_the_wait_for_a_place_counts_towards_the_deadline() -> None:
    bus = Frozen()
    committer = Committer(bus, shards=1, in_flight=1, waiting_max=10)
    await committer.start()

    async def commit() -> None:
        with pytest.raises(Unavailable):
            await committer.commit([(uuid4(), b"{}")])

    async with asyncio.TaskGroup() as group:
        group.create_task(commit())
        await asyncio.sleep(0)  # the first is on its way alone, the second has to wait for it
        await asyncio.sleep(0)
        group.create_task(commit())
    await committer.stop()

    first, second = bus.deadlines
    assert first == pytest.approx(DEADLINE_S, abs=FROZEN_S / 2)
    assert second <= DEADLINE_S - FROZEN_S / 2
