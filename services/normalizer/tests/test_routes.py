"""Queries: pages, points, latest, export, and who may see what."""

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from services.normalizer.tests.conftest import Patient, Stage

pytestmark = pytest.mark.integration

START = datetime(2026, 5, 1, tzinfo=UTC)


async def fill(patient: Patient, days: float = 2, every_min: int = 30) -> int:
    """Weights that rise by one a step, from midnight UTC of 1 May."""
    count = int(days * 24 * 60 / every_min)
    items = [
        patient.reading(
            {"weight_kg": 50 + n % 40, "spo2_pct": 97}, (START + n * timedelta(minutes=every_min)).isoformat()
        )
        for n in range(count)
    ]
    for start in range(0, count, 250):
        await patient.send(*items[start : start + 250])
    return count


async def test_pages_go_back_in_time_without_a_gap_or_a_double(patient: Patient) -> None:
    count = await fill(patient)
    path, seen, cursor = f"/device-data/{patient.connection_id}", [], None
    while True:
        params: dict[str, Any] = {"limit": 37, "metric": "weight_kg"} | ({"cursor": cursor} if cursor else {})
        answer = (await patient.get(path, params)).json()
        seen += answer["items"]
        cursor = answer["next_cursor"]
        if cursor is None:
            break

    times = [item["timestamp"] for item in seen]
    assert len(seen) == count
    assert times == sorted(times, reverse=True)
    assert len({item["id"] for item in seen}) == count
    assert set(seen[0]["readings"]) == {"weight_kg"}


async def test_a_glucose_value_never_comes_without_the_sensors_word(patient: Patient) -> None:
    low = {"glucose_mg_dL": 39, "glucose_out_of_range": "low", "glucose_trend": "single_down"}
    await patient.send(patient.reading({**low, "weight_kg": 80}, START.isoformat()))

    answer = await patient.get(f"/device-data/{patient.connection_id}", {"metric": "glucose_mg_dL"})

    assert [item["readings"] for item in answer.json()["items"]] == [low]


async def test_from_is_included_and_to_is_not(patient: Patient) -> None:
    await fill(patient, days=0.5)

    answer = await patient.get(
        f"/device-data/{patient.connection_id}",
        {"from": "2026-05-01T01:00:00Z", "to": "2026-05-01T02:00:00Z", "metric": "weight_kg"},
    )

    assert [item["timestamp"] for item in answer.json()["items"]] == [
        "2026-05-01T01:30:00Z",
        "2026-05-01T01:00:00Z",
    ]


@pytest.mark.parametrize(
    ("days", "chosen"), [(1, "raw"), (1.5, "1m"), (3, "1m"), (3.1, "1h"), (60, "1h"), (61, "1d")]
)
async def test_auto_resolution(patient: Patient, days: float, chosen: str) -> None:
    until = START + timedelta(days=days)

    answer = await patient.get(
        f"/device-data/{patient.connection_id}",
        {"metric": "weight_kg", "from": START.isoformat(), "to": until.isoformat()},
    )

    assert answer.json()["resolution"] == chosen


async def test_points_of_all_resolutions_agree_with_the_readings(patient: Patient) -> None:
    count = await fill(patient)
    whole = {"metric": "weight_kg", "from": "2026-04-30T12:00:00Z", "to": "2026-05-03T12:00:00Z"}

    for resolution in ("1m", "1h", "1d"):
        answer = await patient.get(
            f"/device-data/{patient.connection_id}", {**whole, "resolution": resolution}
        )
        points = answer.json()["points"]
        times = [point["t"] for point in points]
        assert times == sorted(times)
        assert sum(point["count"] for point in points) == count
        assert min(point["min"] for point in points) == 50
        assert max(point["max"] for point in points) == 89
        assert sum(point["mean"] * point["count"] for point in points) == pytest.approx(
            sum(50 + n % 40 for n in range(count))
        )


@pytest.mark.parametrize(
    ("zone", "starts"),
    [
        ("Europe/Berlin", ["2026-04-30T22:00:00Z", "2026-05-01T22:00:00Z", "2026-05-02T22:00:00Z"]),
        ("Asia/Kolkata", ["2026-04-30T18:30:00Z", "2026-05-01T18:30:00Z", "2026-05-02T18:30:00Z"]),
        ("Asia/Kathmandu", ["2026-04-30T18:15:00Z", "2026-05-01T18:15:00Z", "2026-05-02T18:15:00Z"]),
        ("UTC", ["2026-05-01T00:00:00Z", "2026-05-02T00:00:00Z"]),
    ],
)
async def test_days_are_the_patients_own(stage: Stage, zone: str, starts: list[str]) -> None:
    patient = await Patient(stage).ready(zone)
    count = await fill(patient, every_min=15)

    answer = await patient.get(
        f"/device-data/{patient.connection_id}",
        {
            "metric": "weight_kg",
            "resolution": "1d",
            "from": "2026-04-29T00:00:00Z",
            "to": "2026-05-05T00:00:00Z",
        },
    )

    points = answer.json()["points"]
    assert [point["t"] for point in points] == starts
    assert sum(point["count"] for point in points) == count
    assert {point["count"] for point in points[1:-1]} <= {96}


async def test_a_day_of_23_hours(stage: Stage) -> None:
    patient = await Patient(stage).ready("Europe/Berlin")
    begin = datetime(2026, 3, 28, 23, tzinfo=UTC)
    await patient.send(
        *(
            patient.reading({"spo2_pct": 97}, (begin + n * timedelta(minutes=30)).isoformat())
            for n in range(48)
        )
    )

    answer = await patient.get(
        f"/device-data/{patient.connection_id}",
        {"metric": "spo2_pct", "resolution": "1d", "from": begin.isoformat(), "to": "2026-03-31T00:00:00Z"},
    )

    assert [(p["t"], p["count"]) for p in answer.json()["points"]] == [
        ("2026-03-28T23:00:00Z", 46),
        ("2026-03-29T22:00:00Z", 2),
    ]


@pytest.mark.parametrize(
    ("params", "code", "field"),
    [
        ({"resolution": "1h"}, "metric_required", "metric"),
        ({"from": "2026-01-01T00:00:00Z", "to": "2026-03-01T00:00:00Z"}, "metric_required", "metric"),
        ({"metric": "mood"}, "unknown_metric", "metric"),
        ({"from": "yesterday"}, "wrong_type", "from"),
        ({"from": "2026-01-01T00:00:00"}, "timestamp_no_offset", "from"),
        ({"limit": 0}, "out_of_bounds", "limit"),
        ({"limit": 1001}, "out_of_bounds", "limit"),
        ({"limit": "many"}, "wrong_type", "limit"),
        ({"resolution": "2h", "metric": "weight_kg"}, "wrong_type", "resolution"),
        ({"cursor": "zzz"}, "wrong_type", "cursor"),
        ({"metric": "weight_kg", "resolution": "1m", "from": "2026-01-01T00:00:00Z", "to": "2026-02-01T00:00:00Z"}, "out_of_bounds", "resolution"),
    ],
)  # fmt: skip
async def test_bad_questions_are_named(
    patient: Patient, params: dict[str, Any], code: str, field: str
) -> None:
    answer = await patient.get(f"/device-data/{patient.connection_id}", params)

    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert answer.json()["errors"][0]["field"] == field


async def test_latest_is_the_newest_of_each_name(patient: Patient) -> None:
    await patient.send(
        patient.reading({"weight_kg": 70}, "2026-05-01T08:00:00Z"),
        patient.reading(
            {"blood_pressure": {"systolic": 120, "diastolic": 80}, "irregular_heartbeat": True},
            "2026-05-02T08:00:00Z",
        ),
        patient.reading({"blood_pressure": {"systolic": 130, "diastolic": 85}}, "2026-05-03T08:00:00Z"),
        patient.reading({"weight_kg": 71}, "2026-04-01T08:00:00Z"),
    )

    latest = (await patient.get(f"/device-data/{patient.connection_id}/latest")).json()["latest"]

    assert latest["weight_kg"]["value"] == 70
    assert latest["blood_pressure"]["value"] == {"systolic": 130, "diastolic": 85}
    assert latest["irregular_heartbeat"]["timestamp"] == "2026-05-02T08:00:00Z"


async def test_export_is_complete_and_disarms_formulas(patient: Patient) -> None:
    count = await fill(patient, days=1)
    await patient.send(
        patient.reading({"inhaler_puffs": 1, "inhaler_medication": "=cmd()"}, "2026-05-20T08:00:00Z")
    )

    as_csv = await patient.get(
        f"/device-data/{patient.connection_id}/export", {"format": "csv", "from": "2026-01-01T00:00:00Z"}
    )
    as_json = await patient.get(
        f"/device-data/{patient.connection_id}/export", {"format": "json", "from": "2026-01-01T00:00:00Z"}
    )

    rows = list(csv.DictReader(io.StringIO(as_csv.text)))
    assert len(rows) == count + 1
    assert rows[0]["weight_kg"] == "50"
    assert rows[-1]["inhaler_medication"] == "'=cmd()"
    assert len(as_json.json()["items"]) == count + 1
    assert as_csv.headers["content-disposition"].startswith("attachment")


async def test_strangers_and_unknown_ids_get_the_same_404_and_it_is_audited(
    patient: Patient, postgres_url: str
) -> None:
    stranger = uuid4()
    for suffix in ("", "/latest", "/export"):
        foreign = await patient.get(f"/device-data/{patient.connection_id}{suffix}", user=stranger)
        unknown = await patient.get(f"/device-data/{uuid4()}{suffix}", user=stranger)
        assert foreign.status_code == unknown.status_code == 404
        assert foreign.json() == unknown.json()
    assert (await patient.get(f"/patients/{patient.id}/data", user=stranger)).status_code == 404
    assert (
        await patient.get(f"/patients/{patient.id}/summary", user=stranger, role="admin")
    ).status_code == 404

    conn = await asyncpg.connect(postgres_url)
    denied = await conn.fetch(
        "SELECT * FROM access.audit_logs WHERE patient_id = $1 AND actor_id = $2", patient.id, str(stranger)
    )
    await conn.close()
    assert {row["outcome"] for row in denied} == {"denied"}
    assert len(denied) >= 5


async def test_the_log_says_which_kinds_were_looked_at(patient: Patient, postgres_url: str) -> None:
    caregiver = uuid4()
    await patient.grant(caregiver, frozenset({"spo2", "weight"}))
    path = f"/device-data/{patient.connection_id}"

    await patient.get(f"{path}/latest", user=caregiver)
    await patient.get(path, {"metric": "weight_kg"}, user=caregiver)

    conn = await asyncpg.connect(postgres_url)
    rows = await conn.fetch(
        "SELECT details->'data_kinds' AS kinds FROM access.audit_logs WHERE actor_id = $1 ORDER BY ts",
        str(caregiver),
    )
    await conn.close()
    assert [row["kinds"] for row in rows] == ['["spo2", "weight"]', '["weight"]']


async def test_anonymous_is_401(patient: Patient) -> None:
    answer = await patient.stage.client.get(f"/api/v1/device-data/{patient.connection_id}")

    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")


async def test_a_grantee_sees_only_granted_names_and_nothing_without_consent(patient: Patient) -> None:
    caregiver = uuid4()
    await patient.send(patient.reading({"weight_kg": 70, "spo2_pct": 97}))
    await patient.grant(caregiver, frozenset({"spo2"}))
    path = f"/device-data/{patient.connection_id}"

    page = await patient.get(path, user=caregiver, role="caregiver")
    latest = await patient.get(path + "/latest", user=caregiver, role="caregiver")
    outside = await patient.get(path, {"metric": "weight_kg"}, user=caregiver, role="caregiver")
    export = await patient.get(path + "/export", {"format": "json"}, user=caregiver, role="caregiver")

    assert page.json()["items"][0]["readings"] == {"spo2_pct": 97}
    assert set(latest.json()["latest"]) == {"spo2_pct"}
    assert outside.status_code == 404
    assert "weight_kg" not in export.text

    await patient.connect(consent="revoked")
    assert (await patient.get(path, user=caregiver, role="caregiver")).status_code == 404
    assert (await patient.get(path)).status_code == 200


async def test_summary_counts_across_devices(stage: Stage) -> None:
    patient = await Patient(stage).ready()
    at = datetime.now(UTC) - timedelta(hours=1)
    await patient.send(patient.reading({"weight_kg": 70}, at.isoformat()))

    summary = (await patient.get(f"/patients/{patient.id}/summary")).json()

    assert summary["readings_24h"] == 1
    assert summary["latest"]["weight_kg"]["value"] == 70


async def test_what_a_clock_ahead_of_ours_told_is_not_left_out_where_no_end_was_asked_for(
    stage: Stage,
) -> None:
    patient = await Patient(stage).ready()
    at = datetime.now(UTC) + timedelta(minutes=4)
    await patient.send(patient.reading({"weight_kg": 70, "glucose_mg_dL": 100}, at.isoformat()))
    device = f"/device-data/{patient.connection_id}"

    summary, latest, ranges, pattern, trend = [
        (await patient.get(path)).json()
        for path in (
            f"/patients/{patient.id}/summary",
            f"{device}/latest",
            f"{device}/glucose-ranges",
            f"{device}/glucose-pattern",
            f"{device}/weight-trend",
        )
    ]

    assert latest["latest"]["weight_kg"]["value"] == 70
    assert (summary["readings_24h"], ranges["count"], pattern["count"]) == (1, 1, 1)
    assert [day["mean"] for day in trend["days"]] == [70]
    assert pattern["captured_pct"] == 0  # of the time that has been
    now = {"to": datetime.now(UTC).isoformat()}
    assert (await patient.get(f"{device}/weight-trend", now)).json()["days"] == []


async def test_the_newest_of_two_devices_in_one_hour_is_the_newest(stage: Stage) -> None:
    first, second = await Patient(stage).ready(), Patient(stage)
    second.id = first.id
    await second.connect()
    await first.send(
        first.reading({"heart_rate_bpm": 60}, "2026-05-01T08:10:00Z"),
        first.reading({"spo2_pct": 95}, "2026-05-01T08:50:00Z"),
    )
    await second.send(
        second.reading({"heart_rate_bpm": 80}, "2026-05-01T08:40:00Z"),
        second.reading({"spo2_pct": 91}, "2026-05-01T08:20:00Z"),
    )

    latest = (await first.get(f"/patients/{first.id}/summary")).json()["latest"]

    told = {name: (value["value"], value["device_connection_id"]) for name, value in latest.items()}
    assert told["heart_rate_bpm"] == (80, str(second.connection_id))
    assert told["spo2_pct"] == (95, str(first.connection_id))


@pytest.mark.parametrize("resolution", ["1m", "1h", "1d"])
async def test_a_marker_without_a_number_counts_in_every_resolution(stage: Stage, resolution: str) -> None:
    patient = await Patient(stage).ready("Asia/Kolkata")  # its midnight, 18:30 UTC, cuts an hour in two
    await patient.send(patient.reading({"glucose_out_of_range": "high"}, "2026-05-01T18:40:00Z"))

    answer = await patient.get(
        f"/device-data/{patient.connection_id}",
        {
            "metric": "glucose_mg_dL",
            "resolution": resolution,
            "from": "2026-05-01T00:00:00Z",
            "to": "2026-05-03T00:00:00Z",
        },
    )

    assert [(p["count"], p["low"], p["high"]) for p in answer.json()["points"]] == [(0, 0, 1)]
