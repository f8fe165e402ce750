"""From the commit to the eye: outbox → EVENTS → gateway → a live client that resumes by its cursor, as pure steps.

Begins where `chain` ends: what a transaction stored. A client that is too slow is left out; it is told `gap`.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

from tests.faults.model.explore import Step
from tests.faults.model.promises import Mutation, Promise

TRANSACTIONS: Final = (("a", "b"), ("c",))
"""What they store, and each announces as one message."""
LAST: Final = 9


class Position(NamedTuple):
    """A cursor: sequence in EVENTS and part of the message; `LAST` has all of it."""

    sequence: int = 0
    part: int = LAST


class Frame(NamedTuple):
    position: Position
    reading: str


class Subscription(NamedTuple):
    """`waiting`: live frames behind the replay, None when there is none; `replay`: the messages still to be told."""

    at: Position
    waiting: tuple[Frame, ...] | None = None
    replay: tuple[int, ...] = ()
    in_room: bool = True
    outlet: tuple[Frame, ...] = ()

    def told(self, frame: Frame, *, skips: bool = True) -> "Subscription":
        if skips and frame.position <= self.at:
            return self
        return self._replace(at=frame.position, outlet=(*self.outlet, frame))


class State(NamedTuple):
    # on a disk
    committed: int = 0
    outbox: frozenset[int] = frozenset()
    events: tuple[int, ...] = ()
    """Which transaction each message of EVENTS speaks of."""
    # dies with its process
    unsynced: tuple[int, ...] = ()
    head: int = 0
    """Up to where the gateway has read EVENTS."""
    live: Subscription | None = None
    # the client's
    cursor: Position = Position()
    seen: tuple[str, ...] = ()
    # budget
    crashes: int = 0
    again: int = 0


class Live:
    """A model for `explore`."""

    def __init__(self, crashes: int = 2, again: int = 1, mutation: Mutation | None = None) -> None:
        self._begin = State(crashes=crashes, again=again)
        self._mutation = mutation

    def start(self) -> State:
        return self._begin

    def steps(self, state: State) -> Iterator[Step[State]]:
        yield from self._normalizer(state)
        yield from self._nats(state)
        yield from self._gateway(state)
        yield from self._client(state)
        if state.crashes:
            for step in self._crashes(state):
                if step.after != state:
                    yield step._replace(after=step.after._replace(crashes=state.crashes - 1), is_fault=True)

    # --- out of the database

    def _normalizer(self, s: State) -> Iterator[Step[State]]:
        known = {*s.events, *s.unsynced}
        if (number := s.committed) < len(TRANSACTIONS):
            yield Step(
                f"normalizer commits {_named(number)}",
                s._replace(committed=number + 1, outbox=s.outbox | {number}),
            )
            if self._mutation is Mutation.EVENT_FIRST and number not in known:
                yield Step(f"normalizer publishes {_named(number)}", _written(s, number))
        for number in sorted(s.outbox):
            if number not in known:
                yield Step(f"outbox publishes {_named(number)}", _written(s, number))
                continue
            if s.again:  # the sweeper of another replica, or an answer that was not heard
                after = _written(s._replace(again=s.again - 1), number)
                yield Step(f"outbox publishes {_named(number)} again", after, is_fault=True)
            if number in s.events or self._mutation is Mutation.OUTBOX_FIRST:
                after = s._replace(outbox=s.outbox - {number})
                yield Step(f"outbox deletes {_named(number)}", after)

    def _nats(self, s: State) -> Iterator[Step[State]]:
        if not s.unsynced:
            return
        events = s.events
        for number in s.unsynced:
            if number not in events or self._mutation is Mutation.NO_EVENT_ID:
                events = (*events, number)
        yield Step("nats-server syncs", s._replace(events=events, unsynced=()))

    # --- to the client

    def _gateway(self, s: State) -> Iterator[Step[State]]:
        live = s.live
        if s.head < len(s.events):
            sequence = s.head + 1
            for frame in _frames(s.events, sequence):
                if live is None or not live.in_room:
                    continue
                waits = live.waiting is not None
                live = (
                    live._replace(waiting=(*(live.waiting or ()), frame))
                    if waits
                    else self._told(live, frame)
                )
            yield Step(f"gateway reads message {sequence}", s._replace(head=sequence, live=live))
        live = s.live
        if live is None:
            return
        if live.replay:
            sequence, *rest = live.replay
            for frame in _frames(s.events, sequence):
                live = self._told(live, frame)
            yield Step(
                f"gateway replays message {sequence}", s._replace(live=live._replace(replay=tuple(rest)))
            )
        elif live.waiting is not None:
            waiting, live = live.waiting, live._replace(waiting=None, in_room=True)
            for frame in waiting:
                live = self._told(live, frame)
            yield Step("gateway goes live", s._replace(live=live))

    def _told(self, live: Subscription, frame: Frame) -> Subscription:
        return live.told(frame, skips=self._mutation is not Mutation.NO_SKIP)

    def _client(self, s: State) -> Iterator[Step[State]]:
        if s.live is None:
            yield Step(f"client subscribes after {_at(s.cursor)}", s._replace(live=self._join(s)))
        elif s.live.outlet:
            frame, *rest = s.live.outlet
            cursor = frame.position
            if self._mutation is Mutation.NO_INDEX:
                cursor = Position(cursor.sequence)
            after = s._replace(
                live=s.live._replace(outlet=tuple(rest)), cursor=cursor, seen=(*s.seen, frame.reading)
            )
            yield Step(f"client sees {frame.reading}, cursor {_at(cursor)}", after)

    def _join(self, s: State) -> Subscription:
        if (
            s.cursor.sequence > s.head
        ):  # another gateway was further: what is live will be skipped up to there
            behind = self._mutation is Mutation.OWN_HEAD
            return Subscription(Position(s.head) if behind else s.cursor)
        first = s.cursor.sequence + (s.cursor.part == LAST)
        replay = tuple(range(max(first, 1), s.head + 1))
        return Subscription(s.cursor, (), replay, in_room=self._mutation is not Mutation.REPLAY_FIRST)

    # --- faults

    def _crashes(self, s: State) -> Iterator[Step[State]]:
        yield Step("⚡ nats-server loses power", s._replace(unsynced=()))
        yield Step("⚡ the gateway is killed", s._replace(live=None, head=len(s.events)))
        yield Step("⚡ the client's connection is cut", s._replace(live=None))
        yield Step(
            "⚡ the client meets a gateway that is behind", s._replace(live=None, head=max(0, s.head - 1))
        )
        if self._mutation is Mutation.NO_OUTBOX:
            yield Step("⚡ the normalizer is killed", s._replace(outbox=frozenset()))

    # --- promises

    def broken(self, state: State) -> str | None:
        return next((promise.value for promise in _broken(state)), None)

    def unfinished(self, state: State) -> str | None:
        everything = sorted(reading for stored in TRANSACTIONS for reading in stored)
        return None if sorted(state.seen) == everything and not state.outbox else Promise.SEEN.value


def _broken(s: State) -> Iterator[Promise]:
    known = {*s.events, *s.unsynced}
    if any(number >= s.committed for number in known):
        yield Promise.REAL
    if not set(range(s.committed)) <= {*s.events, *s.outbox}:
        yield Promise.ANNOUNCED
    if len(set(s.seen)) < len(s.seen):
        yield Promise.SEEN_ONCE
    told = [frame for number in range(len(s.events)) for frame in _frames(s.events, number + 1)]
    if any(frame.position <= s.cursor and frame.reading not in s.seen for frame in told):
        yield Promise.MISSED


def _frames(events: tuple[int, ...], sequence: int) -> list[Frame]:
    readings = TRANSACTIONS[events[sequence - 1]]
    last = len(readings) - 1
    return [
        Frame(Position(sequence, LAST if index == last else index), reading)
        for index, reading in enumerate(readings)
    ]


def _written(s: State, number: int) -> State:
    return s._replace(unsynced=(*s.unsynced, number))


def _named(number: int) -> str:
    return "+".join(TRANSACTIONS[number])


def _at(cursor: Position) -> str:
    return f"{cursor.sequence}.{'last' if cursor.part == LAST else cursor.part}"
