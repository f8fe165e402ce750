"""The audit log in PostgreSQL: who may do what to it, many writers at once, and tampering with every column."""

import asyncio
import time
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from chassis.bus import Bus
from chassis.db import Database
from chassis.mirror import Mirror
from proto.state import PermissionState
from proto.subjects import APP_USERS
from services.access.jobs import Clock
from services.access.tests.conftest import Scene, append, record
from services.access.verify import signing_key, verify, verify_database, write_checkpoints


async def place_of(conn: Any, patient: UUID) -> tuple[int, list[int]]:
    rows = await conn.fetch(
        "SELECT shard, seq FROM access.audit_logs WHERE patient_id = $1 ORDER BY seq", patient
    )
    return rows[0]["shard"], [row["seq"] for row in rows]


async def test_writers_that_share_chains_do_not_block_each_other_and_the_chains_are_whole(
    postgres_url: str, database_urls: dict[str, str]
) -> None:
    rounds, rows = 25, 100
    first, second = (
        await asyncpg.connect(database_urls["pairing"]),
        await asyncpg.connect(database_urls["health"]),
    )
    began = time.perf_counter()

    async def write(conn: Any) -> None:
        for _ in range(rounds):
            async with conn.transaction():
                await append(conn, *(record() for _ in range(rows)))

    async with asyncio.timeout(60):
        await asyncio.gather(write(first), write(second))

    took = time.perf_counter() - began
    print(
        f"audit_append: {took / (2 * rounds * rows) * 1e6:.0f} µs a row, {rows} a call, two writers on all chains"
    )
    for conn in (first, second):
        await conn.close()
    report = await verify_database(postgres_url)
    assert report["broken"] == []
    assert report["rows"] >= 2 * rounds * rows


async def test_what_is_rolled_back_leaves_no_trace(scene: Scene, postgres_url: str) -> None:
    patient = uuid4()
    async with scene.pool.acquire() as conn:
        transaction = conn.transaction()
        await transaction.start()
        await append(conn, record(patient))
        await transaction.rollback()

    query = "SELECT count(*) FROM access.audit_logs WHERE patient_id = $1"
    assert await scene.pool.fetchval(query, patient) == 0
    assert (await verify_database(postgres_url))["broken"] == []


async def test_a_call_without_records_and_a_record_without_a_patient_are_fine(scene: Scene) -> None:
    actor = f"hub:{uuid4()}"
    await append(scene.pool)
    await append(scene.pool, record(patient_id=None, actor_id=actor, details={}))

    assert await scene.pool.fetchval("SELECT count(*) FROM access.audit_logs WHERE actor_id = $1", actor) == 1


@pytest.mark.parametrize("service", [user for user in APP_USERS if user not in ("access", "ingest-bridge")])
async def test_a_service_may_append_and_nothing_else(database_urls: dict[str, str], service: str) -> None:
    conn = await asyncpg.connect(database_urls[service])
    await append(conn, record())
    for statement in (
        "SELECT * FROM access.audit_logs",
        "INSERT INTO access.audit_logs SELECT * FROM access.audit_logs",
        "UPDATE access.audit_heads SET seq = 0",
        "SELECT * FROM access.profiles",
        "SELECT * FROM access.permissions",
        "CREATE TABLE access.x (a int)",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await conn.execute(statement)
    await conn.close()


REWRITES = (
    "DELETE FROM access.{}",
    "UPDATE access.{} SET shard = 0",
    "TRUNCATE access.{}",
)


@pytest.mark.parametrize("table", ["audit_logs", "audit_checkpoints"])
@pytest.mark.parametrize("statement", REWRITES)
async def test_not_even_the_owner_rewrites_by_accident(scene: Scene, table: str, statement: str) -> None:
    async with scene.pool.acquire() as conn, conn.transaction():
        await append(conn, record())
        await write_checkpoints(conn, key_of(scene))
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="never changed"):
        await scene.pool.execute(statement.format(table))


async def test_access_itself_may_only_read_it(database_urls: dict[str, str]) -> None:
    conn = await asyncpg.connect(database_urls["access"])
    await conn.fetch("SELECT * FROM access.audit_logs LIMIT 1")
    for statement in (
        *(each.format("audit_logs") for each in REWRITES),
        "UPDATE access.audit_heads SET seq = 0",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await conn.execute(statement)
    await conn.close()


def key_of(scene: Scene) -> Any:
    return signing_key(scene.settings.secrets_path / "keys/audit_checkpoint.pem")


async def tampered(scene: Scene, patient: UUID, statement: str) -> list[tuple[int, int, str]]:
    """What is found after an attacker with the owner's rights ran a statement; nothing of it stays."""
    async with scene.pool.acquire() as conn:
        transaction = conn.transaction()
        await transaction.start()
        try:
            shard, seqs = await place_of(conn, patient)
            await conn.execute("ALTER TABLE access.audit_logs DISABLE TRIGGER USER")
            await conn.execute("ALTER TABLE access.audit_checkpoints DISABLE TRIGGER USER")
            await conn.execute(statement.format(shard=shard, first=seqs[0], middle=seqs[1], last=seqs[-1]))
            report = await verify(conn, key_of(scene).public_key())
        finally:
            await transaction.rollback()
    assert report.ok == (not report.broken)
    return [(place.shard, place.seq, place.fault) for place in report.broken]


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("id", "gen_random_uuid()"),
        ("actor_id", "'somebody'"),
        ("actor_role", "'admin'"),
        ("action", "'data.export'"),
        ("object_type", "'x'"),
        ("object_id", "'y'"),
        ("patient_id", "NULL"),
        ("purpose", "'research'"),
        ("outcome", "'denied'"),
        ("details", "'[]'"),
        ("ts", "ts + interval '1 microsecond'"),
        ("prev_hash", "'x'"),
        ("hash", "'x'"),
        ("seq", "seq + 1000000"),
        ("shard", "16"),
    ],
)
async def test_a_change_of_any_column_is_named_by_shard_and_sequence(
    scene: Scene, column: str, value: str
) -> None:
    patient = uuid4()
    await append(scene.pool, *(record(patient) for _ in range(3)))
    shard, (_, middle, _) = await place_of(scene.pool, patient)

    found = await tampered(
        scene,
        patient,
        f"UPDATE access.audit_logs SET {column} = {value} WHERE shard = {{shard}} AND seq = {{middle}}",
    )

    first = next(place for place in found if place[0] == shard)
    assert first == (shard, middle, "gap" if column in ("seq", "shard") else "changed")
    if column not in ("seq", "shard", "hash"):
        assert found == [first]


@pytest.mark.parametrize(
    ("which", "fault"), [("middle", "gap"), ("last", "cut")]
)  # fmt: skip
async def test_a_row_that_is_gone_is_named(scene: Scene, which: str, fault: str) -> None:
    patient = uuid4()
    await append(scene.pool, *(record(patient) for _ in range(3)))
    shard, seqs = await place_of(scene.pool, patient)

    found = await tampered(
        scene, patient, f"DELETE FROM access.audit_logs WHERE shard = {{shard}} AND seq = {{{which}}}"
    )

    assert found == [(shard, seqs[1] if which == "middle" else seqs[2], fault)]


async def test_a_tail_that_was_cut_together_with_the_head_is_known_from_the_checkpoint(scene: Scene) -> None:
    patient = uuid4()
    await append(scene.pool, *(record(patient) for _ in range(3)))
    async with scene.pool.acquire() as conn, conn.transaction():
        await write_checkpoints(conn, key_of(scene))
    shard, (_, middle, _) = await place_of(scene.pool, patient)

    found = await tampered(
        scene,
        patient,
        "WITH gone AS (DELETE FROM access.audit_logs WHERE shard = {shard} AND seq >= {middle})"
        " UPDATE access.audit_heads SET seq = {first}, hash ="
        " (SELECT hash FROM access.audit_logs WHERE shard = {shard} AND seq = {first}) WHERE shard = {shard}",
    )

    assert found == [(shard, middle, "cut")]


async def test_a_checkpoint_that_was_forged_is_named(scene: Scene) -> None:
    patient = uuid4()
    await append(scene.pool, *(record(patient) for _ in range(3)))
    async with scene.pool.acquire() as conn, conn.transaction():
        await write_checkpoints(conn, key_of(scene))
    shard, (_, _, last) = await place_of(scene.pool, patient)

    found = await tampered(
        scene,
        patient,
        "UPDATE access.audit_checkpoints SET at = at + interval '1 second' WHERE shard = {shard} AND seq = {last}",
    )

    assert found == [(shard, last, "checkpoint")]


async def test_checkpoints_are_signed_once_a_head(scene: Scene, postgres_url: str) -> None:
    await append(scene.pool, record())
    async with scene.pool.acquire() as conn, conn.transaction():
        written = await write_checkpoints(conn, key_of(scene))
        again = await write_checkpoints(conn, key_of(scene))

    report = await verify_database(postgres_url, key_of(scene).public_key())
    assert (written >= 1, again) == (True, 0)
    assert report["ok"]
    assert report["checkpoints"] >= written
    assert report["signatures_checked"]


async def test_the_clock_signs_with_the_rights_of_the_service(scene: Scene) -> None:
    patient = uuid4()
    await append(scene.pool, record(patient))
    shard, (seq,) = await place_of(scene.pool, patient)
    bus = Bus(scene.settings, "access")
    db = Database(scene.settings, "access", bus)
    await bus.start()
    await db.start()

    await Clock(db, key_of(scene), Mirror(bus, "permissions", PermissionState)).checkpoint()

    await db.stop()
    await bus.stop()
    query = "SELECT max(seq) FROM access.audit_checkpoints WHERE shard = $1"
    assert await scene.pool.fetchval(query, shard) >= seq
