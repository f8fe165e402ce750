"""Lists and newest values across a patient's connections: what the record holds twice is read twice and told once.

Decides by `matching`. What a reading becomes depends on others no further away than `reach`, so every question reads that
much around itself.
"""

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import combinations
from typing import Any, Final
from uuid import UUID

import msgspec
from msgspec import UNSET

from chassis.db import Connection
from chassis.paging import decode_cursor, encode_cursor
from proto.metrics import KIND_OF, METRICS
from proto.provenance import Provenance
from proto.resources import DataAnswer, LatestValue, ReadingItem
from proto.words import Kind
from services.normalizer.likeness import WINDOW
from services.normalizer.matching import Merged, Sighting, Source, are_apart, match_kinds, merge, reach
from services.normalizer.question import BEGINNING, END, Question
from services.normalizer.store import queries
from services.normalizer.store.queries import Row

COUNTED: Final = 1000
"""Up to so many readings of a day are counted as measurements; beyond, as they came."""
SPARE: Final = 32
_ALL: Final = UUID(int=(1 << 128) - 1)

NAMES: Final[dict[Kind, list[str]]] = {}
for _metric in METRICS:
    if "." not in _metric.name:
        NAMES.setdefault(_metric.kind, []).append(_metric.name)


class _Said(msgspec.Struct):
    """What the matcher needs of a reading's meta."""

    interval_end: datetime | None = None
    device_serial_hash: str | None = None
    vendor: str | None = None


_decode_said: Final = msgspec.json.Decoder(_Said).decode


def sightings_of(rows: Iterable[Row], sources: Iterable[Source], names: Iterable[str]) -> list[Sighting]:
    by_id = {source.id: source for source in sources}
    allowed = set(names)
    found = []
    for row in rows:
        values: dict[str, Any] = msgspec.json.decode(row.readings)
        said = _decode_said(row.meta)
        found.append(
            Sighting(
                id=row.id,
                source=by_id[row.device_connection_id],
                at=row.timestamp,
                values={name: value for name, value in values.items() if name in allowed},
                end=said.interval_end,
                serial=said.device_serial_hash,
                vendor=said.vendor,
                stands_alone=row.suspect,
            )
        )
    return found


def can_merge(sources: Iterable[Source]) -> bool:
    """Whether any two of them may tell one measurement."""
    return any(not are_apart(one, other) for one, other in combinations(sources, 2))


def _kinds(names: Iterable[str]) -> set[Kind]:
    return {KIND_OF[name] for name in names}


def _names(kinds: Iterable[Kind]) -> list[str]:
    return [name for kind in sorted(kinds) for name in NAMES[kind]]


def joined(stretches: Iterable[tuple[datetime, datetime]]) -> list[tuple[datetime, datetime]]:
    """The same time in stretches that neither overlap nor touch."""
    joined: list[tuple[datetime, datetime]] = []
    for since, until in sorted(stretches):
        if joined and since <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(until, joined[-1][1]))
        else:
            joined.append((since, until))
    return joined


# --- lists ---------------------------------------------------------------------------------------------------------


async def page(conn: Connection, q: Question) -> DataAnswer:
    """A page of measurements, newest first. The cursor is the place of the last one shown."""
    before = decode_cursor(q.cursor, tuple[datetime, UUID]) if q.cursor else (q.until or END, _ALL)
    size = q.limit + 1 + SPARE
    while True:
        found, is_all = await _heads(conn, q, before, size)
        if is_all or len(found) > q.limit:
            break
        size += max(SPARE, min(size, size * (q.limit + 1) // (len(found) + 1) - size)) + SPARE
    shown = found[: q.limit]
    more = len(found) > q.limit
    return DataAnswer(
        resolution="raw",
        items=[item for _, item in shown],
        next_cursor=encode_cursor(shown[-1][0].at, shown[-1][0].id) if more else None,
    )


async def _heads(
    conn: Connection, q: Question, before: tuple[datetime, UUID], size: int
) -> tuple[list[tuple[Sighting, ReadingItem]], bool]:
    """What the newest `size` readings below the cursor and their copies are, and whether there are no more.

    A measurement may carry a name that only a copy of it has, so readings are looked for a window around its time.
    """
    kinds = _kinds(q.names)
    window = max((WINDOW[kind] for kind in kinds), default=timedelta())
    since, until = q.since or BEGINNING, q.until or END
    times = await queries.select_times(
        conn,
        q.connection_ids,
        max(since - window, BEGINNING),
        min(until, before[0]) + window,
        names=q.names,
        limit=size,
        as_of=q.as_of,
    )
    is_all = len(times) < size
    lowest = since if is_all else max(since, times[-1] + window + timedelta.resolution)
    around = reach(kinds, len(q.sources))
    visible = [name for name in _names(kinds) if name in q.visible]
    near = await queries.select_around(
        conn,
        q.connection_ids,
        joined((t - around, t + around) for t in times),
        names=visible,
        as_of=q.as_of,
    )
    by_id = {row.id: row for row in near}
    found = []
    for one in await _merge(near, q.sources, visible):
        at = one.sighting.at
        is_here = lowest <= at < until and (at, one.sighting.id) < before
        if is_here and not one.readings.keys().isdisjoint(q.names):
            found.append((one.sighting, _item(by_id[one.sighting.id], one, q.names)))
    return found, is_all


async def _merge(rows: list[Row], sources: Iterable[Source], names: Iterable[str]) -> list[Merged]:
    """In a thread: the service also stores readings, and they shall not wait for a long list."""
    return await asyncio.to_thread(lambda: merge(sightings_of(rows, sources, names)))


def _item(row: Row, one: Merged, names: list[str]) -> ReadingItem:
    return ReadingItem(
        id=row.id,
        device_connection_id=row.device_connection_id,
        timestamp=row.timestamp.astimezone(UTC),
        received_at=row.received_at.astimezone(UTC),
        readings={name: value for name, value in one.readings.items() if name in names},
        meta=msgspec.json.decode(row.meta),
        also=[
            Provenance(
                id=copy.id,
                device_connection_id=copy.source.id,
                timestamp=copy.at.astimezone(UTC),
                vendor=copy.vendor or UNSET,
                why=why,
            )
            for copy, why in one.also
        ]
        or UNSET,
    )


# --- the newest ----------------------------------------------------------------------------------------------------


async def latest(
    conn: Connection, found: dict[str, LatestValue], sources: list[Source], names: frozenset[str]
) -> dict[str, LatestValue]:
    """The newest values as found among all rows, each as the measurement that is shown for it."""
    around = {name: reach([KIND_OF[name]], len(sources)) for name in found}
    rows = await queries.select_around(
        conn,
        [source.id for source in sources],
        joined((v.timestamp - around[n], v.timestamp + around[n]) for n, v in found.items()),
        names=sorted(names),
    )
    shown = dict(found)
    groups = match_kinds(sightings_of(rows, sources, names))
    for name, value in found.items():
        near = [
            group
            for group in groups.get(KIND_OF[name], ())
            if group.value(name) is not None and abs(group.head.at - value.timestamp) <= around[name]
        ]
        if near:
            newest = near[-1]
            shown[name] = LatestValue(
                value=newest.value(name),
                timestamp=newest.head.at.astimezone(UTC),
                id=newest.head.id,
                device_connection_id=newest.head.source.id,
            )
    return shown


async def count(
    conn: Connection, sources: list[Source], names: frozenset[str], since: datetime, until: datetime
) -> int:
    """How many measurements there were."""
    counts = await queries.count_since(conn, [source.id for source in sources], since, until)
    told_by = [source for source in sources if source.id in counts]
    came = sum(counts.values())
    if not can_merge(told_by) or came > COUNTED:
        return came
    around = reach(_kinds(names), len(sources))
    rows = await queries.select_around(
        conn, [source.id for source in sources], [(since - around, until + around)], names=sorted(names)
    )
    return sum(since <= one.sighting.at < until for one in await _merge(rows, sources, names))
