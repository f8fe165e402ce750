"""Pairing with real servers: the app, a catalogue, people, and eyes on the bucket, the events and the audit log."""

from collections.abc import AsyncIterator, Callable
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import msgspec
import pytest
from litestar.testing import AsyncTestClient
from nats.js.errors import NotFoundError

from chassis.auth import Principal, TokenSigner
from chassis.bus import Bus
from chassis.config import load
from proto import subjects
from proto.access import ALL_KINDS
from proto.events import ConnectionChanged, HubCommand
from proto.identity import ACCOUNT, model_id
from proto.state import ConnectionsEntry, ConnectionState, ModelState, PermissionState, permission_key
from proto.words import PAIRING_METHODS, Kind
from services.pairing.app import create_app
from services.pairing.domain import ordered_kinds
from services.pairing.serving import WITH_SIGN_IN
from services.pairing.settings import Settings
from services.pairing.tests.sync_stand_in import Sync
from services.pairing.texts import CURRENT
from tests.support.others import buses_of
from tests.support.waiting import until

EVERYTHING = ModelState(
    id=uuid4(),
    vendor_id="simulated",
    name="Everything",
    device_type="smart_watch",
    capabilities=ALL_KINDS,
    pairing_methods=list(PAIRING_METHODS),
    ble_services=["1810", "181d"],
    quirks={"name_prefixes": "Cuff, Scale"},
    version=1,
)
CUFF = ModelState(
    id=uuid4(),
    vendor_id="makers",
    name="Cuff",
    device_type="blood_pressure_cuff",
    capabilities=frozenset({"blood_pressure"}),
    pairing_methods=["hub", "web_bluetooth"],
    ble_services=["1810"],
    version=1,
)
VENDOR = max(WITH_SIGN_IN, key=lambda manifest: len(manifest.kinds))
"""Somebody to sign in at: whoever brings the most."""
BROUGHT = ordered_kinds(VENDOR.kinds)
WHOLE = ModelState(
    id=model_id(VENDOR.name, ACCOUNT),
    vendor_id=VENDOR.name,
    name=f"{VENDOR.title} account",
    device_type="smart_watch",
    capabilities=VENDOR.kinds,
    pairing_methods=["vendor_oauth"],
    version=1,
)
DEVICE = ModelState(
    id=uuid4(),
    vendor_id=VENDOR.name,
    name="Device of the vendor",
    device_type="smart_watch",
    capabilities=frozenset(BROUGHT[:1]),
    pairing_methods=["vendor_oauth"],
    version=1,
)


class Person:
    """Somebody who calls the API."""

    def __init__(self, scene: "World", user_id: UUID, *roles: Any) -> None:
        self.id = user_id
        self.roles = roles
        patient_id = user_id if "patient" in roles else None
        principal = Principal(user_id=user_id, roles=frozenset(roles), patient_id=patient_id)
        self.headers = {"authorization": f"Bearer {scene.signer.sign(principal, 3600)}"}
        self._scene = scene

    async def call(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        content = None if body is None else msgspec.json.encode(body)
        sent = {**self.headers, **({"content-type": "application/json"} if content else {}), **headers}
        return await self._scene.client.request(method, f"/api/v1/{path}", content=content, headers=sent)

    async def create(self, model: ModelState = EVERYTHING, method: str = "simulated", **more: Any) -> str:
        body = {"device_model_id": str(model.id), "pairing_method": method, **more}
        answer = await self.call("POST", "device-connections/create", body)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    async def start(self, connection_id: str) -> Any:
        return await self.call(
            "POST", "device-connections/pair/start", {"device_connection_id": connection_id}
        )

    async def token(self, connection_id: str) -> str:
        answer = await self.start(connection_id)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["pairing_token"])

    async def complete(self, token: str, device_id: str, *kinds: Kind, **more: Any) -> Any:
        body: dict[str, Any] = {"pairing_token": token, "device_id": device_id, **more}
        if kinds:
            body["consent"] = {"version": CURRENT, "data_kinds": list(kinds), "locale": "en"}
        return await self.call("POST", "device-connections/pair/complete", body)

    async def pair(self, device_id: str | None = None, model: ModelState = EVERYTHING, **more: Any) -> Any:
        """`{connection, ingest_token}` of a simulated device with consent to blood pressure."""
        connection_id = await self.create(model, **more)
        token = await self.token(connection_id)
        answer = await self.complete(token, device_id or f"sim-{uuid4()}", "blood_pressure")
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def consent(self, connection_id: str, *kinds: Kind) -> str:
        body = {
            "device_connection_id": connection_id,
            "version": CURRENT,
            "data_kinds": list(kinds),
            "locale": "en",
        }
        answer = await self.call("POST", "consents", body)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    async def connection(self, connection_id: str) -> Any:
        answer = await self.call("GET", f"device-connections/{connection_id}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def progress(self, connection_id: str) -> Any:
        return (await self.call("GET", f"device-connections/{connection_id}/pairing")).json()

    async def hub(self) -> Any:
        answer = await self.call("POST", "hubs", {"name": "Hallway"})
        assert answer.status_code == 201, answer.text
        return answer.json()


class World:
    """What a test plays with. People are new in every test, so tests do not see each other."""

    def __init__(
        self,
        client: AsyncTestClient[Any],
        buses: dict[str, Bus],
        owner: "asyncpg.Connection[asyncpg.Record]",
        signer: TokenSigner,
        mqtt_url: str,
        sync: Sync,
    ) -> None:
        self.client = client
        self.buses = buses
        self.owner = owner
        self.signer = signer
        self.mqtt_url = mqtt_url
        self.sync = sync

    def person(self, *roles: Any) -> Person:
        return Person(self, uuid4(), *(roles or ("patient",)))

    async def say(self, user: str, subject: str, event: Any) -> None:
        """As another service."""
        await self.buses[user].publish(subject, msgspec.json.encode(event))

    async def grant(self, patient: Person, grantee: Person, *kinds: Kind) -> None:
        """And waits until the app has heard of it."""
        permission = PermissionState(
            id=uuid4(), patient_id=patient.id, grantee_id=grantee.id, kinds=frozenset(kinds), version=1
        )
        key = permission_key(permission.patient_id, permission.id)
        await self.say("access", subjects.kv_subject("permissions", key), permission)

        async def heard() -> bool:
            answer = await grantee.call("GET", f"device-connections?patient_id={patient.id}")
            return bool(answer.status_code == 200)

        await until(heard)

    async def state(self, key: str, at_least: int = 1) -> Any:
        """The value in the `connections` bucket, once its version is there; None when it was removed."""

        async def look() -> Any:
            try:
                message = await self.buses["admin"].js.get_last_msg(
                    "KV_connections", subjects.kv_subject("connections", key)
                )
            except NotFoundError:
                return None
            if (message.headers or {}).get("KV-Operation") == "DEL":
                return "removed"
            entry: Any = msgspec.json.decode(message.data or b"", type=ConnectionsEntry)
            return entry if entry.version >= at_least else None

        found = await until(look)
        return None if found == "removed" else found

    async def connection_state(self, connection_id: str, **wanted: Any) -> ConnectionState:
        """The connection in the bucket, once it has these fields."""

        async def look() -> Any:
            state = await self.state(connection_id)
            same = isinstance(state, ConnectionState) and all(
                getattr(state, name) == value for name, value in wanted.items()
            )
            return state if same else None

        found: ConnectionState = await until(look)
        return found

    async def said(self, patient: Person, code: str, **wanted: Any) -> ConnectionChanged:
        """The newest `connections.changed` of a patient, once it is this one."""
        subject = subjects.to(subjects.CONNECTIONS_CHANGED, patient.id)

        async def look() -> Any:
            try:
                message = await self.buses["admin"].js.get_last_msg("EVENTS", subject)
            except NotFoundError:
                return None
            event = msgspec.json.decode(message.data or b"", type=ConnectionChanged)
            same = all(getattr(event, name) == value for name, value in wanted.items())
            return event if event.code == code and same else None

        found: ConnectionChanged = await until(look)
        return found

    async def command(self, hub_id: str, name: str) -> HubCommand:
        """The newest command for a hub, once it is of this kind."""
        subject = subjects.to(subjects.HUBS_COMMAND, hub_id)

        async def look() -> Any:
            try:
                message = await self.buses["admin"].js.get_last_msg("JOBS", subject)
            except NotFoundError:
                return None
            sent = msgspec.json.decode(message.data or b"", type=HubCommand)
            return sent if sent.command == name else None

        found: HubCommand = await until(look)
        return found

    async def audited(
        self, object_id: str, action: str, outcome: str = "allowed", actor: UUID | None = None
    ) -> Any:
        """The audit row of an object, once it is written."""

        async def look() -> Any:
            return await self.owner.fetchrow(
                "SELECT * FROM access.audit_logs WHERE object_id = $1 AND action = $2 AND outcome = $3"
                " AND ($4::text IS NULL OR actor_id = $4)",
                object_id,
                action,
                outcome,
                str(actor) if actor else None,
            )

        return await until(look)


@pytest.fixture(scope="package")
async def world(
    service_environ: Callable[[str], dict[str, str]], postgres_url: str, nats_server: Any
) -> AsyncIterator[World]:
    sync = Sync()
    settings = load(Settings, {**service_environ("pairing"), "DC_SYNC_URL": sync.url})
    app = create_app(settings)
    signer = TokenSigner(settings.secrets_path / "keys/token_signing.pem")
    owner = await asyncpg.connect(postgres_url)
    users = ("registry", "access", "health", "ingest-bridge", "sync", "admin", "hubs-admin")
    with sync:
        async with buses_of(settings, *users) as buses:
            for model in (EVERYTHING, CUFF, WHOLE, DEVICE):
                key = subjects.kv_subject("models", str(model.id))
                await buses["registry"].publish(key, msgspec.json.encode(model))
            async with AsyncTestClient(app) as client:
                yield World(client, buses, owner, signer, nats_server.mqtt_url, sync)
    await owner.close()
