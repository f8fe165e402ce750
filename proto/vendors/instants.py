"""Times from outside: epochs, offsets, wall clocks and dates, as instants in UTC with what had to be assumed.

Wall time is read in the zone of the person at that date. An hour that a clock shows twice is its first occurrence, an
hour that it skips keeps the offset of before the jump (both `fold=0`).
"""

import re
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec

from proto.vendors.quantities import decimal_of

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
PLAUSIBLE_FROM: Final = datetime(2010, 1, 1, tzinfo=UTC)
_NS: Final = {"s": 1_000_000_000, "ms": 1_000_000, "us": 1_000, "ns": 1}
_OFFSET: Final = re.compile(r"^([+-])(\d{1,2})(?::?(\d{2})(?::(\d{2}))?)?$")
_ISO: Final = re.compile(
    r"^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}(?::\d{2})?)(?:[.,](\d{1,9}))?\s*(Z|z|[+-]\d{1,2}(?::?\d{2}(?::\d{2})?)?)?$"
)


class Instant(msgspec.Struct, frozen=True):
    """A time in UTC, and the meta keys that say what was assumed (`tz_assumed`, `time_ambiguous`, `user_timezone`)."""

    at: datetime
    meta: dict[str, Any] = {}


def epoch(value: Any, unit: str = "s") -> datetime | None:
    """Seconds, ms, us or ns since 1970, also as text. Integer arithmetic down to a millisecond; the rest is dropped."""
    number = decimal_of(value)
    if number is None:
        return None
    milliseconds = int(number * _NS[unit]) // 1_000_000
    try:
        return EPOCH + timedelta(milliseconds=milliseconds)
    except OverflowError:
        return None


def iso(text: Any) -> datetime | None:
    """RFC 3339 and its relatives, with `Z` or an offset; None without one. Finer than a millisecond is dropped."""
    found = _split(text)
    if found is None:
        return None
    wall, offset = found
    return None if offset is None else _shifted(wall, offset)


def wall_clock(text: Any) -> datetime | None:
    """The wall time that a text shows, whatever offset it claims: naive."""
    found = _split(text)
    return None if found is None else found[0]


def with_offset(local: Any, offset: Any) -> datetime | None:
    """A wall time and its offset in separate fields: `-07:00`, `-0700`, `-07`, `Z`, or seconds as a number."""
    wall, delta = wall_clock(local), offset_of(offset)
    return None if wall is None or delta is None else _shifted(wall, delta)


def offset_of(value: Any) -> timedelta | None:
    """An offset from UTC: text as in RFC 3339 with or without colon and seconds, `Z`, or a number of seconds."""
    if isinstance(value, str):
        text = value.strip()
        if text.upper() in ("Z", "UTC", "GMT"):
            return timedelta(0)
        match = _OFFSET.match(text)
        if match is not None:
            delta = timedelta(hours=int(match[2]), minutes=int(match[3] or 0), seconds=int(match[4] or 0))
            return -delta if match[1] == "-" else delta
    number = decimal_of(value)
    return None if number is None or abs(number) > 86_400 else timedelta(seconds=float(number))


def local_time(at: datetime, offset: Any) -> str | None:
    """What a clock on the wall showed then, with its offset: for people to read, and the zone stays with the reading."""
    delta = offset_of(offset)
    try:
        return None if delta is None else at.astimezone(timezone(delta)).isoformat(timespec="seconds")
    except (ValueError, OverflowError):
        return None


def later(at: datetime, seconds: Any) -> datetime | None:
    """So many seconds after; None when they are no number, negative or beyond the calendar."""
    number = decimal_of(seconds)
    if number is None or number < 0:
        return None
    try:
        return at + timedelta(milliseconds=int(number * 1000))
    except OverflowError:
        return None


def in_zone(wall: datetime, zone: str) -> Instant:
    """A naive wall time in an IANA zone; an unknown or empty zone is UTC, and said so."""
    found = zone_of(zone)
    if found is None:
        return Instant(_milli(wall.replace(tzinfo=UTC)), {"tz_assumed": "UTC"})
    meta: dict[str, Any] = {"user_timezone": zone}
    first, second = wall.replace(tzinfo=found, fold=0), wall.replace(tzinfo=found, fold=1)
    # PEP 495: in a repeated hour the first occurrence has the larger offset; in a skipped one the smaller.
    before, after = first.utcoffset(), second.utcoffset()
    if before is not None and after is not None and before > after:
        meta["time_ambiguous"] = True
    try:
        return Instant(_milli(first.astimezone(UTC)), meta)
    except (
        OverflowError
    ):  # the first or last day that a calendar has: nobody's reading, and not worth an exception
        return Instant(_milli(wall.replace(tzinfo=UTC)), meta)


def local_text(text: Any, zone: str) -> Instant | None:
    """A text with an offset is that instant; without one it is wall time in the person's zone."""
    exact = iso(text)
    if exact is not None:
        return Instant(exact)
    wall = wall_clock(text)
    if wall is None:
        return None
    return in_zone(wall, zone)


def day(text: Any, zone: str) -> tuple[Instant, datetime] | None:
    """A local date: its midnight and the next one, in UTC. 23 or 25 hours apart where clocks change."""
    try:
        found = date.fromisoformat(str(text).strip()[:10])
        start = in_zone(datetime.combine(found, time()), zone)
        end = in_zone(datetime.combine(found + timedelta(days=1), time()), zone)
    except (ValueError, OverflowError):
        return None
    return start, end.at


def zone_of(name: str) -> ZoneInfo | None:
    if not name:
        return None
    try:
        return ZoneInfo(name)
    except (
        ValueError,
        OSError,
        KeyError,
    ):  # ZoneInfoNotFoundError is a KeyError; a path or folder is an OSError
        return None


def rfc3339(at: datetime) -> str:
    """As answers print it: UTC, `Z`, milliseconds only where there are some."""
    text = at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="auto")
    return (text[:-3] if at.microsecond and at.microsecond % 1000 == 0 else text) + "Z"


def _split(text: Any) -> tuple[datetime, timedelta | None] | None:
    match = _ISO.match(text.strip()) if isinstance(text, str) else None
    if match is None:
        return None
    clock = match[2] if match[2].count(":") == 2 else match[2] + ":00"
    try:
        wall = datetime.fromisoformat(f"{match[1]}T{clock}")
    except ValueError:
        return None
    if not 1 < wall.year < 9999:  # an offset would lead out of the calendar
        return None
    if match[3]:
        wall += timedelta(milliseconds=int(match[3].ljust(9, "0")) // 1_000_000)
    return wall, None if match[4] is None else offset_of(match[4])


def _shifted(wall: datetime, offset: timedelta) -> datetime | None:
    try:
        return wall.replace(tzinfo=timezone(offset)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _milli(at: datetime) -> datetime:
    return at.replace(microsecond=at.microsecond // 1000 * 1000)
