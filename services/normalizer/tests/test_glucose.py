"""Where glucose values lay."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.normalizer.glucose import band_of, glucose_ranges
from services.normalizer.tests.conftest import Patient

AT = datetime(2026, 5, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "band"),
    [
        (10, "very_low"),
        (53.9, "very_low"),
        (54, "low"),
        (69.9, "low"),
        (70, "in_range"),
        (180, "in_range"),
        (180.1, "high"),
        (250, "high"),
        (250.1, "very_high"),
        (1000, "very_high"),
    ],
)
def test_a_value_lies_in_one_band(value: float, band: str) -> None:
    assert band_of(value) == band


def test_shares_are_of_all_values_and_low_and_high_count_at_the_ends() -> None:
    found = glucose_ranges(
        [(AT, 39, "low"), (AT, None, "high"), (AT, 401, None), (AT, 100, None), (AT, None, None)]
    )

    assert found.count == 4
    assert [(band.name, band.count, band.share_pct) for band in found.bands] == [
        ("very_low", 1, 25),
        ("low", 0, 0),
        ("in_range", 1, 25),
        ("high", 0, 0),
        ("very_high", 2, 50),
    ]
    assert [(band.low, band.high) for band in found.bands] == [
        (None, 54),
        (54, 70),
        (70, 180),
        (180, 250),
        (250, None),
    ]


def test_of_nothing_there_are_no_shares() -> None:
    assert {band.share_pct for band in glucose_ranges([]).bands} == {0}


@pytest.mark.integration
async def test_a_range_of_time_is_asked_and_doubtful_values_are_left_out(patient: Patient) -> None:
    def reading(minutes: int, value: float, **meta: Any) -> bytes:
        return patient.reading(
            {"glucose_mg_dL": value}, (AT + timedelta(minutes=minutes)).isoformat(), meta=meta
        )

    await patient.send(
        reading(-5, 300),
        reading(0, 60),
        reading(5, 100),
        reading(10, 120, ambiguous_user=True),
        reading(15, 400),
    )
    path = f"/device-data/{patient.connection_id}/glucose-ranges"

    answer = await patient.get(path, {"from": AT.isoformat(), "to": (AT + timedelta(minutes=15)).isoformat()})
    too_long = await patient.get(path, {"from": "2026-01-01T00:00:00Z", "to": "2026-05-01T00:00:00Z"})

    assert answer.json()["count"] == 2
    assert [band["count"] for band in answer.json()["bands"]] == [0, 1, 1, 0, 0]
    assert (too_long.status_code, too_long.json()["errors"][0]["field"]) == (422, "from")
