"""What people and hubs do to a running system, over HTTP, WebSocket and MQTT alone. Knows no part of it from inside."""

import asyncio
import hashlib
import itertools
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

import aiomqtt
import httpx2
import msgspec
import websockets

from simulator.cli import near
from simulator.hub import Hub, HubConfig
from tests.support.system import System

Json = Any
T = TypeVar("T")
PATIENCE_S: Final = 10.0
_numbers = itertools.count(900_001)


async def eventually(
    ask: Callable[[], Awaitable[T]], wanted: Callable[[T], object], *, within_s: float = PATIENCE_S
) -> T:
    """What `ask` answers once it is as wanted. Fails with the last answer when the time is up."""
    deadline = time.monotonic() + within_s
    while True:
        answer = await ask()
        if wanted(answer):
            return answer
        assert time.monotonic() < deadline, f"still not as wanted after {within_s} s: {answer}"
        await asyncio.sleep(0.05)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def rfc3339(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def ago(**span: float) -> str:
    return rfc3339(datetime.now(UTC).replace(microsecond=0) - timedelta(**span))


class Caller:
    """Somebody who calls the API with one authorization, or none."""

    def __init__(self, http: httpx2.AsyncClient, authorization: str | httpx2.BasicAuth | None = None) -> None:
        self.http = http
        self._auth = authorization if isinstance(authorization, httpx2.BasicAuth) else None
        self._headers = {"authorization": authorization} if isinstance(authorization, str) else {}

    async def call(
        self,
        method: str,
        path: str,
        body: Json = None,
        *,
        headers: dict[str, str] | None = None,
        query: dict[str, Any] | None = None,
    ) -> httpx2.Response:
        """`body`: bytes go as they are, anything else as JSON."""
        content = None if body is None else body if isinstance(body, bytes) else msgspec.json.encode(body)
        typed = {"content-type": "application/json"} if content is not None else {}
        return await self.http.request(
            method,
            path,
            content=content,
            headers={**typed, **self._headers, **(headers or {})},
            params=query,
            **({"auth": self._auth} if self._auth else {}),  # type: ignore[arg-type]
        )

    async def do(self, method: str, path: str, body: Json = None, *, status: int = 0, **more: Any) -> Json:
        """The answer's JSON; fails when it is a refusal, or not the status asked for."""
        answer = await self.call(method, path, body, **more)
        told = f"{method} {path}: {answer.status_code} {answer.text[:500]}"
        assert answer.status_code == status if status else answer.is_success, told
        return msgspec.json.decode(answer.content) if answer.content else None

    async def get(self, path: str, **query: Any) -> Json:
        return await self.do("GET", path, query=query or None)

    async def post(self, path: str, body: Json = None, **more: Any) -> Json:
        return await self.do("POST", path, body, **more)

    async def refused(
        self, status: int, code: str, method: str, path: str, body: Json = None, **more: Any
    ) -> Json:
        """The problem document of a call that must be refused just so."""
        answer = await self.call(method, path, body, **more)
        assert answer.headers["content-type"] == "application/problem+json", answer.text[:500]
        problem = msgspec.json.decode(answer.content)
        assert (answer.status_code, problem["code"], problem["status"]) == (status, code, status), problem
        return problem

    async def ingest(self, body: Json, *, wait_s: int = 0, status: int = 0, edge: str = "ingest") -> Json:
        headers = {"prefer": f"wait={wait_s}"} if wait_s else {}
        return await self.post(f"/api/v1/device-data/{edge}", body, headers=headers, status=status)


class Device(Caller):
    """A paired connection; as a caller it presents its ingest token."""

    def __init__(self, owner: "Person", connection: Json, ingest_token: str) -> None:
        super().__init__(owner.http, f"Bearer {ingest_token}")
        self.owner = owner
        self.id: str = connection["id"]
        self.path = f"/api/v1/device-connections/{self.id}"
        self.data = f"/api/v1/device-data/{self.id}"
        self.connection = connection
        self.ingest_token = ingest_token

    def message(self, readings: Json, timestamp: str, **more: Any) -> Json:
        return {"device_connection_id": self.id, "timestamp": timestamp, "readings": readings, **more}

    async def stored(self, **query: Any) -> list[Json]:
        """Everything that the owner sees of it, newest first."""
        items: list[Json] = []
        cursor: str | None = None
        while True:
            more = {"cursor": cursor} if cursor else {}
            page = await self.owner.get(self.data, resolution="raw", limit=1000, **query, **more)
            items += page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                return items

    async def holds(self, count: int, *, within_s: float = PATIENCE_S) -> list[Json]:
        return await eventually(self.stored, lambda items: len(items) == count, within_s=within_s)

    async def events(self) -> list[Json]:
        items: list[Json] = (await self.owner.get(f"{self.path}/events"))["items"]
        return items

    async def event(self, code: str) -> Json:
        """The newest event with this code, once it is there."""
        found = await eventually(self.events, lambda items: any(item["code"] == code for item in items))
        return next(item for item in found if item["code"] == code)


class Person(Caller):
    def __init__(self, http: httpx2.AsyncClient, token: str, me: Json) -> None:
        super().__init__(http, f"Bearer {token}")
        self.token = token
        self.user_id: str = me["user_id"]
        self.patient_id: str | None = me["patient_id"]
        self.me = me

    async def model(self, name: str = "everything") -> Json:
        """The first model of the catalogue that a search finds."""
        return (await self.get("/api/v1/devices", q=name))["items"][0]

    async def consent(self, kinds: Sequence[str]) -> Json:
        text = await self.get("/api/v1/consent-texts/current", locale="en")
        return {"version": text["version"], "data_kinds": list(kinds)}

    async def begin(self, model: Json, method: str, **more: Any) -> tuple[Json, Json]:
        """A new connection, and the answer of its first `pair/start`."""
        created = await self.post(
            "/api/v1/device-connections/create",
            {"device_model_id": model["id"], "pairing_method": method, **more},
            status=201,
        )
        return created, await self.start(created["id"])

    async def start(self, connection_id: str) -> Json:
        return await self.post(
            "/api/v1/device-connections/pair/start", {"device_connection_id": connection_id}
        )

    async def complete(self, started: Json, device_id: str, kinds: Sequence[str] | None) -> Device:
        body = {"pairing_token": started["pairing_token"], "device_id": device_id}
        if kinds is not None:
            body["consent"] = await self.consent(kinds)
        done = await self.post("/api/v1/device-connections/pair/complete", body)
        return Device(self, done["connection"], done["ingest_token"])

    async def pair(
        self,
        *,
        kinds: Sequence[str] | None = None,
        device_id: str | None = None,
        model: str = "everything",
        method: str = "simulated",
    ) -> Device:
        """A connected device with consent to `kinds`, or to everything that it measures."""
        found = await self.model(model)
        _, started = await self.begin(found, method)
        wanted = kinds if kinds is not None else found["capabilities"]
        return await self.complete(started, device_id or f"e2e-{next(_numbers)}", wanted)

    async def cuff_model(self) -> Json:
        """A blood-pressure cuff of the catalogue that a hub can pair."""
        found = await self.get("/api/v1/devices", device_type="blood_pressure_cuff", pairing_method="hub")
        return next(model for model in found["items"] if "1810" in model["ble_services"])

    async def pair_by_scan(
        self, model: Json, virtual: Hub, *, address: str | None = None
    ) -> tuple[Device, str]:
        """As the wizard does it: the hub looks around, the person chooses (`address`, or the first), the hub pairs."""
        created, started = await self.begin(model, "hub")
        assert started["hub"]["hub_id"] == virtual.config.hub_id
        progress = f"/api/v1/device-connections/{created['id']}/pairing"
        found = await eventually(lambda: self.get(progress), lambda now: now["state"] == "found")
        choice = next(each for each in found["found"] if address in (None, each["address"]))
        device = await self.complete(started, choice["address"], model["capabilities"])
        await eventually(lambda: self.get(f"{device.path}/pairing"), lambda now: now["state"] == "done")
        return device, str(choice["address"])

    async def add_hub(self, name: str = "Hall") -> Json:
        return await self.post("/api/v1/hubs", {"name": name}, status=201)

    async def denied(self, action: str, *, by: str, of: str | None = None) -> Json:
        """The audit row of a refused attempt by a user or hub, as this person sees it, once it is there."""
        query = {"patient_id": of} if of else {}

        async def rows() -> list[Json]:
            found: list[Json] = (await self.get("/api/v1/audit", limit=200, **query))["items"]
            return [
                row
                for row in found
                if (row["action"], row["outcome"], row["actor"]["id"]) == (action, "denied", by)
            ]

        return (await eventually(rows, bool))[0]

    async def upload(self, connection_id: str, content: bytes, kind: str, content_type: str) -> str:
        """The object URL of a verified upload."""
        presigned = await self.post(
            "/api/v1/uploads/presign",
            {
                "device_connection_id": connection_id,
                "kind": kind,
                "content_type": content_type,
                "size": len(content),
                "sha256": hashlib.sha256(content).hexdigest(),
            },
        )
        put = await self.http.put(presigned["url"], content=content, headers=presigned["headers"])
        assert put.is_success, put.text
        done = await self.post(f"/api/v1/uploads/{presigned['upload_id']}/complete")
        assert done == {"object_url": presigned["object_url"], "status": "verified"}
        return str(done["object_url"])

    async def ticket(self) -> str:
        return str((await self.post("/api/v1/live/ticket"))["ticket"])


class Live:
    """One WebSocket of a person. Keeps every frame; `until` takes them in the order in which they came."""

    def __init__(self, socket: websockets.ClientConnection) -> None:
        self.socket = socket
        self.frames: list[Json] = []
        self._refs = itertools.count(1)

    async def send(self, frame: Json) -> None:
        await self.socket.send(msgspec.json.encode(frame).decode())

    async def next(self, within_s: float = PATIENCE_S) -> Json:
        frame = msgspec.json.decode(await asyncio.wait_for(self.socket.recv(), within_s))
        self.frames.append(frame)
        return frame

    async def until(self, type_: str, within_s: float = PATIENCE_S, **wanted: Any) -> Json:
        """The next frame of this type with these members; those before it are passed over, but kept."""
        deadline = time.monotonic() + within_s
        while True:
            try:
                frame = await self.next(deadline - time.monotonic())
            except TimeoutError:
                raise AssertionError(f"no {type_} {wanted} within {within_s} s: {self.frames}") from None
            if frame["type"] == type_ and all(frame.get(name) == value for name, value in wanted.items()):
                return frame

    async def reading(self, connection_id: str, within_s: float = PATIENCE_S) -> Json:
        """The next reading of a connection; the frame."""
        while True:
            frame = await self.until("reading", within_s)
            if frame["reading"]["device_connection_id"] == connection_id:
                return frame

    async def subscribe(self, after: str | None = None, **what: str | None) -> Json:
        """`patient_id=` or `device_connection_id=`. The answer: `subscribed` or `error`."""
        ref = f"r{next(self._refs)}"
        cursor = {"after": after} if after else {}
        await self.send({"type": "subscribe", "ref": ref, **what, **cursor})
        while True:
            frame = await self.next()
            if frame.get("ref") == ref:
                return frame

    async def silence(self) -> list[Json]:
        """What was still on its way: everything up to the answer of a ping."""
        ref = f"p{next(self._refs)}"
        await self.send({"type": "ping", "ref": ref})
        before = len(self.frames)
        await self.until("pong", ref=ref)
        return self.frames[before:-1]


class HubWire:
    """A hub reduced to its wire: publishes what a test says, and keeps the receipts and commands that come down."""

    def __init__(self, client: aiomqtt.Client, hub_id: str) -> None:
        self.hub_id = hub_id
        self.receipts: list[Json] = []
        self.commands: list[Json] = []
        self._client = client
        self._ended = asyncio.Event()
        self._news = asyncio.Condition()

    async def publish(self, channel: str, payload: Json, *, branch: str | None = None) -> None:
        """To `up/<channel>` of its own branch, or of another hub's. Returns after the acknowledgement."""
        content = payload if isinstance(payload, bytes) else msgspec.json.encode(payload)
        await self._client.publish(f"dc/v1/hubs/{branch or self.hub_id}/up/{channel}", content, qos=1)

    async def publish_to_the_end(self, channel: str, payload: bytes) -> None:
        """A publish that the server answers by ending the session; returns when it has."""
        sending = asyncio.create_task(self.publish(channel, payload))
        try:
            await self.until_ended()
        finally:
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)

    async def until_ended(self, within_s: float = PATIENCE_S) -> None:
        """Returns when the server has ended the session."""
        await asyncio.wait_for(self._ended.wait(), within_s)

    @property
    def is_alive(self) -> bool:
        return not self._ended.is_set()

    async def receipt(self, event_id: str, within_s: float = PATIENCE_S) -> Json:
        """What the platform says of an event id: `{"status", "code"?}`."""

        def found() -> Json | None:
            return next((each for each in self.receipts if event_id in each["event_ids"]), None)

        return await self._await(found, f"receipt for {event_id}", within_s)

    async def command(self, name: str, within_s: float = PATIENCE_S) -> Json:
        def found() -> Json | None:
            return next((each for each in self.commands if each["command"] == name), None)

        return await self._await(found, f"command {name}", within_s)

    async def _await(self, found: Callable[[], Json | None], what: str, within_s: float) -> Json:
        async with self._news:
            try:
                await asyncio.wait_for(self._news.wait_for(lambda: found() is not None), within_s)
            except TimeoutError:
                raise AssertionError(f"no {what} within {within_s} s: {self.receipts}") from None
        return found()

    async def listen(self) -> None:
        try:
            async for message in self._client.messages:
                content = msgspec.json.decode(bytes(message.payload))
                kept = self.receipts if message.topic.value.endswith("/down/receipt") else self.commands
                async with self._news:
                    kept.append(content)
                    self._news.notify_all()
        except aiomqtt.MqttError:
            self._ended.set()


async def subscribed(client: aiomqtt.Client, topic: str) -> None:
    """A busy broker may refuse (SUBACK 0x80): who goes on all the same hears nothing for as long as the session lasts."""
    granted = await client.subscribe(topic, qos=1)
    if any((code if isinstance(code, int) else code.value) >= 0x80 for code in granted):
        raise aiomqtt.MqttError(f"not subscribed to {topic}")


class World:
    """The running system, and who walks up to it."""

    def __init__(self, system: System, http: httpx2.AsyncClient) -> None:
        self.system = system
        self.http = http
        self.nobody = Caller(http)

    async def status(self) -> Json:
        """What `device-connect status` says."""
        return await self.command("status")

    async def command(self, *words: str) -> Json:
        """What `device-connect <words>` says about this system."""
        command = (sys.executable, "-m", "runtime.cli", *words, "--home", str(self.system.home))
        asked = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
        answer, _ = await asked.communicate()
        return msgspec.json.decode(answer)

    async def sign_in(self, name: str) -> Person:
        token = (await self.nobody.post("/auth/dev/token", {"user": name}))["access_token"]
        me = await Caller(self.http, f"Bearer {token}").get("/api/v1/me")
        return Person(self.http, token, me)

    async def newcomer(self) -> Person:
        """A patient whom nobody has seen before: no devices, no caregivers, zone UTC."""
        return await self.sign_in(f"sim-{next(_numbers)}")

    @asynccontextmanager
    async def live(self, person: Person) -> AsyncIterator[Live]:
        address = self.live_address(await person.ticket())
        # Without a bound: a client that stops reading could not read the end of its own goodbye either.
        async with websockets.connect(address, proxy=None, max_queue=None) as socket:
            yield Live(socket)

    def live_address(self, ticket: str) -> str:
        return self.system.gateway.replace("http", "ws", 1) + f"/ws/live?ticket={ticket}"

    def mqtt(self, hub_id: str, secret: str, *, client_id: str | None = None) -> aiomqtt.Client:
        address = urlsplit(self.system.endpoints["mqtt"])
        return aiomqtt.Client(
            address.hostname or "",
            address.port or 0,
            username=hub_id,
            password=secret,
            identifier=client_id or hub_id,
        )

    @asynccontextmanager
    async def wire(self, hub: Json) -> AsyncIterator[HubWire]:
        """A signed-in session of a hub (as `POST /hubs` answers it), online."""
        hub_id = hub["hub_id"]
        async with self.mqtt(hub_id, hub["secret"]) as client:
            await subscribed(client, f"dc/v1/hubs/{hub_id}/down/#")
            wire = HubWire(client, hub_id)
            listening = asyncio.create_task(wire.listen())
            try:
                await wire.publish("state", {"state": "online", "firmware": "e2e-1"})
                yield wire
            finally:
                listening.cancel()
                with suppress(asyncio.CancelledError):
                    await listening

    @asynccontextmanager
    async def virtual_hub(self, hub: Json, *, zone: str = "UTC", resend_s: float = 2) -> AsyncIterator[Hub]:
        """The simulator's hub with its five devices near, signed in."""
        config = HubConfig(
            hub_id=hub["hub_id"],
            secret=hub["secret"],
            mqtt_url=self.system.endpoints["mqtt"],
            zone=zone,
            resend_s=resend_s,
        )
        async with self.online(Hub(config, near(hub["hub_id"]))) as virtual:
            yield virtual

    @staticmethod
    @asynccontextmanager
    async def online(virtual: Hub) -> AsyncIterator[Hub]:
        await virtual.start()
        try:
            await virtual.online()
            yield virtual
        finally:
            await virtual.stop()


@asynccontextmanager
async def world_of(system: System) -> AsyncIterator[World]:
    async with httpx2.AsyncClient(base_url=system.gateway, timeout=40, trust_env=False) as http:
        yield World(system, http)


@asynccontextmanager
async def new_world(folder: Path, settings: Mapping[str, str] | None = None) -> AsyncIterator[World]:
    """A system of its own: nobody is in it yet, and nobody else wants to find it whole."""
    system = System(folder / "home", settings)
    try:
        async with world_of(system.start()) as world:
            yield world
    finally:
        system.stop()
