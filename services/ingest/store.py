"""All SQL of ingest: uploads."""

from datetime import datetime
from uuid import UUID

import msgspec

from chassis.db import Connection
from proto.words import UploadKind


class Upload(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    device_connection_id: UUID
    patient_id: UUID
    kind: UploadKind
    content_type: str
    size: int
    sha256: str
    object_url: str
    status: str
    expires_at: datetime


_COLUMNS = (
    "id, device_connection_id, patient_id, kind, content_type, size, sha256, object_url, status, expires_at"
)


async def is_verified_object(conn: Connection, connection_id: UUID, url: str) -> bool:
    return bool(
        await conn.fetchval(
            "SELECT EXISTS (SELECT FROM ingest.uploads"
            " WHERE object_url = $1 AND device_connection_id = $2 AND status = 'verified')",
            url,
            connection_id,
        )
    )


async def insert_upload(conn: Connection, upload: Upload) -> None:
    await conn.execute(
        f"INSERT INTO ingest.uploads ({_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        upload.id,
        upload.device_connection_id,
        upload.patient_id,
        upload.kind,
        upload.content_type,
        upload.size,
        upload.sha256,
        upload.object_url,
        upload.status,
        upload.expires_at,
    )


async def select_upload(conn: Connection, id: UUID, *, lock: bool = False) -> Upload | None:
    """One upload; `lock` makes two completions at once wait for each other."""
    row = await conn.fetchrow(
        f"SELECT {_COLUMNS} FROM ingest.uploads WHERE id = $1" + (" FOR UPDATE" if lock else ""),
        id,
    )
    return Upload(**dict(row)) if row else None


async def update_upload_status(conn: Connection, id: UUID, status: str, reason: str | None = None) -> None:
    await conn.execute(
        "UPDATE ingest.uploads SET status = $2, reason = $3,"
        " verified_at = CASE WHEN $2 = 'verified' THEN now() ELSE verified_at END WHERE id = $1",
        id,
        status,
        reason,
    )


async def select_abandoned(conn: Connection, before: datetime, limit: int = 100) -> list[UUID]:
    rows = await conn.fetch(
        "SELECT id FROM ingest.uploads WHERE status = 'waiting' AND expires_at < $1 LIMIT $2 FOR UPDATE SKIP LOCKED",
        before,
        limit,
    )
    return [row["id"] for row in rows]
