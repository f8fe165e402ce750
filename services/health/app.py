"""Wires health: one consumer, the clock, and its queries."""

from litestar import Litestar

from chassis import http
from chassis.bus import Bus
from chassis.consume import Consumer
from chassis.db import Database
from chassis.mirror import Mirror
from chassis.resource import Job
from proto.state import ConnectionsEntry, PermissionState
from services.health.consumers import HealthKeeper
from services.health.routes import list_events, list_health, read_health
from services.health.settings import Settings


def create_app(settings: Settings) -> Litestar:
    bus = Bus(settings, "health")
    db = Database(settings, "health", bus)
    connections: Mirror[ConnectionsEntry] = Mirror(bus, "connections", ConnectionsEntry)
    permissions: Mirror[PermissionState] = Mirror(bus, "permissions", PermissionState)
    keeper = HealthKeeper(db, connections)
    return http.create_app(
        settings,
        "health",
        routes=[read_health, list_health, list_events],
        resources=[
            bus,
            db,
            connections,
            permissions,
            Job("unsaid", 5.0, keeper.look),
            Consumer(bus, keeper.subscription()),
        ],
        dependencies={
            "db": http.value(db),
            "connections": http.value(connections),
            "permissions": http.value(permissions),
        },
    )
