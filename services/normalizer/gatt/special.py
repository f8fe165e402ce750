"""Characteristics that are no plain row: variable tails, control points, checksums, texts. One small function each."""

from datetime import datetime, timedelta
from typing import Any, Final

from services.normalizer.gatt import codes
from services.normalizer.gatt.primitives import bits, date_time
from services.normalizer.gatt.result import Decoded, DecodeError


def need(data: bytes, size: int) -> None:
    if len(data) < size:
        raise DecodeError("truncated")


def u16(data: bytes, at: int) -> int:
    return data[at] | data[at + 1] << 8


def heart_rate(data: bytes, _: Any) -> Decoded:
    """2A37. RR intervals fill the rest, oldest first, in 1/1024 s; an odd last octet is dropped."""
    need(data, 2)
    flags, at = data[0], 1
    wide = flags & 1
    need(data, at + 1 + wide)
    rate = u16(data, at) if wide else data[at]
    at += 1 + wide
    energy = None
    if flags & 0x08:
        need(data, at + 2)
        energy = u16(data, at)
        at += 2
    intervals = None
    if flags & 0x10:
        need(data, at + 2)
        intervals = [u16(data, n) for n in range(at, len(data) - 1, 2)]
    contact = codes.CONTACT[flags >> 1 & 0b11]
    readings: dict[str, Any] = {"heart_rate_bpm": rate}
    if intervals:
        readings["rr_intervals_ms"] = [raw * 1000 / 1024 for raw in intervals]
    return Decoded(
        fields={"heart_rate": rate, "contact": contact, "energy_expended_kj": energy, "rr_1024": intervals},
        readings=readings,
        special={},
        persist=bool(rate) and contact != "no_contact",
    )


def running(data: bytes, _: Any) -> Decoded:
    """2A53."""
    need(data, 4)
    flags, at = data[0], 4
    stride = distance = None
    if flags & 1:
        need(data, at + 2)
        stride = u16(data, at) / 100
        at += 2
    if flags & 2:
        need(data, at + 4)
        distance = int.from_bytes(data[at : at + 4], "little") / 10
    return Decoded(
        fields={
            "speed_m_s": u16(data, 1) / 256,
            "cadence_per_min": data[3],
            "stride_length_m": stride,
            "total_distance_m": distance,
            "running": bool(flags & 4),
        },
        readings={},
        persist=False,
    )


def battery(data: bytes, _: Any) -> Decoded:
    """2A19. More than 100 % is no level."""
    need(data, 1)
    if data[0] > 100:
        raise DecodeError("out_of_range")
    return Decoded(fields={"battery_level": data[0]}, readings={"battery_pct": data[0]}, persist=True)


def battery_status(data: bytes, _: Any) -> Decoded:
    """2BED."""
    need(data, 3)
    flags, power, at = data[0], u16(data, 1), 3
    identifier = level = additional = None
    if flags & 1:
        need(data, at + 2)
        identifier = u16(data, at)
        at += 2
    if flags & 2:
        need(data, at + 1)
        level = data[at]
        at += 1
        if level > 100:
            raise DecodeError("out_of_range")
    if flags & 4:
        need(data, at + 1)
        additional = data[at]
    fields = {
        "battery_present": bool(power & 1),
        "charge_state": ("unknown", "charging", "discharging_active", "discharging_inactive")[power >> 5 & 3],
        "charge_level": ("unknown", "good", "low", "critical")[power >> 7 & 3],
        "identifier": identifier,
        "battery_level": level,
        "service_required": None if additional is None else bool(additional & 3 == 1),
    }
    return Decoded(
        fields=fields, readings={} if level is None else {"battery_pct": level}, persist=level is not None
    )


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


def plain_time(data: bytes, _: Any) -> Decoded:
    """2A08."""
    need(data, 7)
    device_time, status = date_time(data[:7])
    return Decoded(device_time=device_time, time_status=status)


def current_time(data: bytes, _: Any) -> Decoded:
    """2A2B."""
    need(data, 10)
    device_time, status = date_time(data[:7])
    return Decoded(
        device_time=device_time,
        time_status=status,
        fields={
            "day_of_week": codes.code(codes.DAY_OF_WEEK, data[7]),
            "fractions256": data[8],
            "adjust_reason": bits(data[9], codes.ADJUST_REASON),
        },
    )


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


def weight_feature(data: bytes, _: Any) -> Decoded:
    """2A9E. The resolution is what the scale really resolves; values are always in 0.005 kg."""
    need(data, 4)
    raw = int.from_bytes(data[:4], "little")
    return _feature(raw, codes.WEIGHT_FEATURE, 3, 7)


def body_feature(data: bytes, _: Any) -> Decoded:
    """2A9B."""
    need(data, 4)
    raw = int.from_bytes(data[:4], "little")
    return _feature(raw, codes.BODY_FEATURE, 11, 15)


def _feature(raw: int, names: dict[int, str], weight_at: int, height_at: int) -> Decoded:
    weight, height = raw >> weight_at & 0b1111, raw >> height_at & 0b111
    return Decoded(
        fields={
            "features": bits(raw, names),
            "weight_resolution_kg": codes.WEIGHT_RESOLUTION_KG.get(weight, "reserved") if weight else None,
            "height_resolution_m": codes.HEIGHT_RESOLUTION_M.get(height, "reserved") if height else None,
        }
    )


def plx_features(data: bytes, _: Any) -> Decoded:
    """2A60."""
    need(data, 2)
    raw, at = u16(data, 0), 2
    status = sensor = None
    if raw & 1:
        need(data, at + 2)
        status = bits(u16(data, at), codes.PLX_STATUS)
        at += 2
    if raw & 2:
        need(data, at + 3)
        sensor = bits(int.from_bytes(data[at : at + 3], "little"), codes.PLX_SENSOR)
    return Decoded(
        fields={
            "features": bits(raw, codes.PLX_FEATURE),
            "measurement_status_support": status,
            "device_sensor_status_support": sensor,
        }
    )


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


EPOCHS: Final = (datetime(1900, 1, 1), datetime(2000, 1, 1))  # noqa: DTZ001 - device time is naive


def epoch_seconds(raw: int, epoch_2000: bool) -> str:
    return (EPOCHS[epoch_2000] + timedelta(seconds=raw)).isoformat()
