"""When is a device well? Pure: what was last heard of it, its type's rhythm, and now."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import msgspec

from proto.words import DeviceType, HealthFlag, HealthStatus

LOW_BATTERY_PCT: Final = 20.0
"""Below this, people are told; the same limit as the screens use."""
WEAK_RSSI_DBM: Final = -85.0
"""Below this, most Bluetooth Low Energy links lose packets."""
ERRORS_IN_A_DAY: Final = 3
FAILED_AFTER: Final = 7
"""A device that is silent for seven times its limit has most likely stopped for good."""


class Rhythm(msgspec.Struct, frozen=True):
    """How often a type of device is expected to be heard, and after how long its silence is worth a word."""

    expected_every_s: int
    stale_after_s: int


HOUR: Final = 3600
DAY: Final = 24 * HOUR

RHYTHMS: Final[dict[DeviceType, Rhythm]] = {
    "cgm": Rhythm(300, 900),
    "blood_pressure_cuff": Rhythm(DAY, 3 * DAY),
    "scale": Rhythm(DAY, 7 * DAY),
    "glucose_meter": Rhythm(DAY, 3 * DAY),
    "pulse_oximeter": Rhythm(DAY, 3 * DAY),
    "thermometer": Rhythm(7 * DAY, 30 * DAY),
    "stethoscope": Rhythm(7 * DAY, 30 * DAY),
    "activity_tracker": Rhythm(HOUR, DAY),
    "smart_watch": Rhythm(HOUR, DAY),
    "heart_rate_monitor": Rhythm(DAY, 7 * DAY),
    "ecg": Rhythm(7 * DAY, 30 * DAY),
    "spirometer": Rhythm(DAY, 7 * DAY),
    "inhaler": Rhythm(DAY, 7 * DAY),
}


class Device(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a device."""

    device_connection_id: UUID
    patient_id: UUID
    device_type: DeviceType
    battery_pct: float | None
    rssi: float | None
    last_seen: datetime | None
    hub_offline: bool
    errors_24h: int


class Condition(msgspec.Struct, frozen=True):
    status: HealthStatus
    flags: list[HealthFlag]
    notes: list[str]
    """Codes; `texts.py` has the words."""


def condition(device: Device, now: datetime) -> Condition:
    """Status, flags and notes of a device at a moment."""
    rhythm = RHYTHMS[device.device_type]
    flags: list[HealthFlag] = []
    notes: list[str] = []
    if device.battery_pct is not None and device.battery_pct < LOW_BATTERY_PCT:
        flags.append("low_battery")
        notes.append("low_battery")
    if device.rssi is not None and device.rssi < WEAK_RSSI_DBM:
        flags.append("weak_signal")
        notes.append("weak_signal")
    if device.errors_24h >= ERRORS_IN_A_DAY:
        flags.append("errors")
        notes.append("errors")
    if device.hub_offline:
        flags.append("hub_offline")
        notes.append("hub_offline")
    if device.last_seen is None:
        return Condition("unknown", flags, [*notes, "never_seen"])
    silent = now - device.last_seen
    limit = timedelta(seconds=rhythm.stale_after_s)
    if silent > FAILED_AFTER * limit:
        return Condition("failed", flags, [*notes, "silent_long"])
    if silent > limit:
        return Condition("stale", flags, [*notes, "silent"])
    return Condition("ok", flags, notes)
