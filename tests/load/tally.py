"""What a day must come to, computed from its samples alone: sums, extremes, counts, newest values.

It knows the vocabulary (`proto.metrics`) and nothing of the services: it is the other side of the comparison.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, time
from math import isclose
from typing import Any
from zoneinfo import ZoneInfo

from proto.metrics import BY_NAME
from simulator.physiology import Sample

Bucket = Callable[[datetime], datetime]
"""The moment that stands for all that lie in the same hour, minute or day."""


def hour(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def minute(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(second=0, microsecond=0)


def day_in(zone: ZoneInfo) -> Bucket:
    """The local midnight before."""
    return lambda at: datetime.combine(at.astimezone(zone).date(), time(), zone).astimezone(UTC)


@dataclass
class Point:
    """`n` counts numbers; for a metric without numbers, how often there was a value. Markers count beside it."""

    min: float | None = None
    max: float | None = None
    sum: float | None = None
    n: int = 0
    low: int = 0
    high: int = 0

    def add(self, number: float | None, marker: str | None) -> None:
        if marker:
            self.low += marker == "low"
            self.high += marker == "high"
            return
        self.n += 1
        if number is not None:
            self.min = number if self.min is None else min(self.min, number)
            self.max = number if self.max is None else max(self.max, number)
            self.sum = number if self.sum is None else self.sum + number

    @property
    def mean(self) -> float | None:
        return None if self.sum is None else self.sum / self.n

    def same_as(self, other: "Point") -> bool:
        """Sums may differ in their last digits: they depend on the order of adding."""
        exact = (self.min, self.max, self.n, self.low, self.high)
        return exact == (other.min, other.max, other.n, other.low, other.high) and alike(self.sum, other.sum)


def alike(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return one is other
    return isclose(one, other, rel_tol=1e-9, abs_tol=1e-9)


@dataclass
class Newest:
    """The last time a name was told, and what was told then: several values when several readings have that time."""

    at: datetime
    values: list[Any]


@dataclass
class Tally:
    """Of one device, or of several. Readings that may be another person's or of a wrong clock are only counted."""

    bucket: Bucket = hour
    count: int = 0
    points: dict[str, dict[datetime, Point]] = field(default_factory=dict)
    """By metric and moment."""
    newest: dict[str, Newest] = field(default_factory=dict)

    def add(self, sample: Sample) -> None:
        self.count += 1
        if sample.meta.get("clock_suspect") or sample.meta.get("ambiguous_user"):
            return
        moment = self.bucket(sample.timestamp)
        for metric, number, marker in _told(sample.readings):
            self.points.setdefault(metric, {}).setdefault(moment, Point()).add(number, marker)
        for name, value in sample.readings.items():
            known = self.newest.get(name)
            if known is None or sample.timestamp > known.at:
                self.newest[name] = Newest(sample.timestamp, [value])
            elif sample.timestamp == known.at:
                known.values.append(value)


def tally_of(samples: Iterable[Sample], bucket: Bucket = hour) -> Tally:
    tally = Tally(bucket)
    for sample in samples:
        tally.add(sample)
    return tally


def _told(readings: dict[str, Any]) -> Iterator[tuple[str, float | None, str | None]]:
    """Metric, its number if it has one that is summed up, and the marker that stands in the number's place."""
    marker = readings.get("glucose_out_of_range")
    if marker:
        yield "glucose_mg_dL", None, marker
    for name, value in readings.items():
        if marker and name == "glucose_mg_dL":
            continue
        parts = {f"{name}.{part}": inner for part, inner in value.items()} if isinstance(value, dict) else {}
        for metric, inner in (parts or {name: value}).items():
            yield metric, inner if BY_NAME[metric].rollup else None, None
