"""`device-health` and a connection's `events` over HTTP."""

import asyncio
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery

from chassis.auth import Principal
from chassis.clock import now
from chassis.db import Database
from chassis.mirror import Mirror
from chassis.paging import DEFAULT_LIMIT, check_limit, decode_cursor, encode_cursor
from proto.access import granted_kinds, visible_kinds
from proto.errors import Refused
from proto.resources import ConnectionEvent, DeviceHealth, HealthNote, HealthPoint, Page
from proto.state import ConnectionsEntry, ConnectionState, PermissionState
from services.health import store
from services.health.domain import RHYTHMS, Device, condition
from services.health.store import Known
from services.health.texts import NOTES, event_text


@get("/api/v1/device-health/{device_connection_id:uuid}", summary="How a device is", tags=["device-health"])
async def read_health(
    device_connection_id: FromPath[UUID],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    connections: NamedDependency[Mirror[ConnectionsEntry]],
    permissions: NamedDependency[Mirror[PermissionState]],
) -> DeviceHealth:
    state = await see(device_connection_id, principal, connections, permissions)
    at = now()
    async with db.transaction("health_read") as tx:
        known = await store.select_health(tx.conn, [state.id], at)
        history = await store.select_history(tx.conn, state.id, at - timedelta(days=30), at)
    return shape(known[0] if known else unknown(state), at, history)


@get("/api/v1/device-health", summary="How all devices are", tags=["device-health"])
async def list_health(
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    connections: NamedDependency[Mirror[ConnectionsEntry]],
    permissions: NamedDependency[Mirror[PermissionState]],
    patient_id: FromQuery[UUID | None] = None,
    limit: FromQuery[int] = DEFAULT_LIMIT,
    cursor: FromQuery[str | None] = None,
) -> Page[DeviceHealth]:
    """Those that need a look first. Without `patient_id`: one's own devices, or all that one was granted."""
    check_limit(limit)
    connections.require()
    permissions.require()
    at = now()
    wanted = patient_id or principal.patient_id
    states = [
        state
        for state in connections.values()
        if isinstance(state, ConnectionState)
        and state.status != "revoked"
        and (wanted is None or state.patient_id == wanted)
        and visible_kinds(principal.user_id, state, permissions.values(), at)
    ]
    if patient_id is not None and not granted_kinds(principal.user_id, patient_id, permissions.values(), at):
        raise Refused("not_found")
    async with db.transaction("health_list") as tx:
        found = {
            known.device.device_connection_id: known
            for known in await store.select_health(tx.conn, [state.id for state in states], at)
        }
    items = [shape(found.get(state.id) or unknown(state), at, []) for state in states]
    order = {"failed": 0, "stale": 1, "unknown": 2, "ok": 3}
    items.sort(key=lambda item: (order[item.status], -len(item.flags), item.device_connection_id.int))
    start = decode_cursor(cursor, tuple[int])[0] if cursor else 0
    page = items[start : start + limit]
    more = start + limit < len(items)
    return Page(items=page, next_cursor=encode_cursor(start + limit) if more else None)


@get(
    "/api/v1/device-connections/{device_connection_id:uuid}/events",
    summary="What happened to a device",
    tags=["device-connections"],
)
async def list_events(
    device_connection_id: FromPath[UUID],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    connections: NamedDependency[Mirror[ConnectionsEntry]],
    permissions: NamedDependency[Mirror[PermissionState]],
    limit: FromQuery[int] = DEFAULT_LIMIT,
    cursor: FromQuery[str | None] = None,
) -> Page[ConnectionEvent]:
    """Newest first: refused readings with their reason, changes of status and consent, the hub."""
    check_limit(limit)
    state = await see(device_connection_id, principal, connections, permissions)
    before = decode_cursor(cursor, tuple[datetime, UUID]) if cursor else None
    async with db.transaction("events_read") as tx:
        rows = await store.select_events(tx.conn, state.id, before, limit + 1)
    page = rows[:limit]
    return Page(
        items=[
            ConnectionEvent(
                id=row.id, at=row.at, kind=row.kind, code=row.code, text=event_text(row.kind, row.code)
            )
            for row in page
        ],
        next_cursor=encode_cursor(page[-1].at, page[-1].id) if len(rows) > limit else None,
    )


async def see(
    id: UUID,
    principal: Principal,
    connections: Mirror[ConnectionsEntry],
    permissions: Mirror[PermissionState],
) -> ConnectionState:
    """The connection if the reader may see it, else the same 404 as for one that does not exist."""
    connections.require()
    permissions.require()
    state = _visible(id, principal, connections, permissions)
    if state is None:
        await asyncio.gather(connections.catch_up(), permissions.catch_up())
        state = _visible(id, principal, connections, permissions)
    if state is None:
        raise Refused("not_found")
    return state


def _visible(
    id: UUID,
    principal: Principal,
    connections: Mirror[ConnectionsEntry],
    permissions: Mirror[PermissionState],
) -> ConnectionState | None:
    state = connections.get(str(id))
    if isinstance(state, ConnectionState) and visible_kinds(
        principal.user_id, state, permissions.values(), now()
    ):
        return state
    return None


def unknown(state: ConnectionState) -> Known:
    """A device of which nothing was heard yet."""
    return Known(
        device=Device(
            device_connection_id=state.id,
            patient_id=state.patient_id,
            device_type=state.device_type,
            battery_pct=None,
            rssi=None,
            last_seen=None,
            hub_offline=False,
            errors_24h=0,
        ),
        status="unknown",
        flags=[],
        firmware=None,
        last_reading_at=None,
        said_at=None,
    )


def shape(known: Known, at: datetime, history: list[Any]) -> DeviceHealth:
    device = known.device
    current = condition(device, at)
    return DeviceHealth(
        device_connection_id=device.device_connection_id,
        status=current.status,
        flags=current.flags,
        battery_pct=device.battery_pct,
        rssi=device.rssi,
        firmware=known.firmware,
        last_seen=device.last_seen,
        last_sync_at=device.last_seen,
        expected_every_s=RHYTHMS[device.device_type].expected_every_s,
        notes=[HealthNote(code=code, text=NOTES[code]) for code in current.notes],
        history=[
            HealthPoint(at=row["at"], battery_pct=row["battery_pct"], rssi=row["rssi"], status=row["status"])
            for row in history
        ],
    )
