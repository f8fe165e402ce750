"""Omron's measurements → readings. Times: the local time and its offset are right, `dateTime` has no stated zone."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

from proto.vendors.building import Builder, record_hash
from proto.vendors.instants import Instant, local_text, with_offset
from proto.vendors.normalized import Context, Normalized
from proto.vendors.quantities import (
    KCAL_PER_KJ,
    KG_PER_LB,
    KG_PER_STONE,
    M_PER_MILE,
    MMHG_PER_KPA,
    decimal_of,
)
from proto.vendors.shapes import Column, fields_of, oauth_fault, rows, text, value_of

ONE: Final = Decimal(1)
PRESSURE_UNITS: Final = {"mmhg": ONE, "kpa": MMHG_PER_KPA}
DISTANCE_UNITS: Final = {
    "m": ONE,
    "km": Decimal(1000),
    "mi": M_PER_MILE,
    "mile": M_PER_MILE,
    "miles": M_PER_MILE,
}
ENERGY_UNITS: Final = {"kcal": ONE, "cal": ONE, "kj": KCAL_PER_KJ}
"""`cal` in a step counter's answer is the dietary calorie."""
WEIGHT_UNITS: Final = {
    "kg": ONE,
    "lb": KG_PER_LB,
    "lbs": KG_PER_LB,
    "st": KG_PER_STONE,
    "stone": KG_PER_STONE,
}
BEATS_UNITS: Final = {"bpm": ONE}
STEPS: Final = Column("steps", "steps", places=0)
BMI: Final = Column("bmi", "bmi", zero=False)
KNOWN: Final = frozenset(
    {"truncated", "nextPaginationKey", "measurementCount", "bloodPressure", "activity", "weight"}
)


def normalize(payloads: Sequence[Any], context: Context) -> Normalized:
    """Answers of `/api/measurement`. A notification (`id`, `timestamp`) holds no data and gives nothing."""
    out = Builder("omron", context)
    for payload in payloads:
        if not isinstance(payload, dict):
            continue
        _fault(out, payload)
        result = payload.get("result")
        if not isinstance(result, dict):
            continue
        for item in rows(result.get("bloodPressure")):
            _pressure(out, item, context)
        for item in rows(result.get("activity")):
            _activity(out, item, context)
        for item in rows(result.get("weight")):
            _weight(out, item, context)
        out.unknown(*(name for name in result if name not in KNOWN))
    return out.done()


def _fault(out: Builder, payload: dict[str, Any]) -> None:
    """`status` other than 0 is a failure whose numbers nobody published; signing in has errors of its own."""
    if (fault := oauth_fault(payload)) is not None:
        out.fault(*fault)
    elif (status := payload.get("status")) is not None and decimal_of(status) != 0:
        out.fault("vendor_error", status)


class Converted:
    """The values of one item in our units: the unit stands beside each, the table's first where none does. An unknown
    unit gives no value and is named."""

    def __init__(self, item: dict[str, Any]) -> None:
        self._item = item
        self.source_unit: str | None = None
        self.unknown: list[str] = []

    def value(self, units: dict[str, Decimal], column: Column, unit_key: str = "") -> int | float | None:
        key = unit_key or f"{column.source}Units"
        unit = text(self._item.get(key)) or next(iter(units))
        factor = units.get(unit.lower())
        if factor is None:
            self.unknown.append(f"{key}:{unit}")
            return None
        found = value_of(self._item.get(column.source), column._replace(factor=factor))
        if found is not None and factor != 1:
            self.source_unit = self.source_unit or unit
        return found


def _pressure(out: Builder, item: dict[str, Any], context: Context) -> None:
    of = Converted(item)
    pressure = {
        name: of.value(PRESSURE_UNITS, Column(name, name, places=0, zero=False), "bloodPressureUnits")
        for name in ("systolic", "diastolic")
    }
    pressure["hr"] = of.value(BEATS_UNITS, Column("pulse", "hr", places=0, zero=False))  # 0 = none was found
    _add(out, "bloodPressure", item, {"blood_pressure": pressure}, of, context)


def _activity(out: Builder, item: dict[str, Any], context: Context) -> None:
    """A day's or an hour's sums. Steps of brisk walking (`aerobicSteps`) are part of `steps`."""
    of = Converted(item)
    fields = {
        **fields_of(item, (STEPS,)),
        "distance_m": of.value(DISTANCE_UNITS, Column("distance", "distance_m")),
        "active_energy_kcal": of.value(ENERGY_UNITS, Column("calories", "active_energy_kcal")),
    }
    _add(out, "activity", item, fields, of, context)


def _weight(out: Builder, item: dict[str, Any], context: Context) -> None:
    """No source shows a weight's keys: read as those of a pressure are written (unverified)."""
    of = Converted(item)
    weight = of.value(WEIGHT_UNITS, Column("weight", "weight_kg", zero=False))
    _add(out, "weight", item, {"weight_kg": weight, **fields_of(item, (BMI,))}, of, context)


def _add(
    out: Builder, kind: str, item: dict[str, Any], fields: dict[str, Any], of: Converted, context: Context
) -> None:
    at = _at(item, context)
    said = text(item.get("id"))
    out.add(
        f"omron:{said}" if said else record_hash("omron", kind, None if at is None else at.at),
        at,
        fields,
        manual=False,
        unmapped=dict.fromkeys(of.unknown),
        device_model=item.get("deviceType"),
        local_time=item.get("dateTimeLocal"),
        source_unit=of.source_unit,
    )


def _at(item: dict[str, Any], context: Context) -> Instant | None:
    """Local time and offset; local time in the person's zone; the time without a zone only where nothing else is."""
    exact = with_offset(item.get("dateTimeLocal"), item.get("dateTimeUtcOffset"))
    if exact is not None:
        return Instant(exact)
    return local_text(item.get("dateTimeLocal"), context.timezone) or local_text(item.get("dateTime"), "")
