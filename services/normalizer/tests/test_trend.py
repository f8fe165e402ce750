"""The trend of a weight: days, their average, and the change since a week and a month earlier."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proto.weight import WeightTrend
from services.normalizer.question import Value
from services.normalizer.resolution import day_start
from services.normalizer.tests.conftest import Patient
from services.normalizer.trend import DAY, REACH, weight_trend

BERLIN = ZoneInfo("Europe/Berlin")
TODAY = date(2026, 5, 31)


def weighed(kg: float, ago: int, hour: float = 7) -> Value:
    return day_start(TODAY - ago * DAY, BERLIN) + timedelta(hours=hour), kg, None


def of(*values: Value, since: int = 90) -> WeightTrend:
    return weight_trend(values, day_start(TODAY - since * DAY, BERLIN), BERLIN)


def changes(*values: Value) -> dict[int, float]:
    return {change.days: change.kg for change in of(*values).changes}


def test_three_weighings_of_one_morning_are_one_day() -> None:
    found = of(weighed(80, 1), weighed(82, 0, 7), weighed(83, 0, 7.1), weighed(84, 0, 7.2))

    assert [(day.count, day.mean, day.mean_7d) for day in found.days] == [(1, 80, 80), (3, 83, 81.5)]


def test_the_average_is_of_a_day_and_the_six_before_it() -> None:
    found = of(weighed(100, 7), weighed(90, 6), weighed(80, 0))

    assert [day.mean_7d for day in found.days] == [100, 95, 85]


def test_days_are_those_of_the_patients_clock_of_23_and_25_hours() -> None:
    spring, autumn = date(2026, 3, 29), date(2026, 10, 25)
    values: list[Value] = []
    for day in (spring, autumn):
        midnight = day_start(day, BERLIN)
        end = day_start(day + DAY, BERLIN)
        values += [
            (midnight - timedelta(minutes=1), 70, None),
            (midnight, 80, None),
            (end - timedelta(minutes=1), 82, None),
        ]

    found = weight_trend(values, datetime(2026, 1, 1, tzinfo=UTC), BERLIN).days

    assert [(day.mean, (day.end - day.start) / timedelta(hours=1)) for day in found] == [
        (70, 24),
        (81, 23),
        (70, 24),
        (81, 25),
    ]


def test_days_before_the_beginning_only_count_for_those_after_it() -> None:
    found = of(weighed(90, 9), weighed(82, 3), weighed(80, 0), since=2)

    assert [(day.start, day.mean_7d) for day in found.days] == [(day_start(TODAY, BERLIN), 81)]
    assert [(change.days, change.kg) for change in found.changes] == [(7, -10)]


@pytest.mark.parametrize(
    ("earlier", "expected"),
    [
        ([(81, 7)], {7: -1}),
        ([(81, 4), (83, 10)], {7: -2}),
        ([(81, 3), (83, 11)], {}),
        ([(78, 27), (79, 33)], {30: 1.5}),
        ([(70, 26), (70, 34)], {}),
        ([(80, 7), (80, 30)], {7: 0, 30: 0}),
    ],
    ids=[
        "that day",
        "days around it",
        "days too far from it",
        "around a month",
        "far from a month",
        "the same",
    ],
)
def test_a_change_is_told_where_something_was_weighed_then(
    earlier: list[tuple[float, int]], expected: dict[int, float]
) -> None:
    assert changes(weighed(80, 0), *(weighed(kg, ago) for kg, ago in earlier)) == expected


def test_a_change_is_since_before_the_newest_day_and_not_since_now() -> None:
    assert changes(weighed(80, 20), weighed(81, 27)) == {7: -1}


def test_of_nothing_there_is_no_trend() -> None:
    assert of() == of((datetime(2026, 5, 31, 7, tzinfo=UTC), None, None)) == WeightTrend(days=[], changes=[])


@given(
    st.dictionaries(st.integers(0, 120), st.lists(st.floats(20, 300), min_size=1, max_size=3), max_size=40)
)
def test_averages_lie_between_what_was_weighed_and_reach_no_further_than_is_read(
    by_day: dict[int, list[float]],
) -> None:
    values = [weighed(kg, ago, 7 + n) for ago, numbers in by_day.items() for n, kg in enumerate(numbers)]
    begin = day_start(TODAY - 30 * DAY, BERLIN)

    found = weight_trend(values, begin, BERLIN)

    for day in found.days:
        near = [kg for at, kg, _ in values if kg and day.end - timedelta(days=7, hours=2) <= at < day.end]
        assert min(near) - 1e-9 <= day.mean_7d <= max(near) + 1e-9
    assert found == weight_trend([one for one in values if one[0] >= begin - REACH], begin, BERLIN)


@pytest.mark.integration
async def test_a_trend_is_asked_of_a_scale_and_is_of_its_owner_alone(patient: Patient) -> None:
    def reading(kg: float, at: str, **meta: object) -> bytes:
        return patient.reading({"weight_kg": kg}, at, meta=meta)

    await patient.send(
        reading(81, "2026-05-01T07:00:00+02:00"),
        reading(80, "2026-05-08T07:00:00+02:00"),
        reading(30, "2026-05-08T07:05:00+02:00", ambiguous_user=True),
    )
    path = f"/device-data/{patient.connection_id}/weight-trend"

    answer = await patient.get(path, {"from": "2026-05-05T12:00:00Z", "to": "2026-05-31T00:00:00Z"})
    too_long = await patient.get(path, {"from": "2026-01-01T00:00:00Z", "to": "2026-05-01T00:00:00Z"})

    assert answer.json() == {
        "days": [
            {
                "start": "2026-05-07T22:00:00Z",
                "end": "2026-05-08T22:00:00Z",
                "count": 1,
                "mean": 80.0,
                "mean_7d": 80.0,
            }
        ],
        "changes": [{"days": 7, "kg": -1.0}],
    }
    assert (too_long.status_code, too_long.json()["errors"][0]["field"]) == (422, "from")
