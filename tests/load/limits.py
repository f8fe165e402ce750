"""The raw limits of this machine, in the same run: what JetStream and PostgreSQL do without us."""

import asyncio
import time
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import asyncpg
from nats.aio.client import Client
from nats.js.api import DiscardPolicy, StorageType, StreamConfig

READING = (
    b'{"type":"reading","message":{"readings":{"blood_pressure":{"systolic":120,"diastolic":80}}}}'
    + b" " * 120
)


async def jetstream(url: str, user: str, password: str, seconds: float) -> dict[str, float]:
    """Readings/s into a file stream with an fsync each: one a message in a window of 64, and 50 a message."""
    nc = Client()
    await nc.connect(url, user=user, password=password, inbox_prefix=f"_INBOX_{user}".encode())
    js = nc.jetstream(timeout=10)
    name = f"BENCH_{uuid4().hex[:8]}"
    await js.add_stream(
        StreamConfig(
            name=name,
            subjects=[f"bench.{name}"],
            storage=StorageType.FILE,
            discard=DiscardPolicy.OLD,
            max_bytes=2**30,
        )
    )
    try:
        return {
            "one_per_message": await _publish(js, f"bench.{name}", READING, 64, seconds),
            "fifty_per_message": 50 * await _publish(js, f"bench.{name}", READING * 50, 16, seconds),
        }
    finally:
        await js.delete_stream(name)
        await nc.close()


async def _publish(js: Any, subject: str, payload: bytes, window: int, seconds: float) -> float:
    end = time.perf_counter() + seconds
    count = 0

    async def one() -> None:
        nonlocal count
        while time.perf_counter() < end:
            await js.publish(subject, payload)
            count += 1

    began = time.perf_counter()
    await asyncio.gather(*(one() for _ in range(window)))
    return count / (time.perf_counter() - began)


async def postgres(url: str, seconds: float) -> dict[str, float]:
    """Rows/s into a table like the record: unnest(1000), and COPY → temporary table → merge(5000)."""
    conn = await asyncpg.connect(url)
    await conn.execute("CREATE SCHEMA IF NOT EXISTS bench")
    await conn.execute(
        "CREATE TABLE bench.rows (id uuid, connection uuid, ts timestamptz, readings jsonb, UNIQUE (connection, ts, id))"
    )
    try:
        return {
            "unnest_1000": await _unnest(conn, seconds),
            "copy_merge_5000": await _merge(conn, seconds),
        }
    finally:
        await conn.execute("DROP SCHEMA bench CASCADE")
        await conn.close()


def _rows(count: int) -> list[tuple[Any, ...]]:
    now = datetime.now(UTC)
    text = '{"blood_pressure": {"systolic": 120, "diastolic": 80, "hr": 72}}'
    connections = [uuid4() for _ in range(100)]
    return [(uuid4(), connections[n % 100], now, text) for n in range(count)]


async def _unnest(conn: "asyncpg.Connection[Any]", seconds: float) -> float:
    end, done, began = time.perf_counter() + seconds, 0, time.perf_counter()
    while time.perf_counter() < end:
        rows = _rows(1000)
        await conn.execute(
            "INSERT INTO bench.rows SELECT a, b, c, d::jsonb FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::text[])"
            " AS u(a, b, c, d) ON CONFLICT DO NOTHING",
            *(list(column) for column in zip(*rows, strict=True)),
        )
        done += 1000
    return done / (time.perf_counter() - began)


async def _merge(conn: "asyncpg.Connection[Any]", seconds: float) -> float:
    await conn.execute("CREATE TEMPORARY TABLE incoming (LIKE bench.rows)")
    end, done, began = time.perf_counter() + seconds, 0, time.perf_counter()
    while time.perf_counter() < end:
        rows = _rows(5000)
        async with conn.transaction():
            await conn.execute("TRUNCATE incoming")
            await conn.copy_records_to_table("incoming", records=rows)
            await conn.execute("INSERT INTO bench.rows SELECT * FROM incoming ON CONFLICT DO NOTHING")
        done += 5000
    return done / (time.perf_counter() - began)
