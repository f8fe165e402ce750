"""The chassis against real servers: mirrors heal, outboxes survive, consumers wait, retry and give up."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import asyncpg
import msgspec
import pytest
from nats.errors import TimeoutError as NatsTimeout

from chassis.audit import AuditRecord
from chassis.bus import Bus
from chassis.config import Common, load
from chassis.consume import DONE, Consumer, Delivery, Reject, Retry, Verdict, each
from chassis.db import Database
from chassis.janitor import Janitor
from chassis.mirror import DELETED, Mirror, refill
from chassis.outbox import OutboxRow, insert_rows
from proto import subjects
from proto.errors import Unavailable
from proto.events import ConnectionChanged
from proto.state import ProfileState
from tests.support.waiting import until

pytestmark = pytest.mark.integration


@pytest.fixture(scope="session")
def settings(service_environ: Callable[[str], dict[str, str]]) -> Common:
    return load(Common, service_environ("access"))


@asynccontextmanager
async def running(*resources: Any) -> AsyncIterator[None]:
    started = []
    try:
        for resource in resources:
            await resource.start()
            started.append(resource)
        yield
    finally:
        for resource in reversed(started):
            await resource.stop()


async def is_empty(conn: "asyncpg.Connection[Any]", table: str) -> bool:
    return bool(await conn.fetchval(f"SELECT count(*) FROM {table}") == 0)


def profile(id: UUID, version: int, timezone: str = "UTC") -> bytes:
    return msgspec.json.encode(ProfileState(patient_id=id, timezone=timezone, version=version))


def changed(number: int) -> bytes:
    """An event that other services, should they be running, understand and have nothing to do with."""
    return msgspec.json.encode(
        ConnectionChanged(
            device_connection_id=UUID(int=number + 1),
            patient_id=UUID(int=1),
            code="connected",
            status="connected",
            status_reason=None,
            at=datetime(2026, 5, 1, tzinfo=UTC),
        )
    )


def is_at(mirror: Mirror[ProfileState], key: str, version: int) -> bool:
    found = mirror.get(key)
    return found is not None and found.version == version


async def test_a_mirror_follows_its_bucket_and_ignores_older_versions(settings: Common) -> None:
    owner, reader = Bus(settings, "access"), Bus(settings, "normalizer")
    mirror: Mirror[ProfileState] = Mirror(reader, "profiles", ProfileState)
    id = uuid4()
    key = subjects.kv_subject("profiles", str(id))
    async with running(owner, reader):
        await owner.publish(key, profile(id, 2, "Europe/Berlin"))
        async with running(mirror):
            assert mirror.get(str(id)) == ProfileState(patient_id=id, timezone="Europe/Berlin", version=2)

            await owner.publish(key, profile(id, 1, "Asia/Tokyo"))
            await owner.publish(key, profile(id, 3, "Africa/Cairo"))
            await until(lambda: (found := mirror.get(str(id))) and found.version == 3)

            await owner.publish(key, b"", headers=DELETED)
            await until(lambda: mirror.get(str(id)) is None)


async def test_a_mirror_that_caught_up_knows_what_was_acknowledged_before(settings: Common) -> None:
    owner, reader = Bus(settings, "access"), Bus(settings, "normalizer")
    mirror: Mirror[ProfileState] = Mirror(reader, "profiles", ProfileState)
    async with running(owner, reader, mirror):
        for _ in range(50):
            ids = [uuid4() for _ in range(4)]
            await asyncio.gather(
                *(owner.publish(subjects.kv_subject("profiles", str(id)), profile(id, 1)) for id in ids)
            )
            await asyncio.gather(*(mirror.catch_up() for _ in range(3)))
            assert all(is_at(mirror, str(id), 1) for id in ids)
        await mirror.catch_up()  # there is nothing new, and that is no reason to wait


async def test_a_mirror_that_cannot_ask_does_not_say_no(settings: Common) -> None:
    reader = Bus(settings, "normalizer")
    mirror: Mirror[ProfileState] = Mirror(reader, "profiles", ProfileState)
    async with running(reader, mirror):
        await reader.nc.close()

        with pytest.raises(Unavailable):
            await mirror.catch_up()


async def test_mirrors_readers_and_publishes_come_through_a_killed_server(
    settings: Common, nats_server: Any
) -> None:
    owner, reader = Bus(settings, "access"), Bus(settings, "normalizer")
    mirror: Mirror[ProfileState] = Mirror(reader, "profiles", ProfileState)
    id = uuid4()
    key = subjects.kv_subject("profiles", str(id))
    async with running(owner, reader, mirror):
        for version in range(1, 4):
            nats_server.kill()
            publish = asyncio.create_task(owner.publish(key, profile(id, version), msg_id=f"{id}-{version}"))
            nats_server.start()
            await publish
            await until(partial(is_at, mirror, str(id), version), 3)
            assert mirror.fresh


async def test_a_deaf_mirror_refuses(settings: Common) -> None:
    reader = Bus(settings, "normalizer")
    mirror: Mirror[ProfileState] = Mirror(reader, "profiles", ProfileState)
    async with running(reader, mirror):
        mirror.require()
        mirror._reader._heard -= 6
        with pytest.raises(Unavailable):
            mirror.require()


async def test_an_owner_fills_a_bucket_that_was_lost(settings: Common) -> None:
    owner = Bus(settings, "access")
    async with running(owner):
        info = await owner.stream_info("KV_profiles")
        ids = [uuid4() for _ in range(info.messages + 3)]

        async def rows() -> list[tuple[str, bytes]]:
            return [(str(id), profile(id, 1)) for id in ids]

        assert await refill(owner, "profiles", rows) == len(ids)
        assert await refill(owner, "profiles", rows) == 0


@pytest.fixture
async def schema(settings: Common, postgres_url: str) -> str:
    """`access` has an outbox; rows of this test are told apart by their subject."""
    return "access"


async def test_events_leave_with_the_commit_and_not_without(
    settings: Common, schema: str, postgres_url: str
) -> None:
    bus = Bus(settings, "access")
    db = Database(settings, schema, bus)
    heard: Mirror[ProfileState] = Mirror(bus, "profiles", ProfileState)
    kept, dropped = uuid4(), uuid4()
    async with running(bus, db, heard):

        async def fail() -> None:
            async with db.transaction() as tx:
                tx.emit(subjects.kv_subject("profiles", str(dropped)), profile(dropped, 1))
                raise ValueError("no")

        with pytest.raises(ValueError, match="no"):
            await fail()
        async with db.transaction() as tx:
            tx.emit(subjects.kv_subject("profiles", str(kept)), profile(kept, 1))
        await until(lambda: heard.get(str(kept)))

        assert heard.get(str(dropped)) is None
        conn = await asyncpg.connect(postgres_url)
        await until(lambda: is_empty(conn, "access.outbox"), 5)
        await conn.close()


async def test_a_database_that_lets_nobody_in_is_down_and_no_request_is_at_fault(
    settings: Common, schema: str, postgres_url: str, postgres_admin_url: str
) -> None:
    name = f"closed_{uuid4().hex[:8]}"
    admin = await asyncpg.connect(postgres_admin_url)
    try:
        await admin.execute(f"CREATE DATABASE {name}")
        own = msgspec.structs.replace(
            settings, database_url=urlsplit(settings.database_url)._replace(path=f"/{name}").geturl()
        )
        db = Database(own, schema)
        async with running(db):
            async with db.transaction() as tx:
                assert await tx.conn.fetchval("SELECT 1") == 1
            await admin.execute(f"ALTER DATABASE {name} WITH ALLOW_CONNECTIONS false")
            await admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", name
            )

            async def ask() -> None:
                async with db.transaction() as tx:
                    await tx.conn.fetchval("SELECT 1")

            for _ in range(3):  # the first meets the ended connection, the others find none
                with pytest.raises(Unavailable):
                    await ask()
            await admin.execute(f"ALTER DATABASE {name} WITH ALLOW_CONNECTIONS true")
            await ask()
        await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        await admin.close()


async def test_what_a_crash_left_is_swept(settings: Common, schema: str, postgres_url: str) -> None:
    id = uuid4()
    conn = await asyncpg.connect(postgres_url)
    await conn.execute(
        "INSERT INTO access.outbox (subject, payload, at) VALUES ($1, $2, now() - interval '5 seconds')",
        subjects.kv_subject("profiles", str(id)),
        profile(id, 1),
    )
    bus = Bus(settings, "access")
    db = Database(settings, schema, bus)
    heard: Mirror[ProfileState] = Mirror(bus, "profiles", ProfileState)
    async with running(bus, db, heard):
        await until(lambda: heard.get(str(id)))
        await until(lambda: is_empty(conn, "access.outbox"), 5)
    await conn.close()


@pytest.mark.parametrize("known", [None, 0, 9, 19])
async def test_many_events_leave_together_and_each_once_though_one_had_left_before(
    settings: Common, postgres_url: str, known: int | None
) -> None:
    bus, reader = Bus(settings, "pairing"), Bus(settings, "gateway")
    db = Database(settings, "pairing", bus)
    subject = subjects.to(subjects.CONNECTIONS_CHANGED, uuid4())
    async with running(bus, reader, db):
        async with db.acquire() as conn, conn.transaction():
            rows = [OutboxRow(subject=subject, payload=changed(n), headers={}) for n in range(20)]
            await insert_rows(conn, "pairing", rows, [])
        if known is not None:
            row = rows[known]
            await bus.publish(row.subject, row.payload, msg_id=row.msg_id)
        assert db._outbox is not None
        db._outbox.offer(rows)
        stored = await reader.js.subscribe(subject, stream="EVENTS", ordered_consumer=True)
        heard = [await stored.next_msg(10) for _ in rows]

        together = [row for row in heard if "Nats-Batch-Id" in (row.headers or {})]
        assert len(together) == (0 if known is not None else len(rows))
        assert sorted(msg.data for msg in heard) == sorted(changed(n) for n in range(20))
        reading = await asyncpg.connect(postgres_url)
        async with asyncio.timeout(5):
            while await reading.fetchval("SELECT count(*) FROM pairing.outbox WHERE subject = $1", subject):
                await asyncio.sleep(0.02)
        await reading.close()
        with pytest.raises(NatsTimeout):
            await stored.next_msg(0.2)


async def test_without_audit_there_is_no_commit(settings: Common, schema: str) -> None:
    bus = Bus(settings, "access")
    db = Database(settings, schema, bus)
    record = AuditRecord(
        action="data.read",
        actor_id="a",
        actor_role="patient",
        object_type="x",
        object_id="y",
        patient_id=None,
    )
    async with running(bus, db):

        async def write() -> None:
            async with db.transaction() as tx:
                tx.emit(subjects.kv_subject("profiles", "never"), b"{}")
                tx.audit(msgspec.structs.replace(record, actor_id=None))

        with pytest.raises(asyncpg.PostgresError):
            await write()
        async with db.transaction() as tx:
            assert (
                await tx.conn.fetchval("SELECT count(*) FROM access.outbox WHERE subject LIKE '%.never'") == 0
            )


async def publish_commands(settings: Common, count: int) -> None:
    pairing = Bus(settings, "pairing")
    async with running(pairing):
        for number in range(count):
            await pairing.publish(subjects.to(subjects.HUBS_COMMAND, "hub-chassis1"), str(number).encode())


async def test_a_consumer_retries_waits_and_gives_up(settings: Common) -> None:
    """0 is done at once, 1 later, 2 never, and while something is down nothing is given up."""
    bus = Bus(settings, "ingest-bridge")
    calls: list[bytes] = []
    dead: list[tuple[bytes, str]] = []
    down = [True, True, True]

    async def handle(delivery: Delivery) -> Verdict:
        if down:
            down.pop()
            raise Unavailable("database")
        calls.append(delivery.data)
        if delivery.data == b"1" and calls.count(b"1") < 3:
            return Retry(0.05)
        return Reject("hopeless") if delivery.data == b"2" else DONE

    async def on_dead(delivery: Delivery, reason: str) -> None:
        dead.append((delivery.data, reason))

    async with running(bus):
        await publish_commands(settings, 3)
        async with running(Consumer(bus, each("hub-commands", handle, on_dead=on_dead))):
            await until(lambda: calls.count(b"1") == 3 and dead)

    assert not down
    assert calls.count(b"0") == 1
    assert dead == [(b"2", "hopeless")]


async def test_the_janitor_leaves_what_is_not_acknowledged(settings: Common) -> None:
    ingest, normalizer = Bus(settings, "ingest"), Bus(settings, "normalizer")
    async with running(ingest, normalizer):
        await ingest.publish(subjects.to(subjects.RAW, 0), b"[]")
        before = await normalizer.stream_info("INGEST")

        await Janitor(normalizer, "INGEST", "normalizer").turn()

        after = await normalizer.stream_info("INGEST")
        assert after.last_seq == before.last_seq
        assert after.messages >= 1


async def test_a_user_may_not_say_what_is_not_its_own(settings: Common) -> None:
    bus = Bus(settings, "registry")
    async with running(bus):
        with pytest.raises(Unavailable):
            await bus.publish(subjects.to(subjects.RAW, 0), b"[]", deadline_s=1.2)
