"""The closed word lists of the product: device types, pairing methods, kinds, states, roles. Data only."""

from typing import Annotated, Final, Literal, get_args

import msgspec

DeviceType = Literal[
    "blood_pressure_cuff",
    "scale",
    "cgm",
    "glucose_meter",
    "pulse_oximeter",
    "thermometer",
    "stethoscope",
    "activity_tracker",
    "smart_watch",
    "heart_rate_monitor",
    "ecg",
    "spirometer",
    "inhaler",
]
PairingMethod = Literal[
    "vendor_oauth",
    "web_bluetooth",
    "hub",
    "companion_app",
    "healthkit",
    "health_connect",
    "partner_webhook",
    "manual",
    "simulated",
]
Kind = Literal[
    "blood_pressure",
    "weight",
    "body_composition",
    "glucose",
    "spo2",
    "heart_rate",
    "activity",
    "sleep",
    "ecg",
    "cardio_fitness",
    "spirometry",
    "inhaler",
    "respiratory_rate",
    "temperature",
    "stethoscope",
]
ConnectionStatus = Literal["pairing", "connected", "disconnected", "failed", "revoked"]
PairingState = Literal["waiting", "scanning", "found", "pairing", "done", "expired", "failed"]
HealthStatus = Literal["ok", "stale", "failed", "unknown"]
HealthFlag = Literal["low_battery", "weak_signal", "clock_drift", "errors", "hub_offline"]
Role = Literal["patient", "caregiver", "clinician", "admin"]
UploadKind = Literal["stethoscope_audio", "ecg_waveform", "apple_export"]
HubCommandName = Literal["scan", "pair", "reconnect", "sync_time", "forget"]
AccountStatus = Literal["active", "needs_reauth", "paused", "revoked", "retired"]
SyncState = Literal["queued", "running", "done", "failed"]
AuditAction = Literal[
    "data.read",
    "data.export",
    "data.ingest",
    "live.subscribe",
    "connection.create",
    "connection.revoke",
    "pairing.start",
    "pairing.complete",
    "consent.give",
    "consent.revoke",
    "permission.grant",
    "permission.revoke",
    "hub.create",
    "hub.rotate",
    "hub.sign_in",
    "upload.create",
    "upload.read",
    "session.sign_in",
    "session.sign_out",
    "profile.change",
    "vendor.connect",
    "vendor.disconnect",
    "alert.acknowledge",
    "break_glass",
]
AuditOutcome = Literal["allowed", "denied", "error"]
AuditBy = Literal["others", "self", "system"]

DEVICE_TYPES: Final[tuple[DeviceType, ...]] = get_args(DeviceType)
PAIRING_METHODS: Final[tuple[PairingMethod, ...]] = get_args(PairingMethod)
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
ROLES: Final[tuple[Role, ...]] = get_args(Role)

EventId = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9._:-]{1,64}$")]
"""What a sender calls its reading; unique per connection."""

HubId = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9-]{7,63}$")]

VendorId = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9_]{2,40}$")]
"""The slug of a maker."""

PLAIN_TEXT: Final = r"^[^\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]*$"
"""No control and no text-direction characters: the database refuses NUL, and a page must not be turned around."""

Label = Annotated[str, msgspec.Meta(min_length=1, max_length=64, pattern=PLAIN_TEXT)]
"""A name that a person gives: a device, a hub."""

PHI: Final = msgspec.Meta(extra={"phi": True}, extra_json_schema={"x-phi": True})
"""Marks a field that holds health information: it is never printed by `Message.__repr__` nor logged."""
