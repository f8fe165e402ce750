"""A platform's side of the clouds, for tests: a process of the simulator on a port, a `send` that goes there, a browser
that says yes, and an address that takes notifications."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import httpx2
import msgspec

from chassis import clock
from proto.vendors.client import Answer, Ask, Client, Incoming, Page, Reply, Request, Send, Tokens
from proto.vendors.normalized import Context, Normalized
from proto.words import Kind
from simulator.app import create_app
from simulator.settings import Settings
from tests.support.serving import served

BACK = "http://localhost:8080/vendor/callback"
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CREDENTIALS = {"client_id": "dc-app", "client_secret": "app secret of this test"}
UNTIL = datetime(2026, 11, 10, 12, 0, tzinfo=UTC)
"""Histories end here: they are the same in every run, with the autumn change of clocks inside."""
ZONE = "Europe/Berlin"


def settings(home: Path) -> Settings:
    (home / "secrets/oidc").mkdir(parents=True, exist_ok=True)
    (home / "secrets/oidc/client_secret").write_text("unused")
    return Settings(home=str(home), oidc_issuer="http://127.0.0.1:1", public_url="http://localhost:8080")


def simulator(home: Path, **changes: Any) -> Any:
    """The process of the simulator, as an app."""
    return create_app(settings(home).with_(**changes))


class World:
    """One vendor's cloud behind its gate."""

    def __init__(self, vendor: str, port: int, http: httpx2.AsyncClient) -> None:
        self.vendor = vendor
        self.gate = f"http://127.0.0.1:{port}/clouds"
        self.http = http
        self.client: Client = import_module(f"vendors.{vendor}.client").CLIENT(self.credentials())
        self.asked: list[str] = []

    def credentials(self) -> dict[str, str]:
        return dict(CREDENTIALS)

    def gated(self, url: str) -> str:
        return url.replace("https://", f"{self.gate}/", 1)

    async def send(self, request: Request) -> Answer:
        self.asked.append(request.endpoint)
        answer = await self.http.request(
            request.method,
            self.gated(request.url),
            params=dict(request.params) or None,
            data=None if request.form is None else dict(request.form),
            json=request.json,
            headers=dict(request.headers),
        )
        headers = {name.lower(): text for name, text in answer.headers.items()}
        return Answer(status=answer.status_code, body=answer.content, headers=headers)

    def sending(self, tokens: Tokens) -> Send:
        async def send(request: Request) -> Answer:
            return await self.send(self.client.authorized(request, tokens))

        return send

    async def sign_in(self, user_id: str, kinds: Iterable[Kind] = (), **choice: str) -> Tokens:
        url = self.client.authorize_url(
            state="a state", redirect_uri=BACK, kinds=self.kinds(kinds), code_verifier=VERIFIER
        )
        answer = await self.http.get(self.gated(url), params={
            **dict(parse_qsl(urlsplit(url).query)), "decide": "approve", "user": user_id, **choice,
        })  # fmt: skip
        told = parse_qs(urlsplit(answer.headers["location"]).query)
        assert told["state"] == ["a state"]
        asked = self.client.exchange_request(told["code"][0], BACK, VERIFIER)
        return self.client.read_tokens(await self.send(asked), clock.now())

    def kinds(self, kinds: Iterable[Kind] = ()) -> frozenset[Kind]:
        return frozenset(kinds) or self.client.manifest.kinds

    async def refresh(self, tokens: Tokens) -> Tokens:
        asked = self.client.refresh_request(tokens.refresh_token or "")
        return self.client.read_tokens(await self.send(asked), clock.now())

    async def control(self, path: str, body: Any = None, method: str = "") -> Any:
        method = method or ("GET" if body is None else "POST")
        answer = await self.http.request(method, f"{self.gate}/control/{self.vendor}{path}", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def create(self, seed: int = 7, **more: Any) -> str:
        made = await self.control(
            "/accounts", {"seed": seed, "zone": ZONE, "until": UNTIL.isoformat(), **more}
        )
        return str(made["user_id"])

    async def truth(self, user_id: str, since: datetime, until: datetime) -> list[dict[str, Any]]:
        path = f"{self.gate}/control/{self.vendor}/accounts/{user_id}/readings"
        answer = await self.http.get(path, params={"since": since.isoformat(), "until": until.isoformat()})
        return list(answer.json()["readings"])

    async def add(self, user_id: str, **what: Any) -> list[dict[str, Any]]:
        return list((await self.control(f"/accounts/{user_id}/readings", what))["readings"])

    async def look(
        self, tokens: Tokens, since: datetime, until: datetime, *, kinds: Iterable[Kind] = (),
        cursor: str | None = None,
    ) -> list[Page]:  # fmt: skip
        ask = Ask(since=since, until=until, kinds=self.kinds(kinds), timezone=ZONE, cursor=cursor)
        return [page async for page in self.client.pages(self.sending(tokens), ask)]

    def normalized(self, pages: Iterable[Page]) -> list[Normalized]:
        normalize = import_module(f"vendors.{self.vendor}.mapping").normalize
        return [normalize([page.payload], Context(endpoint=page.endpoint, timezone=ZONE)) for page in pages]


def found(answers: Iterable[Normalized]) -> set[str]:
    """Every value with its time, comparable."""
    return {
        one
        for answer in answers
        for reading in answer.readings
        for one in values(reading.timestamp, reading.readings)
    }


def true(told: Iterable[Mapping[str, Any]]) -> set[str]:
    return {
        one for row in told for one in values(msgspec.convert(row["timestamp"], datetime), row["readings"])
    }


def values(at: datetime, readings: Mapping[str, Any]) -> list[str]:
    when = at.astimezone(UTC).isoformat()
    return [
        f"{when} {name} {msgspec.json.encode(value, order='sorted').decode()}"
        for name, value in readings.items()
    ]


@asynccontextmanager
async def world_of(vendor: str, home: Path) -> AsyncIterator[World]:
    async with (
        served(create_app(settings(home)), timeout_graceful_shutdown=2) as port,
        httpx2.AsyncClient(timeout=20, trust_env=False) as http,
    ):
        yield World(vendor, port, http)


class Inbox:
    """Takes notifications as the platform would: judged by the client, and kept. `answers`: what is said first."""

    def __init__(self, client: Client, secrets: list[str]) -> None:
        self.client = client
        self.secrets = secrets
        self.answers: list[int] = []
        self.kept: list[tuple[Reply, bytes, str]] = []
        self.judged: list[Reply] = []
        self._changed = asyncio.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await _lifespan(receive, send)
            return
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        headers = {name.decode().lower(): text.decode() for name, text in scope["headers"]}
        incoming = Incoming(
            method=scope["method"],
            body=body,
            headers=headers,
            params=dict(parse_qsl(scope["query_string"].decode())),
            received_at=clock.now(),
        )
        reply = self.client.receive(incoming, self.secrets)
        self.judged.append(reply)
        status = self.answers.pop(0) if self.answers and reply.accept else reply.status
        if reply.accept and status == reply.status:
            self.kept.append((reply, body, headers.get("content-type", "")))
        await send({
            "type": "http.response.start", "status": status,
            "headers": [(b"content-type", reply.content_type.encode())],
        })  # fmt: skip
        await send({"type": "http.response.body", "body": reply.body})
        self._changed.set()

    async def until(self, count: int, judged: bool = False) -> None:
        """Waits for so many that were kept (or judged)."""
        async with asyncio.timeout(15):
            while len(self.judged if judged else self.kept) < count:
                self._changed.clear()
                await self._changed.wait()


async def _lifespan(receive: Any, send: Any) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


@asynccontextmanager
async def inbox_of(client: Client, secrets: list[str]) -> AsyncIterator[tuple[Inbox, str]]:
    inbox = Inbox(client, secrets)
    async with served(inbox) as port:
        yield inbox, f"http://127.0.0.1:{port}/hooks/a-secret-part"


DAY = timedelta(days=1)
