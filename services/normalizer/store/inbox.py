"""Readings of an unknown person: found, given to the patient, or put aside. The caller commits."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from chassis.db import Connection

NEVER_AGAIN: Final = (1 << 63) - 1
"""A revision that no later version exceeds."""


async def lock_ambiguous(
    conn: Connection, connection_ids: list[UUID], id: UUID, since: datetime, until: datetime
) -> Any | None:
    """The reading, if it still waits for somebody, locked."""
    return await conn.fetchrow(
        "SELECT id, device_connection_id, ts, received_at, record_key, content, revision, readings, meta"
        " FROM normalizer.device_data WHERE device_connection_id = ANY($1) AND ts >= $3 AND ts < $4"
        " AND suspect AND id = $2 AND meta @> '{\"ambiguous_user\": true}' FOR UPDATE",
        connection_ids,
        id,
        since,
        until,
    )


async def insert_known(conn: Connection, id: UUID) -> Any:
    """Puts the newest earlier version back as the next one, now of a known person."""
    return await conn.fetchrow(
        "INSERT INTO normalizer.device_data (id, device_connection_id, ts, received_at, record_key, content, revision,"
        " version, suspect, readings, meta)"
        " SELECT id, device_connection_id, ts, received_at, record_key, content, revision, version + 1,"
        " meta @> '{\"clock_suspect\": true}', readings, meta - 'ambiguous_user'"
        " FROM normalizer.superseded WHERE id = $1 ORDER BY version DESC LIMIT 1 RETURNING suspect, meta",
        id,
    )


async def close_key(conn: Connection, connection_id: UUID, key: UUID) -> None:
    """Whatever comes under this identity later is a stale version."""
    await conn.execute(
        "UPDATE normalizer.record_keys SET revision = $3 WHERE device_connection_id = $1 AND record_key = $2",
        connection_id,
        key,
        NEVER_AGAIN,
    )
