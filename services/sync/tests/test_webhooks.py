"""What a vendor's address is worth when others know it: forged, altered, replayed, huge, of the wrong kind, too many."""

import asyncio
import hmac
import time
from datetime import UTC, datetime
from functools import partial
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

import pytest

from chassis import telemetry
from chassis.body import whole_body
from proto.vendors.client import Incoming
from services.sync import webhooks
from services.sync.tests.conftest import UNSIGNED, Patient
from services.sync.webhooks import event_id_of
from tests.support.waiting import until
from vendors import client_of

CLIENT = client_of(UNSIGNED)({"client_id": "c", "client_secret": "s"})
FORM_TYPE = "application/x-www-form-urlencoded"
pytestmark = pytest.mark.integration


def counted(outcome: str, vendor: str = UNSIGNED) -> float:
    labels = {"vendor": vendor, "outcome": outcome}
    return telemetry.REGISTRY.get_sample_value("dc_webhooks_total", labels) or 0.0


async def heard(patient: Patient, body: bytes) -> int:
    """How often an event with this body was taken as a new one."""
    incoming = Incoming(
        method="POST", body=body, headers={"content-type": FORM_TYPE}, received_at=datetime.now(UTC)
    )
    return int(
        await patient.stage.pool.fetchval(
            "SELECT count(*) FROM sync.webhook_events WHERE vendor = $1 AND event_id = $2",
            UNSIGNED,
            event_id_of(CLIENT.receive(incoming, []), body),
        )
    )


def address(patient: Patient, token: str | None = None) -> str:
    if token is None:
        token = patient.stage.path_token
    return f"{patient.stage.url}/webhooks/vendor/{UNSIGNED}/{token}"


async def post(patient: Patient, url: str, content: bytes, **headers: str) -> Any:
    sent = {"content-type": FORM_TYPE, **headers}
    return await patient.stage.http.post(url, content=content, headers=sent)


FORM = b"userid=999999&appli=4&startdate=1794924012&enddate=1794924013"


async def test_who_does_not_know_the_address_is_nobody(patient: Patient) -> None:
    refused, body = counted("bad_signature"), FORM + b"&n=1"
    for url in (
        address(patient, "guessed"),
        f"{patient.stage.url}/webhooks/vendor/{UNSIGNED}",
        f"{patient.stage.url}/webhooks/vendor/nobody/x",
    ):
        assert (await post(patient, url, body)).status_code == 404
    assert await heard(patient, body) == 0
    assert counted("bad_signature") == refused + 2


async def test_a_notification_of_a_stranger_is_answered_as_expected_and_dropped(patient: Patient) -> None:
    unknown = counted("unknown")
    answer = await post(patient, address(patient), FORM)
    assert answer.status_code in (200, 204)
    await until(lambda: counted("unknown") == unknown + 1, 10)


async def test_the_same_notification_twice_is_one(patient: Patient) -> None:
    body = b"userid=888888&appli=4&startdate=1794924099&enddate=1794924100"
    for _ in range(5):
        assert (await post(patient, address(patient), body)).status_code in (200, 204)

    async def is_heard() -> bool:
        return await heard(patient, body) > 0

    await until(is_heard, 10)
    assert await heard(patient, body) == 1


async def test_the_same_words_about_another_change_are_heard(subscriber: Patient) -> None:
    """A vendor that names only the time of what changed says the same of its second correction."""
    await subscriber.begin(seed=120, days=3)
    await subscriber.authorize()
    await subscriber.imported()

    async def is_subscribed() -> bool:
        return bool(await subscriber.stage.pool.fetchval(
            "SELECT subscribed_at IS NOT NULL FROM sync.vendor_accounts WHERE patient_id = $1", subscriber.id
        ))  # fmt: skip

    await until(is_subscribed, 20)
    (record,) = await subscriber.cloud.add(subscriber.vendor_user, kind="weight")
    await until(lambda: any(record["id"] in one for one in subscriber.record_ids()), 10)
    for _ in range(2):
        before = len(subscriber.readings())
        path = f"/accounts/{subscriber.vendor_user}/records/{record['id']}"
        await subscriber.cloud.control(path, {"action": "correct"})
        await until(partial(_has_more, subscriber, before), 10)


def _has_more(patient: Patient, than: int) -> bool:
    return len(patient.readings()) > than


async def test_a_huge_body_is_refused_before_it_is_read(patient: Patient) -> None:
    body = b"x" * (256 * 1024 + 1)
    malformed = counted("malformed")
    answer = await post(patient, address(patient), body)
    assert answer.status_code == 413
    assert await heard(patient, body) == 0
    assert counted("malformed") == malformed + 1


@pytest.mark.parametrize(
    "headers",
    [
        {"content-type": "multipart/form-data; boundary=x"},
        {"content-type": "text/xml"},
        {"content-encoding": "gzip"},
    ],
    ids=["parts", "xml", "compressed"],
)
async def test_what_no_vendor_sends_is_not_read(patient: Patient, headers: dict[str, str]) -> None:
    malformed, body = counted("malformed"), FORM + b"&n=3"
    answer = await post(patient, address(patient), body, **headers)
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")
    assert await heard(patient, body) == 0
    assert counted("malformed") == malformed + 1


async def test_a_body_that_does_not_come_is_not_waited_for(
    patient: Patient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhooks, "whole_body", partial(whole_body, within_s=0.2))
    malformed, body = counted("malformed"), FORM + b"&n=2"

    url = urlsplit(address(patient))
    reader, writer = await asyncio.open_connection(url.hostname, url.port)
    head = f"POST {url.path} HTTP/1.1\r\nHost: {url.netloc}\r\nContent-Type: {FORM_TYPE}\r\nContent-Length: 1000\r\n\r\n"
    writer.write(head.encode() + body)

    answer = await asyncio.wait_for(reader.readuntil(b"body_timeout"), 10)

    writer.close()
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert await heard(patient, body) == 0
    assert counted("malformed") == malformed + 1


async def test_what_a_vendor_did_not_sign_is_refused(patient: Patient) -> None:
    """Oura signs time and body; each part of a true notification is changed in turn."""
    vendor, now = patient.vendor, int(time.time())
    secret = patient.stage.vendor_secrets[f"{vendor}/client_secret"]
    outcomes = ("accepted", "bad_signature", "replayed", "malformed")
    before = [counted(outcome, vendor) for outcome in outcomes]
    body = b'{"user_id":"u","data_type":"sleep","event_type":"create","object_id":"o","event_time":"2026-11-01T00:00:00Z"}'

    async def send(content: bytes, stamp: int, signature: str) -> int:
        headers = {
            "content-type": "application/json",
            "x-oura-timestamp": str(stamp),
            "x-oura-signature": signature,
        }
        url = f"{patient.stage.url}/webhooks/vendor/{vendor}"
        return int((await patient.stage.http.post(url, content=content, headers=headers)).status_code)

    def signed(stamp: int) -> str:
        return hmac.new(secret.encode(), str(stamp).encode() + body, sha256).hexdigest().upper()

    long_ago = now - 3600
    assert await send(body, now, signed(now)) == 200
    assert await send(body.replace(b"sleep", b"heartrate"), now, signed(now)) == 401
    assert await send(body, now + 1, signed(now)) == 401
    assert await send(body, now, "0" * 64) == 401
    assert await send(body, now, "") == 401
    assert await send(body, long_ago, signed(long_ago)) == 401
    assert (
        await send(b"", now, hmac.new(secret.encode(), str(now).encode(), sha256).hexdigest().upper()) == 400
    )
    assert [counted(outcome, vendor) - was for outcome, was in zip(outcomes, before, strict=True)] == [
        1,
        4,
        1,
        1,
    ]


async def test_a_method_that_nobody_uses_is_refused(patient: Patient) -> None:
    answer = await patient.stage.http.request("DELETE", address(patient))
    assert answer.status_code == 405


async def test_the_vendor_may_ask_whether_anybody_is_there(patient: Patient) -> None:
    assert (await patient.stage.http.head(address(patient))).status_code in (200, 204)


async def test_an_answer_takes_less_than_the_vendor_waits(patient: Patient) -> None:
    """The bound of the issue is 50 ms at the 99th percentile; what is measured is printed."""
    seconds = []
    for number in range(100):
        body = f"userid=777777&appli=4&startdate={1794900000 + number}&enddate={1794900001 + number}".encode()
        answer = await post(patient, address(patient), body)
        assert answer.status_code in (200, 204)
        seconds.append(answer.elapsed.total_seconds())
    seconds.sort()
    print(f"webhook answered: p50 {seconds[50] * 1000:.1f} ms, p99 {seconds[98] * 1000:.1f} ms")
    assert seconds[98] < 1.0
