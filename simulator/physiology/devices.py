"""The devices: which instruments each type carries, its battery and radio, and the streams of samples they give.

Pure: the same seed, start and scenario give the same data. `generate` follows the habits of a day; `spots` are
measurements taken on request.
"""

from collections.abc import Callable, Collection, Iterator
from datetime import UTC, datetime, timedelta
from heapq import merge
from typing import Any, Final, NamedTuple

import msgspec

from proto.words import KINDS, DeviceType, Kind
from simulator.physiology import instruments as i
from simulator.physiology import schedule as s
from simulator.physiology import summaries as u
from simulator.physiology.body import Body, body_of
from simulator.physiology.noise import smooth, uniform
from simulator.physiology.parameters import Scenario
from simulator.physiology.samples import Sample, only, shifted

Measure = Callable[[Body, datetime, Scenario], Sample]


class Instrument(msgspec.Struct, frozen=True, kw_only=True):
    """`instant`: it can be asked at any moment; otherwise it only sums up a stretch that is over."""

    name: str
    kinds: frozenset[Kind]
    measure: Measure
    schedule: s.Schedule
    spacing_s: int = 60
    """How far apart measurements on request are put."""
    instant: bool = True


def _row(name: str, kinds: str, measure: Measure, schedule: s.Schedule, **more: Any) -> Instrument:
    return Instrument(
        name=name,
        kinds=msgspec.convert(kinds.split(), frozenset[Kind]),
        measure=measure,
        schedule=schedule,
        **more,
    )


_ROWS: Final = (
    _row("cuff", "blood_pressure", i.cuff, s.daily("cuff", s.morning_and_evening("cuff"), 0.95)),
    _row("scale", "weight body_composition", i.scale, s.daily("scale", s.after_waking("scale", 10), 0.93)),
    _row("cgm", "glucose", i.cgm, s.every(5), spacing_s=300),
    _row("meter", "glucose", i.meter, s.daily("meter", s.around_meals, 0.9)),
    _row("oximeter", "spo2", i.oximeter, s.daily("oximeter", s.at_hours("oximeter", 9, 15, 21), 0.9)),
    _row("night_oximeter", "spo2", i.oximeter, s.daily("night_oximeter", s.through_the_night)),
    _row("thermometer", "temperature", i.thermometer, s.daily("thermometer", s.at_hours("warmth", 8, 19), 0.85)),
    _row("strap", "heart_rate", i.chest_strap, s.daily("strap", s.while_training), spacing_s=5),
    _row("wrist", "heart_rate", i.wrist, s.every(5)),
    _row("breath", "respiratory_rate", i.breath_counter, s.daily("breath", s.through_the_night)),
    _row("ecg", "ecg", i.ecg, s.daily("ecg", s.at_hours("ecg", 10), 0.9)),
    _row("spirometer", "spirometry", i.spirometer, s.daily("spirometer", s.at_hours("spirometer", 8, 20), 0.9)),
    _row("inhaler", "inhaler", i.inhaler, s.daily("inhaler", s.at_hours("inhaler", 7.5, 21.5), 0.9)),
    _row("stethoscope", "stethoscope heart_rate", i.stethoscope, s.daily("stethoscope", s.at_hours("listen", 11), 0.8)),
    _row("skin", "temperature", i.skin_patch, s.daily("skin", s.through_the_night)),
    _row("pedometer", "activity", u.pedometer, s.every(60), instant=False, spacing_s=3600),
    _row("sleep", "sleep", u.sleep_tracker, s.daily("sleep", s.after_waking("sleep", 20)), instant=False, spacing_s=86_400),
    _row("recovery", "heart_rate", u.recovery, s.daily("recovery", s.after_waking("recovery", 30)), instant=False),
    _row("fitness", "cardio_fitness", u.fitness, s.daily("fitness", s.once_a_week("fitness")), instant=False),
)  # fmt: skip
INSTRUMENTS: Final = {row.name: row for row in _ROWS}


class Device(NamedTuple):
    """`battery_days`: one charge or one set of cells. `services`: Bluetooth services it advertises; empty = none standard."""

    instruments: tuple[str, ...]
    battery_days: float
    services: tuple[str, ...]
    firmware: str
    request: str
    """The instrument that answers when a person presses the button."""


_WEARABLE = ("wrist", "pedometer", "sleep", "recovery")
DEVICES: Final[dict[DeviceType, Device]] = {
    "blood_pressure_cuff": Device(("cuff",), 240, ("1810", "180f"), "1.4.2", "cuff"),
    "scale": Device(("scale",), 365, ("181d", "181b", "180f"), "2.0.1", "scale"),
    "cgm": Device(("cgm",), 90, ("181f", "180f"), "3.1.0", "cgm"),
    "glucose_meter": Device(("meter",), 180, ("1808", "180f"), "1.9.0", "meter"),
    "pulse_oximeter": Device(("oximeter",), 60, ("1822", "180f"), "1.0.7", "oximeter"),
    "thermometer": Device(("thermometer",), 400, ("1809", "180f"), "1.2.0", "thermometer"),
    "stethoscope": Device(("stethoscope",), 7, (), "4.2.0", "stethoscope"),
    "activity_tracker": Device(_WEARABLE, 6, (), "5.3.1", "wrist"),
    "smart_watch": Device((*_WEARABLE, "night_oximeter", "breath", "skin", "ecg", "fitness"), 1.5, (), "11.2", "wrist"),
    "heart_rate_monitor": Device(("strap",), 300, ("180d", "180f"), "2.2.0", "strap"),
    "ecg": Device(("ecg",), 200, (), "1.8.4", "ecg"),
    "spirometer": Device(("spirometer",), 120, (), "2.4.0", "spirometer"),
    "inhaler": Device(("inhaler",), 330, (), "1.1.3", "inhaler"),
}  # fmt: skip
WORN: Final[frozenset[DeviceType]] = frozenset({"activity_tracker", "smart_watch"})
"""These measure around the clock; the others when somebody uses them."""
_FOR_KIND: Final[dict[Kind, str]] = {
    "blood_pressure": "cuff",
    "weight": "scale",
    "body_composition": "scale",
    "glucose": "cgm",
    "spo2": "oximeter",
    "heart_rate": "wrist",
    "activity": "pedometer",
    "sleep": "sleep",
    "ecg": "ecg",
    "cardio_fitness": "fitness",
    "spirometry": "spirometer",
    "inhaler": "inhaler",
    "respiratory_rate": "breath",
    "temperature": "thermometer",
    "stethoscope": "stethoscope",
}
"""What measures a kind that a model promises beyond its type's usual instruments."""


def instruments_of(device_type: DeviceType, kinds: Collection[Kind] | None = None) -> tuple[Instrument, ...]:
    """The type's own instruments as far as the kinds go, and one for each kind that is still missing.

    A device that promises every kind carries every instrument; of the two for glucose, the one that never sleeps.
    """
    if kinds is not None and set(kinds) >= set(KINDS):
        return tuple(row for row in _ROWS if row.name != "meter")
    own = [INSTRUMENTS[name] for name in DEVICES[device_type].instruments]
    if kinds is None:
        return tuple(own)
    chosen = [row for row in own if row.kinds & set(kinds)]
    covered: set[Kind] = {kind for row in chosen for kind in row.kinds}
    for kind in sorted(set(kinds) - covered):
        extra = INSTRUMENTS[_FOR_KIND[kind]]
        if extra in chosen:
            continue
        if (
            extra.instant and device_type not in WORN
        ):  # a cuff that also tells the heart rate does so when it measures
            extra = msgspec.structs.replace(
                extra, schedule=INSTRUMENTS[DEVICES[device_type].request].schedule
            )
        chosen.append(extra)
    return tuple(chosen)


def generate(
    device_type: DeviceType,
    *,
    seed: int,
    start: datetime,
    until: datetime,
    zone: str = "UTC",
    scenario: Scenario = "normal",
    kinds: Collection[Kind] | None = None,
) -> Iterator[Sample]:
    """What the device gives from `start` (included) to `until` (excluded), in the order it becomes known.

    A night or an hour is given when it is over, stamped with its start. `kinds`: what the connection may send.
    """
    body = body_of(seed, zone)
    streams = [_moments(body, row, start, until) for row in instruments_of(device_type, kinds)]
    for at, row in merge(*streams, key=lambda pair: pair[0]):
        if _silent(body, row, at, scenario):
            continue
        sample = only(row.measure(body, at, scenario), kinds)
        if sample is not None:
            yield _dress(body, device_type, sample, at, scenario)


def spots(
    device_type: DeviceType,
    *,
    seed: int,
    until: datetime,
    count: int = 1,
    over: timedelta | None = None,
    zone: str = "UTC",
    scenario: Scenario = "normal",
    kinds: Collection[Kind] | None = None,
) -> Iterator[Sample]:
    """`count` measurements on request, the last one at `until`; what is measured together is one sample.

    `over` spreads them over that time; otherwise they lie as close as the device allows. In `dropout` about half of
    them are lost, never all.
    """
    body = body_of(seed, zone)
    rows = instruments_of(device_type, kinds)
    asked = [row for row in rows if row.instant] or list(rows)
    step = over / count if over else timedelta(seconds=max(row.spacing_s for row in asked))
    for index in range(count):
        at = until - step * (count - 1 - index)
        if scenario == "dropout" and index < count - 1 and uniform(seed, "lost", index) < 0.5:
            continue
        whole = _together([row.measure(body, at, scenario) for row in asked])
        sample = only(whole, kinds)
        if sample is not None:
            yield _dress(body, device_type, sample, at, scenario)


_ANCHOR: Final = datetime(2025, 1, 15, 8, 0, tzinfo=UTC)


def repeatable(samples: Callable[[datetime], Iterator[Sample]], now: datetime) -> Iterator[Sample]:
    """Samples made for one fixed morning and moved to now: a seed that a caller names gives the same values always."""
    for sample in samples(_ANCHOR):
        yield shifted(sample, now - _ANCHOR)


def _moments(
    body: Body, row: Instrument, start: datetime, until: datetime
) -> Iterator[tuple[datetime, Instrument]]:
    for at in row.schedule(body, start, until):
        yield at, row


def _together(parts: list[Sample]) -> Sample:
    readings: dict[str, Any] = {}
    meta: dict[str, Any] = {}
    for part in parts:
        readings |= {name: value for name, value in part.readings.items() if name not in readings}
        meta |= part.meta
    if len(parts) > 1:  # the place of one measurement is not the place of all
        for name in ("measurement_site", "body_position", "meal_context"):
            meta.pop(name, None)
    return Sample(parts[0].timestamp, readings, meta)


def _silent(body: Body, row: Instrument, at: datetime, scenario: Scenario) -> bool:
    """Radio gaps: about one stretch in a hundred of any device, half of them in `dropout`."""
    stretch = int(at.timestamp() // 7200)
    return uniform(body.seed, f"radio:{row.name}", stretch) < (0.5 if scenario == "dropout" else 0.01)


def _dress(body: Body, device_type: DeviceType, sample: Sample, at: datetime, scenario: Scenario) -> Sample:
    meta = {
        "battery_pct": battery(body, device_type, at, scenario),
        "rssi": signal_strength(body, at, scenario),
        "firmware": DEVICES[device_type].firmware,
        **sample.meta,
    }
    return sample._replace(meta=meta)


def battery(body: Body, device_type: DeviceType, at: datetime, scenario: Scenario = "normal") -> int:
    """Percent, falling from 100 to about 8 over one charge, then charged or changed."""
    life = DEVICES[device_type].battery_days * (0.85 + 0.3 * uniform(body.seed, f"cells:{device_type}", 0))
    days = at.timestamp() / 86_400 + life * uniform(body.seed, f"charged:{device_type}", 0)
    used = (days % life) / life
    return round(11 - used * 8) if scenario == "battery_low" else round(100 - used * 92)


def signal_strength(body: Body, at: datetime, scenario: Scenario = "normal") -> int:
    """dBm at the hub or phone: a room away, and hardly there in `dropout`."""
    middle = -91 if scenario == "dropout" else -63
    return round(middle + smooth(body.seed, "rssi", at.timestamp() / 60, 40) * 9)
