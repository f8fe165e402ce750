"""What is told of weight as a whole: days, their average over a week, and how much it changed."""

from datetime import datetime

import msgspec


class WeightDay(msgspec.Struct, frozen=True, kw_only=True):
    """A day of the patient's clock on which something was weighed, from `start` to before `end`. In kg. `mean_7d`: of the
    days with a value among this one and the six before it."""

    start: datetime
    end: datetime
    count: int
    mean: float
    mean_7d: float


class WeightChange(msgspec.Struct, frozen=True, kw_only=True):
    """How many kg the newest day is above what was weighed `days` earlier: the mean of the days with a value from three
    before to three after."""

    days: int
    kg: float


class WeightTrend(msgspec.Struct, frozen=True, kw_only=True):
    """`days` oldest first, only those with a value; `changes` only where something was weighed then."""

    days: list[WeightDay]
    changes: list[WeightChange]
