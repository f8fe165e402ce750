"""Wires ingest: the hot routes over the group committer, and uploads."""

import os
import time

from litestar import Litestar

from chassis import http
from chassis.auth import TokenVerifier
from chassis.bus import Bus
from chassis.db import Database
from chassis.idempotency import forget_old
from chassis.mirror import Mirror
from chassis.resource import Job
from chassis.storage import Storage
from proto.events import Rejection
from proto.state import ConnectionsEntry, ModelState, PermissionState
from services.ingest import uploads
from services.ingest.committer import Committer
from services.ingest.denials import Denials
from services.ingest.domain import Memory, Rate
from services.ingest.known import KnownWorld
from services.ingest.objects import Objects
from services.ingest.routes import Front
from services.ingest.settings import Settings
from services.ingest.waiting import Waiting


def create_app(settings: Settings) -> Litestar:
    bus = Bus(settings, "ingest")
    db = Database(settings, "ingest", bus)
    connections: Mirror[ConnectionsEntry] = Mirror(bus, "connections", ConnectionsEntry)
    models: Mirror[ModelState] = Mirror(bus, "models", ModelState)
    permissions: Mirror[PermissionState] = Mirror(bus, "permissions", PermissionState)
    known = KnownWorld(connections, models, permissions)
    memory = Memory()
    committer = Committer(
        bus,
        shards=settings.ingest_shards,
        in_flight=settings.ingest_groups_in_flight,
        waiting_max=settings.ingest_waiting_max,
    )

    def forget(rejection: Rejection) -> None:
        if rejection.device_connection_id and rejection.record_key:
            memory.forget(rejection.device_connection_id, rejection.record_key)

    async def expire() -> None:

        memory.expire(time.monotonic())

    waiting = Waiting(bus, os.urandom(6).hex(), forget)
    storage = Storage(settings)
    denials = Denials(db)
    app = http.create_app(
        settings,
        "ingest",
        routes=[uploads.router],
        resources=[
            bus,
            db,
            connections,
            models,
            permissions,
            storage,
            waiting,
            denials,
            committer,
            Job("memory", 10, expire),
            Job("uploads", 600, lambda: uploads.forget_abandoned(db, storage)),
            Job("idempotency", 600, lambda: forget_old(db)),
        ],
        dependencies={
            "db": http.value(db),
            "known": http.value(known),
            "storage": http.value(storage),
            "upload_ttl_s": http.value(settings.upload_ttl_s),
        },
    )
    app.asgi_handler = Front(
        app.asgi_handler,
        known=known,
        verifier=TokenVerifier(settings.secrets_path / "keys/token_verify.pem"),
        committer=committer,
        memory=memory,
        waiting=waiting,
        objects=Objects(db),
        denials=denials,
        requests=Rate(settings.limit_requests_per_s),
        readings=Rate(settings.limit_readings_per_s),
    )
    app.state.known = known
    app.state.committer = committer
    return app
