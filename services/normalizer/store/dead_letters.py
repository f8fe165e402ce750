"""What was given up, sealed: kept for 30 days, shown by ids and codes, and played again when its cause is gone."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec

from chassis.db import Connection


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """Without its payload. `device_connection_id` is null for a whole group that could not be read."""

    id: UUID
    at: datetime
    consumer: str
    stream: str
    sequence: int
    code: str
    field: str | None
    device_connection_id: UUID | None
    patient_id: UUID | None
    replayed_at: datetime | None


_COLUMNS = ", ".join(Letter.__struct_fields__)


async def insert_dead_letters(
    conn: Connection,
    rows: Sequence[tuple[UUID, str, str, int, UUID | None, UUID | None, str, str | None, bytes]],
) -> None:
    """Rows: id, consumer, stream, sequence, connection, patient, code, field, sealed payload."""
    await conn.executemany(
        "INSERT INTO normalizer.dead_letters (id, consumer, stream, sequence, device_connection_id, patient_id, code,"
        " field, payload_sealed) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        rows,
    )


async def select_letters(
    conn: "asyncpg.Connection[asyncpg.Record]", code: str | None, *, waiting: bool, limit: int = 1000
) -> list[Letter]:
    """Newest first; `waiting`: only those that were not played again."""
    rows = await conn.fetch(
        f"SELECT {_COLUMNS} FROM normalizer.dead_letters WHERE ($1::text IS NULL OR code = $1)"
        " AND (NOT $2 OR replayed_at IS NULL) ORDER BY at DESC, id DESC LIMIT $3",
        code,
        waiting,
        limit,
    )
    return [Letter(**dict(row)) for row in rows]


async def select_letter(conn: "asyncpg.Connection[asyncpg.Record]", id: UUID) -> tuple[Letter, bytes] | None:
    """With its sealed payload."""
    row = await conn.fetchrow(
        f"SELECT {_COLUMNS}, payload_sealed FROM normalizer.dead_letters WHERE id = $1", id
    )
    if row is None:
        return None
    values = dict(row)
    sealed = bytes(values.pop("payload_sealed"))
    return Letter(**values), sealed


async def mark_replayed(conn: "asyncpg.Connection[asyncpg.Record]", id: UUID) -> None:
    await conn.execute("UPDATE normalizer.dead_letters SET replayed_at = now() WHERE id = $1", id)


async def delete_old(conn: Connection) -> None:
    await conn.execute("DELETE FROM normalizer.dead_letters WHERE at < now() - interval '30 days'")
