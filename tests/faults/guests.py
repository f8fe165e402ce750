"""Patients of a scenario's own, beside those whose readings flow, and a careful sender for them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from typing import Any, Final

import aiomqtt
import httpx2

from tests.e2e.driver import Device, HubWire, Json, Person, World, eventually, rfc3339
from tests.faults.ledger import Ledger, Sight
from tests.faults.traffic import watch

INGEST: Final = "/api/v1/device-data/ingest"
AGAIN: Final = (429, 503)
RETRY_S: Final = 0.1


class Guest:
    """A patient with one hub and one device behind it that measures everything; its ingest token works too."""

    def __init__(self, world: World, person: Person, hub: Json, device: Device, ledger: Ledger) -> None:
        self.world = world
        self.person = person
        self.hub = hub
        self.device = device
        self.ledger = ledger

    def message(self, moment: datetime, name: str, readings: Json | None = None, **more: Any) -> Json:
        beats = readings or {"heart_rate_bpm": 50 + moment.second}
        return self.device.message(beats, rfc3339(moment), event_id=name, **more)

    def wire(self) -> Any:
        return self.world.wire(self.hub)

    def hand(self, moments: list[datetime]) -> None:
        for moment in moments:
            self.ledger.hand((self.device.id, moment))

    def acknowledge(self, moments: list[datetime]) -> None:
        for moment in moments:
            self.ledger.acknowledge((self.device.id, moment))

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[Sight]:
        """The patient's own live client; at the end it has seen everything that was acknowledged."""
        sight = Sight(str(self.person.patient_id), "own socket")
        self.ledger.sights.append(sight)
        task = asyncio.create_task(watch(sight, self.world, self.person))
        try:
            await eventually(_told(sight), bool, within_s=20)
            yield sight
            await eventually(self._seen, lambda left: not left, within_s=20)
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _seen(self) -> int:
        return len(self.ledger.unseen())


async def guest(world: World, ledger: Ledger) -> Guest:
    person = await world.newcomer()
    hub = await person.add_hub()
    model = await person.model()
    connection, started = await person.begin(model, "hub", hub_id=hub["hub_id"])
    device = await person.complete(started, connection["id"], model["capabilities"])
    return Guest(world, person, hub, device, ledger)


async def posted(
    device: Device, base: str, body: Json, within_s: float = 30.0, **headers: str
) -> httpx2.Response:
    """An answer that is not "come again"; what got none is sent again, as a careful client does."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + within_s
    while True:
        answer: httpx2.Response | None = None
        try:
            answer = await device.call("POST", base + INGEST, body, headers=headers)
        except httpx2.HTTPError:
            assert loop.time() < deadline, "no answer"
        if answer is not None and (answer.status_code not in AGAIN or loop.time() > deadline):
            return answer
        await asyncio.sleep(RETRY_S)


@asynccontextmanager
async def wired(one: Guest, within_s: float = 20.0) -> AsyncIterator[HubWire]:
    """The hub's session, tried again until the server takes it."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + within_s
    while True:
        context = one.wire()
        try:
            wire = await context.__aenter__()
            break
        except aiomqtt.MqttError:
            assert loop.time() < deadline, "the hub did not get in"
            await asyncio.sleep(RETRY_S)
    try:
        yield wire
    finally:
        with suppress(aiomqtt.MqttError):  # the session had ended before
            await context.__aexit__(None, None, None)


def _told(sight: Sight) -> Callable[[], Awaitable[int]]:
    async def connections() -> int:
        return sight.connections

    return connections
