"""What goes on while things break: HTTP clients, hubs and live clients, each doing what a careful one would do."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Final

import httpx2
import msgspec
import websockets

from proto.events import HubReceipt
from simulator.cli import near
from simulator.devices import VirtualDevice, pressed
from simulator.hub import Hub, HubConfig
from tests.e2e.driver import Device, Json, Person, World, at, rfc3339
from tests.faults.ledger import Ledger, Reading, Sight
from tests.load.http import Connection

INGEST: Final = "/api/v1/device-data/ingest"
START: Final = datetime(2026, 3, 1, tzinfo=UTC)
PATIENTS: Final = 2
PATIENCE_S: Final = 12.0
"""A client hangs up on an answer that does not come, and sends again."""
RETRY_S: Final = 0.1
SEEN_THROUGH_S: Final = 90.0
RESEND_S: Final = 3.0
"""So long a hub waits for a receipt; a real one for five minutes."""
PRESENTED: Final = 10
"""So many readings a device hands to its hub at once."""
EDGES: Final = ("gateway", "ingest")
"""Where readings are handed in by HTTP."""
BROKEN: Final = (
    websockets.ConnectionClosed,
    websockets.InvalidHandshake,
    httpx2.HTTPError,
    AssertionError,
    OSError,
    TimeoutError,
)


@dataclass
class Household:
    """A patient with a watch on the web and a cuff behind a hub."""

    person: Person
    watch: Device
    cuff: Device
    hub: Json
    address: str
    near: list[VirtualDevice]
    paired: dict[str, str | None]
    resend_s: float = RESEND_S


async def move_in(world: World, admit: Callable[[str, str], None] = lambda hub_id, secret: None) -> Household:
    """`admit` lets the new hub in at a broker that is not ours."""
    person = await world.newcomer()
    hub = await person.add_hub()
    admit(hub["hub_id"], hub["secret"])
    watch = await person.pair()
    async with world.virtual_hub(hub) as virtual:
        cuff, address = await person.pair_by_scan(await person.cuff_model(), virtual)
        paired = dict(virtual.desk.paired)
    return Household(person, watch, cuff, hub, address, near(hub["hub_id"]), paired)


@dataclass
class Clock:
    """Gives every reading of every device a second of its own, whatever the order in which they are sent."""

    seconds: int = 0

    def next(self) -> datetime:
        self.seconds += 1
        return START + timedelta(seconds=self.seconds)


class Traffic:
    """Flows from `flowing` on, at `rate` readings a second in all; half by HTTP, half by hubs."""

    def __init__(
        self, world: World, homes: list[Household], clock: Clock, ledger: Ledger, rate: float
    ) -> None:
        self.world = world
        self.homes = homes
        self.ledger = ledger
        self.rate = rate
        self.hubs: list[Hub] = []
        self.taken: dict[str, list[float]] = {}
        """Event id → when the broker acknowledged a publish of it (monotonic seconds), for every time that it was sent."""
        self._clock = clock
        self._ended = asyncio.Event()
        self._events: dict[str, Reading] = {}
        """What a receipt with this event id is for."""

    @asynccontextmanager
    async def flowing(self, rng: random.Random) -> AsyncIterator[None]:
        """Senders, hubs and watchers run inside; at the end everything that was handed over is seen through."""
        async with AsyncExitStack() as stack:
            for home in self.homes:
                self.hubs.append(await self._hub(home, stack))
            watchers = [
                asyncio.create_task(watching(self._sight(home, name), self.world, home.person))
                for home in self.homes
                for name, watching in (("socket", watch), ("events", listen))
            ]
            stack.push_async_callback(_cancel, watchers)
            async with asyncio.timeout(20):
                while any(not sight.connections for sight in self.ledger.sights):
                    await asyncio.sleep(0.02)
            pace = 2 * len(self.homes) / self.rate
            senders = [
                asyncio.create_task(self._send(home, edge, pace * 2, random.Random(rng.random())))
                for home in self.homes
                for edge in EDGES
            ]
            senders += [
                asyncio.create_task(self._measure(hub, home, pace))
                for hub, home in zip(self.hubs, self.homes, strict=True)
            ]
            try:
                yield
                self._ended.set()
                async with asyncio.timeout(
                    SEEN_THROUGH_S
                ):  # a system that stays down would keep them for ever
                    await asyncio.gather(*senders)
                for hub in self.hubs:
                    await hub.settled(60)
                with suppress(TimeoutError):  # what is missing is told by the evidence
                    async with asyncio.timeout(30):
                        while self.ledger.unseen() or not _even(self.ledger.sights):
                            await asyncio.sleep(0.05)
            finally:
                await _cancel(senders)

    def _sight(self, home: Household, name: str) -> Sight:
        sight = Sight(str(home.person.patient_id), name)
        self.ledger.sights.append(sight)
        return sight

    def address(self, edge: str) -> str:
        system = self.world.system
        return system.gateway if edge == "gateway" else str(system.endpoints["services"][edge])

    async def _send(self, home: Household, edge: str, pace_s: float, rng: random.Random) -> None:
        """One reading a request; without a 202 the same is sent again, until there is one."""
        connection = Connection(self.address(edge), INGEST, f"Bearer {home.watch.ingest_token}")
        loop = asyncio.get_running_loop()
        due = loop.time() + rng.random() * pace_s
        while not self._ended.is_set():
            await asyncio.sleep(max(0.0, due - loop.time()))
            due = max(due + pace_s, loop.time() - 1.0)
            moment = self._clock.next()
            body = msgspec.json.encode(
                home.watch.message(
                    {"heart_rate_bpm": rng.randint(50, 110)},
                    rfc3339(moment),
                    event_id=f"http-{moment.timestamp():.0f}",
                )
            )
            reading = (home.watch.id, moment)
            self.ledger.hand(reading)
            while True:
                status, sent, asked = 0, True, loop.time()
                try:
                    status = await asyncio.wait_for(connection.post(body), PATIENCE_S)
                except TimeoutError:
                    pass
                except OSError:
                    sent = False
                self.ledger.answer(
                    edge, status, loop.time() - asked, sent=sent, retry_after=connection.retry_after
                )
                if status == 202:
                    self.ledger.acknowledge(reading)
                    break
                connection.close()
                if status not in (0, 429, 503):
                    self.ledger.rejected.append((reading, str(status)))
                    break
                await asyncio.sleep(RETRY_S)
        connection.close()

    async def _hub(self, home: Household, stack: AsyncExitStack) -> Hub:
        config = HubConfig(
            hub_id=home.hub["hub_id"],
            secret=home.hub["secret"],
            mqtt_url=self.world.system.endpoints["mqtt"],
            resend_s=home.resend_s,
        )
        hub = Hub(
            config, home.near, paired=dict(home.paired), on_receipt=self._told, on_taken=self._broker_took
        )
        await stack.enter_async_context(self.world.online(hub))
        return hub

    def _broker_took(self, event_ids: Sequence[str]) -> None:
        for event_id in event_ids:
            self.taken.setdefault(event_id, []).append(monotonic())

    def _told(self, receipt: HubReceipt) -> None:
        for event_id in receipt.event_ids:
            reading = self._events.pop(event_id, None)
            if reading is not None and receipt.status == "stored":
                self.ledger.acknowledge(reading)
            elif reading is not None:
                self.ledger.rejected.append((reading, str(receipt.code)))

    async def _measure(self, hub: Hub, home: Household, pace_s: float) -> None:
        device = hub.desk.nearby[home.address]
        loop = asyncio.get_running_loop()
        due = loop.time()
        while not self._ended.is_set():
            await asyncio.sleep(max(0.0, due - loop.time()))
            due = max(due + pace_s * PRESENTED, loop.time() - 1.0)
            for moment in [self._clock.next() for _ in range(PRESENTED)]:
                self.ledger.hand((home.cuff.id, moment))
                event_id, *_ = await hub.present(
                    home.address, [pressed(device, moment, "UTC")]
                )  # its battery too
                self._events[event_id] = (home.cuff.id, moment)


async def watch(sight: Sight, world: World, person: Person) -> None:
    """A WebSocket client that comes back by its cursor whenever it loses its socket."""
    cursor: str | None = None
    while True:
        with suppress(*BROKEN):
            async with world.live(person) as live:
                answer = await live.subscribe(patient_id=sight.patient_id, after=cursor)
                if answer["type"] == "subscribed":
                    cursor = cursor or answer["cursor"]
                    sight.connections += 1
                    try:
                        while True:
                            frame = msgspec.json.decode(await live.socket.recv())
                            cursor = _take(sight, frame, cursor)
                    except websockets.ConnectionClosed as closed:
                        sight.codes[closed.rcvd.code if closed.rcvd else 1006] += 1
        await asyncio.sleep(0.05)


async def listen(sight: Sight, world: World, person: Person) -> None:
    """The same by server-sent events."""
    cursor: str | None = None
    while True:
        headers = {"authorization": f"Bearer {person.token}"} | ({"last-event-id": cursor} if cursor else {})
        with suppress(*BROKEN):
            async with world.http.stream(
                "GET",
                "/api/v1/stream",
                params={"patient_id": sight.patient_id},
                headers=headers,
                timeout=httpx2.Timeout(20, connect=5),
            ) as answer:
                async for line in answer.aiter_lines():
                    if line.startswith("data:"):
                        frame = msgspec.json.decode(line[5:])
                        sight.connections += frame["type"] == "subscribed"
                        cursor = _take(sight, frame, cursor)
        await asyncio.sleep(0.05)


def _take(sight: Sight, frame: Json, cursor: str | None) -> str | None:
    if frame["type"] == "gap":
        sight.gaps += 1
    elif frame["type"] == "reading":
        reading = frame["reading"]
        sight.see(reading["id"], (reading["device_connection_id"], at(reading["timestamp"])))
    found: str | None = frame.get("cursor", cursor)
    return found


def _even(sights: list[Sight]) -> bool:
    """Whether all clients of a patient saw as much."""
    counts: dict[str, set[int]] = {}
    for sight in sights:
        counts.setdefault(sight.patient_id, set()).add(len(sight.ids))
    return all(len(each) == 1 for each in counts.values())


async def _cancel(tasks: list[asyncio.Task[None]]) -> None:
    """Asks again until all have ended: a library may take a cancellation for a time-out of its own."""
    pending = set(tasks)
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=1)
    await asyncio.gather(*tasks, return_exceptions=True)
