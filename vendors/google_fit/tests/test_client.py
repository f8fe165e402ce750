"""Google Fit's client against recorded answers: whole days, streams and their pages, nights from noon to noon."""

import base64
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest

from proto.vendors.client import Answer, Ask, Page, Request, VendorFault
from proto.vendors.normalized import Context
from vendors.google_fit.client import GoogleFitClient
from vendors.google_fit.mapping import normalize

NOW = datetime(2026, 11, 18, 15, tzinfo=UTC)
CLIENT = GoogleFitClient({"client_id": "an-id", "client_secret": "a-secret"})
ZONE = "America/New_York"
ASK = Ask(since=datetime(2026, 11, 17, 15, tzinfo=UTC), until=NOW, kinds=frozenset({"weight"}), timezone=ZONE)
SCALE = "raw:com.google.weight:com.example.scale:"


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


async def pages(script: Script, **ask: Any) -> list[Page]:
    return [page async for page in CLIENT.pages(script, msgspec.structs.replace(ASK, **ask))]


def sources(*streams: tuple[str, str]) -> Answer:
    listed = [
        {"dataStreamId": stream, "type": type_, "dataType": {"name": stream.split(":")[1]}}
        for type_, stream in streams
    ]
    return answer({"dataSource": [*listed, {"dataType": 7}, None]})


def points(*at: int, following: str = "") -> Answer:
    rows = [
        {"startTimeNanos": str(ns), "endTimeNanos": str(ns), "dataTypeName": "com.google.weight", "value": [{"fpVal": 80.5}]}
        for ns in at
    ]  # fmt: skip
    return answer({"dataSourceId": SCALE, "point": rows, "nextPageToken": following} if at else {"dataSourceId": SCALE})  # fmt: skip


def id_token(claims: Any) -> str:
    part = base64.urlsafe_b64encode(msgspec.json.encode(claims)).rstrip(b"=").decode()
    return f"e30.{part}.sig"


def test_who_signed_in_is_asked_for_and_read() -> None:
    url = CLIENT.authorize_url(
        state="s", redirect_uri="https://dc.example/cb", kinds=frozenset({"weight"}), code_verifier="v"
    )
    query = parse_qs(urlsplit(url).query)
    assert query["scope"] == ["openid https://www.googleapis.com/auth/fitness.body.read"]
    assert (query["access_type"], query["prompt"]) == (["offline"], ["consent"])
    body = {"access_token": "at", "refresh_token": "rt", "expires_in": 3599, "id_token": id_token({"sub": "1042"})}  # fmt: skip
    assert CLIENT.read_tokens(answer(body), NOW).user_id == "1042"


@pytest.mark.parametrize(
    "token", [None, 7, "", "a.b", "a.!.c", "a.e30.c", id_token({"sub": 7}), id_token([]), "a.\ud800.c"]
)
def test_a_token_that_says_nobody_names_nobody(token: Any) -> None:
    body = {"access_token": "at", "id_token": token}
    assert CLIENT._tokens(body, NOW).user_id is None


@pytest.mark.parametrize(
    ("body", "status", "expected"),
    [
        ({"error": {"code": 401, "status": "UNAUTHENTICATED"}}, 401, "auth"),
        ({"error": {"code": 403, "errors": [{"reason": "insufficientPermissions"}], "status": "PERMISSION_DENIED"}}, 403, "forbidden_scope"),
        ({"error": {"code": 403, "errors": [{"reason": "rateLimitExceeded"}]}}, 403, "rate_limited"),
        ({"error": "invalid_grant"}, 400, "invalid_request"),
        ({"error": {"code": {}}}, 500, "vendor_error"),
        ("<html>", 503, "retry_later"),
        (None, 410, "vendor_retired"),
    ],
)  # fmt: skip
def test_faults_are_named(body: Any, status: int, expected: str) -> None:
    fault = CLIENT.fault_of(answer(body, status))
    assert fault is not None
    assert fault.fault.fault_class == expected


def test_a_grant_that_is_over_is_lost() -> None:
    with pytest.raises(VendorFault) as fault:
        CLIENT.read_tokens(answer({"error": "invalid_grant"}, 400), NOW)
    assert fault.value.fault.fault_class == "grant_lost"


async def test_sums_are_of_whole_days_that_have_ended() -> None:
    script = Script([answer({"bucket": [{"dataset": []}]})])
    (page,) = await pages(script, kinds=frozenset({"activity"}), since=datetime(2026, 10, 31, 15, tzinfo=UTC))
    body = script.asked[0].json
    assert page.endpoint == "aggregate"
    assert body["bucketByTime"] == {"period": {"type": "day", "value": 1, "timeZoneId": ZONE}}
    # Midnights of New York: four hours behind UTC in October, five in November.
    assert body["startTimeMillis"] == int(datetime(2026, 10, 31, 4, tzinfo=UTC).timestamp()) * 1000
    assert body["endTimeMillis"] == int(datetime(2026, 11, 18, 5, tzinfo=UTC).timestamp()) * 1000
    assert await pages(Script([]), kinds=frozenset({"activity"}), since=NOW) == []


def test_a_sum_that_grew_is_the_same_and_newer() -> None:
    def bucket(end: str, steps: int) -> dict[str, Any]:
        point = {"startTimeNanos": "1794810021000000000", "endTimeNanos": end, "value": [{"intVal": steps}],
                 "dataTypeName": "com.google.step_count.delta"}  # fmt: skip
        return {"bucket": [{"startTimeMillis": "1794808800000", "endTimeMillis": "1794895200000", "dataset": [{"point": [point]}]}]}  # fmt: skip

    read = [normalize([one], Context()).readings[0].meta for one in (bucket("1794889800123000000", 5120), bucket("1794890000000000000", 5200))]  # fmt: skip
    assert read[0]["vendor_record_id"] == read[1]["vendor_record_id"]
    assert read[0]["revision"] < read[1]["revision"]


async def test_streams_that_were_written_are_read_page_by_page_in_nanoseconds() -> None:
    merged = "derived:com.google.weight:com.google.android.gms:merge_weight"
    script = Script(
        [
            sources((("raw", SCALE)), ("derived", merged), ("raw", "raw:com.google.height:x:")),
            points(),
            points(1794906000123000000, following="p2"),
            points(1794906000000000000),
        ]
    )
    found = await pages(script)
    assert len(found) == 2
    assert [request.params.get("pageToken") for request in script.asked[2:]] == [None, "p2"]
    path = urlsplit(script.asked[2].url).path
    assert path.endswith(f"/dataSources/{SCALE}/datasets/1794927600000000000-1795014000000000000")
    (reading,) = normalize([found[0].payload], Context()).readings
    assert reading.timestamp == datetime(2026, 11, 17, 9, 0, 0, 123000, tzinfo=UTC)
    assert not any("merge_weight" in request.url for request in script.asked)


async def test_without_a_written_stream_a_derived_one_is_read() -> None:
    script = Script([sources(("derived", "derived:com.google.weight:gms:a b/c")), points(1)])
    assert len(await pages(script)) == 1
    assert "/dataSources/derived:com.google.weight:gms:a%20b%2Fc/datasets/" in script.asked[1].url


@pytest.mark.parametrize("second", [points(2, following="p2"), points(), answer([]), answer(None)])
async def test_pages_that_do_not_go_on_end(second: Answer) -> None:
    script = Script([sources(("raw", SCALE)), points(1, following="p2"), second])
    await pages(script)
    assert script.answers == []


async def test_a_night_comes_whole_when_its_noon_has_passed() -> None:
    stream = "raw:com.google.sleep.segment:com.example.watch:"
    segment = {"startTimeNanos": "1794891600000000000", "endTimeNanos": "1794913200000000000", "dataTypeName": "com.google.sleep.segment", "value": [{"intVal": 4}]}  # fmt: skip
    session = {"id": "night-1", "startTimeMillis": "1794891000000", "endTimeMillis": "1794913800000", "activityType": 72}  # fmt: skip
    script = Script(
        [
            sources(("raw", stream)),
            answer({"dataSourceId": stream, "point": [segment]}),
            answer({"session": [session, None], "nextPageToken": ""}),
        ]
    )
    (page,) = await pages(script, kinds=frozenset({"sleep"}))
    # 15:00 UTC is ten in the morning there: the last noon is yesterday's.
    assert script.asked[2].params["startTime"] == "2026-11-15T17:00:00Z"
    assert script.asked[2].params["endTime"] == "2026-11-17T17:00:00Z"
    (night,) = normalize([page.payload], Context()).readings
    assert night.meta["vendor_record_id"] == "google_fit:night-1"
    assert night.readings["sleep"]["light_min"] == 360


async def test_nothing_wanted_nothing_asked() -> None:
    script = Script([])
    assert await pages(script, kinds=frozenset()) == []
    assert script.asked == []
