"""When an unwell server is started again: pure decisions, with the time passed in."""

from collections.abc import Iterator
from itertools import pairwise

import pytest

from runtime.checkup import ENOUGH_FREE, LONGEST_S, UNWELL_S, WELL_S, Checkup, patience_s

FULL = "no space left on device"


@pytest.fixture
def checkup() -> Checkup:
    return Checkup()


def restarts(checkup: Checkup, until: int) -> Iterator[int]:
    """The seconds at which one that never gets well is started again."""
    return (now for now in range(until) if checkup.judge("broken", ENOUGH_FREE, float(now)) == "restart")


def test_what_passes_by_itself_is_left_alone(checkup: Checkup) -> None:
    assert checkup.judge(FULL, ENOUGH_FREE, 0.0) is None
    assert checkup.judge(None, ENOUGH_FREE, UNWELL_S - 1) is None
    assert checkup.judge(FULL, ENOUGH_FREE, UNWELL_S) is None


def test_it_is_started_again_once_there_is_space(checkup: Checkup) -> None:
    checkup.judge(FULL, 0, 0.0)

    assert checkup.judge(FULL, ENOUGH_FREE - 1, UNWELL_S) == "tell"
    assert checkup.judge(FULL, ENOUGH_FREE, UNWELL_S + 2) == "restart"


def test_a_person_is_told_once(checkup: Checkup) -> None:
    told = [checkup.judge(FULL, 0, float(now)) for now in range(600)]

    assert told.count("tell") == 1
    assert "restart" not in told


def test_what_a_new_start_does_not_cure_is_tried_less_and_less_often(checkup: Checkup) -> None:
    moments = list(restarts(checkup, 2000))

    waits = [after - before for before, after in pairwise(moments)]
    assert waits == sorted(waits)
    assert waits[-1] == pytest.approx(LONGEST_S, abs=2)


def test_one_that_was_well_for_long_is_new(checkup: Checkup) -> None:
    last = float(max(restarts(checkup, 100)))
    checkup.judge(None, ENOUGH_FREE, last + 1)
    checkup.judge(None, ENOUGH_FREE, last + 1 + WELL_S)

    checkup.judge(FULL, ENOUGH_FREE, last + 100)

    assert checkup.judge(FULL, ENOUGH_FREE, last + 100 + patience_s(0)) == "restart"
