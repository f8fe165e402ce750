"""All SQL of health."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from chassis.db import Connection
from proto.events import DeviceSignal
from proto.words import DeviceType, HealthFlag, HealthStatus
from services.health.domain import Condition, Device


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """A row as it is stored, with what its condition is computed from."""

    device: Device
    status: HealthStatus
    flags: list[HealthFlag]
    firmware: str | None
    last_reading_at: datetime | None
    said_at: datetime | None
    has_news: bool = False
    """Something came that was not said: of the device itself, or an event about it."""


class Kept(msgspec.Struct, frozen=True):
    """A condition to keep; `said_at` None: it has still to be said."""

    device_connection_id: UUID
    condition: Condition
    said_at: datetime | None


class EventRow(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    device_connection_id: UUID
    patient_id: UUID
    at: datetime
    kind: str
    code: str
    field: str | None = None


async def ensure_devices(conn: Connection, rows: list[tuple[UUID, UUID, DeviceType, str | None]]) -> None:
    """Rows: connection, patient, type, hub. A connection that is known keeps what is known of it."""
    await conn.execute(
        "INSERT INTO health.device_health AS h (device_connection_id, patient_id, device_type, hub_id)"
        " SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[])"
        " ON CONFLICT (device_connection_id) DO UPDATE SET hub_id = excluded.hub_id, device_type = excluded.device_type"
        " WHERE h.hub_id IS DISTINCT FROM excluded.hub_id OR h.device_type <> excluded.device_type",
        [row[0] for row in rows],
        [row[1] for row in rows],
        [row[2] for row in rows],
        [row[3] for row in rows],
    )


async def apply_signals(conn: Connection, signals: list[DeviceSignal]) -> None:
    """What devices said; an older signal never overwrites a newer one."""
    await conn.execute(
        "UPDATE health.device_health AS h SET"
        " battery_pct = CASE WHEN h.last_seen IS NULL OR s.at >= h.last_seen THEN coalesce(s.battery, h.battery_pct) ELSE h.battery_pct END,"
        " rssi = CASE WHEN h.last_seen IS NULL OR s.at >= h.last_seen THEN coalesce(s.rssi, h.rssi) ELSE h.rssi END,"
        " firmware = CASE WHEN h.last_seen IS NULL OR s.at >= h.last_seen THEN coalesce(s.firmware, h.firmware) ELSE h.firmware END,"
        " last_seen = greatest(h.last_seen, s.at), last_reading_at = greatest(h.last_reading_at, s.reading_at), dirty = true"
        " FROM unnest($1::uuid[], $2::timestamptz[], $3::float8[], $4::float8[], $5::text[], $6::timestamptz[])"
        " AS s(id, at, battery, rssi, firmware, reading_at) WHERE h.device_connection_id = s.id",
        [signal.device_connection_id for signal in signals],
        [signal.at for signal in signals],
        [signal.battery_pct for signal in signals],
        [signal.rssi for signal in signals],
        [signal.firmware for signal in signals],
        [signal.reading_at for signal in signals],
    )


async def insert_events(conn: Connection, events: list[EventRow]) -> None:
    """Ids are made from what happened, so a message that is delivered again adds nothing."""
    await conn.executemany(
        "INSERT INTO health.health_events (id, device_connection_id, patient_id, at, kind, code, field)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (id) DO NOTHING",
        [(e.id, e.device_connection_id, e.patient_id, e.at, e.kind, e.code, e.field) for e in events],
    )


async def set_hub_offline(conn: Connection, hub_id: str, offline: bool) -> list[tuple[UUID, UUID]]:
    """Marks the devices behind a hub; answers those that changed, with their patients."""
    rows = await conn.fetch(
        "UPDATE health.device_health SET hub_offline = $2, dirty = true"
        " WHERE hub_id = $1 AND NOT ended AND hub_offline <> $2 RETURNING device_connection_id, patient_id",
        hub_id,
        offline,
    )
    return [(row["device_connection_id"], row["patient_id"]) for row in rows]


async def set_ended(conn: Connection, connection_id: UUID, ended: bool) -> None:
    await conn.execute(
        "UPDATE health.device_health SET ended = $2 WHERE device_connection_id = $1", connection_id, ended
    )


_KNOWN = (
    "SELECT h.device_connection_id, h.patient_id, h.device_type, h.battery_pct, h.rssi, h.last_seen, h.hub_offline,"
    " h.status, h.flags, h.firmware, h.last_reading_at, h.said_at, h.dirty,"
    " (SELECT count(*) FROM health.health_events e WHERE e.device_connection_id = h.device_connection_id"
    "  AND e.kind = 'rejected' AND e.at > $1::timestamptz - interval '24 hours')::int AS errors"
    " FROM health.device_health h"
)


def _known(row: Any) -> Known:
    return Known(
        device=Device(
            device_connection_id=row["device_connection_id"],
            patient_id=row["patient_id"],
            device_type=row["device_type"],
            battery_pct=row["battery_pct"],
            rssi=row["rssi"],
            last_seen=row["last_seen"],
            hub_offline=row["hub_offline"],
            errors_24h=row["errors"],
        ),
        status=row["status"],
        flags=row["flags"],
        firmware=row["firmware"],
        last_reading_at=row["last_reading_at"],
        said_at=row["said_at"],
        has_news=row["dirty"],
    )


async def select_known(conn: Connection, ids: list[UUID], now: datetime) -> list[Known]:
    rows = await conn.fetch(
        f"{_KNOWN} WHERE h.device_connection_id = ANY($2) ORDER BY h.device_connection_id FOR UPDATE OF h",
        now,
        ids,
    )
    return [_known(row) for row in rows]


async def select_due(conn: Connection, now: datetime, limit: int = 500) -> list[Known]:
    """Devices whose condition may have changed by the clock alone, or that have something unsaid."""
    rows = await conn.fetch(
        f"{_KNOWN} WHERE NOT h.ended AND (h.dirty OR (h.status IN ('ok', 'stale') AND h.last_seen < $1::timestamptz - interval '15 minutes'))"
        " ORDER BY h.device_connection_id LIMIT $2 FOR UPDATE OF h SKIP LOCKED",
        now,
        limit,
    )
    return [_known(row) for row in rows]


async def update_conditions(conn: Connection, kept: list[Kept], at: datetime) -> None:
    """Keeps what was found. A history point an hour, and at each change."""
    ids = [row.device_connection_id for row in kept]
    statuses = [row.condition.status for row in kept]
    await conn.execute(
        "UPDATE health.device_health AS h SET status = k.status, notes = k.notes, dirty = (k.said_at IS NULL),"
        " flags = ARRAY(SELECT jsonb_array_elements_text(k.flags::jsonb)), said_at = coalesce(k.said_at, h.said_at)"
        " FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::timestamptz[])"
        " AS k(id, status, flags, notes, said_at) WHERE h.device_connection_id = k.id",
        ids,
        statuses,
        [msgspec.json.encode(row.condition.flags).decode() for row in kept],
        [msgspec.json.encode(row.condition.notes).decode() for row in kept],
        [row.said_at for row in kept],
    )
    await conn.execute(
        "INSERT INTO health.history (device_connection_id, at, battery_pct, rssi, status)"
        " SELECT h.device_connection_id, $3, h.battery_pct, h.rssi, h.status"
        " FROM unnest($1::uuid[], $2::text[]) AS k(id, status)"
        " JOIN health.device_health h ON h.device_connection_id = k.id"
        " WHERE NOT EXISTS (SELECT FROM health.history p WHERE p.device_connection_id = k.id"
        " AND p.at > $3::timestamptz - interval '1 hour' AND p.status = k.status) ON CONFLICT DO NOTHING",
        ids,
        statuses,
        at,
    )


async def select_health(conn: Connection, ids: list[UUID], now: datetime) -> list[Known]:
    rows = await conn.fetch(f"{_KNOWN} WHERE h.device_connection_id = ANY($2)", now, ids)
    return [_known(row) for row in rows]


async def select_history(conn: Connection, id: UUID, since: datetime, until: datetime) -> list[Any]:
    return list(
        await conn.fetch(
            "SELECT at, battery_pct, rssi, status FROM health.history"
            " WHERE device_connection_id = $1 AND at >= $2 AND at < $3 ORDER BY at DESC LIMIT 1000",
            id,
            since,
            until,
        )
    )


async def select_events(
    conn: Connection, id: UUID, before: tuple[datetime, UUID] | None, limit: int
) -> list[EventRow]:
    at, event_id = before or (None, None)
    rows = await conn.fetch(
        "SELECT id, device_connection_id, patient_id, at, kind, code, field FROM health.health_events"
        " WHERE device_connection_id = $1 AND ($2::timestamptz IS NULL OR (at, id) < ($2, $3))"
        " ORDER BY at DESC, id DESC LIMIT $4",
        id,
        at,
        event_id,
        limit,
    )
    return [EventRow(**dict(row)) for row in rows]
