"""A hub's household with real servers: what the bridge knows of it, what it makes of its messages, who hears of it."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest
from nats.aio.msg import Msg
from nats.errors import Error
from nats.js.errors import APIError

from chassis.bus import Bus
from chassis.config import Common, load
from proto import subjects
from proto.access import ALL_KINDS
from proto.errors import Unavailable
from proto.events import (
    HubAnswered,
    HubCommand,
    HubReceipt,
    HubStateChanged,
    ReadingsRejected,
    Rejection,
    WebhookReceived,
)
from proto.raw import RawBatch, RawItem
from proto.state import ConnectionState, HubState, hub_key
from tests.support.others import EVERYTHING, buses_of

AT_LEAST = 300
PACE_S = 0.002


@asynccontextmanager
async def flowing(send: Callable[[str], Awaitable[None]]) -> AsyncIterator[set[str]]:
    """Readings, one after the other: at least 300, and for as long as the block lasts. `send` returns when its event
    id is acknowledged; these ids are what must not be lost."""
    acknowledged: set[str] = set()
    over = asyncio.Event()

    async def flow() -> None:
        while not over.is_set() or len(acknowledged) < AT_LEAST:
            event_id = f"e-{len(acknowledged)}"
            await send(event_id)
            acknowledged.add(event_id)
            await asyncio.sleep(PACE_S)

    task = asyncio.create_task(flow())
    try:
        yield acknowledged
    finally:
        over.set()
        await asyncio.wait_for(task, 30)


class Scene:
    """Everybody around the bridge, and what they hear."""

    def __init__(self, buses: dict[str, Bus]) -> None:
        self.buses = buses
        self.heard: list[tuple[str, bytes]] = []
        self._read: list[RawItem] = []
        self._next = 1

    async def listen(self) -> None:
        async def hear(msg: Msg) -> None:
            self.heard.append((msg.subject, msg.data))

        for subject in (subjects.READINGS_REJECTED, subjects.HUBS_STATE, subjects.HUBS_ANSWERED):
            await self.buses["admin"].listen(f"{subject}.*", hear)
        await self.buses["hubs-admin"].listen("dc.v1.hubs.*.down.>", hear)
        for user in ("admin", "hubs-admin"):
            await self.buses[user].nc.flush()

    def said(self, subject: str, type_: Any) -> list[Any]:
        return [msgspec.json.decode(data, type=type_) for said, data in self.heard if said == subject]

    async def put(self, owner: str, bucket: str, key: str, value: Any) -> None:
        await self.buses[owner].publish(subjects.kv_subject(bucket, key), msgspec.json.encode(value))

    async def ingested(self) -> list[RawItem]:
        """What is in INGEST, in order; what was seen last while the server cannot be asked."""
        admin = self.buses["admin"]
        try:
            last = (await admin.stream_info("INGEST")).last_seq
            while self._next <= last:
                message = await admin.js.get_msg("INGEST", seq=self._next)
                self._read += msgspec.json.decode(message.data or b"[]", type=RawBatch)
                self._next += 1
        except (Unavailable, Error, APIError):
            pass
        return self._read


async def pushed_to(scene: Scene, vendor: str, body: bytes) -> list[WebhookReceived]:
    """The vendor's newest event for sync, once it is this body."""
    subject = subjects.to(subjects.WEBHOOKS_RECEIVED, vendor)
    try:
        message = await scene.buses["admin"].js.get_last_msg("JOBS", subject)
    except (Unavailable, Error, APIError):
        return []
    event = msgspec.json.decode(message.data or b"", type=WebhookReceived)
    return [event] if event.body == body else []


class Household:
    """One patient with a hub and devices behind it."""

    def __init__(self, scene: Scene, hub_id: str, devices: int) -> None:
        self.scene = scene
        self.patient_id = uuid4()
        self.hub_id = hub_id
        self.devices = [uuid4() for _ in range(devices)]

    def address(self, number: int) -> str:
        return f"c0:26:df:00:00:{number:02x}"

    async def put(self) -> None:
        hub = HubState(id=self.hub_id, patient_id=self.patient_id, secrets=[], version=1)
        await self.scene.put("pairing", "connections", hub_key(self.hub_id), hub)
        for number, id in enumerate(self.devices):
            state = ConnectionState(
                id=id,
                patient_id=self.patient_id,
                device_model_id=EVERYTHING.id,
                name="Device",
                device_type="smart_watch",
                pairing_method="simulated",
                status="connected",
                consent="active",
                consent_kinds=ALL_KINDS,
                hub_id=self.hub_id,
                device_id=self.address(number),
                version=1,
            )
            await self.scene.put("pairing", "connections", str(id), state)

    def reading(self, event_id: str, connection_id: UUID | None = None, **changes: Any) -> bytes:
        message = {
            "device_connection_id": str(connection_id or self.devices[0]),
            "timestamp": "2026-05-01T08:30:00Z",
            "readings": {"weight_kg": 78.4},
            "event_id": event_id,
            **changes,
        }
        return msgspec.json.encode(message)

    def gatt(self, event_id: str, number: int = 0) -> bytes:
        message = {
            "event_id": event_id,
            "device_address": self.address(number).upper(),
            "service": "1810",
            "characteristic": "2a35",
            "value": "1e7800500060000000",
            "received_at": "2026-05-01T08:30:00Z",
        }
        return msgspec.json.encode(message)

    async def items(self) -> list[RawItem]:
        """What this hub brought into INGEST."""
        return [item for item in await self.scene.ingested() if item.hub_id == self.hub_id]

    async def stored(self) -> Counter[str]:
        """Event ids of this hub in INGEST, and how often: at least once is the promise."""
        return Counter(msgspec.json.decode(item.message)["event_id"] for item in await self.items())

    async def holds(self, event_ids: set[str]) -> bool:
        return event_ids <= (await self.stored()).keys()

    async def holds_count(self, count: int) -> bool:
        return len(await self.stored()) >= count

    def rejections(self) -> list[Rejection]:
        events = self.scene.said(subjects.to(subjects.READINGS_REJECTED, self.patient_id), ReadingsRejected)
        return [rejection for event in events for rejection in event.rejections]

    def states(self) -> list[HubStateChanged]:
        return self.scene.said(subjects.to(subjects.HUBS_STATE, self.hub_id), HubStateChanged)

    def answers(self) -> list[HubAnswered]:
        return self.scene.said(subjects.to(subjects.HUBS_ANSWERED, self.hub_id), HubAnswered)

    async def command(self, command: HubCommand) -> None:
        subject = subjects.to(subjects.HUBS_COMMAND, self.hub_id)
        await self.scene.buses["pairing"].publish(subject, msgspec.json.encode(command))

    async def receipt(self, receipt: HubReceipt) -> None:
        """Says what the normalizer says when it has stored something."""
        subject = subjects.to(subjects.HUBS_RECEIPT, self.hub_id)
        await self.scene.buses["normalizer"].say(subject, msgspec.json.encode(receipt))


@pytest.fixture(scope="package")
async def scene(service_environ: Callable[[str], dict[str, str]]) -> AsyncIterator[Scene]:
    settings = load(Common, service_environ("ingest-bridge"))
    async with buses_of(settings, "pairing", "registry", "normalizer", "admin", "hubs-admin") as buses:
        made = Scene(buses)
        await made.listen()
        await made.put("registry", "models", str(EVERYTHING.id), EVERYTHING)
        yield made
