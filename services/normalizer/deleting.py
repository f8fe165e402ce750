"""Records that their source took back: they leave lists and hours, and are kept as earlier versions, dated."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from chassis.audit import AuditRecord
from chassis.db import Tx
from proto.raw import RawDeletion
from proto.state import ConnectionState
from services.normalizer.domain import cells_of, hour_of, roll_up
from services.normalizer.store import readings

REASON = "deleted"


async def delete_records(tx: Tx, deletions: list[tuple[RawDeletion, ConnectionState]]) -> None:
    """Twice is the same as once; what is not there is not missed."""
    by_connection: dict[UUID, tuple[ConnectionState, RawDeletion, set[str]]] = {}
    for item, connection in deletions:
        found = by_connection.setdefault(connection.id, (connection, item, set()))
        found[2].add(item.record_id)
    for connection, first, record_ids in by_connection.values():
        rows = await readings.select_by_record_ids(tx.conn, connection.id, record_ids)
        if not rows:
            continue
        hours = {(connection.id, hour_of(row.ts)) for row in rows}
        await readings.lock_hours(tx.conn, hours)
        for row in rows:
            await readings.supersede(tx.conn, connection.id, row, REASON)
        await readings.date_deletion(tx.conn, connection.id, [row.id for row in rows], first.received_at)
        await recompute(tx, hours)
        tx.audit(
            AuditRecord(
                action="data.ingest",
                actor_id=first.actor_id,
                actor_role="vendor",
                object_type="device_connection",
                object_id=str(connection.id),
                patient_id=connection.patient_id,
                details={REASON: len(rows)},
            )
        )


async def recompute(tx: Tx, hours: Iterable[tuple[UUID, datetime]]) -> None:
    """Makes hours anew from their rows: minimum and maximum cannot be taken back by arithmetic."""
    for connection_id, t in sorted(set(hours), key=lambda hour: (hour[0].int, hour[1])):
        rows = await readings.select_hour(tx.conn, connection_id, t)
        await readings.delete_hour(tx.conn, connection_id, t)
        await readings.add_hours(
            tx.conn, roll_up((connection_id, ts, cells_of(values)) for ts, values in rows)
        )
