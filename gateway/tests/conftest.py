"""What the gateway's tests share: settings for the servers of this run, and a live hub with a socket in front."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx2
import msgspec
import nats
import pytest
from nats.aio.client import Client

from chassis import config
from chassis.audit import AuditRecord
from chassis.auth import Principal, TokenSigner, TokenVerifier
from chassis.bus import Bus
from chassis.cache import Cache
from chassis.clock import now, uuid7
from chassis.mirror import Mirror
from chassis.resource import Resource
from gateway.app import create_app
from gateway.credentials import Credentials
from gateway.hub import Hub
from gateway.listener import Listeners
from gateway.live import LiveSocket
from gateway.session import Sessions
from gateway.settings import Settings
from gateway.sse import EventStream
from gateway.tests import upstream as small
from gateway.tests.serving import Running
from gateway.tickets import Ticket, Tickets
from gateway.world import World
from proto import subjects
from proto.events import ObservationsRecorded, RecordedReading
from proto.state import ConnectionsEntry, ConnectionState, ConsentState, PermissionState, permission_key
from proto.words import Kind, Role
from tests.support.ports import free_port
from tests.support.servers import NatsServer
from tests.support.serving import served


@pytest.fixture(scope="session")
def settings(service_environ: Callable[[str], dict[str, str]]) -> Settings:
    """As the process would get them."""
    return config.load(Settings, service_environ("gateway"))


@pytest.fixture
def lone_settings(home: Path) -> Settings:
    """For what needs no server."""
    return Settings(
        home=str(home),
        public_url="http://localhost:8080",
        s3_endpoint="http://127.0.0.1:9000",
        oidc_issuer="http://127.0.0.1:1",
    )


@pytest.fixture(scope="session")
async def provider(service_environ: Callable[[str], dict[str, str]]) -> AsyncIterator[str]:
    """The simulator's identity provider as a process of its own."""
    environ = service_environ("idp")
    async with Running("idp", environ):
        yield environ["DC_OIDC_ISSUER"]


@pytest.fixture(scope="session")
async def front(
    settings: Settings, provider: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Settings]:
    """The gateway at its public address; one small service plays all of those behind it."""
    dist = tmp_path_factory.mktemp("dist")
    (dist / "assets").mkdir()
    (dist / "index.html").write_text("<!doctype html><title>Device Connect</title>" + "<p>x</p>" * 200)
    (dist / "assets" / "app-1a2b3c.js").write_text("export const x = 1;\n" * 200)
    (dist / "manifest.webmanifest").write_text("{}")
    small.INTERNAL_TOKEN = settings.secret("keys/internal_token").reveal().encode()
    async with served(small.app) as port:
        here = f"http://127.0.0.1:{port}"
        wired = settings.with_(
            ui_dist=str(dist),
            app_apple_team="AB12CD34EF",
            upstream_registry=here,
            upstream_pairing=here,
            upstream_ingest=here,
            upstream_normalizer=here,
            upstream_health=f"http://127.0.0.1:{free_port()}",  # this one is down
            upstream_access=here,
            upstream_simulator=here,
        )
        async with served(create_app(wired), host="localhost", port=settings.http_port):
            yield wired


@pytest.fixture
async def client(front: Settings) -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(base_url=front.public_url, trust_env=False) as client:
        yield client


class Notebook:
    """Takes the place of the audit log where only what is written there matters."""

    def __init__(self) -> None:
        self.records: list[AuditRecord] = []

    async def write(self, record: AuditRecord) -> None:
        self.records.append(record)


def person(role: Role = "patient") -> Principal:
    user_id = uuid7()
    return Principal(
        user_id=user_id, roles=frozenset({role}), patient_id=user_id if role == "patient" else None
    )


class Outside:
    """Says what other services say: consent, permission, events."""

    def __init__(self, nc: Client) -> None:
        self._nc = nc
        self._js = nc.jetstream()
        self._version = time.time_ns()

    async def put_connection(
        self, patient_id: UUID, *, connection_id: UUID | None = None, consent: ConsentState = "active",
        kinds: frozenset[Kind] = frozenset({"weight", "blood_pressure"}),
    ) -> UUID:  # fmt: skip
        self._version += 1
        state = ConnectionState(
            id=connection_id or uuid7(), patient_id=patient_id, device_model_id=uuid7(), name="Scale",
            device_type="scale", pairing_method="simulated", status="connected", consent=consent,
            consent_kinds=kinds, version=self._version,
        )  # fmt: skip
        await self._put("connections", str(state.id), msgspec.json.encode(state))
        return state.id

    async def grant(
        self, patient_id: UUID, grantee_id: UUID, kinds: frozenset[Kind], *,
        permission_id: UUID | None = None, until: Any = None,
    ) -> UUID:  # fmt: skip
        self._version += 1
        state = PermissionState(
            id=permission_id or uuid7(), patient_id=patient_id, grantee_id=grantee_id, kinds=kinds,
            until=until, version=self._version,
        )  # fmt: skip
        await self._put("permissions", permission_key(patient_id, state.id), msgspec.json.encode(state))
        return state.id

    async def withdraw(self, patient_id: UUID, permission_id: UUID) -> None:
        subject = subjects.kv_subject("permissions", permission_key(patient_id, permission_id))
        await self._js.publish(subject, b"", headers={"KV-Operation": "DEL"})

    async def _put(self, bucket: str, key: str, value: bytes) -> None:
        await self._js.publish(subjects.kv_subject(bucket, key), value)

    async def record(
        self, patient_id: UUID, connection_id: UUID, *readings: dict[str, Any], job_id: UUID | None = None,
        timestamp: Any = None,
    ) -> list[UUID]:  # fmt: skip
        """One event with these readings; answers their ids. Repeated until the server has it, as the outbox would."""
        at = now()
        items = [
            RecordedReading(
                id=uuid7(), device_connection_id=connection_id, timestamp=timestamp or at, received_at=at,
                readings=msgspec.Raw(msgspec.json.encode(content)), meta=msgspec.Raw(b"{}"),
            )
            for content in readings
        ]  # fmt: skip
        event = ObservationsRecorded(patient_id=patient_id, recorded_at=at, readings=items, job_id=job_id)
        await self.say(subjects.to(subjects.OBSERVATIONS_RECORDED, patient_id), event)
        return [item.id for item in items]

    async def say(self, subject: str, event: Any) -> None:
        payload, msg_id = msgspec.json.encode(event), uuid7().hex
        while True:
            try:
                await self._js.publish(subject, payload, timeout=1, headers={"Nats-Msg-Id": msg_id})
                return
            except (nats.errors.Error, nats.js.errors.Error):
                await asyncio.sleep(0.05)

    async def whisper(self, subject: str, event: Any) -> None:
        await self._nc.publish(subject, msgspec.json.encode(event))
        await self._nc.flush()


@pytest.fixture
async def world(nats_server: NatsServer) -> AsyncIterator[Outside]:
    nc = await nats.connect(
        nats_server.url_for("admin"),
        inbox_prefix=subjects.inbox_prefix("admin").encode(),
        reconnect_time_wait=0.1,
        max_reconnect_attempts=-1,
        error_cb=_quiet,
    )
    yield Outside(nc)
    await nc.close()


async def _quiet(_: Exception) -> None:
    return


class Live:
    """A live hub with sockets and streams in front, on a free port."""

    def __init__(self, port: int, settings: Settings, tickets: Tickets, sessions: Sessions) -> None:
        self.port = port
        self.tickets = tickets
        self.sessions = sessions
        self.settings = settings
        self.notebook = Notebook()
        self.draining = asyncio.Event()
        self.signer = TokenSigner(settings.secrets_path / "keys/token_signing.pem")
        self.listeners: Listeners
        self.permissions: Mirror[PermissionState]

    async def url(
        self, principal: Principal, *, ends_at: float | None = None, session_key: str | None = None
    ) -> str:
        ticket = Ticket(
            user_id=principal.user_id,
            roles=principal.roles,
            patient_id=principal.patient_id,
            ends_at=ends_at or time.time() + 3600,
            session_key=session_key,
        )
        return f"ws://127.0.0.1:{self.port}/ws/live?ticket={await self.tickets.issue(ticket)}"


@pytest.fixture
async def live(settings: Settings, nats_server: NatsServer) -> AsyncIterator[Live]:
    bus = Bus(settings, "gateway")
    connections: Mirror[ConnectionsEntry] = Mirror(bus, "connections", ConnectionsEntry)
    permissions: Mirror[PermissionState] = Mirror(bus, "permissions", PermissionState)
    known = World(connections, permissions)
    hub = Hub(bus, known)
    cache = Cache(settings)
    keys = settings.secrets_path / "keys"
    sessions = Sessions(settings, cache, TokenSigner(keys / "token_signing.pem"))
    tickets = Tickets(cache, settings.ticket_ttl_s)
    result = Live(0, settings, tickets, sessions)
    result.permissions = permissions
    listeners = Listeners(settings, known, hub, result.notebook, sessions)
    result.listeners = listeners
    socket = LiveSocket(settings, tickets, listeners)
    credentials = Credentials(settings, TokenVerifier(keys / "token_verify.pem"), sessions)
    stream = EventStream(credentials, listeners, result.draining)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "websocket":
            await socket(scope, receive, send)
        elif scope["type"] == "http":
            await stream(scope, receive, send)
        else:
            await receive()
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await send({"type": "lifespan.shutdown.complete"})

    resources: list[Resource] = [bus, cache, connections, permissions, sessions, hub, listeners]
    for resource in resources:
        await resource.start()
    try:
        async with served(app) as port:
            result.port = port
            yield result
            result.draining.set()
    finally:
        for resource in reversed(resources):
            await resource.stop()
