"""Hubs come in as room is made, and whoever waits too long is not waited for."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from chassis.resource import Background
from proto.errors import Unavailable
from services.pairing.admission import Admission
from tests.support.waiting import until


@pytest.fixture
async def background() -> AsyncIterator[Background]:
    made = Background()
    yield made
    await made.stop()


class Queue:
    """The server's: an answer comes when it is let go."""

    def __init__(self) -> None:
        self.asked = 0
        self._go = asyncio.Semaphore(0)

    async def ask(self) -> None:
        self.asked += 1
        await self._go.acquire()

    def answer(self) -> None:
        self._go.release()


async def test_room_is_made_by_an_answer_and_only_for_as_many_as_came_in(background: Background) -> None:
    queue = Queue()
    admission = Admission(queue.ask, background, places=3)

    first = [await admission.enter() for _ in range(3)]
    late = [asyncio.create_task(admission.enter(30)) for _ in range(5)]
    await until(lambda: queue.asked == 1)
    waiting = sum(task.done() for task in late)
    queue.answer()
    await until(lambda: sum(task.done() for task in late) == 3)
    await until(lambda: queue.asked == 2)
    still_waiting = sum(not task.done() for task in late)
    queue.answer()

    assert await asyncio.gather(*late) == [True] * 5
    assert first == [True] * 3
    assert (waiting, still_waiting) == (0, 2)


async def test_who_waits_too_long_has_no_place_and_takes_none(background: Background) -> None:
    queue = Queue()
    admission = Admission(queue.ask, background, places=1)
    await admission.enter()

    refused = await admission.enter(0.01)
    await until(lambda: queue.asked == 1)
    queue.answer()

    assert not refused
    assert await admission.enter()


async def test_a_server_that_cannot_be_asked_shuts_nobody_out(background: Background) -> None:
    async def ask() -> None:
        raise Unavailable("bus")

    admission = Admission(ask, background, places=1)

    assert await admission.enter()
    assert await admission.enter()
    assert await admission.enter()
