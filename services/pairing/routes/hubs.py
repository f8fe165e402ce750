"""Hubs: make, list, rotate, remove. A secret is shown once; only its digest is kept. An administrator sees and ends
every hub, without learning whose it is; its owner finds who did so in the log."""

from datetime import timedelta
from typing import Any

from litestar import Request, Response, Router, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody

from chassis.audit import AuditRecord
from chassis.auth import Principal, own_patient_id
from chassis.clock import now
from chassis.db import Database, Tx
from chassis.idempotency import once
from chassis.paging import DEFAULT_LIMIT, check_limit, decode_cursor, encode_cursor
from proto.errors import Refused
from proto.resources import Hub, HubCreate, HubCreated, MqttAddress, Page
from proto.state import HubSecret
from proto.words import AuditAction, AuditOutcome
from services.pairing import changes, tokens
from services.pairing.eviction import Evictions
from services.pairing.kept import Kept
from services.pairing.notes import Notes
from services.pairing.shapes import hub_of, hub_state_of
from services.pairing.store import connections, hubs
from services.pairing.store.hubs import HubRow


@post("/", status_code=201, summary="Add a hub")
async def create_hub(
    request: "Request[Any, Any, Any]",
    data: JSONBody[HubCreate],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    mqtt: NamedDependency[MqttAddress],
    kept: NamedDependency[Kept],
) -> Response[HubCreated]:
    """Where and as what the hub signs in."""
    patient_id = own_patient_id(principal)

    async def work(tx: Tx) -> HubCreated:
        at, id, secret = now(), tokens.hub_id(), tokens.hub_secret()
        await hubs.insert_hub(tx.conn, id, patient_id, data.name, at)
        await hubs.insert_secret(tx.conn, id, secret.sha256, at)
        row = await _hub(tx, id)
        changes.put_hub(tx, hub_state_of(row, [HubSecret(sha256=secret.sha256)]))
        tx.audit(_audit("hub.create", principal, row))
        return HubCreated(hub_id=id, secret=secret.plain, mqtt=mqtt)

    return await once(db, request, principal, work, sealing=kept)


@get("/", summary="One's hubs")
async def list_hubs(
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    everybodys: FromQuery[bool] = False,
    limit: FromQuery[int] = DEFAULT_LIMIT,
    cursor: FromQuery[str | None] = None,
) -> Page[Hub]:
    """`everybodys`: every hub there is, for administrators alone."""
    if everybodys and not principal.has("admin"):
        raise Refused("forbidden_role")
    patient_id = None if everybodys else own_patient_id(principal)
    check_limit(limit)
    after = decode_cursor(cursor, tuple[str])[0] if cursor else ""
    async with db.transaction("hubs_list") as tx:
        rows = await hubs.select_hubs(tx.conn, patient_id, after=after, limit=limit + 1)
    page = rows[:limit]
    return Page(
        items=[hub_of(row) for row in page],
        next_cursor=encode_cursor(page[-1].id) if len(rows) > limit else None,
    )


@post("/{hub_id:str}/rotate", status_code=200, summary="Make a new secret for a hub")
async def rotate_hub(
    request: "Request[Any, Any, Any]",
    hub_id: FromPath[str],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    mqtt: NamedDependency[MqttAddress],
    notes: NamedDependency[Notes],
    overlap: NamedDependency[timedelta],
    kept: NamedDependency[Kept],
) -> Response[HubCreated]:
    """The older secret stays good for ten minutes; then sessions that it opened end."""
    _check_role(principal)

    async def work(tx: Tx) -> HubCreated:
        row = await _lock(tx, notes, hub_id, principal)
        at, secret = now(), tokens.hub_secret()
        await hubs.limit_secrets(tx.conn, row.id, at + overlap, at)
        await hubs.insert_secret(tx.conn, row.id, secret.sha256, at)
        version = await hubs.mark_rotated(tx.conn, row.id, at + overlap)
        secrets = await hubs.select_secrets(tx.conn, row.id)
        changes.put_hub(tx, hub_state_of(row, secrets, version))
        tx.audit(_audit("hub.rotate", principal, row))
        return HubCreated(hub_id=row.id, secret=secret.plain, mqtt=mqtt)

    return await once(db, request, principal, work, status=200, sealing=kept)


@delete("/{hub_id:str}", status_code=204, summary="Remove a hub")
async def remove_hub(
    hub_id: FromPath[str],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    notes: NamedDependency[Notes],
    evictions: NamedDependency[Evictions],
) -> None:
    """Its secrets stop working, its live session ends within seconds, its devices are disconnected. May be repeated."""
    _check_role(principal)
    at = now()
    async with db.transaction("hub_remove") as tx:
        removed = await hubs.select_removed(tx.conn, hub_id)
        if removed is not None and _may_change(principal, removed):
            return
        row = await _lock(tx, notes, hub_id, principal)
        await hubs.delete_secrets(tx.conn, row.id)
        await hubs.mark_deleted(tx.conn, row.id, at)
        locked = await connections.lock_connections(tx.conn, await connections.select_of_hub(tx.conn, row.id))
        for connection in locked.values():
            await changes.happen(tx, connection, "hub_removed", at)
        changes.drop_hub(tx, row.id)
        tx.audit(_audit("hub.rotate", principal, row, removed=True))
        tx.after_commit(evictions.wake)


async def _hub(tx: Tx, id: str) -> HubRow:
    row = await hubs.select_hub(tx.conn, id)
    if row is None:
        raise LookupError("a hub that was just made is gone")
    return row


def _check_role(principal: Principal) -> None:
    if not principal.has("admin"):
        own_patient_id(principal)


def _may_change(principal: Principal, row: HubRow) -> bool:
    return row.patient_id == principal.patient_id or principal.has("admin")


async def _lock(tx: Tx, notes: Notes, hub_id: str, principal: Principal) -> HubRow:
    row = await hubs.select_hub(tx.conn, hub_id, lock=True)
    if row is None:
        raise Refused("not_found")
    if not _may_change(principal, row):
        denied = _audit("hub.rotate", principal, row, outcome="denied", code="not_found")
        notes.note(denied, (principal.user_id, row.id))
        raise Refused("not_found")
    return row


def _audit(
    action: AuditAction,
    principal: Principal,
    row: HubRow,
    outcome: AuditOutcome = "allowed",
    **details: object,
) -> AuditRecord:
    return AuditRecord(
        action=action,
        actor_id=str(principal.user_id),
        actor_role=principal.role,
        object_type="hub",
        object_id=row.id,
        patient_id=row.patient_id,
        outcome=outcome,
        details=details,
    )


router = Router("/api/v1/hubs", route_handlers=[create_hub, list_hubs, rotate_hub, remove_hub], tags=["hubs"])
