"""Ingest with real servers: the app, a patient's connection in the buckets, and a reader of INGEST."""

from collections.abc import AsyncIterator, Callable
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest
from litestar.testing import AsyncTestClient

from chassis.auth import Principal, TokenSigner
from chassis.bus import Bus
from chassis.config import load
from chassis.crypto import token_digest
from proto.access import ALL_KINDS
from proto.raw import RawBatch, RawItem
from proto.state import ConnectionState, HubSecret, HubState, ModelState, hub_key
from proto.subjects import kv_subject
from services.ingest.app import create_app
from services.ingest.settings import Settings
from tests.support.others import EVERYTHING, buses_of
from tests.support.waiting import until

PATIENT = uuid4()
SECRET = "s" * 40


class Scene:
    """What a test plays with."""

    def __init__(self, client: AsyncTestClient[Any], owner: Bus, registry: Bus, signer: TokenSigner) -> None:
        self.client = client
        self.connection_id = uuid4()
        self.token = f"dci_{self.connection_id.hex}_{'x' * 24}"
        self.hub_id = f"hub-{uuid4().hex[:12]}"
        self._owner = owner
        self._registry = registry
        self._signer = signer
        self._version = 0

    def bearer(self, user_id: UUID = PATIENT, role: Any = "patient") -> dict[str, str]:
        patient_id = user_id if role == "patient" else None
        token = self._signer.sign(
            Principal(user_id=user_id, roles=frozenset({role}), patient_id=patient_id), 600
        )
        return {"authorization": f"Bearer {token}"}

    async def put_connection(self, **changes: Any) -> None:
        """Puts the connection and waits until the app has heard of it."""
        self._version += 1
        fields: dict[str, Any] = {
            "id": self.connection_id,
            "patient_id": PATIENT,
            "device_model_id": EVERYTHING.id,
            "name": "Cuff",
            "device_type": "smart_watch",
            "pairing_method": "simulated",
            "status": "connected",
            "consent": "active",
            "consent_kinds": ALL_KINDS,
            "hub_id": self.hub_id,
            "device_id": "c0:26:df:00:00:01",
            "token_sha256": token_digest(self.token),
            "version": self._version,
        }
        state = ConnectionState(**{**fields, **changes})
        await self._owner.publish(kv_subject("connections", str(state.id)), msgspec.json.encode(state))
        known = self.client.app.state.known
        await until(lambda: known.connection(state.id) == state, 5)

    async def put_hub(self) -> None:
        hub = HubState(
            id=self.hub_id, patient_id=PATIENT, secrets=[HubSecret(sha256=token_digest(SECRET))], version=1
        )
        await self._owner.publish(kv_subject("connections", hub_key(self.hub_id)), msgspec.json.encode(hub))
        await until(lambda: self.client.app.state.known.hub(self.hub_id), 5)

    async def put_model(self, model: ModelState = EVERYTHING) -> None:
        key = kv_subject("models", str(model.id))
        await self._registry.publish(key, msgspec.json.encode(model))
        await until(lambda: self.client.app.state.known.model(model.id), 5)

    async def stored(self, sequence: str) -> list[RawItem]:
        """The group with this receipt, as it rests in INGEST."""
        admin = self.client.app.state.reader
        message = await admin.js.get_msg("INGEST", seq=int(sequence))
        items: list[RawItem] = msgspec.json.decode(message.data, type=RawBatch)
        return items

    def message(self, **changes: Any) -> dict[str, Any]:
        """The message of the design, with this connection."""
        return {
            "device_connection_id": str(self.connection_id),
            "timestamp": "2026-05-01T08:30:00Z",
            "readings": {"blood_pressure": {"systolic": 120, "diastolic": 80, "hr": 72}, "weight_kg": 78.4},
            "meta": {"battery_pct": 76, "rssi": -60, "firmware": "1.2.3"},
            **changes,
        }

    async def post(self, body: Any, path: str = "ingest", **headers: str) -> Any:
        content = body if isinstance(body, bytes) else msgspec.json.encode(body)
        sent = {"content-type": "application/json", **self.bearer(), **headers}
        return await self.client.post(f"/api/v1/device-data/{path}", content=content, headers=sent)


@pytest.fixture(scope="package")
async def scene_base(
    service_environ: Callable[[str], dict[str, str]], s3: Any, home: Any
) -> AsyncIterator[tuple[Any, Bus, Bus, TokenSigner]]:
    settings = load(Settings, service_environ("ingest"))
    app = create_app(settings)
    signer = TokenSigner(settings.secrets_path / "keys/token_signing.pem")
    async with (
        buses_of(settings, "pairing", "registry", "admin") as buses,
        AsyncTestClient(app) as client,
    ):
        app.state.reader = buses["admin"]
        yield client, buses["pairing"], buses["registry"], signer


@pytest.fixture
async def scene(scene_base: tuple[Any, Bus, Bus, TokenSigner]) -> Scene:
    made = Scene(*scene_base)
    await made.put_model()
    await made.put_connection()
    await made.put_hub()
    return made
