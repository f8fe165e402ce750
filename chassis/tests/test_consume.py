"""What the NATS client does on a bad day, and a consumer that goes on all the same."""

import asyncio
from typing import Any, cast

import pytest

from chassis.bus import Bus
from chassis.consume import DONE, Consumer, Delivery, each


class _Client:
    """The client's pull subscription: its first fetch fails with `error`, the second one waits."""

    user = "normalizer"

    def __init__(self, error: Exception) -> None:
        self.js = self
        self.asked_again = asyncio.Event()
        self._errors = [error]

    def on_reconnect(self, _: object) -> None:
        return

    async def pull_subscribe_bind(self, *_: object, **__: object) -> "_Client":
        return self

    async def fetch(self, *_: object, **__: object) -> list[Any]:
        if self._errors:
            raise self._errors.pop()
        self.asked_again.set()
        return await asyncio.Future()

    async def unsubscribe(self) -> None:
        return


# The client raises the bare one when the last part of a fetch's time is used up between two of its requests.
@pytest.mark.parametrize("error", [TimeoutError(), RuntimeError("a bug of somebody")])
async def test_a_consumer_goes_on_after_whatever_a_fetch_raises(error: Exception) -> None:
    client = _Client(error)

    async def handle(_: Delivery) -> Any:
        return DONE

    consumer = Consumer(cast(Bus, client), each("normalizer", handle))
    await consumer.start()
    try:
        await asyncio.wait_for(client.asked_again.wait(), 5)
    finally:
        consumer._task.cancel() if consumer._task else None
