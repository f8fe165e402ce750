"""`me`, `permissions` and `audit` over HTTP."""

from datetime import datetime
from typing import Any
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
from chassis.mirror import DELETED
from chassis.paging import DEFAULT_LIMIT, check_limit, decode_cursor, encode_cursor
from proto import subjects
from proto.errors import Refused
from proto.resources import AuditActor, AuditEvent, Me, MePatch, Page, Permission, PermissionGrant
from proto.state import permission_key
from proto.words import AuditAction
from services.access import store
from services.access.domain import actor_name, check_timezone, check_until, merged_units, ordered_kinds
from services.access.seeding import say_permission, say_profile
from services.access.store import Grant, Profile


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
    async with db.transaction("me_change") as tx:
        old = await _profile(tx, principal)
        units = (
            {}
            if data.units is UNSET
            else {k: v for k, v in structs.asdict(data.units).items() if v is not UNSET}
        )
        new = await store.update_profile(
            tx.conn,
            old.user_id,
            timezone=timezone or old.timezone,
            units=merged_units(old.units, units),
            locale=old.locale if data.locale is UNSET else data.locale,
        )
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
    """What I granted; with `received=true` what was granted to me."""
    check_limit(limit)
    before = decode_cursor(cursor, tuple[datetime, UUID]) if cursor else None
    async with db.transaction("permissions_list") as tx:
        rows = await store.select_permissions(
            tx.conn,
            patient_id=None if received else own_patient_id(principal),
            grantee_id=principal.user_id if received else None,
            before=before,
            limit=limit + 1,
        )
    page = rows[:limit]
    return Page(
        items=[_permission(row) for row in page],
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
        return _permission(grant)

    return await once(db, request, principal, work)


@delete(
    "/api/v1/permissions/{permission_id:uuid}",
    summary="Stop letting somebody see my data",
    tags=["permissions"],
)
async def revoke_permission(
    permission_id: FromPath[UUID], principal: NamedDependency[Principal], db: NamedDependency[Database]
) -> None:
    """Takes effect everywhere within a second, open views included."""
    patient_id = own_patient_id(principal)
    async with db.transaction("permission_revoke") as tx:
        grantee = await store.revoke_permission(tx.conn, permission_id, patient_id)
        if grantee is None:
            raise Refused("not_found")
        key = permission_key(patient_id, permission_id)
        tx.emit(subjects.kv_subject("permissions", key), b"", DELETED)
        tx.audit(_audit("permission.revoke", principal, permission_id, patient_id, {"grantee": str(grantee)}))


@get("/api/v1/audit", summary="Who saw my data", tags=["audit"])
async def read_audit(
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    patient_id: FromQuery[UUID | None] = None,
    limit: FromQuery[int] = DEFAULT_LIMIT,
    cursor: FromQuery[str | None] = None,
) -> Page[AuditEvent]:
    """Newest first. A patient sees their own, an admin anybody's; denied attempts are among them."""
    check_limit(limit)
    wanted = patient_id or principal.patient_id
    if not principal.has("admin") and (wanted is None or wanted != principal.patient_id):
        raise Refused("not_found")
    before = decode_cursor(cursor, tuple[datetime, UUID]) if cursor else None
    async with db.transaction("audit_read") as tx:
        rows = await store.select_audit(tx.conn, patient_id=wanted, before=before, limit=limit + 1)
        page = rows[:limit]
        names = await store.select_names(tx.conn, [id for row in page if (id := _uuid(row["actor_id"]))])
    return Page(
        items=[_event(row, names) for row in page],
        next_cursor=encode_cursor(page[-1]["ts"], page[-1]["id"]) if len(rows) > limit else None,
    )


async def _profile(tx: Tx, principal: Principal) -> Profile:
    profile = await store.select_profile(tx.conn, principal.user_id)
    if profile is None:
        raise Refused("unauthenticated")
    return profile


async def _find(tx: Tx, who: str) -> Profile | None:
    id = _uuid(who)
    return await store.select_profile(tx.conn, id) if id else await store.select_profile_by_name(tx.conn, who)


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


def _permission(grant: Grant) -> Permission:
    return Permission(
        id=grant.id,
        patient_id=grant.patient_id,
        grantee=grant.grantee_id,
        display_name=grant.grantee_name,
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


HANDLERS = [read_me, change_me, list_permissions, grant_permission, revoke_permission, read_audit]
