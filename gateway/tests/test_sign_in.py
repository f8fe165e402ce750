"""Signing in and out with the real identity provider, development tokens, and the socket that a session opens."""

import asyncio
import base64
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
from gateway.tests.browser import Browser

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
        "expires_in": 43_200,
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
