"""Refused attempts and hub sign-ins as audit rows: folded and bounded by the chassis."""

from uuid import UUID

from chassis import notes
from chassis.audit import AuditRecord
from chassis.auth import Principal
from proto.words import AuditAction
from services.pairing.store.connections import ConnectionRow


class Notes(notes.Notes):
    def refused(
        self,
        principal: Principal,
        action: AuditAction,
        row: ConnectionRow,
        code: str,
        attempt: str | None = None,
    ) -> None:
        """Somebody tried something on a connection that is not theirs. The owner sees the row."""
        record = AuditRecord(
            action=action,
            actor_id=str(principal.user_id),
            actor_role=principal.role,
            object_type="device_connection",
            object_id=str(row.id),
            patient_id=row.patient_id,
            outcome="denied",
            details={"code": code, **({"attempt": attempt} if attempt else {})},
        )
        self.note(record, (principal.user_id, action, attempt, row.id))

    def refused_create(self, principal: Principal, patient_id: UUID, code: str) -> None:
        """Once a minute and person, whoever they name: the names are theirs to make up."""
        record = AuditRecord(
            action="connection.create",
            actor_id=str(principal.user_id),
            actor_role=principal.role,
            object_type="patient",
            object_id=str(patient_id),
            patient_id=patient_id,
            outcome="denied",
            details={"code": code},
        )
        self.note(record, (principal.user_id, "connection.create"))
