"""When a process is started again: pure decisions, with the time passed in."""

import pytest

from runtime.supervised import HEALTHY_S, LONGEST_S, Supervised, backoff_s


class Program:
    """A program whose end the test decides."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None

    def poll(self) -> int | None:
        return self.returncode

    def send_signal(self, number: int) -> None:
        self.returncode = -number


@pytest.fixture
def programs() -> list[Program]:
    return []


@pytest.fixture
def supervised(programs: list[Program]) -> Supervised:
    def start() -> Program:
        programs.append(Program(100 + len(programs)))
        return programs[-1]

    one = Supervised("one", start, lambda pid: True)
    one.start()
    return one


def test_patience_grows_to_a_limit() -> None:
    waits = [backoff_s(deaths) for deaths in range(1, 9)]

    assert waits == sorted(waits)
    assert waits[0] == pytest.approx(0.1)
    assert waits[-1] == LONGEST_S


def test_a_death_is_noticed_once_and_followed_by_a_start(
    supervised: Supervised, programs: list[Program]
) -> None:
    programs[0].returncode = -9

    assert supervised.has_died(now=10.0)
    assert not supervised.has_died(now=10.0)
    assert not supervised.is_due(now=10.05)
    assert supervised.is_due(now=10.2)
    supervised.restart()
    assert (supervised.pid, supervised.restarts, supervised.last_code) == (101, 1, -9)


def test_one_that_dies_at_once_again_and_again_waits_longer(
    supervised: Supervised, programs: list[Program]
) -> None:
    for death in range(1, 5):
        programs[-1].returncode = 1
        assert supervised.has_died(now=float(death))
        assert supervised.deaths == death
        supervised.restart()


def test_one_that_had_recovered_starts_from_the_first_wait(
    supervised: Supervised, programs: list[Program]
) -> None:
    programs[-1].returncode = 1
    supervised.has_died(now=0.0)
    supervised.restart()
    programs[-1].returncode = 1
    supervised.has_died(now=0.5)
    supervised.restart()
    assert supervised.becomes_ready(now=1.0)

    programs[-1].returncode = -9
    supervised.has_died(now=1.0 + HEALTHY_S)

    assert supervised.deaths == 1


def test_it_turns_ready_once_per_start(supervised: Supervised, programs: list[Program]) -> None:
    assert supervised.becomes_ready(now=0.0)
    assert not supervised.becomes_ready(now=0.1)
    programs[0].returncode = 1
    supervised.has_died(now=5.0)
    assert supervised.state == "waiting"
    supervised.restart()
    assert supervised.state == "starting"
    assert supervised.becomes_ready(now=6.0)
