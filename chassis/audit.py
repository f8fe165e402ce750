"""Appending to the audit log in the caller's transaction. `access.audit_append` is the only way in, for everybody."""

from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec

from chassis.clock import now, uuid7
from proto.words import AuditAction, AuditOutcome

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy


class AuditRecord(msgspec.Struct, frozen=True, kw_only=True):
    """Who did what to which object of whom. `details` hold ids, counts and codes; never a measured value."""

    action: AuditAction
    actor_id: str
    actor_role: str
    object_type: str
    object_id: str
    patient_id: UUID | None
    outcome: AuditOutcome = "allowed"
    purpose: str = "care"
    details: dict[str, Any] = {}
    id: UUID = msgspec.field(default_factory=uuid7)
    ts: datetime = msgspec.field(default_factory=now)


async def append(conn: "PoolConnectionProxy[asyncpg.Record]", records: list[AuditRecord]) -> None:
    """One call a batch; the function takes the chain shards in ascending order."""
    await conn.execute("SELECT access.audit_append($1::jsonb)", msgspec.json.encode(records).decode())
