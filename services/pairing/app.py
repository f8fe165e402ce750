"""Wires pairing: the API, the clock, what it hears, and the answer to hubs that sign in."""

from datetime import timedelta
from urllib.parse import urlsplit

import nkeys
from litestar import Litestar

from chassis import http
from chassis.bus import Bus
from chassis.config import ConfigError
from chassis.consume import Consumer
from chassis.crypto import LocalKeyRing
from chassis.db import Database
from chassis.idempotency import forget_old
from chassis.mirror import Mirror, refill
from chassis.resource import Background, Job, Startup
from proto.resources import MqttAddress
from proto.state import ConnectionsEntry, ModelState, PermissionState
from services.pairing.accounts import Accounts
from services.pairing.admission import Admission
from services.pairing.changes import BUCKET, shadow
from services.pairing.completing import Completer
from services.pairing.consumers import Listener
from services.pairing.eviction import Evictions
from services.pairing.jobs import Clock
from services.pairing.kept import Kept
from services.pairing.notes import Notes
from services.pairing.people import People
from services.pairing.routes import ROUTERS
from services.pairing.settings import Settings
from services.pairing.sign_in import HubSignIn, VendorSecrets
from services.pairing.starting import Starter
from services.pairing.sync_calls import SyncCalls
from services.pairing.vendor_account import VendorAccount
from services.pairing.vendor_sign_in import VendorSignIn


def create_app(settings: Settings) -> Litestar:
    bus, auth, sys = Bus(settings, "pairing"), Bus(settings, "auth"), Bus(settings, "sys")
    db = Database(settings, "pairing", bus)
    models: Mirror[ModelState] = Mirror(bus, "models", ModelState)
    permissions: Mirror[PermissionState] = Mirror(bus, "permissions", PermissionState)
    own: Mirror[ConnectionsEntry] = Mirror(bus, BUCKET, ConnectionsEntry)
    ring = LocalKeyRing(settings.secrets_path / "keys/keyring.json")
    key = nkeys.from_seed(settings.secret("nats/callout.seed").reveal().encode())
    background, notes = Background(), Notes(db)
    people = People(models, permissions, notes)
    completer = Completer(models, ring, people)
    admission = Admission(lambda: bus.stream_info(f"KV_{BUCKET}"), background)
    sign_in = HubSignIn(
        auth, db, own, VendorSecrets(settings.secrets_path), key, notes, background, admission
    )
    sync = SyncCalls(settings.sync_url)
    evictions = Evictions(db, sys)
    listener = Listener(db, Accounts(models, completer), settings.hub_pair_s)
    clock = Clock(
        db,
        pairing_fail_s=settings.pairing_fail_s,
        hub_pair_s=settings.hub_pair_s,
        hub_offline_s=settings.hub_offline_s,
    )

    async def fill() -> None:
        await refill(bus, BUCKET, lambda: shadow(db))

    return http.create_app(
        settings,
        "pairing",
        routes=ROUTERS,
        resources=[
            bus,
            auth,
            sys,
            db,
            Startup(fill),
            own,
            models,
            permissions,
            background,
            notes,
            evictions,
            sync,
            Startup(sign_in.listen),
            *clock.jobs(),
            Job("idempotency", 600, lambda: forget_old(db)),
            Consumer(bus, listener.subscription()),
        ],
        dependencies={
            "db": http.value(db),
            "models": http.value(models),
            "people": http.value(people),
            "notes": http.value(notes),
            "evictions": http.value(evictions),
            "vendor_sign_in": http.value(VendorSignIn(db, models, sync)),
            "vendor_account": http.value(VendorAccount(db, models, completer, sync)),
            "starter": http.value(Starter(models, settings.pairing_ttl_s)),
            "completer": http.value(completer),
            "kept": http.value(Kept(ring)),
            "mqtt": http.value(mqtt_address(settings.mqtt_public_url)),
            "overlap": http.value(timedelta(seconds=settings.rotate_overlap_s)),
            "development": http.value(settings.env == "development"),
        },
    )


def mqtt_address(url: str) -> MqttAddress:
    """`mqtt://host[:1883]` or `mqtts://host[:8883]`. Raises `ConfigError`."""
    parts = urlsplit(url)
    if parts.scheme not in ("mqtt", "mqtts") or not parts.hostname:
        raise ConfigError([f"DC_MQTT_PUBLIC_URL must be mqtt://host:port or mqtts://host:port, not {url!r}"])
    tls = parts.scheme == "mqtts"
    return MqttAddress(host=parts.hostname, port=parts.port or (8883 if tls else 1883), tls=tls)
