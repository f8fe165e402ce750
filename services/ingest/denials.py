"""Refused attempts on somebody else's device, written to the audit log: in the background, folded, bounded."""

import time
from typing import Final
from uuid import UUID

from chassis.audit import AuditRecord
from chassis.db import Database
from chassis.log import Log
from chassis.resource import Job
from services.ingest.domain import Caller, Refusal

log = Log("denials")

WORTH_AUDIT: Final = frozenset({"not_found", "consent_revoked", "consent_missing", "forbidden_role"})
WAITING_MAX: Final = 1000
FOLD_S: Final = 60.0


class Denials(Job):
    """The same caller, connection and code within a minute is one row; a flood cannot fill the log."""

    def __init__(self, db: Database) -> None:
        super().__init__("denials", 0.5, self.flush)
        self._db = db
        self._waiting: list[AuditRecord] = []
        self._seen: dict[tuple[str, UUID, str], float] = {}

    def note(self, refusal: Refusal, caller: Caller) -> None:
        connection = refusal.connection
        if connection is None or refusal.code not in WORTH_AUDIT or len(self._waiting) >= WAITING_MAX:
            return
        clock = time.monotonic()
        key = (caller.actor_id, connection.id, refusal.code)
        if clock - self._seen.get(key, -FOLD_S) < FOLD_S:
            return
        if len(self._seen) > WAITING_MAX:
            self._seen.clear()
        self._seen[key] = clock
        self._waiting.append(
            AuditRecord(
                action="data.ingest",
                actor_id=caller.actor_id,
                actor_role=caller.role,
                object_type="device_connection",
                object_id=str(connection.id),
                patient_id=connection.patient_id,
                outcome="denied",
                details={"code": refusal.code},
            )
        )

    async def flush(self) -> None:
        if not self._waiting:
            return
        records, self._waiting = self._waiting, []
        try:
            async with self._db.transaction("audit_denied") as tx:
                tx.audit(*records)
        except Exception:
            self._waiting = records[: WAITING_MAX - len(self._waiting)] + self._waiting
            raise

    async def stop(self) -> None:
        await super().stop()
        try:
            await self.flush()
        except Exception as error:
            log.failure("denials_not_written", error)
