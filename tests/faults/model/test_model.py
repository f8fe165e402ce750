"""Every promise is kept in every state of the model; every mistake is found, with the way to it."""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from tests.faults.model.cases import (
    CHAIN_FINDS,
    CHAINS,
    CURED,
    HUB,
    LIVE_FINDS,
    LOST,
    PHONE,
    look_at_rest,
    look_for,
)
from tests.faults.model.chain import Bounds, Chain, State, bounds
from tests.faults.model.explore import NEVER_ENDS, Step, Violation, explore
from tests.faults.model.live import Live
from tests.faults.model.promises import Mutation, Promise

FINDS = CHAIN_FINDS | LIVE_FINDS


@pytest.mark.parametrize("size", CHAINS.values(), ids=CHAINS)
def test_the_chain_keeps_every_promise(size: Bounds) -> None:
    found = explore(Chain(size))

    print(f"{found.states} states, {found.ends} ends")
    assert found.violation is None, found.violation
    assert found.ends


def test_a_live_client_sees_each_stored_reading_once() -> None:
    found = explore(Live())

    print(f"{found.states} states, {found.ends} ends")
    assert found.violation is None, found.violation
    assert found.ends


@pytest.mark.parametrize("mutation", FINDS, ids=lambda mutation: mutation.name)
def test_a_mistake_is_found(mutation: Mutation) -> None:
    found = look_for(mutation).violation

    assert found is not None
    assert found.promise == FINDS[mutation], found
    assert found.steps


@pytest.mark.parametrize("mutation", LOST, ids=lambda mutation: mutation.name)
def test_a_crash_turns_it_into_a_loss(mutation: Mutation) -> None:
    found = look_at_rest(LOST[mutation], mutation).violation

    assert found is not None
    assert found.promise == Promise.FINISHED
    assert mutation is Mutation.JANITOR_EAGER or any("⚡" in step for step in found.steps), found


@pytest.mark.parametrize("mutation", CURED, ids=lambda mutation: mutation.name)
def test_the_receipt_cures_what_the_platform_loses_of_a_hub(mutation: Mutation) -> None:
    watched = set(Promise) - {Promise.PROMISED}

    assert explore(Chain(HUB, mutation, watched)).violation is None


@pytest.mark.parametrize("size", [HUB, PHONE], ids=["hub", "phone"])
def test_the_message_id_is_a_help_and_the_record_key_is_the_guarantee(size: Bounds) -> None:
    without_id = explore(Chain(size, Mutation.NO_MESSAGE_ID)).violation
    without_key = explore(Chain(size, Mutation.NO_KEY)).violation

    assert without_id is None, without_id
    assert without_key is not None
    assert without_key.promise == Promise.ONCE


def test_every_mutation_is_looked_for() -> None:
    assert set(FINDS) | {Mutation.NO_MESSAGE_ID} == set(Mutation)


class Clock:
    """Goes on for ever, by two hours or three. One hour is bad."""

    def __init__(self, bad: int) -> None:
        self.bad = bad

    def start(self) -> int:
        return 0

    def steps(self, state: int) -> list[Step[int]]:
        return [Step(f"+{by}", (state + by) % 12) for by in (2, 3)]

    def broken(self, state: int) -> str | None:
        return "bad" if state == self.bad else None

    def unfinished(self, state: int) -> str | None:
        return None


def test_the_search_finds_the_shortest_way_and_what_never_ends() -> None:
    assert explore(Clock(bad=6)).violation == Violation("bad", ("+3", "+3"))
    assert explore(Clock(bad=12)).violation == Violation(NEVER_ENDS, ())


class Wandering(RuleBasedStateMachine):
    """Beyond the bounds of the exploration: a walk through more readings, crashes and redeliveries, to its end."""

    model = Chain(bounds("ghi1j", "i2pqr", crashes=6, again=5))

    def __init__(self) -> None:
        super().__init__()
        self.state: State = self.model.start()
        self.way: list[str] = []

    @rule(choice=st.integers(min_value=0, max_value=10_000))
    def step(self, choice: int) -> None:
        self._go(choice, calm=False)

    def _go(self, choice: int, *, calm: bool) -> bool:
        steps = [step for step in self.model.steps(self.state) if not (calm and step.is_fault)]
        if not steps:
            return False
        step = steps[choice % len(steps)]
        self.state = step.after
        self.way.append(step.label)
        return True

    @invariant()
    def keeps_every_promise(self) -> None:
        assert self.model.broken(self.state) is None, self.way

    def teardown(self) -> None:
        choice = 0
        while self._go(choice, calm=True):
            choice += 7
            self.keeps_every_promise()
        assert self.model.unfinished(self.state) is None, self.way


TestWandering = Wandering.TestCase
TestWandering.settings = settings(max_examples=40, stateful_step_count=50, deadline=None)
