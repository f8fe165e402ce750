"""What a cloud holds of a person: records made from a virtual body, with all that goes wrong in real accounts. Pure.

A record is in the house's own words, already as exact as its vendor tells it: what a mapping must give can be compared
with it, number by number. The same seed gives the same records, whenever they are made.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

import msgspec

from proto.metrics import KIND_OF
from simulator.physiology.body import Body, body_of
from simulator.physiology.devices import INSTRUMENTS
from simulator.physiology.noise import uniform
from simulator.physiology.samples import Sample, rfc3339

Quirk = Literal["", "duplicate", "unknown", "goal", "null", "no_offset", "ambiguous"]
"""`duplicate`: told twice. `unknown`: comes with something that nobody maps. `goal`: a wish. `null`: its value is
missing. `no_offset`: its time has no zone. `ambiguous`: perhaps another person's."""

DAY: Final = "day"
SPO2_DAY: Final = "spo2_day"
RECOVERY_DAY: Final = "recovery_day"
SKIN_DAY: Final = "skin_day"
"""What is told of a local day as a whole; the other sources are instruments."""
TRAVEL_ZONE: Final = "Asia/Tokyo"
TRAVEL_DAYS: Final = (30, 37)
"""So long before the end of the history everybody is away for a week."""
LATE_S: Final = 36 * 3600


class Record(msgspec.Struct, kw_only=True):
    """`created`: when the cloud got it. `zone`: where the person was. `readings` is empty where nothing shall come."""

    id: int
    source: str
    at: datetime
    readings: dict[str, Any]
    zone: str
    created: datetime
    modified: datetime
    end: datetime | None = None
    manual: bool = False
    deleted: bool = False
    quirk: Quirk = ""

    @property
    def offset(self) -> timedelta:
        """Local minus UTC at the record's time."""
        return self.at.astimezone(ZoneInfo(self.zone)).utcoffset() or timedelta()

    @property
    def local(self) -> datetime:
        return self.at.astimezone(ZoneInfo(self.zone))

    def told(self) -> dict[str, Any]:
        """For whoever compares."""
        return {
            "id": str(self.id),
            "source": self.source,
            "kinds": sorted({KIND_OF[name] for name in self.readings}),
            "timestamp": rfc3339(self.at),
            "interval_end": None if self.end is None else rfc3339(self.end),
            "readings": self.readings,
            "manual": self.manual,
            "deleted": self.deleted,
            "modified": rfc3339(self.modified),
        }


Trim = Callable[[str, Mapping[str, Any]], dict[str, Any]]
"""What a vendor can tell of a source's readings, as exactly as it tells them."""


Measured = Callable[[Body, str, datetime, datetime], Iterator[Sample]]
"""What a source gives between two moments."""


class Habits(msgspec.Struct, frozen=True, kw_only=True):
    """What a vendor's accounts hold, and how often something is odd with it (share of the records)."""

    sources: tuple[str, ...]
    quirks: Mapping[str, float] = {}
    quirky: frozenset[str] = frozenset()
    """The sources whose records may be odd."""
    thin: Mapping[str, int] = {}
    """Of a source that measures around the clock, every so many-th moment is kept."""
    manual: float = 0.04
    late: float = 0.03
    edited: float = 0.01
    manual_sources: frozenset[str] = frozenset({"scale", "cuff", "thermometer"})


def history(
    vendor: str,
    seed: int,
    zone: str,
    start: datetime,
    until: datetime,
    habits: Habits,
    trim: Trim,
    measured: Measured,
) -> Iterator[Record]:
    body = body_of(seed, zone)
    away = tuple(until - timedelta(days=days) for days in reversed(TRAVEL_DAYS))
    for source in habits.sources:
        for sample in measured(body, source, start, until):
            at = sample.timestamp
            where = TRAVEL_ZONE if source not in DAILY and away[0] <= at < away[1] else zone
            yield record_of(vendor, seed, source, sample, where, habits, trim)


def samples(body: Body, source: str, start: datetime, until: datetime, thin: int = 1) -> Iterator[Sample]:
    if source in DAILY:
        yield from _days(body, DAILY[source], start, until)
        return
    row = INSTRUMENTS[source]
    for at in islice(row.schedule(body, start, until), None, None, thin):
        yield row.measure(body, at, "normal")


def record_of(
    vendor: str, seed: int, source: str, sample: Sample, zone: str, habits: Habits, trim: Trim,
    created: datetime | None = None,
) -> Record:  # fmt: skip
    """A record with the oddities that its seed and time give it; with `created` it is new, and none are wanted."""
    at = sample.timestamp.replace(microsecond=0)
    index = int(at.timestamp())
    end = sample.meta.get("interval_end")
    ended = at if end is None else datetime.fromisoformat(end)
    arrives = ended + timedelta(seconds=60)
    record = Record(
        id=identity(vendor, seed, source, index),
        source=source,
        at=at,
        end=None if end is None else ended,
        readings=trim(source, sample.readings),
        zone=zone,
        created=created or arrives,
        modified=created or arrives,
    )
    return record if created else _odd(record, seed, index, habits)


def _odd(record: Record, seed: int, index: int, habits: Habits) -> Record:
    def happens(what: str, share: float) -> bool:
        return uniform(seed, f"{what}:{record.source}", index) < share

    if record.source in habits.manual_sources and happens("manual", habits.manual):
        record.manual = True
    if happens("late", habits.late):
        record.created = record.modified = record.created + timedelta(seconds=LATE_S)
    if happens("edited", habits.edited):
        record.modified = record.created + timedelta(hours=5)
    for quirk, share in habits.quirks.items():
        if record.source in habits.quirky and happens(quirk, share):
            record.quirk = msgspec.convert(quirk, Quirk)
            break
    if record.quirk in ("goal", "null"):
        record.readings = {}
    return record


def identity(vendor: str, seed: int, source: str, index: int) -> int:
    """Below 2^53: JSON numbers keep it."""
    text = f"{vendor}:{seed}:{source}:{index}"
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=6).digest(), "big")


def _days(
    body: Body, told: Callable[[Body, datetime, datetime], dict[str, Any]], start: datetime, until: datetime
) -> Iterator[Sample]:
    """Whole local days between the two, 23 or 25 hours long where clocks change."""
    day = start.astimezone(body.zone).date() + timedelta(days=1)
    while (end := midnight(day + timedelta(days=1), body.zone)) <= until:
        begin = midnight(day, body.zone)
        yield Sample(begin, told(body, begin, end), {"interval_end": rfc3339(end)})
        day += timedelta(days=1)


def midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)


def _sums(body: Body, start: datetime, end: datetime) -> dict[str, Any]:
    pedometer = INSTRUMENTS["pedometer"]
    hours = round((end - start).total_seconds() / 3600)
    parts = [
        pedometer.measure(body, start + timedelta(hours=hour + 1), "normal").readings for hour in range(hours)
    ]
    return {name: sum(part[name] for part in parts) for name in parts[0]}


def _morning(instrument: str) -> Callable[[Body, datetime, datetime], dict[str, Any]]:
    """What an instrument showed ten hours after midnight, told of the whole day."""
    return lambda body, start, _: (
        INSTRUMENTS[instrument].measure(body, start + timedelta(hours=10), "normal").readings
    )


def _warmth(body: Body, start: datetime, _: datetime) -> dict[str, Any]:
    """How much warmer the skin was than usual."""
    return {"skin_temperature_delta_c": round(uniform(body.seed, "warmth", start.toordinal()) - 0.5, 2)}


DAILY: Final[Mapping[str, Callable[[Body, datetime, datetime], dict[str, Any]]]] = {
    DAY: _sums,
    SPO2_DAY: _morning("oximeter"),
    RECOVERY_DAY: _morning("recovery"),
    SKIN_DAY: _warmth,
}
KINDS_OF_DAY: Final[Mapping[str, str]] = {
    DAY: "activity", SPO2_DAY: "spo2", RECOVERY_DAY: "heart_rate", SKIN_DAY: "temperature",
}  # fmt: skip
