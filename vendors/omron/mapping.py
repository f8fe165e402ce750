"""Omron's measurements → readings. Times: the local time and its offset are right, `dateTime` has no stated zone."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

from proto.vendors.building import Builder
from proto.vendors.instants import Instant, in_zone, wall_clock, with_offset
from proto.vendors.normalized import Context, Normalized
from proto.vendors.quantities import (
    KG_PER_LB,
    KG_PER_STONE,
    M_PER_MILE,
    MMHG_PER_KPA,
    decimal_of,
    rounded,
    scaled,
)

OK: Final = 0
PRESSURE_UNITS: Final = {"mmhg": Decimal(1), "kpa": MMHG_PER_KPA}
DISTANCE_UNITS: Final = {
    "m": Decimal(1),
    "km": Decimal(1000),
    "mi": M_PER_MILE,
    "mile": M_PER_MILE,
    "miles": M_PER_MILE,
}
ENERGY_UNITS: Final = {"kcal": Decimal(1), "cal": Decimal(1), "kj": Decimal("0.239006")}
"""`cal` in a step counter's answer is the dietary calorie."""
WEIGHT_UNITS: Final = {"kg": Decimal(1), "lb": KG_PER_LB, "lbs": KG_PER_LB, "st": KG_PER_STONE}
KNOWN: Final = frozenset(
    {"truncated", "nextPaginationKey", "measurementCount", "bloodPressure", "activity", "weight"}
)


def normalize(payloads: Sequence[Any], context: Context) -> Normalized:
    """Answers of `/api/measurement`. A notification (`id`, `timestamp`) holds no data and gives nothing."""
    out = Builder("omron", context)
    for payload in payloads:
        if not isinstance(payload, dict) or "result" not in payload:
            _fault(out, payload)
            continue
        if payload.get("status", OK) != OK:
            _fault(out, payload)
        result = payload["result"]
        if not isinstance(result, dict):
            continue
        for item in _rows(result, "bloodPressure"):
            _pressure(out, item, context)
        for item in _rows(result, "activity"):
            _activity(out, item, context)
        for item in _rows(result, "weight"):
            _weight(out, item, context)
        out.unknown(*(name for name in result if name not in KNOWN))
    return out.done()


def _fault(out: Builder, payload: Any) -> None:
    """`status` other than 0 is a failure whose numbers nobody published."""
    if isinstance(payload, dict) and payload.get("status", OK) != OK:
        out.fault("vendor_error", payload["status"])


def _pressure(out: Builder, item: dict[str, Any], context: Context) -> None:
    unit = str(item.get("bloodPressureUnits") or "mmHg")
    factor = PRESSURE_UNITS.get(unit.lower())
    if factor is None:
        out.unknown(f"bloodPressureUnits:{unit}")
        return
    pulse = decimal_of(item.get("pulse"))
    pressure = {
        "systolic": scaled(item.get("systolic"), factor, 0),
        "diastolic": scaled(item.get("diastolic"), factor, 0),
        "hr": rounded(pulse, 0) if pulse else None,  # 0 = none was found
    }
    out.add(
        _id(item),
        _at(item, context),
        {"blood_pressure": pressure},
        manual=False,
        device_model=item.get("deviceType"),
        local_time=item.get("dateTimeLocal"),
        source_unit=None if factor == 1 else unit,
    )


def _activity(out: Builder, item: dict[str, Any], context: Context) -> None:
    """A day's or an hour's sums. Steps of brisk walking (`aerobicSteps`) are part of `steps`."""
    fields = {
        "steps": scaled(item.get("steps"), 1, 0),
        "distance_m": _converted(out, item, "distance", DISTANCE_UNITS),
        "active_energy_kcal": _converted(out, item, "calories", ENERGY_UNITS),
    }
    out.add(
        _id(item),
        _at(item, context),
        fields,
        manual=False,
        device_model=item.get("deviceType"),
        local_time=item.get("dateTimeLocal"),
    )


def _weight(out: Builder, item: dict[str, Any], context: Context) -> None:
    """No source shows a weight's keys: read as those of a pressure are written (unverified)."""
    out.add(
        _id(item),
        _at(item, context),
        {"weight_kg": _converted(out, item, "weight", WEIGHT_UNITS), "bmi": scaled(item.get("bmi"))},
        manual=False,
        device_model=item.get("deviceType"),
        local_time=item.get("dateTimeLocal"),
    )


def _converted(
    out: Builder, item: dict[str, Any], name: str, units: dict[str, Decimal]
) -> int | float | None:
    """A value in the unit that stands beside it; the table's first where none does. Nothing for a unknown unit."""
    unit = str(item.get(f"{name}Units") or next(iter(units)))
    factor = units.get(unit.lower())
    if factor is None:
        out.unknown(f"{name}Units:{unit}")
        return None
    return scaled(item.get(name), factor)


def _at(item: dict[str, Any], context: Context) -> Instant | None:
    exact = with_offset(item.get("dateTimeLocal"), item.get("dateTimeUtcOffset"))
    if exact is not None:
        return Instant(exact)
    wall = wall_clock(item.get("dateTimeLocal"))
    return None if wall is None else in_zone(wall, context.timezone)


def _id(item: dict[str, Any]) -> str:
    return f"omron:{item.get('id')}"


def _rows(result: dict[str, Any], name: str) -> list[dict[str, Any]]:
    rows = result.get(name)
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
