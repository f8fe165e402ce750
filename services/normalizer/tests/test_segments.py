"""Amounts over time: whatever overlaps whatever, each stretch counts once."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.normalizer import resolution as res
from services.normalizer.domain import hour_of
from services.normalizer.segments import Sample, add_up, lay

BERLIN = ZoneInfo("Europe/Berlin")
START = datetime(2026, 5, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
DEVICE, CLOUD, PHONE = (0, UUID(int=1)), (1, UUID(int=2)), (2, UUID(int=3))


def sample(
    number: int, rank: tuple[int, UUID], start: datetime, minutes: float | None, amount: float
) -> Sample:
    end = None if minutes is None else start + timedelta(minutes=minutes)
    return Sample(UUID(int=number), rank, start, end, amount)


@st.composite
def samples(draw: st.DrawFn) -> list[Sample]:
    told = draw(
        st.lists(
            st.tuples(
                st.sampled_from([DEVICE, CLOUD, PHONE]),
                st.integers(0, 47 * 4),
                st.sampled_from([None, 5, 15, 60, 90, 23 * 60, 24 * 60]),
                st.integers(0, 2000),
            ),
            max_size=20,
        )
    )
    return [
        sample(number, rank, START + quarter * timedelta(minutes=15), minutes, float(amount))
        for number, (rank, quarter, minutes, amount) in enumerate(told)
    ]


def by_hours(found: list[Sample]) -> dict[datetime, float]:
    return {bucket.t: bucket.sum for bucket in add_up(lay(found), hour_of, lambda t: t + HOUR)}


def by_days(found: list[Sample], zone: ZoneInfo) -> dict[datetime, float]:
    day: Callable[[datetime], datetime] = lambda t: res.day_of(t, zone)  # noqa: E731
    return {bucket.t: bucket.sum for bucket in add_up(lay(found), day, lambda t: res.next_day(t, zone))}


@given(samples())
def test_hours_add_up_to_days_and_to_the_pieces(found: list[Sample]) -> None:
    total = sum(piece.amount for piece in lay(found))

    assert sum(by_hours(found).values()) == pytest.approx(total)
    assert sum(by_days(found, BERLIN).values()) == pytest.approx(total)


@given(samples(), st.randoms(use_true_random=False))
def test_the_order_of_arrival_does_not_matter(found: list[Sample], random: Any) -> None:
    shuffled = found[:]
    random.shuffle(shuffled)

    assert lay(shuffled) == lay(found)


@given(samples())
def test_no_stretch_is_told_twice_and_nothing_is_invented(found: list[Sample]) -> None:
    pieces = lay(found)

    stretches = [piece for piece in pieces if not piece.is_whole]
    for one, after in pairwise(stretches):
        assert one.end <= after.start
    by_sample: dict[UUID, float] = {}
    for piece in pieces:
        by_sample[piece.sample] = by_sample.get(piece.sample, 0.0) + piece.amount
    amounts = {one.id: one.amount for one in found}
    for id, given_ in by_sample.items():
        assert given_ <= amounts[id] + 1e-6


@given(samples())
def test_a_source_that_stands_first_and_does_not_overlap_itself_is_told_in_full(found: list[Sample]) -> None:
    taken: list[Sample] = []
    for one in found:
        if one.rank == DEVICE and one.end is not None and one.end - one.start <= HOUR:
            end = one.end
            if all(
                other.end is not None and (other.end <= one.start or end <= other.start) for other in taken
            ):
                taken.append(one)
    others = [one for one in found if one.rank != DEVICE]

    pieces = lay([*taken, *others])

    for one in taken:
        assert sum(piece.amount for piece in pieces if piece.sample == one.id) == pytest.approx(one.amount)


@given(st.lists(st.integers(0, 500), min_size=1, max_size=24), st.integers(0, 20_000))
def test_a_daily_total_beside_the_days_samples_is_the_larger_of_the_two(hours: list[int], total: int) -> None:
    if len(hours) == 24:
        hours = hours[:23]  # an hour is left in which the rest may lie
    parts = [sample(n, CLOUD, START + n * HOUR, 60, float(amount)) for n, amount in enumerate(hours)]
    whole = sample(99, CLOUD, START, 24 * 60, float(total))

    assert sum(by_hours([*parts, whole]).values()) == pytest.approx(max(total, sum(hours)))


def test_a_day_that_samples_cover_is_theirs() -> None:
    parts = [sample(n, PHONE, START + n * HOUR, 60, 100.0) for n in range(24)]

    assert by_days([*parts, sample(99, DEVICE, START, 24 * 60, 9000.0)], ZoneInfo("UTC")) == {START: 2400.0}


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-05-01", 24)])
def test_local_days_of_any_length(day: str, hours: int) -> None:
    """A total from local midnight to local midnight is that day's, hour by hour and in one."""
    start = res.day_start(date.fromisoformat(day), BERLIN)
    end = res.next_day(start, BERLIN)
    total = Sample(UUID(int=1), CLOUD, start, end, 2300.0)

    assert end - start == hours * HOUR
    assert by_days([total], BERLIN) == {start: 2300.0}
    assert len(by_hours([total])) == hours
    quarters = [sample(n + 2, DEVICE, start + n * HOUR / 4, 15, 10.0) for n in range(hours * 4)]
    assert by_days([total, *quarters], BERLIN) == {start: pytest.approx(hours * 40.0)}


def test_the_source_that_ranks_first_tells_and_the_next_fills_its_gaps() -> None:
    found = [
        sample(1, DEVICE, START, 60, 500.0),
        sample(2, PHONE, START, 60, 480.0),
        sample(3, PHONE, START + HOUR, 60, 300.0),
    ]

    assert by_hours(found) == {START: 500.0, START + HOUR: 300.0}


def test_instants_count_whole_once_and_are_never_cut() -> None:
    late = START + timedelta(minutes=59, seconds=50)
    found = [
        sample(1, DEVICE, late, None, 40.0),
        sample(2, DEVICE, late + timedelta(seconds=5), None, 2.0),  # the same source: told apart
        sample(3, PHONE, late + timedelta(seconds=20), None, 39.0),  # the same minute, told by another
    ]

    assert by_hours(found) == {START: 42.0}


def test_a_stretch_that_midnight_cuts_is_shared_by_time() -> None:
    midnight = res.day_start(date(2026, 5, 2), BERLIN)
    found = [sample(1, CLOUD, midnight - timedelta(minutes=15), 60, 100.0)]

    assert by_days(found, BERLIN) == {
        res.day_start(date(2026, 5, 1), BERLIN): 25.0,
        midnight: 75.0,
    }
