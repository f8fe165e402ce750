"""Every change of a connection or hub goes through here: written, put into the `connections` bucket and said, in one
transaction. Decides nothing: the tables of `domain` do."""

from datetime import datetime
from uuid import UUID

import msgspec

from chassis.clock import uuid7
from chassis.db import Database, Tx
from chassis.mirror import DELETED
from proto import subjects
from proto.events import ConnectionChanged, HubCommand
from proto.state import HubState, hub_key
from proto.words import HubCommandName
from services.pairing.domain import ConnectionEvent, next_standing
from services.pairing.shapes import hub_state_of, state_of
from services.pairing.store import connections, hubs
from services.pairing.store.connections import ConnectionRow

BUCKET = "connections"


def tell(tx: Tx, row: ConnectionRow, code: str, now: datetime) -> None:
    """Says that something about a connection changed."""
    tx.emit(
        subjects.to(subjects.CONNECTIONS_CHANGED, row.patient_id),
        ConnectionChanged(
            device_connection_id=row.id,
            patient_id=row.patient_id,
            code=code,
            status=row.status,
            status_reason=row.status_reason,
            at=now,
        ),
    )


def put(tx: Tx, row: ConnectionRow) -> None:
    tx.emit(subjects.kv_subject(BUCKET, str(row.id)), state_of(row))


async def publish(tx: Tx, id: UUID, code: str, now: datetime) -> ConnectionRow:
    """Reads a changed connection again, puts it where others mirror it, and says what happened."""
    row = await connections.select_connection(tx.conn, id)
    if row is None:
        raise LookupError("a connection that was just changed is gone")
    put(tx, row)
    tell(tx, row, code, now)
    return row


async def happen(tx: Tx, row: ConnectionRow, event: ConnectionEvent, now: datetime) -> ConnectionRow:
    """Lets an event happen to a locked connection. Nothing is written or said when it changes nothing."""
    standing = next_standing(row.standing, event)
    if standing == row.standing:
        return row
    await connections.update_standing(tx.conn, row.id, standing, now)
    return await publish(tx, row.id, "status", now)


def vanish(tx: Tx, row: ConnectionRow, now: datetime) -> None:
    """Says that a connection went into an older one of the same device."""
    tx.emit(subjects.kv_subject(BUCKET, str(row.id)), b"", DELETED)
    tx.emit(
        subjects.to(subjects.CONNECTIONS_CHANGED, row.patient_id),
        ConnectionChanged(
            device_connection_id=row.id,
            patient_id=row.patient_id,
            code="merged",
            status="revoked",
            status_reason=None,
            at=now,
        ),
    )


def put_hub(tx: Tx, state: HubState) -> None:
    tx.emit(subjects.kv_subject(BUCKET, hub_key(state.id)), state)


def drop_hub(tx: Tx, hub_id: str) -> None:
    tx.emit(subjects.kv_subject(BUCKET, hub_key(hub_id)), b"", DELETED)


def command(
    tx: Tx,
    hub_id: str,
    name: HubCommandName,
    expires_at: datetime,
    *,
    row: ConnectionRow | None = None,
    device_address: str | None = None,
    services: list[str] | None = None,
    duration_s: int | None = None,
) -> UUID:
    """Tells a hub to do something, kept for it until `expires_at`. Answers the command's id."""
    id = uuid7()
    tx.emit(
        subjects.to(subjects.HUBS_COMMAND, hub_id),
        HubCommand(
            id=id,
            command=name,
            expires_at=expires_at,
            device_address=device_address or (row.device_id if row else None),
            device_connection_id=row.id if row else None,
            services=services or [],
            duration_s=duration_s,
        ),
    )
    return id


async def shadow(db: Database) -> list[tuple[str, bytes]]:
    """Everything that the bucket must hold, from the tables: they are the truth, it is their shadow."""
    async with db.acquire() as conn:
        states = [state_of(row) for row in await connections.select_every_connection(conn)]
        known = [hub_state_of(row, secrets) for row, secrets in await hubs.select_every_hub(conn)]
    return [
        *((str(state.id), msgspec.json.encode(state)) for state in states),
        *((hub_key(hub.id), msgspec.json.encode(hub)) for hub in known),
    ]
