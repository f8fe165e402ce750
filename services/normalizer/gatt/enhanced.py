"""Blood pressure service 1.1: the enhanced measurement (2B34) with its time in seconds, and the record around it (2B36)."""

from collections.abc import Mapping
from typing import Any

from services.normalizer.gatt import rules
from services.normalizer.gatt.codes import BP_STATUS, bits_of
from services.normalizer.gatt.primitives import sfloat
from services.normalizer.gatt.result import Decoded, DecodeError
from services.normalizer.gatt.sensor import enhanced_offset, segment_header
from services.normalizer.gatt.special import epoch_seconds, need, u16
from services.normalizer.gatt.table import Raw


def measurement(data: bytes, _: Any) -> Decoded:
    """2B34: like 2A35, but the times are seconds since 1900 or 2000."""
    need(data, 7)
    flags, at = data[0], 7
    raw = Raw(flags, {"unit": "kPa" if flags & 1 else "mmHg"}, {})
    for n, name in enumerate(("systolic", "diastolic", "map")):
        _number(raw, name, u16(data, 1 + 2 * n))
    raw.fields |= {"pulse_rate": None, "user_id": None, "user_facing_time": None}
    epoch_2000 = bool(flags & 0x40)
    if flags & 0x02:
        raw.device_time, raw.time_status = epoch_seconds(enhanced_offset(data, at), epoch_2000), "ok"
        at += 4
    if flags & 0x04:
        need(data, at + 2)
        _number(raw, "pulse_rate", u16(data, at))
        at += 2
    if flags & 0x08:
        need(data, at + 1)
        if data[at] == 255:
            raw.special["user_id"] = "unknown"
        else:
            raw.fields["user_id"] = data[at]
        at += 1
    if flags & 0x10:
        need(data, at + 2)
        raw.raw_status = u16(data, at)
        raw.status = bits_of(raw.raw_status, BP_STATUS)
        at += 2
    if flags & 0x20:
        raw.fields["user_facing_time"] = epoch_seconds(enhanced_offset(data, at), epoch_2000)
    return rules.blood_pressure(raw)


def _number(raw: Raw, name: str, word: int) -> None:
    number = sfloat(word)
    raw.fields[name] = number.value
    if number.special is not None:
        raw.special[name] = number.special


def record(data: bytes, context: Mapping[str, Any]) -> Decoded:
    """2B36: a segment header, a sequence number, a characteristic and its value. Only whole records are decoded."""
    from services.normalizer.gatt import decode

    need(data, 5)
    segment = segment_header(data[0])
    inside = f"{u16(data, 3):04x}"
    about = {"segment": segment, "sequence": u16(data, 1), "characteristic": inside}
    if not (segment["first"] and segment["last"]):
        return Decoded(fields={"segment": segment}, readings={}, persist=False)
    if inside == "2b36":
        raise DecodeError("unsupported")
    inner = decode(inside, data[5:], context)
    inner.fields = {**(inner.fields or {}), **about}
    return inner
