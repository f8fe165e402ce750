"""Dexcom's client against recorded answers: windows of thirty days, regions, and faults by status."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import msgspec
import pytest

from proto.vendors.client import Answer, Ask, Request, Tokens, VendorFault
from vendors.dexcom.client import DexcomClient

CREDENTIALS = {"client_id": "an-id", "client_secret": "a-secret"}
CLIENT = DexcomClient(CREDENTIALS)
UNTIL = datetime(2026, 11, 18, 12, tzinfo=UTC)


def answer(body: Any, status: int = 200) -> Answer:
    return Answer(status=status, body=msgspec.json.encode(body))


def ask(days: float, *kinds: Any) -> Ask:
    return Ask(since=UNTIL - timedelta(days=days), until=UNTIL, kinds=frozenset(kinds), timezone="UTC")


async def test_time_is_asked_for_in_windows_without_a_gap() -> None:
    asked: list[Request] = []

    async def send(request: Request) -> Answer:
        asked.append(request)
        return answer({"recordType": "egv", "records": [{"recordId": "1"}]})

    pages = [page async for page in CLIENT.pages(send, ask(65, "glucose"))]

    egvs = [request.params for request in asked if request.endpoint == "egvs"]
    assert len(pages) == 6
    assert egvs[0]["startDate"] == "2026-09-14T12:00:00"
    assert egvs[-1]["endDate"] == "2026-11-18T12:00:00"
    for before, after in pairwise(egvs):
        assert before["endDate"] == after["startDate"]
    spans = [
        datetime.fromisoformat(one["endDate"]) - datetime.fromisoformat(one["startDate"]) for one in egvs
    ]
    assert max(spans) == timedelta(days=30)


async def test_empty_answers_are_no_pages_and_other_kinds_no_questions() -> None:
    async def send(request: Request) -> Answer:
        return answer({"recordType": "egv", "records": []})

    assert [page async for page in CLIENT.pages(send, ask(1, "glucose"))] == []
    assert [page async for page in CLIENT.pages(send, ask(1, "weight"))] == []


def test_the_region_of_an_account_is_spoken_to() -> None:
    client = DexcomClient({**CREDENTIALS, "host": "api.dexcom.eu"})
    url = client.authorize_url(
        state="s", redirect_uri="https://dc.example/cb", kinds=frozenset({"glucose"}), code_verifier="v" * 43
    )
    assert url.startswith("https://api.dexcom.eu/v2/oauth2/login?")
    assert client.refresh_request("rt").url == "https://api.dexcom.eu/v2/oauth2/token"
    assert CLIENT.refresh_request("rt").url == "https://api.dexcom.com/v2/oauth2/token"


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (401, "auth"),
        (403, "forbidden_scope"),
        (429, "rate_limited"),
        (400, "invalid_request"),
        (500, "vendor_error"),
    ],
)
def test_faults_go_by_the_status(status: int, expected: str) -> None:
    bodies: list[Any] = [{"errors": []}, {"fault": {}}, []]
    for body in bodies:
        fault = CLIENT.fault_of(answer(body, status))
        assert fault is not None
        assert fault.fault.fault_class == expected


async def test_who_it_is_stands_in_every_answer() -> None:
    async def known(request: Request) -> Answer:
        return answer({"recordType": "dataRange", "userId": "u-6ab1"})

    async def unknown(request: Request) -> Answer:
        return answer({"recordType": "dataRange"})

    assert await CLIENT.identify(known, Tokens(access_token="at")) == "u-6ab1"
    with pytest.raises(VendorFault):
        await CLIENT.identify(unknown, Tokens(access_token="at"))
