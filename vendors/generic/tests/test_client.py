"""Partners push by our own contract: every status that it promises, for everybody who speaks it, and the socket."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from proto.vendors.client import Answer, Client, Incoming, Reply, Request, VendorFault
from proto.vendors.standard_webhooks import sign
from vendors.generic.client import GenericClient

NOW = datetime(2026, 11, 18, 12, tzinfo=UTC)
SECRET = "whsec_c2l4dGVlbi1ieXRlcy1sb25n"
CLIENT = GenericClient({"webhook_secrets": SECRET})
BODY = msgspec.json.encode(
    {
        "type": "readings.created",
        "data": {"user": "P-4", "records": [{"id": "r", "fields": {"weight_kg": 70}}]},
    }
)


def incoming(
    body: bytes = BODY,
    *,
    secret: str = SECRET,
    id: str = "msg_1",
    at: datetime = NOW,
    content_type: str = "application/json",
    method: str = "POST",
) -> Incoming:
    timestamp = str(int(at.timestamp()))
    headers = {
        "content-type": content_type,
        "webhook-id": id,
        "webhook-timestamp": timestamp,
        "webhook-signature": sign(secret, id, timestamp, body),
    }
    return Incoming(method=method, body=body, headers=headers, received_at=NOW)


def said(reply: Reply) -> tuple[int, bool, str]:
    return reply.status, reply.accept, reply.outcome


def test_what_is_genuine_is_kept() -> None:
    assert said(CLIENT.receive(incoming(), [SECRET])) == (204, True, "accepted")
    assert CLIENT.receive(incoming(content_type="Application/JSON; charset=utf-8"), [SECRET]).accept
    assert CLIENT.receive(incoming(), ["the newer one", SECRET]).accept


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (incoming(secret="wrong"), (401, False, "bad_signature")),
        (msgspec.structs.replace(incoming(), body=BODY + b" "), (401, False, "bad_signature")),
        (msgspec.structs.replace(incoming(), headers={}), (401, False, "bad_signature")),
        (incoming(at=NOW - timedelta(minutes=6)), (401, False, "replayed")),
        (incoming(at=NOW + timedelta(minutes=6)), (401, False, "replayed")),
        (incoming(content_type="text/plain"), (415, False, "malformed")),
        (incoming(method="GET"), (405, False, "malformed")),
        (incoming(b"{"), (400, False, "malformed")),
        (incoming(b"[" * 100_000), (400, False, "malformed")),
        (incoming(b'{"type": "readings.created", "data": {"records": []}}'), (400, False, "malformed")),
        (incoming(b'{"data": {"user": " "}}'), (400, False, "malformed")),
    ],
)
def test_what_is_not_is_refused_and_the_sender_told_why(
    request_: Incoming, expected: tuple[int, bool, str]
) -> None:
    assert said(CLIENT.receive(request_, [SECRET])) == expected


def test_without_a_secret_nothing_is_taken() -> None:
    assert said(CLIENT.receive(incoming(secret=""), [])) == (401, False, "bad_signature")


def test_sent_again_is_the_same_and_an_id_used_twice_is_not() -> None:
    first = CLIENT.receive(incoming(), [SECRET]).event_id
    again = CLIENT.receive(incoming(at=NOW - timedelta(minutes=2)), [SECRET]).event_id
    other = CLIENT.receive(incoming(BODY.replace(b"70", b"71")), [SECRET]).event_id
    assert first == again != other


def test_the_body_is_the_data_of_one_person() -> None:
    (note,) = CLIENT.notifications(BODY, "application/json")
    assert (note.user_id, note.payload, note.gone) == ("P-4", msgspec.json.decode(BODY), False)
    (number,) = CLIENT.notifications(b'{"data": {"user": 17}}', "")
    assert number.user_id == "17"


def test_a_number_that_could_be_guessed_connects_nobody() -> None:
    number = "5e0f7a52-1c1f-4b6b-9d3c-0a3f"
    assert CLIENT.granted({"number": f" {number} "}).user_id == number
    for given_ in ({}, {"number": "P-4"}, {"number": " " * 20}):
        with pytest.raises(VendorFault):
            CLIENT.granted(given_)


async def test_leaving_asks_for_nothing() -> None:
    async def send(request: Request) -> Answer:
        raise AssertionError(request.url)

    await CLIENT.revoke(send, CLIENT.granted({"number": "x" * 16}))


def test_a_socket_is_opened_where_it_is_said_and_encrypted() -> None:
    assert CLIENT.dial() is None
    for url, token in [("ws://partner.example/x", "t"), ("wss://partner.example/x", ""), ("wss://[", "t")]:
        assert GenericClient({"dial_url": url, "dial_token": token}).dial() is None
    dial = GenericClient({"dial_url": "wss://partner.example/x", "dial_token": "a-token"}).dial()
    assert dial is not None
    assert (dial.url, dial.headers["authorization"]) == ("wss://partner.example/x", "Bearer a-token")
    assert "a-token" not in repr(dial)


def test_messages_of_a_socket_hold_the_same_bodies() -> None:
    pushed = CLIENT.pushed(b'{"id": "m-1", "payload": ' + BODY + b"}")
    assert pushed is not None
    assert (pushed.id, pushed.payload, CLIENT.heard("m-1")) == ("m-1", BODY, b'{"ack":"m-1"}')
    for junk in (
        b"",
        b"{",
        b"\xff",
        b"[]",
        b'{"id": 1, "payload": {}}',
        b'{"id": ""}',
        b'{"id": "", "payload": {}}',
    ):
        assert CLIENT.pushed(junk) is None


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(body=st.binary(max_size=200) | st.text(max_size=80).map(str.encode), headers=st.dictionaries(st.text(max_size=20), st.text(max_size=20)))  # fmt: skip
def test_nothing_makes_it_raise(body: bytes, headers: dict[str, str]) -> None:
    client: Client = CLIENT
    assert not client.receive(
        Incoming(method="POST", body=body, headers=headers, received_at=NOW), [SECRET]
    ).accept
    assert client.receive(incoming(body), [SECRET]).status in (204, 400)
    assert all(note.user_id for note in client.notifications(body, ""))
    client.pushed(body)
