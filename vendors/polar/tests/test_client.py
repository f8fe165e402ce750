"""Polar's client against recorded answers: registration, answers without a body, signed events."""

import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from proto.vendors.client import Answer, Ask, Incoming, Request, Tokens, VendorFault
from vendors.polar.client import PolarClient

NOW = datetime(2026, 11, 18, 12, tzinfo=UTC)
CLIENT = PolarClient({"client_id": "an-id", "client_secret": "a-secret", "webhook_secret": "a-key"})
EVENT = b'{"event":"SLEEP","user_id":9130,"date":"2026-11-17","timestamp":"2026-11-17T06:31:02Z"}'


class Script:
    """The same answer always, and keeps what was asked."""

    def __init__(self, status: int, body: Any = None) -> None:
        self.answer = Answer(status=status, body=b"" if body is None else msgspec.json.encode(body))
        self.asked: list[Request] = []

    async def __call__(self, request: Request) -> Answer:
        self.asked.append(request)
        return self.answer


def test_the_secret_goes_into_a_header_and_the_person_comes_with_the_token() -> None:
    request = CLIENT.exchange_request("c", "https://dc.example/cb", "v")
    assert request.headers["authorization"].startswith("Basic ")
    assert "client_secret" not in (request.form or {})
    body = {"access_token": "at", "token_type": "bearer", "expires_in": 315_360_000, "x_user_id": 9130}
    tokens = CLIENT.read_tokens(Answer(status=200, body=msgspec.json.encode(body)), NOW)
    assert (tokens.user_id, tokens.refresh_token) == ("9130", None)


@pytest.mark.parametrize("status", [200, 409])
async def test_a_person_is_registered_once(status: int) -> None:
    script = Script(status, {})
    assert await CLIENT.identify(script, Tokens(access_token="at", user_id="9130")) == "9130"
    assert script.asked[0].json == {"member-id": "9130"}


async def test_a_person_who_has_not_agreed_is_not_registered() -> None:
    with pytest.raises(VendorFault) as fault:
        await CLIENT.identify(Script(403, {}), Tokens(access_token="at", user_id="9130"))
    assert fault.value.fault.fault_class == "forbidden_scope"


@pytest.mark.parametrize("status", [204, 404])
async def test_nothing_is_no_page(status: int) -> None:
    ask = Ask(
        since=NOW - timedelta(days=2),
        until=NOW,
        kinds=frozenset({"sleep", "heart_rate"}),
        timezone="Asia/Tokyo",
    )
    script = Script(status)
    assert [page async for page in CLIENT.pages(script, ask)] == []
    days = [one.url.rpartition("/")[2] for one in script.asked if one.endpoint == "continuous-heart-rate"]
    assert days == ["2026-11-15", "2026-11-16", "2026-11-17", "2026-11-18", "2026-11-19"]


def incoming(body: bytes = EVENT, key: str = "a-key") -> Incoming:
    digest = hmac.new(key.encode(), body, hashlib.sha256).hexdigest()
    return Incoming(method="POST", body=body, headers={"polar-webhook-signature": digest}, received_at=NOW)


def test_an_event_with_any_good_key_is_taken_and_has_one_identity() -> None:
    first, rotated = CLIENT.receive(incoming(), []), CLIENT.receive(incoming(key="new"), ["old", "new"])
    assert first.accept
    assert rotated.accept
    assert first.event_id == rotated.event_id


@pytest.mark.parametrize(
    "told", [incoming(key="wrong"), msgspec.structs.replace(incoming(), headers={}),
             msgspec.structs.replace(incoming(), body=EVENT + b" ")],
)  # fmt: skip
def test_others_are_refused(told: Incoming) -> None:
    reply = CLIENT.receive(told, [])
    assert (reply.status, reply.outcome, reply.accept) == (401, "bad_signature", False)


def test_a_ping_comes_before_anybody_knows_the_key() -> None:
    reply = CLIENT.receive(incoming(b'{"event":"PING"}', "unknown"), [])
    assert (reply.status, reply.outcome, reply.accept) == (200, "challenge", False)


def test_an_event_says_where_to_look() -> None:
    (hint,) = CLIENT.notifications(EVENT, "application/json")
    assert (hint.user_id, hint.endpoint) == ("9130", "sleep")
    assert (hint.since, hint.until) == (
        datetime(2026, 11, 16, tzinfo=UTC),
        datetime(2026, 11, 19, tzinfo=UTC),
    )


@pytest.mark.parametrize("body", [b"", b"[]", b'{"event":5}', b'{"event":"SLEEP"}', b"\xff", b"[" * 100_000,
                                  b'{"event":"SLEEP","user_id":true}', b'{"event":"EXERCISE","user_id":1}'])  # fmt: skip
def test_nothing_makes_it_raise(body: bytes) -> None:
    assert CLIENT.notifications(body, "") == []
    assert not CLIENT.receive(incoming(body, "wrong"), []).accept


def test_a_date_that_is_none_is_left_out() -> None:
    body = b'{"event":"SLEEP","user_id":1,"date":"9999-12-31"}'
    assert CLIENT.notifications(body, "")[0].since is None
