"""The companion app signs in through the system's browser: a link brings a code, and the code a session of its own."""

import asyncio
import base64
import html
import re
import secrets
from collections.abc import AsyncIterator
from hashlib import sha256
from urllib.parse import parse_qs, urlsplit

import asyncpg
import httpx2
import msgspec
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from chassis.auth import TokenSigner
from chassis.cache import Cache
from chassis.config import ConfigError, load
from gateway.app_codes import LINK, _key, answers, is_challenge
from gateway.session import Sessions, key_of
from gateway.settings import Settings
from gateway.tests.browser import Browser
from gateway.tests.conftest import person
from gateway.tests.test_session import let_pass, ttl

APP = {"Origin": "capacitor://localhost"}


class Phone:
    """The app, and beside it the system's browser with cookies of its own."""

    def __init__(self, client: httpx2.AsyncClient) -> None:
        self.client = client
        self.browser = Browser(client)
        self.verifier = secrets.token_urlsafe(48)
        digest = sha256(self.verifier.encode()).digest()
        self.challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()

    async def come_back(self, name: str = "patient-1") -> httpx2.Response:
        """What the browser shows after the provider."""
        away = await self.browser.send("GET", "/auth/login", params={"app_challenge": self.challenge})
        there = urlsplit(away.headers["location"])
        assert parse_qs(there.query)["prompt"] == ["login"]
        back = await self.client.get(f"{there.scheme}://{there.netloc}/authorize/as/{name}?{there.query}")
        return await self.browser.send("GET", back.headers["location"])

    async def code(self, name: str = "patient-1") -> str:
        landed = await self.come_back(name)
        return landed.headers["refresh"].partition(LINK)[2]

    async def redeem(self, code: str, verifier: str | None = None) -> httpx2.Response:
        body = {"code": code, "verifier": verifier or self.verifier}
        return await self.client.post("/auth/app/token", json=body, headers=APP)

    async def sign_in(self, name: str = "patient-1") -> dict[str, str]:
        answer = await self.redeem(await self.code(name))
        assert answer.status_code == 200, answer.text
        return {**APP, "Authorization": f"Bearer {answer.json()['access_token']}"}


@pytest.fixture
def phone(client: httpx2.AsyncClient) -> Phone:
    return Phone(client)


@pytest.fixture
async def cache(settings: Settings) -> AsyncIterator[Cache]:
    cache = Cache(settings)
    yield cache
    await cache.stop()


def test_the_example_of_the_standard() -> None:
    verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"

    assert answers(verifier, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM")
    assert not answers(verifier + "x", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM")


@pytest.mark.parametrize("text", ["", "short", "x" * 44, "é" * 43, "=" * 43, "x" * 43 + "\n"])
def test_what_cannot_be_a_challenge(text: str) -> None:
    assert not is_challenge(text)


async def test_the_whole_way_and_what_the_bearer_opens(phone: Phone, front: Settings) -> None:
    landed = await phone.come_back()
    link = re.search(r'<a class="action" href="([^"]+)"', landed.text)
    assert link is not None
    code = html.unescape(link[1]).removeprefix(LINK)
    token = await phone.redeem(code)
    bearer = {**APP, "Authorization": f"Bearer {token.json()['access_token']}"}

    seen = await phone.client.get("/api/v1/me", headers=bearer)
    changed = await phone.client.post("/api/v1/hubs", headers=bearer, json={"name": "Kitchen"})

    assert landed.status_code == 200
    assert landed.headers["refresh"] == f"0; url={LINK}{code}"
    assert landed.headers["cache-control"] == "no-store"
    assert token.headers["access-control-allow-origin"] == APP["Origin"]
    assert token.headers["cache-control"] == "no-store"
    assert token.json()["access_token"].startswith("dca_")
    assert (token.json()["token_type"], token.json()["expires_in"]) == (
        "Bearer",
        front.app_session_absolute_s,
    )
    assert (seen.status_code, changed.status_code) == (200, 200)
    forwarded = dict(seen.json()["headers"])["authorization"]
    assert forwarded.startswith("Bearer ey")
    assert "dca_" not in seen.text


async def test_no_cookie_is_left_and_the_browsers_own_session_goes_on(phone: Phone) -> None:
    await phone.browser.sign_in("patient-2")
    mine, phone.browser.set = dict(phone.browser.cookies), []

    bearer = await phone.sign_in("patient-1")
    out = await phone.client.post("/auth/logout", headers=bearer)

    assert {text.partition("=")[0] for text in phone.browser.set} == {"__Host-login"}  # begun, and removed
    assert phone.browser.cookies == mine
    assert (await phone.browser.send("GET", "/api/v1/me")).status_code == 200
    assert (out.status_code, out.json()) == (200, {"redirect": "/"})
    assert "set-cookie" not in out.headers


async def test_a_browser_ends_what_the_person_has_everywhere(phone: Phone, front: Settings) -> None:
    await phone.browser.sign_in("patient-1")
    lost, other = await phone.sign_in("patient-1"), await phone.sign_in("patient-2")
    elsewhere = Browser(phone.client)
    await elsewhere.sign_in("patient-1")
    ticket = (await phone.client.post("/api/v1/live/ticket", headers=lost)).json()["ticket"]
    url = f"{front.public_url.replace('http', 'ws', 1)}/ws/live?ticket={ticket}"
    async with connect(url, origin=APP["Origin"]) as live:  # type: ignore[arg-type]
        kept = dict(phone.browser.cookies)
        out = await phone.browser.send(
            "POST", "/auth/logout", headers=phone.browser.csrf, params={"everywhere": "true"}
        )
        with pytest.raises(ConnectionClosed):
            await asyncio.wait_for(live.recv(), 2)
    phone.browser.cookies = kept
    here = await phone.browser.send("GET", "/api/v1/me")
    there = await elsewhere.send("GET", "/api/v1/me")

    assert out.status_code == 200
    assert live.close_code == 4401
    assert (here.status_code, there.status_code) == (401, 401)
    assert (await phone.client.get("/api/v1/me", headers=lost)).status_code == 401
    assert (await phone.client.get("/api/v1/me", headers=other)).status_code == 200


async def test_a_code_is_good_once(phone: Phone) -> None:
    code = await phone.code()

    first, second = await phone.redeem(code), await phone.redeem(code)

    assert (first.status_code, second.status_code) == (200, 401)
    assert "set-cookie" not in first.headers


async def test_a_stolen_code_opens_nothing_is_spent_and_is_on_record(phone: Phone, postgres_url: str) -> None:
    code = await phone.code("sim-000077")

    stolen = await phone.redeem(code, secrets.token_urlsafe(48))
    mine = await phone.redeem(code)

    assert (stolen.status_code, mine.status_code) == (401, 401)
    me = await _user_of(phone, await phone.sign_in("sim-000077"))
    conn = await asyncpg.connect(postgres_url)
    rows = await conn.fetch(
        "SELECT action, outcome FROM access.audit_logs WHERE actor_id = $1 ORDER BY ts DESC LIMIT 2", me
    )
    await conn.close()
    assert [tuple(row) for row in rows] == [("session.sign_in", "allowed"), ("session.sign_in", "denied")]


async def test_a_code_ends_with_its_minute(phone: Phone, cache: Cache) -> None:
    code = await phone.code()
    assert 50 < await cache.client.ttl(_key(code)) <= 60
    await let_pass(cache, _key(code))

    assert (await phone.redeem(code)).status_code == 401


@pytest.mark.parametrize("origin", [None, "http://localhost:9999", "https://evil.example", "null"])
async def test_a_foreign_page_fetches_nothing(phone: Phone, origin: str | None) -> None:
    body = {"code": await phone.code(), "verifier": phone.verifier}

    answer = await phone.client.post(
        "/auth/app/token", json=body, headers={"Origin": origin} if origin else {}
    )

    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden_origin")
    assert "access-control-allow-origin" not in answer.headers


async def test_guesses_are_limited(phone: Phone, front: Settings) -> None:
    tries = front.limit_failed_sign_ins_per_min * 4
    # From an address of its own: the others of this run are not to wait a minute.
    transport = httpx2.AsyncHTTPTransport(local_address="127.0.0.77")
    async with httpx2.AsyncClient(base_url=front.public_url, transport=transport) as client:
        other = Phone(client)
        answers_ = [await other.redeem("made-up") for _ in range(tries + 1)]

    assert [answer.status_code for answer in answers_] == [401] * tries + [429]
    assert int(answers_[-1].headers["retry-after"]) > 0


async def test_a_challenge_that_is_none_begins_nothing(phone: Phone) -> None:
    answer = await phone.browser.send("GET", "/auth/login", params={"app_challenge": "short"})

    assert answer.status_code == 400
    assert "set-cookie" not in answer.headers
    assert "open the Device Connect app" in answer.text


async def test_the_other_loopback_name_keeps_the_challenge(phone: Phone, front: Settings) -> None:
    answer = await phone.client.get(
        f"/auth/login?next=/devices&app_challenge={phone.challenge}",
        headers={"Host": f"127.0.0.1:{front.http_port}"},
    )

    there = urlsplit(answer.headers["location"])
    assert parse_qs(there.query) == {"next": ["/devices"], "app_challenge": [phone.challenge]}


async def test_neither_kind_of_session_passes_for_the_other(phone: Phone) -> None:
    bearer = await phone.sign_in()
    token = bearer["Authorization"][7:]
    await phone.browser.sign_in()
    sid = phone.browser.cookies["__Host-sid"]

    as_cookie = await phone.client.get("/api/v1/me", headers={"Cookie": f"__Host-sid={token}"})
    as_change = await phone.client.post(
        "/api/v1/hubs", json={"name": "x"}, headers={"Cookie": f"__Host-sid={token}", "X-CSRF-Token": ""}
    )
    as_bearer = await phone.client.get("/api/v1/me", headers={"Authorization": f"Bearer {sid}"})
    made_up = await phone.client.get("/api/v1/me", headers={"Authorization": "Bearer dca_made-up"})

    assert [a.status_code for a in (as_cookie, as_change, as_bearer, made_up)] == [401] * 4


async def test_signing_out_ends_the_bearer_and_its_socket_everywhere(phone: Phone, front: Settings) -> None:
    bearer = await phone.sign_in()
    me = await _user_of(phone, bearer)
    ticket = (await phone.client.post("/api/v1/live/ticket", headers=bearer)).json()["ticket"]
    url = f"{front.public_url.replace('http', 'ws', 1)}/ws/live?ticket={ticket}"

    async with connect(url, origin=APP["Origin"]) as live:  # type: ignore[arg-type]
        await live.send(msgspec.json.encode({"type": "subscribe", "patient_id": me}).decode())
        subscribed = msgspec.json.decode(await live.recv())
        await phone.client.post("/auth/logout", headers=bearer)
        with pytest.raises(ConnectionClosed):
            await asyncio.wait_for(live.recv(), 2)

    assert subscribed["type"] == "subscribed"
    assert live.close_code == 4401
    assert (await phone.client.get("/api/v1/me", headers=bearer)).status_code == 401


async def test_the_apps_session_has_limits_of_its_own(settings: Settings, cache: Cache) -> None:
    short = settings.with_(session_idle_s=10, app_session_idle_s=100, app_session_absolute_s=1000)
    signer = TokenSigner(settings.secrets_path / "keys/token_signing.pem")
    sessions = Sessions(short, cache, signer, recheck_s=0)

    new = await sessions.begin_app(person())
    await cache.client.expire(key_of(new.sid), 5)
    known = await sessions.find(new.sid, "app")

    assert known is not None
    assert new.lasts_s == 1000
    assert 90 < await ttl(cache, new.sid) <= 100
    assert await sessions.still_lives(key_of(new.sid), waits_longer=True)
    assert await ttl(cache, new.sid) > 90
    await let_pass(cache, key_of(new.sid))
    assert await sessions.find(new.sid, "app") is None


def test_one_more_origin_is_for_development_alone(settings: Settings) -> None:
    more = settings.with_(dev_app_origin="http://127.0.0.1:5000")

    assert "http://127.0.0.1:5000" in more.app_origins
    assert more.check() == []
    assert "DC_DEV_APP_ORIGIN must be empty in production" in more.with_(env="production").check()
    assert "http://127.0.0.1:5000" not in more.with_(env="production").app_origins
    with pytest.raises(ConfigError):
        load(Settings, {"DC_DEV_APP_ORIGIN": "https://evil.example"})


async def _user_of(phone: Phone, bearer: dict[str, str]) -> str:
    """The small service answers with what it was given."""
    forwarded = dict((await phone.client.get("/api/v1/me", headers=bearer)).json()["headers"])
    payload = forwarded["authorization"].split(".")[1]
    claims = msgspec.json.decode(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return str(claims["sub"])
