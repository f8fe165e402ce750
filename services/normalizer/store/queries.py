"""Reading the record. Every query bounds the time by parameters, so its cost does not grow with age."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from chassis.db import Connection


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A stored reading; `readings` and `meta` as JSON text."""

    id: UUID
    device_connection_id: UUID
    timestamp: datetime
    received_at: datetime
    readings: str
    meta: str
    suspect: bool = False


class Rollup(msgspec.Struct, frozen=True, kw_only=True):
    t: datetime
    min: float | None
    max: float | None
    sum: float | None
    n: int
    low: int
    high: int


_COLUMNS = "id, device_connection_id, ts, received_at, readings, meta, suspect"


def _known_at(moment: str) -> str:
    """The record as it was known at a moment (a parameter): what had come, in the version that stood then."""
    return (
        f"(SELECT {_COLUMNS} FROM normalizer.device_data d WHERE received_at <= {moment} AND NOT EXISTS"
        f" (SELECT FROM normalizer.superseded s WHERE s.id = d.id AND s.superseded_at > {moment})"
        f" UNION ALL SELECT {_COLUMNS} FROM normalizer.superseded e WHERE received_at <= {moment}"
        f" AND superseded_at > {moment} AND NOT EXISTS (SELECT FROM normalizer.superseded s WHERE s.id = e.id"
        f" AND s.version < e.version AND s.superseded_at > {moment})) AS known"
    )


def _row(record: Any) -> Row:
    return Row(
        id=record["id"],
        device_connection_id=record["device_connection_id"],
        timestamp=record["ts"],
        received_at=record["received_at"],
        readings=record["readings"],
        meta=record["meta"],
        suspect=record["suspect"],
    )


async def select_page(
    conn: Connection,
    connection_ids: list[UUID],
    since: datetime,
    until: datetime,
    *,
    names: list[str],
    before: tuple[datetime, UUID] | None,
    limit: int,
    as_of: datetime | None = None,
) -> list[Row]:
    """Readings that have one of `names`, newest first, below the cursor `before` (time, id)."""
    at, id = before if before is not None else (until, UUID(int=(1 << 128) - 1))
    then = () if as_of is None else (as_of,)
    records = await conn.fetch(
        f"SELECT {_COLUMNS} FROM {_known_at('$8') if then else 'normalizer.device_data'}"
        " WHERE device_connection_id = ANY($1) AND ts >= $2 AND ts < $3 AND ts <= $4 AND (ts, id) < ($4, $5)"
        " AND readings ?| $6::text[] ORDER BY ts DESC, id DESC LIMIT $7",
        connection_ids,
        since,
        until,
        at,
        id,
        names,
        limit,
        *then,
    )
    return [_row(record) for record in records]


async def select_times(
    conn: Connection,
    connection_ids: list[UUID],
    since: datetime,
    until: datetime,
    *,
    names: list[str],
    limit: int,
    as_of: datetime | None = None,
) -> list[datetime]:
    """When the newest readings that have one of `names` were taken, newest first."""
    then = () if as_of is None else (as_of,)
    records = await conn.fetch(
        f"SELECT ts FROM {_known_at('$6') if then else 'normalizer.device_data'}"
        " WHERE device_connection_id = ANY($1) AND ts >= $2 AND ts < $3 AND readings ?| $4::text[]"
        " ORDER BY ts DESC LIMIT $5",
        connection_ids,
        since,
        until,
        names,
        limit,
        *then,
    )
    return [record[0] for record in records]


async def select_around(
    conn: Connection,
    connection_ids: list[UUID],
    stretches: list[tuple[datetime, datetime]],
    *,
    names: list[str],
    as_of: datetime | None = None,
) -> list[Row]:
    """Readings that have one of `names` in any of the stretches of time, which do not overlap."""
    if not stretches:
        return []
    then = () if as_of is None else (as_of,)
    records = await conn.fetch(
        f"SELECT k.* FROM unnest($2::timestamptz[], $3::timestamptz[]) AS r(since, until) CROSS JOIN LATERAL"
        f" (SELECT {_COLUMNS} FROM {_known_at('$7') if then else 'normalizer.device_data'}"
        " WHERE device_connection_id = ANY($1) AND ts >= r.since AND ts < r.until AND ts >= $5 AND ts < $6"
        " AND readings ?| $4::text[]) AS k",
        connection_ids,
        [since for since, _ in stretches],
        [until for _, until in stretches],
        names,
        min(since for since, _ in stretches),
        max(until for _, until in stretches),
        *then,
    )
    return [_row(record) for record in records]


async def stream_rows(
    conn: Connection, connection_id: UUID, since: datetime, until: datetime, names: list[str]
) -> AsyncIterator[Row]:
    """All readings of a range, oldest first, through a cursor: constant memory."""
    query = (
        f"SELECT {_COLUMNS} FROM normalizer.device_data"
        " WHERE device_connection_id = $1 AND ts >= $2 AND ts < $3 AND readings ?| $4::text[] ORDER BY ts, record_key"
    )
    async for record in conn.cursor(query, connection_id, since, until, names, prefetch=500):
        yield _row(record)


async def select_rollups(
    conn: Connection, connection_ids: list[UUID], metric: int, since: datetime, until: datetime
) -> list[Rollup]:
    """Hours of one metric, oldest first, summed over connections."""
    records = await conn.fetch(
        "SELECT t, min(min) AS min, max(max) AS max, sum(sum) AS sum, sum(n)::bigint AS n, sum(low)::bigint AS low,"
        " sum(high)::bigint AS high FROM normalizer.data_rollups"
        " WHERE device_connection_id = ANY($1) AND metric = $2 AND t >= $3 AND t < $4 GROUP BY t ORDER BY t",
        connection_ids,
        metric,
        since,
        until,
    )
    return [Rollup(**dict(record)) for record in records]


async def select_values(
    conn: Connection, connection_ids: list[UUID], path: list[str], since: datetime, until: datetime
) -> list[tuple[datetime, float | None, str | None]]:
    """Times, values and glucose markers of one metric, from the rows. A marker may stand where the glucose would."""
    names = [path[0], "glucose_out_of_range"] if path == ["glucose_mg_dL"] else [path[0]]
    records = await conn.fetch(
        "SELECT ts, CASE WHEN jsonb_typeof(readings #> $2::text[]) = 'number' THEN (readings #>> $2::text[])::float8 END AS value,"
        " readings->>'glucose_out_of_range' AS marker FROM normalizer.device_data"
        " WHERE device_connection_id = ANY($1) AND ts >= $3 AND ts < $4 AND NOT suspect AND readings ?| $5::text[] ORDER BY ts",
        connection_ids,
        path,
        since,
        until,
        names,
    )
    return [(record["ts"], record["value"], record["marker"]) for record in records]


async def select_newest_hours(
    conn: Connection, connection_ids: list[UUID], metrics: list[int]
) -> list[tuple[UUID, int, datetime]]:
    """For each connection and metric the newest hour that has a value: one index step each."""
    records = await conn.fetch(
        "SELECT c.id AS connection, m.id AS metric, r.t FROM unnest($1::uuid[]) AS c(id)"
        " CROSS JOIN unnest($2::smallint[]) AS m(id)"
        " CROSS JOIN LATERAL (SELECT t FROM normalizer.data_rollups WHERE device_connection_id = c.id AND metric = m.id"
        " ORDER BY t DESC LIMIT 1) AS r",
        connection_ids,
        metrics,
    )
    return [(record["connection"], record["metric"], record["t"]) for record in records]


async def select_hour_rows(conn: Connection, connection_id: UUID, t: datetime) -> list[Row]:
    """The readings of one hour that count, newest first."""
    records = await conn.fetch(
        f"SELECT {_COLUMNS} FROM normalizer.device_data"
        " WHERE device_connection_id = $1 AND ts >= $2 AND ts < $3 AND NOT suspect ORDER BY ts DESC, id DESC",
        connection_id,
        t,
        t + timedelta(hours=1),
    )
    return [_row(record) for record in records]


async def count_since(
    conn: Connection, connection_ids: list[UUID], since: datetime, until: datetime
) -> dict[UUID, int]:
    """How many readings each connection brought, of those that brought any."""
    records = await conn.fetch(
        "SELECT device_connection_id, count(*) FROM normalizer.device_data"
        " WHERE device_connection_id = ANY($1) AND ts >= $2 AND ts < $3 GROUP BY device_connection_id",
        connection_ids,
        since,
        until,
    )
    return {record[0]: record[1] for record in records}


async def select_ambiguous(
    conn: Connection,
    connection_ids: list[UUID],
    since: datetime,
    until: datetime,
    *,
    before: tuple[datetime, UUID] | None,
    limit: int,
) -> list[Row]:
    """Readings of an unknown person, newest first, below the cursor."""
    at, id = before if before is not None else (until, UUID(int=(1 << 128) - 1))
    records = await conn.fetch(
        f"SELECT {_COLUMNS} FROM normalizer.device_data"
        " WHERE device_connection_id = ANY($1) AND ts >= $2 AND ts < $3 AND ts <= $4 AND (ts, id) < ($4, $5)"
        " AND suspect AND meta @> '{\"ambiguous_user\": true}' ORDER BY ts DESC, id DESC LIMIT $6",
        connection_ids,
        since,
        until,
        at,
        id,
        limit,
    )
    return [_row(record) for record in records]
