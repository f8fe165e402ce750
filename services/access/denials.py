"""Audit rows of refused attempts. The same attempt within a minute is one row, so a flood cannot fill somebody's log."""

from uuid import UUID

from chassis.audit import AuditRecord
from chassis.auth import Principal
from chassis.db import Database
from chassis.notes import Folding
from proto.words import AuditAction


class Denials:
    def __init__(self, db: Database) -> None:
        self._db = db
        self._folding = Folding()

    async def note(
        self,
        principal: Principal,
        action: AuditAction,
        object_type: str,
        object_id: UUID,
        patient_id: UUID,
        code: str,
    ) -> None:
        """Written before the refusal is answered; the owner of the data sees it."""
        key = (principal.user_id, action, object_id)
        if self._folding.is_known(key):
            return
        async with self._db.transaction("denial") as tx:
            tx.audit(
                AuditRecord(
                    action=action,
                    actor_id=str(principal.user_id),
                    actor_role=principal.role,
                    object_type=object_type,
                    object_id=str(object_id),
                    patient_id=patient_id,
                    outcome="denied",
                    details={"code": code},
                )
            )
        self._folding.remember(key)
