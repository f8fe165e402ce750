"""Audit rows that no change carries, such as refused attempts: folded, bounded, and written soon after."""

import time
from collections.abc import Hashable
from typing import Final

from chassis.audit import AuditRecord
from chassis.db import Database
from chassis.log import Log
from chassis.resource import Job

log = Log("notes")

WAITING_MAX: Final = 1000
KNOWN_MAX: Final = 1000
FOLD_S: Final = 60.0


class Folding:
    """Says once a minute and key that something is worth a row, so that a flood of attempts cannot fill the log."""

    def __init__(self) -> None:
        self._seen: dict[Hashable, float] = {}

    def is_known(self, key: Hashable) -> bool:
        return time.monotonic() - self._seen.get(key, float("-inf")) < FOLD_S

    def remember(self, key: Hashable) -> None:
        if len(self._seen) >= KNOWN_MAX:
            self._seen.clear()
        self._seen[key] = time.monotonic()


class Notes(Job):
    """Rows written within half a second, apart from the request that made them."""

    def __init__(self, db: Database) -> None:
        super().__init__("notes", 0.5, self.flush)
        self._db = db
        self._waiting: list[AuditRecord] = []
        self._folding = Folding()

    def note(self, record: AuditRecord, key: Hashable) -> None:
        if self._folding.is_known(key) or len(self._waiting) >= WAITING_MAX:
            return
        self._folding.remember(key)
        self._waiting.append(record)

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
