"""Writes to the audit log before an answer leaves: what waits at the same moment is written together, in one transaction."""

import asyncio
from typing import Protocol

from chassis.audit import AuditRecord
from chassis.db import Database
from chassis.log import Log
from proto.errors import Unavailable

log = Log("auditor")


class AuditLog(Protocol):
    """What those who audit need of an auditor."""

    async def write(self, record: AuditRecord) -> None: ...


class Auditor:
    def __init__(self, db: Database) -> None:
        self._db = db
        self._waiting: list[tuple[AuditRecord, asyncio.Future[None]]] = []
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        return

    async def stop(self) -> None:
        if self._task is not None:
            await self._task

    def problem(self) -> str | None:
        return None

    async def write(self, record: AuditRecord) -> None:
        """Returns when the record is committed. Raises `Unavailable` when it cannot be: then nothing may be answered."""
        written = asyncio.get_running_loop().create_future()
        self._waiting.append((record, written))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._drain(), name="auditor")
        await asyncio.shield(written)

    async def _drain(self) -> None:
        while self._waiting:
            group, self._waiting = self._waiting, []
            failed: Unavailable | None = None
            try:
                async with self._db.transaction("audit") as tx:
                    tx.audit(*(record for record, _ in group))
            except Exception as error:  # whatever it is, those who wait must hear of it
                log.failure("audit_not_written", error, count=len(group))
                failed = Unavailable("audit log")
            for _, written in group:
                if written.done():
                    continue
                if failed is None:
                    written.set_result(None)
                else:
                    written.set_exception(failed)
