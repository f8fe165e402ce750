"""`audit` over HTTP: who saw my data, all of it or as asked for, and who has been there at all."""

from datetime import datetime
from typing import Annotated, Any, NoReturn
from uuid import UUID

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromQuery, QueryParameter

from chassis.audit import AuditRecord
from chassis.auth import Principal
from chassis.db import Database
from chassis.paging import DEFAULT_LIMIT, check_limit, decode_cursor, encode_cursor, moment
from proto.errors import Refused
from proto.resources import Page
from proto.sharing import AuditActor, AuditEvent, AuditPerson, AuditSummary
from proto.words import AuditAction, AuditBy, AuditOutcome
from services.access import store
from services.access.denials import Denials
from services.access.domain import AuditFilter, actor_name, as_id, told_of

From = Annotated[str | None, QueryParameter(name="from", description="RFC 3339 with offset; included")]
To = Annotated[str | None, QueryParameter(name="to", description="RFC 3339 with offset; not included")]


@get("/api/v1/audit", summary="Who saw my data", tags=["audit"])
async def read_audit(
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    denials: NamedDependency[Denials],
    patient_id: FromQuery[UUID | None] = None,
    by: FromQuery[AuditBy | None] = None,
    actor_id: FromQuery[str | None] = None,
    action: FromQuery[list[AuditAction] | None] = None,
    outcome: FromQuery[AuditOutcome | None] = None,
    since: From = None,
    until: To = None,
    limit: FromQuery[int] = DEFAULT_LIMIT,
    cursor: FromQuery[str | None] = None,
) -> Page[AuditEvent]:
    """Newest first. A patient sees their own, an admin anybody's; denied attempts are among them.

    `by`: people other than the patient, the patient, or devices and Device Connect itself. `action` may be repeated.
    An admin's look at somebody's log is itself in it. One's own look is not: it would be all there is to see.
    """
    before = decode_cursor(cursor, tuple[datetime, UUID]) if cursor else store.END
    check_limit(limit)
    wanted = await _whose(db, denials, principal, patient_id)
    only = AuditFilter(
        by=by,
        actor_id=actor_id,
        actions=action,
        outcome=outcome,
        since=moment(since, "from"),
        until=moment(until, "to"),
    )
    async with db.transaction("audit_read") as tx:
        rows = await store.select_audit(tx.conn, wanted, only, before, limit + 1)
        page = rows[:limit]
        named = {row["actor_id"] for row in page} | {row["other"] for row in page}
        names = await store.select_names(tx.conn, {id for text in named if (id := as_id(text))})
        if wanted != principal.patient_id or wanted is None:
            tx.audit(_look(principal, wanted))
    return Page(
        items=[_event(row, names) for row in page],
        next_cursor=encode_cursor(page[-1]["ts"], page[-1]["id"]) if len(rows) > limit else None,
    )


@get("/api/v1/audit/summary", summary="Who has been at my data at all", tags=["audit"])
async def summarize_audit(
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    denials: NamedDependency[Denials],
    patient_id: FromQuery[UUID | None] = None,
    since: From = None,
    until: To = None,
) -> AuditSummary:
    """`people`: whoever else acted or tried to, at any time, newest first, at most 200.

    `routine`: how often devices and Device Connect itself did their work between `from` and `to`.
    """
    wanted = await _whose(db, denials, principal, patient_id)
    if wanted is None:
        raise Refused("not_found")
    begin, end = moment(since, "from"), moment(until, "to")
    async with db.transaction("audit_summary") as tx:
        rows = await store.select_visitors(tx.conn, wanted)
        names = await store.select_names(tx.conn, {id for row in rows if (id := as_id(row["actor_id"]))})
        routine = await store.count_routine(tx.conn, wanted, begin, end)
        if wanted != principal.patient_id:
            tx.audit(_look(principal, wanted))
    return AuditSummary(
        people=[
            AuditPerson(
                id=row["actor_id"],
                name=actor_name(row["actor_id"], names),
                role=row["actor_role"],
                last_at=row["ts"],
            )
            for row in rows
        ],
        routine=routine,
    )


async def _whose(
    db: Database, denials: Denials, principal: Principal, patient_id: UUID | None
) -> UUID | None:
    """Whose log is asked for, None being everybody's; refused to who is neither that person nor an admin."""
    wanted = patient_id or principal.patient_id
    is_own = wanted is not None and wanted == principal.patient_id
    if not is_own and not principal.has("admin"):
        await _refuse(db, denials, principal, wanted)
    return wanted


async def _refuse(db: Database, denials: Denials, principal: Principal, wanted: UUID | None) -> NoReturn:
    """The same answer for somebody else's log and for nobody's; the first is audited."""
    if wanted is not None:
        async with db.acquire() as conn:
            owner = await store.select_profile(conn, wanted)
        if owner is not None and owner.patient_id is not None:
            await denials.note(principal, "data.read", "audit_log", wanted, wanted, code="not_found")
    raise Refused("not_found")


def _event(row: Any, names: dict[str, str]) -> AuditEvent:
    about = told_of(row["object_type"], row["object_id"], row["details"], names)
    return AuditEvent(
        id=row["id"],
        at=row["ts"],
        actor=AuditActor(id=row["actor_id"], name=actor_name(row["actor_id"], names), role=row["actor_role"]),
        action=row["action"],
        object_type=row["object_type"],
        object_id=row["object_id"],
        patient_id=row["patient_id"],
        purpose=row["purpose"],
        outcome=row["outcome"],
        device_connection_id=about.device_connection_id,
        data_kinds=about.data_kinds,
        other=about.other,
        reason=about.reason,
    )


def _look(principal: Principal, patient_id: UUID | None) -> AuditRecord:
    return AuditRecord(
        action="data.read",
        actor_id=str(principal.user_id),
        actor_role=principal.role,
        object_type="audit_log",
        object_id=str(patient_id or "all"),
        patient_id=patient_id,
        purpose="operations",
    )


HANDLERS = [read_audit, summarize_audit]
