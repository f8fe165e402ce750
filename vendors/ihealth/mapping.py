"""iHealth's lists → readings. The trap: its times are what the clock on the wall showed, written as an epoch, and the
offset stands beside. 0 is what it writes where nothing was measured."""

from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, NamedTuple

from proto.vendors.building import Builder, record_hash
from proto.vendors.instants import (
    EPOCH,
    Instant,
    epoch,
    in_zone,
    iso,
    local_time,
    rfc3339,
    wall_clock,
    with_offset,
    zone_of,
)
from proto.vendors.normalized import Context, Normalized
from proto.vendors.quantities import (
    KG_PER_LB,
    KG_PER_STONE,
    M_PER_MILE,
    MG_DL_PER_MMOL_L,
    MMHG_PER_KPA,
    decimal_of,
    glucose_fields,
)
from proto.vendors.shapes import Column, fields_of, first, oauth_fault, rows, text
from vendors.ihealth.faults import class_of

ONE: Final = Decimal(1)


class Unit(NamedTuple):
    """`factor` to our unit. `name` where that changes the number."""

    factor: Decimal
    name: str | None = None


UNITS: Final[dict[str, dict[int, Unit]]] = {
    "BPUnit": {0: Unit(ONE), 1: Unit(MMHG_PER_KPA, "kPa")},
    "BGUnit": {0: Unit(ONE), 1: Unit(MG_DL_PER_MMOL_L, "mmol/L")},
    "WeightUnit": {0: Unit(ONE), 1: Unit(KG_PER_LB, "lb"), 2: Unit(KG_PER_STONE, "stone")},
    "DistanceUnit": {0: Unit(Decimal(1000), "km"), 1: Unit(M_PER_MILE, "mile")},
    "": {0: Unit(ONE)},
}
"""One unit for a whole list; it is 0 where the answer does not say."""
ARRHYTHMIA: Final = {1: False, 2: True}
"""`IsArr`: -1 none, 0 entered by hand, 3 unknown."""
SOURCES: Final = {"FromDevice": False, "Manual": True}
MASSES: Final = ("WeightValue", "BoneValue", "MuscaleValue")
BODY: Final = (
    Column("WeightValue", "weight_kg", zero=False),
    Column("BMI", "bmi", zero=False),
    Column("FatValue", "body_fat_pct", zero=False),
    Column("WaterValue", "body_water_pct", zero=False),
    Column("BoneValue", "bone_mass_kg", zero=False),
    Column("MuscaleValue", "muscle_mass_kg", zero=False),
)
"""That water is a percentage, and that bone and muscle have the unit of the weight: (unverified)."""
OXYGEN: Final = (Column("BO", "spo2_pct", zero=False), Column("HR", "pulse_rate_bpm", zero=False))
SLEEP: Final = (
    Column("HoursSlept", "asleep_min", zero=False),  # minutes, whatever its name
    Column("SleepEfficiency", "efficiency_pct", zero=False),
)
ALSO: Final = {"MDate": ("MDate", "measurement_time")}
"""Newer answers have the time under another name, too."""


def normalize(payloads: Sequence[Any], context: Context) -> Normalized:
    """Answers of every endpoint, told by the name of their list. Tokens and empty pages give nothing."""
    out = Builder("ihealth", context)
    for payload in payloads:
        if not isinstance(payload, dict):
            continue
        _fault(out, payload)
        for name, value in payload.items():
            if name in LISTS:
                _list(out, rows(value), LISTS[name], _unit(out, payload, LISTS[name].unit), context)
            elif isinstance(value, list):
                out.unknown(name)
    return out.done()


def _fault(out: Builder, payload: dict[str, Any]) -> None:
    code = decimal_of(payload.get("ErrorCode"))
    if (fault := oauth_fault(payload)) is not None:
        out.fault(*fault)
    elif code or text(payload.get("Error")):
        out.fault(class_of(code), text(payload.get("ErrorCode")) or text(payload.get("Error")))


def _unit(out: Builder, payload: dict[str, Any], key: str) -> Unit | None:
    said = payload.get(key)
    number = decimal_of(said if said is not None else 0)
    unit = UNITS[key].get(int(number)) if number is not None and number == int(number) else None
    if unit is None:
        out.unknown(f"{key}:{said}")
    return unit


Fields = Callable[[dict[str, Any], Unit | None, Context], dict[str, Any]]


class Rows(NamedTuple):
    """How the items of a list are read."""

    read: Fields
    unit: str = ""
    start: str = "MDate"
    end: str = ""


def _list(out: Builder, items: list[dict[str, Any]], how: Rows, unit: Unit | None, context: Context) -> None:
    for item in items:
        at, end = _at(item, how.start, context), _at(item, how.end, context)
        source = text(item.get("DataSource"))
        out.add(
            _id(item, at),
            at,
            how.read(item, unit, context),
            end=None if end is None else end.at,
            revision=_milliseconds(item.get("LastChangeTime")),
            manual=SOURCES.get(source),
            unmapped=[f"DataSource:{source}"] if source and source not in SOURCES else (),
            source_unit=None if unit is None else unit.name,
            meal_context=item.get("DinnerSituation"),
            local_time=local_time(at.at, _offset(item)) if at is not None and _zone(item) else None,
        )


def _id(item: dict[str, Any], at: Instant | None) -> str:
    said = text(item.get("DataID"))
    kind = next((key for key in ("HP", "BG", "WeightValue", "BO", "Steps", "HoursSlept") if key in item), "")
    return f"ihealth:{said}" if said else record_hash("ihealth", kind, None if at is None else at.at)


def _milliseconds(value: Any) -> int | None:
    """`LastChangeTime`, the one time that is true UTC."""
    at = epoch(value)
    return None if at is None else int((at - EPOCH).total_seconds() * 1000)


def _at(item: dict[str, Any], key: str, context: Context) -> Instant | None:
    said = first(item, *ALSO.get(key, (key,)))
    if (exact := iso(said)) is not None:
        return Instant(exact)
    wall = _wall(said)
    if wall is None:
        return None
    zone = _zone(item)
    if zone and zone_of(zone) is None and (there := with_offset(wall.isoformat(), _offset(item))) is not None:
        return Instant(there)
    return in_zone(wall, zone if zone_of(zone) else context.timezone)


def _wall(said: Any) -> datetime | None:
    shown = epoch(said)
    return wall_clock(said) if shown is None else shown.replace(tzinfo=None)


def _zone(item: dict[str, Any]) -> str:
    return text(first(item, "TimeZone", "time_zone"))


def _offset(item: dict[str, Any]) -> str:
    """`-0800`, `+08:00`, `GMT+8`, `8`: hours, with or without a sign."""
    zone = _zone(item).upper().removeprefix("GMT").removeprefix("UTC").strip() or "Z"
    return f"+{zone}" if zone[:1].isdigit() else zone


def _pressure(item: dict[str, Any], unit: Unit | None, context: Context) -> dict[str, Any]:
    if unit is None:
        return {}
    columns = (
        Column("HP", "systolic", unit.factor, 0, zero=False),
        Column("LP", "diastolic", unit.factor, 0, zero=False),
        Column("HR", "hr", places=0, zero=False),
    )
    verdict = decimal_of(item.get("IsArr"))
    irregular = None if verdict is None else ARRHYTHMIA.get(int(verdict))
    return {"blood_pressure": fields_of(item, columns), "irregular_heartbeat": irregular}


def _glucose(item: dict[str, Any], unit: Unit | None, context: Context) -> dict[str, Any]:
    value = decimal_of(item.get("BG"))
    if unit is None or value is None or value <= 0:
        return {}
    return glucose_fields(value * unit.factor)


def _body(item: dict[str, Any], unit: Unit | None, context: Context) -> dict[str, Any]:
    masses = unit.factor if unit is not None else None
    columns = [
        column._replace(factor=masses) if masses is not None and column.source in MASSES else column
        for column in BODY
        if masses is not None or column.source not in MASSES
    ]
    return fields_of(item, columns)


def _oxygen(item: dict[str, Any], unit: Unit | None, context: Context) -> dict[str, Any]:
    return fields_of(item, OXYGEN)


def _activity(item: dict[str, Any], unit: Unit | None, context: Context) -> dict[str, Any]:
    columns = [
        Column("Steps", "steps", places=0, zero=False),
        Column("Calories", "active_energy_kcal", zero=False),  # of the steps, not of the day: (unverified)
    ]
    if unit is not None:
        columns.append(Column("DistanceTraveled", "distance_m", unit.factor, zero=False))
    return fields_of(item, columns)


def _sleep(item: dict[str, Any], unit: Unit | None, context: Context) -> dict[str, Any]:
    start, end = (_at(item, key, context) for key in ("StartTime", "EndTime"))
    if start is None or end is None:
        return {}
    return {"sleep": {"start": rfc3339(start.at), "end": rfc3339(end.at), **fields_of(item, SLEEP)}}


LISTS: Final = {
    "BPDataList": Rows(_pressure, "BPUnit"),
    "BGDataList": Rows(_glucose, "BGUnit"),
    "WeightDataList": Rows(_body, "WeightUnit"),
    "BODataList": Rows(_oxygen),
    "ARDataList": Rows(_activity, "DistanceUnit"),
    "SRDataList": Rows(_sleep, start="StartTime", end="EndTime"),
}
