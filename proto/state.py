"""What the key-value buckets hold: the little that hot paths must know without asking anybody.

Each value carries the `version` of its row; a mirror ignores a lower one than it has.
"""

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from proto.words import ConnectionStatus, DeviceType, Kind, PairingMethod

ConsentState = Literal["missing", "active", "revoked"]


class ConnectionState(msgspec.Struct, frozen=True, kw_only=True, tag="connection", tag_field="type"):
    """Key: the connection's id."""

    id: UUID
    patient_id: UUID
    device_model_id: UUID
    name: str
    device_type: DeviceType
    pairing_method: PairingMethod
    status: ConnectionStatus
    consent: ConsentState
    consent_kinds: frozenset[Kind] = frozenset()
    hub_id: str | None = None
    device_id: str | None = None
    """The address, serial or account of the physical device, lower case, once paired."""
    token_sha256: str | None = None
    """Hex digest of the connection's ingest token; kept when revoked, so that it is still recognised."""
    version: int


class HubState(msgspec.Struct, frozen=True, kw_only=True, tag="hub", tag_field="type"):
    """Key: `hub.<hub_id>`. Secrets are 256-bit random, so a plain digest of one cannot be guessed back."""

    id: str
    patient_id: UUID
    secrets: list["HubSecret"]
    version: int


class HubSecret(msgspec.Struct, frozen=True, kw_only=True):
    sha256: str
    until: datetime | None = None
    """When an older secret stops to be good (rotation overlap); null = until rotated."""


ConnectionsEntry = ConnectionState | HubState


class ModelState(msgspec.Struct, frozen=True, kw_only=True):
    """Key: the model's id."""

    id: UUID
    vendor_id: str
    name: str
    device_type: DeviceType
    capabilities: frozenset[Kind]
    pairing_methods: list[PairingMethod]
    ble_services: list[str] = []
    decoder: Literal["sig", "xiaomi-scale", "none"] = "sig"
    quirks: dict[str, str] = {}
    version: int


class PermissionState(msgspec.Struct, frozen=True, kw_only=True):
    """Key: `<patient_id>.<permission id>`. Deleted when revoked; `until` is compared with now by the reader."""

    id: UUID
    patient_id: UUID
    grantee_id: UUID
    kinds: frozenset[Kind]
    until: datetime | None = None
    version: int


class ProfileState(msgspec.Struct, frozen=True, kw_only=True):
    """Key: the patient's id."""

    patient_id: UUID
    timezone: str
    version: int


def hub_key(hub_id: str) -> str:
    return f"hub.{hub_id}"


def permission_key(patient_id: UUID, permission_id: UUID) -> str:
    return f"{patient_id}.{permission_id}"
