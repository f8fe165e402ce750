"""Pairing sessions: one attempt each, at most one live for a connection. The token itself is not here, its digest is."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec

from chassis.db import Connection as Conn
from proto.events import FoundDevice
from proto.words import PairingMethod, PairingState


class SessionRow(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    device_connection_id: UUID
    patient_id: UUID
    method: PairingMethod
    state: PairingState
    found: list[FoundDevice]
    error: str | None
    failed_tries: int
    scan_command_id: UUID | None
    pair_command_id: UUID | None
    expires_at: datetime
    completed_at: datetime | None


_SELECT = """SELECT id, device_connection_id, patient_id, method, state, found, error, failed_tries, scan_command_id,
    pair_command_id, expires_at, completed_at FROM pairing.pairing_sessions"""
_found = msgspec.json.Decoder(list[FoundDevice])


def _row(record: asyncpg.Record) -> SessionRow:
    return SessionRow(**{**record, "found": _found.decode(record["found"])})


async def insert_session(
    conn: Conn,
    *,
    id: UUID,
    device_connection_id: UUID,
    patient_id: UUID,
    method: PairingMethod,
    token_sha256: str,
    state: PairingState,
    scan_command_id: UUID | None,
    now: datetime,
    expires_at: datetime,
) -> None:
    await conn.execute(
        "INSERT INTO pairing.pairing_sessions (id, device_connection_id, patient_id, method, token_sha256, state,"
        " scan_command_id, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        id,
        device_connection_id,
        patient_id,
        method,
        token_sha256,
        state,
        scan_command_id,
        now,
        expires_at,
    )


async def select_by_token(conn: Conn, token_sha256: str, *, lock: bool = False) -> SessionRow | None:
    row = await conn.fetchrow(
        f"{_SELECT} WHERE token_sha256 = $1" + (" FOR UPDATE" if lock else ""),
        token_sha256,
    )
    return _row(row) if row else None


async def select_latest(conn: Conn, connection_id: UUID) -> SessionRow | None:
    row = await conn.fetchrow(
        f"{_SELECT} WHERE device_connection_id = $1 ORDER BY created_at DESC, id DESC LIMIT 1",
        connection_id,
    )
    return _row(row) if row else None


async def select_live(conn: Conn, connection_id: UUID) -> SessionRow | None:
    """The session that is not over, locked."""
    row = await conn.fetchrow(
        f"{_SELECT} WHERE device_connection_id = $1"
        " AND state IN ('waiting', 'scanning', 'found', 'pairing') FOR UPDATE",
        connection_id,
    )
    return _row(row) if row else None


async def select_by_command(conn: Conn, command_id: UUID) -> SessionRow | None:
    row = await conn.fetchrow(
        f"{_SELECT} WHERE scan_command_id = $1 OR pair_command_id = $1",
        command_id,
    )
    return _row(row) if row else None


async def select_session(conn: Conn, id: UUID, *, lock: bool = False) -> SessionRow | None:
    row = await conn.fetchrow(
        f"{_SELECT} WHERE id = $1" + (" FOR UPDATE" if lock else ""),
        id,
    )
    return _row(row) if row else None


async def update_state(conn: Conn, id: UUID, state: PairingState, error: str | None = None) -> None:
    await conn.execute(
        "UPDATE pairing.pairing_sessions SET state = $2, error = $3 WHERE id = $1", id, state, error
    )


async def update_found(
    conn: Conn, id: UUID, state: PairingState, found: Sequence[FoundDevice], error: str | None
) -> None:
    await conn.execute(
        "UPDATE pairing.pairing_sessions SET state = $2, found = $3, error = $4 WHERE id = $1",
        id,
        state,
        msgspec.json.encode(list(found)).decode(),
        error,
    )


async def update_tries(conn: Conn, id: UUID, failed_tries: int) -> None:
    await conn.execute(
        "UPDATE pairing.pairing_sessions SET failed_tries = $2 WHERE id = $1", id, failed_tries
    )


async def update_completed(
    conn: Conn, id: UUID, *, state: PairingState, pair_command_id: UUID | None, now: datetime
) -> None:
    await conn.execute(
        "UPDATE pairing.pairing_sessions SET state = $2, error = NULL, pair_command_id = $3, completed_at = $4"
        " WHERE id = $1",
        id,
        state,
        pair_command_id,
        now,
    )


async def move_sessions(conn: Conn, source: UUID, target: UUID) -> None:
    """The attempts of a connection that goes into another one go with it."""
    await conn.execute(
        "UPDATE pairing.pairing_sessions SET device_connection_id = $2 WHERE device_connection_id = $1",
        source,
        target,
    )


async def select_time_up(conn: Conn, now: datetime, limit: int) -> list[tuple[UUID, UUID]]:
    """`(id, connection)` of sessions whose token has expired."""
    rows = await conn.fetch(
        "SELECT id, device_connection_id FROM pairing.pairing_sessions"
        " WHERE state IN ('waiting', 'scanning', 'found') AND expires_at <= $1 LIMIT $2",
        now,
        limit,
    )
    return [(row["id"], row["device_connection_id"]) for row in rows]


async def select_unanswered(conn: Conn, before: datetime, limit: int) -> list[tuple[UUID, UUID]]:
    """`(id, connection)` of sessions whose hub has not said in time that the device did not pair."""
    rows = await conn.fetch(
        "SELECT id, device_connection_id FROM pairing.pairing_sessions"
        " WHERE state = 'pairing' AND completed_at < $1 LIMIT $2",
        before,
        limit,
    )
    return [(row["id"], row["device_connection_id"]) for row in rows]
