"""Continuous glucose monitoring (CGMS 1.0.2): records with a size and flags of their own, and checksums.

The status octets come as status, calibration/temperature, warning: the opposite of the order of their flag bits.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from services.normalizer.gatt import codes, rules
from services.normalizer.gatt.primitives import bits, crc16, date_time, sfloat
from services.normalizer.gatt.reader import Reader
from services.normalizer.gatt.result import Decoded, DecodeError
from services.normalizer.gatt.special import need, u16, zone_and_dst
from services.normalizer.gatt.tables import CGM_RECORD, CGM_RECORD_REVERSED

Context = Mapping[str, Any]

RECORD_MIN: Final = 6
"""Size, flags, glucose and minutes."""
_RECORD: Final = Reader(CGM_RECORD)
_REVERSED: Final = Reader(CGM_RECORD_REVERSED)


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
    reader = _REVERSED if context.get("cgm_status_order") == "reversed" else _RECORD
    records = []
    at = 0
    while at < len(data):
        size = data[at]
        if size < RECORD_MIN:
            raise DecodeError("bad_size")
        if at + size > len(data):
            raise DecodeError("truncated")
        records.append(_record(reader, data[at : at + size], context))
        at += size
    return Decoded(records=records)


def _record(reader: Reader, data: bytes, context: Context) -> Decoded:
    """The size must be what the flags say, or that and a checksum."""
    try:
        raw = reader.read(data[1:])
    except DecodeError:  # the flags promise more than the size holds
        raise DecodeError("bad_size") from None
    plain, expected = 1 + raw.size, context.get("e2e_crc")
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
    record = rules.cgm_record(raw)
    record.crc_ok = crc_ok
    return record


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
        wide = len(data) in (3, 5)
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
