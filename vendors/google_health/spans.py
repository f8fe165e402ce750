"""When it was: the five ways in which a data point or a sum says so.

`physicalTime` and `startTime` are instants and are used; a civil time is read in the person's zone only where there is
nothing else.
"""

from datetime import datetime, timedelta, timezone
from typing import Any

import msgspec

from proto.vendors.instants import Instant, day, in_zone, iso, offset_of, rfc3339, wall_clock
from proto.vendors.quantities import decimal_of


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """`key`: what makes it the same time in another telling. `local_time`: the clock of the person, with its offset."""

    at: Instant
    end: datetime | None = None
    local_time: str | None = None
    key: str


def span_of(point: dict[str, Any], value: dict[str, Any], zone: str) -> Span | None:
    interval, sample = value.get("interval"), value.get("sampleTime")
    if isinstance(interval, dict):
        return _interval(interval, zone)
    if isinstance(sample, dict):
        at = iso(sample.get("physicalTime"))
        if at is not None:
            return _span(at, None, sample.get("utcOffset"))
        return _civil(sample.get("civilTime"), None, zone)
    if isinstance(value.get("date"), dict):
        return _day(value["date"], zone)
    if "startTime" in point:
        return _interval(point, zone)
    return _civil(point.get("civilStartTime"), point.get("civilEndTime"), zone)


def _interval(interval: dict[str, Any], zone: str) -> Span | None:
    at = iso(interval.get("startTime"))
    if at is None:
        return _civil(interval.get("civilStartTime"), interval.get("civilEndTime"), zone)
    return _span(at, iso(interval.get("endTime")), interval.get("startUtcOffset"))


def _span(at: datetime, end: datetime | None, offset: Any) -> Span:
    delta = offset_of(decimal_of(offset.removesuffix("s"))) if isinstance(offset, str) else None
    key = f"{rfc3339(at)}/{'' if end is None else rfc3339(end)}"
    return Span(at=Instant(at), end=end, local_time=_local(at, delta), key=key)


def _local(at: datetime, delta: timedelta | None) -> str | None:
    try:
        return None if delta is None else at.astimezone(timezone(delta)).isoformat(timespec="seconds")
    except (ValueError, OverflowError):
        return None


def _civil(start: Any, end: Any, zone: str) -> Span | None:
    """A whole local day is from midnight to midnight, however many hours that is."""
    first, last = _wall(start), _wall(end)
    if first is None:
        return None
    return Span(
        at=in_zone(first, zone),
        end=None if last is None else in_zone(last, zone).at,
        key=f"{first}/{'' if last is None else last}",
    )


def _day(date: dict[str, Any], zone: str) -> Span | None:
    text = _date(date)
    found = day(text, zone)
    return None if found is None else Span(at=found[0], end=found[1], key=text)


def _wall(civil: Any) -> datetime | None:
    if not isinstance(civil, dict) or not isinstance(civil.get("date"), dict):
        return None
    time = civil["time"] if isinstance(civil.get("time"), dict) else {}
    clock = ":".join(f"{_whole(time.get(part)):02}" for part in ("hours", "minutes", "seconds"))
    return wall_clock(f"{_date(civil['date'])}T{clock}")


def _date(date: dict[str, Any]) -> str:
    return f"{_whole(date.get('year')):04}-{_whole(date.get('month')):02}-{_whole(date.get('day')):02}"


def _whole(value: Any) -> int:
    """0 where it is missing: an hour of 0 is not written."""
    return int(decimal_of(value) or 0)
