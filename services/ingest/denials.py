"""Refused attempts on somebody else's device, as rows of that person's audit log."""

from typing import Final

from chassis.audit import AuditRecord
from chassis.notes import Notes
from services.ingest.domain import Caller, Refusal

WORTH_AUDIT: Final = frozenset({"not_found", "consent_revoked", "consent_missing", "forbidden_role"})


class Denials(Notes):
    def refused(self, refusal: Refusal, caller: Caller) -> None:
        """The same caller, connection and code within a minute is one row."""
        connection = refusal.connection
        if connection is None or refusal.code not in WORTH_AUDIT:
            return
        record = AuditRecord(
            action="data.ingest",
            actor_id=caller.actor_id,
            actor_role=caller.role,
            object_type="device_connection",
            object_id=str(connection.id),
            patient_id=connection.patient_id,
            outcome="denied",
            details={"code": refusal.code},
        )
        self.note(record, (caller.actor_id, connection.id, refusal.code))
