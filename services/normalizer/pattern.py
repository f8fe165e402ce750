"""The usual day of a glucose sensor: where values lay at each hour, and the figures that are told beside it. Pure."""

from collections.abc import Sequence
from datetime import datetime, timedelta, tzinfo
from math import ceil
from statistics import fmean, quantiles, stdev
from typing import Final

from proto.glucose import GlucoseHour, GlucosePattern
from services.normalizer.question import Value

DAYS: Final = 14
CAPTURED_PCT: Final = 70.0
"""Less than this says little about other days: Battelino et al., Diabetes Care 2019;42:1593."""
SLOT: Final = timedelta(minutes=15)
"""Sensors tell a value every one to fifteen minutes; what a slot has one of was measured."""
BEYOND: Final = {"low": 39.0, "high": 401.0}
"""mg/dL that stand for LOW and HIGH where a sensor tells no number: just outside of what sensors measure, 40 to 400."""
LEAST: Final = 5
"""Of fewer values there are no percentiles of an hour."""
GMI: Final = (3.31, 0.02392)
"""Glucose management indicator, % from mg/dL: Bergenstal et al., Diabetes Care 2018;41:2275."""
TWENTIETHS: Final = (0, 4, 9, 14, 18)
"""Of the cuts into twenty parts: 5, 25, 50, 75 and 95 %."""
_WEIGHTS: Final = (1, 4, 1)

Spread = tuple[float, ...]


def glucose_pattern(values: Sequence[Value], begin: datetime, end: datetime, zone: tzinfo) -> GlucosePattern:
    """`hours` is empty while there are too few days, or too little of them."""
    known = [(at, number) for at, value, marker in values if (number := _number(value, marker)) is not None]
    days = len({at.astimezone(zone).date() for at, _ in known})
    captured_pct = _captured_pct([at for at, _ in known], begin, end)
    numbers = [number for _, number in known]
    mean = fmean(numbers) if numbers else None
    return GlucosePattern(
        days=days,
        days_wanted=DAYS,
        captured_pct=captured_pct,
        captured_wanted_pct=CAPTURED_PCT,
        count=len(known),
        mean=mean,
        gmi_pct=None if mean is None else GMI[0] + GMI[1] * mean,
        cv_pct=100 * stdev(numbers) / mean if mean and len(numbers) > 1 else None,
        hours=_hours(known, zone) if days >= DAYS and captured_pct >= CAPTURED_PCT else [],
    )


def _number(value: float | None, marker: str | None) -> float | None:
    return BEYOND.get(marker or "") if value is None else value


def _captured_pct(times: Sequence[datetime], begin: datetime, end: datetime) -> float:
    slots = ceil((end - begin) / SLOT)
    return 100 * len({(at - begin) // SLOT for at in times if at < end}) / slots if slots > 0 else 0.0


def _hours(known: Sequence[tuple[datetime, float]], zone: tzinfo) -> list[GlucoseHour]:
    by_hour: list[list[float]] = [[] for _ in range(24)]
    for at, number in known:
        by_hour[at.astimezone(zone).hour].append(number)
    spreads = [_spread(numbers) for numbers in by_hour]
    return [
        GlucoseHour(hour=hour, count=len(by_hour[hour]), p5=p5, p25=p25, p50=p50, p75=p75, p95=p95)
        for hour in range(24)
        if (smooth := _smooth(spreads, hour)) is not None
        for p5, p25, p50, p75, p95 in [smooth]
    ]


def _spread(numbers: Sequence[float]) -> Spread | None:
    if len(numbers) < LEAST:
        return None
    cuts = quantiles(numbers, n=20, method="inclusive")
    return tuple(cuts[place] for place in TWENTIETHS)


def _smooth(spreads: Sequence[Spread | None], hour: int) -> Spread | None:
    """With the hours before and after it, also across midnight; an hour that has no values gets none from beside it."""
    if spreads[hour] is None:
        return None
    beside = [
        (weight, spread)
        for weight, step in zip(_WEIGHTS, (-1, 0, 1), strict=True)
        if (spread := spreads[(hour + step) % 24]) is not None
    ]
    total = sum(weight for weight, _ in beside)
    return tuple(
        sum(weight * spread[place] for weight, spread in beside) / total for place in range(len(TWENTIETHS))
    )
