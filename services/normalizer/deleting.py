"""Records that their source took back: they leave lists and hours, and are kept as earlier versions, dated."""

from collections.abc import Sequence
from uuid import UUID

from chassis.audit import AuditRecord
from chassis.db import Tx
from proto.raw import RawDeletion, RawRemoval
from proto.state import ConnectionState
from services.normalizer.domain import hour_of
from services.normalizer.store import hours, readings

REASON = "deleted"


async def delete_records(tx: Tx, deletions: list[tuple[RawRemoval, ConnectionState]]) -> None:
    """Twice is the same as once; what is not there is not missed."""
    by_connection: dict[UUID, list[tuple[RawRemoval, ConnectionState]]] = {}
    for each in deletions:
        by_connection.setdefault(each[1].id, []).append(each)
    for pairs in by_connection.values():
        last, connection = max(pairs, key=lambda pair: pair[0].received_at)
        rows = await _rows(tx, connection.id, [item for item, _ in pairs])
        if not rows:
            continue
        held = await hours.hold(tx.conn, {(connection.id, hour_of(row.ts)) for row in rows})
        for row in rows:
            await readings.supersede(tx.conn, connection.id, row, REASON)
        await readings.date_deletion(tx.conn, connection.id, [row.id for row in rows], last.received_at)
        await hours.make_anew(tx.conn, held)
        tx.audit(
            AuditRecord(
                action="data.ingest",
                actor_id=last.actor_id,
                actor_role="vendor",
                object_type="device_connection",
                object_id=str(connection.id),
                patient_id=connection.patient_id,
                details={REASON: len(rows)},
            )
        )


async def _rows(tx: Tx, connection_id: UUID, items: Sequence[RawRemoval]) -> list[readings.Existing]:
    """Each once, also where two removals name it."""
    record_ids = {item.record_id for item in items if isinstance(item, RawDeletion)}
    found = await readings.select_by_record_ids(tx.conn, connection_id, record_ids) if record_ids else []
    for item in items:
        if not isinstance(item, RawDeletion):
            found += await readings.select_not_kept(tx.conn, item)
    return list({row.id: row for row in found}.values())
