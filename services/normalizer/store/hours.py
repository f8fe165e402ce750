"""Hours: what the readings of a connection come to, metric by metric. The caller commits.

Who stores a reading adds to its hours, which waits for nobody but those who make the same hours anew. Who takes one away
makes its hours anew, and first holds every row of theirs: an hour that is made of the rows while somebody adds to it
would lose or double what is added.
"""

from collections.abc import Iterable, Set
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import msgspec

from chassis.db import Connection
from services.normalizer.domain import Hour, HourKey, cells_of, roll_up

ADD: Final = """
ON CONFLICT (device_connection_id, metric, t) DO UPDATE SET
    min = least(r.min, excluded.min), max = greatest(r.max, excluded.max),
    sum = coalesce(r.sum + excluded.sum, r.sum, excluded.sum),
    n = r.n + excluded.n, low = r.low + excluded.low, high = r.high + excluded.high
"""
_U: Final = (
    "unnest($1::uuid[], $2::smallint[], $3::timestamptz[], $4::float8[], $5::float8[], $6::float8[],"
    " $7::int[], $8::int[], $9::int[])"
)
INSERT: Final = (
    "INSERT INTO normalizer.data_rollups AS r (device_connection_id, metric, t, min, max, sum, n, low, high)"
    f" SELECT * FROM {_U}"
)
_KEYS: Final = "unnest($1::uuid[], $2::smallint[], $3::timestamptz[]) AS u(device_connection_id, metric, t)"
_PUT: Final = (
    "UPDATE normalizer.data_rollups AS r SET"
    " min = u.min, max = u.max, sum = u.sum, n = u.n, low = u.low, high = u.high"
    f" FROM {_U} AS u(device_connection_id, metric, t, min, max, sum, n, low, high)"
    " WHERE (r.device_connection_id, r.metric, r.t) = (u.device_connection_id, u.metric, u.t)"
)
_MAKE_EMPTY: Final = (
    "INSERT INTO normalizer.data_rollups (device_connection_id, metric, t, n)"
    f" SELECT *, 0 FROM {_KEYS} ON CONFLICT DO NOTHING"
)
_LOCK: Final = (
    "SELECT r.device_connection_id, r.metric, r.t FROM normalizer.data_rollups AS r"
    " JOIN unnest($1::uuid[], $2::timestamptz[]) AS u(device_connection_id, t) USING (device_connection_id, t)"
    " ORDER BY 1, 2, 3 FOR UPDATE OF r"
)
_DELETE: Final = (
    f"DELETE FROM normalizer.data_rollups AS r USING {_KEYS}"
    " WHERE (r.device_connection_id, r.metric, r.t) = (u.device_connection_id, u.metric, u.t)"
)

Place = tuple[UUID, datetime]
"""An hour of a connection, with all its metrics."""


async def take_turns(conn: Connection, connection_ids: Set[UUID]) -> None:
    """Until the commit nobody else revises these connections: two that each add here and hold there would stop each other."""
    keys = sorted(int.from_bytes(id.bytes[8:], signed=True) for id in connection_ids)
    await conn.execute("SELECT pg_advisory_xact_lock(key) FROM unnest($1::bigint[]) AS key", keys)


async def add(conn: Connection, hours: dict[HourKey, Hour]) -> None:
    """Adds to what is there."""
    if hours:
        await conn.execute(INSERT + ADD, *columns(hours))


def columns(hours: dict[HourKey, Hour]) -> tuple[list[Any], ...]:
    """In the order of their key, so that two batches cannot deadlock."""
    ordered = sorted(hours.items(), key=lambda pair: _order(pair[0]))
    return (
        *_key_columns(key for key, _ in ordered),
        [hour.min for _, hour in ordered],
        [hour.max for _, hour in ordered],
        [hour.sum for _, hour in ordered],
        [hour.n for _, hour in ordered],
        [hour.low for _, hour in ordered],
        [hour.high for _, hour in ordered],
    )


def _order(key: HourKey) -> tuple[int, int, datetime]:
    return key[0].int, key[1], key[2]


def _key_columns(keys: Iterable[HourKey]) -> tuple[list[Any], list[Any], list[Any]]:
    ordered = sorted(keys, key=_order)
    return [key[0] for key in ordered], [key[1] for key in ordered], [key[2] for key in ordered]


async def hold(conn: Connection, places: Set[Place], coming: Set[HourKey] = frozenset()) -> set[HourKey]:
    """Holds these hours until the commit: nobody adds to them, and what others have added is to be seen.

    `coming`: what will be in them and may not be there yet; it cannot be held before it is a row. Answers what is held,
    which is what `make_anew` may touch: a metric that somebody brings into the hour meanwhile is theirs.
    """
    while True:
        if coming:
            await conn.execute(_MAKE_EMPTY, *_key_columns(coming))
        rows = await conn.fetch(_LOCK, [place[0] for place in places], [place[1] for place in places])
        held = {(row[0], row[1], row[2]) for row in rows}
        if coming <= held:
            return held  # otherwise whoever held it before has emptied it


async def make_anew(conn: Connection, held: Set[HourKey]) -> None:
    """Makes what is held of the readings that count: minimum and maximum cannot be taken back by arithmetic."""
    made: dict[HourKey, Hour] = {}
    for connection_id, t in sorted(
        {(key[0], key[2]) for key in held}, key=lambda place: (place[0].int, place[1])
    ):
        rows = await conn.fetch(
            "SELECT ts, readings FROM normalizer.device_data"
            " WHERE device_connection_id = $1 AND ts >= $2 AND ts < $3 AND NOT suspect ORDER BY ts, record_key",
            connection_id,
            t,
            t + timedelta(hours=1),
        )
        cells = ((connection_id, row["ts"], cells_of(msgspec.json.decode(row["readings"]))) for row in rows)
        made |= {key: hour for key, hour in roll_up(cells).items() if key in held}
    if made:
        await conn.execute(_PUT, *columns(made))
    if gone := held - made.keys():
        await conn.execute(_DELETE, *_key_columns(gone))
