"""What a bridge may know, held in plain dictionaries: two hubs of two patients and their devices."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec

from proto.access import ALL_KINDS
from proto.state import ConnectionState, HubState, ModelState, PermissionState
from tests.support.others import EVERYTHING

NOW = datetime(2026, 5, 1, 8, 30, tzinfo=UTC)
HUB, FOREIGN_HUB = "hub-of-one-patient", "hub-of-another-patient"
PATIENT, FOREIGN_PATIENT = UUID(int=1), UUID(int=2)
CUFF, SCALE, GONE, FOREIGN = UUID(int=11), UUID(int=12), UUID(int=13), UUID(int=14)
ADDRESS = "c0:26:df:00:00:01"


class World:
    """`domain.HubsKnown` over dictionaries."""

    def __init__(self) -> None:
        self.hubs = {
            HUB: HubState(id=HUB, patient_id=PATIENT, secrets=[], version=1),
            FOREIGN_HUB: HubState(id=FOREIGN_HUB, patient_id=FOREIGN_PATIENT, secrets=[], version=1),
        }
        self.connections: dict[UUID, ConnectionState] = {}
        self.put(CUFF, device_id=ADDRESS)
        self.put(SCALE)
        self.put(GONE, status="revoked", consent="revoked")
        self.put(FOREIGN, patient_id=FOREIGN_PATIENT, hub_id=FOREIGN_HUB)

    def put(self, id: UUID, **changes: Any) -> None:
        fields: dict[str, Any] = {
            "id": id,
            "patient_id": PATIENT,
            "device_model_id": EVERYTHING.id,
            "name": "Device",
            "device_type": "smart_watch",
            "pairing_method": "simulated",
            "status": "connected",
            "consent": "active",
            "consent_kinds": ALL_KINDS,
            "hub_id": HUB,
            "version": 1,
        }
        self.connections[id] = ConnectionState(**{**fields, **changes})

    def connection(self, id: UUID) -> ConnectionState | None:
        return self.connections.get(id)

    def by_address(self, hub_id: str, address: str) -> ConnectionState | None:
        at = (hub_id, address.lower())
        return next((c for c in self.connections.values() if (c.hub_id, c.device_id) == at), None)

    def of_hub(self, hub_id: str) -> list[ConnectionState]:
        return [c for c in self.connections.values() if c.hub_id == hub_id and c.status != "revoked"]

    def hub(self, hub_id: str) -> HubState | None:
        return self.hubs.get(hub_id)

    def model(self, id: UUID) -> ModelState | None:
        return EVERYTHING if id == EVERYTHING.id else None

    def permissions(self) -> Iterable[PermissionState]:
        return ()


def reading(connection_id: UUID = CUFF, **changes: Any) -> bytes:
    """A message that is accepted, unless what is changed makes it wrong. None removes a field."""
    message = {
        "device_connection_id": str(connection_id),
        "timestamp": "2026-05-01T08:29:00Z",
        "readings": {"weight_kg": 78.4},
        "event_id": "e-1",
        **changes,
    }
    return msgspec.json.encode({name: value for name, value in message.items() if value is not None})


def gatt(**changes: Any) -> bytes:
    """A blood pressure of the device that a hub names by its address."""
    message = {
        "event_id": "g-1",
        "device_address": ADDRESS.upper(),
        "service": "1810",
        "characteristic": "2a35",
        "value": "1e7800500060000000",
        "received_at": "2026-05-01T08:29:00Z",
        **changes,
    }
    return msgspec.json.encode({name: value for name, value in message.items() if value is not None})


def array(*items: bytes) -> bytes:
    return b"[" + b",".join(items) + b"]"
