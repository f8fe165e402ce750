"""The catalogue over HTTP."""

from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, Response, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody

from chassis.auth import Principal, require_role
from chassis.clock import uuid7
from chassis.db import Database, Tx
from chassis.idempotency import once
from chassis.paging import DEFAULT_LIMIT, check_limit, decode_cursor, encode_cursor
from proto.errors import Refused
from proto.resources import DeviceModel, DeviceModelPatch, DeviceModelRegister, Page, Vendor
from proto.words import DeviceType, PairingMethod
from services.registry import store
from services.registry.domain import (
    SEARCH_MAX,
    changed,
    check_text,
    methods_offered,
    registered,
    same_content,
)
from services.registry.rows import ModelRow
from services.registry.seeding import say_model


@get("/api/v1/devices", summary="Which devices there are", tags=["devices"])
async def list_models(
    db: NamedDependency[Database],
    development: NamedDependency[bool],
    hidden_vendor: NamedDependency[str | None],
    device_type: FromQuery[DeviceType | None] = None,
    vendor: FromQuery[str | None] = None,
    pairing_method: FromQuery[PairingMethod | None] = None,
    q: FromQuery[str | None] = None,
    limit: FromQuery[int] = DEFAULT_LIMIT,
    cursor: FromQuery[str | None] = None,
) -> Page[DeviceModel]:
    """By name. `q` searches name, model and maker; every word must be found."""
    check_limit(limit)
    after = decode_cursor(cursor, tuple[str, UUID]) if cursor else None
    if after is not None:
        check_text(after[0], "cursor")
    if vendor:
        check_text(vendor, "vendor", longest=SEARCH_MAX)
    if q:
        check_text(q, "q", longest=SEARCH_MAX)
    if pairing_method == "simulated":
        if not development:
            return Page(items=[])
        pairing_method = None  # it is every model's
    async with db.transaction("models_list") as tx:
        rows = await store.select_models(
            tx.conn,
            device_type=device_type,
            vendor=vendor or None,
            pairing_method=pairing_method,
            q=q,
            hidden_vendor=hidden_vendor,
            after=after,
            limit=limit + 1,
        )
    page = rows[:limit]
    more = len(rows) > limit
    return Page(
        items=[shape(row, development=development) for row in page],
        next_cursor=encode_cursor(page[-1].name, page[-1].id) if more else None,
    )


@get("/api/v1/devices/{model_id:uuid}", summary="One device model", tags=["devices"])
async def read_model(
    model_id: FromPath[UUID],
    db: NamedDependency[Database],
    development: NamedDependency[bool],
    hidden_vendor: NamedDependency[str | None],
) -> DeviceModel:
    async with db.transaction("model") as tx:
        row = await store.select_model(tx.conn, model_id)
    if row is None or row.vendor == hidden_vendor:
        raise Refused("not_found")
    return shape(row, development=development)


@post(
    "/api/v1/devices/register",
    status_code=201,
    guards=[require_role("admin")],
    summary="Add a device model",
    tags=["devices"],
)
async def register_model(
    request: "Request[Any, Any, Any]",
    data: JSONBody[DeviceModelRegister],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    development: NamedDependency[bool],
) -> Response[DeviceModel]:
    """409 when the vendor has a model of this name."""

    row = registered(data, uuid7(), development=development)

    async def work(tx: Tx) -> DeviceModel:
        await store.insert_vendor(tx.conn, row.vendor)
        if not await store.insert_model(tx.conn, row, in_catalogue=False):
            raise Refused("duplicate", field="model")
        stored = await store.select_model(tx.conn, row.id)
        if stored is None:
            raise RuntimeError("a model that was just inserted is not there")
        say_model(tx, stored, development=development)
        return shape(stored, development=development)

    return await once(db, request, principal, work)


@patch(
    "/api/v1/devices/{model_id:uuid}",
    guards=[require_role("admin")],
    summary="Change a device model",
    tags=["devices"],
)
async def change_model(
    model_id: FromPath[UUID],
    data: JSONBody[DeviceModelPatch],
    db: NamedDependency[Database],
    development: NamedDependency[bool],
    hidden_vendor: NamedDependency[str | None],
) -> DeviceModel:
    """What is left out stays. It holds for everybody at once, also for devices that are paired already."""
    async with db.transaction("model_change") as tx:
        old = await store.select_model(tx.conn, model_id, lock=True)
        if old is None or old.vendor == hidden_vendor:
            raise Refused("not_found")
        row = changed(old, data, development=development)
        if not same_content(old, row):
            version = await store.update_model(tx.conn, row, in_catalogue=False)
            row = msgspec.structs.replace(row, version=version)
            say_model(tx, row, development=development)
    return shape(row, development=development)


@get("/api/v1/vendors", summary="The makers", tags=["devices"])
async def list_vendors(
    db: NamedDependency[Database],
    hidden_vendor: NamedDependency[str | None],
    limit: FromQuery[int] = DEFAULT_LIMIT,
    cursor: FromQuery[str | None] = None,
) -> Page[Vendor]:
    check_limit(limit)
    after = check_text(decode_cursor(cursor, tuple[str])[0], "cursor") if cursor else None
    async with db.transaction("vendors") as tx:
        rows = await store.select_vendors(tx.conn, hidden=hidden_vendor, after=after, limit=limit + 1)
    page = rows[:limit]
    return Page(
        items=[Vendor(vendor_id=row.vendor_id, name=row.name, docs_url=row.docs_url or None) for row in page],
        next_cursor=encode_cursor(page[-1].vendor_id) if len(rows) > limit else None,
    )


def shape(row: ModelRow, *, development: bool) -> DeviceModel:
    return DeviceModel(
        id=row.id,
        vendor_id=row.vendor,
        vendor_name=row.vendor_name,
        model=row.model,
        name=row.name,
        device_type=row.device_type,
        capabilities=row.capabilities,
        pairing_methods=methods_offered(row.pairing_methods, development=development),
        recommended_reason=row.recommended_reason,
        native_required=row.native_required,
        native_reason=row.native_reason,
        ble_services=row.ble_services,
        docs_url=row.docs_url,
    )
