"""Points across a patient's connections: each measurement once, amounts by time. Reads rows only where it must.

An hour in which one source told of a kind is answered by its rollup. What several told is made from the rows when it is
first asked for, and kept with a stamp of the rollups around it: as soon as one of those is written again, so is the hour.
"""

import asyncio
from bisect import bisect_left, bisect_right
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import accumulate, combinations
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from chassis.db import Connection
from proto.errors import Refused
from proto.identity import digest
from proto.metrics import METRICS, Metric
from proto.words import Kind
from services.normalizer import resolution as res
from services.normalizer.domain import hour_of
from services.normalizer.matching import Group, Source, are_apart, match_kinds, reach
from services.normalizer.merging import NAMES, joined, sightings_of
from services.normalizer.question import Question, Value
from services.normalizer.resolution import Bucket
from services.normalizer.segments import LONGEST, Sample, add_up, lay
from services.normalizer.store import merged, queries
from services.normalizer.store.merged import BITS, Told
from services.normalizer.store.queries import Rollup, Row

HOUR: Final = timedelta(hours=1)
CROWDED: Final = 240
"""An hour with more readings than this is a stream: the source that ranks first in it speaks for it."""
AMOUNTS_REACH: Final = timedelta(days=400)
"""Amounts are laid out sample by sample, so their charts reach back so far."""
AT_ONCE: Final = timedelta(days=8)
"""So much is read and laid out in one go: others want to be served between."""
BEFORE_AMOUNTS: Final = 2 * LONGEST
"""An hour's amount may be the rest of a day's total, and that depends on what ran into the day from before."""
RULES: Final = b"1"
"""Another number makes every kept hour anew: raise it when the tables of likeness or the order of sources change."""
_MASK: Final = (1 << 63) - 1
_NO_ZONE: Final = b""

IDS: Final[dict[Kind, list[int]]] = {}
for _metric in METRICS:
    IDS.setdefault(_metric.kind, []).append(_metric.id)


def _pairs(sources: Iterable[Source]) -> list[int]:
    """The pairs of sources that may tell one measurement, as bits of their places."""
    found = combinations(enumerate(sources), 2)
    return [1 << i % BITS | 1 << j % BITS for (i, one), (j, other) in found if not are_apart(one, other)]


def set_of(sources: Sequence[Source], zone: bytes) -> UUID:
    """The name of these sources in this order, under these rules."""
    parts = [
        b"%d:%b:%b:%d" % (source.rank, source.id.bytes, source.model_id.bytes, source.is_device)
        for source in sources
    ]
    return digest(RULES, zone, *parts)


def stamps_around(
    told: list[Told], hours: Iterable[datetime], before: timedelta, after: timedelta
) -> dict[datetime, int]:
    """For each hour the versions of all that was told from `before` it until `after` its end, in one number."""
    times = [each.t for each in told]
    mixed = (each.stamp ^ (int(each.t.timestamp()) * 0x9E3779B97F4A7C15) for each in told)
    sums = list(accumulate(mixed, lambda total, one: (total + one) & _MASK, initial=0))
    return {
        t: (sums[bisect_left(times, t + HOUR + after)] - sums[bisect_left(times, t - before)]) & _MASK
        for t in hours
    }


# --- measurements --------------------------------------------------------------------------------------------------


async def hours(
    conn: Connection, q: Question, metric: Metric, since: datetime, until: datetime
) -> list[Rollup]:
    """The hours of a metric, each measurement in them once."""
    sources = sorted(q.sources)
    ids = [source.id for source in sources]
    set_id = set_of(sources, _NO_ZONE)
    pairs = _pairs(sources)
    found: list[Rollup] = []
    crowded: list[datetime] = []
    shared: dict[datetime, int] = {}
    for hour in await merged.select_hours(conn, set_id, ids, metric.id, IDS[metric.kind], since, until):
        if hour.is_made or not any(pair & hour.heard == pair for pair in pairs):
            found.append(hour.rollup)
        elif hour.crowd > CROWDED:
            crowded.append(hour.rollup.t)
        else:
            shared[hour.rollup.t] = hour.stamp
    if crowded:
        found += await merged.select_first(conn, ids, metric.id, crowded)
    if shared:
        made = await _count_once(conn, q, metric, list(shared))
        await merged.keep_made(conn, set_id, ids, metric.id, made, shared)
        found += made
    return found


async def _count_once(conn: Connection, q: Question, metric: Metric, missing: list[datetime]) -> list[Rollup]:
    points = {t: Bucket(t) for t in missing}
    for stretch in _portions(joined((t, t + HOUR) for t in missing)):
        for ts, value, marker in await values(conn, q, metric, *stretch):
            add_value(points[hour_of(ts)], metric, value, marker)
    return [_rollup(bucket) for bucket in points.values()]


def add_value(bucket: Bucket, metric: Metric, value: float | None, marker: str | None) -> None:
    if marker and metric.name == "glucose_mg_dL":
        bucket.add(None, None, None, 0, int(marker == "low"), int(marker == "high"))
    else:
        bucket.add(value, value, value, 1, 0, 0)


def _rollup(bucket: Bucket) -> Rollup:
    return Rollup(
        t=bucket.t,
        min=bucket.min,
        max=bucket.max,
        sum=bucket.sum if bucket.n else None,
        n=bucket.n,
        low=bucket.low,
        high=bucket.high,
    )


def _portions(stretches: Iterable[tuple[datetime, datetime]]) -> Iterator[tuple[datetime, datetime]]:
    """The same time in stretches that are not too long."""
    for since, until in stretches:
        while since < until:
            yield since, min(until, since + AT_ONCE)
            since += AT_ONCE


async def values(
    conn: Connection, q: Question, metric: Metric, since: datetime, until: datetime
) -> list[Value]:
    """Times, values and glucose markers of one metric, each measurement once."""
    name, _, part = metric.name.partition(".")
    found = []
    for group in await _groups(conn, q, metric.kind, since, until):
        value = group.value(name)
        if part and isinstance(value, dict):
            value = value.get(part)
        marker = group.value("glucose_out_of_range") if name == "glucose_mg_dL" else None
        number = float(value) if isinstance(value, int | float) else None
        if number is not None or marker:
            found.append((group.head.at, number, marker))
    return found


async def _groups(conn: Connection, q: Question, kind: Kind, since: datetime, until: datetime) -> list[Group]:
    """The measurements of a kind in a stretch of time, oldest first."""
    around = reach([kind], len(q.sources))
    rows = await queries.select_around(
        conn, q.connection_ids, [(since - around, until + around)], names=NAMES[kind]
    )
    groups = await asyncio.to_thread(_match, rows, q.sources, kind)
    return [group for group in groups if since <= group.head.at < until]


def _match(rows: list[Row], sources: list[Source], kind: Kind) -> list[Group]:
    return match_kinds(sightings_of(rows, sources, NAMES[kind])).get(kind, [])


# --- amounts -------------------------------------------------------------------------------------------------------


async def amounts(
    conn: Connection, q: Question, metric: Metric, since: datetime | None, until: datetime
) -> list[Bucket]:
    """Steps, energy, distance by minutes, hours or local days: each stretch of time once, also of one device alone."""
    begin = _begin(q, since, until)
    if q.resolution == "1m":
        return await _minutes_of_amounts(conn, q, metric, begin, until)
    is_daily = q.resolution == "1d"
    first = res.day_of(begin, q.zone) if is_daily else hour_of(begin + HOUR - timedelta.resolution)
    points: dict[datetime, Bucket] = {}
    for row in await _hours_of_amounts(conn, q, metric, first, until):
        t = res.day_of(row.t, q.zone) if is_daily else hour_of(row.t) if row.t.minute else row.t
        points.setdefault(t, Bucket(t)).add(row.min, row.max, row.sum, row.n, 0, 0)
    return [point for point in points.values() if not is_daily or res.next_day(point.t, q.zone) > begin]


def _begin(q: Question, since: datetime | None, until: datetime) -> datetime:
    """Where a chart of amounts begins; 422 `out_of_bounds` when more is asked for."""
    earliest = until - AMOUNTS_REACH
    if since is None:
        return max(earliest, res.earliest(q.resolution, until))
    if since < earliest:
        raise Refused("out_of_bounds", field="from")
    return since


async def _minutes_of_amounts(
    conn: Connection, q: Question, metric: Metric, since: datetime, until: datetime
) -> list[Bucket]:
    first = res.minute_of(since)
    points = []
    for stretch in _portions([(first, until)]):
        points += await _lay_out(conn, q, metric, *stretch, res.minute_of, lambda t: t + timedelta(minutes=1))
    return points


async def _made(
    conn: Connection,
    set_id: UUID,
    ids: list[UUID],
    metric: Metric,
    stamps: dict[datetime, int],
    make: Callable[[list[datetime]], Awaitable[list[Rollup]]],
) -> list[Rollup]:
    """What is kept of these hours and still true, and the rest made anew and kept."""
    kept = await merged.select_made(conn, set_id, metric.id, min(stamps), max(stamps) + HOUR)
    good = [hour for t, (stamp, hour) in kept.items() if stamps.get(t) == stamp]
    there = {hour.t for hour in good}
    missing = [t for t in stamps if t not in there]
    if not missing:
        return good
    new = await make(missing)
    await merged.keep_made(conn, set_id, ids, metric.id, new, stamps)
    return good + new


async def _hours_of_amounts(
    conn: Connection, q: Question, metric: Metric, since: datetime, until: datetime
) -> list[Rollup]:
    """Hours, and of an hour that a local midnight cuts its two parts."""
    sources = sorted(q.sources)
    ids = [source.id for source in sources]
    begin, end = hour_of(since), hour_of(until + HOUR - timedelta.resolution)
    told = await merged.select_told(
        conn, ids, metric.id, IDS[metric.kind], begin - BEFORE_AMOUNTS, end + LONGEST
    )
    marks = _marks(told, begin, until, res.edges(begin, end, q.zone), q.zone)
    if not marks:
        return []

    def mark_of(t: datetime) -> datetime:
        place = bisect_right(marks, t)
        return max(hour_of(t), marks[place - 1]) if place else hour_of(t)

    def after(t: datetime) -> datetime:
        place = bisect_right(marks, t)
        whole = hour_of(t) + HOUR
        return min(whole, marks[place]) if place < len(marks) else whole

    async def make(missing: list[datetime]) -> list[Rollup]:
        made = {t: Bucket(t) for t in missing}
        for stretch in _portions(joined((t, after(t)) for t in missing)):
            for bucket in await _lay_out(conn, q, metric, *stretch, mark_of, after):
                if bucket.t in made:
                    made[bucket.t] = bucket
        return [_rollup(bucket) for bucket in made.values()]

    stamps = stamps_around(told, marks, BEFORE_AMOUNTS, LONGEST)
    return await _made(conn, set_of(sources, q.zone.key.encode()), ids, metric, stamps, make)


def _marks(
    told: list[Told], since: datetime, until: datetime, cut: list[datetime], zone: ZoneInfo
) -> list[datetime]:
    """Where the hours begin into which anything told may reach, and the midnights within them."""
    reached: set[datetime] = set()
    t = since
    for each in told:
        t, end = max(t, each.t), min(each.t + LONGEST + HOUR, until)
        while t < end:
            reached.add(t)
            t += HOUR
    halves = {res.day_of(t + HOUR - timedelta.resolution, zone) for t in cut if t in reached}
    return sorted(reached | {t for t in halves if since <= t < until})


async def _lay_out(
    conn: Connection,
    q: Question,
    metric: Metric,
    since: datetime,
    until: datetime,
    bucket_of: Callable[[datetime], datetime],
    next_bucket: Callable[[datetime], datetime],
) -> list[Bucket]:
    """The buckets that begin in a stretch, out of all that may reach into it."""
    samples = []
    for group in await _groups(conn, q, metric.kind, since - BEFORE_AMOUNTS, until + LONGEST):
        amount = group.value(metric.name)
        if amount is not None:
            head = group.head
            samples.append(
                Sample(head.id, (head.source.rank, head.source.id), head.at, head.end, float(amount))
            )
    return await asyncio.to_thread(_add_up, samples, since, until, bucket_of, next_bucket)


def _add_up(
    samples: list[Sample],
    since: datetime,
    until: datetime,
    bucket_of: Callable[[datetime], datetime],
    next_bucket: Callable[[datetime], datetime],
) -> list[Bucket]:
    pieces = [piece for piece in lay(samples) if piece.end > since and piece.start < until]
    return [bucket for bucket in add_up(pieces, bucket_of, next_bucket) if since <= bucket.t < until]
