"""Writing readings: identity first, rows from what that returned, hours on top. The caller commits."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import msgspec

from chassis.db import Connection
from proto.raw import RawEmptied
from services.normalizer.domain import Candidate, Hour, HourKey
from services.normalizer.store import hours

# One statement a batch: what has an identity of its own gets its key row, and only what got one becomes a row. The
# hours go in with it when every reading was new, as nearly always; a round trip costs as much as some readings.
_STORE: Final = f"""
rk AS (
    INSERT INTO normalizer.record_keys (device_connection_id, record_key, id, ts, content, revision)
    SELECT connection, key, id, ts, content, revision FROM u WHERE given ORDER BY connection, key
    ON CONFLICT DO NOTHING RETURNING id
), d AS (
    INSERT INTO normalizer.device_data
        (id, device_connection_id, ts, received_at, record_key, content, revision, suspect, readings, meta)
    SELECT id, connection, ts, received_at, key, content, revision, suspect, readings::jsonb, meta::jsonb
    FROM u WHERE NOT given OR id IN (SELECT id FROM rk)
    ORDER BY connection, ts, key
    ON CONFLICT DO NOTHING RETURNING id
), hours AS (
    {hours.INSERT}
    WHERE (SELECT count(*) FROM d) = (SELECT count(*) FROM u)
    {hours.ADD}
)
SELECT id FROM d
"""

_INSERT: Final = f"""
WITH u AS MATERIALIZED (
    SELECT * FROM unnest($10::uuid[], $11::uuid[], $12::timestamptz[], $13::timestamptz[], $14::uuid[], $15::boolean[],
                         $16::uuid[], $17::bigint[], $18::boolean[], $19::text[], $20::text[])
        AS u(id, connection, ts, received_at, key, given, content, revision, suspect, readings, meta)
), {_STORE}
"""

BACKFILL: Final = 5000
"""From so many readings on, as an import brings them, they are copied into the server and merged from there."""
_INCOMING_COLUMNS: Final = (
    "id", "connection", "ts", "received_at", "key", "given", "content", "revision", "suspect", "readings", "meta",
)  # fmt: skip
_INCOMING: Final = (
    "CREATE TEMPORARY TABLE incoming (id uuid, connection uuid, ts timestamptz, received_at timestamptz, key uuid,"
    " given boolean, content uuid, revision bigint, suspect boolean, readings text, meta text) ON COMMIT DROP"
)
_MAY_COPY: Final = "SELECT has_database_privilege(current_database(), 'TEMPORARY')"
_MERGE: Final = f"WITH u AS MATERIALIZED (SELECT * FROM incoming), {_STORE}"

NOTHING: Final = UUID(int=0)
"""The content of a record that is not there."""


class Existing(msgspec.Struct, frozen=True, kw_only=True):
    """A reading that is stored already."""

    id: UUID
    ts: datetime
    content: UUID
    revision: int | None


async def insert_readings(
    conn: Connection, candidates: list[Candidate], added: dict[HourKey, Hour]
) -> set[UUID]:
    """Stores what is new; answers the ids that were stored. `added` are the hours that all of them make, added only if
    all were stored; otherwise nothing is added to any hour.
    """
    # PHI: values reach PostgreSQL here and in `amend`, and nowhere else.
    if len(candidates) < BACKFILL or not await conn.fetchval(_MAY_COPY):
        columns = zip(*map(_row, candidates), strict=True)
        rows = await conn.fetch(_INSERT, *hours.columns(added), *map(list, columns))
    else:
        await conn.execute(_INCOMING)
        await conn.copy_records_to_table("incoming", records=map(_row, candidates), columns=_INCOMING_COLUMNS)
        rows = await conn.fetch(_MERGE, *hours.columns(added))
    return {row["id"] for row in rows}


def _row(c: Candidate) -> tuple[Any, ...]:
    return (
        c.id, c.origin.connection.id, c.timestamp, c.received_at, c.key, c.given, c.content, c.revision, c.suspect,
        c.readings.decode(), c.meta.decode(),
    )  # fmt: skip


async def select_existing(conn: Connection, candidates: list[Candidate]) -> dict[tuple[UUID, UUID], Existing]:
    """What is stored under the identities of these, locked; by connection and key."""
    given = [c for c in candidates if c.given]
    plain = [c for c in candidates if not c.given]
    found: dict[tuple[UUID, UUID], Existing] = {}
    if given:
        rows = await conn.fetch(
            "SELECT k.device_connection_id, k.record_key, k.id, k.ts, k.content, k.revision"
            " FROM normalizer.record_keys k JOIN unnest($1::uuid[], $2::uuid[]) AS u(connection, key)"
            " ON k.device_connection_id = u.connection AND k.record_key = u.key"
            " ORDER BY k.device_connection_id, k.record_key FOR UPDATE OF k",
            [c.origin.connection.id for c in given],
            [c.key for c in given],
        )
        found.update(_existing(row) for row in rows)
    if plain:
        rows = await conn.fetch(
            "SELECT d.device_connection_id, d.record_key, d.id, d.ts, d.content, d.revision"
            " FROM normalizer.device_data d JOIN unnest($1::uuid[], $2::timestamptz[], $3::uuid[]) AS u(connection, ts, key)"
            " ON d.device_connection_id = u.connection AND d.ts = u.ts AND d.record_key = u.key"
            " WHERE d.ts >= $4 AND d.ts <= $5",
            [c.origin.connection.id for c in plain],
            [c.timestamp for c in plain],
            [c.key for c in plain],
            min(c.timestamp for c in plain),
            max(c.timestamp for c in plain),
        )
        found.update(_existing(row) for row in rows)
    return found


def _existing(row: Any) -> tuple[tuple[UUID, UUID], Existing]:
    key = (row["device_connection_id"], row["record_key"])
    return key, Existing(id=row["id"], ts=row["ts"], content=row["content"], revision=row["revision"])


async def select_echo(
    conn: Connection, connection_id: UUID, content: UUID, at: datetime, within: timedelta
) -> Existing | None:
    """A reading of the same octets whose receipt lies within the window: the same measurement, sent again."""
    row = await conn.fetchrow(
        "SELECT id, ts, content, revision FROM normalizer.device_data"
        " WHERE device_connection_id = $1 AND ts >= $2 AND ts <= $3 AND content = $4 ORDER BY ts LIMIT 1",
        connection_id,
        at - within,
        at + within,
        content,
    )
    return (
        Existing(id=row["id"], ts=row["ts"], content=row["content"], revision=row["revision"])
        if row
        else None
    )


async def amend(conn: Connection, old: Existing, new: Candidate) -> None:
    """Keeps the old version aside, dated, and puts the new content under the same id and key."""
    connection_id = new.origin.connection.id
    await supersede(conn, connection_id, old, "amended")
    await conn.execute(
        "INSERT INTO normalizer.device_data (id, device_connection_id, ts, received_at, record_key, content, revision,"
        " version, suspect, readings, meta)"
        " SELECT $1, $2, $3, $4, $5, $6, $7, max(version) + 1, $8, $9::jsonb, $10::jsonb"
        " FROM normalizer.superseded WHERE id = $1",
        old.id,
        connection_id,
        new.timestamp,
        new.received_at,
        new.key,
        new.content,
        new.revision,
        new.suspect,
        new.readings.decode(),
        new.meta.decode(),
    )
    await conn.execute(
        "UPDATE normalizer.record_keys SET ts = $3, content = $4, revision = $5"
        " WHERE device_connection_id = $1 AND record_key = $2",
        connection_id,
        new.key,
        new.timestamp,
        new.content,
        new.revision,
    )


async def select_by_record_ids(
    conn: Connection, connection_id: UUID, record_ids: Iterable[str]
) -> list[Existing]:
    """The rows of a vendor's records and of their parts. Walks over the connection's rows: deletions are rare."""
    rows = await conn.fetch(
        "SELECT id, ts, content, revision FROM normalizer.device_data WHERE device_connection_id = $1"
        " AND split_part(meta->>'vendor_record_id', '#', 1) = ANY($2::text[])",
        connection_id,
        sorted(record_ids),
    )
    return [Existing(**dict(row)) for row in rows]


async def select_not_kept(conn: Connection, emptied: RawEmptied) -> list[Existing]:
    """What a vendor no longer has of a metric in a stretch of time. What was read of it later stays."""
    rows = await conn.fetch(
        "SELECT id, ts, content, revision FROM normalizer.device_data WHERE device_connection_id = $1"
        " AND ts >= $2 AND ts < $3 AND readings ? $4 AND meta->>'vendor' = $5"
        " AND NOT split_part(meta->>'vendor_record_id', '#', 1) = ANY($6::text[]) AND coalesce(revision, 0) <= $7",
        emptied.connection_id,
        emptied.since,
        emptied.until,
        emptied.metric,
        emptied.vendor,
        emptied.kept,
        int(emptied.received_at.timestamp() * 1000),
    )
    return [Existing(**dict(row)) for row in rows]


async def supersede(conn: Connection, connection_id: UUID, old: Existing, reason: str) -> None:
    """Moves a row out of the record into its history."""
    await conn.execute(
        "WITH gone AS (DELETE FROM normalizer.device_data WHERE device_connection_id = $1 AND ts = $2 AND id = $3 RETURNING *)"
        " INSERT INTO normalizer.superseded (id, device_connection_id, ts, received_at, record_key, content, revision,"
        " version, suspect, readings, meta, reason)"
        " SELECT id, device_connection_id, ts, received_at, record_key, content, revision, version, suspect, readings,"
        " meta, $4 FROM gone",
        connection_id,
        old.ts,
        old.id,
        reason,
    )


async def date_deletion(conn: Connection, connection_id: UUID, ids: list[UUID], at: datetime) -> None:
    """What is older than the deletion stays away, in whatever order it comes; what its source has again later may come."""
    await conn.execute(
        "UPDATE normalizer.record_keys SET content = $3, revision = greatest(coalesce(revision, 0), $4)"
        " WHERE device_connection_id = $1 AND id = ANY($2::uuid[])",
        connection_id,
        ids,
        NOTHING,
        int(at.timestamp() * 1000),
    )


async def select_by_sequence(
    conn: Connection, connection_id: UUID, sequence: int, since: datetime, until: datetime
) -> Any | None:
    """The newest stored measurement of a glucose meter with this sequence number."""
    return await conn.fetchrow(
        "SELECT id, ts, content, revision, record_key, readings, meta FROM normalizer.device_data"
        " WHERE device_connection_id = $1 AND ts >= $3 AND ts <= $4 AND (meta->>'sequence')::bigint = $2"
        " ORDER BY received_at DESC LIMIT 1",
        connection_id,
        sequence,
        since,
        until,
    )


async def update_meta(
    conn: Connection, connection_id: UUID, ts: datetime, id: UUID, added: dict[str, Any]
) -> None:
    """Adds to what is said about a reading; its content stays as it is."""
    await conn.execute(
        "UPDATE normalizer.device_data SET meta = meta || $4::jsonb"
        " WHERE device_connection_id = $1 AND ts = $2 AND id = $3",
        connection_id,
        ts,
        id,
        msgspec.json.encode(added).decode(),
    )


async def ensure_partition(conn: Connection, at: datetime) -> None:
    await conn.execute("SELECT normalizer.ensure_partition($1)", at)


async def upsert_sessions(conn: Connection, sessions: dict[UUID, datetime]) -> None:
    """When CGM sessions began."""
    await conn.execute(
        "INSERT INTO normalizer.cgm_sessions (device_connection_id, started_at)"
        " SELECT * FROM unnest($1::uuid[], $2::timestamptz[])"
        " ON CONFLICT (device_connection_id) DO UPDATE SET started_at = excluded.started_at",
        list(sessions),
        list(sessions.values()),
    )


async def select_sessions(conn: Connection) -> dict[UUID, datetime]:
    rows = await conn.fetch("SELECT device_connection_id, started_at FROM normalizer.cgm_sessions")
    return {row["device_connection_id"]: row["started_at"] for row in rows}


async def delete_everything(conn: Connection, connection_id: UUID) -> int:
    """Erases a device's record, history included; answers how many readings went."""
    gone = await conn.fetchval(
        "WITH gone AS (DELETE FROM normalizer.device_data WHERE device_connection_id = $1 RETURNING 1)"
        " SELECT count(*) FROM gone",
        connection_id,
    )
    for table in ("record_keys", "superseded", "data_rollups", "dead_letters", "cgm_sessions"):
        await conn.execute(f"DELETE FROM normalizer.{table} WHERE device_connection_id = $1", connection_id)
    await conn.execute(
        "DELETE FROM normalizer.merged_sets WHERE connections @> ARRAY[$1::uuid]", connection_id
    )
    return int(gone)
