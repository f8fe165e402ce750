"""What is written to devices: requests for stored records, clocks, sessions. The other direction of the tables."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from proto.gatt import short_uuid
from services.normalizer.gatt.codes import ADJUST_REASON, DST_OFFSET_MIN
from services.normalizer.gatt.primitives import crc16

RACP_OP: Final = {"report": 1, "delete": 2, "abort": 3, "count": 4}
RACP_OPERATOR: Final = {"null": 0, "all": 1, "lte": 2, "gte": 3, "range": 4, "first": 5, "last": 6}
RACP_FILTER: Final = {"sequence": 1, "time_offset": 1, "user_facing_time": 2}
SOCP_OP: Final = {"set_communication_interval": 0x01, "start_session": 0x1A, "stop_session": 0x1B}
UCP_OP: Final = {"register": 0x01, "consent": 0x02, "delete": 0x03}

HRCP_OP: Final = {"reset_energy_expended": 0x01}


def u16(value: int) -> bytes:
    return value.to_bytes(2, "little")


def racp(
    op: str,
    operator: str = "null",
    *,
    filter: str | None = None,
    value: int | str | None = None,
    min: int | str | None = None,
    max: int | str | None = None,
) -> bytes:
    """2A52. Operands are numbers, or ISO times for the filter `user_facing_time`. Delete can be encoded and is never sent: other apps and the clinic may need the meter's memory."""
    octets = bytes([RACP_OP[op], RACP_OPERATOR[operator]])
    if filter is not None:
        octets += bytes([RACP_FILTER[filter]])
    for operand in (value, min, max):
        if operand is not None:
            octets += u16(operand) if isinstance(operand, int) else date_time(datetime.fromisoformat(operand))
    return octets


def date_time(at: datetime) -> bytes:
    """2A08: local wall time, seven octets."""
    return u16(at.year) + bytes([at.month, at.day, at.hour, at.minute, at.second])


def current_time(at: datetime, fractions256: int = 0, adjust_reason: list[str] | None = None) -> bytes:
    """2A2B: with the day of the week (1 = Monday) and why the clock is set (manual unless said)."""
    bit_of = {name: bit for bit, name in ADJUST_REASON.items()}
    reasons = sum(1 << bit_of[name] for name in (adjust_reason or ["manual"]))
    return date_time(at) + bytes([at.isoweekday(), fractions256, reasons])


def local_time_information(tz_offset_min: int, dst_offset_min: int) -> bytes:
    """2A0F."""
    code_of = {minutes: code for code, minutes in DST_OFFSET_MIN.items()}
    return (tz_offset_min // 15).to_bytes(1, "little", signed=True) + bytes([code_of[dst_offset_min]])


def with_crc(octets: bytes, e2e_crc: bool) -> bytes:
    return octets + u16(crc16(octets)) if e2e_crc else octets


def session_start(at: datetime, tz_offset_min: int, dst_offset_min: int, *, e2e_crc: bool = False) -> bytes:
    """2AAA."""
    return with_crc(date_time(at) + local_time_information(tz_offset_min, dst_offset_min), e2e_crc)


def socp(op: str, *, minutes: int | None = None, e2e_crc: bool = False) -> bytes:
    """2AAC."""
    operand = b"" if minutes is None else bytes([minutes])
    return with_crc(bytes([SOCP_OP[op]]) + operand, e2e_crc)


def user_control_point(op: str, *, consent_code: int | None = None, user_index: int | None = None) -> bytes:
    """2A9F."""
    octets = bytes([UCP_OP[op]])
    if user_index is not None:
        octets += bytes([user_index])
    return octets if consent_code is None else octets + u16(consent_code)


def heart_rate_control_point(op: str) -> bytes:
    """2A39."""
    return bytes([HRCP_OP[op]])


_ENCODERS: Final[dict[str, Callable[..., bytes]]] = {
    "2a52": racp,
    "2a2b": current_time,
    "2a0f": local_time_information,
    "2a08": date_time,
    "2aaa": session_start,
    "2aac": socp,
    "2a9f": user_control_point,
    "2a39": heart_rate_control_point,
}


def encode(characteristic: str, request: Mapping[str, Any]) -> bytes:
    """The octets of a request, in the words of the conformance vectors (`{"op": "report", "operator": "all"}`).

    Raises `KeyError`, `TypeError` or `ValueError` for words that no such request has.
    """
    words = dict(request)
    if "time" in words:
        words["at"] = datetime.fromisoformat(words.pop("time"))
    return _ENCODERS[short_uuid(characteristic) or ""](**words)
