"""Is this message acceptable, from this sender, now? Pure: bytes and what is known in memory in, a verdict out.

Checks run in the contract's order: form (400), connection and consent (404, 403), content (422), identity (409).
"""

import re
from collections import OrderedDict
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any, Final, Literal, Protocol
from uuid import UUID

import msgspec
from msgspec import UNSET

from proto.access import visible_kinds
from proto.errors import FieldFault, fault_of
from proto.gatt import characteristic_kinds, short_uuid
from proto.identity import RecordKey, content_hash, judge, record_key
from proto.metrics import KIND_OF
from proto.readings import AHEAD, GattMessage, ReadingMessage, check_relations
from proto.state import ConnectionState, ModelState, PermissionState

EARLIEST: Final = datetime(2010, 1, 1, tzinfo=UTC)
_HEX: Final = re.compile(r"^(?:[0-9a-fA-F]{2}){1,512}$")

MAX_MESSAGE: Final = 256 * 1024
MAX_BATCH: Final = 1024 * 1024
MAX_ITEMS: Final = 1000


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """Who brings the message. Exactly one of user, connection and hub."""

    actor_id: str
    role: str
    user_id: UUID | None = None
    patient_id: UUID | None = None
    connection_id: UUID | None = None
    hub_id: str | None = None


class Known(Protocol):
    """What the process knows in memory."""

    def connection(self, id: UUID) -> ConnectionState | None: ...
    def by_address(self, hub_id: str, address: str) -> ConnectionState | None: ...
    def model(self, id: UUID) -> ModelState | None: ...
    def permissions(self) -> Iterable[PermissionState]: ...


class Accepted(msgspec.Struct, frozen=True, kw_only=True):
    """May be published. `key` and `content` are None for GATT values: their identity is found when they are decoded."""

    kind: Literal["reading", "gatt"]
    connection: ConnectionState
    event_id: str | None
    key: RecordKey | None = None
    content: UUID | None = None
    revision: int | None = None
    objects: tuple[tuple[str, str], ...] = ()
    """Object URLs that the readings carry, with their fields: each must be a verified upload of this connection."""


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    code: str
    field: str | None = None
    connection: ConnectionState | None = None
    event_id: str | None = None


class _Names(msgspec.Struct, frozen=True):
    """The reading names of a message that is known to be valid: asking each of sixty fields costs more."""

    readings: dict[str, msgspec.Raw]


_decode_names: Final = msgspec.json.Decoder(_Names).decode
NOT_YET: Final = frozenset({"not_found", "consent_missing", "consent_revoked", "forbidden_role"})
"""Refusals that what is known a moment later can turn into acceptance: the other side of a pairing or a consent."""

_decode_reading: Final = msgspec.json.Decoder(ReadingMessage).decode
_decode_gatt: Final = msgspec.json.Decoder(GattMessage).decode
_decode_any: Final = msgspec.json.Decoder().decode
_EVENT_ID: Final = re.compile(r"^[A-Za-z0-9._:-]{1,64}$")


def accept_reading(raw: bytes, caller: Caller, known: Known, now: datetime) -> Accepted | Refusal:
    """Judges one normalized message."""
    try:
        message = _decode_reading(raw)
    except msgspec.ValidationError as error:
        return _refuse_invalid(raw, fault_of(error), caller, known, now)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError, OverflowError, ValueError):
        return Refusal(code="invalid_json")
    event_id = None if message.event_id is UNSET else message.event_id
    found = find_connection(known.connection(message.device_connection_id), caller, known, now)
    if isinstance(found, Refusal):
        return _with(found, event_id)
    fault = _content_fault(message, now) or _kind_fault(_decode_names(raw).readings, found, known)
    if fault is not None:
        return Refusal(code=fault.code, field=fault.field, connection=found, event_id=event_id)
    content = content_hash(message.timestamp, message.readings)
    revision = None if message.meta is UNSET or message.meta.revision is UNSET else message.meta.revision
    return Accepted(
        kind="reading",
        connection=found,
        event_id=event_id,
        key=record_key(message, content),
        content=content,
        revision=revision,
        objects=_objects(message.readings),
    )


def accept_gatt(raw: bytes, caller: Caller, known: Known, now: datetime) -> Accepted | Refusal:
    """Judges the envelope of one GATT value; what the value says is found out when it is decoded."""
    try:
        message = _decode_gatt(raw)
    except msgspec.ValidationError as error:
        return _refuse_invalid(raw, fault_of(error), caller, known, now)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError, OverflowError, ValueError):
        return Refusal(code="invalid_json")
    event_id = None if message.event_id is UNSET else message.event_id
    if message.device_connection_id is not UNSET:
        state = known.connection(message.device_connection_id)
    elif caller.hub_id is not None and message.device_address is not UNSET:
        state = known.by_address(caller.hub_id, message.device_address)
    else:
        return Refusal(code="missing_field", field="device_connection_id", event_id=event_id)
    found = find_connection(state, caller, known, now)
    if isinstance(found, Refusal):
        return _with(found, event_id)
    fault = _envelope_fault(message, now)
    if fault is not None:
        return Refusal(code=fault.code, field=fault.field, connection=found, event_id=event_id)
    model = known.model(found.device_model_id)
    kinds = characteristic_kinds(message.characteristic)
    if kinds and model is not None and not kinds & model.capabilities:
        return Refusal(code="kind_not_supported", field="characteristic", connection=found, event_id=event_id)
    return Accepted(kind="gatt", connection=found, event_id=event_id)


def find_connection(
    state: ConnectionState | None, caller: Caller, known: Known, now: datetime
) -> ConnectionState | Refusal:
    """The connection if this caller may send for it and consent is given. Unknown and foreign are the same."""
    if state is None or not _may_send(state, caller):
        if state is not None and caller.user_id is not None and visible_kinds(
            caller.user_id, state, known.permissions(), now
        ):  # fmt: skip
            return Refusal(code="forbidden_role", connection=state)
        return Refusal(code="not_found", connection=state)
    if state.status == "revoked" or state.consent == "revoked":
        return Refusal(code="consent_revoked", connection=state)
    if state.consent == "missing":
        return Refusal(code="consent_missing", connection=state)
    return state


def _may_send(state: ConnectionState, caller: Caller) -> bool:
    if caller.connection_id is not None:
        return caller.connection_id == state.id
    if caller.hub_id is not None:
        return caller.hub_id == state.hub_id
    return caller.patient_id is not None and caller.patient_id == state.patient_id


def _refuse_invalid(raw: bytes, fault: FieldFault, caller: Caller, known: Known, now: datetime) -> Refusal:
    """A message of the wrong form: 404 and 403 still come before 422, and its sender is still told."""
    if fault.code == "invalid_json":
        return Refusal(code="invalid_json")
    try:
        peek = _decode_any(raw)  # a fault of form may hide behind the fault of content that was found first
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return Refusal(code="invalid_json")
    if not isinstance(peek, dict):
        return Refusal(code=fault.code, field=fault.field)
    said, address = peek.get("event_id"), peek.get("device_address")
    event_id = said if isinstance(said, str) and _EVENT_ID.match(said) else None
    try:
        state = known.connection(UUID(peek.get("device_connection_id")))
    except (TypeError, ValueError, AttributeError):
        if caller.hub_id is None or not isinstance(address, str):
            return Refusal(code=fault.code, field=fault.field, event_id=event_id)
        state = known.by_address(caller.hub_id, address)
    found = find_connection(state, caller, known, now)
    if isinstance(found, Refusal):
        return _with(found, event_id)
    return Refusal(code=fault.code, field=fault.field, connection=found, event_id=event_id)


def _with(refusal: Refusal, event_id: str | None) -> Refusal:
    return msgspec.structs.replace(refusal, event_id=event_id)


def _content_fault(message: ReadingMessage, now: datetime) -> FieldFault | None:
    if message.timestamp < EARLIEST:
        return FieldFault(code="timestamp_too_old", field="timestamp")
    if message.timestamp > now + AHEAD:
        return FieldFault(code="timestamp_ahead", field="timestamp")
    field = check_relations(message.readings)
    return FieldFault(code="out_of_bounds", field=field) if field else None


def _kind_fault(names: Iterable[str], state: ConnectionState, known: Known) -> FieldFault | None:
    if not names:
        return FieldFault(code="empty_readings", field="readings")
    model = known.model(state.device_model_id)
    for name in names:
        kind = KIND_OF[name]
        if model is not None and kind not in model.capabilities:
            return FieldFault(code="kind_not_supported", field=f"readings.{name}")
        if kind not in state.consent_kinds:
            return FieldFault(code="kind_not_consented", field=f"readings.{name}")
    return None


def _envelope_fault(message: GattMessage, now: datetime) -> FieldFault | None:
    if message.received_at < EARLIEST:
        return FieldFault(code="timestamp_too_old", field="received_at")
    if message.received_at > now + AHEAD:
        return FieldFault(code="timestamp_ahead", field="received_at")
    if short_uuid(message.service) is None:
        return FieldFault(code="wrong_type", field="service")
    if short_uuid(message.characteristic) is None:
        return FieldFault(code="unknown_characteristic", field="characteristic")
    if not _HEX.match(message.value):
        return FieldFault(code="invalid_hex", field="value")
    if characteristic_kinds(message.characteristic) is None:
        return FieldFault(code="unknown_characteristic", field="characteristic")
    return None


def _objects(readings: Any) -> tuple[tuple[str, str], ...]:
    found = []
    if readings.stethoscope_audio_url is not UNSET:
        found.append(("readings.stethoscope_audio_url", readings.stethoscope_audio_url))
    if readings.ecg is not UNSET and readings.ecg.waveform_url is not UNSET:
        found.append(("readings.ecg.waveform_url", readings.ecg.waveform_url))
    return tuple(found)


class Remembered(msgspec.Struct, frozen=True, gc=False):
    content: int
    revision: int | None
    at: float


class Memory:
    """The identities of the last ten minutes, bounded. It informs counts and 409s; nothing is dropped because of it.

    Ids are kept as numbers: 200,000 objects that the garbage collector must look at are felt. And in the order of their
    age by a dictionary that knows it: an ordinary one looks for its first entry past all that were removed before it,
    which at 200,000 costs more than everything else that is done for a reading.
    """

    def __init__(self, keep_s: float = 600.0, limit: int = 200_000) -> None:
        self._keep_s = keep_s
        self._limit = limit
        self._items: OrderedDict[tuple[int, int], Remembered] = OrderedDict()

    def judge(self, item: Accepted, now_s: float) -> Literal["new", "duplicate", "conflict"]:
        """Of an accepted reading; stale revisions count as duplicates, amendments as new."""
        if item.key is None or item.content is None:
            return "new"
        old = self._items.get((item.connection.id.int, item.key.key.int))
        if old is None or now_s - old.at > self._keep_s:
            return "new"
        verdict = judge(UUID(int=old.content), old.revision, item.content, item.revision)
        if verdict == "amend":
            return "new"
        return "conflict" if verdict == "conflict" else "duplicate"

    def remember(self, item: Accepted, now_s: float) -> None:
        if item.key is None or item.content is None:
            return
        key = (item.connection.id.int, item.key.key.int)
        self._items.pop(key, None)
        self._items[key] = Remembered(item.content.int, item.revision, now_s)
        while len(self._items) > self._limit:
            self._items.popitem(last=False)

    def forget(self, connection_id: UUID, key: UUID) -> None:
        self._items.pop((connection_id.int, key.int), None)

    def expire(self, now_s: float) -> None:
        """Drops what is too old; entries are in order of age."""
        while self._items:
            if now_s - next(iter(self._items.values())).at <= self._keep_s:
                return
            self._items.popitem(last=False)


class Rate:
    """So many units a second for each key, in windows of one second. `take` answers whether there is room."""

    def __init__(self, per_second: int) -> None:
        self._limit = per_second
        self._window = 0
        self._used: dict[Any, int] = {}

    def take(self, key: Any, count: int, now_s: float) -> bool:
        window = int(now_s)
        if window != self._window:
            self._window = window
            self._used.clear()
        used = self._used.get(key, 0)
        if used and used + count > self._limit:
            return False
        self._used[key] = used + count
        return True


Judge = Callable[[bytes, Caller, Known, datetime], Accepted | Refusal]
