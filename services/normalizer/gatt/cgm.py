"""Continuous glucose monitoring (CGMS 1.0.2): records with a size and flags of their own, and checksums.

The status octets come as status, calibration/temperature, warning: the opposite of the order of their flag bits.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from services.normalizer.gatt import codes
from services.normalizer.gatt.primitives import bits, crc16, date_time, sfloat
from services.normalizer.gatt.result import Decoded, DecodeError
from services.normalizer.gatt.rules import CGM_UNUSABLE, out_of_range
from services.normalizer.gatt.special import need, u16, zone_and_dst

Context = Mapping[str, Any]


def check_crc(data: bytes, fixed: int, context: Context) -> bool | None:
    """Of a value with a fixed part: None without a checksum, True with a right one."""
    need(data, fixed)
    expected = context.get("e2e_crc")
    if len(data) == fixed:
        if expected:
            raise DecodeError("missing_crc")
        return None
    if len(data) != fixed + 2 or expected is False:
        raise DecodeError("bad_length")
    if crc16(data[:fixed]) != u16(data, fixed):
        raise DecodeError("bad_crc")
    return True


def measurement(data: bytes, context: Context) -> Decoded:
    """2AA7: records back to back; one bad record refuses the whole notification."""
    need(data, 1)
    records = []
    at = 0
    while at < len(data):
        size = data[at]
        if size < 6:
            raise DecodeError("bad_size")
        if at + size > len(data):
            raise DecodeError("truncated")
        records.append(_record(data[at : at + size], context))
        at += size
    return Decoded(records=records)


def _record(data: bytes, context: Context) -> Decoded:
    flags = data[1]
    octets = bin(flags & 0xE0).count("1")
    plain = 6 + 2 * (flags & 1) + 2 * (flags >> 1 & 1) + octets
    expected = context.get("e2e_crc")
    if len(data) == plain:
        if expected:
            raise DecodeError("missing_crc")
        crc_ok = None
    elif len(data) == plain + 2 and expected is not False:
        if crc16(data[:plain]) != u16(data, plain):
            raise DecodeError("bad_crc")
        crc_ok = True
    else:
        raise DecodeError("bad_size")
    special: dict[str, str] = {}
    glucose = _number(data, 2, "glucose_mg_dL", special)
    at = 6
    raw_status, seen = 0, False
    for mask, shift in ((0x80, 0), (0x40, 8), (0x20, 16)):
        if flags & mask:
            raw_status |= data[at] << shift
            seen = True
            at += 1
    status = bits(raw_status, codes.CGM_ALL_STATUS) if seen else None
    trend = quality = None
    if flags & 1:
        trend = _number(data, at, "trend_mg_dL_min", special)
        at += 2
    if flags & 2:
        quality = _number(data, at, "quality_pct", special)
    readings: dict[str, Any] = {}
    if glucose is not None:
        readings["glucose_mg_dL"] = glucose
    marker = out_of_range(glucose, special.get("glucose_mg_dL"), status)
    if marker is not None:
        readings["glucose_out_of_range"] = marker
    if trend is not None and readings:
        readings["glucose_trend_rate_mg_dL_min"] = trend
    return Decoded(
        fields={
            "glucose_mg_dL": glucose,
            "time_offset_min": u16(data, 4),
            "trend_mg_dL_min": trend,
            "quality_pct": quality,
        },
        readings=readings,
        special=special,
        status=status,
        crc_ok=crc_ok,
        persist=bool(readings) and not CGM_UNUSABLE.intersection(status or ()),
    )


def _number(data: bytes, at: int, name: str, special: dict[str, str]) -> float | None:
    number = sfloat(u16(data, at))
    if number.special is not None:
        special[name] = number.special
    return number.value


def feature(data: bytes, context: Context) -> Decoded:
    """2AA8: always six octets; the checksum is 0xFFFF where checksums are not supported."""
    need(data, 6)
    if len(data) != 6:
        raise DecodeError("bad_length")
    raw = int.from_bytes(data[:3], "little")
    crc_ok = None
    if raw >> 12 & 1:
        if crc16(data[:4]) != u16(data, 4):
            raise DecodeError("bad_crc")
        crc_ok = True
    return Decoded(
        fields={
            "features": bits(raw, codes.CGM_FEATURE),
            "type": codes.strict_code(codes.GLUCOSE_TYPE, data[3] & 0x0F),
            "location": codes.strict_code(codes.CGM_LOCATION, data[3] >> 4),
        },
        crc_ok=crc_ok,
    )


def status(data: bytes, context: Context) -> Decoded:
    """2AA9."""
    crc_ok = check_crc(data, 5, context)
    raw = int.from_bytes(data[2:5], "little")
    return Decoded(
        fields={"time_offset_min": u16(data, 0)}, status=bits(raw, codes.CGM_ALL_STATUS), crc_ok=crc_ok
    )


def session_start(data: bytes, context: Context) -> Decoded:
    """2AAA: local time, zone and DST; in UTC only when all three are known."""
    crc_ok = check_crc(data, 9, context)
    device_time, time_status = date_time(data[:7])
    special: dict[str, str] = {}
    zone, dst = zone_and_dst(data, 7, special)
    utc = None
    if device_time is not None and zone is not None and dst is not None:
        try:
            utc = (datetime.fromisoformat(device_time) - timedelta(minutes=zone + dst)).isoformat() + "Z"
        except OverflowError:
            utc = None
    return Decoded(
        fields={"tz_offset_min": zone, "dst_offset_min": dst, "session_start_utc": utc},
        special=special,
        device_time=device_time,
        time_status=time_status,
        crc_ok=crc_ok,
    )


def run_time(data: bytes, context: Context) -> Decoded:
    """2AAB."""
    crc_ok = check_crc(data, 2, context)
    return Decoded(fields={"run_time_hours": u16(data, 0)}, crc_ok=crc_ok)


def control_point(data: bytes, context: Context) -> Decoded:
    """2AAC, as it is indicated."""
    need(data, 1)
    op = data[0]
    if op == 0x1C:
        crc_ok = check_crc(data, 3, context)
        result = codes.strict_code(codes.SOCP_RESULT, data[2])
        return Decoded(
            fields={"op": "response", "request_op": data[1], "code": data[2], "result": result},
            special={},
            crc_ok=crc_ok,
        )
    if op == 0x03:
        # One octet everywhere but in one place of the specification, which prints two: both are taken.
        need(data, 2)
        wide = len(data) in (3, 5) and context.get("e2e_crc") is not True
        crc_ok = check_crc(data, 3 if wide else 2, context)
        interval = u16(data, 1) if wide else data[1]
        return Decoded(
            fields={"op": "communication_interval", "interval_min": interval}, special={}, crc_ok=crc_ok
        )
    if op == 0x06:
        crc_ok = check_crc(data, 11, context)
        special: dict[str, str] = {}
        fields = {
            "op": "calibration",
            "glucose_mg_dL": _number(data, 1, "glucose_mg_dL", special),
            "time_offset_min": u16(data, 3),
            "type": codes.strict_code(codes.GLUCOSE_TYPE, data[5] & 0x0F),
            "location": codes.strict_code(codes.CGM_LOCATION, data[5] >> 4),
            "next_time_offset_min": u16(data, 6),
            "record_number": u16(data, 8),
        }
        return Decoded(
            fields=fields, special=special, status=bits(data[10], codes.CALIBRATION_STATUS), crc_ok=crc_ok
        )
    if op in codes.SOCP_LEVEL:
        crc_ok = check_crc(data, 3, context)
        special = {}
        level = _number(data, 1, "level", special)
        return Decoded(fields={"op": codes.SOCP_LEVEL[op], "level": level}, special=special, crc_ok=crc_ok)
    raise DecodeError("unexpected_opcode")
