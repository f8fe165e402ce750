"""Oura's client against recorded answers: tokens of pages, signatures over time and body, challenges, subscriptions."""

import hashlib
import hmac
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from proto.vendors.client import Answer, Ask, Incoming, Page, Request, VendorFault
from vendors.oura.client import OuraClient

NOW = datetime(2026, 11, 18, 12, tzinfo=UTC)
CLIENT = OuraClient({"client_id": "an-id", "client_secret": "a-secret"})
EVENT = b'{"event_type":"create","data_type":"sleep","object_id":"s-5a","event_time":"2026-11-17T07:02:11+01:00","user_id":"ou-88"}'


def answer(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> Answer:
    return Answer(status=status, body=msgspec.json.encode(body), headers=headers or {})


def page(*ids: str, token: str | None = None) -> Answer:
    return answer({"data": [{"id": one} for one in ids], "next_token": token})


class Script:
    """Answers in order, and keeps what was asked."""

    def __init__(self, answers: Sequence[Answer]) -> None:
        self.answers = list(answers)
        self.asked: list[Request] = []

    async def __call__(self, request: Request) -> Answer:
        self.asked.append(request)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


async def pages(script: Script, days: int, *kinds: Any) -> list[Page]:
    ask = Ask(since=NOW - timedelta(days=days), until=NOW, kinds=frozenset(kinds), timezone="Asia/Tokyo")
    return [one async for one in CLIENT.pages(script, ask)]


async def test_a_collection_is_read_token_by_token() -> None:
    script = Script([page("a", token="t1"), page(token="t2"), page("b")])
    found = await pages(script, 1, "activity")
    assert [one.payload["data"][0]["id"] for one in found] == ["a", "b"]
    assert [request.params.get("next_token") for request in script.asked] == [None, "t1", "t2"]
    first = script.asked[0].params
    assert (first["start_date"], first["end_date"]) == ("2026-11-16", "2026-11-19")


async def test_a_token_that_comes_again_is_a_fault() -> None:
    with pytest.raises(VendorFault) as fault:
        await pages(Script([page("a", token="t1")]), 1, "activity")
    assert fault.value.fault.code == "endless_pages"


async def test_heart_rates_are_asked_for_by_instants_of_at_most_thirty_days() -> None:
    script = Script([page()])
    assert await pages(script, 40, "heart_rate") == []
    asked = [request.params for request in script.asked if request.endpoint == "heartrate"]
    assert [one["start_datetime"] for one in asked] == ["2026-10-09T12:00:00Z", "2026-11-08T12:00:00Z"]
    assert asked[-1]["end_datetime"] == "2026-11-18T12:00:00Z"


def signed(body: bytes = EVENT, key: str = "a-secret", at: datetime = NOW, stamp: str = "") -> Incoming:
    stamp = stamp or str(int(at.timestamp()))
    digest = hmac.new(key.encode(), stamp.encode() + body, hashlib.sha256).hexdigest().upper()
    headers = {"x-oura-timestamp": stamp, "x-oura-signature": digest}
    return Incoming(method="POST", body=body, headers=headers, received_at=NOW)


def test_an_event_with_any_good_secret_is_taken_and_has_one_identity() -> None:
    first, later = signed(), signed(at=NOW - timedelta(minutes=4))
    rotated = signed(key="an-old-secret")
    replies = [CLIENT.receive(one, ["an-old-secret"]) for one in (first, later, rotated)]
    assert all(reply.accept for reply in replies)
    assert len({reply.event_id for reply in replies}) == 1


@pytest.mark.parametrize(
    ("incoming", "outcome"),
    [
        (signed(key="wrong"), "bad_signature"),
        (msgspec.structs.replace(signed(), body=EVENT + b" "), "bad_signature"),
        (msgspec.structs.replace(signed(), headers={}), "bad_signature"),
        (msgspec.structs.replace(signed(), headers={"x-oura-signature": "ÄÖ"}), "bad_signature"),
        (signed(at=NOW - timedelta(minutes=6)), "replayed"),
        (signed(at=NOW + timedelta(minutes=6)), "replayed"),
        (signed(stamp="soon"), "replayed"),
        (signed(b"[]"), "malformed"),
    ],
)
def test_others_are_refused(incoming: Incoming, outcome: str) -> None:
    reply = CLIENT.receive(incoming, [])
    assert (reply.accept, reply.outcome) == (False, outcome)
    assert reply.status >= 400


@pytest.mark.parametrize(("word", "status"), [("ours", 200), ("theirs", 401), ("", 401)])
def test_a_challenge_is_answered_to_who_knows_the_word(word: str, status: int) -> None:
    params = {"verification_token": word, "challenge": "c1"}
    reply = CLIENT.receive(Incoming(method="GET", body=b"", params=params, received_at=NOW), ["ours"])
    assert (reply.status, reply.accept) == (status, False)
    assert (reply.body == b'{"challenge":"c1"}') == (status == 200)


def test_an_event_says_where_to_look_and_a_deletion_is_the_data() -> None:
    (hint,) = CLIENT.notifications(EVENT, "application/json")
    assert (hint.user_id, hint.endpoint, hint.payload) == ("ou-88", "sleep", None)
    assert hint.since == datetime(2026, 11, 14, 6, 2, 11, tzinfo=UTC)
    (gone,) = CLIENT.notifications(EVENT.replace(b"create", b"delete"), "application/json")
    assert gone.payload["object_id"] == "s-5a"


@pytest.mark.parametrize("body", [b"", b"[]", b'{"data_type":5}', b'{"data_type":"sleep"}', b"\xff", b"[" * 100_000,
                                  b'{"data_type":"tag","user_id":"ou-1"}'])  # fmt: skip
def test_nothing_makes_it_raise(body: bytes) -> None:
    assert CLIENT.notifications(body, "") == []
    assert not CLIENT.receive(Incoming(method="POST", body=body, received_at=NOW), ["s"]).accept


async def test_what_is_subscribed_already_is_moved_here_and_renewed() -> None:
    row = {"id": "w1", "callback_url": "https://old.example/h", "event_type": "create", "data_type": "sleep"}
    script = Script([answer({}, 409), answer([row]), answer({}), answer({})])
    await CLIENT.subscribe(script, "sleep.create", "https://dc.example/h", "word")
    asked = [(request.method, request.url.rpartition("subscription")[2]) for request in script.asked]
    assert asked == [("POST", ""), ("GET", ""), ("PUT", "/w1"), ("PUT", "/renew/w1")]
    assert script.asked[0].headers["x-client-secret"] == "a-secret"
    assert script.asked[0].json["verification_token"] == "word"


def test_a_limit_says_when_it_ends() -> None:
    headers = {"date": "Wed, 18 Nov 2026 12:00:00 GMT", "x-ratelimit-reset": str(int(NOW.timestamp()) + 42)}
    fault = CLIENT.fault_of(answer({"status": 429}, 429, headers))
    assert fault is not None
    assert (fault.fault.fault_class, fault.fault.retry_after) == ("rate_limited", 42.0)
