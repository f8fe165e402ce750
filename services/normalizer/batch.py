"""What a fetched batch of raw items amounts to before it is stored: findings, signals and live values. Pure."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, Protocol
from uuid import UUID

import msgspec
from msgspec import UNSET

from proto.access import names_of
from proto.events import DeviceSignal, ObservationsLive
from proto.identity import content_hash, record_key
from proto.raw import RawBatch, RawItem, RawReading
from proto.readings import ReadingMessage
from proto.state import ConnectionState, ModelState
from services.normalizer.domain import (
    EMPTY,
    Candidate,
    Finding,
    Origin,
    Rejected,
    cells_of,
)

_decode_batch: Final = msgspec.json.Decoder(RawBatch).decode
_decode_message: Final = msgspec.json.Decoder(ReadingMessage).decode


NOT_YET: Final = frozenset({"not_found", "consent_missing", "consent_revoked", "kind_not_consented"})


class _Slices(msgspec.Struct, frozen=True):
    """The parts of a message in their original bytes: they are stored as they came."""

    readings: msgspec.Raw
    meta: msgspec.Raw = EMPTY


_decode_slices: Final = msgspec.json.Decoder(_Slices).decode
_decode_dict: Final = msgspec.json.Decoder(dict[str, Any]).decode


class World(Protocol):
    def connection(self, id: UUID) -> ConnectionState | None: ...
    def model(self, id: UUID) -> ModelState | None: ...
    def timezone(self, patient_id: UUID) -> str: ...
    def session(self, connection_id: UUID) -> datetime | None: ...


class Batch(msgspec.Struct):
    """Everything of one fetch, in the order of arrival."""

    findings: list[Finding] = []
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
        return any(isinstance(finding, Rejected) and finding.code in NOT_YET for finding in self.findings)

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


def decode_items(data: bytes) -> Sequence[RawItem]:
    """Raises `msgspec.DecodeError` for what is not a group: such a message is given up whole."""
    return _decode_batch(data)


def add_reading(batch: Batch, item: RawReading, world: World, new_id: UUID) -> None:
    """One normalized message. It was judged at the edge; consent is judged again, it may have ended since."""
    message = _decode_message(bytes(item.message))
    event_id = None if message.event_id is UNSET else message.event_id
    connection = world.connection(item.connection_id)
    if connection is None:
        batch.findings.append(Rejected(origin=None, code="not_found", event_id=event_id))
        return
    origin = Origin(item, connection, event_id)
    content = content_hash(message.timestamp, message.readings)
    key = record_key(message, content)
    refusal = consent_refusal(connection)
    if refusal is not None:
        batch.findings.append(Rejected(origin=origin, code=refusal, event_id=event_id, key=key.key))
        return
    slices = _decode_slices(bytes(item.message))
    values = _decode_dict(bytes(slices.readings))
    wanted = names_of(connection.consent_kinds)
    for name in values:
        if name not in wanted:
            batch.findings.append(
                Rejected(
                    origin=origin,
                    code="kind_not_consented",
                    field=f"readings.{name}",
                    event_id=event_id,
                    key=key.key,
                )
            )
            return
    meta = message.meta
    suspect = False
    revision = None
    if meta is not UNSET:
        suspect = meta.clock_suspect is True or meta.ambiguous_user is True
        revision = None if meta.revision is UNSET else meta.revision
        batch.signal(
            connection.id,
            item.received_at,
            battery_pct=None if meta.battery_pct is UNSET else meta.battery_pct,
            rssi=None if meta.rssi is UNSET else meta.rssi,
            firmware=None if meta.firmware is UNSET else meta.firmware,
            reading_at=message.timestamp,
        )
    else:
        batch.signal(connection.id, item.received_at, reading_at=message.timestamp)
    batch.findings.append(
        Candidate(
            origin=origin,
            id=new_id,
            timestamp=message.timestamp,
            received_at=item.received_at,
            key=key.key,
            given=key.given,
            content=content,
            revision=revision,
            readings=bytes(slices.readings),
            meta=bytes(slices.meta),
            suspect=suspect,
            values=cells_of(values),
        )
    )


def consent_refusal(connection: ConnectionState) -> str | None:
    """The code by which a queued reading is refused now, or None."""
    if connection.status == "revoked" or connection.consent == "revoked":
        return "consent_revoked"
    return "consent_missing" if connection.consent == "missing" else None
