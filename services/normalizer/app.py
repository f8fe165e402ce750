"""Wires the normalizer: one consumer, its queries, and the clock's work."""

from datetime import timedelta

from litestar import Litestar

from chassis import http
from chassis.bus import Bus
from chassis.clock import now
from chassis.consume import Consumer, each
from chassis.crypto import LocalKeyRing
from chassis.db import Database
from chassis.janitor import Janitor
from chassis.mirror import Mirror
from chassis.resource import Job, Startup
from proto.state import ConnectionsEntry, ModelState, PermissionState, ProfileState
from services.normalizer import inbox
from services.normalizer.consumers import Normalizer
from services.normalizer.routes import router
from services.normalizer.settings import Settings
from services.normalizer.store import dead_letters, merged, readings
from services.normalizer.world import World


def create_app(settings: Settings) -> Litestar:
    bus = Bus(settings, "normalizer")
    db = Database(settings, "normalizer", bus)
    connections: Mirror[ConnectionsEntry] = Mirror(bus, "connections", ConnectionsEntry)
    models: Mirror[ModelState] = Mirror(bus, "models", ModelState)
    permissions: Mirror[PermissionState] = Mirror(bus, "permissions", PermissionState)
    profiles: Mirror[ProfileState] = Mirror(bus, "profiles", ProfileState)
    world = World(connections, models, permissions, profiles)
    normalizer = Normalizer(bus, db, world, LocalKeyRing(settings.secrets_path / "keys/keyring.json"))

    async def load_sessions() -> None:
        async with db.transaction("sessions_load") as tx:
            world.sessions.update(await readings.select_sessions(tx.conn))

    async def look_ahead() -> None:
        """Makes the partitions of this month and the next three before anybody needs them."""
        async with db.transaction("partitions") as tx:
            for months in range(4):
                await readings.ensure_partition(tx.conn, now() + timedelta(days=30 * months))

    async def forget_dead_letters() -> None:
        async with db.transaction("dead_letters_forget") as tx:
            await dead_letters.delete_old(tx.conn)

    async def forget_merged() -> None:
        async with db.transaction("merged_forget") as tx:
            await merged.forget_unused(tx.conn)

    app = http.create_app(
        settings,
        "normalizer",
        routes=[router, inbox.router],
        resources=[
            bus,
            db,
            connections,
            models,
            permissions,
            profiles,
            Startup(load_sessions),
            Job("partitions", 6 * 3600, look_ahead, at_start=True),
            Job("dead_letters", 6 * 3600, forget_dead_letters),
            Job("merged", 24 * 3600, forget_merged),
            Janitor(bus, "INGEST", "normalizer"),
            Consumer(bus, normalizer.subscription(settings.normalizer_batch)),
            Consumer(bus, each("erasure", normalizer.on_connection_changed)),
        ],
        dependencies={"db": http.value(db), "world": http.value(world)},
    )
    app.state.world = world
    return app
