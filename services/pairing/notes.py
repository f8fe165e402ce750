"""Audit rows that no change carries, such as refused attempts and hub sign-ins: written within half a second, folded, bounded."""

import time
from collections.abc import Hashable
from typing import Final
from uuid import UUID

from chassis.audit import AuditRecord
from chassis.auth import Principal
from chassis.db import Database
from chassis.log import Log
from chassis.resource import Job
from proto.words import AuditAction
from services.pairing.store.connections import ConnectionRow

log = Log("notes")

WAITING_MAX: Final = 1000
FOLD_S: Final = 60.0


class Notes(Job):
    """The same key within a minute is one row, so that a flood of attempts cannot fill the log."""

    def __init__(self, db: Database) -> None:
        super().__init__("notes", 0.5, self.flush)
        self._db = db
        self._waiting: list[AuditRecord] = []
        self._seen: dict[Hashable, float] = {}

    def note(self, record: AuditRecord, key: Hashable) -> None:
        clock = time.monotonic()
        if clock - self._seen.get(key, -FOLD_S) < FOLD_S or len(self._waiting) >= WAITING_MAX:
            return
        if len(self._seen) > WAITING_MAX:
            self._seen.clear()
        self._seen[key] = clock
        self._waiting.append(record)

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

    async def flush(self) -> None:
        if not self._waiting:
            return
        records, self._waiting = self._waiting, []
        try:
            async with self._db.transaction("audit_notes") as tx:
                tx.audit(*records)
        except Exception:
            self._waiting = records[: WAITING_MAX - len(self._waiting)] + self._waiting
            raise

    async def stop(self) -> None:
        await super().stop()
        try:
            await self.flush()
        except Exception as error:
            log.failure("notes_not_written", error)
