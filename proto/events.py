"""What is said on EVENTS, JOBS and core NATS. Past tense for events, imperative for commands. Readers ignore unknown fields."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec

from proto.base import Message
from proto.words import (
    PHI,
    AccountStatus,
    ConnectionStatus,
    HealthFlag,
    HealthStatus,
    HubCommandName,
    Kind,
    SyncState,
    UploadKind,
)


class RecordedReading(Message, frozen=True, kw_only=True):
    """A stored reading, in the very shape of an item of `GET /api/v1/device-data/{id}`."""

    id: UUID
    device_connection_id: UUID
    timestamp: datetime
    received_at: datetime
    readings: Annotated[msgspec.Raw, PHI]
    meta: msgspec.Raw


class DeviceSignal(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a device said about itself beside its readings. `at` is when it was received."""

    device_connection_id: UUID
    at: datetime
    battery_pct: float | None = None
    rssi: float | None = None
    firmware: str | None = None
    reading_at: datetime | None = None
    """The newest reading of the batch; null when there was none (a battery value alone)."""


class Settled(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The end of one item that somebody waits for, or whose identity edges remember."""

    device_connection_id: UUID
    outcome: Literal["stored", "amended", "duplicate", "discarded"]
    id: UUID | None = None
    ref: str | None = None


class ObservationsRecorded(Message, frozen=True, kw_only=True):
    """What one transaction stored for one patient: one message per patient and batch."""

    patient_id: UUID
    recorded_at: datetime
    readings: list[RecordedReading]
    signals: list[DeviceSignal] = []
    settled: list[Settled] = []
    job_id: UUID | None = None


class Rejection(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One refused reading: ids, the code and the field, never a value."""

    device_connection_id: UUID | None
    code: str
    at: datetime
    field: str | None = None
    event_id: str | None = None
    record_key: UUID | None = None
    ref: str | None = None
    hub_id: str | None = None


class ReadingsRejected(Message, frozen=True, kw_only=True):
    patient_id: UUID
    rejections: list[Rejection]


class ObservationsLive(Message, frozen=True, kw_only=True):
    """Intermediate values, for the eye only."""

    patient_id: UUID
    device_connection_id: UUID
    characteristic: str
    fields: Annotated[dict[str, Any], PHI]
    kinds: list[str]


class ConnectionChanged(Message, frozen=True, kw_only=True):
    """A connection as it is now. `code` says what happened: `status`, `consent_given`, `consent_revoked`, `renamed`,
    `pairing` (how far pairing has come changed), `erased` (the owner wants its readings erased), `merged` (it was the
    same device as an older connection, which goes on in its place; this one is gone)."""

    device_connection_id: UUID
    patient_id: UUID
    code: str
    status: ConnectionStatus
    status_reason: str | None
    at: datetime


class HealthChanged(Message, frozen=True, kw_only=True):
    device_connection_id: UUID
    patient_id: UUID
    status: HealthStatus
    flags: list[HealthFlag]
    battery_pct: float | None
    rssi: float | None
    firmware: str | None
    last_seen: datetime | None
    last_reading_at: datetime | None
    at: datetime


class UploadProgressed(Message, frozen=True, kw_only=True, omit_defaults=True):
    patient_id: UUID
    done: int
    total: int | None
    upload_id: UUID | None = None
    job_id: UUID | None = None


class VerifiedUpload(Message, frozen=True, kw_only=True):
    """A file whose size, type and SHA-256 are as announced, and that shall be read into readings."""

    upload_id: UUID
    device_connection_id: UUID
    patient_id: UUID
    kind: UploadKind
    object_url: str
    size: int


class HubStateChanged(Message, frozen=True, kw_only=True):
    hub_id: str
    state: Literal["online", "offline"]
    at: datetime
    firmware: str | None = None
    slots: int | None = None


class FoundDevice(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A Bluetooth device that a hub sees."""

    address: str
    name: str | None = None
    services: list[str] = []
    rssi: float | None = None


class HubAnswered(Message, frozen=True, kw_only=True):
    hub_id: str
    command_id: UUID
    ok: bool
    at: datetime
    error: str | None = None
    devices: list[FoundDevice] = []


class HubCommand(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a hub shall do; it executes an id once. The payload of `dc/v1/hubs/{hub}/down/commands`."""

    id: UUID
    command: HubCommandName
    expires_at: datetime
    device_address: str | None = None
    device_connection_id: UUID | None = None
    services: list[str] = []
    duration_s: int | None = None


class HubReceipt(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The payload of `dc/v1/hubs/{hub}/down/receipt`: at most 500 ids."""

    event_ids: list[str]
    status: Literal["stored", "rejected"]
    code: str | None = None


class DeadLetter(Message, frozen=True, kw_only=True):
    """A message that a consumer gave up. The payload itself is sealed in PostgreSQL, not here."""

    consumer: str
    stream: str
    sequence: int
    reason: str
    at: datetime


class SyncRequested(Message, frozen=True, kw_only=True):
    """An account shall be looked at now. The work itself is in the tables of sync: many requests are one look."""

    account_id: UUID
    reason: Literal["connected", "asked", "due", "notified", "repair"]


class WebhookReceived(Message, frozen=True, kw_only=True):
    """What a vendor pushed, in its original bytes: by webhook, socket or MQTT. Judged genuine before it was kept."""

    vendor: str
    event_id: str
    received_at: datetime
    content_type: str
    body: Annotated[bytes, PHI]


class SyncFault(msgspec.Struct, frozen=True, kw_only=True):
    """Why a part of a sync failed: the class (`proto.vendors.normalized`) and the vendor's code, never a value."""

    fault_class: str = msgspec.field(name="class")
    code: str


class SyncJob(msgspec.Struct, frozen=True, kw_only=True):
    """How far a sync has come, as the API and live frames show it. `done` and `total` count windows of time; where the
    job is an upload that is read, bytes."""

    job_id: UUID
    device_connection_id: UUID
    state: SyncState
    done: int
    total: int | None
    accepted: int
    duplicates: int
    rejected: int
    errors: list[SyncFault] = []


class SyncProgressed(Message, frozen=True, kw_only=True):
    patient_id: UUID
    device_connection_id: UUID
    job: SyncJob


class SyncSettled(Message, frozen=True, kw_only=True):
    """What one batch of the normalizer made of a job's readings."""

    job_id: UUID
    stored: int = 0
    duplicates: int = 0
    rejected: int = 0


class AccountChanged(Message, frozen=True, kw_only=True):
    """A vendor account as it is now. `connection_id`: the pairing that the person began it for; None when it was
    connected by itself: then it gets a connection of the vendor's account model, under this consent. Without a consent
    nobody has signed in: the account is what it was before again."""

    account_id: UUID
    patient_id: UUID
    user_id: UUID
    """Who signed in there: the actor of what follows."""
    vendor: str
    state: AccountStatus
    at: datetime
    ended_by: Literal["patient", "vendor"] | None = None
    """Who ended a revoked one. The patient: its connections end with it. The vendor: they wait for another sign-in."""
    connection_id: UUID | None = None
    consent_version: str | None = None
    data_kinds: list[Kind] = []
