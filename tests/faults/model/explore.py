"""Every state that a model can reach, breadth first: the first broken promise comes with the shortest way to it.

Knows nothing of readings. A model offers steps; some are faults, and a model spends them from a budget in its state.
"""

from collections import deque
from collections.abc import Hashable, Iterable
from typing import Generic, NamedTuple, Protocol, TypeVar

S = TypeVar("S", bound=Hashable)


class Step(NamedTuple, Generic[S]):
    label: str
    after: S
    is_fault: bool = False


class Model(Protocol[S]):
    """`broken`: the promise that a state breaks, or None. `unfinished`: what is missing when nothing is left to do."""

    def start(self) -> S: ...
    def steps(self, state: S) -> Iterable[Step[S]]: ...
    def broken(self, state: S) -> str | None: ...
    def unfinished(self, state: S) -> str | None: ...


class Violation(NamedTuple):
    promise: str
    steps: tuple[str, ...]

    def __str__(self) -> str:
        told = "\n".join(f"  {number}. {step}" for number, step in enumerate(self.steps, 1))
        return f"{self.promise}\n{told}"


class Explored(NamedTuple):
    """`ends`: states in which only a fault could still happen."""

    states: int
    ends: int
    violation: Violation | None


NEVER_ENDS = "without faults it comes to rest"


def explore(model: Model[S]) -> Explored:
    """Looks at all states. Without a violation this is a proof for the model's bounds, not a sample:

    no state breaks a promise, and from each of them every run without a further fault comes to rest, finished.
    """
    start = model.start()
    came_by: dict[S, tuple[S, str] | None] = {start: None}
    calm: dict[S, list[S]] = {}
    """What follows from a state without a fault."""
    waiting = deque([start])
    ends = 0
    while waiting:
        state = waiting.popleft()
        promise = model.broken(state)
        if promise is None:
            steps = list(model.steps(state))
            calm[state] = [step.after for step in steps if not step.is_fault]
            if not calm[state]:
                ends += 1
                promise = model.unfinished(state)
        if promise is not None:
            return Explored(len(came_by), ends, Violation(promise, _way_to(state, came_by)))
        for step in steps:
            if step.after not in came_by:
                came_by[step.after] = (state, step.label)
                waiting.append(step.after)
    restless = _in_a_circle(calm)
    violation = None if restless is None else Violation(NEVER_ENDS, _way_to(restless, came_by))
    return Explored(len(came_by), ends, violation)


def _way_to(state: S, came_by: dict[S, tuple[S, str] | None]) -> tuple[str, ...]:
    labels = []
    while (before := came_by[state]) is not None:
        state, label = before
        labels.append(label)
    return tuple(reversed(labels))


def _in_a_circle(follows: dict[S, list[S]]) -> S | None:
    """A state from which a run may never end, or None: takes away states that nothing leads to, until none is left."""
    led_to = dict.fromkeys(follows, 0)
    for afters in follows.values():
        for after in afters:
            led_to[after] += 1
    free = [state for state, count in led_to.items() if not count]
    left = len(led_to)
    while free:
        left -= 1
        for after in follows[free.pop()]:
            led_to[after] -= 1
            if not led_to[after]:
                free.append(after)
    return next(state for state, count in led_to.items() if count) if left else None
