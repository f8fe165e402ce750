"""Records of Health Connect, as the companion app hands them over → readings."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from proto.metrics import BY_NAME
from proto.vendors.building import PART, Builder, record_hash
from proto.vendors.companion import (
    STAGE as STAGE_METRIC,
)
from proto.vendors.companion import (
    Halves,
    instant_of,
    key_of,
    minutes,
    seconds,
    stage_fields,
    unwrapped,
)
from proto.vendors.instants import Instant, iso, rfc3339
from proto.vendors.normalized import Context, Normalized
from proto.vendors.partner import id_text, named, part, rows
from proto.vendors.quantities import decimal_of, glucose_fields
from proto.vendors.units import SAME, Unit, converted, exact, settled, unit_of
from vendors.health_connect.tables import (
    CUFF_SITE,
    DELTA,
    FIELDS,
    HALVES,
    MANUAL,
    MEAL,
    POSITION,
    SAMPLES,
    STAGE,
    THERMOMETER_SITE,
    UNITS,
)

VENDOR: Final = "health_connect"
GLUCOSE: Final = "glucose_mg_dL"
THERMOMETERS: Final = frozenset({"BodyTemperature", "BasalBodyTemperature"})


def normalize(payloads: Sequence[Any], context: Context) -> Normalized:
    """Pages of changes, of records, and uploads. Deletions of a page count after its records."""
    out = Builder(VENDOR, context)
    halves = Halves()
    for payload in payloads:
        upload = unwrapped(payload)
        for record in upload.records:
            if "recordType" in record:
                _record(out, record, context)
            elif "stage" in record:
                _stage(out, record, context)
            elif isinstance(record.get("type"), str):
                _sample(out, record, context, halves)
        for name in upload.deleted:
            out.delete(named(VENDOR, name))
    out.unknown(*(str(record["type"]) for record in halves.left()))
    return out.done()


# --- records as the store has them ---------------------------------------------------------------------------------


def _record(out: Builder, record: dict[str, Any], context: Context) -> None:
    kind = str(record["recordType"]).removesuffix("Record")
    start, end = _times(record, context)
    about = _about(record)
    name = _id(record, kind, start, end)
    closing = None if end is None else end.at
    if kind == "HeartRate":
        for at, sample in _samples(record, "samples", context):
            fields = {"heart_rate_bpm": converted(sample.get("beatsPerMinute"), SAME, "bpm")}
            out.add(f"{name}{PART}{rfc3339(at.at)}", at, fields, **about)
    elif kind == "SkinTemperature":
        for at, sample in _samples(record, "deltas", context):
            number, _ = _measure(sample.get("delta"), "°C", DELTA)
            fields = {"skin_temperature_delta_c": settled(number, "°C")}
            out.add(f"{name}{PART}{rfc3339(at.at)}", at, fields, **about)
    elif kind == "SleepSession":
        fields, odd = _sleep(record, start, closing)
        out.add(name, start, fields, end=closing, unmapped=odd, **about)
    elif kind == "BloodPressure":
        out.add(name, start, _pressure(record), **about, **_cuff(record))
    elif kind in FIELDS:
        fields, unit = _single(kind, record)
        out.add(name, start, fields, end=closing, source_unit=unit, **about, **_details(kind, record))
    else:
        out.unknown(str(record["recordType"]))


def _times(record: dict[str, Any], context: Context) -> tuple[Instant | None, Instant | None]:
    """A moment has `time`, an interval `startTime` and `endTime`."""
    zone = context.timezone
    if record.get("time") is not None:
        return instant_of(record["time"], record.get("zoneOffset"), zone), None
    offset = record.get("startZoneOffset", record.get("zoneOffset"))
    start = instant_of(record.get("startTime"), offset, zone)
    return start, instant_of(record.get("endTime"), record.get("endZoneOffset", offset), zone)


def _about(record: dict[str, Any]) -> dict[str, Any]:
    """Revision, method and device of a record's `metadata`. The time of the change orders the versions of a record."""
    meta = part(record, "metadata")
    changed, version = iso(meta.get("lastModifiedTime")), meta.get("clientRecordVersion")
    revision = version if isinstance(version, int) and not isinstance(version, bool) else None
    return {
        "revision": revision if changed is None else int(changed.timestamp() * 1000),
        "manual": MANUAL.get(str(meta.get("recordingMethod")).lower()),
        "device_model": part(meta, "device").get("model"),
    }


def _id(record: dict[str, Any], kind: str, start: Instant | None, end: Instant | None) -> str:
    meta = part(record, "metadata")
    origin = id_text(meta.get("dataOrigin"))
    if text := id_text(meta.get("id")):
        return named(VENDOR, text)
    if text := id_text(meta.get("clientRecordId")):
        return named(VENDOR, f"{origin}:{text}")
    times = [None if at is None else rfc3339(at.at) for at in (start, end)]
    return record_hash(VENDOR, kind, *times, origin)


def _samples(record: dict[str, Any], key: str, context: Context) -> list[tuple[Instant, dict[str, Any]]]:
    offset = record.get("startZoneOffset", record.get("zoneOffset"))
    timed = [(instant_of(row.get("time"), offset, context.timezone), row) for row in rows(record.get(key))]
    return [(at, row) for at, row in timed if at is not None]


def _single(kind: str, record: dict[str, Any]) -> tuple[dict[str, Any], str | None]:
    field = FIELDS[kind]
    target = BY_NAME[field.metric].unit
    number, unit = _measure(record.get(field.key), target, UNITS.get(target, {}))
    if field.metric == GLUCOSE:
        return glucose_fields(number), unit
    return {field.metric: settled(number, target)}, unit


def _measure(given: Any, target: str, units: dict[str, Unit]) -> tuple[Decimal | None, str | None]:
    """A number, `{inKilograms, inPounds, …}`, or `{value, unit}` → the value, and its unit if it was another."""
    if not isinstance(given, dict):
        return exact(given, SAME), None
    said = {key.lower().removeprefix("in"): item for key, item in given.items() if isinstance(key, str)}
    if "value" in given:
        said = {str(given.get("unit") or next(iter(units), target)).lower(): given["value"]}
    for name, unit in units.items():
        if decimal_of(said.get(name)) is not None:
            return exact(said[name], unit), name[:20] if unit.converts else None
    return None, None


def _pressure(record: dict[str, Any]) -> dict[str, Any]:
    sides = {
        side: settled(_measure(record.get(side), "mmHg", UNITS["mmHg"])[0], "mmHg")
        for side in ("systolic", "diastolic")
    }
    return {"blood_pressure": sides}


def _cuff(record: dict[str, Any]) -> dict[str, Any]:
    return {
        "body_position": _word(POSITION, record.get("bodyPosition")),
        "measurement_site": _word(CUFF_SITE, record.get("measurementLocation")),
    }


def _details(kind: str, record: dict[str, Any]) -> dict[str, Any]:
    if kind == "BloodGlucose":
        return {"meal_context": _word(MEAL, record.get("relationToMeal"))}
    if kind in THERMOMETERS:
        return {"measurement_site": _word(THERMOMETER_SITE, record.get("measurementLocation"))}
    return {}


def _word(table: dict[int, str], value: Any) -> str | None:
    return table.get(value) if isinstance(value, int) else None


def _sleep(
    record: dict[str, Any], start: Instant | None, end: datetime | None
) -> tuple[dict[str, Any], list[str]]:
    """The session, and its stages in minutes as far as it has some."""
    if start is None or end is None:
        return {}, []
    spent: dict[str, Decimal] = {}
    odd: list[str] = []
    for row in rows(record.get("stages")):
        number, opened, closed = row.get("stage"), iso(row.get("startTime")), iso(row.get("endTime"))
        word = STAGE.get(number) if isinstance(number, int) else None
        if word is None:
            odd.append(f"stage:{number}"[:40])
        elif word in STAGE_METRIC and opened is not None and closed is not None and closed > opened:
            metric = STAGE_METRIC[word]
            spent[metric] = spent.get(metric, Decimal(0)) + seconds(opened, closed)
    return {"sleep": {"start": rfc3339(start.at), "end": rfc3339(end), **minutes(spent)}}, odd


# --- the flat form of some companion kits --------------------------------------------------------------------------


def _sample(out: Builder, record: dict[str, Any], context: Context, halves: Halves) -> None:
    kind = str(record["type"])
    if kind in HALVES:
        pair = halves.pair(key_of(record, _origin(record)), HALVES[kind], record)
        if pair is not None:
            _paired(out, *pair, context)
        return
    metric = SAMPLES.get(kind)
    if metric is None:
        out.unknown(kind)
        return
    target, written = BY_NAME[metric].unit, record.get("unit")
    unit = unit_of(written, target)
    number = None if unit is None else exact(record.get("value"), unit)
    _add(
        out,
        record,
        glucose_fields(number) if metric == GLUCOSE else {metric: settled(number, target)},
        context,
        unmapped=[f"{kind}:{written}"] if unit is None else [],
        source_unit=str(written) if unit is not None and unit.converts else None,
    )


def _paired(out: Builder, upper: dict[str, Any], lower: dict[str, Any], context: Context) -> None:
    sides: dict[str, Any] = {}
    for side, half in (("systolic", upper), ("diastolic", lower)):
        unit = unit_of(half.get("unit"), "mmHg")
        sides[side] = None if unit is None else converted(half.get("value"), unit, "mmHg")
    whole = {**upper, "id": upper.get("parentId") or upper.get("id")}
    _add(out, whole, {"blood_pressure": sides}, context)


def _stage(out: Builder, record: dict[str, Any], context: Context) -> None:
    start, end = _flat_times(record, context)
    if start is None or end is None:
        return
    word = str(record.get("stage")).lower()
    fields = stage_fields(word, start.at, end.at)
    _add(out, record, fields or {}, context, unmapped=[f"stage:{word}"] if fields is None else [])


def _add(out: Builder, record: dict[str, Any], fields: dict[str, Any], context: Context, **more: Any) -> None:
    start, end = _flat_times(record, context)
    source = part(record, "source")
    text = id_text(record.get("id"))
    times = [None if at is None else rfc3339(at.at) for at in (start, end)]
    out.add(
        named(VENDOR, text)
        if text
        else record_hash(VENDOR, record.get("type") or record.get("stage"), *times, _origin(record)),
        start,
        fields,
        end=None if end is None or start is None or end.at == start.at else end.at,
        manual=MANUAL.get(str(source.get("recordingMethod")).lower()),
        device_model=source.get("deviceModel"),
        **more,
    )


def _flat_times(record: dict[str, Any], context: Context) -> tuple[Instant | None, Instant | None]:
    offset = record.get("zoneOffset")
    start, end = (instant_of(record.get(key), offset, context.timezone) for key in ("startDate", "endDate"))
    return start, end


def _origin(record: dict[str, Any]) -> str:
    return id_text(part(record, "source").get("appId"))
