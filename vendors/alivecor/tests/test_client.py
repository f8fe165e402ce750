"""AliveCor's client against recorded answers: a key and a code instead of a sign-in, lists that end, bare callbacks."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proto.vendors.client import Answer, Ask, Incoming, Page, Request, Tokens, VendorFault
from proto.vendors.normalized import Context
from vendors.alivecor.client import AliveCorClient
from vendors.alivecor.mapping import normalize

NOW = datetime(2026, 11, 18, 12, tzinfo=UTC)
CLIENT = AliveCorClient({"api_key": "a-key"})
TOKENS = Tokens(access_token="ABCD-EFGH-IJKL", user_id="p5D0")
ASK = Ask(since=datetime(2026, 11, 17, tzinfo=UTC), until=NOW, kinds=frozenset({"ecg"}), timezone="UTC")


def answer(body: Any = None, status: int = 200) -> Answer:
    return Answer(status=status, body=b"" if body is None else msgspec.json.encode(body))


class Script:
    """Answers in order, and keeps what was asked."""

    def __init__(self, answers: Sequence[Answer]) -> None:
        self.answers = list(answers)
        self.asked: list[Request] = []

    async def __call__(self, request: Request) -> Answer:
        self.asked.append(request)
        return self.answers.pop(0)


def recordings(*days: int, following: str = "", key: str = "data") -> Answer:
    rows = [
        {"id": f"r{day}", "algorithmDetermination": "normal", "heartRate": 70, "duration": 30000,
         "recordedAt": f"2026-11-{day:02d}T21:14:09-05:00"}
        for day in days
    ]  # fmt: skip
    return answer({key: rows, "pageInfo": {"endCursor": following, "hasNextPage": bool(following)}})


async def pages(script: Script) -> list[Page]:
    return [page async for page in CLIENT.pages(script, ASK)]


@pytest.mark.parametrize("typed", ["ABCD-EFGH-IJKL", " abcdefghijkl ", "abcd efgh ijkl"])
async def test_the_code_proves_who_the_patient_is(typed: str) -> None:
    tokens = CLIENT.granted({"patient_id": " p5D0 ", "code": typed})
    script = Script([answer({"code": "ABCD-EFGH-IJKL", "status": "pending"})])
    assert await CLIENT.identify(script, tokens) == "p5D0"
    sent = CLIENT.authorized(script.asked[0], tokens)
    assert sent.url == "https://api.kardia.com/v1/patients/p5D0/code"
    assert sent.headers["authorization"] == "Basic YS1rZXk6"
    assert typed.strip() not in f"{sent.headers}{sent.params}"


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (answer({"code": "ABCD-EFGH-IJKM"}), "grant_lost"),
        (answer({"code": ""}), "grant_lost"),
        (answer({"code": None}), "grant_lost"),
        (answer([]), "grant_lost"),
        (answer(None, 404), "grant_lost"),
        (answer(None, 401), "invalid_request"),
    ],
)
async def test_without_the_right_code_nobody_is_connected(reply: Answer, expected: str) -> None:
    with pytest.raises(VendorFault) as fault:
        await CLIENT.identify(Script([reply]), TOKENS)
    assert fault.value.fault.fault_class == expected


async def test_a_code_of_no_letters_is_none() -> None:
    for given_ in ({}, {"patient_id": "p"}, {"code": "c"}, {"patient_id": " ", "code": "c"}):
        with pytest.raises(VendorFault):
            CLIENT.granted(given_)
    with pytest.raises(VendorFault):
        await CLIENT.identify(Script([answer({"code": "--"})]), CLIENT.granted({"patient_id": "p", "code": "-"}))  # fmt: skip


async def test_leaving_asks_for_nothing() -> None:
    script = Script([])
    await CLIENT.revoke(script, TOKENS)
    assert script.asked == []


def test_a_team_lives_on_one_host() -> None:
    europe = AliveCorClient({"api_key": "a-key", "host": "eu-api.kardia.com"})
    assert europe._request("GET", "callback", "callback").url == "https://eu-api.kardia.com/v1/callback"


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (401, "invalid_request"),
        (403, "forbidden_scope"),
        (404, "grant_lost"),
        (429, "rate_limited"),
        (500, "vendor_error"),
    ],
)
async def test_a_refusal_ends_the_look(status: int, expected: str) -> None:
    with pytest.raises(VendorFault) as fault:
        await pages(Script([answer(None, status)]))
    assert fault.value.fault.fault_class == expected


async def test_recordings_are_read_back_to_what_is_asked_for() -> None:
    script = Script(
        [recordings(18, 17, following="c1"), recordings(17, 16, 15, following="c2", key="recordings")]
    )
    found = await pages(script)
    assert [dict(request.params) for request in script.asked] == [{"limit": "50"}, {"limit": "50", "start": "c1"}]  # fmt: skip
    assert CLIENT.authorized(script.asked[0], TOKENS).url.endswith("/v1/patients/p5D0/recordings")
    read = [normalize([page.payload], Context(endpoint=page.endpoint)).readings for page in found]
    assert [len(one) for one in read] == [2, 3]


async def test_in_another_order_everything_is_read() -> None:
    script = Script([recordings(3, 9, following="c1"), recordings(17, 18)])
    assert len(await pages(script)) == 2


@pytest.mark.parametrize(
    "second", [recordings(18, following="c1"), recordings(following="c2"), answer([]), answer({"data": 7})]
)
async def test_pages_that_do_not_go_on_end(second: Answer) -> None:
    script = Script([recordings(18, following="c1"), second])
    await pages(script)
    assert script.answers == []


def incoming(body: bytes, method: str = "POST") -> Incoming:
    return Incoming(method=method, body=body, received_at=NOW)


def test_setting_the_address_is_answered() -> None:
    for request in (incoming(b""), incoming(b" \n"), incoming(b"", "GET")):
        reply = CLIENT.receive(request, [])
        assert (reply.status, reply.accept, reply.outcome) == (200, False, "challenge")


def test_the_same_callback_later_is_another() -> None:
    body = b'{"eventType":"newRecording","customParticipantId":"ext-204"}'
    first = CLIENT.receive(incoming(body), [])
    later = CLIENT.receive(msgspec.structs.replace(incoming(body), received_at=NOW.replace(hour=13)), [])
    assert (first.status, first.accept) == (200, True)
    assert first.event_id != later.event_id


def test_every_name_of_the_person_is_a_hint() -> None:
    body = (
        b'{"eventType":"newRecording","patientId":"p5D0","patientID":"p5D0","customParticipantId":"ext-204"}'
    )
    assert [(note.user_id, note.gone) for note in CLIENT.notifications(body, "")] == [("p5D0", False), ("ext-204", False)]  # fmt: skip
    (gone,) = CLIENT.notifications(b'{"eventType":"patientDisconnected","patientId":"p5D0"}', "")
    assert gone.gone


async def test_the_team_has_one_callback() -> None:
    script = Script(
        [answer({"url": "https://dc.example/w"}), answer({}), answer(None, 404), answer({"url": "x"})]
    )
    (one,) = await CLIENT.subscriptions(script)
    assert (one.topic, one.url) == (CLIENT.topics(frozenset())[0], "https://dc.example/w")
    assert await CLIENT.subscriptions(script) == []
    assert await CLIENT.subscriptions(script) == []
    await CLIENT.subscribe(script, "all", "https://dc.example/w", "")
    assert (script.asked[3].method, script.asked[3].form) == ("PUT", {"url": "https://dc.example/w"})


@given(st.binary(max_size=60) | st.sampled_from([b"[]", b"{}", b'{"eventType":[],"patientId":{}}', b'{"patientId":"a","eventType":null}', b"[" * 5000]))  # fmt: skip
def test_nothing_makes_it_raise(body: bytes) -> None:
    assert CLIENT.receive(incoming(body), []).status in (200, 400)
    assert all(note.user_id for note in CLIENT.notifications(body, ""))
