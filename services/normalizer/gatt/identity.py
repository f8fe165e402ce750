"""When are two GATT values the same measurement? The key of a value, whoever brought it, without the resolved time.

The resolved time is left out because it is a judgement (zone, drift, receipt): the same octets from a hub and from a
browser must meet. Keys hold within one connection.
"""

from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Final, Literal, NamedTuple
from uuid import UUID

import msgspec

from proto.gatt import INDICATED
from proto.identity import digest
from services.normalizer.gatt.result import Decoded

Kind = Literal["sequence", "device_time", "window", "stream"]

_encode: Final = msgspec.json.Encoder().encode


class Identity(NamedTuple):
    """`key`: 16 octets. `content`: of the octets alone, for `window`: the same content within 10 s of the kept value's
    receipt is that value again, later it is a new one. In a `stream` each receipt counts."""

    key: UUID
    kind: Kind
    content: UUID


def identity(uuid: str, decoded: Decoded, value: bytes, received_at: datetime) -> Identity:
    """Of a decoded value; `uuid` in its short form. Records of a CGM notification have their own: `record_identity`."""
    content = digest(uuid.encode(), value)
    fields: dict[str, Any] = decoded.fields or {}
    user = str(fields.get("user_id")).encode()
    if uuid == "2a18":
        # The octets of the base time and not the time shown: its offset may be changed later.
        return Identity(digest(b"gatt", b"2a18", _text(fields["sequence"]), value[3:10]), "sequence", content)
    if uuid == "2b36" and "sequence" in fields:
        parts = (user, _text(fields["sequence"]), _text(fields["characteristic"]))
        return Identity(digest(b"gatt", b"2b36", *parts), "sequence", content)
    if decoded.device_time and decoded.time_status in ("ok", "fault"):
        parts = (user, decoded.device_time.encode(), _encode(decoded.readings or {}))
        return Identity(digest(b"gatt", uuid.encode(), *parts), "device_time", content)
    key = digest(b"gatt", uuid.encode(), value, _instant(received_at))
    return Identity(key, "window" if uuid in INDICATED else "stream", content)


def record_identity(
    record: Decoded, index: int, value: bytes, received_at: datetime, session_start: datetime | None
) -> Identity:
    """Of one record of a CGM notification: its minute of the session, or its place in what arrived."""
    content = digest(b"2aa7", value)
    if session_start is not None:
        offset = (record.fields or {})["time_offset_min"]
        return Identity(digest(b"gatt", b"2aa7", _instant(session_start), _text(offset)), "sequence", content)
    return Identity(digest(b"gatt", b"2aa7", value, _instant(received_at), _text(index)), "stream", content)


def _text(part: Any) -> bytes:
    return str(part).encode()


def _instant(at: datetime) -> bytes:
    """The same instant in any zone gives the same octets."""
    with suppress(OverflowError):  # at the ends of the calendar it stays as it was written
        at = at.astimezone(UTC)
    return at.isoformat().encode()
