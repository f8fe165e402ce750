"""Audit rows of refused attempts. The same attempt within a minute is one row, so a flood cannot fill somebody's log."""

import time
from typing import Final
from uuid import UUID

from chassis.audit import AuditRecord
from chassis.auth import Principal
from chassis.db import Database
from proto.words import AuditAction

FOLD_S: Final = 60.0
KNOWN_MAX: Final = 1000


class Denials:
    def __init__(self, db: Database) -> None:
        self._db = db
        self._seen: dict[tuple[UUID, AuditAction, UUID], float] = {}

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
        key, clock = (principal.user_id, action, object_id), time.monotonic()
        if clock - self._seen.get(key, -FOLD_S) < FOLD_S:
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
        if len(self._seen) >= KNOWN_MAX:
            self._seen.clear()
        self._seen[key] = clock
