"""Signing in at the identity provider, as a browser and the gateway do it together."""

import base64
import re
from collections.abc import AsyncIterator
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import NAMESPACE_URL, uuid5

import httpx2
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from simulator.app import create_app
from simulator.identity.keys import SigningKey
from simulator.identity.people import PEOPLE, person
from simulator.identity.provider import Authorization, OAuthError, Provider, challenge_of
from simulator.settings import Settings

ISSUER = "http://127.0.0.1:8099"
PUBLIC = "http://localhost:8080"
CALLBACK = f"{PUBLIC}/auth/callback"
SECRET = "client secret of this test"
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"  # the example of RFC 7636, appendix B
REQUEST = {
    "response_type": "code",
    "client_id": "device-connect",
    "redirect_uri": CALLBACK,
    "scope": "openid profile",
    "state": "s t&ate",
    "nonce": "n-1",
    "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
    "code_challenge_method": "S256",
}


def settings(home: Path) -> Settings:
    (home / "secrets/oidc").mkdir(parents=True, exist_ok=True)
    (home / "secrets/oidc/client_secret").write_text(SECRET)
    return Settings(home=str(home), oidc_issuer=ISSUER, public_url=PUBLIC)


@pytest.fixture
async def browser(tmp_path: Path) -> AsyncIterator[httpx2.AsyncClient]:
    transport = httpx2.ASGITransport(create_app(settings(tmp_path)))  # type: ignore[arg-type]
    async with httpx2.AsyncClient(transport=transport, base_url=ISSUER) as client:
        yield client


async def code_for(browser: httpx2.AsyncClient, name: str = "patient-1") -> str:
    answer = await browser.get(f"/authorize/as/{name}", params=REQUEST)
    return parse_qs(urlsplit(answer.headers["location"]).query)["code"][0]


async def redeem(browser: httpx2.AsyncClient, issued: str, **changes: str) -> httpx2.Response:
    form = {
        "grant_type": "authorization_code",
        "code": issued,
        "redirect_uri": CALLBACK,
        "code_verifier": VERIFIER,
        "client_id": "device-connect",
        "client_secret": SECRET,
        **changes,
    }
    return await browser.post("/token", data=form)


async def test_a_person_signs_in_by_choosing_a_name(browser: httpx2.AsyncClient) -> None:
    metadata = (await browser.get("/.well-known/openid-configuration")).json()
    page = await browser.get(metadata["authorization_endpoint"], params=REQUEST)
    links = [unescape(link) for link in re.findall(r'<a class="[^"]*" href="([^"]+)"', page.text)]
    assert len(links) == len(PEOPLE) == 5

    back = await browser.get(links[0])
    told = urlsplit(back.headers["location"])
    assert back.status_code == 302
    assert f"{told.scheme}://{told.netloc}{told.path}" == CALLBACK
    assert parse_qs(told.query)["state"] == ["s t&ate"]
    tokens = (await redeem(browser, parse_qs(told.query)["code"][0])).json()

    keys = KeySet.import_key_set((await browser.get(metadata["jwks_uri"])).json())
    claims = jwt.decode(tokens["id_token"], keys, algorithms=["ES256"]).claims
    rules = jwt.JWTClaimsRegistry(
        iss={"essential": True, "value": ISSUER},
        aud={"essential": True, "value": "device-connect"},
        exp={"essential": True},
        nonce={"essential": True, "value": "n-1"},
    )
    rules.validate(claims)
    assert claims["sub"] == str(uuid5(NAMESPACE_URL, "device-connect:user:patient-1"))
    assert (claims["preferred_username"], claims["name"]) == ("patient-1", "Patient One")
    assert (claims["roles"], claims["zoneinfo"]) == (["patient"], "Europe/Berlin")
    bearer = {"authorization": f"Bearer {tokens['access_token']}"}
    assert (await browser.get("/userinfo", headers=bearer)).json()["sub"] == claims["sub"]


async def test_the_page_needs_no_script_no_form_and_nothing_inline(browser: httpx2.AsyncClient) -> None:
    page = await browser.get("/authorize", params=REQUEST)

    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert page.headers["cache-control"] == "no-store"
    assert not re.search(r"<script|<style|<form| style=| on\w+=", page.text)
    for asset in re.findall(r'(?:href|src)="(/static/[^"]+)"', page.text):
        assert (await browser.get(asset)).status_code == 200


async def test_simulated_patients_can_sign_in_too(browser: httpx2.AsyncClient) -> None:
    tokens = (await redeem(browser, await code_for(browser, "sim-000042"))).json()

    payload = tokens["id_token"].split(".")[1]
    claims = base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)).decode()
    assert "Simulated Patient 000042" in claims
    assert person("sim-42") is None


@pytest.mark.parametrize(
    ("changed", "value"),
    [
        ("client_id", "another"),
        ("redirect_uri", "https://evil.example/cb"),
        ("redirect_uri", f"{CALLBACK}/more"),
    ],
)
async def test_an_unknown_client_or_address_sends_nobody_anywhere(
    browser: httpx2.AsyncClient, changed: str, value: str
) -> None:
    for path in ("/authorize", "/authorize/as/patient-1"):
        answer = await browser.get(path, params={**REQUEST, changed: value})

        assert answer.status_code == 400
        assert "location" not in answer.headers


@pytest.mark.parametrize(
    ("changed", "value", "error"),
    [
        ("response_type", "token", "unsupported_response_type"),
        ("scope", "profile", "invalid_scope"),
        ("code_challenge", "", "invalid_request"),
        ("code_challenge_method", "plain", "invalid_request"),
        ("prompt", "none", "login_required"),
    ],
)
async def test_other_faults_are_told_to_the_client(
    browser: httpx2.AsyncClient, changed: str, value: str, error: str
) -> None:
    answer = await browser.get("/authorize", params={**REQUEST, changed: value})

    told = parse_qs(urlsplit(answer.headers["location"]).query)
    assert answer.headers["location"].startswith(f"{CALLBACK}?")
    assert (told["error"], told["state"]) == ([error], ["s t&ate"])


async def test_a_code_works_once_and_its_token_ends_with_the_second_try(browser: httpx2.AsyncClient) -> None:
    code = await code_for(browser)
    tokens = (await redeem(browser, code)).json()

    again = await redeem(browser, code)

    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    bearer = {"authorization": f"Bearer {tokens['access_token']}"}
    assert (await browser.get("/userinfo", headers=bearer)).status_code == 401


@pytest.mark.parametrize(
    ("changes", "status", "error"),
    [
        ({"client_secret": "wrong"}, 401, "invalid_client"),
        ({"client_id": "another"}, 401, "invalid_client"),
        ({"code_verifier": "x" * 43}, 400, "invalid_grant"),
        ({"code_verifier": ""}, 400, "invalid_grant"),
        ({"redirect_uri": PUBLIC}, 400, "invalid_grant"),
        ({"code": "made-up"}, 400, "invalid_grant"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
    ],
)
async def test_a_code_is_good_only_for_its_own_client_address_and_verifier(
    browser: httpx2.AsyncClient, changes: dict[str, str], status: int, error: str
) -> None:
    answer = await redeem(browser, await code_for(browser), **changes)

    assert (answer.status_code, answer.json()["error"]) == (status, error)


async def test_the_client_may_use_basic_authentication_but_not_json(browser: httpx2.AsyncClient) -> None:
    form = {
        "grant_type": "authorization_code",
        "code": await code_for(browser),
        "redirect_uri": CALLBACK,
        "code_verifier": VERIFIER,
    }

    assert (await browser.post("/token", json=form)).status_code == 400
    basic = httpx2.BasicAuth("device-connect", SECRET)
    assert (await browser.post("/token", data=form, auth=basic)).status_code == 200


async def test_signing_out_goes_back_to_the_gateway_and_nowhere_else(browser: httpx2.AsyncClient) -> None:
    home = await browser.get("/end-session", params={"post_logout_redirect_uri": f"{PUBLIC}/", "state": "x"})
    away = await browser.get(
        "/end-session", params={"post_logout_redirect_uri": "http://localhost:8080.evil.example/"}
    )

    assert (home.status_code, home.headers["location"]) == (302, f"{PUBLIC}/?state=x")
    assert away.status_code == 200
    assert "You are signed out" in away.text


async def test_the_signing_key_outlives_the_process(tmp_path: Path) -> None:
    path = tmp_path / "keys/oidc.pem"

    first, second = SigningKey.kept_in(path), SigningKey.kept_in(path)

    assert first.jwks() == second.jwks()
    assert "d" not in first.jwks()["keys"][0]
    assert path.stat().st_mode & 0o777 == 0o600


def provider(tmp_path: Path) -> Provider:
    key = SigningKey.kept_in(tmp_path / "key.pem")
    return Provider(issuer=ISSUER, client_id="c", client_secret="s", public_url=PUBLIC, key=key)


def request(**changes: Any) -> Authorization:
    fields = {"client_id": "c", "redirect_uri": CALLBACK, "scope": "openid", "state": "", "nonce": ""}
    return Authorization(**{**fields, "code_challenge": challenge_of(VERIFIER), **changes})


def test_a_code_lives_for_a_minute(tmp_path: Path) -> None:
    one = provider(tmp_path)
    code = one.issue_code(request(), PEOPLE[0], now=1000)
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": CALLBACK,
        "code_verifier": VERIFIER,
    }

    with pytest.raises(OAuthError, match="invalid_grant"):
        one.redeem(form, now=1061)


def test_the_challenge_is_that_of_the_specification() -> None:
    assert challenge_of(VERIFIER) == REQUEST["code_challenge"]


def test_production_refuses_it(tmp_path: Path) -> None:
    problems = settings(tmp_path).with_(env="production").check()

    assert any("for development" in problem for problem in problems)
