"""Characteristics that are no plain row: variable tails, control points, checksums, texts. One small function each."""

from typing import Any

from services.normalizer.gatt import codes
from services.normalizer.gatt.result import Decoded, DecodeError


def need(data: bytes, size: int) -> None:
    if len(data) < size:
        raise DecodeError("truncated")


def u16(data: bytes, at: int) -> int:
    return data[at] | data[at + 1] << 8


def text(data: bytes, _: Any) -> Decoded:
    """Device information texts: UTF-8, cut at the first NUL, bad sequences replaced."""
    return Decoded(fields={"value": data.split(b"\0", 1)[0].decode("utf-8", "replace")})


def system_id(data: bytes, _: Any) -> Decoded:
    """2A23: an EUI-64, least significant octet first; printed the other way round."""
    need(data, 8)
    return Decoded(fields={"system_id": data[7::-1].hex()})


def udi(data: bytes, _: Any) -> Decoded:
    """2BFF: zero-terminated texts, by flag."""
    need(data, 1)
    fields: dict[str, Any] = {}
    rest = data[1:]
    for bit, name in enumerate(("label", "device_identifier", "issuer_oid", "authority_oid")):
        fields[name] = None
        if data[0] >> bit & 1:
            part, end, rest = rest.partition(b"\0")
            if not end:
                raise DecodeError("truncated")
            fields[name] = part.decode("utf-8", "replace")
    return Decoded(fields=fields)


def hex_text(data: bytes, _: Any) -> Decoded:
    """2A2A: an opaque structure of IEEE 11073-20601; kept as it is."""
    return Decoded(fields={"value": data.hex()})


def zone_and_dst(data: bytes, at: int, special: dict[str, str]) -> tuple[int | None, int | None]:
    """A time zone in quarter hours and a DST offset code; what they do not say goes to `special`."""
    quarter = data[at] - 256 if data[at] > 127 else data[at]
    zone: int | None = quarter * 15
    if quarter == -128:
        zone, special["tz_offset_min"] = None, "unknown"
    elif not -48 <= quarter <= 56:
        zone, special["tz_offset_min"] = None, "invalid"
    dst = codes.DST_OFFSET_MIN.get(data[at + 1])
    if dst is None:
        special["dst_offset_min"] = "unknown" if data[at + 1] == 255 else "invalid"
    return zone, dst


def local_time_information(data: bytes, _: Any) -> Decoded:
    """2A0F."""
    need(data, 2)
    special: dict[str, str] = {}
    zone, dst = zone_and_dst(data, 0, special)
    return Decoded(fields={"tz_offset_min": zone, "dst_offset_min": dst}, special=special)


def racp(data: bytes, _: Any) -> Decoded:
    """2A52, as it is indicated: a count, or the response to a request."""
    need(data, 1)
    op = data[0]
    if op not in (0x05, 0x06, 0x08):
        raise DecodeError("unexpected_opcode")
    need(data, 2)
    if data[1] != 0:
        raise DecodeError("invalid_operator")
    if op == 0x06:
        need(data, 4)
        return Decoded(
            fields={
                "op": "response",
                "request_op": data[2],
                "code": data[3],
                "result": codes.strict_code(codes.RACP_RESULT, data[3]),
            }
        )
    need(data, 3)
    if len(data) not in (3, 4, 6):
        raise DecodeError("bad_length")
    name = "number_of_records" if op == 0x05 else "combined_report"
    return Decoded(fields={"op": name, "count": int.from_bytes(data[2:], "little")})


def user_control_point(data: bytes, _: Any) -> Decoded:
    """2A9F."""
    need(data, 1)
    if data[0] != 0x20:
        raise DecodeError("unexpected_opcode")
    need(data, 3)
    fields = {
        "op": "response",
        "request_op": data[1],
        "code": data[2],
        "result": codes.strict_code(codes.UCP_RESULT, data[2]),
    }
    if data[1] == 0x01 and data[2] == 1:
        need(data, 4)
        fields["user_index"] = data[3]
    return Decoded(fields=fields)
