"""The trend of a weight: each day, the average of seven, and the change since a week and a month earlier. Pure.

Averages are of days and not of readings: who steps on the scale three times in one morning weighs no more for it.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from statistics import fmean
from typing import Final
from zoneinfo import ZoneInfo

from proto.weight import WeightChange, WeightDay, WeightTrend
from services.normalizer import resolution as res
from services.normalizer.question import Value

DAY: Final = timedelta(days=1)
WEEK: Final = 7
EARLIER: Final = (7, 30)
"""Days before the newest one that it is compared with."""
AROUND: Final = 3
"""So many days before and after still count as then: few people weigh themselves on the same day each week."""
REACH: Final = (max(EARLIER) + AROUND + 1) * DAY
"""What is told of a day depends on days so far back."""


def weight_trend(values: Sequence[Value], begin: datetime, zone: ZoneInfo) -> WeightTrend:
    """Of the days from `begin` on; values before it only count for what is told of those."""
    readings: dict[date, list[float]] = {}
    for at, value, _ in values:
        if value is not None:
            readings.setdefault(at.astimezone(zone).date(), []).append(value)
    means = {day: fmean(numbers) for day, numbers in readings.items()}
    first = begin.astimezone(zone).date()
    days = [
        WeightDay(
            start=res.day_start(day, zone),
            end=res.day_start(day + DAY, zone),
            count=len(readings[day]),
            mean=mean,
            mean_7d=fmean(_between(means, day - (WEEK - 1) * DAY, day)),
        )
        for day, mean in sorted(means.items())
        if day >= first
    ]
    return WeightTrend(days=days, changes=_changes(means, max(means)) if days else [])


def _changes(means: Mapping[date, float], newest: date) -> list[WeightChange]:
    then = [(days, newest - days * DAY) for days in EARLIER]
    return [
        WeightChange(days=days, kg=means[newest] - fmean(found))
        for days, day in then
        if (found := _between(means, day - AROUND * DAY, day + AROUND * DAY))
    ]


def _between(means: Mapping[date, float], first: date, last: date) -> list[float]:
    """Those of the days that have one, `last` included."""
    days = (first + n * DAY for n in range((last - first).days + 1))
    return [means[day] for day in days if day in means]
