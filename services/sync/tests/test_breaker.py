"""A vendor that keeps failing: left alone, tried again, and how long that may grow."""

from services.sync.breaker import Breaker
from services.sync.domain import BREAKER_AFTER, BREAKER_BASE_S


class Clock:
    def __init__(self) -> None:
        self.at = 0.0

    def __call__(self) -> float:
        return self.at


def test_looks_that_were_under_way_do_not_add_up() -> None:
    """Six workers that fail together are one failing vendor, not six waits in a row."""
    clock = Clock()
    breaker = Breaker(clock)
    for _ in range(BREAKER_AFTER + 6):
        breaker.failed("somebody")
    assert breaker.closed() == ["somebody"]
    clock.at = BREAKER_BASE_S + 1
    assert breaker.closed() == []


def test_one_failure_after_the_wait_is_enough_and_a_success_forgets_all() -> None:
    clock = Clock()
    breaker = Breaker(clock)
    for _ in range(BREAKER_AFTER):
        breaker.failed("somebody")
    clock.at = BREAKER_BASE_S + 1
    breaker.failed("somebody")
    clock.at += BREAKER_BASE_S + 1
    assert breaker.closed() == ["somebody"]
    clock.at += BREAKER_BASE_S
    breaker.succeeded("somebody")
    breaker.failed("somebody")
    assert breaker.closed() == []
