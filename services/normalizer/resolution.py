"""Which resolution answers a question, and how hours become local days. Pure."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Final, Literal
from zoneinfo import ZoneInfo

import msgspec

from proto.errors import Refused

Resolution = Literal["auto", "raw", "1m", "1h", "1d"]
Concrete = Literal["raw", "1m", "1h", "1d"]
MAX_POINTS: Final = 5000
_STEP: Final = {"1m": timedelta(minutes=1), "1h": timedelta(hours=1), "1d": timedelta(days=1)}


class Bucket(msgspec.Struct):
    """A point in the making."""

    t: datetime
    min: float | None = None
    max: float | None = None
    sum: float = 0.0
    n: int = 0
    low: int = 0
    high: int = 0

    def add(
        self,
        low_value: float | None,
        high_value: float | None,
        sum_: float | None,
        n: int,
        low: int,
        high: int,
    ) -> None:
        self.low += low
        self.high += high
        if low_value is None or high_value is None or sum_ is None:
            return
        self.n += n
        self.sum += sum_
        self.min = low_value if self.min is None else min(self.min, low_value)
        self.max = high_value if self.max is None else max(self.max, high_value)


def choose(
    asked: Resolution, since: datetime | None, until: datetime | None, metric: str | None, now: datetime
) -> Concrete:
    """`auto`: raw up to 24 h, minutes to 3 d, hours to 60 d, else days. Without a range: raw."""
    if asked == "auto":
        if since is None and until is None:
            return "raw"
        span = (until or now) - (since or datetime(2010, 1, 1, tzinfo=UTC))
        if span <= timedelta(hours=24):
            return "raw"
        chosen: Concrete = "1m" if span <= timedelta(days=3) else "1h" if span <= timedelta(days=60) else "1d"
    else:
        chosen = asked
    if chosen != "raw" and metric is None:
        raise Refused("metric_required", field="metric")
    return chosen


def check_points(chosen: Concrete, since: datetime, until: datetime) -> None:
    """At most 5,000 points can be asked for: 422 `out_of_bounds` on `resolution`."""
    if chosen != "raw" and (until - since) / _STEP[chosen] > MAX_POINTS:
        raise Refused("out_of_bounds", field="resolution")


def earliest(chosen: Concrete, until: datetime) -> datetime:
    """Where a question without a beginning begins: as far back as the points reach."""
    return until - MAX_POINTS * _STEP.get(chosen, timedelta(days=1))


def minute_of(ts: datetime) -> datetime:
    return ts.replace(second=0, microsecond=0)


def day_start(day: date, zone: ZoneInfo) -> datetime:
    """Local midnight in UTC; days may have 23 or 25 hours."""
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)


def day_of(ts: datetime, zone: ZoneInfo) -> datetime:
    """The local midnight (in UTC) of the day that holds an instant."""
    return day_start(ts.astimezone(zone).date(), zone)


def next_day(start: datetime, zone: ZoneInfo) -> datetime:
    return day_start(start.astimezone(zone).date() + timedelta(days=1), zone)


def edges(since: datetime, until: datetime, zone: ZoneInfo) -> list[datetime]:
    """The UTC hours within a range that a local midnight cuts in two (zones of :30 and :45), by their start."""
    cut = []
    midnight = day_of(since, zone)
    while midnight < until:
        hour = midnight.replace(minute=0, second=0, microsecond=0)
        if hour != midnight:
            cut.append(hour)
        midnight = next_day(midnight, zone)
    return cut


def buckets(points: Iterable[Bucket]) -> list[Bucket]:
    """Those that hold something, oldest first."""
    return sorted(
        (point for point in points if point.n or point.low or point.high), key=lambda point: point.t
    )
