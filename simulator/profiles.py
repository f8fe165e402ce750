"""Which characteristics a device sends for one sample, per device type. Pure; a device without a profile gives none."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from proto.words import DeviceType
from simulator import gatt
from simulator.physiology import Sample


class Value(NamedTuple):
    """One GATT value. `keep`: it is worth sending again until it is stored."""

    service: str
    characteristic: str
    value: bytes
    keep: bool = True


def _cuff(readings: dict[str, Any], _: dict[str, Any], at: datetime) -> list[Value]:
    pressure = readings["blood_pressure"]
    value = gatt.blood_pressure(
        pressure["systolic"],
        pressure["diastolic"],
        pressure.get("map", gatt.NAN),
        at=at,
        pulse=pressure.get("hr"),
        user=1,
        status=frozenset({"irregular_pulse"}) if readings.get("irregular_heartbeat") else frozenset(),
    )
    return [Value("1810", "2a35", value)]


def _scale(readings: dict[str, Any], meta: dict[str, Any], at: datetime) -> list[Value]:
    """One step on the scale: weight and body composition, told apart by nothing but their equal time."""
    user = 255 if meta.get("ambiguous_user") else 1
    values = [
        Value(
            "181d",
            "2a9d",
            gatt.weight(
                readings["weight_kg"],
                at=at,
                user=user,
                bmi=readings.get("bmi"),
                height_m=readings.get("height_m"),
            ),
        )
    ]
    if "body_fat_pct" in readings:
        composition = gatt.body_composition(
            readings["body_fat_pct"],
            at=at,
            user=user,
            muscle_mass_kg=readings.get("muscle_mass_kg"),
            fat_free_mass_kg=readings.get("fat_free_mass_kg"),
            body_water_kg=readings.get("body_water_kg"),
            weight_kg=readings["weight_kg"],
            height_m=readings.get("height_m"),
        )
        values.append(Value("181b", "2a9c", composition))
    return values


def _meter(readings: dict[str, Any], meta: dict[str, Any], at: datetime) -> list[Value]:
    """The sequence number is the minute of the measurement: it rises, and a restart does not repeat it."""
    sequence = int(at.timestamp() // 60) & 0xFFFF
    beyond = readings.get("glucose_out_of_range")
    meal = meta.get("meal_context")
    value = gatt.glucose(
        sequence,
        at,
        {"high": gatt.PLUS_INF, "low": gatt.MINUS_INF}[beyond] if beyond else readings["glucose_mg_dL"],
        status=frozenset({f"result_too_{beyond}"}) if beyond else None,
        context_follows=meal is not None,
    )
    values = [Value("1808", "2a18", value)]
    if meal is not None:
        values.append(Value("1808", "2a34", gatt.glucose_context(sequence, meal)))
    return values


def _cgm(readings: dict[str, Any], _: dict[str, Any], at: datetime) -> list[Value]:
    """A sensor wears ten days; its session starts at a local midnight."""
    midnight = at.replace(hour=0, minute=0, second=0, microsecond=0)
    start = datetime.fromordinal(midnight.toordinal() // 10 * 10).replace(tzinfo=at.tzinfo)
    offset = int((at.timestamp() - start.timestamp()) // 60)
    beyond = readings.get("glucose_out_of_range")
    zone, dst = start.utcoffset(), start.dst()
    zone_min = round(zone.total_seconds() / 60) if zone else 0
    dst_min = round(dst.total_seconds() / 60) if dst else 0
    record = gatt.cgm(
        {"high": gatt.PLUS_INF, "low": gatt.MINUS_INF}[beyond] if beyond else readings["glucose_mg_dL"],
        offset,
        trend=readings.get("glucose_trend_rate_mg_dL_min"),
        quality=97.0,
    )
    return [
        Value("181f", "2aaa", gatt.session_start(start, zone_min - dst_min, dst_min)),
        Value("181f", "2aa7", record),
    ]


def _oximeter(readings: dict[str, Any], _: dict[str, Any], at: datetime) -> list[Value]:
    fully_qualified = 1 << 8
    value = gatt.spo2_spot(readings["spo2_pct"], readings["pulse_rate_bpm"], at=at, status=fully_qualified)
    return [Value("1822", "2a5e", value)]


def _thermometer(readings: dict[str, Any], meta: dict[str, Any], at: datetime) -> list[Value]:
    value = gatt.temperature(readings["body_temperature_c"], at=at, site=meta.get("measurement_site"))
    return [Value("1809", "2a1c", value)]


def _strap(readings: dict[str, Any], _: dict[str, Any], __: datetime) -> list[Value]:
    value = gatt.heart_rate(readings["heart_rate_bpm"], contact=True, rr_ms=readings.get("rr_intervals_ms"))
    return [Value("180d", "2a37", value)]


_ENCODERS: Final[
    dict[DeviceType, tuple[str, Callable[[dict[str, Any], dict[str, Any], datetime], list[Value]]]]
] = {
    "blood_pressure_cuff": ("blood_pressure", _cuff),
    "scale": ("weight_kg", _scale),
    "glucose_meter": ("glucose", _meter),
    "cgm": ("glucose", _cgm),
    "pulse_oximeter": ("spo2_pct", _oximeter),
    "thermometer": ("body_temperature_c", _thermometer),
    "heart_rate_monitor": ("heart_rate_bpm", _strap),
}
"""Device type → the reading that it needs (or its beginning), and the encoder."""


def speaks_gatt(device_type: DeviceType) -> bool:
    return device_type in _ENCODERS


def values_of(device_type: DeviceType, sample: Sample, zone: ZoneInfo) -> list[Value]:
    """The values of one measurement, the battery last; the device's clock shows local time of `zone`."""
    values: list[Value] = []
    if device_type in _ENCODERS:
        needs, encode = _ENCODERS[device_type]
        if any(name.startswith(needs) for name in sample.readings):
            at = sample.timestamp.astimezone(zone).replace(microsecond=0)
            values = encode(sample.readings, sample.meta, at)
    values.append(battery_of(sample.meta["battery_pct"]))
    return values


def battery_of(pct: int) -> Value:
    return Value("180f", "2a19", gatt.battery(pct))


def inflation(sample: Sample) -> list[Value]:
    """The cuff's pressure while it pumps up and lets go: for the eye, not for the record."""
    pressure = sample.readings.get("blood_pressure")
    if pressure is None:
        return []
    top = pressure["systolic"] + 30
    up = [round(top * share) for share in (0.2, 0.5, 0.8, 1.0)]
    down = [round(top - (top - pressure["diastolic"] + 8) * share) for share in (0.25, 0.5, 0.75, 1.0)]
    return [Value("1810", "2a36", gatt.cuff_pressure(mmhg), keep=False) for mmhg in (*up, *down)]
