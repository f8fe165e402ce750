"""What a fetched batch of raw items amounts to before it is stored: candidates, refusals, signals and live values. Pure."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any, Final, Protocol
from uuid import UUID

import msgspec

from proto.access import names_of
from proto.events import DeviceSignal, ObservationsLive
from proto.identity import content_hash, record_key
from proto.raw import RawBatch, RawEntry, RawReading, RawRemoval
from proto.readings import ReadingMessage, Readings
from proto.state import ConnectionState, ModelState
from services.normalizer.domain import (
    EMPTY,
    Candidate,
    Discarded,
    Origin,
    Rejected,
    cells_of,
)

_decode_batch: Final = msgspec.json.Decoder(RawBatch).decode
_decode_whole: Final = msgspec.json.Decoder(ReadingMessage).decode
_decode_parts: Final = msgspec.json.Decoder(list[msgspec.Raw]).decode
_decode_item: Final = msgspec.json.Decoder(RawEntry).decode


NOT_YET: Final = frozenset({"not_found", "consent_missing", "consent_revoked", "kind_not_consented"})


class _Message(msgspec.Struct, frozen=True, gc=False):
    """What storing needs of a message that was judged at the edge; its parts are stored in their original bytes."""

    timestamp: datetime
    readings: msgspec.Raw
    event_id: str | None = None
    meta: msgspec.Raw = EMPTY


class _Meta(msgspec.Struct, frozen=True, gc=False):
    battery_pct: float | None = None
    rssi: float | None = None
    firmware: str | None = None
    clock_suspect: bool = False
    ambiguous_user: bool = False
    revision: int | None = None


_decode_message: Final = msgspec.json.Decoder(_Message).decode
_decode_meta: Final = msgspec.json.Decoder(_Meta).decode
_decode_dict: Final = msgspec.json.Decoder(dict[str, Any]).decode


class World(Protocol):
    def connection(self, id: UUID) -> ConnectionState | None: ...
    def model(self, id: UUID) -> ModelState | None: ...
    def timezone(self, patient_id: UUID) -> str: ...
    def session(self, connection_id: UUID) -> datetime | None: ...


class Batch(msgspec.Struct):
    """Everything of one fetch, in the order of arrival."""

    candidates: list[Candidate] = []
    rejected: list[Rejected] = []
    discarded: list[Discarded] = []
    deletions: list[tuple[RawRemoval, ConnectionState]] = []
    signals: dict[UUID, DeviceSignal] = {}
    live: list[ObservationsLive] = []
    notes: list["SequenceNote"] = []
    sessions: dict[UUID, datetime] = {}
    """CGM sessions that began in this batch."""

    @property
    def may_be_early(self) -> bool:
        """Whether something that the edge accepted is refused here for want of a connection or consent.

        The edge can have heard of a pairing or a new consent before we did; what it acknowledged must not be lost.
        """
        return any(fault.code in NOT_YET for fault in self.rejected)

    def signal(
        self,
        connection_id: UUID,
        at: datetime,
        *,
        battery_pct: float | None = None,
        rssi: float | None = None,
        firmware: str | None = None,
        reading_at: datetime | None = None,
    ) -> None:
        """Folds what a device said about itself: the newest of each thing wins."""
        old = self.signals.get(connection_id)
        if old is None:
            self.signals[connection_id] = DeviceSignal(
                device_connection_id=connection_id,
                at=at,
                battery_pct=battery_pct,
                rssi=rssi,
                firmware=firmware,
                reading_at=reading_at,
            )
            return
        newest = reading_at if old.reading_at is None else max(old.reading_at, reading_at or old.reading_at)
        self.signals[connection_id] = DeviceSignal(
            device_connection_id=connection_id,
            at=max(at, old.at),
            battery_pct=old.battery_pct if battery_pct is None else battery_pct,
            rssi=old.rssi if rssi is None else rssi,
            firmware=old.firmware if firmware is None else firmware,
            reading_at=newest,
        )


class SequenceNote(msgspec.Struct, frozen=True, kw_only=True):
    """What a context value (2A34) says about the measurement with this sequence number of its device."""

    origin: Origin
    sequence: int
    meta: dict[str, Any]
    ketone: bool
    """The measurement was a ketone test: it must not stay in the record as glucose."""


def decode_items(data: bytes) -> tuple[Sequence[RawEntry], bool]:
    """The items of a group that can be read, and whether those are all: one bad item must not cost its neighbours.

    Raises `msgspec.DecodeError` for what is not a group at all.
    """
    try:
        return _decode_batch(data), True
    except msgspec.DecodeError:
        items = []
        for raw in _decode_parts(data):
            with suppress(msgspec.DecodeError):
                items.append(_decode_item(raw))
        return items, False


def add_reading(batch: Batch, item: RawReading, world: World, new_id: UUID) -> None:
    """One normalized message. It was judged at the edge; consent is judged again, it may have ended since."""
    message = _decode_message(item.message)
    event_id = message.event_id
    connection = world.connection(item.connection_id)
    if connection is None:
        batch.rejected.append(Rejected(origin=None, code="not_found", event_id=event_id))
        return
    origin = Origin(item, connection, event_id)
    key, content, given = _identity(item)
    refusal = consent_refusal(connection)
    if refusal is not None:
        batch.rejected.append(Rejected(origin=origin, code=refusal, event_id=event_id, key=key))
        return
    values = _decode_dict(message.readings)
    body = bytes(message.readings)
    wanted = names_of(connection.consent_kinds)
    unwanted = None if values.keys() <= wanted else next(name for name in values if name not in wanted)
    if unwanted is not None and item.source == "sync" and not values.keys().isdisjoint(wanted):
        # Consent was narrowed since the vendor was asked: what is still agreed to stays.
        values = {name: value for name, value in values.items() if name in wanted}
        body, unwanted = msgspec.json.encode(values), None
        content = content_hash(message.timestamp, msgspec.convert(values, Readings))
    if unwanted is not None:
        batch.rejected.append(
            Rejected(
                origin=origin,
                code="kind_not_consented",
                field=f"readings.{unwanted}",
                event_id=event_id,
                key=key,
            )
        )
        return
    meta = _decode_meta(message.meta)
    batch.signal(
        connection.id,
        item.received_at,
        battery_pct=meta.battery_pct,
        rssi=meta.rssi,
        firmware=meta.firmware,
        reading_at=message.timestamp,
    )
    batch.candidates.append(
        Candidate(
            origin=origin,
            id=new_id,
            timestamp=message.timestamp,
            received_at=item.received_at,
            key=key,
            given=given,
            content=content,
            revision=meta.revision,
            readings=body,
            meta=bytes(message.meta),
            suspect=meta.clock_suspect or meta.ambiguous_user,
            values=cells_of(values),
        )
    )


def add_deletion(batch: Batch, item: RawRemoval, world: World) -> None:
    """Also when consent has ended: what the person removed at the source shall not stay here."""
    connection = world.connection(item.connection_id)
    if connection is not None:
        batch.deletions.append((item, connection))


def _identity(item: RawReading) -> tuple[UUID, UUID, bool]:
    """Key, content hash, and whether the sender gave the key: as the edge found them, or from the whole message."""
    if item.key is not None and item.content is not None:
        return item.key, item.content, item.is_given
    message = _decode_whole(item.message)
    content = content_hash(message.timestamp, message.readings)
    found = record_key(message, content)
    return found.key, content, found.given


def consent_refusal(connection: ConnectionState) -> str | None:
    """The code by which a queued reading is refused now, or None."""
    if connection.status == "revoked" or connection.consent == "revoked":
        return "consent_revoked"
    return "consent_missing" if connection.consent == "missing" else None
