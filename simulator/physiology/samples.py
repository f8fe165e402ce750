"""The shapes that generators give: one sample, and how a device's names and numbers are trimmed. Pure."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import msgspec

from proto.metrics import BY_NAME, KIND_OF
from proto.words import Kind


class Sample(NamedTuple):
    """One reading as a device would tell it: names of `proto.metrics`, meta as the ingest message takes it."""

    timestamp: datetime
    readings: dict[str, Any]
    meta: dict[str, Any]


def tidy(name: str, value: float, decimals: int | None = None) -> float:
    """Within the instrument's bounds and rounded as it shows it. Whole numbers come as `int`."""
    metric = BY_NAME[name]
    if metric.low is not None and metric.high is not None:
        value = min(metric.high, max(metric.low, value))
    shown = metric.precision if decimals is None else decimals
    # Adding zero: no display shows −0.0, which is what rounding makes of a little less than nothing.
    return round(value) if shown == 0 else round(value, shown) + 0.0


def only(sample: Sample, kinds: Collection[Kind] | None) -> Sample | None:
    """The part of a sample that a connection may send; None when nothing is left."""
    if kinds is None:
        return sample
    kept = {name: value for name, value in sample.readings.items() if KIND_OF[name] in kinds}
    return sample._replace(readings=kept) if kept else None


def shifted(sample: Sample, by: timedelta) -> Sample:
    """The same values at another time, with every time inside moved along."""
    readings = dict(sample.readings)
    if "sleep" in readings:
        night = readings["sleep"]
        readings["sleep"] = {**night, "start": _moved(night["start"], by), "end": _moved(night["end"], by)}
    meta = dict(sample.meta)
    if "interval_end" in meta:
        meta["interval_end"] = _moved(meta["interval_end"], by)
    return Sample(sample.timestamp + by, readings, meta)


def rfc3339(at: datetime) -> str:
    """The instant in UTC, as messages carry it."""
    return str(msgspec.to_builtins(at.astimezone(UTC)))


def _moved(text: str, by: timedelta) -> str:
    return rfc3339(datetime.fromisoformat(text) + by)
