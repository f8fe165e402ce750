"""Group commit, with a bus whose server does not answer."""

import asyncio
from uuid import uuid4

import msgspec
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
            await committer.commit([(uuid4(), b"{}")], "somebody")

    async with asyncio.TaskGroup() as group:
        group.create_task(commit())
        await asyncio.sleep(0)  # the first is on its way alone, the second has to wait for it
        await asyncio.sleep(0)
        group.create_task(commit())
    await committer.stop()

    first, second = bus.deadlines
    assert first == pytest.approx(DEADLINE_S, abs=FROZEN_S / 2)
    assert second <= DEADLINE_S - FROZEN_S / 2


class Slow(Bus):
    """Takes a while for each group, and keeps what it was given."""

    def __init__(self) -> None:
        self.groups: list[list[str]] = []

    async def publish(
        self,
        subject: str,
        payload: bytes,
        *,
        msg_id: str | None = None,
        headers: dict[str, str] | None = None,
        deadline_s: float = 0.0,
    ) -> int:
        self.groups.append(msgspec.json.decode(payload))
        await asyncio.sleep(0.001)
        return len(self.groups)


async def test_one_reading_does_not_stand_behind_the_thousands_of_another() -> None:
    bus = Slow()
    committer = Committer(bus, shards=1, in_flight=1, waiting_max=20_000)
    await committer.start()
    noisy = [(uuid4(), b'"noisy"')] * 50
    crowd = [asyncio.create_task(committer.commit(noisy, "noisy")) for _ in range(100)]
    await asyncio.sleep(0)

    sequence = await committer.commit([(uuid4(), b'"quiet"')], "quiet")

    assert sequence <= 3, "it goes with the next group that is made"
    assert "quiet" in bus.groups[sequence - 1]
    await asyncio.gather(*crowd)
    assert sum(map(len, bus.groups)) == 5001
    await committer.stop()


async def test_who_sends_most_is_refused_first_and_the_others_find_room() -> None:
    committer = Committer(Slow(), shards=1, in_flight=1, waiting_max=1000)
    await committer.start()
    ten = [(uuid4(), b"1")] * 10
    noisy = [asyncio.create_task(committer.commit(ten, "noisy")) for _ in range(200)]
    quiet = [asyncio.create_task(committer.commit(ten, f"quiet-{n}")) for n in range(20)]

    ends = await asyncio.gather(*noisy, return_exceptions=True)

    refused = sum(isinstance(end, Unavailable) for end in ends)
    assert 140 <= refused <= 152, "half of the room is its own"
    assert all(isinstance(end, int) for end in await asyncio.gather(*quiet))
    assert committer.problem() is None
    await committer.stop()


async def test_nothing_is_left_behind_when_everybody_is_served() -> None:
    committer = Committer(Slow(), shards=3, in_flight=2, waiting_max=1000)
    await committer.start()
    await asyncio.gather(*(committer.commit([(uuid4(), b"1")], n % 7) for n in range(300)))
    assert committer._room.waiting == 0
    assert committer._room._by_sender == {}
    await committer.stop()
