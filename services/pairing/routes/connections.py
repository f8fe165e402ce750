"""Connections: create, list, see, rename, remove, reconnect."""

from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from litestar import Request, Response, Router, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import UNSET

from chassis import telemetry
from chassis.auth import Principal, own_patient_id
from chassis.clock import now, uuid7
from chassis.db import Database, Tx
from chassis.idempotency import once
from chassis.mirror import Mirror
from chassis.paging import DEFAULT_LIMIT, check_limit, decode_cursor, encode_cursor
from proto.errors import Refused
from proto.resources import CommandSent, Connection, ConnectionCreate, ConnectionPatch, Page
from proto.state import ModelState
from services.pairing import changes
from services.pairing.audits import about
from services.pairing.domain import is_offered
from services.pairing.ending import revoke
from services.pairing.hub_choice import choose_hub
from services.pairing.notes import Notes
from services.pairing.people import People
from services.pairing.shapes import connection_of
from services.pairing.store import connections
from services.pairing.store.connections import ConnectionRow

RECONNECT_LIFE: Final = timedelta(minutes=10)
NAME_MAX: Final = 64


@post("/create", status_code=201, summary="Begin to connect a device")
async def create(
    request: "Request[Any, Any, Any]",
    data: JSONBody[ConnectionCreate],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    models: NamedDependency[Mirror[ModelState]],
    people: NamedDependency[People],
    notes: NamedDependency[Notes],
    development: NamedDependency[bool],
) -> Response[Connection]:
    """Only a patient, for themselves. `hub_id` is needed when there are several hubs and the method is `hub`."""
    if data.patient_id is not UNSET and data.patient_id != principal.patient_id:
        code = "forbidden_role" if people.has_grant(principal, data.patient_id) else "not_found"
        notes.refused_create(principal, data.patient_id, code)
        raise Refused(code)
    patient_id = own_patient_id(principal)
    model = models.get(str(data.device_model_id))
    if model is None:
        models.require()
        raise Refused("not_found", field="device_model_id")
    if not is_offered(data.pairing_method, model.pairing_methods, development=development):
        raise Refused("wrong_type", field="pairing_method")
    hub_id = data.hub_id if data.hub_id is not UNSET else None
    if hub_id is not None and data.pairing_method != "hub":
        raise Refused("wrong_type", field="hub_id")

    async def work(tx: Tx) -> Connection:
        at, id = now(), uuid7()
        hub = await choose_hub(tx.conn, patient_id, hub_id) if data.pairing_method == "hub" else None
        await connections.insert_connection(
            tx.conn,
            id=id,
            patient_id=patient_id,
            device_model_id=model.id,
            name=model.name[:NAME_MAX],
            device_type=model.device_type,
            pairing_method=data.pairing_method,
            hub_id=hub.id if hub else None,
            now=at,
        )
        row = await changes.publish(tx, id, "status", at)
        tx.audit(about("connection.create", principal, row, device_model_id=str(model.id)))
        tx.after_commit(lambda: telemetry.PAIRINGS.labels(data.pairing_method, "created").inc())
        return connection_of(row)

    return await once(db, request, principal, work)


@get("/", summary="One's devices, or those that were shared")
async def list_connections(
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    people: NamedDependency[People],
    patient_id: FromQuery[UUID | None] = None,
    include_revoked: FromQuery[bool] = False,
    limit: FromQuery[int] = DEFAULT_LIMIT,
    cursor: FromQuery[str | None] = None,
) -> Page[Connection]:
    """Oldest first. Without `patient_id`: one's own, or for who is no patient, all that was granted."""
    check_limit(limit)
    wanted = patient_id or principal.patient_id
    if wanted is not None and wanted != principal.patient_id and not people.has_grant(principal, wanted):
        raise Refused("not_found")
    patients = [wanted] if wanted is not None else people.granting(principal)
    after = decode_cursor(cursor, tuple[UUID])[0] if cursor else None
    found: list[ConnectionRow] = []
    async with db.transaction("connections_list") as tx:
        while patients and len(found) <= limit:
            rows = await connections.select_connections(
                tx.conn, patients, include_revoked=include_revoked, after=after, limit=limit + 1
            )
            found += [row for row in rows if people.may_read(principal, row)]
            if len(rows) <= limit:
                break
            after = rows[-1].id
        page = found[:limit]
        for other in sorted({row.patient_id for row in page} - {principal.patient_id}):
            shown = [row for row in page if row.patient_id == other]
            tx.audit(about("data.read", principal, shown[0], shown=[str(row.id) for row in shown]))
    return Page(
        items=[connection_of(row) for row in page],
        next_cursor=encode_cursor(page[-1].id) if len(found) > limit else None,
    )


@get("/{connection_id:uuid}", summary="A device")
async def read_connection(
    connection_id: FromPath[UUID],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    people: NamedDependency[People],
) -> Connection:
    async with db.transaction("connection_read") as tx:
        row = await people.find_readable(tx.conn, connection_id, principal)
        if row.patient_id != principal.patient_id:
            tx.audit(about("data.read", principal, row))
    return connection_of(row)


@patch("/{connection_id:uuid}", summary="Rename a device")
async def rename_connection(
    connection_id: FromPath[UUID],
    data: JSONBody[ConnectionPatch],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    people: NamedDependency[People],
) -> Connection:
    async with db.transaction("connection_rename") as tx:
        row = await people.lock_own(tx.conn, connection_id, principal, "connection.create", "rename")
        if row.name != data.name:
            await connections.update_name(tx.conn, row.id, data.name)
            row = await changes.publish(tx, row.id, "renamed", now())
    return connection_of(row)


@delete("/{connection_id:uuid}", status_code=204, summary="Remove a device")
async def remove_connection(
    connection_id: FromPath[UUID],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    people: NamedDependency[People],
    erase: FromQuery[bool] = False,
) -> None:
    """Consent ends, tokens stop working, the hub forgets the device. Readings stay, unless `erase=true`. May be repeated."""
    at = now()
    async with db.transaction("connection_remove") as tx:
        row = await people.lock_own(tx.conn, connection_id, principal, "connection.revoke")
        if row.status != "revoked":
            await revoke(tx, row, principal, at)
        if erase and await connections.mark_erased(tx.conn, row.id, at):
            row = await changes.publish(tx, row.id, "erased", at)
            tx.audit(about("connection.revoke", principal, row, erase=True))


@post(
    "/{connection_id:uuid}/reconnect", status_code=202, summary="Ask the hub to connect to the device again"
)
async def reconnect(
    connection_id: FromPath[UUID],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    people: NamedDependency[People],
) -> CommandSent:
    """A hub that is offline gets it when it is back within ten minutes. 409 for a device that is not on a hub."""
    async with db.transaction("connection_reconnect") as tx:
        row = await people.lock_own(tx.conn, connection_id, principal, "pairing.start", "reconnect")
        if row.status == "revoked" or row.hub_id is None or row.device_id is None:
            raise Refused("conflict")
        command_id = changes.command(tx, row.hub_id, "reconnect", now() + RECONNECT_LIFE, row=row)
    return CommandSent(command_id=command_id)


router = Router(
    "/api/v1/device-connections",
    route_handlers=[
        create,
        list_connections,
        read_connection,
        rename_connection,
        remove_connection,
        reconnect,
    ],
    tags=["device-connections"],
)
