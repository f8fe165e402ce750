"""What an event looks like to a live client: pure, one event to its frames, each encoded once for all who see it whole."""

from collections.abc import Callable
from datetime import timedelta
from functools import cache
from typing import Any, Final, Literal
from uuid import UUID

import msgspec

from gateway.cursor import LAST, Cursor, Position, encode
from proto import subjects
from proto.access import ALL_KINDS, names_of
from proto.events import (
    ConnectionChanged,
    HealthChanged,
    ObservationsLive,
    ObservationsRecorded,
    RecordedReading,
    UploadProgressed,
)
from proto.words import Kind

OLD: Final = timedelta(hours=24)
"""Readings of a job that are older come as its progress, not as readings."""
ALERTS_CHANGED: Final = "alerts.changed.v1"
SYNC_PROGRESSED: Final = "sync.progressed.v1"

Audience = Literal["reading", "connection", "kinds", "owner"]
"""Who beside the owner sees a frame: by granted names, by any granted kind of the connection, by all of the frame's
kinds, or nobody."""

_encode: Final = msgspec.json.Encoder().encode
_names: Final = cache(names_of)


class Frame:
    """One frame. `text` is the JSON for whoever sees all of it."""

    __slots__ = ("_narrow", "_reading", "audience", "connection_id", "cursor", "kinds", "position", "text")

    def __init__(
        self,
        text: str,
        *,
        audience: Audience,
        connection_id: UUID | None = None,
        kinds: frozenset[Kind] = frozenset(),
        position: Position | None = None,
        cursor: str | None = None,
        reading: tuple[str, RecordedReading] | None = None,
    ) -> None:
        self.text = text
        self.audience = audience
        self.connection_id = connection_id
        self.kinds = kinds
        self.position = position
        self.cursor = cursor
        self._reading = reading
        self._narrow: dict[frozenset[Kind], str | None] = {}

    def seen_with(self, kinds: frozenset[Kind]) -> str | None:
        """The frame for a reader of these kinds, or None when nothing of it is theirs."""
        if self.audience == "owner":
            return None
        if self.audience == "connection":
            return self.text if kinds else None
        if self.audience == "kinds":
            return self.text if self.kinds and self.kinds <= kinds else None
        if kinds not in self._narrow:
            self._narrow[kinds] = self._narrowed(kinds)
        return self._narrow[kinds]

    def _narrowed(self, kinds: frozenset[Kind]) -> str | None:
        if self._reading is None or kinds >= ALL_KINDS:
            return self.text
        patient_id, reading = self._reading
        readings = msgspec.json.decode(reading.readings, type=dict[str, msgspec.Raw])
        kept = {name: value for name, value in readings.items() if name in _names(kinds)}
        if not kept:
            return None
        if len(kept) == len(readings):
            return self.text
        narrow = msgspec.structs.replace(reading, readings=msgspec.Raw(_encode(kept)))
        return _reading_text(self.cursor or "", patient_id, narrow)


class _Where(msgspec.Struct, frozen=True):
    """Where a message stands: makes the cursors of its frames."""

    incarnation: int
    sequence: int

    def at(self, index: int, count: int) -> tuple[Position, str]:
        index = LAST if index == count - 1 else index
        cursor = Cursor(self.incarnation, self.sequence, index)
        return cursor.position, encode(cursor)


def frames_of(subject: str, payload: bytes, *, incarnation: int, sequence: int) -> list[Frame]:
    """The frames of a message of EVENTS; none for what live clients are not told. Raises `msgspec.DecodeError`."""
    mapper = _MAPPERS.get(subject.rsplit(".", 1)[0])
    return mapper(payload, _Where(incarnation, sequence)) if mapper else []


def preview_of(payload: bytes) -> tuple[UUID, Frame]:
    """Whose it is, and the frame of an intermediate value: no cursor, for it is kept nowhere."""
    live = _decode_live(payload)
    text = _text(
        type="preview",
        device_connection_id=live.device_connection_id,
        characteristic=live.characteristic,
        fields=live.fields,
    )
    kinds = frozenset(kind for kind in live.kinds if kind in ALL_KINDS)
    frame = Frame(text, audience="kinds", connection_id=live.device_connection_id, kinds=kinds)
    return live.patient_id, frame


def _recorded(payload: bytes, where: _Where) -> list[Frame]:
    event = _decode_recorded(payload)
    readings = event.readings
    if event.job_id is not None:
        readings = [reading for reading in readings if reading.timestamp >= event.recorded_at - OLD]
    patient_id = str(event.patient_id)
    frames = []
    for index, reading in enumerate(readings):
        position, cursor = where.at(index, len(readings))
        frames.append(
            Frame(
                _reading_text(cursor, patient_id, reading),
                audience="reading",
                connection_id=reading.device_connection_id,
                position=position,
                cursor=cursor,
                reading=(patient_id, reading),
            )
        )
    return frames


def _reading_text(cursor: str, patient_id: str, reading: RecordedReading) -> str:
    return _text(type="reading", cursor=cursor, patient_id=patient_id, reading=reading)


def _connection_changed(payload: bytes, where: _Where) -> list[Frame]:
    event = _decode_connection(payload)
    content: dict[str, Any] = {"device_connection_id": event.device_connection_id, "status": event.status}
    if event.status_reason is not None:
        content["status_reason"] = event.status_reason
    return [_alone("status", content, where, "connection", event.device_connection_id)]


def _health_changed(payload: bytes, where: _Where) -> list[Frame]:
    event = _decode_health(payload)
    health = {
        name: getattr(event, name) for name in event.__struct_fields__ if name not in ("patient_id", "at")
    }
    content = {"device_connection_id": event.device_connection_id, "health": health}
    return [_alone("health", content, where, "connection", event.device_connection_id)]


def _upload_progressed(payload: bytes, where: _Where) -> list[Frame]:
    event = _decode_upload(payload)
    content: dict[str, Any] = {"done": event.done, "total": event.total}
    for name in ("upload_id", "job_id"):
        if (value := getattr(event, name)) is not None:
            content[name] = value
    return [_alone("ingest_progress", content, where, "owner", None)]


class _AlertChanged(msgspec.Struct, frozen=True):
    alert: msgspec.Raw
    kinds: frozenset[str] = frozenset()
    device_connection_id: UUID | None = None


class _SyncProgressed(msgspec.Struct, frozen=True):
    job: msgspec.Raw
    device_connection_id: UUID | None = None


def _alert_changed(payload: bytes, where: _Where) -> list[Frame]:
    event = _decode_alert(payload)
    position, cursor = where.at(0, 1)
    return [
        Frame(
            _text(type="alert", cursor=cursor, alert=event.alert),
            audience="kinds",
            connection_id=event.device_connection_id,
            kinds=frozenset(kind for kind in event.kinds if kind in ALL_KINDS),
            position=position,
            cursor=cursor,
        )
    ]


def _sync_progressed(payload: bytes, where: _Where) -> list[Frame]:
    event = _decode_sync(payload)
    return [_alone("sync_progress", {"job": event.job}, where, "owner", event.device_connection_id)]


def _alone(
    type_: str, content: dict[str, Any], where: _Where, audience: Audience, connection_id: UUID | None
) -> Frame:
    position, cursor = where.at(0, 1)
    text = _text(type=type_, cursor=cursor, **content)
    return Frame(text, audience=audience, connection_id=connection_id, position=position, cursor=cursor)


def _text(**content: Any) -> str:
    return _encode(content).decode()


_decode_recorded: Final = msgspec.json.Decoder(ObservationsRecorded).decode
_decode_live: Final = msgspec.json.Decoder(ObservationsLive).decode
_decode_connection: Final = msgspec.json.Decoder(ConnectionChanged).decode
_decode_health: Final = msgspec.json.Decoder(HealthChanged).decode
_decode_upload: Final = msgspec.json.Decoder(UploadProgressed).decode
_decode_alert: Final = msgspec.json.Decoder(_AlertChanged).decode
_decode_sync: Final = msgspec.json.Decoder(_SyncProgressed).decode

_MAPPERS: Final[dict[str, Callable[[bytes, _Where], list[Frame]]]] = {
    subjects.OBSERVATIONS_RECORDED: _recorded,
    subjects.CONNECTIONS_CHANGED: _connection_changed,
    subjects.HEALTH_CHANGED: _health_changed,
    subjects.UPLOADS_PROGRESSED: _upload_progressed,
    ALERTS_CHANGED: _alert_changed,
    SYNC_PROGRESSED: _sync_progressed,
}
HEARD: Final = tuple(f"{subject}.*" for subject in _MAPPERS)
"""What the hub reads of EVENTS."""
