"""`me` and `permissions` over HTTP: who somebody is, and what they let others see."""

from datetime import datetime
from typing import Any, Literal, NoReturn
from uuid import UUID

from litestar import Request, Response, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import UNSET, structs

from chassis.audit import AuditRecord
from chassis.auth import STRONGEST_FIRST, Principal, own_patient_id
from chassis.clock import now, uuid7
from chassis.db import Database, Tx
from chassis.idempotency import once
from chassis.paging import DEFAULT_LIMIT, check_limit, decode_cursor, encode_cursor
from proto.errors import Refused
from proto.resources import Me, MePatch, Page
from proto.sharing import Grantee, GranteeName, Permission, PermissionGrant, PermissionPatch
from proto.words import AuditAction, Role
from services.access import store
from services.access.buckets import say_permission, say_profile
from services.access.denials import Denials
from services.access.domain import (
    Grant,
    Profile,
    as_id,
    changed_settings,
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
        if changed := changed_settings(old, new):
            tx.audit(_settings_changed(principal, new, changed))
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
        items=[_received(row) if received else _granted(row) for row in page],
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
        grantee = await _somebody_else(tx, data.grantee, patient_id)
        await _profile(tx, principal)
        id = uuid7()
        await store.insert_permission(
            tx.conn, id, patient_id, grantee.user_id, ordered_kinds(data.data_kinds), until
        )
        grant = await store.select_permission(tx.conn, id)
        if grant is None:
            raise RuntimeError("a permission that was just inserted is not there")
        say_permission(tx, grant)
        tx.audit(_audit("permission.grant", principal, grant))
        return _granted(grant)

    return await once(db, request, principal, work)


@post("/api/v1/permissions/grantees", status_code=200, summary="Whom a name means", tags=["permissions"])
async def find_grantee(
    data: JSONBody[GranteeName], principal: NamedDependency[Principal], db: NamedDependency[Database]
) -> Grantee:
    """So that one sees who it is before anything is shared. Says no more than granting to them would."""
    patient_id = own_patient_id(principal)
    async with db.transaction("grantee_find") as tx:
        found = await _somebody_else(tx, data.grantee, patient_id)
    return Grantee(id=found.user_id, display_name=found.display_name, role=_role(found.roles))


@patch(
    "/api/v1/permissions/{permission_id:uuid}",
    summary="Change what somebody sees, or until when",
    tags=["permissions"],
)
async def change_permission(
    permission_id: FromPath[UUID],
    data: JSONBody[PermissionPatch],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    denials: NamedDependency[Denials],
) -> Permission:
    """What is left out stays; `until: null` takes the end away. What is taken out is gone from open views within a second."""
    if data.until is not UNSET:
        check_until(data.until, now())
    async with db.transaction("permission_change") as tx:
        grant = await store.select_permission(tx.conn, permission_id, lock=True)
        verdict = may_revoke(grant, principal.user_id)
        if verdict == "yes" and grant is not None:
            wanted = structs.replace(
                grant,
                data_kinds=grant.data_kinds if data.data_kinds is UNSET else ordered_kinds(data.data_kinds),
                until=grant.until if data.until is UNSET else data.until,
            )
            if wanted != grant:
                grant = structs.replace(wanted, version=await store.update_permission(tx.conn, wanted))
                say_permission(tx, grant)
                tx.audit(_audit("permission.grant", principal, grant))
    if verdict == "yes" and grant is not None:
        return _granted(grant)
    await _refuse(denials, principal, "permission.grant", grant, verdict)


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
            tx.audit(_audit("permission.revoke", principal, grant))
    if verdict not in ("yes", "done"):
        await _refuse(denials, principal, "permission.revoke", grant, verdict)


async def _profile(tx: Tx, principal: Principal, *, lock: bool = False) -> Profile:
    """One's own; a token outlives a database that was put back, then one signs in again."""
    profile = await store.select_profile(tx.conn, principal.user_id, lock=lock)
    if profile is None:
        raise Refused("unauthenticated")
    return profile


async def _refuse(
    denials: Denials,
    principal: Principal,
    action: AuditAction,
    grant: Grant | None,
    verdict: Literal["yes", "done", "forbidden_role", "not_found"],
) -> NoReturn:
    """Whose grant it is learns of the attempt. One that was taken back is not there any more, also for its owner."""
    if verdict in ("yes", "done"):
        raise Refused("not_found")
    if grant is not None and grant.revoked_at is None:
        await denials.note(principal, action, "permission", grant.id, grant.patient_id, code=verdict)
    raise Refused(verdict)


async def _somebody_else(tx: Tx, who: str, patient_id: UUID) -> Profile:
    found = await _find(tx, who)
    if found is None:
        raise Refused("not_found", field="grantee")
    if found.user_id == patient_id:
        raise Refused("conflict", field="grantee")
    return found


async def _find(tx: Tx, who: str) -> Profile | None:
    id = as_id(who)
    found = await store.select_profile(tx.conn, id) if id else None
    return found or await store.select_profile_by_name(tx.conn, who)


def _role(roles: list[Role]) -> Role:
    """The role by which a person is introduced to others."""
    return next((role for role in STRONGEST_FIRST if role in roles), "patient")


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


def _granted(grant: Grant) -> Permission:
    """As the patient sees it: under the name of who received it."""
    return _permission(grant, grant.grantee_name, grant.grantee_roles, None)


def _received(grant: Grant) -> Permission:
    """As the receiver sees it: under the patient's name, with the zone in which that person's day is told."""
    return _permission(grant, grant.patient_name, grant.patient_roles, grant.patient_timezone)


def _permission(grant: Grant, name: str, roles: list[Role], timezone: str | None) -> Permission:
    return Permission(
        id=grant.id,
        patient_id=grant.patient_id,
        grantee=grant.grantee_id,
        display_name=name,
        role=_role(roles),
        timezone=timezone,
        data_kinds=grant.data_kinds,
        until=grant.until,
        created_at=grant.created_at,
    )


def _audit(action: AuditAction, principal: Principal, grant: Grant) -> AuditRecord:
    return AuditRecord(
        action=action,
        actor_id=str(principal.user_id),
        actor_role=principal.role,
        object_type="permission",
        object_id=str(grant.id),
        patient_id=grant.patient_id,
        purpose="self",
        details={"grantee": str(grant.grantee_id), "data_kinds": grant.data_kinds},
    )


def _settings_changed(principal: Principal, profile: Profile, fields: list[str]) -> AuditRecord:
    """Names of fields only."""
    return AuditRecord(
        action="profile.change",
        actor_id=str(principal.user_id),
        actor_role=principal.role,
        object_type="profile",
        object_id=str(profile.user_id),
        patient_id=profile.patient_id,
        purpose="self",
        details={"changed": fields},
    )


HANDLERS = [
    read_me,
    change_me,
    list_permissions,
    grant_permission,
    find_grantee,
    change_permission,
    revoke_permission,
]
