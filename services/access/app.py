"""Wires access: its routes, the buckets that it owns, and the clock's work."""

from collections.abc import Iterable

import msgspec
from litestar import Litestar

from chassis import http
from chassis.bus import Bus
from chassis.db import Database
from chassis.mirror import Mirror, refill
from chassis.resource import Startup
from proto.state import PermissionState
from services.access import store
from services.access.buckets import PERMISSIONS, PROFILES, key_of, permission_state, profile_state
from services.access.denials import Denials
from services.access.internal import internal_router
from services.access.jobs import Clock
from services.access.routes import HANDLERS
from services.access.seeding import seed_demo
from services.access.settings import Settings
from services.access.verify import signing_key


def create_app(settings: Settings) -> Litestar:
    bus = Bus(settings, "access")
    db = Database(settings, "access", bus)
    own: Mirror[PermissionState] = Mirror(bus, PERMISSIONS, PermissionState)
    key = signing_key(settings.secrets_path / "keys/audit_checkpoint.pem")
    is_development = settings.env == "development"

    async def profiles() -> Iterable[tuple[str, bytes]]:
        async with db.acquire() as conn:
            rows = await store.select_patients(conn)
        return [(str(row.user_id), msgspec.json.encode(profile_state(row))) for row in rows]

    async def permissions() -> Iterable[tuple[str, bytes]]:
        async with db.acquire() as conn:
            rows = await store.select_live_permissions(conn)
        return [(key_of(row), msgspec.json.encode(permission_state(row))) for row in rows]

    async def prepare() -> None:
        if is_development:
            async with db.transaction("seed") as tx:
                await seed_demo(tx, settings.oidc_issuer)
        await refill(bus, PROFILES, profiles)
        await refill(bus, PERMISSIONS, permissions)

    return http.create_app(
        settings,
        "access",
        routes=[*HANDLERS, internal_router(settings.secret("keys/internal_token"))],
        resources=[bus, db, Startup(prepare), own, *Clock(db, key, own).jobs()],
        dependencies={
            "db": http.value(db),
            "denials": http.value(Denials(db)),
            "env": http.value(settings.env),
            "is_development": http.value(is_development),
        },
    )
