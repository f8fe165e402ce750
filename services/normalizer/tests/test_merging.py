"""One measurement by several paths, through the routes and on a real database."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from services.normalizer.store.readings import delete_everything
from services.normalizer.tests.conftest import Patient, Stage

pytestmark = pytest.mark.integration

START = datetime(2026, 5, 1, tzinfo=UTC)
MONTH = {"from": "2026-04-30T12:00:00Z", "to": "2026-05-03T12:00:00Z"}


async def paths(stage: Stage, *methods: str, timezone: str = "Europe/Berlin") -> list[Patient]:
    """One patient with a connection for each way of pairing."""
    first = await Patient(stage).ready(timezone, pairing_method=methods[0])
    found = [first]
    for method in methods[1:]:
        other = Patient(stage)
        other.id = first.id
        await other.connect(pairing_method=method)
        found.append(other)
    return found


async def data(patient: Patient, params: dict[str, Any] | None = None, **who: Any) -> Any:
    answer = await patient.get(
        f"/patients/{patient.id}/data", {**MONTH, "resolution": "raw", **(params or {})}, **who
    )
    assert answer.status_code == 200, answer.text
    return answer.json()


async def points(patient: Patient, metric: str, resolution: str, **params: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (
        await data(patient, {"metric": metric, "resolution": resolution, **params})
    )["points"]
    return found


async def one_weight_three_times(stage: Stage) -> list[Patient]:
    hub, cloud, phone = await paths(stage, "hub", "vendor_oauth", "healthkit")
    await phone.send(phone.reading({"weight_kg": 81.2}, "2026-05-01T08:30:12Z", meta={"vendor": "healthkit"}))
    await hub.send(hub.reading({"weight_kg": 81.2}, "2026-05-01T08:30:00Z"))
    await cloud.send(cloud.reading({"weight_kg": 81.19}, "2026-05-01T08:30:05Z", meta={"vendor": "withings"}))
    return [hub, cloud, phone]


async def test_one_measurement_by_three_paths_is_one_item_with_all_its_provenances(stage: Stage) -> None:
    hub, cloud, phone = await one_weight_three_times(stage)

    [item] = (await data(hub))["items"]

    assert item["device_connection_id"] == str(hub.connection_id)
    assert item["readings"] == {"weight_kg": 81.2}
    assert [(also["device_connection_id"], also["vendor"]) for also in item["also"]] == [
        (str(cloud.connection_id), "withings"),
        (str(phone.connection_id), "healthkit"),
    ]
    assert item["also"][0]["why"] == [{"kind": "weight", "seconds": 5.0, "off": {"weight_kg": 0.01}}]
    for each in (hub, cloud, phone):  # nothing was deleted: each device still tells its own
        own = (
            await each.get(
                f"/device-data/{each.connection_id}", {**MONTH, "metric": "weight_kg", "resolution": "raw"}
            )
        ).json()
        assert len(own["items"]) == 1
        assert "also" not in own["items"][0]


async def test_summary_and_points_count_it_once(stage: Stage) -> None:
    hub, _, _ = await one_weight_three_times(stage)

    for resolution in ("1m", "1h", "1d"):
        [point] = await points(hub, "weight_kg", resolution)
        assert (point["count"], point["min"], point["max"]) == (1, 81.2, 81.2)
    latest = (await hub.get(f"/patients/{hub.id}/summary")).json()["latest"]["weight_kg"]
    assert latest["device_connection_id"] == str(hub.connection_id)
    assert latest["timestamp"] == "2026-05-01T08:30:00Z"


async def test_the_day_is_counted_in_measurements(stage: Stage) -> None:
    hub, cloud = await paths(stage, "hub", "vendor_oauth")
    at = datetime.now(UTC) - timedelta(hours=2)
    for each in (hub, cloud):
        await each.send(
            each.reading({"spo2_pct": 97}, at.isoformat()),
            each.reading({"spo2_pct": 95}, (at + timedelta(minutes=9)).isoformat()),
        )

    assert (await hub.get(f"/patients/{hub.id}/summary")).json()["readings_24h"] == 2


async def test_a_copy_vanishes_for_whoever_may_not_see_its_connection(stage: Stage) -> None:
    hub, cloud, phone = await one_weight_three_times(stage)
    caregiver = uuid4()
    await hub.grant(caregiver, frozenset({"weight"}))
    who: dict[str, Any] = {"user": caregiver, "role": "caregiver"}
    await hub.connect(pairing_method="hub", consent="revoked")
    await phone.connect(pairing_method="healthkit", consent="revoked")

    [item] = (await data(hub, **who))["items"]

    assert item["device_connection_id"] == str(cloud.connection_id)
    assert "also" not in item
    text = (await hub.get(f"/patients/{hub.id}/data", {**MONTH, "metric": "weight_kg"}, **who)).text
    assert str(hub.connection_id) not in text
    assert str(phone.connection_id) not in text
    assert len((await data(hub))["items"][0]["also"]) == 2  # the owner still reads all
    assert [p["mean"] for p in await points(hub, "weight_kg", "1h")] == [81.2]
    theirs = await hub.get(
        f"/patients/{hub.id}/data", {**MONTH, "metric": "weight_kg", "resolution": "1h"}, **who
    )
    assert [p["mean"] for p in theirs.json()["points"]] == [81.19]


async def test_kinds_that_are_not_granted_neither_show_nor_join(stage: Stage) -> None:
    hub, cloud = await paths(stage, "hub", "vendor_oauth")
    for each in (hub, cloud):
        await each.send(each.reading({"weight_kg": 80, "spo2_pct": 97 if each is hub else 90}))
    caregiver = uuid4()
    await hub.grant(caregiver, frozenset({"spo2"}))

    items = (await data(hub, user=caregiver, role="caregiver"))["items"]

    assert [item["readings"] for item in items] in (
        [{"spo2_pct": 97}, {"spo2_pct": 90}],
        [{"spo2_pct": 90}, {"spo2_pct": 97}],
    )
    assert all("also" not in item for item in items)


async def test_pages_across_devices_have_no_gap_and_no_double(stage: Stage) -> None:
    hub, cloud, phone = await paths(stage, "hub", "vendor_oauth", "health_connect")
    for each, late in ((hub, 0), (cloud, 7), (phone, 20)):
        await each.send(
            *(
                each.reading(
                    {"glucose_mg_dL": 100 + n % 50} | ({"glucose_trend": "flat"} if each is cloud else {}),
                    (START + timedelta(minutes=5 * n, seconds=late)).isoformat(),
                )
                for n in range(60)
            )
        )
    await phone.send(
        *(phone.reading({"weight_kg": 60 + n}, (START + timedelta(minutes=n)).isoformat()) for n in range(40))
    )

    whole = (await data(hub, {"limit": 1000}))["items"]
    for params in ({}, {"metric": "glucose_mg_dL"}, {"metric": "glucose_trend"}):
        for limit in (1, 7, 60):
            seen, cursor = [], None
            while True:
                page = await data(hub, {**params, "limit": limit} | ({"cursor": cursor} if cursor else {}))
                seen += page["items"]
                cursor = page["next_cursor"]
                assert len(page["items"]) == limit or cursor is None
                if cursor is None:
                    break
            name = params.get("metric")
            expected = [item["id"] for item in whole if name is None or name in item["readings"]]
            assert [item["id"] for item in seen] == expected
    glucose = [item for item in whole if "glucose_mg_dL" in item["readings"]]
    assert len(whole) == 100
    assert len(glucose) == 60
    assert all(len(item["also"]) == 2 and item["readings"]["glucose_trend"] == "flat" for item in glucose)


async def test_points_agree_with_the_list_across_hours_and_local_midnights(stage: Stage) -> None:
    hub, cloud = await paths(stage, "hub", "vendor_oauth", timezone="Asia/Kolkata")
    for each, late in ((hub, 0), (cloud, 40)):
        await each.send(
            *(
                each.reading(
                    {"glucose_mg_dL": 100 + n % 7},
                    (START + timedelta(minutes=19 * n, seconds=late)).isoformat(),
                )
                for n in range(90 if each is hub else 120)
            )
        )

    listed = (await data(hub, {"metric": "glucose_mg_dL", "limit": 1000}))["items"]
    assert len(listed) == 120
    for resolution in ("1m", "1h", "1d"):
        found = await points(hub, "glucose_mg_dL", resolution)
        assert sum(point["count"] for point in found) == 120
        assert sum(point["mean"] * point["count"] for point in found) == pytest.approx(
            sum(item["readings"]["glucose_mg_dL"] for item in listed)
        )


async def test_a_stream_by_two_paths_is_told_by_the_first(stage: Stage) -> None:
    hub, phone = await paths(stage, "hub", "healthkit")
    for each, value in ((hub, 60), (phone, 61)):
        await each.send(
            *(
                each.reading({"heart_rate_bpm": value}, (START + timedelta(seconds=20 * n)).isoformat())
                for n in range(150)
            )
        )

    [point] = await points(hub, "heart_rate_bpm", "1h")

    assert (point["count"], point["max"]) == (150, 60)


def _steps(patient: Patient, amount: int, start: datetime, end: datetime) -> bytes:
    return patient.reading({"steps": amount}, start.isoformat(), meta={"interval_end": end.isoformat()})


async def test_daily_totals_are_never_added_to_the_days_samples(stage: Stage) -> None:
    cloud, phone = await paths(stage, "vendor_oauth", "healthkit")
    midnight = datetime(2026, 4, 30, 22, tzinfo=UTC)  # in Berlin
    await cloud.send(
        _steps(cloud, 8000, midnight, midnight + timedelta(hours=24)),
        *(
            _steps(cloud, 500, midnight + timedelta(hours=8 + n), midnight + timedelta(hours=9 + n))
            for n in range(4)
        ),
    )
    await phone.send(
        _steps(phone, 450, midnight + timedelta(hours=8), midnight + timedelta(hours=9)),
        _steps(phone, 500, midnight + timedelta(hours=9), midnight + timedelta(hours=10)),
    )

    [day] = await points(cloud, "steps", "1d")
    hours = await points(cloud, "steps", "1h")

    assert (day["t"], day["sum"]) == ("2026-04-30T22:00:00Z", pytest.approx(8000))
    assert len(hours) == 24
    assert sum(point["sum"] for point in hours) == pytest.approx(8000)
    assert {point["sum"] for point in hours[8:12]} == {500}
    one_device = (
        await cloud.get(
            f"/device-data/{cloud.connection_id}", {**MONTH, "metric": "steps", "resolution": "1d"}
        )
    ).json()["points"]
    assert one_device[0]["count"] == 5  # as it is: nothing is merged there, and what it walked is told beside
    raw = (await data(cloud, {"metric": "steps"}))["items"]
    assert len(raw) == 6
    assert sum("also" in item for item in raw) == 1


async def test_a_devices_own_day_is_its_samples_and_of_its_total_only_what_they_lack(stage: Stage) -> None:
    watch, phone = await paths(stage, "vendor_oauth", "healthkit")
    midnight = datetime(2026, 4, 30, 22, tzinfo=UTC)  # in Berlin
    day, noon = timedelta(days=1), midnight + timedelta(hours=12)
    await watch.send(
        _steps(watch, 500, noon, noon + timedelta(hours=1)),
        _steps(watch, 700, noon + timedelta(hours=1), noon + timedelta(hours=2)),
        _steps(watch, 1200, midnight, midnight + day),
        _steps(watch, 300, noon + day, noon + day + timedelta(hours=1)),
        _steps(watch, 900, midnight + day, midnight + 2 * day),
        _steps(watch, 0, midnight + 2 * day, midnight + 2 * day + timedelta(hours=1)),
    )
    await phone.send(_steps(phone, 5000, midnight, midnight + day))

    async def days(device: Patient) -> dict[str, float]:
        asked = {**MONTH, "metric": "steps", "resolution": "1d"}
        answer = (await device.get(f"/device-data/{device.connection_id}", asked)).json()
        return {point["t"]: point["sum"] for point in answer["points"]}

    assert await days(watch) == pytest.approx(
        {"2026-04-30T22:00:00Z": 1200, "2026-05-01T22:00:00Z": 900, "2026-05-02T22:00:00Z": 0}
    )
    assert await days(phone) == pytest.approx({"2026-04-30T22:00:00Z": 5000})


@pytest.mark.parametrize(("midnight", "hours"), [("2026-03-28T23:00:00Z", 23), ("2026-10-24T22:00:00Z", 25)])
async def test_totals_of_days_of_other_lengths(stage: Stage, midnight: str, hours: int) -> None:
    cloud, hub = await paths(stage, "vendor_oauth", "hub")
    start = datetime.fromisoformat(midnight)
    end = start + timedelta(hours=hours)
    await cloud.send(_steps(cloud, 5000, start, end), _steps(cloud, 7000, end, end + timedelta(hours=24)))
    await hub.send(_steps(hub, 900, end - timedelta(hours=1), end))

    found = await points(
        cloud,
        "steps",
        "1d",
        **{"from": (start - timedelta(days=1)).isoformat(), "to": (end + timedelta(days=2)).isoformat()},
    )

    assert [(point["t"], point["sum"]) for point in found] == [
        (midnight, pytest.approx(5000)),
        (end.isoformat().replace("+00:00", "Z"), pytest.approx(7000)),
    ]


async def test_hours_that_were_made_are_made_anew_when_the_record_changes(stage: Stage) -> None:
    cloud, phone = await paths(stage, "vendor_oauth", "healthkit")

    async def send(patient: Patient, value: int, revision: int = 1) -> None:
        meta = {"vendor_record_id": "one", "revision": revision}
        await patient.send(patient.reading({"spo2_pct": value}, "2026-05-01T08:30:00Z", meta=meta))

    async def counted() -> tuple[int, float]:
        [point] = await points(cloud, "spo2_pct", "1h")
        return point["count"], point["mean"]

    await send(cloud, 97)
    await send(phone, 97)
    assert await counted() == (1, 97)
    assert await counted() == (1, 97)
    await send(cloud, 95, 2)
    assert await counted() == (2, 96)
    await send(phone, 95, 2)
    assert await counted() == (1, 95)
    await phone.send(phone.wrap("deletion", {}, None).replace(b'"message":{}', b'"record_id":"one"'))
    assert await counted() == (1, 95)
    await cloud.send(cloud.reading({"spo2_pct": 91}, "2026-05-01T08:40:00Z"))
    assert await counted() == (2, 93)


async def test_a_later_sample_changes_the_hours_of_its_whole_day(stage: Stage) -> None:
    cloud, _ = await paths(stage, "vendor_oauth", "healthkit", timezone="Asia/Kolkata")
    midnight = datetime(2026, 4, 30, 18, 30, tzinfo=UTC)
    await cloud.send(_steps(cloud, 2400, midnight, midnight + timedelta(hours=24)))
    before = await points(cloud, "steps", "1h")
    assert [point["sum"] for point in before] == [50, *[100] * 23, 50]

    late = midnight + timedelta(hours=23)
    await cloud.send(_steps(cloud, 2400, late, late + timedelta(hours=1)))

    assert {point["t"]: point["sum"] for point in await points(cloud, "steps", "1h")} == {
        "2026-05-01T17:00:00Z": 1200,
        "2026-05-01T18:00:00Z": 1200,
    }
    assert [(point["t"], point["sum"]) for point in await points(cloud, "steps", "1d")] == [
        ("2026-04-30T18:30:00Z", 2400)
    ]


async def test_what_was_made_of_a_device_goes_with_its_record(stage: Stage) -> None:
    hub, cloud, _ = await one_weight_three_times(stage)
    await points(hub, "weight_kg", "1h")
    kept = (
        "SELECT count(*) FROM normalizer.merged_sets JOIN normalizer.merged_hours ON set_id = id"
        " WHERE connections @> ARRAY[$1::uuid]"
    )
    async with stage.pool.acquire() as conn:
        assert await conn.fetchval(kept, cloud.connection_id) == 1
        await delete_everything(conn, cloud.connection_id)
        assert await conn.fetchval(kept, hub.connection_id) == 0

    [point] = await points(hub, "weight_kg", "1h")
    assert point["count"] == 1


async def test_a_chart_of_amounts_reaches_back_so_far(patient: Patient) -> None:
    answer = await patient.get(
        f"/patients/{patient.id}/data",
        {"metric": "steps", "resolution": "1d", "from": "2020-01-01T00:00:00Z", "to": "2026-01-01T00:00:00Z"},
    )

    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "from")


async def known_then(patient: Patient, moment: datetime) -> list[Any]:
    answers = [
        await patient.get(path, {**MONTH, "metric": "weight_kg", "as_of": moment.isoformat()})
        for path in (f"/device-data/{patient.connection_id}", f"/patients/{patient.id}/data")
    ]
    found = [[item["readings"]["weight_kg"] for item in answer.json()["items"]] for answer in answers]
    assert found[0] == found[1]
    return found[0]


async def test_as_known_then(stage: Stage) -> None:
    patient, _ = await paths(stage, "vendor_oauth", "healthkit")
    moments = [datetime.now(UTC)]
    for revision, weight in ((1, 80.0), (2, 81.0), (3, 82.0)):
        meta = {"vendor_record_id": "w:1", "revision": revision}
        await patient.send(patient.reading({"weight_kg": weight}, meta=meta))
        moments.append(datetime.now(UTC))
    await patient.send(patient.wrap("deletion", {}, None).replace(b'"message":{}', b'"record_id":"w:1"'))
    moments.append(datetime.now(UTC))

    assert [await known_then(patient, moment) for moment in moments] == [[], [80.0], [81.0], [82.0], []]


@pytest.mark.parametrize(
    ("params", "code", "field"),
    [
        ({"as_of": "2126-01-01T00:00:00Z"}, "timestamp_ahead", "as_of"),
        ({"as_of": "2026-01-01T00:00:00"}, "timestamp_no_offset", "as_of"),
        ({"as_of": "2026-01-01T00:00:00Z", "resolution": "1h", "metric": "weight_kg"}, "out_of_bounds", "resolution"),
    ],
)  # fmt: skip
async def test_bad_moments_are_named(patient: Patient, params: dict[str, Any], code: str, field: str) -> None:
    answer = await patient.get(f"/patients/{patient.id}/data", params)

    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert answer.json()["errors"][0]["field"] == field
