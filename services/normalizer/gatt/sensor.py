"""Generic health sensor observations (GHSS 1.0, 2B8B): a segment header, then observations that may hold others."""

from datetime import datetime, timedelta
from typing import Any, Final

from services.normalizer.gatt.primitives import medfloat
from services.normalizer.gatt.result import Decoded, DecodeError
from services.normalizer.gatt.special import need

BUNDLE: Final = 0xFF
CLASSES: Final = {
    1: "numeric",
    2: "discrete",
    3: "string",
    4: "sample_array",
    5: "compound_discrete_event",
    6: "compound_state",
    7: "compound",
    8: "tlv",
}
READINGS: Final = {
    (150456, 544): "spo2_pct",
    (149530, 2720): "pulse_rate_bpm",
    (147842, 2720): "heart_rate_bpm",
    (150364, 6048): "body_temperature_c",
    (188736, 1731): "weight_kg",
}
"""(MDC type, MDC unit) → reading name. Codes: IEEE 11073-10101."""
UNUSABLE: Final = 0b0011_0101
"""Status bits invalid, not available, calibrating, test data: no reading."""
EPOCH: Final = datetime(2000, 1, 1)  # noqa: DTZ001 - elapsed time counts from here, zone by flag
RESOLUTION: Final = (1.0, 0.1, 0.001, 0.0001)
MAX_DEPTH: Final = 4


class _Cursor:
    __slots__ = ("at", "data")

    def __init__(self, data: bytes, at: int = 0) -> None:
        self.data = data
        self.at = at

    def take(self, size: int) -> bytes:
        if self.at + size > len(self.data):
            raise DecodeError("truncated")
        part = self.data[self.at : self.at + size]
        self.at += size
        return part

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size), "little")


def segment_header(octet: int) -> dict[str, Any]:
    return {"first": bool(octet & 1), "last": bool(octet & 2), "counter": octet >> 2}


def observation(data: bytes, _: Any) -> Decoded:
    """A value in one segment is decoded; a lone first or last segment gives only its header."""
    need(data, 1)
    segment = segment_header(data[0])
    if not (segment["first"] and segment["last"]):
        return Decoded(fields={"segment": segment}, readings={}, persist=False)
    found: list[dict[str, Any]] = []
    _read(_Cursor(data, 1), {"device_time": None, "time_status": "absent"}, found, 0)
    readings = {}
    for each in found:
        name = READINGS.get((each.get("type", 0), each.get("unit", 0)))
        if name and each.get("value") is not None and not each.get("status", 0) & UNUSABLE:
            readings[name] = each["value"]
    first = found[0] if found else {}
    return Decoded(
        fields={"segment": segment, "observations": found},
        readings=readings,
        device_time=first.get("device_time"),
        time_status=first.get("time_status", "absent"),
        persist=bool(readings),
    )


def _read(cursor: _Cursor, inherited: dict[str, Any], found: list[dict[str, Any]], depth: int) -> None:
    if depth > MAX_DEPTH:
        raise DecodeError("bad_length")
    class_, length = cursor.number(1), cursor.number(2)
    body = _Cursor(cursor.take(length))
    flags = body.number(2)
    about = dict(inherited)
    if flags & 0x01:
        about["type"] = body.number(4)
    if flags & 0x02:
        about["device_time"], about["time_status"] = _elapsed(body.take(9))
    if flags & 0x04:
        about["duration_s"] = medfloat(body.number(4)).value
    if flags & 0x08:
        about["status"] = body.number(2)
    if flags & 0x10:
        about["object_id"] = body.number(4)
    if flags & 0x20:
        about["patient_id"] = body.number(1)
    for mask, name in ((0x40, "supplemental"), (0x80, "derived_from"), (0x100, "has_member")):
        if flags & mask:
            about[name] = [body.number(4) for _ in range(body.number(1))]
    if class_ == BUNDLE:
        for _ in range(body.number(1)):
            _read(body, about, found, depth + 1)
        return
    about["class"] = CLASSES.get(class_, f"reserved_{class_}")
    if class_ == 1:
        about["unit"] = body.number(2)
        number = medfloat(body.number(4))
        about["value"] = number.value
        if number.special is not None:
            about["special"] = number.special
    found.append(about)


def _elapsed(raw: bytes) -> tuple[str | None, str]:
    """Nine octets of elapsed time; `Z` at the end when UTC is known."""
    flags = raw[0]
    if flags & 0x01:
        return None, "tick_counter"
    if not flags & 0x20:
        return None, "other_timeline"
    seconds = int.from_bytes(raw[1:7], "little") * RESOLUTION[flags >> 2 & 0b11]
    offset = (raw[8] - 256 if raw[8] > 127 else raw[8]) * 15
    try:
        at = EPOCH + timedelta(seconds=seconds)
        if flags & 0x02:
            return at.isoformat(timespec="seconds") + "Z", "ok"
        if flags & 0x10:
            return (at - timedelta(minutes=offset)).isoformat(timespec="seconds") + "Z", "ok"
    except OverflowError:
        return None, "invalid"
    return at.isoformat(timespec="seconds"), "ok"
