"""What is told of glucose as a whole: where values lay, and the usual day. Sources stand where it is counted."""

from typing import Literal

import msgspec


class GlucoseBand(msgspec.Struct, frozen=True, kw_only=True):
    """`low` and `high` in mg/dL, `low` included; in range both are. LOW and HIGH of a sensor count at the ends."""

    name: Literal["very_low", "low", "in_range", "high", "very_high"]
    low: float | None
    high: float | None
    count: int
    share_pct: float


class GlucoseRanges(msgspec.Struct, frozen=True, kw_only=True):
    """How many values lay where, from low to high. Of a sensor that measures all the time this is the time in range."""

    count: int
    bands: list[GlucoseBand]


class GlucoseHour(msgspec.Struct, frozen=True, kw_only=True):
    """Where values lay from this hour of the patient's clock to the next, in mg/dL: 5, 25, 50, 75 and 95 % lay below."""

    hour: int
    count: int
    p5: float
    p25: float
    p50: float
    p75: float
    p95: float


class GlucosePattern(msgspec.Struct, frozen=True, kw_only=True):
    """The usual day, and what is told beside it. `hours` has only hours with values, and none at all while `days` or
    `captured_pct` is less than wanted. `mean` in mg/dL; `gmi_pct`: glucose management indicator; `cv_pct`: coefficient of
    variation."""

    days: int
    days_wanted: int
    captured_pct: float
    captured_wanted_pct: float
    count: int
    mean: float | None
    gmi_pct: float | None
    cv_pct: float | None
    hours: list[GlucoseHour]
