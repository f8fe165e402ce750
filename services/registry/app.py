"""Wires the registry: the catalogue is seeded at start, its bucket is filled, and it answers."""

from collections.abc import Iterable

import msgspec
from litestar import Litestar

from chassis import http
from chassis.bus import Bus
from chassis.db import Database
from chassis.idempotency import forget_old
from chassis.mirror import refill
from chassis.resource import Job, Startup
from services.registry import store
from services.registry.catalogue import SIMULATED
from services.registry.domain import state_of
from services.registry.routes import change_model, list_models, list_vendors, read_model, register_model
from services.registry.seeding import seed
from services.registry.settings import Settings


def create_app(settings: Settings) -> Litestar:
    bus = Bus(settings, "registry")
    db = Database(settings, "registry", bus)
    development = settings.env == "development"
    enabled = settings.offered()

    async def models() -> Iterable[tuple[str, bytes]]:
        async with db.transaction("refill") as tx:
            rows = await store.select_all(tx.conn)
        return [(str(row.id), msgspec.json.encode(state_of(row, development=development))) for row in rows]

    async def prepare() -> None:
        async with db.transaction("seed") as tx:
            await seed(tx, development=development, enabled=enabled)
        await refill(bus, "models", models)

    return http.create_app(
        settings,
        "registry",
        routes=[list_models, read_model, register_model, change_model, list_vendors],
        resources=[bus, db, Startup(prepare), Job("idempotency", 600, lambda: forget_old(db))],
        dependencies={
            "db": http.value(db),
            "development": http.value(development),
            "hidden_vendor": http.value(None if development else SIMULATED.vendor_id),
        },
    )
