"""The way out: in order, bounded, honest about what was lost, and over for a client that takes nothing."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec

from gateway.outlet import LETTING_GO_S, MAX_FRAMES, Item, Outlet

SOURCE = object()


class Client:
    """Takes frames as long as it is not `held`."""

    def __init__(self) -> None:
        self.taken: list[Item] = []
        self.open = asyncio.Event()
        self.open.set()

    async def write(self, item: Item) -> None:
        await self.open.wait()
        self.taken.append(item)

    async def has(self, count: int) -> None:
        async with asyncio.timeout(5):
            while len(self.taken) < count:
                await asyncio.sleep(0)


@asynccontextmanager
async def written(outlet: Outlet, client: Client) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(outlet.run(client.write))
    await asyncio.sleep(0)
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_frames_leave_in_order() -> None:
    outlet, client = Outlet(30), Client()
    async with written(outlet, client):
        for n in range(500):
            outlet.put(str(n), None, SOURCE)
            if n % 50 == 0:
                await asyncio.sleep(0)
        await client.has(500)

    assert [item.text for item in client.taken] == [str(n) for n in range(500)]


async def test_a_slow_client_is_told_of_its_gap_and_goes_on() -> None:
    outlet, client = Outlet(30), Client()
    async with written(outlet, client):
        client.open.clear()
        for n in range(MAX_FRAMES + 50):
            outlet.put(str(n), None, SOURCE)
        outlet.put("pong")  # what is said to the client itself is not lost
        await asyncio.sleep(0)
        client.open.set()
        await client.has(2)
        outlet.put("later", None, SOURCE)
        await client.has(3 if client.taken[0].text == "pong" else 4)

    texts = [item.text for item in client.taken]
    gaps = [msgspec.json.decode(text) for text in texts if text.startswith("{")]
    assert len(gaps) == 1
    assert gaps[0]["type"] == "gap"
    assert gaps[0]["from"] <= gaps[0]["to"]
    assert "pong" in texts
    assert texts[-1] == "later"
    assert len(texts) <= 4


async def test_large_frames_are_bounded_too() -> None:
    outlet, client = Outlet(30), Client()
    async with written(outlet, client):
        client.open.clear()
        for _ in range(10):
            outlet.put("x" * 1024 * 1024, None, SOURCE)
        client.open.set()
        async with asyncio.timeout(5):
            while not any(item.text.startswith('{"type":"gap"') for item in client.taken):
                await asyncio.sleep(0)

    assert len(client.taken) < 5


async def test_a_stalled_client_hears_the_gap_and_then_1013() -> None:
    outlet, client = Outlet(30), Client()
    async with written(outlet, client) as task:
        client.open.clear()
        outlet.put("first", None, SOURCE)
        outlet.put("second", None, SOURCE)
        await asyncio.sleep(0)

        assert outlet.look_after(time.monotonic() + 29)
        assert not outlet.is_stalled
        assert outlet.look_after(time.monotonic() + 31)
        assert not outlet.look_after(time.monotonic() + 31 + LETTING_GO_S)
        client.open.set()
        await asyncio.wait_for(task, 5)

    assert outlet.close_code == 1013
    assert client.taken[0].text == "first"
    assert msgspec.json.decode(client.taken[1].text)["type"] == "gap"
    assert len(client.taken) == 2


async def test_an_idle_client_is_never_stalled() -> None:
    outlet, client = Outlet(30), Client()
    async with written(outlet, client):
        outlet.put("x", None, SOURCE)
        await client.has(1)
        await asyncio.sleep(0)

        assert outlet.look_after(time.monotonic() + 3600)
    assert outlet.close_code is None


async def test_what_may_not_be_seen_any_more_is_taken_back() -> None:
    outlet, client, other = Outlet(30), Client(), object()
    outlet.put("mine", None, SOURCE)
    outlet.put("other", None, other)

    assert outlet.drop_of(SOURCE)
    assert not outlet.drop_of(SOURCE)

    async with written(outlet, client):
        await client.has(1)
    assert [item.text for item in client.taken] == ["other"]


async def test_a_replay_waits_for_room() -> None:
    outlet, client = Outlet(30), Client()
    async with written(outlet, client):
        client.open.clear()
        for n in range(MAX_FRAMES - 1):
            outlet.put(str(n), None, SOURCE)
        waiting = asyncio.create_task(outlet.room())
        await asyncio.sleep(0)
        assert not waiting.done()

        client.open.set()
        await asyncio.wait_for(waiting, 5)
    assert len(client.taken) >= MAX_FRAMES // 2
