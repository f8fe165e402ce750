"""A home hub on MQTT: hands over what devices measured, once for sure, and does what the platform asks.

At-least-once on the wire (QoS 1 and resending until the receipt); the platform makes it exactly once.
"""

import asyncio
import random
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlsplit

import aiomqtt
import msgspec

from chassis import clock
from chassis.log import Log
from proto.events import HubCommand, HubReceipt
from simulator.commands import Desk
from simulator.devices import Outgoing, VirtualDevice, battery_message, measurement, pressed
from simulator.journal import FileJournal
from simulator.outbox import Counters, Kept, Outbox
from simulator.physiology import Sample, Scenario

log = Log("hub")

FIRMWARE: Final = "hub-2.3.0"
SCAN_S: Final = 0.4
"""How long a scan takes here; a real one listens for seconds."""
CUFF_STEP_S: Final = 0.25
_BACKOFF_S: Final = (0.2, 10.0)
_command = msgspec.json.Decoder(HubCommand)
_receipt = msgspec.json.Decoder(HubReceipt)


class HubConfig(msgspec.Struct, frozen=True, kw_only=True):
    """`mqtt_url`: `mqtt://host:port` or `mqtts://…`. `zone`: what the clocks of its devices show."""

    hub_id: str
    secret: str
    mqtt_url: str
    zone: str = "UTC"
    resend_s: float = 300

    def __repr__(self) -> str:
        return f"HubConfig(hub_id={self.hub_id!r}, secret=•)"


class Hub:
    """A resource: runs from `start` to `stop`, through every loss of the connection."""

    def __init__(
        self,
        config: HubConfig,
        nearby: Sequence[VirtualDevice],
        *,
        paired: dict[str, str | None] | None = None,
        journal: FileJournal | None = None,
        on_paired: Callable[[dict[str, str | None]], None] | None = None,
        on_receipt: Callable[[HubReceipt], None] | None = None,
        on_taken: Callable[[Sequence[str]], None] | None = None,
    ) -> None:
        """`on_taken`: the broker has acknowledged these event ids, which is less than a receipt."""
        self.config = config
        self.desk = Desk(list(nearby), paired)
        self._rng = random.Random(config.hub_id)
        self._outbox = Outbox(config.resend_s, self._rng, journal)
        self._journal = journal
        self._on_paired = on_paired
        self._tell_receipt = on_receipt
        self._tell_taken = on_taken
        self._client: aiomqtt.Client | None = None
        self._online = asyncio.Event()
        self._offline = asyncio.Event()
        self._offline.set()
        self._wake = asyncio.Event()
        self._settled = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._main: asyncio.Task[None] | None = None
        self._number = 0
        self._born = clock.uuid7().hex[:12]
        if journal:
            self._outbox.restore(journal.kept, self._now())

    @property
    def counters(self) -> Counters:
        return self._outbox.counters

    @property
    def waiting(self) -> int:
        """Readings without a receipt."""
        return len(self._outbox)

    # --- life ---------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        self._main = asyncio.create_task(self._run(), name=f"hub:{self.config.hub_id}")

    async def stop(self) -> None:
        """Says goodbye; what has no receipt stays in the journal."""
        if self._client is not None:
            with suppress(aiomqtt.MqttError):
                await self._say("up/state", {"state": "offline", "firmware": FIRMWARE})
        for task in (*self._tasks, *([self._main] if self._main else [])):
            task.cancel()
        await asyncio.gather(*self._tasks, *([self._main] if self._main else []), return_exceptions=True)
        if self._journal:
            self._journal.close()

    def problem(self) -> str | None:
        """A hub that is offline is a fact of its world, not a fault of the process."""
        return None

    async def online(self, timeout_s: float = 30) -> None:
        """Waits until the hub is signed in. Raises `TimeoutError`."""
        await asyncio.wait_for(self._online.wait(), timeout_s)

    async def offline(self, timeout_s: float = 30) -> None:
        """Waits until the hub knows that its connection is gone. Raises `TimeoutError`."""
        await asyncio.wait_for(self._offline.wait(), timeout_s)

    async def settled(self, timeout_s: float = 60) -> None:
        """Waits until every reading has its receipt. Raises `TimeoutError`."""

        async def wait() -> None:
            while len(self._outbox):
                self._settled.clear()
                await self._settled.wait()

        await asyncio.wait_for(wait(), timeout_s)

    # --- measuring ----------------------------------------------------------------------------------------------

    async def measure(self, address: str, *, scenario: Scenario = "normal", live: bool = False) -> list[str]:
        """Somebody presses the button of the device. As `present`."""
        device = self._paired_device(address)
        return await self.present(
            address, [pressed(device, clock.now(), self.config.zone, scenario)], live=live
        )

    async def present(self, address: str, samples: Sequence[Sample], *, live: bool = False) -> list[str]:
        """The device hands over what it measured; samples of the past come late, with the device's own time.

        Returns the event ids that will get receipts. Raises `LookupError` when the device is not near or not paired.
        """
        device = self._paired_device(address)
        named = []
        for sample in samples:
            # A value without its own clock was heard when it happened, whenever it is sent.
            heard = min(clock.now(), sample.timestamp + timedelta(seconds=1))
            outgoing = measurement(
                device,
                sample,
                received_at=heard,
                zone=self.config.zone,
                connection_id=self.desk.paired[address.upper()],
                live=live,
            )
            named += await self._hand_over(outgoing)
        return named

    def _paired_device(self, address: str) -> VirtualDevice:
        device = self.desk.nearby.get(address.upper())
        if device is None or address.upper() not in self.desk.paired:
            raise LookupError("the device is not near, or not paired with this hub")
        return device

    async def _hand_over(self, outgoing: list[Outgoing]) -> list[str]:
        named = []
        for one in outgoing:
            event_id = self._event_id()
            message = {"event_id": event_id, **one.message}
            if one.keep:
                topic = f"up/{one.branch}"
                self._outbox.add(Kept(event_id=event_id, topic=topic, message=message), self._now())
                named.append(event_id)
                continue
            if self._client is not None:  # for the eye: worthless later, so neither kept nor sent again
                with suppress(aiomqtt.MqttError):
                    await self._say(f"up/{one.branch}", message)
            await asyncio.sleep(CUFF_STEP_S)
        self._wake.set()
        return named

    def _event_id(self) -> str:
        self._number += 1
        return f"{self._born}-{self._number}"

    # --- the connection -----------------------------------------------------------------------------------------

    async def _run(self) -> None:
        least, most = _BACKOFF_S
        delay = least
        while True:
            try:
                async with self._connection() as client:
                    await self._session(client)
            except (aiomqtt.MqttError, OSError) as error:
                log.info("hub_connection_lost", hub_id=self.config.hub_id, error=type(error).__name__)
            if self._online.is_set():
                delay = least
            self._online.clear()
            self._offline.set()
            self._client = None
            await asyncio.sleep(self._rng.uniform(delay / 2, delay))
            delay = min(most, delay * 2)

    def _connection(self) -> aiomqtt.Client:
        url = urlsplit(self.config.mqtt_url)
        secure = url.scheme in ("mqtts", "ssl", "tls")
        return aiomqtt.Client(
            url.hostname or "127.0.0.1",
            url.port or (8883 if secure else 1883),
            username=self.config.hub_id,
            password=self.config.secret,
            identifier=self.config.hub_id,
            clean_session=True,  # the outbox is the one memory; a broker's queue would be a second
            keepalive=30,
            will=aiomqtt.Will(
                self._topic("up/state"),
                msgspec.json.encode({"state": "offline", "firmware": FIRMWARE}),
                qos=1,
            ),
            tls_params=aiomqtt.TLSParameters() if secure else None,
        )

    async def _session(self, client: aiomqtt.Client) -> None:
        granted = await client.subscribe(self._topic("down/#"), qos=1)
        if any(int(code.value if hasattr(code, "value") else code) >= 0x80 for code in granted):
            raise aiomqtt.MqttError("the broker refused the subscription")
        self._client = client
        state = {"state": "online", "firmware": FIRMWARE, "slots": len(self.desk.nearby)}
        await self._say("up/state", state)
        self._outbox.reconnected(self._now())
        self._offline.clear()
        self._online.set()
        log.info("hub_online", hub_id=self.config.hub_id)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._listen(client))
                group.create_task(self._send())
        except* (aiomqtt.MqttError, OSError):
            pass  # raised below: before Python 3.11.4 what is raised here comes out in a group
        raise aiomqtt.MqttError("the connection ended")

    async def _send(self) -> None:
        while True:
            ready = self._outbox.due(self._now())
            if ready:
                messages = [kept.message for kept in ready]
                # Noted first: a receipt can be faster than the broker's acknowledgement. Should this fail, the
                # connection is lost, and all that has no receipt goes again after the next sign-in.
                self._outbox.sent([kept.event_id for kept in ready], self._now())
                await self._say(ready[0].topic, messages[0] if len(messages) == 1 else messages)
                if self._tell_taken:
                    self._tell_taken([kept.event_id for kept in ready])
                continue
            self._wake.clear()
            due = self._outbox.next_due()
            with suppress(TimeoutError):
                # Not `wait_for`: before Python 3.12 it can lose a cancellation that comes together with the wake-up.
                async with asyncio.timeout(None if due is None else max(0.05, due - self._now())):
                    await self._wake.wait()

    async def _listen(self, client: aiomqtt.Client) -> None:
        async for message in client.messages:
            payload = bytes(message.payload) if isinstance(message.payload, bytes | bytearray) else b""
            try:
                if message.topic.value.endswith("/down/receipt"):
                    self._on_receipt(_receipt.decode(payload))
                elif message.topic.value.endswith("/down/commands"):
                    self._spawn(self._on_command(_command.decode(payload)))
            except msgspec.MsgspecError as error:
                log.failure("hub_message_unreadable", error, hub_id=self.config.hub_id)

    def _on_receipt(self, receipt: HubReceipt) -> None:
        known = self._outbox.receipt(receipt.event_ids, receipt.status)
        if receipt.status == "rejected":
            log.info("hub_readings_rejected", hub_id=self.config.hub_id, code=receipt.code, count=len(known))
        if self._tell_receipt:
            self._tell_receipt(receipt)
        self._settled.set()

    async def _on_command(self, command: HubCommand) -> None:
        before = dict(self.desk.paired)
        answer, executed = self.desk.answer(command, clock.now())
        if executed and command.command == "scan":
            await asyncio.sleep(SCAN_S)
        if self.desk.paired != before and self._on_paired:
            self._on_paired(dict(self.desk.paired))
        with suppress(aiomqtt.MqttError):  # the platform repeats a command that got no answer
            await self._say(f"up/commands/{command.id}", answer)
        log.info("hub_command", hub_id=self.config.hub_id, command=command.command, outcome=str(answer["ok"]))
        if executed and answer["ok"] and command.command in ("pair", "reconnect"):
            await self._greet((command.device_address or "").upper())

    async def _greet(self, address: str) -> None:
        """On connecting, the battery is read."""
        device = self.desk.nearby[address]
        await self._hand_over(
            battery_message(
                device, at=clock.now(), zone=self.config.zone, connection_id=self.desk.paired[address]
            )
        )

    async def _say(self, below: str, content: object) -> None:
        if self._client is None:
            raise aiomqtt.MqttError("not connected")
        await self._client.publish(self._topic(below), msgspec.json.encode(content), qos=1)

    def _topic(self, below: str) -> str:
        return f"dc/v1/hubs/{self.config.hub_id}/{below}"

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()
