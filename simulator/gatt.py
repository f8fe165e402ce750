"""Bytes as Bluetooth devices send them: values of the SIG health characteristics, written from their field tables.

Independent of the platform's decoder on purpose: it is the other witness. Structures: SIG GATT Specification Supplement;
floats: IEEE 11073-20601. All numbers are little endian; optional fields follow in the order of the structure.
"""

import struct
from datetime import datetime
from decimal import Decimal
from typing import Final

NAN, NRES, PLUS_INF, MINUS_INF = "NaN", "NRes", "+INF", "-INF"
_SFLOAT_SPECIAL: Final = {NAN: 0x07FF, NRES: 0x0800, PLUS_INF: 0x07FE, MINUS_INF: 0x0802}
_FLOAT_SPECIAL: Final = {NAN: 0x007FFFFF, NRES: 0x00800000, PLUS_INF: 0x007FFFFE, MINUS_INF: 0x00800002}

Number = float | str
"""A number, or the name of a special value."""

BP_STATUS: Final = {
    "body_movement": 1 << 0,
    "cuff_too_loose": 1 << 1,
    "irregular_pulse": 1 << 2,
    "improper_position": 1 << 5,
}
GLUCOSE_STATUS: Final = {"battery_low": 1 << 0, "result_too_high": 1 << 5, "result_too_low": 1 << 6}
MEALS: Final = {"preprandial": 1, "postprandial": 2, "fasting": 3, "casual": 4, "bedtime": 5}
TEMPERATURE_SITES: Final = {
    "armpit": 1,
    "body": 2,
    "ear": 3,
    "finger": 4,
    "mouth": 6,
    "rectum": 7,
    "tympanum": 9,
}
UNSUCCESSFUL: Final = 0xFFFF


def _scaled(value: float, mantissa_max: int, exponent: int | None) -> tuple[int, int]:
    """Mantissa and exponent of a decimal; without `exponent`, the digits that are written, as far as they fit."""
    number = Decimal(str(value))
    power = number.as_tuple().exponent if exponent is None else exponent
    if not isinstance(power, int):
        raise TypeError("special values are given by name")
    mantissa = int((number / Decimal(10) ** power).to_integral_value())
    while not -mantissa_max <= mantissa <= mantissa_max:
        power += 1
        mantissa = int((number / Decimal(10) ** power).to_integral_value())
    return mantissa, power


def sfloat(value: Number, exponent: int | None = None) -> bytes:
    """Two octets: mantissa 12 bits, exponent 4 bits, both two's complement. Raises `ValueError` beyond 10⁷."""
    if isinstance(value, str):
        return struct.pack("<H", _SFLOAT_SPECIAL[value])
    mantissa, power = _scaled(value, 0x7FD, exponent)
    if not -8 <= power <= 7:
        raise ValueError("the exponent does not fit a SFLOAT")
    return struct.pack("<H", (mantissa & 0x0FFF) | ((power & 0x0F) << 12))


def float32(value: Number, exponent: int | None = None) -> bytes:
    """Four octets: mantissa 24 bits, exponent 8 bits, both two's complement."""
    if isinstance(value, str):
        return struct.pack("<I", _FLOAT_SPECIAL[value])
    mantissa, power = _scaled(value, 0x7FFFFD, exponent)
    return struct.pack("<I", (mantissa & 0xFFFFFF) | ((power & 0xFF) << 24))


def date_time(local: datetime) -> bytes:
    """Seven octets of the device's wall clock; the zone, if any, is not sent."""
    return struct.pack("<HBBBBB", local.year, local.month, local.day, local.hour, local.minute, local.second)


def crc16(value: bytes) -> bytes:
    """E2E-CRC, CRC-16/MCRF4XX, least significant octet first."""
    crc = 0xFFFF
    for octet in value:
        crc ^= octet
        for _ in range(8):
            crc = (crc >> 1) ^ 0x8408 if crc & 1 else crc >> 1
    return struct.pack("<H", crc)


def _flags(*present: object) -> int:
    """One bit for each field that is there, the first one lowest."""
    return sum(1 << bit for bit, field in enumerate(present) if field is not None and field is not False)


def blood_pressure(
    systolic: Number,
    diastolic: Number,
    mean: Number = NAN,
    *,
    at: datetime | None = None,
    pulse: Number | None = None,
    user: int | None = None,
    status: frozenset[str] | None = None,
    kpa: bool = False,
) -> bytes:
    """0x2A35."""
    value = bytes([_flags(kpa, at, pulse, user, status)])
    value += sfloat(systolic) + sfloat(diastolic) + sfloat(mean)
    if at is not None:
        value += date_time(at)
    if pulse is not None:
        value += sfloat(pulse)
    if user is not None:
        value += bytes([user])
    if status is not None:
        value += struct.pack("<H", sum(BP_STATUS[name] for name in status))
    return value


def cuff_pressure(pressure: Number) -> bytes:
    """0x2A36: the pressure of the moment and two unused fields."""
    return bytes([0]) + sfloat(pressure) + sfloat(NAN) + sfloat(NAN)


def weight(
    kg: float | None,
    *,
    at: datetime | None = None,
    user: int | None = None,
    bmi: float | None = None,
    height_m: float | None = None,
) -> bytes:
    """0x2A9D in SI units; `kg` None = the measurement did not succeed. BMI and height come together."""
    pair = bmi is not None and height_m is not None
    value = bytes([_flags(None, at, user, pair)])
    value += struct.pack("<H", UNSUCCESSFUL if kg is None else round(kg / 0.005))
    if at is not None:
        value += date_time(at)
    if user is not None:
        value += bytes([user])
    if bmi is not None and height_m is not None:
        value += struct.pack("<HH", round(bmi * 10), round(height_m * 1000))
    return value


def body_composition(
    fat_pct: float | None,
    *,
    at: datetime | None = None,
    user: int | None = None,
    muscle_mass_kg: float | None = None,
    fat_free_mass_kg: float | None = None,
    body_water_kg: float | None = None,
    weight_kg: float | None = None,
    height_m: float | None = None,
) -> bytes:
    """0x2A9C in SI units; `fat_pct` None = no contact to the feet."""
    flags = _flags(
        None,
        at,
        user,
        None,
        None,
        muscle_mass_kg,
        fat_free_mass_kg,
        None,
        body_water_kg,
        None,
        weight_kg,
        height_m,
    )
    value = struct.pack("<HH", flags, UNSUCCESSFUL if fat_pct is None else round(fat_pct * 10))
    if at is not None:
        value += date_time(at)
    if user is not None:
        value += bytes([user])
    for mass in (muscle_mass_kg, fat_free_mass_kg, body_water_kg, weight_kg):
        if mass is not None:
            value += struct.pack("<H", round(mass / 0.005))
    if height_m is not None:
        value += struct.pack("<H", round(height_m * 1000))
    return value


def glucose(
    sequence: int,
    base_time: datetime,
    mg_dl: Number | None,
    *,
    offset_min: int | None = None,
    type_: int = 2,
    location: int = 1,
    status: frozenset[str] | None = None,
    context_follows: bool = False,
) -> bytes:
    """0x2A18 in kg/L, as mg/dL meters send it (exponent −5). `type_` 2 = capillary plasma, `location` 1 = finger."""
    value = bytes([_flags(offset_min, mg_dl, None, status, context_follows)])
    value += struct.pack("<H", sequence & 0xFFFF) + date_time(base_time)
    if offset_min is not None:
        value += struct.pack("<h", offset_min)
    if mg_dl is not None:
        concentration = mg_dl if isinstance(mg_dl, str) else float(Decimal(str(mg_dl)) / 100_000)
        value += sfloat(concentration, None if isinstance(mg_dl, str) else -5)
        value += bytes([(location << 4) | type_])
    if status is not None:
        value += struct.pack("<H", sum(GLUCOSE_STATUS[name] for name in status))
    return value


def glucose_context(sequence: int, meal: str) -> bytes:
    """0x2A34 with the meal only."""
    return struct.pack("<BHB", 1 << 1, sequence & 0xFFFF, MEALS[meal])


def cgm(
    mg_dl: Number,
    offset_min: int,
    *,
    trend: float | None = None,
    quality: float | None = None,
    warning: int | None = None,
    crc: bool = False,
) -> bytes:
    """0x2AA7, one record. `warning`: the third annunciation octet; `crc`: with E2E-CRC."""
    body = sfloat(mg_dl) + struct.pack("<H", offset_min)
    if warning is not None:
        body += bytes([warning])
    if trend is not None:
        body += sfloat(trend)
    if quality is not None:
        body += sfloat(quality)
    flags = _flags(trend, quality) | (1 << 5 if warning is not None else 0)
    record = bytes([2 + len(body) + (2 if crc else 0), flags]) + body
    return record + crc16(record) if crc else record


def session_start(local: datetime, zone_min: int, dst_min: int) -> bytes:
    """0x2AAA: the sensor's start in local time, standard offset in quarters of an hour, and daylight saving."""
    dst = {0: 0, 30: 2, 60: 4, 120: 8}[dst_min]
    return date_time(local) + struct.pack("<bB", zone_min // 15, dst)


def spo2_spot(
    spo2: Number,
    pulse: Number,
    *,
    at: datetime | None = None,
    status: int | None = None,
    sensor_status: int | None = None,
    amplitude_pct: Number | None = None,
) -> bytes:
    """0x2A5E."""
    value = bytes([_flags(at, status, sensor_status, amplitude_pct)]) + sfloat(spo2) + sfloat(pulse)
    return _oximetry_tail(value, at, status, sensor_status, amplitude_pct)


def spo2_stream(
    spo2: Number,
    pulse: Number,
    *,
    fast: tuple[Number, Number] | None = None,
    slow: tuple[Number, Number] | None = None,
    status: int | None = None,
    sensor_status: int | None = None,
    amplitude_pct: Number | None = None,
) -> bytes:
    """0x2A5F: the flag byte differs from the spot check's."""
    value = bytes([_flags(fast, slow, status, sensor_status, amplitude_pct)]) + sfloat(spo2) + sfloat(pulse)
    for pair in (fast, slow):
        if pair is not None:
            value += sfloat(pair[0]) + sfloat(pair[1])
    return _oximetry_tail(value, None, status, sensor_status, amplitude_pct)


def _oximetry_tail(
    value: bytes,
    at: datetime | None,
    status: int | None,
    sensor_status: int | None,
    amplitude_pct: Number | None,
) -> bytes:
    if at is not None:
        value += date_time(at)
    if status is not None:
        value += struct.pack("<H", status)
    if sensor_status is not None:
        value += sensor_status.to_bytes(3, "little")
    if amplitude_pct is not None:
        value += sfloat(amplitude_pct)
    return value


def temperature(
    value_of_unit: Number, *, at: datetime | None = None, site: str | None = None, fahrenheit: bool = False
) -> bytes:
    """0x2A1C."""
    value = bytes([_flags(fahrenheit, at, site)]) + float32(value_of_unit)
    if at is not None:
        value += date_time(at)
    if site is not None:
        value += bytes([TEMPERATURE_SITES[site]])
    return value


def heart_rate(
    bpm: int, *, contact: bool | None = None, energy_kj: int | None = None, rr_ms: list[float] | None = None
) -> bytes:
    """0x2A37. RR intervals go out in 1/1024 s; `contact` None = the sensor cannot tell."""
    wide = bpm > 0xFF
    touches = 0 if contact is None else 0b110 if contact else 0b100
    flags = (1 if wide else 0) | touches | _flags(None, None, None, energy_kj, rr_ms)
    value = bytes([flags]) + (struct.pack("<H", bpm) if wide else bytes([bpm]))
    if energy_kj is not None:
        value += struct.pack("<H", energy_kj)
    for interval in rr_ms or []:
        value += struct.pack("<H", round(interval * 1024 / 1000))
    return value


def battery(pct: int) -> bytes:
    """0x2A19."""
    return bytes([pct])
