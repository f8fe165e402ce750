"""Syncs that a person can watch: imports in windows. A position moves only over what is in the stream."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec

from chassis.db import Connection as Conn
from proto.events import SyncFault
from proto.words import SyncState

_COLUMNS = (
    "id, account_id, patient_id, device_connection_id, reason, state, since, until, position, window_days,"
    " published, stored, duplicates, rejected, settled, errors, created_at, finished_at"
)
ERRORS_MAX = 20


class JobRow(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    account_id: UUID
    patient_id: UUID
    device_connection_id: UUID
    reason: str
    state: SyncState
    since: datetime
    until: datetime
    position: datetime
    window_days: int
    published: int
    stored: int
    duplicates: int
    rejected: int
    settled: int
    errors: list[SyncFault]
    created_at: datetime
    finished_at: datetime | None


def _job(record: asyncpg.Record) -> JobRow:
    values = dict(record)
    values["errors"] = msgspec.json.decode(values["errors"], type=list[SyncFault])
    return JobRow(**values)


async def insert_job(conn: Conn, job: JobRow) -> None:
    await conn.execute(
        "INSERT INTO sync.sync_jobs (id, account_id, patient_id, device_connection_id, reason, state, since, until,"
        " position, window_days, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        job.id, job.account_id, job.patient_id, job.device_connection_id, job.reason, job.state, job.since,
        job.until, job.position, job.window_days, job.created_at,
    )  # fmt: skip


async def select_job(conn: Conn, id: UUID, *, lock: bool = False) -> JobRow | None:
    row = await conn.fetchrow(
        f"SELECT {_COLUMNS} FROM sync.sync_jobs WHERE id = $1{' FOR UPDATE' if lock else ''}", id
    )
    return None if row is None else _job(row)


async def select_open(conn: Conn, account_id: UUID) -> list[JobRow]:
    """Those that still have something to ask for, in the order in which they were asked for."""
    rows = await conn.fetch(
        f"SELECT {_COLUMNS} FROM sync.sync_jobs WHERE account_id = $1 AND state IN ('queued', 'running')"
        " AND position > since ORDER BY created_at",
        account_id,
    )
    return [_job(row) for row in rows]


async def select_latest(conn: Conn, patient_id: UUID) -> dict[UUID, JobRow]:
    """The newest job of each account of a patient."""
    rows = await conn.fetch(
        f"SELECT DISTINCT ON (account_id) {_COLUMNS} FROM sync.sync_jobs WHERE patient_id = $1"
        " ORDER BY account_id, created_at DESC",
        patient_id,
    )
    return {row["account_id"]: _job(row) for row in rows}


async def count_since(conn: Conn, connection_id: UUID, since: datetime) -> int:
    """How many syncs a person asked for since then."""
    found: int = await conn.fetchval(
        "SELECT count(*) FROM sync.sync_jobs WHERE device_connection_id = $1 AND created_at > $2 AND reason = 'asked'",
        connection_id,
        since,
    )
    return found


async def advance(
    conn: Conn, job: JobRow, *, position: datetime, published: int, rejected: int, errors: list[SyncFault]
) -> JobRow | None:
    """Over a window that is in the stream. The caller holds the account's fence."""
    kept = [*job.errors, *(error for error in errors if error not in job.errors)][:ERRORS_MAX]
    row = await conn.fetchrow(
        "UPDATE sync.sync_jobs SET state = 'running', position = $2, published = published + $3,"
        f" rejected = rejected + $4, errors = $5 WHERE id = $1 AND position >= $2 RETURNING {_COLUMNS}",
        job.id,
        position,
        published,
        rejected,
        msgspec.json.encode(kept).decode(),
    )
    return None if row is None else _job(row)


async def add_settled(conn: Conn, id: UUID, stored: int, duplicates: int, rejected: int) -> JobRow | None:
    row = await conn.fetchrow(
        "UPDATE sync.sync_jobs SET stored = stored + $2, duplicates = duplicates + $3, rejected = rejected + $4,"
        f" settled = settled + $2 + $3 + $4 WHERE id = $1 RETURNING {_COLUMNS}",
        id,
        stored,
        duplicates,
        rejected,
    )
    return None if row is None else _job(row)


def is_over(job: JobRow) -> bool:
    """Everything was asked for, and what became of every reading is known."""
    return job.position <= job.since and job.settled >= job.published


async def finish(
    conn: Conn, id: UUID, state: SyncState, now: datetime, errors: list[SyncFault]
) -> JobRow | None:
    row = await conn.fetchrow(
        "UPDATE sync.sync_jobs SET state = $2, finished_at = $3, errors = $4"
        f" WHERE id = $1 AND finished_at IS NULL RETURNING {_COLUMNS}",
        id,
        state,
        now,
        msgspec.json.encode(errors[:ERRORS_MAX]).decode(),
    )
    return None if row is None else _job(row)


async def fail_open(conn: Conn, account_id: UUID, error: SyncFault, now: datetime) -> list[JobRow]:
    """Ends what can no longer come to an end: the grant is gone."""
    rows = await conn.fetch(
        "UPDATE sync.sync_jobs SET state = 'failed', finished_at = $3, errors = $2"
        f" WHERE account_id = $1 AND state IN ('queued', 'running') RETURNING {_COLUMNS}",
        account_id,
        msgspec.json.encode([error]).decode(),
        now,
    )
    return [_job(row) for row in rows]


async def select_begun(conn: Conn, account_id: UUID, connection_ids: Sequence[UUID]) -> set[UUID]:
    """Those of the connections whose history was asked for already."""
    rows = await conn.fetch(
        "SELECT id FROM unnest($2::uuid[]) AS wanted (id) WHERE EXISTS (SELECT FROM sync.sync_jobs"
        " WHERE account_id = $1 AND device_connection_id = wanted.id)",
        account_id,
        connection_ids,
    )
    return {row["id"] for row in rows}


async def select_importing(conn: Conn, account_id: UUID, since: datetime) -> UUID | None:
    """The newest job that was begun since then: what is pushed for it counts for it."""
    found: UUID | None = await conn.fetchval(
        "SELECT id FROM sync.sync_jobs WHERE account_id = $1 AND created_at > $2 ORDER BY created_at DESC LIMIT 1",
        account_id,
        since,
    )
    return found
