"""Fitbit's client against recorded answers: single-use refreshes, dates, lists, notifications, and the end of the service."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proto.vendors.client import Answer, Ask, Incoming, Page, Request, Tokens, VendorFault
from proto.vendors.normalized import Context
from vendors.fitbit.client import PROFILE, FitbitClient
from vendors.fitbit.mapping import normalize

NOW = datetime(2026, 9, 15, 12, tzinfo=UTC)
CLIENT = FitbitClient({"client_id": "an-id", "client_secret": "a-secret"})
BASIC = "Basic YW4taWQ6YS1zZWNyZXQ="
ASK = Ask(
    since=datetime(2026, 9, 14, tzinfo=UTC),
    until=NOW,
    kinds=frozenset({"weight"}),
    timezone="America/New_York",
)
NOTE = b'[{"collectionType":"body","date":"2026-09-14","ownerId":"9QTX4K","ownerType":"user","subscriptionId":"9QTX4K-body"}]'
# openssl dgst -sha1 -hmac 'a-secret&' -binary | base64
SIGNATURE = "i46NDHQAZigOL8Yi/QcVYX4zylY="


def answer(body: Any = None, status: int = 200, **headers: str) -> Answer:
    content = b"" if body is None else msgspec.json.encode(body)
    return Answer(status=status, body=content, headers={n.replace("_", "-"): t for n, t in headers.items()})


def error(kind: str, status: int, **headers: str) -> Answer:
    body = {"errors": [{"errorType": kind, "message": "(text)"}], "success": False}
    return answer(body, status, **headers)


class Script:
    """Answers in order, and keeps what was asked; the profile, which is asked for first, is answered by itself."""

    def __init__(self, answers: Sequence[Answer], profile: Answer | None = None) -> None:
        self.answers = list(answers)
        self.asked: list[Request] = []
        self.profile = profile or error("insufficient_scope", 403)

    async def __call__(self, request: Request) -> Answer:
        if request.endpoint == PROFILE:
            return self.profile
        self.asked.append(request)
        return self.answers.pop(0)

    @property
    def paths(self) -> list[str]:
        return [urlsplit(request.url).path for request in self.asked]


async def pages(script: Script, **ask: Any) -> list[Page]:
    return [page async for page in CLIENT.pages(script, msgspec.structs.replace(ASK, **ask))]


def test_the_grant_is_proved_twice() -> None:
    url = CLIENT.authorize_url(
        state="s", redirect_uri="https://dc.example/cb", kinds=frozenset({"weight"}), code_verifier="v" * 43
    )
    query = parse_qs(urlsplit(url).query)
    assert (query["scope"], query["code_challenge_method"]) == (["weight profile settings"], ["S256"])
    request = CLIENT.exchange_request("c", "https://dc.example/cb", "v" * 43)
    assert request.headers["authorization"] == BASIC
    assert request.form is not None
    assert (request.form["client_id"], request.form["code_verifier"]) == ("an-id", "v" * 43)
    assert "client_secret" not in request.form


@pytest.mark.parametrize(
    ("refused", "expected"),
    [
        (error("invalid_grant", 400), "grant_lost"),
        (error("invalid_client", 401), "invalid_request"),
        (error("system", 500), "vendor_error"),
        (answer(None, 410), "vendor_retired"),
        (answer(None, 429), "rate_limited"),
    ],
)
def test_a_refused_token_is_named(refused: Answer, expected: str) -> None:
    with pytest.raises(VendorFault) as fault:
        CLIENT.read_tokens(refused, NOW)
    assert fault.value.fault.fault_class == expected


@pytest.mark.parametrize(
    ("refused", "expected", "wait"),
    [
        (error("expired_token", 401), "auth", None),
        (error("insufficient_scope", 403), "forbidden_scope", None),
        (error("validation", 400), "invalid_request", None),
        (error("what", 400), "invalid_request", None),
        (answer([], 502), "vendor_error", None),
        (answer({"errors": [7]}, 429, fitbit_rate_limit_reset="1478"), "rate_limited", 1478),
        (answer(None, 429, retry_after="12", fitbit_rate_limit_reset="1478"), "rate_limited", 12),
        (answer("<html>", 410), "vendor_retired", None),
    ],
)
def test_faults_are_named(refused: Answer, expected: str, wait: float | None) -> None:
    fault = CLIENT.fault_of(refused)
    assert fault is not None
    assert (fault.fault.fault_class, fault.fault.retry_after) == (expected, wait)


async def test_the_end_of_the_service_ends_the_look() -> None:
    with pytest.raises(VendorFault) as fault:
        await pages(Script([answer(None, 410)]))
    assert fault.value.fault.fault_class == "vendor_retired"


async def test_ranges_are_in_the_persons_dates_and_metric() -> None:
    row = {"bmi": 26.84, "date": "2026-09-14", "logId": 1, "time": "06:40:11", "weight": 82.3}
    script = Script([answer({"weight": [row]})])
    (page,) = await pages(script)
    assert script.paths == ["/1/user/-/body/log/weight/date/2026-09-12/2026-09-15.json"]
    (reading,) = normalize([page.payload], Context(endpoint=page.endpoint, timezone=ASK.timezone)).readings
    assert reading.readings["weight_kg"] == 82.3
    assert script.asked[0].headers["accept-language"] == "fr_FR"


async def test_clocks_are_those_of_the_profile() -> None:
    """The person told us another zone than Fitbit."""
    row = {"date": "2026-09-14", "logId": 1, "time": "06:40:11", "weight": 82.3}
    script = Script([answer({"weight": [row]})], answer({"user": {"timezone": "Europe/Berlin"}}))
    (page,) = await pages(script)
    (reading,) = normalize([page.payload], Context(endpoint=page.endpoint, timezone=ASK.timezone)).readings
    assert reading.timestamp == datetime(2026, 9, 14, 4, 40, 11, tzinfo=UTC)


async def test_without_a_profile_the_look_goes_on_and_with_trouble_it_does_not() -> None:
    for unread in (answer([]), answer({"user": {"timezone": "Nowhere"}}), answer({"user": 7})):
        script = Script([answer({"weight": [{"date": "2026-09-14", "logId": 1, "weight": 82.3}]})], unread)
        assert [page.payload for page in await pages(script)] == [
            {"weight": [{"date": "2026-09-14", "logId": 1, "weight": 82.3}]}
        ]
    with pytest.raises(VendorFault) as fault:
        await pages(Script([], error("expired_token", 401)))
    assert fault.value.fault.fault_class == "auth"


async def test_a_day_is_asked_for_when_it_has_ended_and_its_page_says_which() -> None:
    day = {"summary": {"steps": 5120}}
    script = Script([answer(day)] * 3)
    found = await pages(script, kinds=frozenset({"activity"}))
    assert [path[-15:] for path in script.paths] == [f"2026-09-{day}.json" for day in (12, 13, 14)]
    mapped = [normalize([one.payload], Context(endpoint=one.endpoint, timezone="UTC")).readings for one in found]  # fmt: skip
    assert [one[0].timestamp.day for one in mapped] == [12, 13, 14]


async def test_the_resting_pulse_is_asked_for_once() -> None:
    heart = frozenset({"heart_rate"})
    script = Script([answer({"activities-heart": []}), answer({"hrv": []})])
    await pages(script, kinds=heart)
    assert script.paths[0] == "/1/user/-/activities/heart/date/2026-09-14/7d.json"
    with_sums = Script([answer({"summary": {}})] * 3 + [answer({"hrv": []})])
    await pages(with_sums, kinds=frozenset({"heart_rate", "activity"}))
    assert not any("/heart/" in path for path in with_sums.paths)


async def test_long_windows_are_cut_into_thirty_dates() -> None:
    script = Script([answer([]), answer([])])
    assert await pages(script, kinds=frozenset({"spo2"}), since=datetime(2026, 8, 10, tzinfo=UTC)) == []
    assert [path[-26:] for path in script.paths] == ["2026-08-08/2026-09-06.json", "2026-09-07/2026-09-15.json"]  # fmt: skip


def ecgs(*days: str, following: str = "") -> Answer:
    rows = [{"startTime": f"{day}T08:15:32.000", "resultClassification": "Unreadable"} for day in days]
    return answer({"ecgReadings": rows, "pagination": {"next": following}})


NEXT = "https://elsewhere.example/1/user/-/ecg/list.json?offset=0&limit=10&sort=asc&afterDate=2026-09-14T08"


async def test_a_list_is_followed_at_our_address_only() -> None:
    script = Script([ecgs("2026-09-13", following=NEXT), ecgs("2026-09-14")])
    assert len(await pages(script, kinds=frozenset({"ecg"}))) == 2
    assert {urlsplit(request.url).netloc for request in script.asked} == {"api.fitbit.com"}
    assert script.asked[0].params["afterDate"] == "2026-09-12"
    assert script.asked[1].params["afterDate"] == "2026-09-14T08"


@pytest.mark.parametrize(
    "answers",
    [
        [ecgs(following=NEXT)],
        [ecgs("2026-09-13", following=NEXT), ecgs("2026-09-14", following=NEXT)],
        [ecgs("2026-09-16", following=NEXT)],
        [ecgs("2026-09-13", following="https://[")],
        [answer({"ecgReadings": 7})],
        [answer([])],
    ],
)
async def test_lists_that_do_not_go_on_end(answers: list[Answer]) -> None:
    script = Script(answers)
    await pages(script, kinds=frozenset({"ecg"}))
    assert script.answers == []


def incoming(body: bytes = NOTE, signature: str = SIGNATURE) -> Incoming:
    return Incoming(method="POST", body=body, headers={"x-fitbit-signature": signature}, received_at=NOW)


@pytest.mark.parametrize(("code", "expected"), [("the-code", 204), ("other", 404), ("", 404)])
def test_the_subscriber_proves_itself(code: str, expected: int) -> None:
    request = Incoming(method="GET", body=b"", params={"verify": code}, received_at=NOW)
    for secrets in (["the-code"], ["newer", "the-code"]):
        reply = CLIENT.receive(request, secrets)
        assert (reply.status, reply.accept, reply.body) == (expected, False, b"")
    assert CLIENT.receive(request, [""]).status == 404


def test_a_genuine_notification_is_kept_and_the_same_again_is_another() -> None:
    first = CLIENT.receive(incoming(), [])
    assert (first.status, first.accept) == (204, True)
    later = msgspec.structs.replace(incoming(), received_at=NOW.replace(hour=18))
    assert CLIENT.receive(later, []).event_id != first.event_id


@pytest.mark.parametrize(
    "request_",
    [incoming(NOTE + b" "), incoming(signature=""), incoming(signature="é"), incoming(signature="AAAA")],
)
def test_others_find_nothing_here(request_: Incoming) -> None:
    reply = CLIENT.receive(request_, [])
    assert (reply.status, reply.accept, reply.outcome) == (404, False, "bad_signature")


def test_another_secret_signs_otherwise() -> None:
    other = FitbitClient({"client_id": "an-id", "client_secret": "another"})
    assert other.receive(incoming(), []).status == 404


def test_notifications_are_read_as_hints() -> None:
    (note,) = CLIENT.notifications(NOTE, "application/json")
    assert (note.user_id, note.endpoint, note.since) == ("9QTX4K", "body", datetime(2026, 9, 13, tzinfo=UTC))
    both = CLIENT.notifications(
        b'[{"collectionType":"userRevokedAccess","ownerId":"A"},{"collectionType":"foods","ownerId":"B"},'
        b'{"collectionType":"sleep","ownerId":"C"},{"collectionType":"sleep"},7]', ""
    )  # fmt: skip
    assert [(one.user_id, one.gone) for one in both] == [("A", True), ("C", False)]


async def test_each_collection_is_subscribed_under_a_name_of_its_own() -> None:
    tokens = Tokens(access_token="at", user_id="9QTX4K")
    rows = [{"collectionType": "body", "subscriptionId": "9QTX4K-body"}, None]
    script = Script([answer({"apiSubscriptions": rows}), answer({}, 201), error("validation", 409), answer(None, 204)])  # fmt: skip
    assert CLIENT.topics(frozenset({"weight", "ecg"})) == ["body", "userRevokedAccess"]
    (one,) = await CLIENT.subscriptions(script)
    await CLIENT.subscribe(script, "sleep", "", "")
    await CLIENT.subscribe(script, "sleep", "", "")
    await CLIENT.unsubscribe(script, one)
    sent = [CLIENT.authorized(request, tokens).url for request in script.asked]
    assert sent[1].endswith("/1/user/-/sleep/apiSubscriptions/9QTX4K-sleep.json")
    assert sent[3].endswith("/1/user/-/body/apiSubscriptions/9QTX4K-body.json")
    with pytest.raises(VendorFault):
        CLIENT.authorized(script.asked[1], Tokens(access_token="at"))


@given(st.binary(max_size=80) | st.sampled_from([b"[]", b"{}", b"[[]]", b'[{"ownerId":7}]', b'[{"ownerId":"a","collectionType":[]}]', b'[{"ownerId":"a","collectionType":"body","date":"0001-01-01"}]', b"[" * 5000]))  # fmt: skip
def test_nothing_makes_it_raise(body: bytes) -> None:
    assert CLIENT.receive(incoming(body), ["s"]).status == 404
    assert all(note.user_id for note in CLIENT.notifications(body, ""))
