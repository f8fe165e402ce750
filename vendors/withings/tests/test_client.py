"""Withings' client against recorded answers: tokens under `body`, paging that ends, and notifications."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest

from proto.vendors.client import Answer, Ask, Incoming, Page, Request, Tokens, VendorFault
from vendors.withings.client import WithingsClient

NOW = datetime(2026, 11, 18, 12, tzinfo=UTC)
CLIENT = WithingsClient({"client_id": "an-id", "client_secret": "a-secret"})
ASK = Ask(
    since=datetime(2026, 11, 1, tzinfo=UTC),
    until=NOW,
    kinds=frozenset({"weight", "activity"}),
    timezone="America/Denver",
)


def answer(body: Any, status: int = 200, **headers: str) -> Answer:
    return Answer(status=status, body=msgspec.json.encode(body), headers=headers)


class Script:
    """Answers in order, and keeps what was asked."""

    def __init__(self, answers: Sequence[Answer]) -> None:
        self.answers = list(answers)
        self.asked: list[Request] = []

    async def __call__(self, request: Request) -> Answer:
        self.asked.append(request)
        return self.answers.pop(0)


def measures(*groups: int, more: int = 0, offset: int = 0) -> Answer:
    rows = [{"grpid": group} for group in groups]
    body = {"updatetime": 1794987312, "timezone": "America/Denver", "measuregrps": rows}
    return answer({"status": 0, "body": {**body, "more": more, "offset": offset}})


def days(*dates: str) -> Answer:
    return answer(
        {"status": 0, "body": {"activities": [{"date": one} for one in dates], "more": False, "offset": 0}}
    )


async def pages(script: Script, ask: Ask = ASK) -> list[Page]:
    return [page async for page in CLIENT.pages(script, ask)]


def test_scopes_are_joined_by_commas() -> None:
    url = CLIENT.authorize_url(
        state="s", redirect_uri="https://dc.example/cb", kinds=frozenset({"weight"}), code_verifier="v" * 43
    )
    query = parse_qs(urlsplit(url).query)
    assert query["scope"] == ["user.info,user.metrics"]
    assert "code_challenge" not in query


@pytest.mark.parametrize("user", [41207733, "41207733"])
def test_tokens_lie_under_body(user: int | str) -> None:
    form = CLIENT.exchange_request("c", "https://dc.example/cb", "v").form
    assert form is not None
    assert (form["action"], form["client_secret"]) == ("requesttoken", "a-secret")
    body = {"userid": user, "access_token": "at", "refresh_token": "rt", "expires_in": 10800,
            "scope": "user.info,user.metrics"}  # fmt: skip
    tokens = CLIENT.read_tokens(answer({"status": 0, "body": body}), NOW)
    assert (tokens.user_id, tokens.scopes) == ("41207733", ("user.info", "user.metrics"))
    assert tokens.expires_at is not None
    assert (tokens.expires_at - NOW).total_seconds() == 10_800


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (503, "grant_lost"),
        (401, "grant_lost"),
        (601, "rate_limited"),
        (293, "invalid_request"),
        (9000, "vendor_error"),
    ],
)
def test_a_refused_token_is_named(status: int, expected: str) -> None:
    with pytest.raises(VendorFault) as fault:
        CLIENT.read_tokens(answer({"status": status, "error": "Invalid Params: invalid refresh_token"}), NOW)
    assert fault.value.fault.fault_class == expected


@pytest.mark.parametrize(
    ("body", "http", "expected"),
    [
        ({"status": 401, "body": {}}, 200, "auth"),
        ({"status": 601, "body": {}}, 200, "rate_limited"),
        ({"status": 522, "body": {}}, 200, "retry_later"),
        ({"status": 277, "body": {}}, 200, "forbidden_scope"),
        ({"status": "what", "body": {}}, 200, "vendor_error"),
        ([], 200, "vendor_error"),
        ({}, 502, "vendor_error"),
    ],
)
def test_faults_come_with_http_200(body: Any, http: int, expected: str) -> None:
    fault = CLIENT.fault_of(answer(body, http))
    assert fault is not None
    assert fault.fault.fault_class == expected


async def test_every_page_is_asked_for_once_and_the_last_has_the_cursor() -> None:
    script = Script([measures(1, 2, more=1, offset=2), measures(3), days("2026-11-16")])
    found = await pages(script)
    assert [page.endpoint for page in found] == ["getmeas", "getmeas", "getactivity"]
    assert [page.cursor for page in found] == [None, None, str(1794987312 - 300)]
    forms = [dict(request.form or {}) for request in script.asked]
    assert [form.get("offset") for form in forms] == [None, "2", None]
    assert (forms[0]["startdate"], forms[0]["category"]) == ("1793491200", "1")
    assert (forms[2]["startdateymd"], forms[2]["enddateymd"]) == ("2026-10-30", "2026-11-19")


async def test_with_a_cursor_only_changes_are_asked_for() -> None:
    script = Script([measures(), days()])
    await pages(script, msgspec.structs.replace(ASK, cursor="1794987012"))
    for request in script.asked:
        assert request.form is not None
        assert request.form["lastupdate"] == "1794987012"
        assert "startdate" not in request.form


@pytest.mark.parametrize("second", [measures(3, more=1, offset=2), measures(more=1, offset=9)])
async def test_pages_that_do_not_go_on_end(second: Answer) -> None:
    found = await pages(Script([measures(1, 2, more=1, offset=2), second, days()]))
    assert len(found) == 3


async def test_a_revocation_is_signed_over_a_nonce() -> None:
    script = Script([answer({"status": 0, "body": {"nonce": "n1"}}), answer({"status": 0, "body": {}})])
    await CLIENT.revoke(script, Tokens(access_token="at", user_id="77"))
    form = script.asked[1].form
    assert form is not None
    # HMAC-SHA256("a-secret", "revoke,an-id,n1"), by openssl
    assert form["signature"] == "ba1f4976c50a2a86f982a0f70a08c986437ecbb946e32ca4de5fbbb2ca4a12e2"
    assert (form["userid"], "client_secret" in form) == ("77", False)


def incoming(body: bytes, method: str = "POST") -> Incoming:
    return Incoming(method=method, body=body, received_at=NOW)


def test_they_ask_whether_somebody_is_there() -> None:
    for request in (incoming(b"", "HEAD"), incoming(b"", "GET"), incoming(b"")):
        reply = CLIENT.receive(request, [])
        assert (reply.status, reply.accept, reply.outcome) == (200, False, "challenge")


def test_the_same_facts_have_the_same_identity() -> None:
    first = CLIENT.receive(incoming(b"userid=41207733&appli=4&startdate=1794924012&enddate=1794924013"), [])
    again = CLIENT.receive(incoming(b"appli=4&userid=41207733&enddate=1794924013&startdate=1794924012"), [])
    other = CLIENT.receive(incoming(b"userid=41207733&appli=4&startdate=1794924012&enddate=1794924014"), [])
    assert first.accept
    assert first.event_id == again.event_id != other.event_id


def test_notifications_are_read_as_hints() -> None:
    (data,) = CLIENT.notifications(b"userid=41207733&appli=4&startdate=1794924012&enddate=1794924013", "")
    assert (data.user_id, data.endpoint, data.gone) == ("41207733", "getmeas", False)
    assert data.since == datetime(2026, 11, 17, 14, 0, 12, tzinfo=UTC)
    (day,) = CLIENT.notifications(b"userid=41207733&appli=16&date=2026-11-17", "")
    assert (day.since, day.until) == (
        datetime(2026, 11, 16, tzinfo=UTC),
        datetime(2026, 11, 19, tzinfo=UTC),
    )
    (gone,) = CLIENT.notifications(b"userid=41207733&appli=46&action=unlink", "")
    assert gone.gone


@pytest.mark.parametrize(
    "body", [b"", b"\xff\xfe", b"{}", b"appli=4", b"userid=1&appli=zz", b"userid=1&appli=46&action=update",
             b"userid=1&appli=4&startdate=1e99999", b"&" * 100, b"userid=1&appli=50&date=x"],
)  # fmt: skip
def test_nothing_makes_it_raise(body: bytes) -> None:
    assert CLIENT.receive(incoming(body), []).status == 200
    assert all(hint.user_id == "1" for hint in CLIENT.notifications(body, ""))
