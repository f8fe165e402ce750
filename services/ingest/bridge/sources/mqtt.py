"""Any MQTT broker as the source: QoS 1, persistent session, acknowledged by hand after the PubAck of INGEST.

aiomqtt 2.5.1 acknowledges by itself; manual acknowledgement goes through the paho client underneath. This file is the
only one that knows; the version is pinned. One replica holds the static client id (a second would push it off); the
others stand by on a lease.
"""

import asyncio
from typing import Final
from urllib.parse import urlsplit

import aiomqtt
from nats.errors import Error
from nats.js.errors import APIError

from chassis.bus import Bus
from chassis.clock import uuid7
from chassis.log import Log
from chassis.resource import Job
from proto.errors import Unavailable
from services.ingest.bridge.domain import Topic, topic_of
from services.ingest.bridge.settings import Settings
from services.ingest.bridge.uplink import Uplink

log = Log("mqtt-source")

UP: Final = "dc/v1/hubs/+/up/#"
BATCH: Final = 100
RECONNECT_S: Final = (0.2, 0.5, 1.0, 2.0, 5.0)


class MqttDownlink:
    """Publishes on the hub's down branch at the broker."""

    def __init__(self) -> None:
        self.client: aiomqtt.Client | None = None

    async def send(self, hub_id: str, suffix: str, payload: bytes) -> None:
        if self.client is None:
            raise Unavailable("mqtt")
        try:
            await self.client.publish(f"dc/v1/hubs/{hub_id}/down/{suffix}", payload, qos=1)
        except aiomqtt.MqttError:
            raise Unavailable("mqtt") from None


class MqttSource:
    """Connects while it holds the lease; feeds the uplink in the broker's order."""

    def __init__(self, settings: Settings, uplink: Uplink, downlink: MqttDownlink, lease: "Lease") -> None:
        parts = urlsplit(settings.mqtt_url)
        self._host = parts.hostname or "127.0.0.1"
        self._tls = parts.scheme == "mqtts"
        self._port = parts.port or (8883 if self._tls else 1883)
        self._user = settings.mqtt_user
        self._password = settings.secret("mqtt/password")
        self._uplink = uplink
        self._downlink = downlink
        self._lease = lease
        self._stop = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._connected = False

    async def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="mqtt-source")

    async def stop(self) -> None:
        self._stop.set()
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def problem(self) -> str | None:
        if self._lease.held and not self._connected:
            return "the MQTT broker is not connected"
        return None

    async def _run(self) -> None:
        failures = 0
        while not self._stop.is_set():
            await self._lease.wait()
            try:
                await self._session()
                failures = 0
            except (aiomqtt.MqttError, OSError) as error:
                log.warning("mqtt_lost", error=type(error).__name__)
                failures += 1
            finally:
                self._connected = False
                self._downlink.client = None
            await asyncio.sleep(RECONNECT_S[min(failures, len(RECONNECT_S) - 1)])

    async def _session(self) -> None:
        client = aiomqtt.Client(
            self._host,
            self._port,
            username=self._user,
            password=self._password.reveal(),
            identifier=f"{self._user}-bridge",
            clean_session=False,
            keepalive=20,
            tls_params=aiomqtt.TLSParameters() if self._tls else None,
            max_queued_incoming_messages=0,
        )
        client._client.manual_ack_set(True)
        async with client:
            self._downlink.client = client
            await client.subscribe(UP, qos=1)
            self._connected = True
            log.info("mqtt_connected", port=self._port)
            async for message in client.messages:
                if not self._lease.held:
                    return
                batch = [message]
                while len(batch) < BATCH and len(client.messages):
                    batch.append(await anext(client.messages))
                await self._take(client, batch)

    async def _take(self, client: aiomqtt.Client, batch: list[aiomqtt.Message]) -> None:
        messages: list[tuple[Topic, bytes]] = []
        for message in batch:
            topic = topic_of(str(message.topic).split("/"))
            payload = message.payload
            if topic is not None and isinstance(payload, bytes | bytearray):
                messages.append((topic, bytes(payload)))
        delay = 0.1
        while True:
            try:
                await self._uplink.take(messages)
                break
            except Unavailable:
                # Not acknowledged: the broker keeps what follows, and nothing is lost.
                await asyncio.sleep(delay)
                delay = min(delay * 2, 2.0)
        for message in batch:
            if message.qos:
                client._client.ack(message.mid, message.qos)


class Lease:
    """One holder at a time: a key in the `leases` bucket, whose keys expire unless renewed. Losing it ends the session."""

    def __init__(self, bus: Bus, bucket: str, key: str) -> None:
        self._bus = bus
        self._bucket = bucket
        self._key = key
        self._me = uuid7().hex.encode()
        self._revision: int | None = None
        self._held = asyncio.Event()
        self._job = Job("lease", 1.5, self._turn, at_start=True)

    @property
    def held(self) -> bool:
        return self._held.is_set()

    async def wait(self) -> None:
        await self._held.wait()

    async def start(self) -> None:
        await self._job.start()

    async def stop(self) -> None:
        await self._job.stop()

    def problem(self) -> str | None:
        return None

    async def _turn(self) -> None:
        try:
            kv = await self._bus.js.key_value(self._bucket)
            if self._revision is None:
                self._revision = await kv.create(self._key, self._me)
            else:
                self._revision = await kv.update(self._key, self._me, last=self._revision)
            self._held.set()
        except (Error, APIError) as error:
            if self._held.is_set():
                log.warning("lease_lost", error=type(error).__name__)
            self._revision = None
            self._held.clear()
