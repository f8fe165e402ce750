"""Hours stay what their rows make of them, whatever several replicas do to the same ones at once."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Final, cast

import asyncpg
import msgspec
import pytest

from chassis.config import load
from chassis.consume import Delivery
from chassis.db import Connection
from proto.metrics import BY_NAME
from proto.raw import RawDeletion
from services.normalizer.consumers import Normalizer
from services.normalizer.domain import Hour, HourKey, hour_of
from services.normalizer.settings import Settings
from services.normalizer.store import hours
from services.normalizer.tests.conftest import Patient, Stage, replica_of
from services.normalizer.tests.test_recording import assert_rollups
from services.normalizer.world import World
from tests.support.waiting import until

pytestmark = pytest.mark.integration

REPLICAS: Final = 3
BATCHES: Final = 30
"""Of each replica."""
RECORDS: Final = 8
BEGAN: Final = datetime(2026, 5, 1, 6, tzinfo=UTC)
SPAN_H: Final = 3
WEIGHT: Final = BY_NAME["weight_kg"].id


@pytest.fixture
async def replicas(
    stage: Stage, service_environ: Callable[[str], dict[str, str]]
) -> AsyncIterator[list[tuple[Normalizer, World]]]:
    settings = load(Settings, service_environ("normalizer"))
    async with AsyncExitStack() as stack:
        made = [await stack.enter_async_context(replica_of(settings)) for _ in range(REPLICAS)]
        yield made


@pytest.mark.parametrize("seed", range(3))
async def test_what_replicas_do_to_the_same_hours_at_once_adds_up(
    patient: Patient, replicas: list[tuple[Normalizer, World]], seed: int
) -> None:
    rng = random.Random(seed)
    revisions = iter(range(1, 1_000_000))
    batches = [
        [_item(patient, rng, revisions) for _ in range(rng.randint(1, 4))] for _ in range(BATCHES * REPLICAS)
    ]

    async def work(normalizer: Normalizer, world: World, mine: list[list[bytes]]) -> None:
        await until(lambda: world.connection(patient.connection_id))
        for items in mine:
            deliveries = [cast(Delivery, SimpleNamespace(data=b"[" + b",".join(items) + b"]"))]
            await normalizer.handle(deliveries, normalizer.prepare(deliveries))

    async with asyncio.TaskGroup() as group:
        for number, (normalizer, world) in enumerate(replicas):
            group.create_task(work(normalizer, world, batches[number::REPLICAS]))

    await assert_rollups(patient)


def _item(patient: Patient, rng: random.Random, revisions: Iterator[int]) -> bytes:
    """A new reading, another version of a record at another time, or the end of one."""
    at = BEGAN + timedelta(minutes=rng.randrange(SPAN_H * 60))
    what = (
        {"weight_kg": float(rng.randint(60, 90))}
        if rng.random() < 0.6
        else {"spo2_pct": float(rng.randint(90, 99))}
    )
    if rng.random() < 0.3:
        return patient.reading(what, at.isoformat())
    record = f"r:{rng.randrange(RECORDS)}"
    if rng.random() < 0.3:
        return msgspec.json.encode(
            RawDeletion(
                connection_id=patient.connection_id,
                received_at=datetime.fromtimestamp(next(revisions) / 1000, UTC),
                source="sync",
                actor_id="vendor:somebody",
                record_id=record,
            )
        )
    return patient.reading(
        what, at.isoformat(), meta={"vendor_record_id": record, "revision": next(revisions)}
    )


class Session:
    """A transaction of its own, as a replica has one."""

    def __init__(self, conn: "asyncpg.Connection[asyncpg.Record]") -> None:
        self._conn = conn
        self._transaction = conn.transaction()
        self.pid = conn.get_server_pid()

    @property
    def conn(self) -> Connection:
        return cast(Connection, self._conn)

    async def begin(self) -> "Session":
        await self._transaction.start()
        return self

    async def commit(self) -> None:
        await self._transaction.commit()


@pytest.fixture
async def sessions(database_urls: dict[str, str]) -> AsyncIterator[list[Session]]:
    async with AsyncExitStack() as stack:
        made = []
        for _ in range(3):
            conn = await asyncpg.connect(database_urls["normalizer"])
            stack.push_async_callback(conn.close)
            made.append(await Session(conn).begin())
        yield made


async def test_who_waited_for_an_hour_holds_it_too(patient: Patient, sessions: list[Session]) -> None:
    first, second, third = sessions
    await patient.send(patient.reading({"weight_kg": 70}, "2026-05-01T08:10:00Z"))
    key = _key(patient)
    places = {(key[0], key[2])}

    held = await hours.hold(first.conn, places)
    waiting = asyncio.create_task(hours.hold(second.conn, places))
    await _waits(patient, second)
    await hours.make_anew(first.conn, held)
    await first.commit()
    held = await waiting
    adding = asyncio.create_task(hours.add(third.conn, {key: Hour(min=80, max=80, sum=80, n=1)}))
    await _waits(patient, third)
    await hours.make_anew(second.conn, held)
    await second.commit()
    await adding
    await third.commit()

    assert held == {key}
    assert await _sum(patient) == (2, 150)


async def test_an_hour_is_held_before_there_is_anything_in_it(
    patient: Patient, sessions: list[Session]
) -> None:
    first, second, _ = sessions
    key = _key(patient)

    held = await hours.hold(first.conn, {(key[0], key[2])}, {key})
    adding = asyncio.create_task(hours.add(second.conn, {key: Hour(min=80, max=80, sum=80, n=1)}))
    await _waits(patient, second)
    await hours.make_anew(first.conn, held)
    await first.commit()
    await adding
    await second.commit()

    assert held == {key}
    assert await _sum(patient) == (1, 80)


async def test_what_somebody_empties_meanwhile_is_made_and_held_again(
    patient: Patient, sessions: list[Session]
) -> None:
    first, second, _ = sessions
    await patient.send(patient.reading({"weight_kg": 70}, "2026-05-01T08:10:00Z"))
    key = _key(patient)
    places = {(key[0], key[2])}

    held = await hours.hold(first.conn, places)
    waiting = asyncio.create_task(hours.hold(second.conn, places, {key}))
    await _waits(patient, second)
    await first.conn.execute("DELETE FROM normalizer.device_data WHERE device_connection_id = $1", key[0])
    await hours.make_anew(first.conn, held)
    await first.commit()

    assert await waiting == {key}


def _key(patient: Patient) -> HourKey:
    return patient.connection_id, WEIGHT, hour_of(datetime(2026, 5, 1, 8, tzinfo=UTC))


async def _waits(patient: Patient, session: Session) -> None:
    """Until it stands behind somebody's lock."""

    async def is_waiting() -> bool:
        query = "SELECT cardinality(pg_blocking_pids($1)) > 0"
        return bool(await patient.stage.pool.fetchval(query, session.pid))

    await until(is_waiting)


async def _sum(patient: Patient) -> tuple[int, float]:
    query = (
        "SELECT n, sum FROM normalizer.data_rollups WHERE (device_connection_id, metric, t) = ($1, $2, $3)"
    )
    row = await patient.stage.pool.fetchrow(query, *_key(patient))
    assert row is not None
    return row["n"], row["sum"]
