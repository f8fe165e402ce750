"""Wire basics of GATT health values: medical floats, Date Time, the CGM checksum. Little endian throughout.

SFLOAT and FLOAT: IEEE 11073-20601 (mantissa and exponent are two's complement; specials are checked first, on the
whole word). Computed exactly in decimal, turned into a float last.
"""

from calendar import monthrange
from datetime import datetime, timedelta
from functools import lru_cache
from math import isinf
from typing import Final, NamedTuple

SFLOAT_SPECIAL: Final = {0x07FF: "NaN", 0x0800: "NRes", 0x07FE: "+INF", 0x0802: "-INF", 0x0801: "RFU"}
FLOAT_SPECIAL: Final = {
    0x007FFFFF: "NaN",
    0x00800000: "NRes",
    0x007FFFFE: "+INF",
    0x00800002: "-INF",
    0x00800001: "RFU",
}


class Number(NamedTuple):
    """A value, or the name of the special pattern in its place."""

    value: float | None
    special: str | None = None


@lru_cache(maxsize=65_536)
def sfloat(raw: int) -> Number:
    """16 bits: exponent in the high 4, mantissa in the low 12."""
    if raw in SFLOAT_SPECIAL:
        return Number(None, SFLOAT_SPECIAL[raw])
    mantissa, exponent = raw & 0x0FFF, raw >> 12
    mantissa -= 0x1000 if mantissa & 0x0800 else 0
    exponent -= 0x10 if exponent & 0x8 else 0
    return Number(float(f"{mantissa}e{exponent}"))


@lru_cache(maxsize=65_536)
def medfloat(raw: int) -> Number:
    """32 bits: exponent in the top octet, mantissa in the low 24."""
    if raw in FLOAT_SPECIAL:
        return Number(None, FLOAT_SPECIAL[raw])
    mantissa, exponent = raw & 0x00FF_FFFF, raw >> 24
    mantissa -= 0x0100_0000 if mantissa & 0x0080_0000 else 0
    exponent -= 0x100 if exponent & 0x80 else 0
    value = float(f"{mantissa}e{exponent}")
    if isinf(value):  # beyond what a float holds: the format can carry it, no instrument shows it
        return Number(None, "+INF" if value > 0 else "-INF")
    return Number(value)


def _crc_step(octet: int) -> int:
    for _ in range(8):
        octet = (octet >> 1) ^ 0x8408 if octet & 1 else octet >> 1
    return octet


_CRC_TABLE: Final = tuple(_crc_step(octet) for octet in range(256))


def crc16(data: bytes) -> int:
    """CRC-16/MCRF4XX, the end-to-end checksum of the CGM service: reflected 0x1021, start 0xFFFF."""
    crc = 0xFFFF
    for octet in data:
        crc = crc >> 8 ^ _CRC_TABLE[(crc ^ octet) & 0xFF]
    return crc


EPOCHS: Final = (datetime(1900, 1, 1), datetime(2000, 1, 1))  # noqa: DTZ001 - device time is naive


def epoch_seconds(raw: int, epoch_2000: bool) -> str:
    """32 bits of seconds since 1900 or 2000 as naive ISO time."""
    return (EPOCHS[epoch_2000] + timedelta(seconds=raw)).isoformat()


def date_time(raw: bytes) -> tuple[str | None, str]:
    """Seven octets of naive device time → (`YYYY-MM-DDTHH:MM:SS` or None, `ok` | `unknown` | `invalid`)."""
    year = raw[0] | raw[1] << 8
    month, day, hour, minute, second = raw[2:7]
    in_range = (year == 0 or 1582 <= year <= 9999) and month <= 12 and day <= 31
    if not in_range or hour > 23 or minute > 59 or second > 59:
        return None, "invalid"
    if year == 0 or month == 0 or day == 0:
        return None, "unknown"
    if day > monthrange(year, month)[1]:
        return None, "invalid"
    return f"{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}", "ok"


def bits(raw: int, names: dict[int, str]) -> list[str]:
    """The names of the set bits, sorted; reserved bits are ignored."""
    return sorted(name for bit, name in names.items() if raw >> bit & 1)
