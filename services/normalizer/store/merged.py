"""Hours across connections: who told of them, in which version, and what was made of them. The caller commits."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import msgspec

from chassis.db import Connection
from services.normalizer.store.queries import Rollup

HOUR: Final = timedelta(hours=1)
BITS: Final = 63
"""Connections share the bits of a whole number, from the first again when there are more."""

# `xmin` is the transaction that wrote a row: the cheapest version that a rollup has, and none of it can be forgotten.
_TOLD: Final = f"""
SELECT t, bit_or(1::bigint << ((array_position($1, device_connection_id) - 1) % {BITS})) AS told_by,
    max(n + low + high) AS most,
    bit_xor(hashtextextended(xmin::text, array_position($1, device_connection_id) * 1000 + metric)) AS stamp,
    min(min) FILTER (WHERE metric = $2) AS min, max(max) FILTER (WHERE metric = $2) AS max,
    sum(sum) FILTER (WHERE metric = $2) AS sum, coalesce(sum(n) FILTER (WHERE metric = $2), 0)::bigint AS n,
    coalesce(sum(low) FILTER (WHERE metric = $2), 0)::bigint AS low,
    coalesce(sum(high) FILTER (WHERE metric = $2), 0)::bigint AS high
FROM normalizer.data_rollups
WHERE device_connection_id = ANY($1) AND metric = ANY($3::smallint[]) AND t >= $4 AND t < $5 GROUP BY t
"""
# An hour depends on those beside it. What was made of it stands as long as the stamp is the same.
_HOURS: Final = f"""
WITH told AS ({_TOLD}), near AS (
    SELECT t, most, told_by, min, max, sum, n, low, high, bit_or(told_by) OVER beside AS heard,
        bit_xor(hashint8extended(stamp, extract(epoch FROM t)::bigint)) OVER beside AS stamp
    FROM told WINDOW beside AS (ORDER BY t RANGE BETWEEN '1 hour' PRECEDING AND '1 hour' FOLLOWING)
)
SELECT near.t, made.t IS NOT NULL, heard, most * bit_count(told_by::bit(64)), near.stamp,
    CASE WHEN made.t IS NULL THEN near.min ELSE made.min END, CASE WHEN made.t IS NULL THEN near.max ELSE made.max END,
    CASE WHEN made.t IS NULL THEN near.sum ELSE made.sum END, coalesce(made.n, near.n), coalesce(made.low, near.low),
    coalesce(made.high, near.high)
FROM near LEFT JOIN normalizer.merged_hours AS made
    ON made.set_id = $6 AND made.metric = $2 AND made.t = near.t AND made.stamp = near.stamp
    AND made.t >= $4 AND made.t < $5
WHERE near.t >= $7 AND near.t < $8 ORDER BY near.t
"""


class Near(msgspec.Struct, frozen=True, gc=False):
    """An hour of several connections. `is_made`: made and kept, each measurement once; else all of it added up.

    `heard`: who told of it or of the hours beside it (bits). `crowd`: about how many readings it has.
    """

    is_made: bool
    heard: int
    crowd: int
    stamp: int
    rollup: Rollup


class Told(msgspec.Struct, frozen=True, gc=False):
    """An hour in which anybody told, and its version."""

    t: datetime
    stamp: int


async def select_hours(
    conn: Connection,
    set_id: UUID,
    connection_ids: list[UUID],
    metric: int,
    of_kind: list[int],
    since: datetime,
    until: datetime,
) -> list[Near]:
    """The hours in which any connection told of the kind, oldest first; the numbers are of the one metric."""
    records = await conn.fetch(
        _HOURS, connection_ids, metric, of_kind, since - HOUR, until + HOUR, set_id, since, until
    )
    return [
        Near(made, heard, crowd, stamp, _rollup(t, *numbers))
        for t, made, heard, crowd, stamp, *numbers in records
    ]


async def select_told(
    conn: Connection,
    connection_ids: list[UUID],
    metric: int,
    of_kind: list[int],
    since: datetime,
    until: datetime,
) -> list[Told]:
    """The hours in which any connection told of the kind, oldest first."""
    records = await conn.fetch(
        f"SELECT t, stamp FROM ({_TOLD}) AS told ORDER BY t", connection_ids, metric, of_kind, since, until
    )
    return [Told(record[0], record[1]) for record in records]


def _rollup(
    t: datetime, low: float | None, high: float | None, total: float | None, n: int, lows: int, highs: int
) -> Rollup:
    return Rollup(t=t, min=low, max=high, sum=total, n=n, low=lows, high=highs)


async def select_first(
    conn: Connection, connection_ids: list[UUID], metric: int, hours: list[datetime]
) -> list[Rollup]:
    """Of each hour what the first of the connections told of it."""
    records = await conn.fetch(
        "SELECT DISTINCT ON (t) t, min, max, sum, n, low, high FROM normalizer.data_rollups"
        " WHERE device_connection_id = ANY($1) AND metric = $2 AND t = ANY($3)"
        " ORDER BY t, array_position($1, device_connection_id)",
        connection_ids,
        metric,
        hours,
    )
    return [_rollup(*record) for record in records]


async def select_made(
    conn: Connection, set_id: UUID, metric: int, since: datetime, until: datetime
) -> dict[datetime, tuple[int, Rollup]]:
    """What was made of hours before, beside the stamp of what it was made of."""
    records = await conn.fetch(
        "SELECT t, stamp, min, max, sum, n, low, high FROM normalizer.merged_hours"
        " WHERE set_id = $1 AND metric = $2 AND t >= $3 AND t < $4",
        set_id,
        metric,
        since,
        until,
    )
    return {record[0]: (record[1], _rollup(record[0], *record[2:])) for record in records}


async def keep_made(
    conn: Connection,
    set_id: UUID,
    connection_ids: list[UUID],
    metric: int,
    hours: Iterable[Rollup],
    stamps: Mapping[datetime, int],
) -> None:
    """Keeps what was made of hours for whoever asks next."""
    made = sorted(hours, key=lambda hour: hour.t)
    await conn.execute(
        "INSERT INTO normalizer.merged_sets (id, connections) VALUES ($1, $2)"
        " ON CONFLICT (id) DO UPDATE SET used_at = now()",
        set_id,
        connection_ids,
    )
    await conn.execute(
        "INSERT INTO normalizer.merged_hours (set_id, metric, t, stamp, min, max, sum, n, low, high)"
        " SELECT $1, $2, * FROM unnest($3::timestamptz[], $4::bigint[], $5::float8[], $6::float8[], $7::float8[],"
        " $8::int[], $9::int[], $10::int[]) ON CONFLICT (set_id, metric, t) DO UPDATE SET stamp = excluded.stamp,"
        " min = excluded.min, max = excluded.max, sum = excluded.sum, n = excluded.n, low = excluded.low,"
        " high = excluded.high",
        set_id,
        metric,
        [hour.t for hour in made],
        [stamps[hour.t] for hour in made],
        [hour.min for hour in made],
        [hour.max for hour in made],
        [hour.sum for hour in made],
        [hour.n for hour in made],
        [hour.low for hour in made],
        [hour.high for hour in made],
    )


async def forget_unused(conn: Connection) -> None:
    await conn.execute("DELETE FROM normalizer.merged_sets WHERE used_at < now() - interval '40 days'")
