"""The gateway in front of services: what arrives, who is let through, and what every answer carries."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import msgspec
import pytest

from chassis.body import whole_body
from gateway import proxy
from gateway.settings import Settings
from gateway.static import Static
from gateway.tests.browser import Browser, bearer, raw

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


async def test_a_body_that_does_not_come_is_not_waited_for(
    client: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proxy, "whole_body", partial(whole_body, within_s=0.2))
    token = (await bearer(client))["Authorization"]
    url = urlsplit(str(client.base_url))
    reader, writer = await asyncio.open_connection(url.hostname, url.port)
    head = f"POST /api/v1/device-data/ingest HTTP/1.1\r\nHost: {url.netloc}\r\nAuthorization: {token}\r\n"
    writer.write(f"{head}Content-Type: application/json\r\nContent-Length: 100\r\n\r\n[".encode())

    answer = (await asyncio.wait_for(reader.read(), 10)).decode()  # until the gateway closes

    writer.close()
    assert answer.startswith("HTTP/1.1 408 ")
    assert msgspec.json.decode(answer.partition("\r\n\r\n")[2])["code"] == "body_timeout"


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
