"""The whole gateway with real servers behind it, seen by a browser, a script, a device and a stranger."""

import asyncio
import base64
import socket
from collections.abc import AsyncIterator, Callable
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import asyncpg
import httpx2
import msgspec
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from gateway.app import create_app
from gateway.settings import Settings
from gateway.static import Static
from gateway.tests import upstream as small
from gateway.tests.serving import Running, free_port, served

DAY_S = 43_200


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


async def token(client: httpx2.AsyncClient, user: str = "patient-1") -> str:
    answer = await client.post("/auth/dev/token", json={"user": user})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["access_token"])


async def bearer(client: httpx2.AsyncClient, user: str = "patient-1") -> dict[str, str]:
    return {"Authorization": f"Bearer {await token(client, user)}"}


class Browser:
    """Keeps `__Host-` cookies as a browser does on localhost, and goes where it is sent."""

    def __init__(self, client: httpx2.AsyncClient) -> None:
        self._client = client
        self.cookies: dict[str, str] = {}
        self.set: list[str] = []

    async def send(self, method: str, url: str, **options: Any) -> httpx2.Response:
        headers = dict(options.pop("headers", {}))
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        answer = await self._client.request(method, url, headers=headers, **options)
        for text in answer.headers.get_list("set-cookie"):
            self.set.append(text)
            for name, morsel in SimpleCookie(text).items():
                if morsel["max-age"] == "0":
                    self.cookies.pop(name, None)
                else:
                    self.cookies[name] = morsel.value
        return answer

    async def sign_in(self, name: str = "patient-1", next_: str = "/devices?x=1") -> httpx2.Response:
        away = await self.send("GET", "/auth/login", params={"next": next_})
        assert away.status_code == 302, away.text
        there = urlsplit(away.headers["location"])
        back = await self._client.get(f"{there.scheme}://{there.netloc}/authorize/as/{name}?{there.query}")
        assert back.status_code in (302, 303, 307), back.text
        return await self.send("GET", back.headers["location"])

    @property
    def csrf(self) -> dict[str, str]:
        return {"X-CSRF-Token": self.cookies["__Host-csrf"]}


# --- signing in


async def test_signing_in_going_on_and_signing_out(client: httpx2.AsyncClient) -> None:
    browser = Browser(client)

    landed = await browser.sign_in()
    seen = await browser.send("GET", "/api/v1/me")
    changed = await browser.send("POST", "/api/v1/hubs", headers=browser.csrf, json={"name": "Kitchen"})
    old = dict(browser.cookies)
    out = await browser.send("POST", "/auth/logout", headers=browser.csrf)
    browser.cookies = old
    after = await browser.send("GET", "/api/v1/me")

    assert (landed.status_code, landed.headers["location"]) == (302, "/devices?x=1")
    assert seen.status_code == 200
    forwarded = dict(seen.json()["headers"])
    assert forwarded["authorization"].startswith("Bearer ey")
    assert "cookie" not in forwarded
    assert changed.status_code == 200
    assert out.status_code == 200
    assert urlsplit(out.json()["redirect"]).path == "/end-session"
    assert after.status_code == 401


async def test_the_cookies_are_bound_to_this_host(client: httpx2.AsyncClient) -> None:
    browser = Browser(client)
    await browser.sign_in()

    session = next(text for text in browser.set if text.startswith("__Host-sid="))
    csrf = next(text for text in browser.set if text.startswith("__Host-csrf="))
    for text in (session, csrf):
        assert "Secure" in text
        assert "Path=/" in text
        assert "SameSite=lax" in text
        assert "Domain" not in text
    assert "HttpOnly" in session
    assert "HttpOnly" not in csrf
    assert "__Host-login" not in browser.cookies


async def test_a_session_id_does_not_survive_a_sign_in(client: httpx2.AsyncClient) -> None:
    browser = Browser(client)
    await browser.sign_in("patient-1")
    first = browser.cookies["__Host-sid"]
    await browser.sign_in("patient-2")
    second = browser.cookies["__Host-sid"]
    browser.cookies["__Host-sid"] = first

    assert first != second
    assert (await browser.send("GET", "/api/v1/me")).status_code == 401


async def test_a_callback_is_good_once_and_only_for_who_began(client: httpx2.AsyncClient) -> None:
    browser, other = Browser(client), Browser(client)
    away = await browser.send("GET", "/auth/login")
    there = urlsplit(away.headers["location"])
    back = await client.get(f"{there.scheme}://{there.netloc}/authorize/as/patient-1?{there.query}")
    location = back.headers["location"]
    login = browser.cookies["__Host-login"]

    foreign = await other.send("GET", location)
    other.cookies["__Host-login"] = "made-up"
    made_up = await other.send("GET", location)
    forged = await Browser(client).send("GET", location.replace("state=", "state=x"))
    good = await browser.send("GET", location)
    browser.cookies["__Host-login"] = login
    again = await browser.send("GET", location)

    assert [answer.status_code for answer in (foreign, made_up, forged, good, again)] == [
        401,
        401,
        401,
        302,
        401,
    ]
    assert "text/html" in again.headers["content-type"]
    assert "Sign in" in again.text


async def test_the_request_to_the_provider_has_pkce_state_and_nonce(client: httpx2.AsyncClient) -> None:
    away = await client.get("/auth/login")
    query = parse_qs(urlsplit(away.headers["location"]).query)

    assert query["code_challenge_method"] == ["S256"]
    assert query["response_type"] == ["code"]
    assert all(len(query[name][0]) >= 20 for name in ("state", "nonce", "code_challenge"))
    assert query["redirect_uri"] == [f"{client.base_url}".rstrip("/") + "/auth/callback"]


async def test_sign_in_at_an_address_without_cookies_says_why(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/auth/login", headers={"Host": "192.168.1.5:8080"})

    assert answer.status_code == 400
    assert "TLS" in answer.text
    assert "set-cookie" not in answer.headers


async def test_the_other_loopback_name_leads_to_the_one_of_sessions(
    client: httpx2.AsyncClient, front: Settings
) -> None:
    host = f"127.0.0.1:{front.http_port}"

    answer = await client.get("/auth/login?next=/devices", headers={"Host": host})

    assert answer.headers["location"] == f"{front.public_url}/auth/login?next=/devices"


# --- development tokens


async def test_a_development_token_opens_the_api(client: httpx2.AsyncClient) -> None:
    answer = await client.post("/auth/dev/token", json={"user": "sim-000001"})
    headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}

    seen = await client.get("/api/v1/devices", headers=headers)

    assert answer.json() | {"access_token": ""} == {
        "access_token": "",
        "token_type": "Bearer",
        "expires_in": DAY_S,
    }
    assert answer.headers["cache-control"] == "no-store"
    assert dict(seen.json()["headers"])["authorization"] == headers["Authorization"]


async def test_failed_sign_ins_are_limited_per_account(client: httpx2.AsyncClient) -> None:
    answers = [await client.post("/auth/dev/token", json={"user": "sim-000404"}) for _ in range(6)]

    assert [answer.status_code for answer in answers] == [401] * 5 + [429]
    assert 0 < int(answers[-1].headers["retry-after"]) <= 60
    assert (await client.post("/auth/dev/token", json={"user": "patient-1"})).status_code == 200


async def test_a_foreign_page_gets_no_development_token(client: httpx2.AsyncClient) -> None:
    for origin in ("https://evil.example", "http://evil.example:8080"):
        headers = {"Origin": origin, "Host": origin.partition("://")[2]}
        answer = await client.post("/auth/dev/token", json={"user": "patient-1"}, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden_origin")


async def test_production_has_no_development_token(front: Settings) -> None:
    app = create_app(front.with_(env="production"))

    assert not [route.path for route in app.routes if route.path.startswith("/auth/dev")]


# --- the API behind


async def test_a_request_arrives_as_it_was_sent(client: httpx2.AsyncClient) -> None:
    body = msgspec.json.encode({"x": "y" * 100_000})
    answer = await client.post(
        "/api/v1/device-connections/create?a=%C3%A9&b=1",
        content=body,
        headers={
            **await bearer(client),
            "Content-Type": "application/json",
            "Idempotency-Key": "k1",
            "Prefer": "wait=5",
        },
    )
    seen = answer.json()
    headers = dict(seen["headers"])

    assert (seen["method"], seen["raw_path"]) == ("POST", "/api/v1/device-connections/create")
    assert seen["query"] == "a=%C3%A9&b=1"
    assert seen["size"] == len(body)
    assert (headers["idempotency-key"], headers["prefer"]) == ("k1", "wait=5")
    assert answer.headers["x-kept"] == "yes"


async def test_what_a_client_may_not_say_to_a_service_is_not_said(client: httpx2.AsyncClient) -> None:
    forbidden = {
        "X-Forwarded-For": "1.2.3.4", "X-Forwarded-Host": "evil", "X-Forwarded-Proto": "https", "Forwarded": "for=1",
        "X-Real-IP": "1.2.3.4", "X-Internal-Token": "guess", "Keep-Alive": "timeout=5", "TE": "trailers",
        "Proxy-Authorization": "Basic x", "X-Hop": "1", "Connection": "keep-alive, X-Hop", "Cookie": "a=b",
        "Origin": "capacitor://localhost",
    }  # fmt: skip
    answer = await client.get("/api/v1/me", headers={**await bearer(client), **forbidden})
    names = {name for name, _ in answer.json()["headers"]}

    assert not names & {name.lower() for name in forbidden}
    assert dict(answer.json()["headers"])["host"] != urlsplit(str(client.base_url)).netloc


async def test_a_body_beyond_the_limit_is_refused(client: httpx2.AsyncClient, front: Settings) -> None:
    headers = {**await bearer(client), "Content-Type": "application/json"}
    fits = await client.post("/api/v1/device-data/ingest", content=b" " * (1024 * 1024), headers=headers)
    large = await client.post(
        "/api/v1/device-data/ingest", content=b" " * (front.limit_body_bytes + 1), headers=headers
    )

    async def parts() -> AsyncIterator[bytes]:
        for _ in range(40):
            yield b" " * 64 * 1024

    chunked = await client.post("/api/v1/device-data/ingest", content=parts(), headers=headers)

    assert fits.json()["size"] == 1024 * 1024
    for answer in (large, chunked):
        assert answer.status_code == 413
        assert answer.json()["code"] == "payload_too_large"


async def test_a_service_that_is_down_is_503_and_the_others_go_on(client: httpx2.AsyncClient) -> None:
    headers = await bearer(client)
    down = await client.get("/api/v1/device-health", headers=headers)
    up = await client.get("/api/v1/me", headers=headers)

    assert down.status_code == 503
    assert down.headers["content-type"] == "application/problem+json"
    assert (down.json()["code"], down.headers["retry-after"]) == ("unavailable", "1")
    assert up.status_code == 200


@pytest.mark.parametrize("path", ["/api/v1/nothing", "/api/v1", "/api/", "/api/v1/me/../../internal/sign-in"])
async def test_an_unknown_address_is_a_404_problem(client: httpx2.AsyncClient, path: str) -> None:
    answer = await raw(client, "GET", path)

    assert answer.startswith(b"HTTP/1.1 404")
    assert b"application/problem+json" in answer


async def test_a_download_streams_through(client: httpx2.AsyncClient) -> None:
    size = 8 * 1024 * 1024
    target = f"/api/v1/device-data/0199c0de-0000-7000-8000-000000000001/export?large={size}"
    async with client.stream("GET", target, headers=await bearer(client)) as answer:
        sizes = [len(part) async for part in answer.aiter_raw()]

    assert sum(sizes) == size
    assert int(answer.headers["content-length"]) == size


# --- who is asking


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer nonsense"},
        {"Authorization": "Basic aHViOnNlY3JldA=="},
        {"Authorization": "Bearer dci_abc"},
        {"Cookie": "__Host-sid=made-up"},
        {"Authorization": "Bearer"},
    ],
)
async def test_nobody_is_401(client: httpx2.AsyncClient, headers: dict[str, str]) -> None:
    answer = await client.get("/api/v1/me", headers=headers)

    assert answer.status_code == 401
    assert answer.json()["code"] == "unauthenticated"
    assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("authorization", ["Bearer dci_abc", "Basic aHViOnNlY3JldA=="])
@pytest.mark.parametrize("path", ["device-data/ingest", "device-data/gatt"])
async def test_what_devices_present_passes_to_ingest_untouched(
    client: httpx2.AsyncClient, authorization: str, path: str
) -> None:
    answer = await client.post(f"/api/v1/{path}", json={}, headers={"Authorization": authorization})

    assert dict(answer.json()["headers"])["authorization"] == authorization


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-CSRF-Token": "made-up"},
        {"X-CSRF-Token": "*", "Origin": "https://evil.example"},
        {"X-CSRF-Token": "*", "Sec-Fetch-Site": "cross-site"},
        {"X-CSRF-Token": "*", "Origin": "capacitor://localhost"},
    ],
)
@pytest.mark.parametrize("path", ["/api/v1/hubs", "/auth/logout", "/api/v1/live/ticket"])
async def test_a_change_with_a_cookie_needs_the_token_and_our_origin(
    client: httpx2.AsyncClient, headers: dict[str, str], path: str
) -> None:
    browser = Browser(client)
    await browser.sign_in()
    given = {name: browser.csrf["X-CSRF-Token"] if value == "*" else value for name, value in headers.items()}

    refused = await browser.send("POST", path, headers=given)
    origin = {**browser.csrf, "Origin": str(client.base_url).rstrip("/"), "Sec-Fetch-Site": "same-origin"}
    allowed = await browser.send("POST", path, headers=origin)

    assert (refused.status_code, refused.json()["code"]) == (403, "csrf")
    assert allowed.status_code in (200, 201)


async def test_reading_needs_no_csrf_token(client: httpx2.AsyncClient) -> None:
    browser = Browser(client)
    await browser.sign_in()

    assert (
        await browser.send("GET", "/api/v1/me", headers={"Sec-Fetch-Site": "cross-site"})
    ).status_code == 200


# --- headers, origins, pages

ALWAYS = (
    "strict-transport-security", "content-security-policy", "x-content-type-options", "referrer-policy",
    "cross-origin-opener-policy", "cross-origin-resource-policy", "permissions-policy",
)  # fmt: skip


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"), ("GET", "/livez"), ("GET", "/api/v1/me"), ("GET", "/api/v1/nothing"), ("GET", "/auth/login"),
        ("GET", "/auth/nothing"), ("GET", "/assets/app-1a2b3c.js"), ("GET", "/assets/none.js"), ("PUT", "/livez"),
        ("POST", "/"), ("DELETE", "/auth/login"), ("POST", "/auth/dev/token"), ("GET", "/schema"),
    ],
)  # fmt: skip
async def test_every_answer_carries_the_security_headers(
    client: httpx2.AsyncClient, method: str, path: str
) -> None:
    answer = await client.request(method, path)

    for name in ALWAYS:
        assert len(answer.headers.get_list(name)) == 1, name
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    if path.startswith(("/api/", "/auth/")):
        assert answer.headers["cache-control"] == "no-store"


async def test_the_policy_names_our_socket_and_the_object_store(
    client: httpx2.AsyncClient, front: Settings
) -> None:
    policy = (await client.get("/")).headers["content-security-policy"]
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))

    assert front.public_origin.replace("http", "ws", 1) in rules["connect-src"]
    for name in ("connect-src", "media-src", "img-src"):
        assert front.store_origin in rules[name]
    assert rules["manifest-src"] == "'self'"


@pytest.mark.parametrize(("origin", "allowed"), [("capacitor://localhost", True), ("https://localhost", True),
                                                 ("https://evil.example", False), ("http://localhost", False)])  # fmt: skip
async def test_cors_is_for_the_companion_app_alone(
    client: httpx2.AsyncClient, origin: str, allowed: bool
) -> None:
    asked = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization",
    }
    before = await client.options("/api/v1/hubs", headers=asked)
    answer = await client.get("/api/v1/me", headers={**await bearer(client), "Origin": origin})

    assert answer.status_code == 200
    for seen in (before, answer):
        assert (seen.headers.get("access-control-allow-origin") == origin) is allowed
        assert "access-control-allow-credentials" not in seen.headers
    if allowed:
        assert before.status_code == 204
        assert "Authorization" in before.headers["access-control-allow-headers"]


async def test_the_pages(client: httpx2.AsyncClient) -> None:
    index, deep = await client.get("/"), await client.get("/devices/0199c0de?tab=x")
    asset = await client.get("/assets/app-1a2b3c.js", headers={"Accept-Encoding": "gzip"})
    plain = await client.get("/assets/app-1a2b3c.js", headers={"Accept-Encoding": "identity"})
    again = await client.get("/", headers={"If-None-Match": index.headers["etag"]})
    manifest = await client.get("/manifest.webmanifest")
    head = await client.head("/")

    assert index.text == deep.text
    assert index.headers["cache-control"] == "no-cache"
    assert asset.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert asset.headers["content-type"] == "text/javascript; charset=utf-8"
    assert asset.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert asset.text == plain.text
    assert (again.status_code, again.content) == (304, b"")
    assert manifest.headers["content-type"] == "application/manifest+json"
    assert (head.status_code, head.content) == (200, b"")


@pytest.mark.parametrize(
    "path", ["/assets/none.js", "/favicon.png", "/webhooks/x", "/internal/sign-in", "/..%2fpyproject.toml"]
)
async def test_what_is_no_page_is_404(client: httpx2.AsyncClient, path: str) -> None:
    assert (await raw(client, "GET", path)).startswith(b"HTTP/1.1 404")


async def test_without_a_build_the_front_page_says_how(client: httpx2.AsyncClient, tmp_path: Path) -> None:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    scope: Any = {"method": "GET", "raw_path": b"/", "headers": []}
    await Static(tmp_path / "none")(scope, send)

    assert sent[0]["status"] == 200
    assert b"make install" in sent[1]["body"]


# --- live, end to end


async def test_a_ticket_from_the_api_opens_a_socket_and_is_audited(
    client: httpx2.AsyncClient, front: Settings, postgres_url: str
) -> None:
    browser = Browser(client)
    await browser.sign_in()
    me = str((await _claims(browser))["sub"])
    ticket = (await browser.send("POST", "/api/v1/live/ticket", headers=browser.csrf)).json()["ticket"]
    url = f"{front.public_url.replace('http', 'ws', 1)}/ws/live?ticket={ticket}"
    cookie = {"Cookie": f"__Host-sid={browser.cookies['__Host-sid']}"}

    async with connect(url, additional_headers=cookie, origin=front.public_origin) as live:  # type: ignore[arg-type]
        await live.send(msgspec.json.encode({"type": "subscribe", "patient_id": me}).decode())
        subscribed = msgspec.json.decode(await live.recv())
        await browser.send("POST", "/auth/logout", headers=browser.csrf)
        with pytest.raises(ConnectionClosed):
            await asyncio.wait_for(live.recv(), 2)

    assert subscribed["type"] == "subscribed"
    assert live.close_code == 4401
    conn = await asyncpg.connect(postgres_url)
    rows = await conn.fetch(
        "SELECT action, outcome FROM access.audit_logs WHERE actor_id = $1 ORDER BY ts DESC LIMIT 3", me
    )
    await conn.close()
    assert [tuple(row) for row in rows] == [
        ("session.sign_out", "allowed"), ("live.subscribe", "allowed"), ("session.sign_in", "allowed"),
    ]  # fmt: skip


async def test_a_ticket_of_another_session_is_refused(client: httpx2.AsyncClient, front: Settings) -> None:
    one, other = Browser(client), Browser(client)
    await one.sign_in("patient-1")
    await other.sign_in("patient-2")
    ticket = (await one.send("POST", "/api/v1/live/ticket", headers=one.csrf)).json()["ticket"]
    url = f"{front.public_url.replace('http', 'ws', 1)}/ws/live?ticket={ticket}"

    with pytest.raises(InvalidStatus) as refused:
        await connect(url, additional_headers={"Cookie": f"__Host-sid={other.cookies['__Host-sid']}"})

    assert refused.value.response.status_code == 403


async def _claims(browser: Browser) -> Any:
    """What the internal token says; the small service answers with what it was given."""
    seen = dict((await browser.send("GET", "/api/v1/me")).json()["headers"])
    payload = seen["authorization"].split(".")[1]
    return msgspec.json.decode(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))


async def raw(client: httpx2.AsyncClient, method: str, path: str) -> bytes:
    """A request whose path no client library tidies up."""
    address = urlsplit(str(client.base_url))
    reader, writer = await asyncio.open_connection(address.hostname, address.port, family=socket.AF_INET)
    writer.write(f"{method} {path} HTTP/1.1\r\nHost: {address.netloc}\r\nConnection: close\r\n\r\n".encode())
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return answer
