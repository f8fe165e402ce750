"""The audit row of a change of a connection: ids and codes, never a value."""

from typing import Any

from chassis.audit import AuditRecord
from chassis.auth import Principal
from proto.words import AuditAction
from services.pairing.store.connections import ConnectionRow


def about(action: AuditAction, principal: Principal, row: ConnectionRow, **details: Any) -> AuditRecord:
    return AuditRecord(
        action=action,
        actor_id=str(principal.user_id),
        actor_role=principal.role,
        object_type="device_connection",
        object_id=str(row.id),
        patient_id=row.patient_id,
        details={"method": row.pairing_method, **details},
    )
