"""Connections: the row with its active consent, and the ways in which it changes. Each change raises `version`."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from chassis.db import Connection as Conn
from proto.words import ConnectionStatus, DeviceType, Kind, PairingMethod
from services.pairing.domain import Standing


class ConnectionRow(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    patient_id: UUID
    device_model_id: UUID
    name: str
    device_type: DeviceType
    pairing_method: PairingMethod
    hub_id: str | None
    device_id: str | None
    status: ConnectionStatus
    status_reason: str | None
    token_sha256: str | None
    firmware: str | None
    battery_pct: float | None
    last_reading_at: datetime | None
    last_sync_at: datetime | None
    health_at: datetime | None
    version: int
    created_at: datetime
    revoked_at: datetime | None
    erased_at: datetime | None
    consent_id: UUID | None
    consent_version: str | None
    consent_kinds: list[Kind] | None
    ever_consented: bool

    @property
    def standing(self) -> Standing:
        return Standing(self.status, self.status_reason)


_SELECT = """SELECT c.id, c.patient_id, c.device_model_id, c.name, c.device_type, c.pairing_method, c.hub_id, c.device_id,
    c.status, c.status_reason, c.token_sha256, c.firmware, c.battery_pct, c.last_reading_at, c.last_sync_at,
    c.health_at, c.version, c.created_at, c.revoked_at, c.erased_at,
    k.id AS consent_id, k.version AS consent_version, k.data_kinds AS consent_kinds,
    EXISTS (SELECT FROM pairing.consents a WHERE a.device_connection_id = c.id) AS ever_consented
    FROM pairing.device_connections c
    LEFT JOIN pairing.consents k ON k.device_connection_id = c.id AND k.revoked_at IS NULL"""


async def select_connection(conn: Conn, id: UUID) -> ConnectionRow | None:
    row = await conn.fetchrow(f"{_SELECT} WHERE c.id = $1", id)
    return ConnectionRow(**row) if row else None


async def lock_connections(conn: Conn, ids: Sequence[UUID]) -> dict[UUID, ConnectionRow]:
    """Locks rows in the order of their ids until the transaction ends, then reads them."""
    await conn.execute(
        "SELECT FROM pairing.device_connections WHERE id = ANY($1) ORDER BY id FOR UPDATE", list(ids)
    )
    rows = await conn.fetch(f"{_SELECT} WHERE c.id = ANY($1)", list(ids))
    return {row["id"]: ConnectionRow(**row) for row in rows}


async def lock_connection(conn: Conn, id: UUID) -> ConnectionRow | None:
    return (await lock_connections(conn, [id])).get(id)


async def select_connections(
    conn: Conn, patient_ids: Sequence[UUID], *, include_revoked: bool, after: UUID | None, limit: int
) -> list[ConnectionRow]:
    """Of some patients, oldest first; ids are in the order of time."""
    rows = await conn.fetch(
        f"{_SELECT} WHERE c.patient_id = ANY($1) AND (c.status <> 'revoked' OR $2)"
        " AND ($3::uuid IS NULL OR c.id > $3) ORDER BY c.id LIMIT $4",
        list(patient_ids),
        include_revoked,
        after,
        limit,
    )
    return [ConnectionRow(**row) for row in rows]


async def select_every_connection(conn: Conn) -> list[ConnectionRow]:
    return [ConnectionRow(**row) for row in await conn.fetch(_SELECT)]


async def select_of_hub(conn: Conn, hub_id: str) -> list[UUID]:
    rows = await conn.fetch(
        "SELECT id FROM pairing.device_connections WHERE hub_id = $1 AND status <> 'revoked'", hub_id
    )
    return [row["id"] for row in rows]


async def select_with_device(conn: Conn, device_model_id: UUID, device_id: str) -> list[UUID]:
    """The connections of a physical device, whosever: those in use first, then the ones given up last."""
    rows = await conn.fetch(
        "SELECT id FROM pairing.device_connections WHERE device_model_id = $1 AND lower(device_id) = lower($2)"
        " ORDER BY status = 'revoked', revoked_at DESC",
        device_model_id,
        device_id,
    )
    return [row["id"] for row in rows]


async def insert_connection(
    conn: Conn,
    *,
    id: UUID,
    patient_id: UUID,
    device_model_id: UUID,
    name: str,
    device_type: DeviceType,
    pairing_method: PairingMethod,
    hub_id: str | None,
    now: datetime,
) -> None:
    await conn.execute(
        "INSERT INTO pairing.device_connections"
        " (id, patient_id, device_model_id, name, device_type, pairing_method, hub_id, status, created_at, pairing_since)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, 'pairing', $8, $8)",
        id,
        patient_id,
        device_model_id,
        name,
        device_type,
        pairing_method,
        hub_id,
        now,
    )


async def update_standing(conn: Conn, id: UUID, standing: Standing, now: datetime) -> None:
    await conn.execute(
        "UPDATE pairing.device_connections SET status = $2, status_reason = $3, version = version + 1,"
        " pairing_since = CASE WHEN $2 = 'pairing' AND status <> 'pairing' THEN $4 ELSE pairing_since END,"
        " revoked_at = CASE WHEN $2 = 'revoked' THEN coalesce(revoked_at, $4) END"
        " WHERE id = $1",
        id,
        standing.status,
        standing.reason,
        now,
    )


async def update_paired(
    conn: Conn,
    id: UUID,
    *,
    pairing_method: PairingMethod,
    hub_id: str | None,
    device_id: str,
    token_sha256: str,
    credentials_encrypted: bytes | None,
    firmware: str | None,
) -> None:
    """What a completed pairing says about the device. Credentials of an earlier pairing are gone with it."""
    await conn.execute(
        "UPDATE pairing.device_connections SET pairing_method = $2, hub_id = $3, device_id = $4, token_sha256 = $5,"
        " credentials_encrypted = $6, firmware = coalesce($7, firmware), erased_at = NULL, version = version + 1"
        " WHERE id = $1",
        id,
        pairing_method,
        hub_id,
        device_id,
        token_sha256,
        credentials_encrypted,
        firmware,
    )


async def update_name(conn: Conn, id: UUID, name: str) -> None:
    await conn.execute(
        "UPDATE pairing.device_connections SET name = $2, version = version + 1 WHERE id = $1", id, name
    )


async def update_hub(conn: Conn, id: UUID, hub_id: str) -> None:
    await conn.execute(
        "UPDATE pairing.device_connections SET hub_id = $2, version = version + 1 WHERE id = $1", id, hub_id
    )


async def update_health(
    conn: Conn,
    id: UUID,
    *,
    battery_pct: float | None,
    firmware: str | None,
    last_reading_at: datetime | None,
    last_sync_at: datetime | None,
    at: datetime,
) -> None:
    """Copies what health knows. Not part of what others mirror, so the version stays."""
    await conn.execute(
        "UPDATE pairing.device_connections SET battery_pct = coalesce($2, battery_pct),"
        " firmware = coalesce($3, firmware), last_reading_at = greatest(last_reading_at, $4),"
        " last_sync_at = greatest(last_sync_at, $5), health_at = $6 WHERE id = $1",
        id,
        battery_pct,
        firmware,
        last_reading_at,
        last_sync_at,
        at,
    )


async def touch(conn: Conn, id: UUID) -> None:
    """Something that hangs on the connection changed."""
    await conn.execute("UPDATE pairing.device_connections SET version = version + 1 WHERE id = $1", id)


async def forget_credentials(conn: Conn, id: UUID) -> None:
    await conn.execute("UPDATE pairing.device_connections SET credentials_encrypted = NULL WHERE id = $1", id)


async def mark_erased(conn: Conn, id: UUID, now: datetime) -> bool:
    """Whether this is the first time that erasing was asked for."""
    return bool(
        await conn.fetchval(
            "UPDATE pairing.device_connections SET erased_at = $2 WHERE id = $1 AND erased_at IS NULL RETURNING true",
            id,
            now,
        )
    )


async def delete_connection(conn: Conn, id: UUID) -> None:
    await conn.execute("DELETE FROM pairing.device_connections WHERE id = $1", id)


async def select_unfinished(conn: Conn, before: datetime, limit: int) -> list[UUID]:
    """Connections that have been pairing since before a moment."""
    rows = await conn.fetch(
        "SELECT id FROM pairing.device_connections WHERE status = 'pairing' AND pairing_since < $1 LIMIT $2",
        before,
        limit,
    )
    return [row["id"] for row in rows]


async def select_without_hub(conn: Conn, before: datetime, limit: int) -> list[UUID]:
    """Connected devices whose hub has been offline since before a moment, and that nothing was heard of since."""
    rows = await conn.fetch(
        "SELECT c.id FROM pairing.hubs h JOIN pairing.device_connections c ON c.hub_id = h.id"
        " WHERE h.state = 'offline' AND h.state_at < $1 AND h.deleted_at IS NULL AND c.status = 'connected'"
        " AND (c.last_sync_at IS NULL OR c.last_sync_at <= h.state_at) LIMIT $2",
        before,
        limit,
    )
    return [row["id"] for row in rows]
