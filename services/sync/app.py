"""Wires sync: the API, what vendors send, what is heard, and the workers that look."""

from datetime import timedelta

from litestar import Litestar

from chassis import http
from chassis.bus import Bus
from chassis.cache import Cache
from chassis.clock import now
from chassis.consume import Consumer
from chassis.crypto import LocalKeyRing
from chassis.db import Database
from chassis.idempotency import forget_old
from chassis.mirror import Mirror
from chassis.resource import Job
from chassis.storage import Storage
from proto.state import ConnectionsEntry, ModelState, ProfileState
from services.sync import exports, internal, routes, webhooks
from services.sync.breaker import Breaker
from services.sync.budgets import Budgets
from services.sync.coming_back import Arrivals
from services.sync.dialling import Dialler
from services.sync.enrolling import Enrolment
from services.sync.entering import Entrance
from services.sync.exports import Exporter
from services.sync.feeding import Feeder, Known
from services.sync.importing import Importer
from services.sync.looking import Looker
from services.sync.notices import KEEP_EVENTS, Listener
from services.sync.outbound import Outbound
from services.sync.parties import Vendors
from services.sync.parting import Parting
from services.sync.rates import Rate
from services.sync.settings import Settings
from services.sync.store import sign_ins
from services.sync.subscribing import Subscriber
from services.sync.vault import Vault
from services.sync.webhooks import Mailbox
from services.sync.workers import Workers


def create_app(settings: Settings) -> Litestar:
    bus, cache = Bus(settings, "sync"), Cache(settings)
    db = Database(settings, "sync", bus)
    connections: Mirror[ConnectionsEntry] = Mirror(bus, "connections", ConnectionsEntry)
    models: Mirror[ModelState] = Mirror(bus, "models", ModelState)
    profiles: Mirror[ProfileState] = Mirror(bus, "profiles", ProfileState)
    ring = LocalKeyRing(settings.secrets_path / "keys/keyring.json")
    enabled = frozenset(name.strip() for name in settings.vendors_enabled.split(",") if name.strip())
    vendors = Vendors(settings.secrets_path, enabled)
    known = Known(connections, models)
    vault, budgets, breaker = Vault(db, ring), Budgets(cache), Breaker()
    outbound = Outbound(budgets, settings.vendor_gate)
    feeder = Feeder(bus, settings.ingest_shards)
    subscriber = Subscriber(db, vendors, settings.public_url)
    entrance = Entrance(
        db=db,
        vendors=vendors,
        vault=vault,
        ring=ring,
        outbound=outbound,
        budgets=budgets,
        public_url=settings.public_url,
        ttl_s=settings.authorization_ttl_s,
    )
    looker = Looker(
        db=db,
        vendors=vendors,
        vault=vault,
        outbound=outbound,
        budgets=budgets,
        breaker=breaker,
        feeder=feeder,
        known=known,
        profiles=profiles,
        subscriber=subscriber,
        turn_s=settings.sync_turn_s,
    )
    parting = Parting(
        db=db, vendors=vendors, vault=vault, outbound=outbound, budgets=budgets, subscriber=subscriber
    )
    workers = Workers(
        db, looker, parting, breaker, count=settings.sync_workers, lease_s=settings.sync_lease_s
    )
    storage = Storage(settings)
    importer = Importer(
        db=db,
        vendors=vendors,
        storage=storage,
        feeder=feeder,
        known=known,
        profiles=profiles,
        lease_s=settings.sync_lease_s,
    )
    mailbox = Mailbox(bus, Rate(settings.limit_webhooks_per_min))
    listener = Listener(
        db=db,
        vendors=vendors,
        ring=ring,
        known=known,
        feeder=feeder,
        entrance=entrance,
        profiles=profiles,
        wake=workers.wake,
        wake_importer=importer.wake,
        history_days=settings.sync_history_days,
    )

    async def forget() -> None:
        async with db.transaction("forget") as tx:
            await sign_ins.forget_sign_ins(tx.conn, now())
            await sign_ins.forget_events(tx.conn, now() - timedelta(seconds=KEEP_EVENTS.total_seconds()))

    app = http.create_app(
        settings,
        "sync",
        routes=[routes.router, webhooks.router, internal.router, exports.router],
        resources=[
            bus,
            db,
            cache,
            connections,
            models,
            profiles,
            outbound,
            vault,
            storage,
            workers,
            importer,
            Dialler(vendors, mailbox),
            Consumer(bus, listener.jobs()),
            Consumer(bus, listener.connections()),
            Job("forget", 600, forget),
            Job("idempotency", 600, lambda: forget_old(db)),
        ],
        dependencies={
            "db": http.value(db),
            "vendors": http.value(vendors),
            "known": http.value(known),
            "entrance": http.value(entrance),
            "enrolment": http.value(
                Enrolment(vendors=vendors, outbound=outbound, budgets=budgets, entrance=entrance)
            ),
            "arrivals": http.value(Arrivals(connections, known, vendors)),
            "mailbox": http.value(mailbox),
            "exporter": http.value(Exporter(vendors, known, feeder, profiles, bus)),
            "syncs_per_min": http.value(settings.limit_sync_per_min),
        },
    )
    app.state.importer = importer
    app.state.known = known
    return app
