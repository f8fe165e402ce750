"""`device-connect decode` without its arguments: one value, or a batch of lines. Answers in the shape of the vectors."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from services.normalizer.gatt import DecodeError, decode
from services.normalizer.gatt.primitives import crc16, medfloat, sfloat
from services.normalizer.gatt.times import resolve


class _Line(msgspec.Struct):
    characteristic: str
    hex: str
    context: dict[str, Any] | None = None
    received_at: str | None = None
    timezone: str | None = None


def decode_one(
    characteristic: str,
    hex: str,
    received_at: str | None = None,
    timezone: str | None = None,
    context: Mapping[str, Any] | None = None,
    *,
    now: datetime | None = None,
) -> dict[str, Any]:
    """The answer as JSON values; `{"error": code}` for what cannot be decoded. Without `received_at`: `now`.

    `context`: as `decode` takes it, and `device_now` as `resolve` does.
    """
    try:
        data = bytes.fromhex(hex)
    except ValueError:
        return {"error": "invalid_hex"}
    if characteristic.upper() in _PRIMITIVES:
        return _PRIMITIVES[characteristic.upper()](data)
    at, zone = _instant(received_at, now), _zone(timezone or "UTC")
    if at is None or zone is None:
        return {"error": "invalid_time"}
    try:
        answer = decode(characteristic, data, context).as_dict()
    except DecodeError as error:
        return {"error": error.code}
    if "device_time" in answer:
        device_now = (context or {}).get("device_now")
        resolved = resolve(
            answer["device_time"],
            answer.get("time_status", "absent"),
            at,
            zone,
            device_now if isinstance(device_now, str) else None,
        )
        answer["timestamp"] = _utc(resolved.timestamp)
    else:
        answer["timestamp"] = _utc(at)
    return answer


def decode_batch(lines: Iterable[str], now: datetime | None = None) -> Iterator[str]:
    """One answer a line, in order; a line that is no request answers `{"error": "invalid_json"}`."""
    for line in lines:
        if not line.strip():
            continue
        try:
            request = msgspec.json.decode(line, type=_Line)
        except msgspec.DecodeError:
            yield '{"error":"invalid_json"}'
            continue
        answer = decode_one(
            request.characteristic,
            request.hex,
            request.received_at,
            request.timezone,
            request.context,
            now=now,
        )
        yield msgspec.json.encode(answer).decode()


def _instant(received_at: str | None, now: datetime | None) -> datetime | None:
    """In UTC; None for what is no time with an offset, or lies beyond the calendar there."""
    try:
        at = datetime.fromisoformat(received_at) if received_at else now or datetime.now(UTC)
        return at.astimezone(UTC) if at.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None


def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, ZoneInfoNotFoundError):  # OSError: `Europe` is a folder of zones
        return None


def _utc(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _float(data: bytes, size: int) -> dict[str, Any]:
    if len(data) < size:
        return {"error": "truncated"}
    raw = int.from_bytes(data[:size], "little")
    number = sfloat(raw) if size == 2 else medfloat(raw)
    return {"value": number.value} if number.special is None else {"special": number.special}


def _crc(data: bytes) -> dict[str, Any]:
    crc = crc16(data)
    return {"crc": crc, "wire": crc.to_bytes(2, "little").hex()}


_PRIMITIVES = {
    "SFLOAT": lambda data: _float(data, 2),
    "FLOAT": lambda data: _float(data, 4),
    "CRC16": _crc,
}
