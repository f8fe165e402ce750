"""iHealth's client against recorded answers: its own words for tokens, everything in the address, pages by number."""

import contextlib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proto.vendors.client import Answer, Ask, Page, Request, Tokens, VendorFault
from proto.vendors.normalized import Context
from vendors.ihealth.client import IHealthClient
from vendors.ihealth.mapping import normalize

NOW = datetime(2026, 11, 18, 12, tzinfo=UTC)
CALLBACK = "https://dc.example/api/v1/integrations/ihealth/callback"
CLIENT = IHealthClient(
    {
        "client_id": "an-id",
        "client_secret": "a-secret",
        "sc": "the-sc",
        "sv": "bp=sv-1\n weight = sv-2=\nspo2=\nnothing",
        "redirect_uri": CALLBACK,
    }
)
ASK = Ask(
    since=datetime(2026, 11, 10, tzinfo=UTC),
    until=NOW,
    kinds=frozenset({"blood_pressure", "spo2", "glucose"}),
    timezone="America/Los_Angeles",
)


def answer(body: Any = None, status: int = 200, **headers: str) -> Answer:
    content = b"" if body is None else msgspec.json.encode(body)
    return Answer(status=status, body=content, headers={n.replace("_", "-"): t for n, t in headers.items()})


class Script:
    """Answers in order, and keeps what was asked."""

    def __init__(self, answers: Sequence[Answer]) -> None:
        self.answers = list(answers)
        self.asked: list[Request] = []

    async def __call__(self, request: Request) -> Answer:
        self.asked.append(request)
        return self.answers.pop(0)


def pressures(*ids: str, number: Any = 1, following: str = "") -> Answer:
    rows = [
        {"DataID": id, "HP": 136, "LP": 82, "HR": 74, "MDate": 1794904800, "TimeZone": "-0800", "LastChangeTime": 1794933700}
        for id in ids
    ]  # fmt: skip
    return answer(
        {"BPDataList": rows, "BPUnit": 0, "NextPageUrl": following, "PageNumber": number, "PageLength": 50}
    )


async def pages(script: Script, **ask: Any) -> list[Page]:
    return [page async for page in CLIENT.pages(script, msgspec.structs.replace(ASK, **ask))]


def test_apis_are_named_instead_of_scopes() -> None:
    url = CLIENT.authorize_url(
        state="s&=", redirect_uri=CALLBACK, kinds=frozenset({"weight", "glucose"}), code_verifier="v"
    )
    query = parse_qs(urlsplit(url).query)
    assert query["APIName"] == ["OpenApiBG OpenApiWeight"]
    assert (query["state"], query["redirect_uri"], "scope" in query) == (["s&="], [CALLBACK], False)


def test_tokens_are_asked_for_in_the_address() -> None:
    first, again = CLIENT.exchange_request("c", CALLBACK, "v"), CLIENT.refresh_request("rt")
    assert (first.method, first.form, again.method) == ("GET", None, "GET")
    assert first.params["client_secret"] == "a-secret"
    assert (again.params["response_type"], again.params["redirect_uri"]) == ("refresh_token", CALLBACK)


@pytest.mark.parametrize("expires", [7200, "7200"])
def test_their_words_are_understood(expires: int | str) -> None:
    body = {"APIName": "OpenApiBP OpenApiWeight", "AccessToken": "at", "Expires": expires, "RefreshToken": "rt",
            "UserID": "u-1", "client_para": "x"}  # fmt: skip
    tokens = CLIENT.read_tokens(answer(body), NOW)
    assert (tokens.access_token, tokens.refresh_token, tokens.user_id) == ("at", "rt", "u-1")
    assert tokens.scopes == ("OpenApiBP", "OpenApiWeight")
    assert tokens.expires_at is not None
    assert (tokens.expires_at - NOW).total_seconds() == 7200


@pytest.mark.parametrize(
    ("body", "status", "expected"),
    [
        ({"Error": "token", "ErrorCode": 4001}, 200, "grant_lost"),
        ({"Error": "token", "ErrorCode": "4001"}, 400, "grant_lost"),
        ({"Error": "parameter", "ErrorCode": 5001}, 200, "invalid_request"),
        ({"Error": "busy"}, 200, "vendor_error"),
        ({"error": "invalid_grant"}, 400, "grant_lost"),
        ({"AccessToken": 7}, 200, "invalid_request"),
        ([], 503, "retry_later"),
    ],
)
def test_a_refused_token_is_named(body: Any, status: int, expected: str) -> None:
    with pytest.raises(VendorFault) as fault:
        CLIENT.read_tokens(answer(body, status), NOW)
    assert fault.value.fault.fault_class == expected


@pytest.mark.parametrize(
    ("body", "status", "expected"),
    [
        ({"ErrorCode": 4003}, 200, "auth"),
        ({"ErrorCode": "5002"}, 400, "invalid_request"),
        ({"Error": "busy", "ErrorCode": 9000}, 200, "vendor_error"),
        ({"ErrorCode": 4003}, 429, "rate_limited"),
        ({"Error": "x"}, 403, "forbidden_scope"),
        ("<html>", 502, "vendor_error"),
    ],
)
def test_faults_are_named(body: Any, status: int, expected: str) -> None:
    fault = CLIENT.fault_of(answer(body, status))
    assert fault is not None
    assert fault.fault.fault_class == expected
    assert CLIENT.fault_of(answer({"ErrorCode": 0, "BPDataList": []})) is None


async def test_every_page_is_asked_for_once_at_our_own_address() -> None:
    script = Script([pressures("a", following="https://elsewhere.example/2"), pressures("b", number="2")])
    found = await pages(script)
    assert len(found) == 2
    assert [request.params["page_index"] for request in script.asked] == ["1", "2"]
    sent = CLIENT.authorized(script.asked[1], Tokens(access_token="at", user_id="u/1"))
    assert sent.url == "https://api.ihealthlabs.com:8443/openapiv2/user/u%2F1/bp.json"
    assert {"access_token": "at", "sc": "the-sc", "sv": "sv-1", "redirect_uri": CALLBACK}.items() <= dict(sent.params).items()  # fmt: skip
    assert (sent.params["start_time"], sent.params["end_time"]) == ("1794182400", "1795089600")
    assert "authorization" not in sent.headers
    (reading,) = normalize([found[0].payload], Context(endpoint=found[0].endpoint)).readings
    assert reading.timestamp == datetime(2026, 11, 17, 16, 40, tzinfo=UTC)


async def test_what_has_no_key_is_not_asked() -> None:
    script = Script([answer({"WeightDataList": []})])
    assert await pages(script, kinds=frozenset({"weight", "spo2", "sleep"})) == []
    assert [request.params["sv"] for request in script.asked] == ["sv-2="]


@pytest.mark.parametrize(
    "second",
    [pressures(number=2, following="x"), pressures("a", number=1, following="x"), answer([]), answer(None)],
)
async def test_pages_that_do_not_go_on_end(second: Answer) -> None:
    script = Script([pressures("a", following="x"), second])
    assert len(await pages(script)) == 1
    assert script.answers == []


async def test_a_refusal_ends_the_look() -> None:
    with pytest.raises(VendorFault) as fault:
        await pages(Script([answer({"ErrorCode": 4003})]))
    assert fault.value.fault.fault_class == "auth"


@given(st.binary(max_size=60) | st.sampled_from([b'{"ErrorCode":{}}', b'{"Error":[]}', b'{"ErrorCode":1e999}', b'{"AccessToken":"a","Expires":1e30,"UserID":null,"APIName":7}']))  # fmt: skip
def test_no_answer_makes_it_raise_anything_else(body: bytes) -> None:
    CLIENT.fault_of(Answer(status=200, body=body))
    with contextlib.suppress(VendorFault):
        assert CLIENT.read_tokens(Answer(status=200, body=body), NOW).access_token == "a"
