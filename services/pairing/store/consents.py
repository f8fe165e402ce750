"""Consents: appended; what was agreed to is never edited. At most one is active for a connection."""

from datetime import datetime
from uuid import UUID

import asyncpg

from chassis.db import Connection as Conn
from proto.resources import Consent

_COLUMNS = "id, device_connection_id, version, text_sha256, data_kinds, locale, given_at, revoked_at"


def _row(record: asyncpg.Record) -> Consent:
    return Consent(**record)


async def insert_consent(conn: Conn, consent: Consent, *, patient_id: UUID, actor_id: UUID) -> None:
    """The active one, if any, must have been revoked before."""
    await conn.execute(
        f"INSERT INTO pairing.consents ({_COLUMNS}, patient_id, actor_id)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        consent.id,
        consent.device_connection_id,
        consent.version,
        consent.text_sha256,
        consent.data_kinds,
        consent.locale,
        consent.given_at,
        consent.revoked_at,
        patient_id,
        actor_id,
    )


async def select_consent(conn: Conn, id: UUID) -> tuple[Consent, UUID] | None:
    """A consent and whose it is."""
    row = await conn.fetchrow(
        f"SELECT {_COLUMNS}, patient_id FROM pairing.consents WHERE id = $1",
        id,
    )
    if row is None:
        return None
    values = dict(row)
    patient_id: UUID = values.pop("patient_id")
    return Consent(**values), patient_id


async def select_consents(
    conn: Conn, patient_id: UUID, connection_id: UUID | None, *, before: UUID | None, limit: int
) -> list[Consent]:
    """A patient's, newest first; revoked ones too: they are the history."""
    rows = await conn.fetch(
        f"SELECT {_COLUMNS} FROM pairing.consents WHERE patient_id = $1"
        " AND ($2::uuid IS NULL OR device_connection_id = $2) AND ($3::uuid IS NULL OR id < $3)"
        " ORDER BY id DESC LIMIT $4",
        patient_id,
        connection_id,
        before,
        limit,
    )
    return [_row(row) for row in rows]


async def revoke_active(conn: Conn, connection_id: UUID, now: datetime) -> UUID | None:
    """Ends the active consent of a connection; answers its id, or None when there was none."""
    id: UUID | None = await conn.fetchval(
        "UPDATE pairing.consents SET revoked_at = $2"
        " WHERE device_connection_id = $1 AND revoked_at IS NULL RETURNING id",
        connection_id,
        now,
    )
    return id


async def move_consents(conn: Conn, source: UUID, target: UUID) -> None:
    """The consents of a connection that goes into another one go with it."""
    await conn.execute(
        "UPDATE pairing.consents SET device_connection_id = $2 WHERE device_connection_id = $1",
        source,
        target,
    )
