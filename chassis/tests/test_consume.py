"""What the NATS client does on a bad day, and a consumer that goes on all the same."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any, cast

import msgspec
import pytest
from nats.aio.msg import Msg

from chassis.bus import Bus
from chassis.consume import DONE, Consumer, Delivery, Verdict, each
from chassis.pull import Puller
from proto.subjects import CONSUMERS
from tests.support.waiting import until


class _Client:
    """The client and its server: answers each request of a consumer with the next of these, and then with nothing."""

    user = "normalizer"
    connected = True

    def __init__(self, *answers: Any) -> None:
        self.nc = self
        self.asked_again = asyncio.Event()
        self.requests: list[dict[str, Any]] = []
        self._answers = list(answers)
        self._heard: Callable[[Any], Awaitable[None]] | None = None

    def on_reconnect(self, _: object) -> None:
        return

    async def subscribe(self, _: str, *, cb: Callable[[Any], Awaitable[None]], **__: object) -> "_Client":
        self._heard = cb
        return self

    async def publish(self, _: str, payload: bytes, *, reply: str) -> None:
        assert self._heard is not None
        self.requests.append(msgspec.json.decode(payload))
        if not self._answers:
            self.asked_again.set()
            return
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, str):
            await self._heard(_status(reply, answer))
            return
        await self._heard(answer)
        await self._heard(_status(reply, "408"))

    async def drain(self) -> None:
        return


def _status(subject: str, status: str) -> Any:
    return SimpleNamespace(subject=subject, reply="", data=b"", headers={"Status": status})


class _Message:
    subject, data, headers = "connections.changed.v1.x", b"", None

    def __init__(
        self, stumbles_at: int = 0, reply: str = "$JS.ACK.EVENTS.erasure.1.1.1.1767225600.0"
    ) -> None:
        self.said: list[str] = []
        self.reply = reply
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

    async def nak(self) -> None:
        self.said.append("not done")


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


@pytest.mark.parametrize("answer", [TimeoutError(), RuntimeError("a bug of somebody"), "503", "404"])
async def test_a_consumer_goes_on_after_whatever_a_request_meets(answer: Exception | str) -> None:
    client = _Client(answer)

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


async def test_a_fetch_takes_what_is_there_and_leaves_the_rest_for_the_next() -> None:
    client = _Client()
    puller = Puller(cast(Bus, client), CONSUMERS[0])
    fetch = asyncio.create_task(puller.fetch(2, 5.0))
    await asyncio.wait_for(client.asked_again.wait(), 5)
    first, second, third = (cast(Msg, _Message()) for _ in range(3))
    for message in (first, second, third):
        await puller._heard(message)

    assert await fetch == [first, second]
    assert await puller.fetch(2, 5.0) == [third]
    assert client.requests == [{"batch": 2, "expires": 5_000_000_000, "no_wait": True}]


async def test_a_fetch_that_is_woken_gives_back_what_comes_too_late() -> None:
    client, late = _Client(), _Message()
    puller = Puller(cast(Bus, client), CONSUMERS[0])
    fetch = asyncio.create_task(puller.fetch(2, 5.0))
    await asyncio.wait_for(client.asked_again.wait(), 5)

    puller.wake()
    assert await fetch == []
    await puller._heard(cast(Msg, late))
    await puller.close()
    assert late.said == ["not done"]


@pytest.mark.parametrize("where", ["", "hub.ACCHASH."])
def test_a_delivery_knows_its_place(where: str) -> None:
    message = _Message(reply=f"$JS.ACK.{where}INGEST.normalizer.3.41.7.1767225600.12")
    delivery = Delivery(cast(Msg, message))
    assert (delivery.num_delivered, delivery.sequence, delivery.num_pending) == (3, 41, 12)
