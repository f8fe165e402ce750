"""Google Health's client against recorded answers: filters, windows of sums, page tokens, secret and signature."""

import base64
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

from proto.vendors.client import Answer, Ask, Incoming, Page, Request, VendorFault
from vendors.google_health.client import GoogleHealthClient

NOW = datetime(2026, 11, 18, 12, tzinfo=UTC)
CREDENTIALS = {"client_id": "an-id", "client_secret": "a-secret"}
CLIENT = GoogleHealthClient(CREDENTIALS)
SECRET = "Bearer ours"
EVENT = (
    b'{"data":{"version":"1","healthUserId":"7712004455","operation":"UPSERT","dataType":"weight","intervals":'
    b'[{"physicalTimeInterval":{"startTime":"2026-11-15T12:05:41Z","endTime":"2026-11-15T12:05:42Z"}}]}}'
)
KEY = ec.derive_private_key(7, ec.SECP256R1())


def answer(body: Any, status: int = 200) -> Answer:
    return Answer(status=status, body=msgspec.json.encode(body))


class Script:
    """Answers in order, the last one for ever, and keeps what was asked."""

    def __init__(self, answers: Sequence[Answer]) -> None:
        self.answers = list(answers)
        self.asked: list[Request] = []

    async def __call__(self, request: Request) -> Answer:
        self.asked.append(request)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


async def pages(script: Script, days: int, *kinds: Any) -> list[Page]:
    ask = Ask(since=NOW - timedelta(days=days), until=NOW, kinds=frozenset(kinds), timezone="America/Chicago")
    return [page async for page in CLIENT.pages(script, ask)]


async def test_points_are_asked_for_by_filter_and_page() -> None:
    point = {"weight": {"weightGrams": 64310.0}}
    first, last = answer({"dataPoints": [point], "nextPageToken": "t"}), answer({"dataPoints": [point]})
    script = Script([first, last, answer({})])
    found = await pages(script, 2, "weight")
    assert [page.endpoint for page in found] == ["weight", "weight"]
    assert script.asked[0].params["filter"] == (
        'weight.sample_time.physical_time >= "2026-11-16T12:00:00Z" AND '
        'weight.sample_time.physical_time < "2026-11-18T12:00:00Z"'
    )
    assert script.asked[1].params["pageToken"] == "t"


async def test_daily_types_go_by_local_date_and_electrocardiograms_have_an_open_end() -> None:
    script = Script([answer({})])
    await pages(script, 2, "temperature", "ecg")
    by_type = {request.endpoint: request.params["filter"] for request in script.asked}
    assert by_type["daily-sleep-temperature-derivations"] == (
        'daily_sleep_temperature_derivations.date >= "2026-11-15" AND '
        'daily_sleep_temperature_derivations.date < "2026-11-20"'
    )
    assert by_type["electrocardiogram"] == 'electrocardiogram.interval.start_time >= "2026-11-16T12:00:00Z"'


def test_a_deletion_says_of_which_metrics_something_is_gone_and_a_sum_is_only_read_again() -> None:
    def told(operation: str, kind: str) -> frozenset[str]:
        body = EVENT.replace(b"UPSERT", operation.encode()).replace(b'"weight"', f'"{kind}"'.encode())
        [one] = CLIENT.notifications(body, "application/json")
        assert (one.since, one.until) == (
            datetime(2026, 11, 15, 12, 5, 41, tzinfo=UTC),
            datetime(2026, 11, 15, 12, 5, 42, tzinfo=UTC),
        )
        return one.emptied

    assert told("DELETE", "weight") == {"weight_kg"}
    assert told("UPSERT", "weight") == frozenset()
    assert told("DELETE", "steps") == frozenset()
    assert told("DELETE", "what comes next year") == frozenset()


async def test_sums_of_days_are_asked_for_in_windows_that_touch() -> None:
    script = Script([answer({})])
    assert await pages(script, 30, "activity") == []
    steps = [request.json["range"] for request in script.asked if request.endpoint == "steps:dailyRollUp"]
    assert steps[0]["start"] == {"date": {"year": 2026, "month": 10, "day": 18}}
    assert steps[-1]["end"] == {"date": {"year": 2026, "month": 11, "day": 20}}
    assert [one["end"] for one in steps[:-1]] == [one["start"] for one in steps[1:]]
    assert len(steps) == 3


async def test_a_token_that_comes_again_is_a_fault() -> None:
    with pytest.raises(VendorFault) as fault:
        await pages(Script([answer({"dataPoints": [{}], "nextPageToken": "t"})]), 1, "sleep")
    assert fault.value.fault.code == "endless_pages"


def google_error(code: int, status: str, *details: Any) -> Answer:
    return answer({"error": {"code": code, "message": "m", "status": status, "details": list(details)}}, code)


@pytest.mark.parametrize(
    ("said", "expected", "wait"),
    [
        (google_error(429, "RESOURCE_EXHAUSTED", {"retryDelay": "30s"}), "rate_limited", 30.0),
        (google_error(400, "INVALID_ARGUMENT"), "invalid_request", None),
        (google_error(403, "PERMISSION_DENIED", {"reason": "ACCOUNT_NOT_LINKED"}), "grant_lost", None),
        (google_error(403, "PERMISSION_DENIED", 7, {"reason": []}), "forbidden_scope", None),
        (google_error(503, "UNAVAILABLE"), "retry_later", None),
        (answer([], 500), "vendor_error", None),
        (answer({"error": "x"}, 401), "auth", None),
    ],
)
def test_faults_go_by_reason_code_and_status(said: Answer, expected: str, wait: float | None) -> None:
    fault = CLIENT.fault_of(said)
    assert fault is not None
    assert (fault.fault.fault_class, fault.fault.retry_after) == (expected, wait)


def keyset(number: int = 77) -> str:
    numbers = KEY.public_key().public_numbers()
    x, y = (part.to_bytes(32, "big") for part in (numbers.x, numbers.y))
    value = b"\x08\x00\x12\x06\x08\x03\x10\x02\x18\x02\x1a\x20" + x + b"\x22\x20" + y
    rows = [{"keyId": 1}, {"keyId": number, "keyData": {"value": base64.b64encode(value).decode()}}]
    return msgspec.json.encode({"primaryKeyId": number, "key": rows}).decode()


def signature(body: bytes = EVENT, number: int = 77) -> str:
    raw = b"\x01" + number.to_bytes(4, "big") + KEY.sign(body, ec.ECDSA(SHA256()))
    return base64.b64encode(raw).decode()


def incoming(body: bytes = EVENT, **headers: str) -> Incoming:
    return incoming_with(headers, body)


def incoming_with(headers: dict[str, str], body: bytes = EVENT) -> Incoming:
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return Incoming(method="POST", body=body, headers=named, received_at=NOW)


def test_the_handshake_is_confirmed_with_the_secret_and_refused_without() -> None:
    body = b'{"type":"verification"}'
    assert CLIENT.receive(incoming(body, authorization=SECRET), ["old", SECRET]).status == 201
    for refused in (incoming(body), incoming(body, authorization="Bearer other")):
        assert CLIENT.receive(refused, [SECRET]).status == 401


def test_without_a_keyset_the_secret_decides() -> None:
    good = CLIENT.receive(incoming(authorization=SECRET), [SECRET])
    again = CLIENT.receive(
        incoming(EVENT.replace(b'"version":"1",', b'"version" : "1", '), authorization=SECRET), [SECRET]
    )
    assert (good.status, good.accept) == (204, True)
    assert good.event_id == again.event_id
    assert CLIENT.receive(incoming(), [SECRET]).outcome == "bad_signature"
    assert CLIENT.receive(incoming(authorization=""), []).outcome == "bad_signature"


@pytest.mark.parametrize(
    ("headers", "accepted"),
    [
        ({"x_healthapi_signature": signature()}, True),
        ({"google_health_api_signature": signature(), "authorization": SECRET}, True),
        ({"x_healthapi_signature": signature(), "authorization": "Bearer other"}, False),
        ({"x_healthapi_signature": signature(EVENT + b" ")}, False),
        ({"x_healthapi_signature": signature(number=78)}, False),
        ({"x_healthapi_signature": "no base64 ä"}, False),
        ({"x_healthapi_signature": ""}, False),
        ({"authorization": SECRET}, False),
    ],
)
def test_with_a_keyset_the_signature_decides(headers: dict[str, str], accepted: bool) -> None:
    client = GoogleHealthClient({**CREDENTIALS, "webhook_keyset": keyset()})
    assert client.receive(incoming_with(headers), [SECRET]).accept is accepted


@pytest.mark.parametrize("broken", ["{}", "[]", '{"key":[7,{},{"keyId":1,"keyData":{"value":"!"}}]}', "\x00",
                                    '{"key":[{"keyId":-1,"keyData":{"value":"GgEBIgEC"}}]}'])  # fmt: skip
def test_a_keyset_that_nobody_can_read_accepts_nothing(broken: str) -> None:
    client = GoogleHealthClient({**CREDENTIALS, "webhook_keyset": broken})
    assert not client.receive(incoming(x_healthapi_signature=signature()), [SECRET]).accept


def test_an_event_says_where_to_look() -> None:
    for body in (EVENT, b"[" + EVENT + b"]"):
        (hint,) = CLIENT.notifications(body, "application/json")
        assert (hint.user_id, hint.endpoint) == ("7712004455", "weight")
        assert hint.since == datetime(2026, 11, 15, 12, 5, 41, tzinfo=UTC)
        assert hint.until == datetime(2026, 11, 15, 12, 5, 42, tzinfo=UTC)


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b'{"data":7}', b'{"data":{"healthUserId":7}}', b"\xff", b"[" * 100_000,
     b'{"data":{"healthUserId":"1","intervals":{}}}', b'{"data":{"healthUserId":"1","intervals":5}}'],
)  # fmt: skip
def test_nothing_makes_it_raise(body: bytes) -> None:
    reply = CLIENT.receive(incoming(body, authorization=SECRET), [SECRET])
    assert reply.accept == bool(CLIENT.notifications(body, ""))
