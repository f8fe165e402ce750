"""Files that are read into readings: claimed under a lease, written under its fence, until the file is deleted."""

from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec

from chassis.db import Connection as Conn
from proto.events import SyncFault, VerifiedUpload
from proto.words import SyncState

_COLUMNS = (
    "upload_id, device_connection_id, patient_id, vendor, object_url, size, state, done, is_read, published, refused,"
    " stored, duplicates, rejected, settled, errors, tries, fence"
)


class ImportRow(msgspec.Struct, frozen=True, kw_only=True):
    upload_id: UUID
    device_connection_id: UUID
    patient_id: UUID
    vendor: str
    object_url: str | None
    size: int
    state: SyncState
    done: int
    is_read: bool
    published: int
    refused: int
    stored: int
    duplicates: int
    rejected: int
    settled: int
    errors: list[SyncFault]
    tries: int
    fence: int


def _row(record: asyncpg.Record | None) -> ImportRow | None:
    if record is None:
        return None
    values = dict(record)
    values["errors"] = msgspec.json.decode(values["errors"], type=list[SyncFault])
    return ImportRow(**values)


async def insert_import(conn: Conn, upload: VerifiedUpload, vendor: str, now: datetime) -> ImportRow | None:
    """None: it is known."""
    return _row(
        await conn.fetchrow(
            "INSERT INTO sync.imports (upload_id, device_connection_id, patient_id, vendor, object_url, size, state,"
            f" created_at) VALUES ($1, $2, $3, $4, $5, $6, 'queued', $7) ON CONFLICT DO NOTHING RETURNING {_COLUMNS}",
            upload.upload_id, upload.device_connection_id, upload.patient_id, vendor, upload.object_url, upload.size,
            now,
        )
    )  # fmt: skip


async def select_import(conn: Conn, upload_id: UUID) -> ImportRow | None:
    return _row(await conn.fetchrow(f"SELECT {_COLUMNS} FROM sync.imports WHERE upload_id = $1", upload_id))


async def claim(conn: Conn, now: datetime, lease_until: datetime) -> ImportRow | None:
    """Takes the oldest whose file is still there and that nobody holds, or None. One that was begun begins anew."""
    return _row(
        await conn.fetchrow(
            "UPDATE sync.imports SET lease_until = $2, fence = fence + 1, tries = tries + 1,"
            " state = CASE WHEN state = 'queued' THEN 'running' ELSE state END,"
            " refused = CASE WHEN is_read OR state = 'failed' THEN refused ELSE 0 END WHERE upload_id = ("
            " SELECT upload_id FROM sync.imports WHERE object_url IS NOT NULL"
            " AND (lease_until IS NULL OR lease_until < $1) ORDER BY created_at LIMIT 1 FOR UPDATE SKIP LOCKED)"
            f" RETURNING {_COLUMNS}",
            now,
            lease_until,
        )
    )


async def renew(conn: Conn, work: ImportRow, lease_until: datetime) -> bool:
    """False: the lease ended and somebody else has it."""
    done = await conn.execute(
        "UPDATE sync.imports SET lease_until = $3 WHERE upload_id = $1 AND fence = $2",
        work.upload_id,
        work.fence,
        lease_until,
    )
    return str(done).endswith(" 1")


async def postpone(conn: Conn, work: ImportRow, until: datetime) -> None:
    """Lets go of it until then: something that it needs is away. A renewal that comes late does not hold it again."""
    await conn.execute(
        "UPDATE sync.imports SET lease_until = $3, tries = 0, fence = fence + 1 WHERE upload_id = $1 AND fence = $2",
        work.upload_id,
        work.fence,
        until,
    )


async def advance(
    conn: Conn, work: ImportRow, *, done: int, published: int, refused: int, errors: list[SyncFault]
) -> ImportRow | None:
    """`published` and `refused` since the last time; they are in the stream. None: the fence has moved on."""
    return _row(
        await conn.fetchrow(
            "UPDATE sync.imports SET done = greatest(done, $3), published = published + $4, refused = refused + $5,"
            f" errors = $6 WHERE upload_id = $1 AND fence = $2 RETURNING {_COLUMNS}",
            work.upload_id,
            work.fence,
            done,
            published,
            refused,
            msgspec.json.encode(errors).decode(),
        )
    )


async def mark_read(conn: Conn, work: ImportRow) -> ImportRow | None:
    """Everything of it is in the stream."""
    return _row(
        await conn.fetchrow(
            "UPDATE sync.imports SET is_read = true, done = size WHERE upload_id = $1 AND fence = $2"
            f" RETURNING {_COLUMNS}",
            work.upload_id,
            work.fence,
        )
    )


async def fail(conn: Conn, work: ImportRow, error: SyncFault, now: datetime) -> ImportRow | None:
    """It will not be read further; what came before stands. None: the fence has moved on."""
    return _row(
        await conn.fetchrow(
            "UPDATE sync.imports SET state = 'failed', errors = $3, finished_at = $4 WHERE upload_id = $1"
            f" AND fence = $2 RETURNING {_COLUMNS}",
            work.upload_id,
            work.fence,
            msgspec.json.encode([error]).decode(),
            now,
        )
    )


async def add_settled(
    conn: Conn, upload_id: UUID, stored: int, duplicates: int, rejected: int
) -> ImportRow | None:
    """None: this is no import."""
    return _row(
        await conn.fetchrow(
            "UPDATE sync.imports SET stored = stored + $2, duplicates = duplicates + $3, rejected = rejected + $4,"
            f" settled = settled + $2 + $3 + $4 WHERE upload_id = $1 RETURNING {_COLUMNS}",
            upload_id,
            stored,
            duplicates,
            rejected,
        )
    )


async def finish_if_over(conn: Conn, upload_id: UUID, now: datetime) -> ImportRow | None:
    """Everything was read, and what became of every reading is known. None: not yet, or long since."""
    return _row(
        await conn.fetchrow(
            "UPDATE sync.imports SET state = 'done', finished_at = $2 WHERE upload_id = $1 AND state = 'running'"
            f" AND is_read AND settled >= published RETURNING {_COLUMNS}",
            upload_id,
            now,
        )
    )


async def forget_file(conn: Conn, work: ImportRow) -> None:
    """The file is deleted: nothing is left to do."""
    await conn.execute(
        "UPDATE sync.imports SET object_url = NULL, lease_until = NULL WHERE upload_id = $1 AND fence = $2",
        work.upload_id,
        work.fence,
    )
