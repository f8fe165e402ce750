"""Garmin's summaries → readings: bodies of its pushes, and the arrays that a `callbackURL` answers with.

A summary that grows is sent again, many times a day: of those with the same person, type and start the longest is kept,
of equal ones the later. Times in seconds are UTC already; the offset only says what clocks showed.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from proto.vendors.building import Builder, record_hash
from proto.vendors.instants import Instant, day, epoch, later, local_time, rfc3339
from proto.vendors.normalized import Context, Normalized
from proto.vendors.quantities import decimal_of, rounded, scaled
from proto.vendors.shapes import Column, called, fields_of, first, oauth_fault, rows, text, told_by, value_of

KG_PER_G: Final = Decimal("0.001")
COLUMNS: Final[dict[str, tuple[Column, ...]]] = {
    "dailies": (
        Column("steps", "steps", places=0),
        Column("distanceInMeters", "distance_m"),
        Column("activeKilocalories", "active_energy_kcal"),
        Column("floorsClimbed", "floors"),
        Column("restingHeartRateInBeatsPerMinute", "resting_heart_rate_bpm", zero=False),
    ),
    "bodyComps": (
        Column("weightInGrams", "weight_kg", KG_PER_G, zero=False),
        Column("bodyMassIndex", "bmi", zero=False),
        Column("bodyFatInPercent", "body_fat_pct", zero=False),
        Column("bodyWaterInPercent", "body_water_pct", zero=False),
        Column("muscleMassInGrams", "muscle_mass_kg", KG_PER_G, zero=False),
        Column("boneMassInGrams", "bone_mass_kg", KG_PER_G, zero=False),
    ),
    "hrv": (Column("lastNightAvg", "hrv_rmssd_ms", zero=False),),  # that it is RMSSD: (unverified)
    "userMetrics": (Column("vo2Max", "vo2max_ml_kg_min", zero=False),),
    "skinTemp": (Column("avgDeviationCelsius", "skin_temperature_delta_c", signed=True),),
    "pulseox": (),
    "allDayRespiration": (),
}
SAMPLES: Final = {
    "dailies": Column("timeOffsetHeartRateSamples", "heart_rate_bpm", zero=False),
    "pulseox": Column("timeOffsetSpo2Values", "spo2_pct", zero=False),
    "allDayRespiration": Column("timeOffsetEpochToBreaths", "respiratory_rate_per_min", zero=False),
    "hrv": Column("hrvValues", "hrv_rmssd_ms", zero=False),
}
"""Maps from seconds after the start, as text, to a value."""
SNAPSHOT: Final = {
    "heart_rate": "heart_rate_bpm",
    "spo2": "spo2_pct",
    "respiration": "respiratory_rate_per_min",
    "sdrr_hrv": "hrv_sdnn_ms",
    "rmssd_hrv": "hrv_rmssd_ms",
}
SLEEP_MINUTES: Final = {
    "deep_min": "deepSleepDurationInSeconds",
    "light_min": "lightSleepDurationInSeconds",
    "rem_min": "remSleepInSeconds",
    "awake_min": "awakeDurationInSeconds",
}
VALIDATION: Final[dict[str, tuple[int, bool | None]]] = {
    "AUTO_TENTATIVE": (0, False),
    "ENHANCED_TENTATIVE": (0, False),
    "AUTO_FINAL": (1, False),
    "ENHANCED_FINAL": (1, False),
    "DEVICE": (1, False),
    "MANUAL": (1, True),
    "AUTO_MANUAL": (1, None),  # found by the watch, times set by hand
}
"""How final a night is, and whether a person entered it. `OFF_WRIST` is no night."""
SOURCE: Final = {"MANUAL": True, "DEVICE": False}
MARKS: Final = (
    ("bloodPressures", ("systolic", "diastolic")),
    ("bodyComps", ("weightInGrams", "bodyFatInPercent", "muscleMassInGrams", "bodyMassIndex")),
    ("pulseox", ("timeOffsetSpo2Values",)),
    ("allDayRespiration", ("timeOffsetEpochToBreaths",)),
    ("hrv", ("hrvValues", "lastNightAvg")),
    ("stressDetails", ("timeOffsetStressLevelValues", "timeOffsetBodyBatteryValues")),
    ("userMetrics", ("vo2Max", "fitnessAge")),
    ("skinTemp", ("avgDeviationCelsius",)),
    ("healthSnapshot", ("summaries",)),
    ("sleeps", ("sleepLevelsMap", "deepSleepDurationInSeconds", "lightSleepDurationInSeconds", "validation")),
    ("dailies", ("bmrKilocalories", "floorsClimbed", "timeOffsetHeartRateSamples", "averageStressLevel")),
    ("epochs", ("activityType",)),
    ("dailies", ("steps", "distanceInMeters")),
)
"""What tells the summaries of an array apart when nobody says which call answered."""
ALIASES: Final = {
    "respiration": "allDayRespiration",
    "body_composition": "bodyComps",
    "skinTemperature": "skinTemp",
}
NOTICES: Final = ("deregistrations", "userPermissionsChange")
COVERED: Final = ("epochs",)
"""Quarters of an hour of what `dailies` sums up: reading both would count steps twice."""
KINDS: Final = tuple(dict.fromkeys([*(name for name, _ in MARKS), *NOTICES]))
NEEDED_PERMISSION: Final = "HEALTH_EXPORT"
GROWTH: Final = 1_000_000
"""More than a day has seconds or steps: a revision is the one before the other."""


def normalize(payloads: Sequence[Any], context: Context) -> Normalized:
    """Pushed bodies and answers. A ping (`callbackURL`) and answers about users and tokens hold no data."""
    out = Builder("garmin", context)
    kept: dict[tuple[str, ...], tuple[str, dict[str, Any]]] = {}
    for payload in payloads:
        if (fault := oauth_fault(payload)) is not None:
            out.fault(*fault)
        for kind, item in _summaries(payload, context.endpoint):
            if kind in NOTICES:
                _notice(out, kind, item)
            elif kind in READERS:
                _keep(kept, kind, item)
            elif kind not in COVERED:
                out.unknown(kind)
    for kind, item in kept.values():
        READERS[kind](out, kind, item, context)
    return out.done()


def _summaries(payload: Any, endpoint: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """(type, summary) of a pushed body `{type: […]}`, of an array, or of one summary."""
    if isinstance(payload, dict) and told_by(payload, (("one", ("summaryId", "calendarDate")), *MARKS)) == "":
        for name, value in payload.items():
            yield from ((_kind(name) or name, item) for item in rows(value))
        return
    called_kind = _kind(endpoint)
    for item in rows(payload if isinstance(payload, list) else [payload]):
        if kind := called_kind or told_by(item, MARKS):
            yield kind, item


def _kind(word: str) -> str:
    name = called(word, [*KINDS, *ALIASES])
    return ALIASES.get(name, name)


def _keep(kept: dict[tuple[str, ...], tuple[str, dict[str, Any]]], kind: str, item: dict[str, Any]) -> None:
    if "callbackURL" in item:
        return
    start = _start(item)
    itself = _id(kind, item) if start is None else rfc3339(start)
    key = (text(item.get("userId")), kind, itself)
    old = kept.get(key)
    if old is None or _precedence(kind, item) >= _precedence(*old):
        kept[key] = (kind, item)


def _precedence(kind: str, item: dict[str, Any]) -> int:
    """Summaries carry no version: a night becomes final, everything else grows in length."""
    if kind == "sleeps":
        return VALIDATION.get(text(item.get("validation")), (0, None))[0]
    return _count(item, "durationInSeconds")


def _revision(kind: str, item: dict[str, Any]) -> int:
    """The same for posts that never meet here: which of two equally long ones is the later cannot be seen, but steps
    only grow."""
    if kind == "sleeps":
        return _precedence(kind, item)
    return _precedence(kind, item) * GROWTH + _count(item, "steps")


def _count(item: dict[str, Any], key: str) -> int:
    return int(min(max(decimal_of(item.get(key)) or 0, 0), GROWTH - 1))


def _notice(out: Builder, kind: str, item: dict[str, Any]) -> None:
    if kind == "deregistrations":
        out.fault("grant_lost", kind)
        return
    permissions = item.get("permissions")
    if isinstance(permissions, list) and NEEDED_PERMISSION not in permissions:
        out.fault("forbidden_scope", NEEDED_PERMISSION)


def _start(item: dict[str, Any]) -> datetime | None:
    return epoch(first(item, "startTimeInSeconds", "measurementTimeInSeconds"))


def _span(item: dict[str, Any], context: Context) -> tuple[Instant | None, datetime | None]:
    """Start and end; the date where a summary has nothing finer."""
    start = _start(item)
    if start is not None:
        return Instant(start), later(start, item.get("durationInSeconds"))
    return day(item.get("calendarDate"), context.timezone) or (None, None)


def _about(item: dict[str, Any], at: datetime | None) -> dict[str, Any]:
    offset = first(item, "startTimeOffsetInSeconds", "measurementTimeOffsetInSeconds")
    return {"local_time": None if at is None else local_time(at, offset)}


def _id(kind: str, item: dict[str, Any]) -> str:
    said = text(item.get("summaryId"))
    return f"garmin:{said}" if said else record_hash("garmin", kind, _start(item) or item.get("calendarDate"))


def _columns(out: Builder, kind: str, item: dict[str, Any], context: Context) -> None:
    """A summary that is numbers, and the samples that it may hold beside them."""
    fields = fields_of(item, COLUMNS[kind])
    if kind == "dailies":
        fields |= _total_energy(item)
    start, end = _span(item, context)
    out.add(
        _id(kind, item),
        start,
        fields,
        end=end,
        revision=_revision(kind, item) if end is not None and kind != "userMetrics" else None,
        manual=None if kind == "bodyComps" else False,  # a weight may have been typed
        **_about(item, start.at if start else None),
    )
    if start is not None and kind in SAMPLES:
        _samples(out, kind, item, start.at)


def _total_energy(item: dict[str, Any]) -> dict[str, Any]:
    active, resting = (decimal_of(item.get(name)) for name in ("activeKilocalories", "bmrKilocalories"))
    if active is None or resting is None or active < 0 or resting <= 0:
        return {}
    return {"total_energy_kcal": rounded(active + resting, 3)}


def _samples(out: Builder, kind: str, item: dict[str, Any], start: datetime) -> None:
    column = SAMPLES[kind]
    samples = item.get(column.source)
    for seconds, value in samples.items() if isinstance(samples, dict) else ():
        at = later(start, seconds)
        if at is not None:
            fields = {column.field: value_of(value, column)}
            out.add(f"{_id(kind, item)}:{seconds}", at, fields, manual=False, **_about(item, at))


def _pressure(out: Builder, kind: str, item: dict[str, Any], context: Context) -> None:
    source = text(item.get("sourceType"))
    pressure = {
        "systolic": scaled(item.get("systolic"), 1, 0),
        "diastolic": scaled(item.get("diastolic"), 1, 0),
        "hr": value_of(item.get("pulse"), Column("pulse", "hr", places=0, zero=False)),
    }
    start, _ = _span(item, context)
    out.add(
        _id(kind, item),
        start,
        {"blood_pressure": pressure},
        manual=SOURCE.get(source),
        unmapped=[f"sourceType:{source}"] if source and source not in SOURCE else (),
        **_about(item, start.at if start else None),
    )


def _sleep(out: Builder, kind: str, item: dict[str, Any], context: Context) -> None:
    """A night. Its oxygen and breathing samples come again in `pulseox` and `allDayRespiration`, and are read there."""
    validation = text(item.get("validation"))
    start = _start(item)
    if validation == "OFF_WRIST" or start is None:
        return
    end = later(start, item.get("durationInSeconds")) or _last_level(item)
    if end is None:
        return
    minutes = {
        part: value_of(item.get(key), Column(key, part, Decimal(1) / 60))
        for part, key in SLEEP_MINUTES.items()
    }
    stages = [decimal_of(item.get(SLEEP_MINUTES[part])) for part in ("deep_min", "light_min", "rem_min")]
    slept = [seconds for seconds in stages if seconds is not None and seconds >= 0]
    score = item.get("overallSleepScore")
    sleep = {
        "start": rfc3339(start),
        "end": rfc3339(end),
        "asleep_min": rounded(sum(slept, Decimal(0)) / 60, 3) if slept else None,
        "score": scaled(score.get("value")) if isinstance(score, dict) else None,
        **minutes,
    }
    out.add(
        _id(kind, item),
        start,
        {"sleep": sleep},
        end=end,
        revision=_revision(kind, item),
        manual=VALIDATION.get(validation, (0, None))[1],
        unmapped=[f"validation:{validation}"] if validation and validation not in VALIDATION else (),
        **_about(item, start),
    )


def _last_level(item: dict[str, Any]) -> datetime | None:
    levels = item.get("sleepLevelsMap")
    ends = [
        epoch(row.get("endTimeInSeconds"))
        for level in (levels.values() if isinstance(levels, dict) else ())
        for row in rows(level)
    ]
    return max((end for end in ends if end is not None), default=None)


def _snapshot(out: Builder, kind: str, item: dict[str, Any], context: Context) -> None:
    """Two minutes of sitting still: the averages."""
    fields: dict[str, Any] = {}
    unknown = []
    for row in rows(item.get("summaries")):
        name = text(row.get("summaryType"))
        field = SNAPSHOT.get(name.lower())
        if field is None:
            unknown.append(name)
        else:
            fields[field] = value_of(row.get("avgValue"), Column("avgValue", field, zero=False))
    start, end = _span(item, context)
    about = _about(item, start.at if start else None)
    out.add(_id(kind, item), start, fields, end=end, manual=False, unmapped=unknown, **about)


READERS: Final[dict[str, Callable[[Builder, str, dict[str, Any], Context], None]]] = {
    **dict.fromkeys(COLUMNS, _columns),
    "bloodPressures": _pressure,
    "sleeps": _sleep,
    "healthSnapshot": _snapshot,
}
