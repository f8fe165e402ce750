"""The usual day of a glucose sensor, and what is told beside it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proto.glucose import GlucosePattern
from services.normalizer.pattern import glucose_pattern
from services.normalizer.question import Value
from services.normalizer.tests.conftest import Patient

BEGIN = datetime(2026, 5, 1, tzinfo=UTC)
FIVE = timedelta(minutes=5)
BERLIN = ZoneInfo("Europe/Berlin")


def worn(days: float, value: Callable[[datetime], float], step: timedelta = FIVE) -> list[Value]:
    return [
        (at, value(at), None) for n in range(int(timedelta(days=days) / step)) if (at := BEGIN + n * step)
    ]


def of(values: list[Value], days: float = 14, zone: ZoneInfo | None = None) -> GlucosePattern:
    return glucose_pattern(values, BEGIN, BEGIN + timedelta(days=days), zone or ZoneInfo("UTC"))


def test_hours_are_those_of_the_patients_clock() -> None:
    two_at_night = worn(14, lambda at: 200 if at.hour in (1, 2, 3) else 100)

    found = of(two_at_night, zone=BERLIN)  # two hours ahead in May

    assert [hour.hour for hour in found.hours] == list(range(24))
    assert {hour.hour for hour in found.hours if hour.p50 >= 183} == {3, 4, 5}
    assert (found.hours[4].p50, found.hours[12].p50) == (200, 100)


def test_an_hour_is_smoothed_with_its_neighbours_also_across_midnight() -> None:
    found = of(worn(14, lambda at: 220 if at.hour == 0 else 100))

    assert [found.hours[hour].p50 for hour in (22, 23, 0, 1, 2)] == [100, 120, 180, 120, 100]


def test_percentiles_are_in_order_and_of_the_values() -> None:
    found = of(worn(14, lambda at: 80 + at.day * 10))

    noon = found.hours[12]
    assert (noon.p5, noon.p50, noon.p95, noon.count) == (90, 155, 220, 14 * 12)
    assert noon.p5 < noon.p25 < noon.p50 < noon.p75 < noon.p95


@pytest.mark.parametrize(
    ("values", "days", "captured_pct", "has_hours"),
    [
        (worn(14, lambda _: 100), 14, 100, True),
        (worn(14, lambda _: 100, timedelta(minutes=15)), 14, 100, True),
        (worn(9, lambda _: 100), 9, 100 * 9 / 14, False),
        ([one for one in worn(14, lambda _: 100) if one[0].hour < 16], 14, 100 * 16 / 24, False),
        ([one for one in worn(14, lambda _: 100) if one[0].hour < 17], 14, 100 * 17 / 24, True),
        ([], 0, 0, False),
    ],
    ids=["always", "every quarter of an hour", "nine days", "16 hours a day", "17 hours a day", "never"],
)
def test_a_pattern_wants_days_and_most_of_each(
    values: list[Value], days: int, captured_pct: float, has_hours: bool
) -> None:
    found = of(values)

    assert (found.days, bool(found.hours)) == (days, has_hours)
    assert found.captured_pct == pytest.approx(captured_pct)
    assert (found.days_wanted, found.captured_wanted_pct) == (14, 70)


def test_hours_without_values_are_left_out_and_are_not_made_of_those_beside_them() -> None:
    found = of([one for one in worn(14, lambda _: 100) if one[0].hour >= 6])

    assert [hour.hour for hour in found.hours] == list(range(6, 24))
    assert {hour.p50 for hour in found.hours} == {100}


def test_figures_beside_it_are_of_all_values() -> None:
    found = of([(BEGIN, 100, None), (BEGIN + FIVE, 200, None), (BEGIN + 2 * FIVE, 150, None)])

    assert (found.count, found.mean) == (3, 150)
    assert found.gmi_pct == pytest.approx(3.31 + 0.02392 * 150)
    assert found.cv_pct == pytest.approx(100 * 50 / 150)


def test_low_and_high_stand_just_outside_of_what_is_measured() -> None:
    found = of([(BEGIN, None, "low"), (BEGIN + FIVE, None, "high"), (BEGIN + 2 * FIVE, None, None)])

    assert (found.count, found.mean) == (2, 220)


def test_of_one_value_nothing_varies_and_of_none_there_is_no_mean() -> None:
    assert of([(BEGIN, 100, None)]).cv_pct is None
    assert (of([]).mean, of([]).gmi_pct) == (None, None)


@given(st.lists(st.floats(20, 600), min_size=24, max_size=24))
def test_every_hour_lies_between_the_values_of_three(by_hour: list[float]) -> None:
    found = of(worn(14, lambda at: by_hour[at.hour]))

    for hour in found.hours:
        near = [by_hour[(hour.hour + step) % 24] for step in (-1, 0, 1)]
        assert min(near) - 1e-6 <= hour.p5 <= hour.p95 <= max(near) + 1e-6


@pytest.mark.integration
async def test_a_pattern_is_asked_of_a_device(patient: Patient) -> None:
    await patient.send(
        *(
            patient.reading({"glucose_mg_dL": 100 + n}, (BEGIN + n * FIVE).isoformat(), meta={})
            for n in range(3)
        )
    )
    path = f"/device-data/{patient.connection_id}/glucose-pattern"

    answer = await patient.get(
        path, {"from": BEGIN.isoformat(), "to": (BEGIN + timedelta(days=14)).isoformat()}
    )
    too_long = await patient.get(path, {"from": "2026-01-01T00:00:00Z", "to": "2026-05-01T00:00:00Z"})

    assert answer.json() | {"captured_pct": 0} == {
        "days": 1,
        "days_wanted": 14,
        "captured_pct": 0,
        "captured_wanted_pct": 70.0,
        "count": 3,
        "mean": 101.0,
        "gmi_pct": pytest.approx(3.31 + 0.02392 * 101),
        "cv_pct": pytest.approx(100 / 101),
        "hours": [],
    }
    assert (too_long.status_code, too_long.json()["errors"][0]["field"]) == (422, "from")
