"""The words for events and notes, by code: what happened, and what to do next. One table, reviewed as a whole."""

from typing import Final

NOTES: Final[dict[str, str]] = {
    "low_battery": "The battery is low. Change or charge it soon.",
    "weak_signal": "The signal is weak. Bring the device closer to the hub or phone.",
    "errors": "Some readings could not be used today. Open the list below to see why.",
    "hub_offline": "The home hub is offline. Check its power and internet connection.",
    "never_seen": "No reading has arrived yet. Take a first measurement.",
    "silent": "Nothing has arrived for longer than usual. Take a measurement, and check that the device is near.",
    "silent_long": "Nothing has arrived for a long time. If you still use the device, reconnect it.",
    "clock_drift": "The clock of the device is wrong. Set it, or reconnect the device to have it set.",
}

EVENTS: Final[dict[str, str]] = {
    "status:pairing": "Pairing was started.",
    "status:connected": "The device is connected.",
    "status:disconnected": "The device is not connected.",
    "status:failed": "Pairing did not work. Start it again.",
    "status:revoked": "The device was removed. Nothing more is taken from it.",
    "pairing": "A new pairing attempt began.",
    "consent_given": "Consent was given. Readings are taken.",
    "consent_revoked": "Consent was withdrawn. Nothing is taken until it is given again.",
    "renamed": "The device got another name.",
    "merged": "The device was connected before: its earlier readings are here again.",
    "erased": "The readings of this device were erased.",
    "hub_offline": "The home hub went offline.",
    "hub_online": "The home hub is back.",
    "health:ok": "The device is heard again.",
    "health:stale": "The device has been silent for longer than usual.",
    "health:failed": "The device has been silent for a long time.",
}

REJECTIONS: Final[dict[str, str]] = {
    "invalid_json": "A message could not be read. If it repeats, the hub or app needs an update.",
    "out_of_bounds": "A value was outside what is possible and was not stored. Measure again.",
    "timestamp_ahead": "The time was in the future. Set the clock of the device or hub.",
    "timestamp_too_old": "The time was before 2010. Set the clock of the device or hub.",
    "unknown_metric": "A message had a value that is not known here.",
    "kind_not_supported": "This device model does not measure what was sent.",
    "kind_not_consented": "There is no consent for this kind of data. Change it under Sharing if you want it stored.",
    "consent_revoked": "Consent was withdrawn, so a reading was not stored.",
    "consent_missing": "There is no consent yet, so a reading was not stored.",
    "conflict": "A reading with the same id but another value was stored before. The first one is kept.",
    "payload_too_large": "A message was too large. The hub needs to send smaller ones.",
    "unknown_object": "A recording that belongs to a reading was not found.",
    "not_found": "A message named a device that does not belong to this hub.",
    "invalid_hex": "A message could not be read. If it repeats, the hub or app needs an update.",
    "unknown_characteristic": "The device sent something that is not known here.",
}
GATT: Final = (
    "The device sent a value that could not be decoded. Measure again; if it repeats, contact support."
)
CHANGED: Final = "Something changed on this device."
OTHER: Final = "A reading could not be used."


def event_text(kind: str, code: str) -> str:
    """The sentence of an event."""
    if kind == "rejected":
        return REJECTIONS.get(code) or (GATT if code.startswith("gatt_") else OTHER)
    return EVENTS.get(f"{kind}:{code}") or EVENTS.get(code, CHANGED)
