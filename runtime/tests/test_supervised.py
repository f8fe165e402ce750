"""When a process is started again, and how one relieves another: decisions, with the time passed in."""

import signal
from collections.abc import Iterator

import pytest

from runtime.handover import Notices, Word
from runtime.supervised import HEALTHY_S, LONGEST_S, RETIRED_S, Served, Supervised, backoff_s


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


class Heard(Notices):
    """Notices of programs that are no processes."""

    def hear(self, word: Word, program: Program) -> None:
        self._heard.add((program.pid, word))


class Patient(Program):
    """Ends when the test says so, whatever it is told."""

    def __init__(self, pid: int) -> None:
        super().__init__(pid)
        self.told: list[int] = []

    def send_signal(self, number: int) -> None:
        self.told.append(number)


@pytest.fixture
def notices() -> Iterator[Heard]:
    one = Heard()
    yield one
    one.leave(speaks=False)


@pytest.fixture
def patients() -> list[Patient]:
    return []


@pytest.fixture
def served(notices: Heard, patients: list[Patient]) -> Served:
    """One that serves since 0.0."""

    def start() -> Patient:
        patients.append(Patient(100 + len(patients)))
        return patients[-1]

    one = Served("one", start, notices)
    one.start()
    assert not one.becomes_ready(now=0.0)
    notices.hear("serves", patients[0])
    assert one.becomes_ready(now=0.0)
    return one


def test_one_that_leaves_stays_until_its_successor_serves(
    served: Served, notices: Heard, patients: list[Patient]
) -> None:
    settled = [served.settled]
    assert not served.hands_over(now=1.0)
    notices.hear("leaves", patients[0])
    settled.append(served.settled)

    assert served.hands_over(now=1.0)
    assert not served.hands_over(now=1.1)
    assert (served.pid, served.state, patients[0].told) == (100, "ready", [])
    notices.hear("serves", patients[1])
    assert served.hands_over(now=2.0)

    assert (served.pid, served.state, served.restarts) == (101, "ready", 1)
    assert patients[0].told == [signal.SIGINT]
    assert [*settled, served.settled] == [True, False, True]
    assert set(served.pids.values()) == {100, 101}
    patients[0].returncode = 0
    assert not served.has_died(now=3.0)
    assert served.pids == {"one": 101}


def test_a_successor_that_dies_is_followed_by_another(
    served: Served, notices: Heard, patients: list[Patient]
) -> None:
    notices.hear("leaves", patients[0])
    served.hands_over(now=1.0)
    patients[1].returncode = 1

    assert served.hands_over(now=2.0)
    assert not served.hands_over(now=2.05)
    assert served.hands_over(now=2.2)

    assert (served.pid, served.deaths, len(patients)) == (100, 1, 3)
    assert patients[0].told == []


def test_one_that_dies_before_its_successor_serves_is_replaced_by_it(
    served: Served, notices: Heard, patients: list[Patient]
) -> None:
    notices.hear("leaves", patients[0])
    served.hands_over(now=1.0)
    patients[0].returncode = -9

    assert served.has_died(now=1.5)
    assert (served.pid, served.state, len(patients)) == (101, "starting", 2)
    assert not served.is_due(now=9.0)
    notices.hear("serves", patients[1])
    assert served.becomes_ready(now=2.0)


def test_one_that_cannot_finish_is_ended(served: Served, notices: Heard, patients: list[Patient]) -> None:
    notices.hear("leaves", patients[0])
    served.hands_over(now=1.0)
    notices.hear("serves", patients[1])
    served.hands_over(now=2.0)

    served.has_died(now=1.9 + RETIRED_S)
    assert patients[0].told == [signal.SIGINT]
    served.has_died(now=2.0 + RETIRED_S)
    assert patients[0].told == [signal.SIGINT, signal.SIGKILL]
