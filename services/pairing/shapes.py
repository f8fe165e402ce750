"""From rows to what others see: the API's resources and the values of the `connections` bucket. Pure."""

from proto.resources import Connection, ConsentSummary, Hub
from proto.state import ConnectionState, HubSecret, HubState
from services.pairing.domain import consent_state
from services.pairing.store.connections import ConnectionRow
from services.pairing.store.hubs import HubRow


def connection_of(row: ConnectionRow) -> Connection:
    return Connection(
        id=row.id,
        patient_id=row.patient_id,
        device_model_id=row.device_model_id,
        name=row.name,
        device_type=row.device_type,
        pairing_method=row.pairing_method,
        hub_id=row.hub_id,
        status=row.status,
        status_reason=row.status_reason,
        last_sync_at=row.last_sync_at,
        last_reading_at=row.last_reading_at,
        battery_pct=row.battery_pct,
        consent=ConsentSummary(
            id=row.consent_id, version=row.consent_version or "", data_kinds=row.consent_kinds or []
        )
        if row.consent_id
        else None,
        created_at=row.created_at,
        revoked_at=row.revoked_at,
    )


def state_of(row: ConnectionRow) -> ConnectionState:
    return ConnectionState(
        id=row.id,
        patient_id=row.patient_id,
        device_model_id=row.device_model_id,
        name=row.name,
        device_type=row.device_type,
        pairing_method=row.pairing_method,
        status=row.status,
        consent=consent_state(row.consent_id is not None, row.ever_consented),
        consent_kinds=frozenset(row.consent_kinds or ()),
        hub_id=row.hub_id,
        device_id=row.device_id.lower() if row.device_id else None,
        token_sha256=row.token_sha256,
        version=row.version,
    )


def hub_of(row: HubRow) -> Hub:
    return Hub(hub_id=row.id, name=row.name, state=row.state, last_seen=row.last_seen, firmware=row.firmware)


def hub_state_of(row: HubRow, secrets: list[HubSecret], version: int | None = None) -> HubState:
    return HubState(id=row.id, patient_id=row.patient_id, secrets=secrets, version=version or row.version)
