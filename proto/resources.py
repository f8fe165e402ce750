"""The HTTP API's requests and answers, one struct a shape. Requests are closed: an unknown field is refused."""

from datetime import datetime
from typing import Annotated, Any, Generic, Literal, TypeVar
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from proto.base import Message
from proto.errors import ItemFault
from proto.events import FoundDevice
from proto.provenance import Provenance
from proto.words import (
    PHI,
    PLAIN_TEXT,
    ConnectionStatus,
    DeviceType,
    HealthFlag,
    HealthStatus,
    Kind,
    Label,
    PairingMethod,
    PairingState,
    Role,
    UploadKind,
    VendorId,
)

T = TypeVar("T")
Locale = Annotated[str, Meta(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$", max_length=35)]
Sha256Hex = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$")]


class Request(Message, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of request bodies."""


class Page(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """Every list: `next_cursor` is null on the last page."""

    items: list[T]
    next_cursor: str | None = None


# --- who am I -----------------------------------------------------------------------------------------------------


class Me(Message, frozen=True, kw_only=True):
    user_id: UUID
    patient_id: UUID | None
    display_name: Annotated[str, PHI]
    roles: list[Role]
    env: str
    timezone: str
    units: dict[str, str]
    """`{"glucose": "mg/dL"|"mmol/L", "weight": "kg"|"lb", "temperature": "C"|"F"}`."""
    locale: str


class UnitsPatch(Request, frozen=True, kw_only=True, omit_defaults=True):
    glucose: Literal["mg/dL", "mmol/L"] | UnsetType = UNSET
    weight: Literal["kg", "lb"] | UnsetType = UNSET
    temperature: Literal["C", "F"] | UnsetType = UNSET


class MePatch(Request, frozen=True, kw_only=True, omit_defaults=True):
    timezone: Annotated[str, Meta(min_length=1, max_length=64)] | UnsetType = UNSET
    units: UnitsPatch | UnsetType = UNSET
    locale: Locale | UnsetType = UNSET


class DevTokenRequest(Request, frozen=True, kw_only=True):
    user: Annotated[str, Meta(min_length=1, max_length=64)]


class DevToken(msgspec.Struct, frozen=True, kw_only=True):
    access_token: str
    token_type: str
    expires_in: int


class AppTokenRequest(Request, frozen=True, kw_only=True):
    """What the sign-in's link brought, and what only the app that began it knows (RFC 7636, 4.1)."""

    code: Annotated[str, Meta(min_length=1, max_length=128)]
    verifier: Annotated[str, Meta(pattern="^[A-Za-z0-9._~-]{43,128}$")]


class AppToken(msgspec.Struct, frozen=True, kw_only=True):
    """`expires_in`: seconds until the person signs in again, however much the app is used."""

    access_token: str
    token_type: str
    expires_in: int


# --- registry -----------------------------------------------------------------------------------------------------


class Vendor(msgspec.Struct, frozen=True, kw_only=True):
    vendor_id: str
    name: str
    docs_url: str | None


class DeviceModel(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    vendor_id: str
    vendor_name: str
    model: str
    name: str
    device_type: DeviceType
    capabilities: list[Kind]
    pairing_methods: list[PairingMethod]
    """First = recommended."""
    recommended_reason: str
    native_required: bool
    native_reason: str | None
    ble_services: list[str]
    docs_url: str | None


class DeviceModelRegister(Request, frozen=True, kw_only=True, omit_defaults=True):
    vendor_id: VendorId
    model: Annotated[str, Meta(min_length=1, max_length=64)]
    name: Annotated[str, Meta(min_length=1, max_length=120)]
    device_type: DeviceType
    capabilities: Annotated[list[Kind], Meta(min_length=1, max_length=32)]
    pairing_methods: Annotated[list[PairingMethod], Meta(min_length=1, max_length=16)]
    docs_url: Annotated[str, Meta(pattern=r"^https://", max_length=400)] | UnsetType = UNSET


class DeviceModelPatch(Request, frozen=True, kw_only=True, omit_defaults=True):
    """What is left out stays. Maker, model and type stay always: another one of them is another model."""

    name: Annotated[str, Meta(min_length=1, max_length=120)] | UnsetType = UNSET
    capabilities: Annotated[list[Kind], Meta(min_length=1, max_length=32)] | UnsetType = UNSET
    pairing_methods: Annotated[list[PairingMethod], Meta(min_length=1, max_length=16)] | UnsetType = UNSET
    docs_url: Annotated[str, Meta(pattern=r"^https://", max_length=400)] | UnsetType | None = UNSET


# --- pairing ------------------------------------------------------------------------------------------------------


class ConsentSummary(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    version: str
    data_kinds: list[Kind]


class Connection(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    patient_id: UUID
    device_model_id: UUID
    name: str
    device_type: DeviceType
    pairing_method: PairingMethod
    hub_id: str | None
    status: ConnectionStatus
    status_reason: str | None
    last_sync_at: datetime | None
    last_reading_at: datetime | None
    battery_pct: float | None
    consent: ConsentSummary | None
    created_at: datetime
    revoked_at: datetime | None


class ConnectionCreate(Request, frozen=True, kw_only=True, omit_defaults=True):
    device_model_id: UUID
    pairing_method: PairingMethod
    patient_id: UUID | UnsetType = UNSET
    hub_id: str | UnsetType = UNSET


class ConnectionPatch(Request, frozen=True, kw_only=True):
    name: Label


class PairStart(Request, frozen=True, kw_only=True):
    device_connection_id: UUID


class PairStep(msgspec.Struct, frozen=True, kw_only=True):
    """One thing for a person to do. `id` is stable, the UI has the words; `text` is the English fallback."""

    id: str
    text: str


class QrCode(msgspec.Struct, frozen=True, kw_only=True):
    payload: str
    svg: str


class WebBluetooth(msgspec.Struct, frozen=True, kw_only=True):
    """What the page hands to `requestDevice`, and which characteristics it subscribes to."""

    filters: list[dict[str, Any]]
    optional_services: list[str]
    characteristics: list[str]


class OAuthStart(msgspec.Struct, frozen=True, kw_only=True):
    authorize_url: str


class HubPairing(msgspec.Struct, frozen=True, kw_only=True):
    hub_id: str
    state: str
    scan_command_id: UUID


class CompanionLink(msgspec.Struct, frozen=True, kw_only=True):
    deep_link: str


class PairStarted(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    pairing_token: str
    expires_at: datetime
    method: PairingMethod
    steps: list[PairStep]
    qr: QrCode | None = None
    web_bluetooth: WebBluetooth | None = None
    oauth: OAuthStart | None = None
    hub: HubPairing | None = None
    companion: CompanionLink | None = None


class ConsentGiven(Request, frozen=True, kw_only=True, omit_defaults=True):
    version: Annotated[str, Meta(min_length=1, max_length=40)]
    data_kinds: Annotated[list[Kind], Meta(max_length=32)]
    locale: Locale | UnsetType = UNSET


class PairComplete(Request, frozen=True, kw_only=True, omit_defaults=True):
    pairing_token: Annotated[str, Meta(min_length=1, max_length=200)]
    device_id: Annotated[str, Meta(min_length=1, max_length=128, pattern=PLAIN_TEXT)]
    credentials: dict[str, str] | UnsetType = UNSET
    firmware: Annotated[str, Meta(max_length=64, pattern=PLAIN_TEXT)] | UnsetType = UNSET
    consent: ConsentGiven | UnsetType = UNSET


class PairLook(Request, frozen=True, kw_only=True):
    pairing_token: Annotated[str, Meta(min_length=1, max_length=200)]


class PairCompleted(msgspec.Struct, frozen=True, kw_only=True):
    connection: Connection
    ingest_token: str


class PairingProgress(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    state: PairingState
    found: list[FoundDevice]
    expires_at: datetime | None
    error: str | None = None


class CommandSent(msgspec.Struct, frozen=True, kw_only=True):
    command_id: UUID


class HubCreate(Request, frozen=True, kw_only=True):
    name: Label


class MqttAddress(msgspec.Struct, frozen=True, kw_only=True):
    host: str
    port: int
    tls: bool


class HubCreated(msgspec.Struct, frozen=True, kw_only=True):
    """`secret` is shown this once."""

    hub_id: str
    secret: str
    mqtt: MqttAddress


class Hub(msgspec.Struct, frozen=True, kw_only=True):
    hub_id: str
    name: str
    state: Literal["online", "offline"]
    last_seen: datetime | None
    firmware: str | None


class ConsentCreate(Request, frozen=True, kw_only=True):
    device_connection_id: UUID
    version: Annotated[str, Meta(min_length=1, max_length=40)]
    data_kinds: Annotated[list[Kind], Meta(max_length=32)]
    locale: Locale


class Consent(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    device_connection_id: UUID
    version: str
    text_sha256: str
    data_kinds: list[Kind]
    locale: str
    given_at: datetime
    revoked_at: datetime | None


class ConsentText(msgspec.Struct, frozen=True, kw_only=True):
    version: str
    locale: str
    text: str
    sha256: str


# --- ingest -------------------------------------------------------------------------------------------------------


class IngestReceipt(msgspec.Struct, frozen=True, kw_only=True):
    """202: durable, on its way. `duplicates` counts what is known at this moment; `accepted` excludes it."""

    receipt: str
    accepted: int
    duplicates: int
    rejected: list[ItemFault]


class IngestStored(msgspec.Struct, frozen=True, kw_only=True):
    """201 to `Prefer: wait=N`: one id an index; null = rejected or not for storage."""

    receipt: str
    accepted: int
    duplicates: int
    rejected: list[ItemFault]
    ids: list[UUID | None]


class UploadPresign(Request, frozen=True, kw_only=True):
    device_connection_id: UUID
    kind: UploadKind
    content_type: Annotated[str, Meta(min_length=3, max_length=100)]
    size: Annotated[int, Meta(ge=1)]
    sha256: Sha256Hex


class UploadPresigned(msgspec.Struct, frozen=True, kw_only=True):
    upload_id: UUID
    url: str
    headers: dict[str, str]
    object_url: str
    expires_at: datetime


class UploadVerified(msgspec.Struct, frozen=True, kw_only=True):
    object_url: str
    status: Literal["verified"] = "verified"


class UploadUrl(msgspec.Struct, frozen=True, kw_only=True):
    url: str


# --- data ---------------------------------------------------------------------------------------------------------


class ReadingItem(Message, frozen=True, kw_only=True):
    id: UUID
    device_connection_id: UUID
    timestamp: datetime
    received_at: datetime
    readings: Annotated[dict[str, Any], PHI]
    meta: dict[str, Any]
    also: list[Provenance] | UnsetType = UNSET


class RollupPoint(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`low`/`high`: LOW and HIGH markers in the bucket (glucose only). `sum`: steps, energy, distance."""

    t: datetime
    min: float | None
    max: float | None
    mean: float | None
    count: int
    low: int | UnsetType = UNSET
    high: int | UnsetType = UNSET
    sum: float | UnsetType = UNSET


class DataAnswer(Message, frozen=True, kw_only=True, omit_defaults=True):
    """Raw: `items` (newest first) and `next_cursor`. Rollups: `points` (oldest first)."""

    resolution: Literal["raw", "1m", "1h", "1d"]
    items: list[ReadingItem] | UnsetType = UNSET
    next_cursor: str | UnsetType | None = UNSET
    points: list[RollupPoint] | UnsetType = UNSET


class LatestValue(Message, frozen=True, kw_only=True):
    value: Annotated[Any, PHI]
    timestamp: datetime
    id: UUID
    device_connection_id: UUID


class Latest(msgspec.Struct, frozen=True, kw_only=True):
    latest: dict[str, LatestValue]


class PatientSummary(msgspec.Struct, frozen=True, kw_only=True):
    patient_id: UUID
    latest: dict[str, LatestValue]
    readings_24h: int
    last_reading_at: datetime | None


# --- health -------------------------------------------------------------------------------------------------------


class HealthNote(msgspec.Struct, frozen=True, kw_only=True):
    code: str
    text: str


class HealthPoint(msgspec.Struct, frozen=True, kw_only=True):
    at: datetime
    battery_pct: float | None
    rssi: float | None
    status: HealthStatus


class DeviceHealth(msgspec.Struct, frozen=True, kw_only=True):
    device_connection_id: UUID
    status: HealthStatus
    flags: list[HealthFlag]
    battery_pct: float | None
    rssi: float | None
    firmware: str | None
    last_seen: datetime | None
    last_sync_at: datetime | None
    expected_every_s: int | None
    notes: list[HealthNote]
    history: list[HealthPoint]


class ConnectionEvent(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    at: datetime
    kind: str
    code: str
    text: str


# --- live, simulate -----------------------------------------------------------------------------------------------


class LiveTicket(msgspec.Struct, frozen=True, kw_only=True):
    ticket: str


class SimulateRequest(Request, frozen=True, kw_only=True, omit_defaults=True):
    device_connection_id: UUID
    scenario: Literal["normal", "low", "high", "dropout", "artefact", "battery_low"] | UnsetType = UNSET
    count: Annotated[int, Meta(ge=1, le=1000)] | UnsetType = UNSET
    minutes: Annotated[int, Meta(ge=1, le=43_200)] | UnsetType = UNSET
    seed: int | UnsetType = UNSET


class Simulated(msgspec.Struct, frozen=True, kw_only=True):
    accepted: int


class SignedOut(msgspec.Struct, frozen=True, kw_only=True):
    redirect: str


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """RFC 9457. `code` is stable; `errors` name fields; `rejected` is there for a wholly rejected batch.

    The request id is a header (`x-request-id`): not there and not yours must be the same body."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: list[dict[str, str]]
    rejected: list[ItemFault] | UnsetType = UNSET
