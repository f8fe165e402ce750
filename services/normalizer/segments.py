"""Steps, energy, distance: amounts over stretches of time, told by several sources at once, added up once. Pure.

Samples are taken in order: what is finer than a day before whole days, then by source, then the shorter before the longer.
Each adds what was not told yet: of its amount, what the earlier ones put into its stretch is taken off, and the rest goes to
the time that none of them covers, evenly. So a daily total beside the day's samples is never added to them (together they
give the larger of the two), and a source that ranks lower only fills gaps. A stretch that a bucket cuts is shared out by
time, so that hours add up to their day, of 23, 24 or 25 hours.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Final
from uuid import UUID

import msgspec

from services.normalizer.resolution import Bucket

TOTAL: Final = timedelta(hours=20)
"""A sample this long is a day's total."""
LONGEST: Final = timedelta(hours=26)
"""How far back a stretch can begin and still matter: a local day of 25 hours, and what clocks say."""
INSTANT: Final = timedelta(minutes=1)
"""What a sample without an end keeps others from telling again."""


class Sample(msgspec.Struct, frozen=True):
    """An amount over [start, end); `end` None: it is only known when."""

    id: UUID
    rank: tuple[int, UUID]
    start: datetime
    end: datetime | None
    amount: float


class Piece(msgspec.Struct, frozen=True):
    """What a sample adds to a stretch that is nobody else's. An instant is never cut: `is_whole`.

    `counts`: whether it tells something; the rest of a sample whose amount was told by others only keeps its place.
    """

    sample: UUID
    rank: tuple[int, UUID]
    start: datetime
    end: datetime
    amount: float
    is_whole: bool = False
    counts: bool = True


def _order(sample: Sample) -> tuple[bool, tuple[int, UUID], timedelta, datetime, UUID]:
    span = timedelta() if sample.end is None else sample.end - sample.start
    return span >= TOTAL, sample.rank, span, sample.start, sample.id


class _Line:
    """Pieces in the order in which they start."""

    def __init__(self) -> None:
        self.pieces: list[Piece] = []
        self._starts: list[datetime] = []

    def put(self, piece: Piece) -> None:
        place = bisect_right(self._starts, piece.start)
        self._starts.insert(place, piece.start)
        self.pieces.insert(place, piece)

    def starting(self, since: datetime, until: datetime) -> list[Piece]:
        return self.pieces[bisect_left(self._starts, since) : bisect_left(self._starts, until)]

    def overlapping(self, since: datetime, until: datetime) -> list[Piece]:
        """Of pieces that do not overlap each other: those that overlap this stretch."""
        first = bisect_left(self._starts, since)
        if first and self.pieces[first - 1].end > since:
            first -= 1
        return self.pieces[first : bisect_left(self._starts, until)]


class _Day:
    """What was told so far: stretches that do not overlap, and instants."""

    def __init__(self) -> None:
        self.stretches = _Line()
        self.instants = _Line()

    def take(self, sample: Sample) -> None:
        if sample.end is None or sample.end <= sample.start:
            self._take_instant(sample)
        else:
            self._take_stretch(sample, sample.end)

    def _take_instant(self, sample: Sample) -> None:
        at, until = sample.start, sample.start + INSTANT
        near = self.instants.starting(at - INSTANT, until)
        others = [one for one in near if one.rank != sample.rank and one.start <= at < one.end]
        if not others and not self.stretches.overlapping(at, at + timedelta.resolution):
            self.instants.put(Piece(sample.id, sample.rank, at, until, sample.amount, True))

    def _take_stretch(self, sample: Sample, end: datetime) -> None:
        told = self.stretches.overlapping(sample.start, end)
        known = sum(share(one, sample.start, end) for one in told)
        known += sum(one.amount for one in self.instants.starting(sample.start, end))
        gaps = _gaps(sample.start, end, told)
        free = sum((until - since for since, until in gaps), timedelta())
        rest = max(0.0, sample.amount - known)
        counts = bool(rest) or not sample.amount
        for since, until in gaps:
            part = rest * ((until - since) / free)
            self.stretches.put(Piece(sample.id, sample.rank, since, until, part, counts=counts))


def _gaps(since: datetime, until: datetime, told: list[Piece]) -> list[tuple[datetime, datetime]]:
    gaps = []
    for one in told:
        if one.start > since:
            gaps.append((since, one.start))
        since = max(since, one.end)
    return [*gaps, (since, until)] if since < until else gaps


def share(piece: Piece, since: datetime, until: datetime) -> float:
    """How much of a piece lies in [since, until)."""
    if piece.is_whole:
        return piece.amount if since <= piece.start < until else 0.0
    begin, end = max(since, piece.start), min(until, piece.end)
    if begin >= end:
        return 0.0
    return (
        piece.amount
        if end - begin == piece.end - piece.start
        else piece.amount * ((end - begin) / (piece.end - piece.start))
    )


def lay(samples: Iterable[Sample]) -> list[Piece]:
    """The stretches that the samples make together, oldest first."""
    day = _Day()
    for sample in sorted(samples, key=_order):
        day.take(sample)
    pieces = [piece for piece in (*day.stretches.pieces, *day.instants.pieces) if piece.counts]
    return sorted(pieces, key=attrgetter("start", "end", "sample"))


def add_up(
    pieces: Iterable[Piece],
    bucket_of: Callable[[datetime], datetime],
    next_bucket: Callable[[datetime], datetime],
) -> list[Bucket]:
    """Buckets of the amounts: their sum, how many samples gave something, and the least and most that one gave."""
    amounts: dict[datetime, dict[UUID, float]] = {}
    for piece in pieces:
        t = bucket_of(piece.start)
        while t < piece.end:
            after = next_bucket(t)
            part = share(piece, t, after)
            found = amounts.setdefault(t, {})
            found[piece.sample] = found.get(piece.sample, 0.0) + part
            if piece.is_whole:
                break
            t = after
    points = []
    for t, parts in amounts.items():
        bucket = Bucket(t)
        for amount in parts.values():
            bucket.add(amount, amount, amount, 1, 0, 0)
        points.append(bucket)
    return points
