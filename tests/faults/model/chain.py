"""The acknowledgement chain: hub and phone → streams → normalizer → record, and the answers on the way back, as steps.

A step is what one process does between two awaits. What is on a disk survives every crash, the rest dies with its
process. Messages overtake one another, come again, and a publish without an answer is repeated. Where each step lives
in the real code: README.md.
"""

import re
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Final, NamedTuple

from tests.faults.model.explore import Step
from tests.faults.model.promises import Mutation, Promise
from tests.faults.model.record import Group, Reading, Record, record

Readings = frozenset[Reading]
NONE: Final[Readings] = frozenset()


class Written(NamedTuple):
    """A message that the server has, but not yet on its disk."""

    stream: str
    group: Group


class Entry(NamedTuple):
    """A message of INGEST."""

    group: Group
    is_acked: bool = False


class Flight(NamedTuple):
    """A publish that waits for its PubAck. `is_stored`: the server knows the message id, whatever it is asked again."""

    group: Group
    is_stored: bool = False


class Work(NamedTuple):
    """A message in the hands of a normalizer, and what it has done with it."""

    group: Group
    done: frozenset[str] = frozenset()
    uncounted: int = 0


class State(NamedTuple):
    # on a disk
    hub: Readings
    """The hub's journal: what has no receipt."""
    phone: Readings
    """What has no 202."""
    mqtt: tuple[Group, ...] = ()
    ingest: tuple[Entry, ...] = ()
    db: Record = Record()
    # dies with its process
    sent: Readings = NONE
    """Of the hub: given to the listener on this connection, waiting for a receipt."""
    unsynced: tuple[Written, ...] = ()
    bridge: Flight | None = None
    asked: Readings = NONE
    """Requests that ingest holds and that are not yet in a group."""
    flight: Flight | None = None
    """The group that ingest has on its way."""
    workers: tuple[Work, ...] = ()
    receipts: Readings = NONE
    # history and budget
    promised: Readings = NONE
    """What a sender was told is safe: by PUBACK, 202 or receipt."""
    crashes: int = 0
    again: int = 0
    """Messages that may still come twice, or answers that may still get lost, without a crash."""


class Bounds(NamedTuple):
    hub: Readings
    phone: Readings
    crashes: int = 2
    again: int = 1


def bounds(hub: str, phone: str, *, crashes: int = 2, again: int = 1) -> Bounds:
    """Keys, a letter each; a digit is the revision of the letter before it: `bounds("a1", "a2b")`."""
    return Bounds(_readings(hub), _readings(phone), crashes, again)


def _readings(text: str) -> Readings:
    return frozenset(Reading(key, int(revision or 0)) for key, revision in re.findall(r"([a-z])(\d?)", text))


class Chain:
    """A model for `explore`. `watched`: the promises that count; the others may break."""

    def __init__(
        self, bounds: Bounds, mutation: Mutation | None = None, watched: Iterable[Promise] = Promise
    ) -> None:
        self._bounds = bounds
        self._mutation = mutation
        self._watched = frozenset(watched)
        self._needs = _needs(mutation)

    def start(self) -> State:
        bounds = self._bounds
        return State(bounds.hub, bounds.phone, crashes=bounds.crashes, again=bounds.again)

    def steps(self, state: State) -> Iterator[Step[State]]:
        yield from self._hub(state)
        yield from self._phone(state)
        yield from self._nats(state)
        yield from self._bridge(state)
        yield from self._ingest(state)
        yield from self._normalizer(state)
        if state.crashes:
            for step in self._crashes(state):
                if step.after != state:  # a process that has nothing to lose need not crash
                    yield step._replace(after=step.after._replace(crashes=state.crashes - 1), is_fault=True)

    # --- the senders

    def _hub(self, s: State) -> Iterator[Step[State]]:
        for r in sorted(s.hub - s.sent):
            after = _written(s._replace(sent=s.sent | {r}), "mqtt", (r,))
            if self._mutation is Mutation.LISTENER_FIRST:
                after = after._replace(promised=s.promised | {r})
            yield Step(f"hub sends {r}", after)
        for r in sorted(s.receipts):
            after = s._replace(hub=s.hub - {r}, sent=s.sent - {r}, receipts=s.receipts - {r})
            yield Step(f"hub hears the receipt of {r}", after._replace(promised=s.promised | {r}))
        if self._mutation is Mutation.HUB_NEVER_RESENDS:
            return
        for r in sorted(s.hub & s.sent):
            # Its five minutes are longer than anything takes, unless a fault makes that take longer.
            if not _is_moving(s, r):
                yield Step(f"hub misses the receipt of {r}", s._replace(sent=s.sent - {r}))
            elif s.again:
                after = s._replace(sent=s.sent - {r}, again=s.again - 1)
                yield Step(f"hub is impatient about {r}", after, is_fault=True)

    def _phone(self, s: State) -> Iterator[Step[State]]:
        held = s.asked | set(s.flight.group) if s.flight else s.asked
        for r in sorted(s.phone - held):
            after = _grouped(s._replace(asked=s.asked | {r}))
            if self._mutation is Mutation.ANSWER_FIRST:
                after = _answered(after, (r,))
            yield Step(f"phone posts {r}", after)

    # --- nats-server

    def _nats(self, s: State) -> Iterator[Step[State]]:
        """One fsync for what is written: what is on the disk sooner was, in another run, written sooner."""
        if not s.unsynced:
            return
        mqtt, ingest, promised = s.mqtt, s.ingest, s.promised
        for stream, group in s.unsynced:
            if stream == "mqtt":
                mqtt = (*mqtt, group)
                promised |= set(group)  # the PUBACK: nobody waits for it, so it is heard at once
            else:
                ingest = (*ingest, Entry(group))
        after = s._replace(mqtt=tuple(sorted(mqtt)), ingest=ingest, promised=promised, unsynced=())
        if self._mutation is Mutation.HUB_TRUSTS_PUBACK:
            after = after._replace(hub=s.hub - promised)
        after = after._replace(bridge=_stored(s, s.bridge), flight=_stored(s, s.flight))
        yield Step("nats-server syncs", after)

    def _is_answered(self, s: State, flight: Flight) -> bool:
        """Whether the PubAck can be heard."""
        early = self._mutation is Mutation.PUBACK_FIRST and Written("ingest", flight.group) in s.unsynced
        return flight.is_stored or early

    def _repeats(self, s: State, who: str, flight: Flight) -> Iterator[Step[State]]:
        """A publish without an answer is sent again with the same id, which the server drops when it has it."""
        if not flight.is_stored and Written("ingest", flight.group) not in s.unsynced:
            yield Step(f"{who} publishes {_told(flight.group)} again", _written(s, "ingest", flight.group))
        elif self._mutation is Mutation.NO_MESSAGE_ID and s.again:
            after = _written(s._replace(again=s.again - 1), "ingest", flight.group)
            yield Step(f"{who} publishes {_told(flight.group)} a second time", after, is_fault=True)

    # --- the edges

    def _bridge(self, s: State) -> Iterator[Step[State]]:
        if s.bridge is None:
            for group in sorted(set(s.mqtt)):
                after = _written(s._replace(bridge=Flight(group)), "ingest", group)
                if self._mutation is Mutation.BRIDGE_FIRST:
                    after = after._replace(mqtt=_without(s.mqtt, group))
                yield Step(f"bridge takes {_told(group)} and publishes it", after)
            return
        group = s.bridge.group
        if self._is_answered(s, s.bridge):
            mqtt = _without(s.mqtt, group)
            after = s._replace(bridge=None, mqtt=mqtt)
            yield Step(f"bridge hears the PubAck and acknowledges {_told(group)}", after)
        if s.again:
            after = _written(s._replace(again=s.again - 1), "ingest", group)
            yield Step(f"another bridge is given {_told(group)} too, and publishes it", after, is_fault=True)
        yield from self._repeats(s, "bridge", s.bridge)

    def _ingest(self, s: State) -> Iterator[Step[State]]:
        if s.flight is None:
            return
        group = s.flight.group
        if self._is_answered(s, s.flight):
            yield Step(
                f"ingest hears the PubAck and answers 202 for {_told(group)}", _grouped(_answered(s, group))
            )
        if s.again:
            after = _grouped(s._replace(flight=None, again=s.again - 1))
            yield Step(f"ingest hears nothing and answers 503 for {_told(group)}", after, is_fault=True)
        yield from self._repeats(s, "ingest", s.flight)

    # --- the record

    def _normalizer(self, s: State) -> Iterator[Step[State]]:
        if not s.workers:
            for group in sorted({entry.group for entry in s.ingest if not entry.is_acked}):
                yield Step(f"normalizer takes {_told(group)}", s._replace(workers=(Work(group),)))
        elif len(s.workers) == 1 and s.again and Entry(s.workers[0].group) in s.ingest:
            group = s.workers[0].group
            after = s._replace(workers=_sorted([*s.workers, Work(group)]), again=s.again - 1)
            yield Step(f"another normalizer is given {_told(group)} too", after, is_fault=True)
        for work in dict.fromkeys(s.workers):
            others = list(s.workers)
            others.remove(work)
            for name, needed in self._needs.items():
                if name in work.done or not needed <= work.done:
                    continue
                label = f"normalizer {name} {_told(work.group)}"
                after, uncounted = self._do(name, s, work)
                done = work.done | {name}
                left = [] if done >= self._needs.keys() else [Work(work.group, done, uncounted)]
                yield Step(label, after._replace(workers=_sorted([*others, *left])))
                if name == "acknowledges" and s.again:
                    lost = s._replace(workers=_sorted([*others, *left]), again=s.again - 1)
                    yield Step(label + ", which is lost", lost, is_fault=True)

    def _do(self, name: str, s: State, work: Work) -> tuple[State, int]:
        """The state after it, and how many rows are not yet counted."""
        group = work.group
        if name == "commits":
            db = record(
                s.db,
                group,
                keyed=self._mutation is not Mutation.NO_KEY,
                newest_wins=self._mutation is not Mutation.LAST_WINS,
            )
            if self._mutation is Mutation.ROLLUP_APART:
                return s._replace(db=db._replace(counted=s.db.counted)), db.counted - s.db.counted
            return s._replace(db=db), 0
        if name == "counts":
            return s._replace(db=s.db._replace(counted=s.db.counted + work.uncounted)), 0
        if name == "says the receipt of":
            return s._replace(receipts=s.receipts | (self._bounds.hub & set(group))), work.uncounted
        return s._replace(ingest=self._acked(s.ingest, group)), work.uncounted

    def _acked(self, entries: tuple[Entry, ...], group: Group) -> tuple[Entry, ...]:
        """Acknowledged, and the janitor's turn at once: a later one would purge the same, or more."""
        if Entry(group) not in entries:
            return entries  # the other one was faster
        at = entries.index(Entry(group))
        marked = [*entries[:at], Entry(group, True), *entries[at + 1 :]]
        if self._mutation is Mutation.JANITOR_EAGER:
            return tuple(marked[at + 1 :])
        while marked and marked[0].is_acked:
            marked.pop(0)
        return tuple(marked)

    # --- faults

    def _crashes(self, s: State) -> Iterator[Step[State]]:
        kept = NONE if self._mutation is Mutation.HUB_IN_MEMORY else s.hub
        yield Step("⚡ the hub loses power", s._replace(hub=kept, sent=NONE, receipts=NONE))
        # Its clients connect again; a hub that does sends all that has no receipt.
        yield Step("⚡ nats-server loses power", s._replace(unsynced=(), sent=NONE, receipts=NONE))
        yield Step("⚡ the bridge is killed", s._replace(bridge=None, receipts=NONE))
        yield Step("⚡ ingest is killed", s._replace(asked=NONE, flight=None))
        yield Step("⚡ the normalizer is killed", s._replace(workers=()))
        unknown = [Work(w.group) if w.done == {"commits"} else w for w in s.workers]
        yield Step("⚡ PostgreSQL dies before it answers the commit", s._replace(workers=_sorted(unknown)))

    # --- promises

    def broken(self, state: State) -> str | None:
        return next(
            (promise.value for promise in _broken(state, self._bounds) if promise in self._watched), None
        )

    def unfinished(self, state: State) -> str | None:
        if Promise.FINISHED not in self._watched:
            return None
        waits = state.hub or state.phone or state.workers
        stored = all(state.db.holds(r) for r in self._bounds.hub | self._bounds.phone)
        return Promise.FINISHED.value if waits or not stored else None


def _needs(mutation: Mutation | None) -> dict[str, frozenset[str]]:
    """What the normalizer does with a message, and what must have been done before."""
    commit = frozenset({"commits"})
    needs = {
        "commits": frozenset[str](),
        "says the receipt of": commit,
        "acknowledges": frozenset({"commits", "says the receipt of"}),
    }
    if mutation is Mutation.ACK_FIRST:
        needs["acknowledges"] = frozenset()
    elif mutation is Mutation.RECEIPT_FIRST:
        needs["says the receipt of"] = frozenset()
    elif mutation is Mutation.ROLLUP_APART:
        needs["counts"] = commit
    return needs


def _broken(s: State, bounds: Bounds) -> Iterator[Promise]:
    for r in s.promised:
        if not s.db.holds(r) and not _is_on_disk(s, r):
            yield Promise.NEWEST if s.db.has(r.key) else Promise.PROMISED
    if len({row.key for row in s.db.rows}) < len(s.db.rows):
        yield Promise.ONCE
    if s.db.counted != len(s.db.rows):
        yield Promise.COUNTED
    if any(not s.db.holds(r) for r in bounds.hub - s.hub):
        yield Promise.FORGOTTEN


def _is_on_disk(s: State, r: Reading) -> bool:
    """In a stream, and it will be delivered."""
    return any(r in group for group in s.mqtt) or any(r in e.group for e in s.ingest if not e.is_acked)


def _is_moving(s: State, r: Reading) -> bool:
    """Somebody still works on it, so that a receipt may come."""
    in_hand = [*(w.group for w in s.unsynced), *(w.group for w in s.workers)]
    flying = s.bridge is not None and r in s.bridge.group
    return flying or r in s.receipts or any(r in group for group in in_hand) or _is_on_disk(s, r)


def _written(s: State, stream: str, group: Group) -> State:
    return s._replace(unsynced=tuple(sorted([*s.unsynced, Written(stream, group)])))


def _grouped(s: State) -> State:
    """Group commit: what waits leaves as one message, at once when none is on its way."""
    if s.flight is not None or not s.asked:
        return s
    group = tuple(sorted(s.asked))
    return _written(s._replace(asked=NONE, flight=Flight(group)), "ingest", group)


def _stored(s: State, flight: Flight | None) -> Flight | None:
    if flight is not None and Written("ingest", flight.group) in s.unsynced:
        return flight._replace(is_stored=True)
    return flight


def _answered(s: State, group: Group) -> State:
    flight = None if s.flight is not None and s.flight.group == group else s.flight
    return s._replace(flight=flight, phone=s.phone - set(group), promised=s.promised | set(group))


def _without(groups: tuple[Group, ...], group: Group) -> tuple[Group, ...]:
    left = list(groups)
    if group in left:
        left.remove(group)
    return tuple(left)


def _sorted(workers: Iterable[Work]) -> tuple[Work, ...]:
    return tuple(sorted(workers, key=lambda work: (work.group, sorted(work.done))))


@cache
def _told(group: Group) -> str:
    return "+".join(map(str, group))
