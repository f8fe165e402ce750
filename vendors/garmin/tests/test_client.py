"""Garmin's client against recorded answers: the past is asked for, pushes are the data, posts mix people."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest

from proto.vendors.client import Answer, Ask, Incoming, Request, Tokens, VendorFault
from vendors.garmin.client import GarminClient

NOW = datetime(2026, 11, 18, 12, tzinfo=UTC)
CLIENT = GarminClient({"client_id": "an-id", "client_secret": "a-secret"})
POST = b'{"bloodPressures":[{"userId":"g-1","summaryId":"b1"},{"userId":"g-2","summaryId":"b2"}],"dailies":[{"userId":"g-1"}]}'


class Script:
    """Answers in order, the last one for ever, and keeps what was asked."""

    def __init__(self, statuses: Sequence[int]) -> None:
        self.statuses = list(statuses)
        self.asked: list[Request] = []

    async def __call__(self, request: Request) -> Answer:
        self.asked.append(request)
        status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
        return Answer(status=status, body=b"")


async def look(script: Script, days: int, *kinds: Any) -> list[Any]:
    ask = Ask(since=NOW - timedelta(days=days), until=NOW, kinds=frozenset(kinds), timezone="UTC")
    return [page async for page in CLIENT.pages(script, ask)]


def incoming(body: bytes = POST, **headers: str) -> Incoming:
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return Incoming(method="POST", body=body, headers=named, received_at=NOW)


def test_signing_in_has_a_challenge_and_no_scope() -> None:
    url = CLIENT.authorize_url(
        state="s", redirect_uri="https://dc.example/cb", kinds=frozenset({"weight"}), code_verifier="v" * 43
    )
    query = parse_qs(urlsplit(url).query)
    assert query["code_challenge_method"] == ["S256"]
    assert "scope" not in query
    form = CLIENT.exchange_request("c", "https://dc.example/cb", "v" * 43).form
    assert form is not None
    assert (form["code_verifier"], form["client_secret"]) == ("v" * 43, "a-secret")


async def test_the_past_is_asked_for_in_windows_and_gives_no_page() -> None:
    script = Script([202, 409, 202])
    assert await look(script, 65, "weight") == []
    params = [request.params for request in script.asked]
    assert [request.url.rpartition("/")[2] for request in script.asked] == ["bodyComps"] * 3
    spans = [int(one["summaryEndTimeInSeconds"]) - int(one["summaryStartTimeInSeconds"]) for one in params]
    assert spans == [30 * 86_400, 30 * 86_400, 5 * 86_400]


@pytest.mark.parametrize(
    ("status", "expected"), [(403, "forbidden_scope"), (429, "rate_limited"), (401, "auth")]
)
async def test_a_refused_backfill_is_named(status: int, expected: str) -> None:
    with pytest.raises(VendorFault) as fault:
        await look(Script([status]), 1, "sleep")
    assert fault.value.fault.fault_class == expected


async def test_leaving_is_told_with_the_persons_own_token() -> None:
    script = Script([204])
    await CLIENT.revoke(script, Tokens(access_token="at"))
    (request,) = script.asked
    assert (request.method, request.headers["authorization"]) == ("DELETE", "Bearer at")


def test_a_post_is_taken_and_the_same_has_one_identity() -> None:
    first, again = CLIENT.receive(incoming(), []), CLIENT.receive(incoming(garmin_client_id="an-id"), [])
    assert first.accept
    assert again.accept
    assert first.event_id == again.event_id
    assert CLIENT.receive(incoming(garmin_client_id="another"), []).outcome == "bad_signature"


def test_each_person_gets_their_own() -> None:
    found = {(one.user_id, one.endpoint): one.payload for one in CLIENT.notifications(POST, "")}
    assert found == {
        ("g-1", "bloodPressures"): {"bloodPressures": [{"userId": "g-1", "summaryId": "b1"}]},
        ("g-2", "bloodPressures"): {"bloodPressures": [{"userId": "g-2", "summaryId": "b2"}]},
        ("g-1", "dailies"): {"dailies": [{"userId": "g-1"}]},
    }


def test_a_ping_is_not_followed_and_a_deregistration_is_the_end() -> None:
    address = "https://apis.garmin.com/wellness-api/rest/dailies?token=X"
    ping = msgspec.json.encode({"dailies": [{"userId": "g-1", "callbackURL": address}]})
    assert CLIENT.notifications(ping, "") == []
    (gone,) = CLIENT.notifications(b'{"deregistrations":[{"userId":"g-1"}]}', "")
    assert (gone.user_id, gone.gone, gone.payload) == ("g-1", True, None)


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"dailies":{}}', b"\xff", b"[" * 100_000])
def test_nothing_makes_it_raise(body: bytes) -> None:
    assert CLIENT.receive(incoming(body), []).outcome == "malformed"
    assert CLIENT.notifications(body, "") == []


def test_summaries_of_nobody_are_left_out() -> None:
    assert CLIENT.notifications(b'{"dailies":[7,{},{"userId":5},{"userId":""}]}', "") == []
