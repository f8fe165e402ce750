"""What a decoded value means: readings in the vocabulary's units, and whether it may be stored. One function a profile.

Unit factors: 1 mmHg = 0.133322387415 kPa; 1 lb = 0.45359237 kg; 1 in = 0.0254 m; mmol/L × 18.0156 = mg/dL.
"""

from datetime import datetime, timedelta
from typing import Any, Final

from msgspec import UNSET

from services.normalizer.gatt.result import Decoded
from services.normalizer.gatt.table import Raw

KPA: Final = 1 / 0.133322387415
LB: Final = 0.45359237
MG_DL: Final = 18.0156

GLUCOSE_UNUSABLE: Final = frozenset(
    {
        "sensor_malfunction",
        "sample_size_insufficient",
        "strip_insertion_error",
        "strip_type_incorrect",
        "temperature_too_high",
        "temperature_too_low",
        "read_interrupted",
        "general_device_fault",
    }
)
CGM_UNUSABLE: Final = frozenset(
    {
        "sensor_type_incorrect",
        "sensor_malfunction",
        "general_device_fault",
        "temperature_too_high",
        "temperature_too_low",
    }
)
PLX_UNUSABLE: Final = frozenset(
    {"data_for_demonstration", "data_for_testing", "measurement_unavailable", "invalid_measurement"}
)
PLX_SENSOR_UNUSABLE: Final = frozenset(
    {"equipment_malfunction", "sensor_unconnected_to_user", "sensor_malfunctioning", "sensor_disconnected"}
)


def _timed(raw: Raw, **parts: Any) -> Decoded:
    return Decoded(
        fields=raw.fields,
        special=raw.special,
        device_time=raw.device_time,
        time_status=raw.time_status,
        **parts,
    )


def fields_only(raw: Raw) -> Decoded:
    return Decoded(fields=raw.fields)


def fields_and_special(raw: Raw) -> Decoded:
    return Decoded(fields=raw.fields, special=raw.special)


def blood_pressure(raw: Raw) -> Decoded:
    """Systolic and diastolic must both be numbers; a missing MAP or pulse does not spoil the reading."""
    f = raw.fields
    factor = KPA if f["unit"] == "kPa" else 1.0
    readings: dict[str, Any] = {}
    if f["systolic"] is not None and f["diastolic"] is not None:
        pressure = {"systolic": f["systolic"] * factor, "diastolic": f["diastolic"] * factor}
        if f["map"] is not None:
            pressure["map"] = f["map"] * factor
        if f["pulse_rate"] is not None:
            pressure["hr"] = f["pulse_rate"]
        readings["blood_pressure"] = pressure
        if "irregular_pulse" in (raw.status or ()):
            readings["irregular_heartbeat"] = True
    return _timed(raw, readings=readings, status=raw.status, persist=bool(readings))


def cuff_pressure(raw: Raw) -> Decoded:
    """For the eye while the cuff inflates; never stored."""
    return _timed(raw, readings={}, status=raw.status, intermediate=True, persist=False)


def weight(raw: Raw) -> Decoded:
    f = raw.fields
    factor = LB if f["unit"] == "lb" else 1.0
    readings: dict[str, Any] = {}
    if f["weight"] is None:
        f["bmi"] = f["height"] = None
    else:
        readings["weight_kg"] = f["weight"] * factor
        if f["bmi"]:  # 0 = not computed
            readings["bmi"] = f["bmi"]
        if f["height"]:
            readings["height_m"] = f["height"] * (0.0254 if f["unit"] == "lb" else 1.0)
    return _timed(raw, readings=readings, persist=bool(readings))


def body_composition(raw: Raw) -> Decoded:
    """Without a body fat result nothing of the measurement counts."""
    f = raw.fields
    factor = LB if f["unit"] == "lb" else 1.0
    readings: dict[str, Any] = {}
    if f["body_fat_pct"] is not None:
        readings["body_fat_pct"] = f["body_fat_pct"]
        for name, field in (
            ("weight_kg", "weight"),
            ("muscle_mass_kg", "muscle_mass"),
            ("fat_free_mass_kg", "fat_free_mass"),
            ("body_water_kg", "body_water_mass"),
        ):
            if f[field]:
                readings[name] = f[field] * factor
        if f["height"]:
            readings["height_m"] = f["height"] * (0.0254 if f["unit"] == "lb" else 1.0)
    return _timed(raw, readings=readings, persist=bool(readings))


def out_of_range(special: str | None, status: list[str] | None) -> str | None:
    """`low` or `high` by the special value or the status; both at once say nothing."""
    high = special == "+INF" or "result_too_high" in (status or ())
    low = special == "-INF" or "result_too_low" in (status or ())
    if high == low:
        return None
    return "high" if high else "low"


def glucose(raw: Raw) -> Decoded:
    f = raw.fields
    value = f["concentration"]
    readings: dict[str, Any] = {}
    if value is not None:
        readings["glucose_mg_dL"] = value * 1000 * MG_DL if f["unit"] == "mol/L" else value * 100_000
    marker = out_of_range(raw.special.get("concentration"), raw.status)
    if marker is not None:
        readings["glucose_out_of_range"] = marker
    device_time, time_status = raw.device_time, raw.time_status
    if device_time is not None and f["time_offset_min"] is not None:
        device_time = add_minutes(device_time, f["time_offset_min"])
        time_status = "ok" if device_time is not None else "invalid"
    if time_status == "ok" and raw.status is not None and "time_fault" in raw.status:
        time_status = "fault"
    usable = (
        bool(readings)
        and "control_solution" not in (f["type"], f["location"])
        and not GLUCOSE_UNUSABLE.intersection(raw.status or ())
    )
    return Decoded(
        fields=f,
        readings=readings,
        special=raw.special,
        device_time=device_time,
        time_status=time_status,
        status=raw.status,
        persist=usable,
    )


def add_minutes(device_time: str, minutes: int) -> str | None:
    try:
        return (datetime.fromisoformat(device_time) + timedelta(minutes=minutes)).isoformat()
    except OverflowError:
        return None


def glucose_context(raw: Raw) -> Decoded:
    return Decoded(fields=raw.fields, special=raw.special)


def cgm_record(raw: Raw) -> Decoded:
    """One record of a CGM notification."""
    f = raw.fields
    readings: dict[str, Any] = {}
    if f["glucose_mg_dL"] is not None:
        readings["glucose_mg_dL"] = f["glucose_mg_dL"]
    marker = out_of_range(raw.special.get("glucose_mg_dL"), raw.status)
    if marker is not None:
        readings["glucose_out_of_range"] = marker
    if f["trend_mg_dL_min"] is not None and readings:
        readings["glucose_trend_rate_mg_dL_min"] = f["trend_mg_dL_min"]
    return Decoded(
        fields=f,
        readings=readings,
        special=raw.special,
        status=raw.status,
        persist=bool(readings) and not CGM_UNUSABLE.intersection(raw.status or ()),
    )


def spot_check(raw: Raw) -> Decoded:
    if raw.flags & 0x10:  # the device says that its clock was never set
        raw.device_time, raw.time_status = None, "clock_not_set"
    return _oximeter(raw, timed=True)


def continuous(raw: Raw) -> Decoded:
    return _oximeter(raw, timed=False)


def _oximeter(raw: Raw, *, timed: bool) -> Decoded:
    """From the normal pair only; demonstration data and disconnected sensors are shown, not stored."""
    f = raw.fields
    readings = {}
    if f["spo2"] is not None:
        readings["spo2_pct"] = f["spo2"]
    if f["pulse_rate"] is not None:
        readings["pulse_rate_bpm"] = f["pulse_rate"]
    usable = (
        bool(readings)
        and not PLX_UNUSABLE.intersection(raw.status or ())
        and not PLX_SENSOR_UNUSABLE.intersection(raw.sensor_status or ())
    )
    decoded = Decoded(
        fields=f,
        readings=readings,
        special=raw.special,
        status=raw.status,
        sensor_status=raw.sensor_status,
        persist=usable,
    )
    if timed:
        decoded.device_time, decoded.time_status = raw.device_time, raw.time_status
    return decoded


def temperature(raw: Raw) -> Decoded:
    f = raw.fields
    readings = {}
    if f["temperature"] is not None:
        celsius = (f["temperature"] - 32) * 5 / 9 if f["unit"] == "F" else f["temperature"]
        readings["body_temperature_c"] = celsius
    return _timed(raw, readings=readings, persist=bool(readings))


def intermediate_temperature(raw: Raw) -> Decoded:
    return _timed(raw, readings={}, intermediate=True, persist=False)


def heart_rate(raw: Raw) -> Decoded:
    """Beat-to-beat intervals come in 1/1024 s. No beat, or a strap that does not touch, is shown and not stored."""
    f = raw.fields
    readings: dict[str, Any] = {"heart_rate_bpm": f["heart_rate"]}
    if f["rr_1024"]:
        readings["rr_intervals_ms"] = [interval * 1000 / 1024 for interval in f["rr_1024"]]
    usable = bool(f["heart_rate"]) and f["contact"] != "no_contact"
    return Decoded(fields=f, readings=readings, special=raw.special, persist=usable)


def battery(raw: Raw) -> Decoded:
    """Says something about the device, nothing about the body: the caller keeps it out of the timeline."""
    level = raw.fields["battery_level"]
    readings = {} if level is None else {"battery_pct": level}
    return Decoded(fields=raw.fields, readings=readings, persist=level is not None)


def nothing_to_store(raw: Raw) -> Decoded:
    return Decoded(fields=raw.fields, readings={}, persist=False)


def clock(raw: Raw) -> Decoded:
    return Decoded(fields=raw.fields or UNSET, device_time=raw.device_time, time_status=raw.time_status)
