"""`me`, `permissions` and `audit` over HTTP."""

from datetime import datetime
from typing import Any, NoReturn
from uuid import UUID

from litestar import Request, Response, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import UNSET, structs

from chassis.audit import AuditRecord
from chassis.auth import Principal, own_patient_id
from chassis.clock import now, uuid7
from chassis.db import Database, Tx
from chassis.idempotency import once
from chassis.paging import DEFAULT_LIMIT, check_limit, decode_cursor, encode_cursor
from proto.errors import Refused
from proto.resources import AuditActor, AuditEvent, Me, MePatch, Page, Permission, PermissionGrant
from proto.words import AuditAction
from services.access import store
from services.access.buckets import say_permission, say_profile
from services.access.denials import Denials
from services.access.domain import (
    Grant,
    Profile,
    actor_name,
    check_timezone,
    check_until,
    may_revoke,
    merged_units,
    ordered_kinds,
)


@get("/api/v1/me", summary="Who I am", tags=["me"])
async def read_me(
    principal: NamedDependency[Principal], db: NamedDependency[Database], env: NamedDependency[str]
) -> Me:
    async with db.transaction("me") as tx:
        return _me(await _profile(tx, principal), env)


@patch("/api/v1/me", summary="Change my settings", tags=["me"])
async def change_me(
    data: JSONBody[MePatch],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    env: NamedDependency[str],
) -> Me:
    """Time zone, units and language; what is left out stays."""
    timezone = None if data.timezone is UNSET else check_timezone(data.timezone)
    units = {} if data.units is UNSET else structs.asdict(data.units)
    chosen = {name: unit for name, unit in units.items() if unit is not UNSET}
    async with db.transaction("me_change") as tx:
        old = await _profile(tx, principal, lock=True)
        new = await store.update_settings(
            tx.conn,
            old.user_id,
            timezone=timezone or old.timezone,
            units=merged_units(old.units, chosen),
            locale=old.locale if data.locale is UNSET else data.locale,
        )
        if new is None:
            raise LookupError("a profile that is locked is gone")
        if new.timezone != old.timezone:
            say_profile(tx, new)
    return _me(new, env)


@get("/api/v1/permissions", summary="Who may see my data", tags=["permissions"])
async def list_permissions(
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    received: FromQuery[bool] = False,
    limit: FromQuery[int] = DEFAULT_LIMIT,
    cursor: FromQuery[str | None] = None,
) -> Page[Permission]:
    """What I granted, under the name of who received it; with `received=true` the reverse."""
    check_limit(limit)
    before = decode_cursor(cursor, tuple[datetime, UUID]) if cursor else store.END
    owner = None if received else own_patient_id(principal)
    async with db.transaction("permissions_list") as tx:
        if owner is not None:
            rows = await store.select_granted(tx.conn, owner, before, limit + 1)
        else:
            rows = await store.select_received(tx.conn, principal.user_id, before, limit + 1)
    page = rows[:limit]
    return Page(
        items=[_permission(row, row.patient_name if received else row.grantee_name) for row in page],
        next_cursor=encode_cursor(page[-1].created_at, page[-1].id) if len(rows) > limit else None,
    )


@post("/api/v1/permissions", status_code=201, summary="Let somebody see my data", tags=["permissions"])
async def grant_permission(
    request: "Request[Any, Any, Any]",
    data: JSONBody[PermissionGrant],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
) -> Response[Permission]:
    """`grantee` is a user id or a sign-in name; `data_kinds` what they may see; `until` when it ends."""
    patient_id = own_patient_id(principal)
    until = None if data.until is UNSET else data.until
    check_until(until, now())

    async def work(tx: Tx) -> Permission:
        grantee = await _find(tx, data.grantee)
        if grantee is None:
            raise Refused("not_found", field="grantee")
        if grantee.user_id == patient_id:
            raise Refused("conflict", field="grantee")
        await _profile(tx, principal)
        id = uuid7()
        await store.insert_permission(
            tx.conn, id, patient_id, grantee.user_id, ordered_kinds(data.data_kinds), until
        )
        grant = await store.select_permission(tx.conn, id)
        if grant is None:
            raise RuntimeError("a permission that was just inserted is not there")
        say_permission(tx, grant)
        tx.audit(
            _audit("permission.grant", principal, grant.id, patient_id, {"grantee": str(grantee.user_id)})
        )
        return _permission(grant, grant.grantee_name)

    return await once(db, request, principal, work)


@delete(
    "/api/v1/permissions/{permission_id:uuid}",
    summary="Stop letting somebody see my data",
    tags=["permissions"],
)
async def revoke_permission(
    permission_id: FromPath[UUID],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    denials: NamedDependency[Denials],
) -> None:
    """Takes effect everywhere within a second, open views included. May be repeated."""
    async with db.transaction("permission_revoke") as tx:
        grant = await store.select_permission(tx.conn, permission_id, lock=True)
        verdict = may_revoke(grant, principal.user_id)
        if verdict == "yes" and grant is not None:
            at = now()
            await store.revoke_permission(tx.conn, grant.id, at)
            say_permission(tx, structs.replace(grant, revoked_at=at))
            tx.audit(
                _audit(
                    "permission.revoke",
                    principal,
                    grant.id,
                    grant.patient_id,
                    {"grantee": str(grant.grantee_id)},
                )
            )
    if verdict in ("yes", "done"):
        return
    if grant is not None and grant.revoked_at is None:
        await denials.note(
            principal, "permission.revoke", "permission", grant.id, grant.patient_id, code=verdict
        )
    raise Refused(verdict)


@get("/api/v1/audit", summary="Who saw my data", tags=["audit"])
async def read_audit(
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    denials: NamedDependency[Denials],
    patient_id: FromQuery[UUID | None] = None,
    limit: FromQuery[int] = DEFAULT_LIMIT,
    cursor: FromQuery[str | None] = None,
) -> Page[AuditEvent]:
    """Newest first. A patient sees their own, an admin anybody's; denied attempts are among them.

    An admin's look at somebody's log is itself in it. One's own look is not: it would be all there is to see.
    """
    before = decode_cursor(cursor, tuple[datetime, UUID]) if cursor else store.END
    check_limit(limit)
    wanted = patient_id or principal.patient_id
    is_own = wanted is not None and wanted == principal.patient_id
    if not is_own and not principal.has("admin"):
        await _refuse_audit(db, denials, principal, wanted)
    async with db.transaction("audit_read") as tx:
        if wanted is None:
            rows = await store.select_audit(tx.conn, before, limit + 1)
        else:
            rows = await store.select_audit_of(tx.conn, wanted, before, limit + 1)
        page = rows[:limit]
        names = await store.select_names(tx.conn, {id for row in page if (id := _uuid(row["actor_id"]))})
        if not is_own:
            tx.audit(_look(principal, wanted))
    return Page(
        items=[_event(row, names) for row in page],
        next_cursor=encode_cursor(page[-1]["ts"], page[-1]["id"]) if len(rows) > limit else None,
    )


async def _refuse_audit(
    db: Database, denials: Denials, principal: Principal, wanted: UUID | None
) -> NoReturn:
    """The same answer for somebody else's log and for nobody's; the first is audited."""
    if wanted is not None:
        async with db.acquire() as conn:
            owner = await store.select_profile(conn, wanted)
        if owner is not None and owner.patient_id is not None:
            await denials.note(principal, "data.read", "audit_log", wanted, wanted, code="not_found")
    raise Refused("not_found")


async def _profile(tx: Tx, principal: Principal, *, lock: bool = False) -> Profile:
    """One's own; a token outlives a database that was put back, then one signs in again."""
    profile = await store.select_profile(tx.conn, principal.user_id, lock=lock)
    if profile is None:
        raise Refused("unauthenticated")
    return profile


async def _find(tx: Tx, who: str) -> Profile | None:
    id = _uuid(who)
    found = await store.select_profile(tx.conn, id) if id else None
    return found or await store.select_profile_by_name(tx.conn, who)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _me(profile: Profile, env: str) -> Me:
    return Me(
        user_id=profile.user_id,
        patient_id=profile.patient_id,
        display_name=profile.display_name,
        roles=profile.roles,
        env=env,
        timezone=profile.timezone,
        units=merged_units(profile.units, {}),
        locale=profile.locale,
    )


def _permission(grant: Grant, display_name: str) -> Permission:
    return Permission(
        id=grant.id,
        patient_id=grant.patient_id,
        grantee=grant.grantee_id,
        display_name=display_name,
        data_kinds=grant.data_kinds,
        until=grant.until,
        created_at=grant.created_at,
    )


def _event(row: Any, names: dict[str, str]) -> AuditEvent:
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
    )


def _audit(
    action: AuditAction, principal: Principal, id: UUID, patient_id: UUID, details: dict[str, Any]
) -> AuditRecord:
    return AuditRecord(
        action=action,
        actor_id=str(principal.user_id),
        actor_role=principal.role,
        object_type="permission",
        object_id=str(id),
        patient_id=patient_id,
        purpose="self",
        details=details,
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


HANDLERS = [read_me, change_me, list_permissions, grant_permission, revoke_permission, read_audit]
