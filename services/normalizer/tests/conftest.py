"""The normalizer with real servers: patients' states in the buckets, groups into INGEST, and what comes out."""

import random
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import msgspec
import pytest
from litestar.testing import AsyncTestClient
from nats.aio.msg import Msg

from chassis.auth import Principal, TokenSigner
from chassis.bus import Bus
from chassis.clock import now
from chassis.config import load
from chassis.crypto import LocalKeyRing
from chassis.db import Database
from chassis.mirror import Mirror
from proto import subjects
from proto.access import ALL_KINDS
from proto.events import HubReceipt, ObservationsRecorded, ReadingsRejected
from proto.state import (
    ConnectionsEntry,
    ConnectionState,
    ModelState,
    PermissionState,
    ProfileState,
    permission_key,
)
from services.normalizer.app import create_app
from services.normalizer.consumers import Normalizer
from services.normalizer.settings import Settings
from services.normalizer.world import World
from tests.support.others import EVERYTHING, buses_of
from tests.support.waiting import until


@asynccontextmanager
async def replica_of(settings: Settings) -> AsyncIterator[tuple[Normalizer, World]]:
    """What handles batches, without the consumer that brings them."""
    bus = Bus(settings, "normalizer")
    db = Database(settings, "normalizer", bus)
    connections: Mirror[ConnectionsEntry] = Mirror(bus, "connections", ConnectionsEntry)
    models: Mirror[ModelState] = Mirror(bus, "models", ModelState)
    permissions: Mirror[PermissionState] = Mirror(bus, "permissions", PermissionState)
    profiles: Mirror[ProfileState] = Mirror(bus, "profiles", ProfileState)
    world = World(connections, models, permissions, profiles)
    async with AsyncExitStack() as stack:
        for resource in (bus, db, connections, models, permissions, profiles):
            await resource.start()
            stack.push_async_callback(resource.stop)
        ring = LocalKeyRing(settings.secrets_path / "keys/keyring.json")
        yield Normalizer(bus, db, world, ring), world


class Stage:
    """The running service and everybody around it."""

    def __init__(
        self,
        client: AsyncTestClient[Any],
        buses: dict[str, Bus],
        pool: "asyncpg.Pool[Any]",
        signer: TokenSigner,
    ) -> None:
        self.client = client
        self.pool = pool
        self._buses = buses
        self.admin = buses["admin"]
        self._signer = signer
        self.recorded: list[ObservationsRecorded] = []
        self.rejected: list[ReadingsRejected] = []
        self.receipts: list[tuple[str, HubReceipt]] = []

    async def listen(self) -> None:
        async def on_recorded(msg: Msg) -> None:
            self.recorded.append(msgspec.json.decode(msg.data, type=ObservationsRecorded))

        async def on_rejected(msg: Msg) -> None:
            self.rejected.append(msgspec.json.decode(msg.data, type=ReadingsRejected))

        async def on_receipt(msg: Msg) -> None:
            self.receipts.append(
                (msg.subject.rsplit(".", 1)[-1], msgspec.json.decode(msg.data, type=HubReceipt))
            )

        admin = self._buses["admin"]
        await admin.listen(f"{subjects.OBSERVATIONS_RECORDED}.*", on_recorded)
        await admin.listen(f"{subjects.READINGS_REJECTED}.*", on_rejected)
        await admin.listen(f"{subjects.HUBS_RECEIPT}.*", on_receipt)
        await admin.nc.flush()

    async def put(self, owner: str, bucket: str, key: str, value: Any) -> None:
        await self._buses[owner].publish(subjects.kv_subject(bucket, key), msgspec.json.encode(value))

    def bearer(self, user_id: UUID, role: Any = "patient") -> dict[str, str]:
        principal = Principal(
            user_id=user_id, roles=frozenset({role}), patient_id=user_id if role == "patient" else None
        )
        return {"authorization": f"Bearer {self._signer.sign(principal, 600)}"}

    async def publish(self, items: list[bytes]) -> None:
        await self._buses["ingest"].publish(subjects.to(subjects.RAW, 0), b"[" + b",".join(items) + b"]")

    async def count(self, connection_id: UUID) -> int:
        return int(
            await self.pool.fetchval(
                "SELECT count(*) FROM normalizer.device_data WHERE device_connection_id = $1", connection_id
            )
        )


class Patient:
    """One patient with one device, and ways to send for it."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.id = uuid4()
        self.connection_id = uuid4()
        self.hub_id = f"hub-{uuid4().hex[:12]}"
        self._version = 0

    async def ready(self, timezone: str = "Europe/Berlin", **changes: Any) -> "Patient":
        await self.stage.put(
            "access", "profiles", str(self.id), ProfileState(patient_id=self.id, timezone=timezone, version=1)
        )
        await self.connect(**changes)
        return self

    async def connect(self, **changes: Any) -> None:
        self._version += 1
        fields: dict[str, Any] = {
            "id": self.connection_id,
            "patient_id": self.id,
            "device_model_id": EVERYTHING.id,
            "name": "Device",
            "device_type": "smart_watch",
            "pairing_method": "simulated",
            "status": "connected",
            "consent": "active",
            "consent_kinds": ALL_KINDS,
            "hub_id": self.hub_id,
            "version": self._version,
        }
        state = ConnectionState(**{**fields, **changes})
        await self.stage.put("pairing", "connections", str(self.connection_id), state)
        world = self.stage.client.app.state.world
        await until(lambda: world.connection(self.connection_id) == state, 5)

    async def grant(self, grantee: UUID, kinds: frozenset[Any]) -> None:
        id = uuid4()
        permission = PermissionState(id=id, patient_id=self.id, grantee_id=grantee, kinds=kinds, version=1)
        await self.stage.put("access", "permissions", permission_key(self.id, id), permission)
        world = self.stage.client.app.state.world
        await until(lambda: any(known.id == id for known in world.permissions()), 5)

    def reading(self, readings: dict[str, Any], at: str = "2026-05-01T08:30:00Z", **extra: Any) -> bytes:
        ref = extra.pop("ref", None)
        message = {
            "device_connection_id": str(self.connection_id),
            "timestamp": at,
            "readings": readings,
            **extra,
        }
        return self.wrap("reading", message, ref)

    def gatt(self, characteristic: str, value: str, **extra: Any) -> bytes:
        message = {
            "device_connection_id": str(self.connection_id),
            "service": "1810",
            "characteristic": characteristic,
            "value": value,
            "received_at": "2026-11-18T07:00:00Z",
            **extra,
        }
        return self.wrap("gatt", message, None)

    def wrap(self, kind: str, message: dict[str, Any], ref: str | None) -> bytes:
        return msgspec.json.encode(
            {
                "type": kind,
                "connection_id": str(self.connection_id),
                "received_at": now(),
                "source": "mqtt",
                "actor_id": f"hub:{self.hub_id}",
                "hub_id": self.hub_id,
                "message": message,
                **({"ref": ref} if ref else {}),
            }
        )

    async def send(self, *items: bytes) -> None:
        """Publishes one group and waits until the service has finished and said it."""
        marker = f"done-{uuid4().hex[:12]}"
        value = round(random.uniform(-9, 9), 9)
        last = self.reading({"skin_temperature_delta_c": value}, "2011-01-01T00:00:00Z", event_id=marker)
        await self.stage.publish([*items, last])
        said = str(value).encode()
        await until(lambda: any(marker in receipt.event_ids for _, receipt in self.stage.receipts), 20)
        await until(lambda: any(said in bytes(reading.readings) for reading in self._recorded()), 20)

    def stored(self) -> list[Any]:
        return [each for each in self._recorded() if b"skin_temperature_delta_c" not in bytes(each.readings)]

    def _recorded(self) -> list[Any]:
        return [
            reading
            for event in self.stage.recorded
            if event.patient_id == self.id
            for reading in event.readings
        ]

    def refused(self) -> list[Any]:
        return [r for event in self.stage.rejected if event.patient_id == self.id for r in event.rejections]

    async def rows(self) -> int:
        return int(
            await self.stage.pool.fetchval(
                "SELECT count(*) FROM normalizer.device_data WHERE device_connection_id = $1 AND ts > '2012-01-01'",
                self.connection_id,
            )
        )

    async def is_empty(self) -> bool:
        return await self.rows() == 0

    async def get(
        self,
        path: str,
        params: dict[str, Any] | None = None,
        *,
        user: UUID | None = None,
        role: Any = "patient",
    ) -> Any:
        headers = self.stage.bearer(user or self.id, role)
        return await self.stage.client.get(f"/api/v1{path}", headers=headers, params=params or {})


@pytest.fixture(scope="package")
async def stage(
    service_environ: Callable[[str], dict[str, str]], database_urls: dict[str, str]
) -> AsyncIterator[Stage]:
    settings = load(Settings, service_environ("normalizer"))
    app = create_app(settings)
    signer = TokenSigner(settings.secrets_path / "keys/token_signing.pem")
    async with (
        buses_of(settings, "pairing", "registry", "access", "ingest", "admin") as buses,
        asyncpg.create_pool(database_urls["normalizer"], min_size=1, max_size=2) as pool,
        AsyncTestClient(app) as client,
    ):
        made = Stage(client, buses, pool, signer)
        await made.listen()
        await made.put("registry", "models", str(EVERYTHING.id), EVERYTHING)
        yield made


@pytest.fixture
async def patient(stage: Stage) -> Patient:
    return await Patient(stage).ready()
