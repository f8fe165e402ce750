"""Any MQTT broker as the source: QoS 1, persistent session, acknowledged by hand after the PubAck of INGEST.

aiomqtt 2.5.1 acknowledges by itself; manual acknowledgement goes through the paho client underneath. This file is the
only one that knows; the version is pinned. One replica holds the static client id (a second would push it off); the
others stand by on a lease.
"""

import asyncio
import select
from collections.abc import Sequence
from typing import Final
from urllib.parse import urlsplit

import aiomqtt

from chassis.clock import uuid7
from chassis.db import is_passing
from chassis.log import Log
from proto.errors import Unavailable
from services.ingest.bridge.domain import AnyTopic, topic_of
from services.ingest.bridge.settings import Settings
from services.ingest.bridge.sources.lease import Lease
from services.ingest.bridge.uplink import Uplink

log = Log("mqtt-source")

UP: Final = "dc/v1/hubs/+/up/#"
VENDORS_UP: Final = "dc/v1/vendors/+/up/#"
BATCH: Final = 100
DOWN_S: Final = 3.0
"""How long the broker may take to acknowledge what goes down. A lost connection does not end that wait by itself."""
RECONNECT_S: Final = (0.2, 0.5, 1.0, 2.0, 5.0)
"""Before the next connection, by failures in a row; the last of them goes on."""
ANSWER_S: Final = (3.0, 5.0, 10.0)
"""How long the broker may take to answer a sign-in, likewise: aiomqtt does not notice a connection that ends before."""
LOOK_S: Final = 1.0
"""How late a reset connection is noticed, at most."""


class MqttDownlink:
    """Publishes on the hub's down branch at the broker.

    Receipts go at QoS 0: they are many, and a lost one is cured by the hub's resend. Were each to wait for the broker's
    acknowledgement, a broker that works off a backlog (and saves on every change) would let one through at a time, hubs
    would send again what is stored already, and the backlog would grow instead.
    """

    def __init__(self) -> None:
        self.client: aiomqtt.Client | None = None

    async def send(self, hub_id: str, suffix: str, payload: bytes) -> None:
        if self.client is None:
            raise Unavailable("mqtt")
        qos = 0 if suffix == "receipt" else 1
        try:
            await self.client.publish(f"dc/v1/hubs/{hub_id}/down/{suffix}", payload, qos=qos, timeout=DOWN_S)
        except aiomqtt.MqttError:
            raise Unavailable("mqtt") from None


class MqttSource:
    """Connects while it holds the lease; feeds the uplink in the broker's order."""

    def __init__(self, settings: Settings, uplink: Uplink, downlink: MqttDownlink, lease: Lease) -> None:
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
        self._failures = 0

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
        """Until stopped: a session whenever the lease is held, again and again. Nothing may end this unheard."""
        while not self._stop.is_set():
            await self._lease.wait()
            try:
                await self._session_while_held()
            except (aiomqtt.MqttError, OSError) as error:
                log.warning("mqtt_lost", error=type(error).__name__)
            except Exception as error:
                log.failure("mqtt_failed", error)
            self._failures = 0 if self._connected else self._failures + 1
            self._connected = False
            await asyncio.sleep(self._after_failures(RECONNECT_S))

    def _after_failures(self, seconds: Sequence[float]) -> float:
        return seconds[min(self._failures, len(seconds) - 1)]

    async def _session_while_held(self) -> None:
        """Ends when the broker does or the lease is gone, whatever waits then: it is not acknowledged, and comes again."""
        session = asyncio.create_task(self._session(), name="mqtt-session")
        lost = asyncio.create_task(self._lease.lost(), name="mqtt-lease")
        try:
            await asyncio.wait({session, lost}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            lost.cancel()
            session.cancel()
            await asyncio.gather(session, lost, return_exceptions=True)
        if not session.cancelled():
            session.result()

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
            timeout=self._after_failures(ANSWER_S),
        )
        client._client.manual_ack_set(True)
        async with client:
            granted = await client.subscribe(UP, qos=1)
            if any(code != 1 for code in granted):
                raise aiomqtt.MqttError("the broker does not let the bridge hear hubs at QoS 1")
            granted = await client.subscribe(VENDORS_UP, qos=1)
            if any(code != 1 for code in granted):  # a broker for hubs alone is a good one
                log.warning(
                    "vendors_not_heard", reason="the broker does not let the bridge hear them at QoS 1"
                )
            self._downlink.client = client
            self._connected = True
            log.info("mqtt_connected", port=self._port)
            looking = asyncio.create_task(self._look(client), name="mqtt-look")
            try:
                async for message in client.messages:
                    batch = [message]
                    while len(batch) < BATCH and len(client.messages):
                        batch.append(await anext(client.messages))
                    await self._take(client, batch)
            finally:
                looking.cancel()
                self._downlink.client = None

    async def _look(self, client: aiomqtt.Client) -> None:
        """Reads a reset connection to its end, which ends the session.

        uvloop closes its poll handle on an error of the socket and calls no reader. aiomqtt then hears nothing, and
        believes in the connection until two keepalives have passed: 40 s in which nothing goes up or down.
        """
        while True:
            await asyncio.sleep(LOOK_S)
            sock = client._client.socket()
            poll = select.poll()
            if sock is not None:
                poll.register(sock, 0)  # asks for nothing: errors and the end are told always
            if poll.poll(0):
                while client._client.socket() is not None:
                    client._client.loop_read()

    async def _take(self, client: aiomqtt.Client, batch: list[aiomqtt.Message]) -> None:
        messages: list[tuple[AnyTopic, bytes]] = []
        for message in batch:
            topic = topic_of(str(message.topic).split("/"))
            payload = message.payload
            if topic is None or not isinstance(payload, bytes | bytearray):
                continue
            if message.retain and topic.channel == "state":
                continue  # what the broker remembers of a hub is older than what is kept here
            messages.append((topic, bytes(payload)))
        await self._finish(messages, uuid7().hex)
        for message in batch:
            if message.qos:
                client._client.ack(message.mid, message.qos)

    async def _finish(self, messages: list[tuple[AnyTopic, bytes]], batch_id: str) -> None:
        """Returns when the broker may forget these. What is down is waited for: the broker keeps what follows."""
        delay = 0.1
        while True:
            try:
                await self._uplink.take(messages, batch_id)
            except Exception as error:
                if not is_passing(error):
                    await self._one_by_one(messages, batch_id, error)
                    return
                log.warning("batch_waits", error=type(error).__name__, delay_s=delay)
                await asyncio.sleep(delay)
                delay = min(delay * 2, 2.0)
            else:
                return

    async def _one_by_one(
        self, messages: list[tuple[AnyTopic, bytes]], batch_id: str, error: Exception
    ) -> None:
        """A message that fails alone is let go: without a receipt its hub keeps it, and sends it again."""
        if len(messages) == 1:
            log.failure("message_failed", error, hub_id=messages[0][0].sender)
            return
        for number, message in enumerate(messages):
            await self._finish([message], f"{batch_id}-{number}")
