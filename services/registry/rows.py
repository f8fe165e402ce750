"""The shape of a stored model, shared by rules and SQL."""

from uuid import UUID

import msgspec

from proto.words import DeviceType, Kind, PairingMethod
from services.registry.catalogue.model import Decoder


class ModelRow(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    vendor: str
    vendor_name: str
    model: str
    name: str
    device_type: DeviceType
    capabilities: list[Kind]
    pairing_methods: list[PairingMethod]
    recommended_reason: str
    native_required: bool
    native_reason: str | None
    ble_services: list[str]
    decoder: Decoder
    quirks: dict[str, str]
    docs_url: str | None
    version: int
