"""Wires the bridge: one source, the uplink to INGEST, receipts and commands on the way back."""

from litestar import Litestar
from nats.aio.msg import Msg

from chassis import http
from chassis.bus import Bus
from chassis.consume import Consumer, each
from chassis.db import Database
from chassis.janitor import Janitor
from chassis.log import Log
from chassis.mirror import Mirror
from chassis.resource import Background, Resource, Startup
from proto import subjects
from proto.errors import Unavailable
from proto.state import ConnectionsEntry, ModelState
from services.ingest.bridge.commands import Commands
from services.ingest.bridge.settings import Settings
from services.ingest.bridge.sources.lease import Lease
from services.ingest.bridge.sources.mqtt import MqttDownlink, MqttSource
from services.ingest.bridge.sources.nats import NatsDownlink, nats_source
from services.ingest.bridge.uplink import Downlink, Uplink
from services.ingest.committer import Committer
from services.ingest.denials import Denials
from services.ingest.known import KnownWorld
from services.ingest.objects import Objects

log = Log("bridge")


def create_app(settings: Settings) -> Litestar:
    bus = Bus(settings, "ingest-bridge")
    db = Database(settings, "ingest")
    connections: Mirror[ConnectionsEntry] = Mirror(bus, "connections", ConnectionsEntry)
    models: Mirror[ModelState] = Mirror(bus, "models", ModelState)
    known = KnownWorld(connections, models)
    committer = Committer(
        bus,
        shards=settings.ingest_shards,
        in_flight=settings.ingest_groups_in_flight,
        waiting_max=settings.ingest_waiting_max,
    )
    denials = Denials(db)
    background = Background()
    hubs = Bus(settings, "hubs-bridge") if not settings.mqtt_url else None
    mqtt_downlink = MqttDownlink()
    downlink: Downlink = NatsDownlink(hubs) if hubs else mqtt_downlink
    commands = Commands(downlink, background)
    uplink = Uplink(bus, known, committer, Objects(db), denials, commands, downlink)

    async def pass_receipt(msg: Msg) -> None:
        """`hubs.receipt.v1.<hub>` → the hub. Untouched: the payload is the hub's own."""
        try:
            await downlink.send(msg.subject.rsplit(".", 1)[-1], "receipt", msg.data)
        except Unavailable:
            log.warning("receipt_not_sent", reason="the hub will send again")

    async def listen() -> None:
        await bus.listen(f"{subjects.HUBS_RECEIPT}.*", pass_receipt)

    source: list[Resource]
    if hubs is not None:
        source = [hubs, Janitor(hubs, "$MQTT_msgs", "bridge"), nats_source(hubs, bus, uplink)]
    else:
        lease = Lease(bus, "leases", "mqtt-source")
        source = [lease, MqttSource(settings, uplink, mqtt_downlink, lease)]
    app = http.create_app(
        settings,
        "ingest-bridge",
        public=True,
        resources=[
            bus,
            db,
            connections,
            models,
            background,
            denials,
            committer,
            Startup(listen),
            *source,
            Consumer(bus, each("hub-commands", commands.on_command)),
        ],
    )
    app.state.known = known
    return app
