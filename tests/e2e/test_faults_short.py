"""kill -9 of what a reading passes through, while readings flow: what was acknowledged is there once, and was seen once."""

import asyncio
import os
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Final

import httpx2
import pytest
import websockets

from simulator.devices import pressed
from simulator.hub import Hub
from tests.e2e.driver import Device, Json, Person, World, at, eventually, rfc3339, world_of
from tests.support.system import System

pytestmark = [pytest.mark.faults, pytest.mark.timeout(150)]

BY_HTTP: Final = 250
BY_HUB: Final = 250
SENDERS: Final = 5
VICTIMS: Final = ("normalizer", "ingest-bridge", "nats")
START: Final = datetime(2026, 5, 1, tzinfo=UTC)
STEP: Final = (BY_HTTP + BY_HUB) // (len(VICTIMS) + 1)
"""So many readings flow before each kill, and as many while its victim is down or coming back."""
SOCKET_FRAMES: Final = 50
"""After so many frames the client loses its socket."""
BACK_S: Final = 40.0
BROKEN: Final = (websockets.ConnectionClosed, websockets.InvalidStatus, httpx2.HTTPError, AssertionError)
"""What a client may meet while nats-server is down; it comes again."""


@pytest.fixture
async def own(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """A system that nobody else wants to find whole."""
    system = System(tmp_path_factory.mktemp("faults") / "home")
    try:
        async with world_of(system.start()) as world:
            yield world
    finally:
        system.stop()


class Flow:
    """Readings on their way: when each was acknowledged, and when and how often the live client saw it."""

    def __init__(self) -> None:
        self.acknowledged: dict[tuple[str, datetime], float] = {}
        self.killed = 0
        self.seen: Counter[tuple[str, datetime]] = Counter()
        self.delays: list[float] = []
        self.gaps = 0
        self.sockets = 0

    def acknowledge(self, device: Device, moment: datetime) -> None:
        self.acknowledged.setdefault((device.id, moment), time.monotonic())

    async def may_go_on(self) -> None:
        """Waits for the kill whose turn it is."""
        await _until(lambda: len(self.acknowledged) < STEP * (self.killed + 1) or self.killed == len(VICTIMS))

    def see(self, frame: Json) -> None:
        if frame["type"] == "gap":
            self.gaps += 1
        elif frame["type"] == "reading":
            reading = frame["reading"]
            which = (reading["device_connection_id"], at(reading["timestamp"]))
            self.seen[which] += 1
            if which in self.acknowledged:
                self.delays.append(time.monotonic() - self.acknowledged[which])


async def test_each_acknowledged_reading_is_stored_and_seen_once_though_everything_was_killed(
    own: World, capsys: pytest.CaptureFixture[str]
) -> None:
    patient = await own.newcomer()
    hub = await patient.add_hub()
    watch = await patient.pair()
    flow = Flow()
    async with own.virtual_hub(hub, resend_s=5) as virtual:
        cuff, address = await patient.pair_by_scan(await patient.cuff_model(), virtual)
        watching = asyncio.create_task(_watch(own, patient, flow))
        try:
            await _until(lambda: flow.sockets == 1)
            async with asyncio.TaskGroup() as group:
                group.create_task(_kill_in_turn(own, flow))
                group.create_task(_measure(virtual, cuff, address, flow))
                for sender in range(SENDERS):
                    group.create_task(_send(watch, flow, sender))
            await virtual.settled(BACK_S)
            expected = set(flow.acknowledged)
            with suppress(AssertionError):  # what is missing is told below, with everything else
                await _until(lambda: not expected - set(flow.seen))
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
        handed_over = virtual.counters

    items = [item for device in (watch, cuff) for item in await device.stored()]
    stored = Counter((item["device_connection_id"], at(item["timestamp"])) for item in items)
    lost = expected - set(stored)
    doubled = {which for count in (stored, flow.seen) for which, times in count.items() if times > 1}
    with capsys.disabled():
        print(
            f"\nkilled {', '.join(VICTIMS)} · acknowledged {len(expected)} · stored {stored.total()} · lost {len(lost)}"
            f" · doubled {len(doubled)} · live: {len(flow.seen)} seen, {flow.sockets} sockets, gaps {flow.gaps}, longest delay"
            f" {max(flow.delays):.1f} s · the hub sent {handed_over.resent} again"
        )
    assert expected - set(flow.seen) == set()
    assert len(expected) == BY_HTTP + BY_HUB
    assert lost == set()
    assert set(stored.values()) == {1}
    assert set(flow.seen.values()) == {1}
    assert set(stored) == expected
    assert handed_over.rejected == 0
    assert await _rolled_up(watch, "heart_rate_bpm") == BY_HTTP
    assert await _rolled_up(cuff, "blood_pressure.systolic") == BY_HUB


async def _until(condition: Callable[[], bool]) -> None:
    async def ask() -> bool:
        return condition()

    await eventually(ask, bool, within_s=BACK_S)


async def _rolled_up(device: Device, metric: str) -> int:
    """How many readings the hours hold."""
    span = {"from": rfc3339(START), "to": rfc3339(START + timedelta(days=1))}
    answer = await device.owner.get(device.data, metric=metric, resolution="1h", **span)
    return sum(point["count"] for point in answer["points"])


async def _send(device: Device, flow: Flow, sender: int) -> None:
    """One reading a request; a request without a 202 is made again, as a client would."""
    for number in range(sender, BY_HTTP, SENDERS):
        moment = START + timedelta(minutes=number)
        message = device.message({"heart_rate_bpm": 61}, rfc3339(moment), event_id=f"http-{number}")
        while True:
            with suppress(httpx2.HTTPError):
                answer = await device.call("POST", "/api/v1/device-data/ingest", message)
                if answer.status_code == 202:
                    break
                assert answer.status_code in (429, 503), answer.text
                assert int(answer.headers["retry-after"]) > 0
            await asyncio.sleep(0.1)
        flow.acknowledge(device, moment)
        await flow.may_go_on()


async def _measure(virtual: Hub, cuff: Device, address: str, flow: Flow) -> None:
    """The hub hands readings over a few at a time, each few when half of those before have their receipt."""
    device = virtual.desk.nearby[address]
    for first in range(0, BY_HUB, 10):
        moments = [START + timedelta(minutes=number) for number in range(first, first + 10)]
        await virtual.present(address, [pressed(device, moment, "UTC") for moment in moments])
        for moment in moments:
            flow.acknowledge(cuff, moment)  # the hub has it, and does not forget it before a receipt
        await _until(lambda: virtual.waiting <= 40)
        await flow.may_go_on()


async def _kill_in_turn(own: World, flow: Flow) -> None:
    """Each when some more of the flow has passed, and the one before is back."""
    for name in VICTIMS:
        await _kill(own, flow, name)


async def _kill(own: World, flow: Flow, name: str) -> None:
    await _until(lambda: len(flow.acknowledged) >= STEP * (flow.killed + 1))
    pid = own.system.endpoints["pids"][name]
    os.kill(pid, signal.SIGKILL)
    flow.killed += 1
    await _until(lambda: own.system.endpoints["pids"].get(name) not in (pid, None))


async def _watch(own: World, patient: Person, flow: Flow) -> None:
    """A client that loses its socket now and then, and goes on by its cursor."""
    cursor: str | None = None
    while True:
        with suppress(*BROKEN):
            async with own.live(patient) as live:
                answer = await live.subscribe(patient_id=patient.patient_id, after=cursor)
                assert answer["type"] == "subscribed", answer
                cursor = cursor or answer["cursor"]
                flow.sockets += 1
                for _ in range(SOCKET_FRAMES):
                    frame = await live.next(60)
                    flow.see(frame)
                    cursor = frame.get("cursor", cursor)
        await asyncio.sleep(0.05)
