"""One measurement that came by several paths, found as one. Pure: the same readings give the same answer in any order.

Kind by kind, since grants are by kind: what a reader may not see cannot change what they do see. Two readings of
different connections are the same measurement when each is the other's nearest that agrees with it (`agree`). Every group
has a head, the one whose path ranks first; each other member agrees with the head itself, so that every copy is explained
by the reading that is shown. Whether a reading is a head depends on its neighbours only, no further away than `reach`.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any, Final
from uuid import UUID

import msgspec

from proto.metrics import KIND_OF
from proto.provenance import Likeness
from proto.state import ConnectionState
from proto.words import Kind
from services.normalizer.likeness import CUMULATIVE, FROM_THE_DEVICE, NOT_COMPARED, RANK, TOLERANCE, WINDOW

_HAIR: Final = 1e-9
"""81.2 − 81.1 is a little more than 0.1."""


class Source(msgspec.Struct, frozen=True, order=True, cache_hash=True):
    """A connection as the matcher sees it; in the order in which sources are believed."""

    rank: int
    id: UUID
    model_id: UUID
    is_device: bool


def source_of(connection: ConnectionState) -> Source:
    method = connection.pairing_method
    return Source(RANK[method], connection.id, connection.device_model_id, method in FROM_THE_DEVICE)


class Sighting(msgspec.Struct, frozen=True, kw_only=True):
    """A stored reading: what one source told of a moment. `end`: of a stretch of time."""

    id: UUID
    source: Source
    at: datetime
    values: dict[str, Any]
    end: datetime | None = None
    serial: str | None = None
    vendor: str | None = None
    stands_alone: bool = False
    """Of an unknown person or time: listed, and never taken for another."""


class Group(msgspec.Struct, frozen=True):
    """One measurement of one kind: the reading that is shown, and its copies by rank."""

    head: Sighting
    copies: list[Sighting]

    def value(self, name: str) -> Any:
        """A value of the measurement: the head's, or that of the first copy which has it."""
        return next((one.values[name] for one in (self.head, *self.copies) if name in one.values), None)


class Merged(msgspec.Struct, frozen=True):
    """A reading as it is shown: values of the kinds for which it is the head, and who else told them, and why."""

    sighting: Sighting
    readings: dict[str, Any]
    also: list[tuple[Sighting, list[Likeness]]]


def reach(kinds: Iterable[Kind], sources: int) -> timedelta:
    """How far around a reading others must be known to say what becomes of it: one step a source."""
    return max((WINDOW[kind] for kind in kinds), default=timedelta()) * (sources + 1)


def are_apart(one: Source, other: Source) -> bool:
    """Whether two sources can never tell the same measurement."""
    return one.id == other.id or (one.is_device and other.is_device and one.model_id != other.model_id)


def agree(one: Sighting, other: Sighting, kind: Kind) -> dict[str, float] | None:
    """Whether two sightings (of that kind's values) are the same measurement: by how much their numbers are off, or None."""
    if are_apart(one.source, other.source) or (one.serial and other.serial and one.serial != other.serial):
        return None
    window = WINDOW[kind]
    if abs(one.at - other.at) > window or not _ends_agree(one, other, kind):
        return None
    shared = one.values.keys() & other.values.keys()
    off: dict[str, float] = {}
    if not shared or not all(
        _same(name, one.values[name], other.values[name], window, off) for name in shared
    ):
        return None
    return off


def likeness(one: Sighting, other: Sighting, kind: Kind) -> Likeness | None:
    """Why two sightings are the same measurement, for people to read."""
    off = agree(one, other, kind)
    if off is None:
        return None
    return Likeness(kind=kind, seconds=abs(one.at - other.at).total_seconds(), off=dict(sorted(off.items())))


def _ends_agree(one: Sighting, other: Sighting, kind: Kind) -> bool:
    if one.end is None or other.end is None:
        return kind not in CUMULATIVE or one.end is other.end
    return abs(one.end - other.end) <= WINDOW[kind]


def _same(name: str, one: Any, other: Any, window: timedelta, off: dict[str, float]) -> bool:
    """Whether two values of one name are alike; says by how much numbers are off."""
    if isinstance(one, dict) and isinstance(other, dict):
        parts = one.keys() & other.keys()
        return bool(parts) and all(
            _same(f"{name}.{part}", one[part], other[part], window, off) for part in parts
        )
    if name in NOT_COMPARED:
        return True
    if name in ("sleep.start", "sleep.end"):
        return abs(datetime.fromisoformat(one) - datetime.fromisoformat(other)) <= window
    tolerance = TOLERANCE.get(name)
    if tolerance is None:
        return bool(one == other)
    difference = abs(one - other)
    if difference > tolerance + _HAIR:
        return False
    off[name] = round(difference, 6)
    return True


class _Told:
    """What one source told of a kind, in the order of time."""

    def __init__(self, sightings: list[Sighting]) -> None:
        self.all = sorted(sightings, key=attrgetter("at", "id"))
        self._times = [one.at for one in self.all]

    def _around(self, to: Sighting, kind: Kind) -> list[Sighting]:
        since = bisect_left(self._times, to.at - WINDOW[kind])
        until = bisect_right(self._times, to.at + WINDOW[kind])
        return self.all[since:until]

    def nearest(self, to: Sighting, kind: Kind) -> Sighting | None:
        """The one that agrees and is nearest in time; the earlier of two equally near."""
        best: Sighting | None = None
        for one in self._around(to, kind):
            is_nearer = best is None or abs(one.at - to.at) < abs(best.at - to.at)
            if is_nearer and agree(one, to, kind) is not None:
                best = one
        return best

    def is_nearest(self, mine: Sighting, to: Sighting, kind: Kind) -> bool:
        """Whether one that agrees is the nearest that does."""
        near = self._around(to, kind)
        return len(near) == 1 or self.nearest(to, kind) is mine


def match(sightings: Iterable[Sighting], kind: Kind) -> list[Group]:
    """Measurements of one kind, oldest first. `values` hold names of that kind only."""
    by_source: dict[Source, list[Sighting]] = {}
    for one in sightings:
        by_source.setdefault(one.source, []).append(one)
    told = {source: _Told(by_source[source]) for source in sorted(by_source)}
    groups: dict[UUID, Group] = {}
    for source, mine in told.items():
        earlier = [(other, told[other]) for other in told if other < source and not are_apart(other, source)]
        for one in mine.all:
            head = _head_of(one, mine, earlier, groups, kind)
            if head is None:
                groups[one.id] = Group(one, [])
            else:
                groups[head.id].copies.append(one)
    return sorted(groups.values(), key=lambda group: (group.head.at, group.head.id))


def _head_of(
    one: Sighting,
    mine: _Told,
    earlier: list[tuple[Source, _Told]],
    groups: dict[UUID, Group],
    kind: Kind,
) -> Sighting | None:
    for _, theirs in earlier:
        near = theirs.nearest(one, kind)
        if near is not None and near.id in groups and mine.is_nearest(one, near, kind):
            return near
    return None


def match_kinds(sightings: list[Sighting]) -> dict[Kind, list[Group]]:
    """All that the sightings tell, kind by kind; what stands alone is left out."""
    parts: dict[Kind, list[Sighting]] = {}
    for one in sightings:
        if one.stands_alone:
            continue
        found = _by_kind(one.values)
        for kind, values in found.items():
            part = one if len(found) == 1 else msgspec.structs.replace(one, values=values)
            parts.setdefault(kind, []).append(part)
    return {kind: match(told, kind) for kind, told in parts.items()}


def _by_kind(values: dict[str, Any]) -> dict[Kind, dict[str, Any]]:
    found: dict[Kind, dict[str, Any]] = {}
    for name, value in values.items():
        found.setdefault(KIND_OF[name], {})[name] = value
    return found


def merge(sightings: list[Sighting]) -> list[Merged]:
    """The readings as they are shown, newest first: each value once, with all who told it."""
    readings: dict[UUID, dict[str, Any]] = {one.id: dict(one.values) for one in sightings if one.stands_alone}
    also: dict[UUID, dict[UUID, tuple[Sighting, list[Likeness]]]] = {}
    for kind, groups in sorted(match_kinds(sightings).items()):
        for group in groups:
            shown = readings.setdefault(group.head.id, {})
            for one in (group.head, *group.copies):
                for name, value in one.values.items():
                    shown.setdefault(name, value)
            for copy in group.copies:
                why = likeness(group.head, copy, kind)
                if why is not None:
                    also.setdefault(group.head.id, {}).setdefault(copy.id, (copy, []))[1].append(why)
    return [
        Merged(one, readings[one.id], sorted(also.get(one.id, {}).values(), key=lambda pair: pair[0].source))
        for one in sorted(sightings, key=attrgetter("at", "id"), reverse=True)
        if one.id in readings
    ]
