"""Going on where one left: nothing missing, nothing twice, nothing out of order, also when nats-server is killed."""

import asyncio
import random
from typing import Any
from uuid import UUID

import msgspec
import pytest
from websockets.asyncio.client import ClientConnection, connect

from chassis.auth import Principal
from gateway import cursor as cursors
from gateway.tests.conftest import Live, Outside, person
from tests.support.servers import NatsServer
from tests.support.waiting import until

SESSIONS = 30
PATIENTS = 6
EVENTS = 150


async def take(socket: ClientConnection, timeout_s: float = 10.0) -> Any:
    return msgspec.json.decode(await asyncio.wait_for(socket.recv(), timeout_s))


async def subscribe(socket: ClientConnection, patient: Principal, after: str | None) -> Any:
    frame = {"type": "subscribe", "patient_id": str(patient.user_id)}
    if after is not None:
        frame["after"] = after
    await socket.send(msgspec.json.encode(frame).decode())
    return await take(socket)


async def test_a_cut_in_the_middle_of_a_message_resumes_in_the_middle(live: Live, world: Outside) -> None:
    patient = person()
    connection_id = await world.put_connection(patient.user_id)
    async with connect(await live.url(patient)) as socket:
        await subscribe(socket, patient, None)
        ids = await world.record(patient.user_id, connection_id, *({"weight_kg": 70.0 + n} for n in range(5)))
        frames = [await take(socket) for _ in ids]
    more = await world.record(patient.user_id, connection_id, {"weight_kg": 80.0})

    for cut, frame in enumerate(frames):
        async with connect(await live.url(patient)) as socket:
            subscribed = await subscribe(socket, patient, frame["cursor"])
            seen = [(await take(socket))["reading"]["id"] for _ in (*ids[cut + 1 :], *more)]
            await socket.send('{"type":"ping"}')
            assert (await take(socket))["type"] == "pong"
        assert subscribed["cursor"] == frame["cursor"]
        assert seen == [str(id_) for id_ in (*ids[cut + 1 :], *more)]


async def test_what_was_missed_before_the_first_frame_is_there_from_subscribed(
    live: Live, world: Outside
) -> None:
    patient = person()
    connection_id = await world.put_connection(patient.user_id)
    async with connect(await live.url(patient)) as socket:
        begun = await subscribe(socket, patient, None)
    missed = [
        (await world.record(patient.user_id, connection_id, {"weight_kg": 70.0}))[0] for _ in range(300)
    ]

    async with connect(await live.url(patient)) as socket:
        await subscribe(socket, patient, begun["cursor"])
        seen = [UUID((await take(socket))["reading"]["id"]) for _ in missed]

    assert seen == missed


@pytest.mark.parametrize("after", ["nonsense", "another incarnation"])
async def test_a_cursor_that_cannot_be_honoured_is_a_gap(live: Live, world: Outside, after: str) -> None:
    patient = person()
    connection_id = await world.put_connection(patient.user_id)
    async with connect(await live.url(patient)) as socket:
        if after == "another incarnation":
            known = cursors.decode((await subscribe(socket, patient, None))["cursor"])
            assert known is not None
            after = cursors.encode(known._replace(incarnation=known.incarnation - 1))

        subscribed, gap = await subscribe(socket, patient, after), await take(socket)
        (id_,) = await world.record(patient.user_id, connection_id, {"weight_kg": 70.0})
        reading = await take(socket)

    assert subscribed["type"] == "subscribed"
    assert gap["type"] == "gap"
    assert set(gap) == {"type", "from", "to"}
    assert gap["from"] is None
    assert reading["reading"]["id"] == str(id_)


@pytest.mark.parametrize("kill", [False, True], ids=["calm", "kill -9 of nats-server"])
async def test_sessions_that_come_and_go_see_everything_once_and_in_order(
    live: Live, world: Outside, nats_server: NatsServer, kill: bool
) -> None:
    rng = random.Random(7)
    patients = [person() for _ in range(PATIENTS)]
    connections = {p.user_id: await world.put_connection(p.user_id) for p in patients}
    said: dict[UUID, list[str]] = {p.user_id: [] for p in patients}
    all_said = asyncio.Event()
    viewers = [Viewer(live, patients[n % PATIENTS], random.Random(n)) for n in range(SESSIONS)]
    await asyncio.gather(*(viewer.begin() for viewer in viewers))

    async def speak() -> None:
        for _ in range(EVENTS):
            patient = rng.choice(patients)
            content = [{"weight_kg": 60.0 + rng.random()} for _ in range(rng.randint(1, 4))]
            ids = await world.record(patient.user_id, connections[patient.user_id], *content)
            said[patient.user_id] += [str(id_) for id_ in ids]
        all_said.set()

    async def disturb() -> None:
        await until(lambda: len(said[patients[0].user_id]) >= 20, 60)
        await asyncio.to_thread(nats_server.kill)
        await asyncio.to_thread(nats_server.start)

    async with asyncio.TaskGroup() as group:
        group.create_task(speak())
        if kill:
            group.create_task(disturb())
        for viewer in viewers:
            group.create_task(viewer.watch(all_said, said[viewer.patient.user_id]))

    for viewer in viewers:
        assert viewer.seen == said[viewer.patient.user_id]
    assert sum(viewer.resumed for viewer in viewers) > SESSIONS


class Viewer:
    """Watches a patient, drops the socket every so often, and goes on with the last cursor."""

    def __init__(self, live: Live, patient: Principal, rng: random.Random) -> None:
        self.patient = patient
        self.seen: list[str] = []
        self.resumed = 0
        self._live = live
        self._rng = rng
        self._cursor = ""

    async def begin(self) -> None:
        async with connect(await self._live.url(self.patient)) as socket:
            self._cursor = (await subscribe(socket, self.patient, None))["cursor"]

    async def watch(self, all_said: asyncio.Event, said: list[str]) -> None:
        while not (all_said.is_set() and len(self.seen) >= len(said)):
            async with connect(await self._live.url(self.patient), close_timeout=1) as socket:
                answer = await subscribe(socket, self.patient, self._cursor)
                if answer["type"] == "error":  # permissions cannot be asked right now
                    assert answer["code"] == "unavailable"
                    await asyncio.sleep(0.1)
                    continue
                assert answer["type"] == "subscribed"
                self.resumed += 1
                await self._read(socket, self._rng.randint(1, 40))

    async def _read(self, socket: ClientConnection, count: int) -> None:
        for _ in range(count):
            try:
                frame = await take(socket, 0.3)
            except TimeoutError:
                return
            assert frame["type"] == "reading", frame
            self.seen.append(frame["reading"]["id"])
            self._cursor = frame["cursor"]
