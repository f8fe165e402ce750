"""Five hundred hubs lose nats-server at once and come back by full jitter."""

import asyncio
import random
from collections.abc import Callable, Coroutine
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from time import monotonic
from typing import Any, Final

import aiomqtt
import msgspec

from tests.e2e.driver import Json, World, eventually, subscribed
from tests.faults.breaking import pause
from tests.faults.guests import Guest, guest
from tests.faults.stage import Scenario, Stage

HUBS: Final = 500
PATIENTS: Final = 5
WITH_DEVICE: Final = 20
"""So many of the hubs hand in readings; the others only come back."""
READINGS: Final = 10
AT_ONCE: Final = 10
JITTER_S: Final = (1.0, 60.0)
"""Base and cap of a hub's full jitter."""
RESEND_S: Final = 3.0
BACK_S: Final = 180.0
"""The last: one that failed some times may wait for as long as the cap alone. How long it took is told."""
START: Final = datetime(2026, 4, 4, tzinfo=UTC)


class Light:
    """A hub reduced to its session: signs in, says that it is online, and sends what it has until there is a receipt."""

    def __init__(self, world: World, hub: Json, seed: int) -> None:
        self._world = world
        self._hub = hub
        self._rng = random.Random(seed)
        self.is_online = False
        self.came_at = 0.0
        self.attempts = 0
        self.unsent: dict[str, Json] = {}
        self.receipts: dict[str, str] = {}

    async def run(self) -> None:
        base, cap = JITTER_S
        tries = 0
        while True:
            with suppress(aiomqtt.MqttError):
                self.attempts += 1
                async with self._world.mqtt(self._hub["hub_id"], self._hub["secret"]) as client:
                    tries = 0
                    await self._session(client)
            self.is_online = False
            tries += 1
            await asyncio.sleep(self._rng.uniform(0, min(cap, base * 2**tries)))

    async def _session(self, client: aiomqtt.Client) -> None:
        branch = f"dc/v1/hubs/{self._hub['hub_id']}"
        await subscribed(client, f"{branch}/down/#")
        await client.publish(f"{branch}/up/state", b'{"state":"online","firmware":"light-1"}', qos=1)
        self.is_online, self.came_at = True, monotonic()
        sending = asyncio.create_task(self._send(client, f"{branch}/up/readings"))
        try:
            await self._listen(client)
        finally:
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)

    async def _send(self, client: aiomqtt.Client, topic: str) -> None:
        """All that has no receipt; again when one is lost, which is what a receipt may be."""
        while True:
            for message in list(self.unsent.values()):
                await client.publish(topic, msgspec.json.encode(message), qos=1)
            await asyncio.sleep(RESEND_S)

    async def _listen(self, client: aiomqtt.Client) -> None:
        async for heard in client.messages:
            if heard.topic.value.endswith("/down/receipt"):
                receipt = msgspec.json.decode(bytes(heard.payload))
                for event_id in receipt["event_ids"]:
                    self.receipts[event_id] = receipt["status"]
                    self.unsent.pop(event_id, None)


async def _at_once(work: list[Callable[[], Coroutine[Any, Any, Any]]]) -> list[Any]:
    """As many at a time as a patient clicker of forms could be."""
    places = asyncio.Semaphore(AT_ONCE)

    async def one(task: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
        async with places:
            return await task()

    return await asyncio.gather(*(one(task) for task in work))


async def _storm(stage: Stage) -> None:
    world, side = stage.world, stage.side("storm")
    people = [await world.newcomer() for _ in range(PATIENTS)]
    began = monotonic()
    guests: list[Guest] = await _at_once([partial(guest, world, side)] * WITH_DEVICE)
    others = await _at_once(
        [partial(people[number % PATIENTS].add_hub, f"Hub {number}") for number in range(HUBS - WITH_DEVICE)]
    )
    lights = [
        Light(world, hub, stage.rng.randrange(2**32)) for hub in [*(one.hub for one in guests), *others]
    ]
    stage.note(f"{HUBS} hubs made in {monotonic() - began:.0f} s")
    tasks: list[asyncio.Task[None]] = []

    async def come(light: Light) -> None:
        tasks.append(asyncio.create_task(light.run()))
        await eventually(_online([light]), bool, within_s=60)

    try:
        began = monotonic()
        await _at_once([partial(come, light) for light in lights])  # the first time they come one by one
        stage.note(f"{HUBS} hubs signed in within {monotonic() - began:.1f} s")
        await pause(3)
        _measure(guests, lights)
        killed = monotonic()
        attempts = sum(light.attempts for light in lights)
        await stage.breaker.kill("nats")
        await eventually(_came_since(lights, killed), lambda count: count == HUBS, within_s=BACK_S)
        back = sorted(light.came_at - killed for light in lights)
        stage.note(
            f"back after the kill: half after {back[HUBS // 2]:.1f} s, the last after {back[-1]:.1f} s,"
            f" {sum(light.attempts for light in lights) - attempts} attempts"
        )
        await eventually(_unsent(lights), lambda count: count == 0, within_s=30)
        for one, light in zip(guests, lights, strict=False):
            said = set(light.receipts.values())
            stage.expect(said == {"stored"}, f"receipts of a hub in the storm: {said}")
            one.acknowledge(_times(one, guests))
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _measure(guests: list[Guest], lights: list[Light]) -> None:
    """What was measured while there was no way: it goes with the next session."""
    for one, light in zip(guests, lights, strict=False):
        times = _times(one, guests)
        one.hand(times)
        light.unsent = {f"storm-{n}": one.message(moment, f"storm-{n}") for n, moment in enumerate(times)}


def _times(one: Guest, guests: list[Guest]) -> list[datetime]:
    offset = timedelta(minutes=guests.index(one))
    return [START + offset + timedelta(seconds=number) for number in range(READINGS)]


def _online(lights: list[Light]) -> Callable[[], Coroutine[Any, Any, int]]:
    async def count() -> int:
        return sum(light.is_online for light in lights)

    return count


def _came_since(lights: list[Light], moment: float) -> Callable[[], Coroutine[Any, Any, int]]:
    async def count() -> int:
        return sum(light.is_online and light.came_at > moment for light in lights)

    return count


def _unsent(lights: list[Light]) -> Callable[[], Coroutine[Any, Any, int]]:
    async def count() -> int:
        return sum(len(light.unsent) for light in lights)

    return count


SCENARIOS: Final = (Scenario("500 hubs come back", _storm),)
