"""What the NATS client does on a bad day, and a consumer that goes on all the same."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any, cast

import msgspec
import pytest

from chassis.bus import Bus
from chassis.consume import DONE, Consumer, Delivery, Verdict, each
from tests.support.waiting import until


class _Client:
    """The client's pull subscription: answers its fetches one after the other, and then waits."""

    user = "normalizer"

    def __init__(self, *answers: Any) -> None:
        self.js = self
        self.asked_again = asyncio.Event()
        self._answers = list(answers)

    def on_reconnect(self, _: object) -> None:
        return

    async def pull_subscribe_bind(self, *_: object, **__: object) -> "_Client":
        return self

    async def fetch(self, *_: object, **__: object) -> list[Any]:
        if not self._answers:
            self.asked_again.set()
            return await asyncio.Future()
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return [answer]

    async def unsubscribe(self) -> None:
        return


class _Message:
    subject, data, headers = "connections.changed.v1.x", b"", None
    metadata = SimpleNamespace(sequence=SimpleNamespace(stream=1), num_delivered=1, num_pending=0)

    def __init__(self, stumbles_at: int = 0) -> None:
        self.said: list[str] = []
        self.stumbles_at = stumbles_at
        self.acknowledged = asyncio.Event()

    @property
    def is_acked(self) -> bool:
        return self.acknowledged.is_set()

    async def in_progress(self) -> None:
        self.said.append("in progress")
        if len(self.said) == self.stumbles_at:
            raise RuntimeError("a bug of somebody")

    async def ack(self) -> None:
        self.said.append("done")
        self.acknowledged.set()


@asynccontextmanager
async def _running(consumer: Consumer[None]) -> AsyncIterator[None]:
    await consumer.start()
    try:
        yield
    finally:
        tasks = [task for task in (consumer._task, consumer._stays) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


# The client raises the bare one when the last part of a fetch's time is used up between two of its requests.
@pytest.mark.parametrize("error", [TimeoutError(), RuntimeError("a bug of somebody")])
async def test_a_consumer_goes_on_after_whatever_a_fetch_raises(error: Exception) -> None:
    client = _Client(error)

    async def handle(_: Delivery) -> Verdict:
        return DONE

    async with _running(Consumer(cast(Bus, client), each("normalizer", handle))):
        await asyncio.wait_for(client.asked_again.wait(), 5)


@pytest.mark.parametrize("stumbles_at", [0, 1])
async def test_the_server_hears_that_a_message_is_still_in_hand_until_it_is_done(stumbles_at: int) -> None:
    message = _Message(stumbles_at)

    async def handle(_: Delivery) -> Verdict:
        await until(lambda: len(message.said) >= 3, 5)
        return DONE

    subscription = each("normalizer", handle)
    subscription.declared = msgspec.structs.replace(subscription.declared, ack_wait_s=0.2)
    async with _running(consumer := Consumer(cast(Bus, _Client(message)), subscription)):
        await asyncio.wait_for(message.acknowledged.wait(), 5)
        assert consumer._in_hand == []

    assert message.said == ["in progress"] * 3 + ["done"]
