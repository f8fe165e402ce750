"""Wires access: its routes, the buckets that it owns, and the clock's work."""

from collections.abc import Iterable

import msgspec
from litestar import Litestar

from chassis import http
from chassis.bus import Bus
from chassis.db import Database
from chassis.idempotency import forget_old
from chassis.mirror import refill
from chassis.resource import Job, Startup
from proto.state import permission_key
from services.access import store
from services.access.internal import internal_router
from services.access.routes import HANDLERS
from services.access.seeding import permission_state, profile_state, seed_demo
from services.access.settings import Settings
from services.access.verify import signing_key, write_checkpoints


def create_app(settings: Settings) -> Litestar:
    bus = Bus(settings, "access")
    db = Database(settings, "access", bus)
    key = signing_key(settings.secrets_path / "keys/audit_checkpoint.pem")

    async def profiles() -> Iterable[tuple[str, bytes]]:
        async with db.transaction("refill") as tx:
            rows = await store.select_patients(tx.conn)
        return [(str(row.user_id), msgspec.json.encode(profile_state(row))) for row in rows]

    async def permissions() -> Iterable[tuple[str, bytes]]:
        async with db.transaction("refill") as tx:
            rows = await store.select_permissions(tx.conn, limit=1_000_000)
        return [
            (permission_key(row.patient_id, row.id), msgspec.json.encode(permission_state(row)))
            for row in rows
        ]

    async def prepare() -> None:
        if settings.env == "development":
            async with db.transaction("seed") as tx:
                await seed_demo(tx, settings.oidc_issuer)
        await refill(bus, "profiles", profiles)
        await refill(bus, "permissions", permissions)

    async def checkpoint() -> None:
        async with db.transaction("checkpoint") as tx:
            await write_checkpoints(tx.conn, key)

    return http.create_app(
        settings,
        "access",
        routes=[*HANDLERS, internal_router(settings.secret("keys/internal_token"))],
        resources=[
            bus,
            db,
            Startup(prepare),
            Job("checkpoint", 60, checkpoint),
            Job("idempotency", 600, lambda: forget_old(db)),
        ],
        dependencies={
            "db": http.value(db),
            "env": http.value(settings.env),
            "is_development": http.value(settings.env == "development"),
        },
    )
