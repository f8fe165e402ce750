"""When is a device well?"""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from proto.words import DEVICE_TYPES
from services.health.domain import RHYTHMS, Device, condition
from services.health.texts import EVENTS, NOTES, REJECTIONS, event_text

NOW = datetime(2026, 5, 1, tzinfo=UTC)


def device(**changes: Any) -> Device:
    fields: dict[str, Any] = {
        "device_connection_id": uuid4(),
        "patient_id": uuid4(),
        "device_type": "cgm",
        "battery_pct": 80.0,
        "rssi": -60.0,
        "last_seen": NOW,
        "hub_offline": False,
        "errors_24h": 0,
    }
    return Device(**{**fields, **changes})


@pytest.mark.parametrize(
    ("silent_min", "status"), [(0, "ok"), (15, "ok"), (15.1, "stale"), (105, "stale"), (105.1, "failed")]
)
def test_a_cgm_is_stale_after_a_quarter_of_an_hour(silent_min: float, status: str) -> None:
    assert condition(device(last_seen=NOW - timedelta(minutes=silent_min)), NOW).status == status


def test_a_device_that_was_never_heard_is_unknown() -> None:
    found = condition(device(last_seen=None), NOW)

    assert (found.status, found.notes) == ("unknown", ["never_seen"])


@pytest.mark.parametrize(
    ("change", "flag"),
    [
        ({"battery_pct": 19.9}, "low_battery"),
        ({"rssi": -86.0}, "weak_signal"),
        ({"errors_24h": 3}, "errors"),
        ({"hub_offline": True}, "hub_offline"),
    ],
)
def test_flags(change: dict[str, Any], flag: str) -> None:
    assert condition(device(**change), NOW).flags == [flag]


def test_at_the_limits_there_are_no_flags_and_unknown_is_not_low() -> None:
    assert condition(device(battery_pct=20.0, rssi=-85.0, errors_24h=2), NOW).flags == []
    assert condition(device(battery_pct=None, rssi=None), NOW).flags == []


def test_every_type_has_a_rhythm_and_every_code_its_words() -> None:
    assert set(RHYTHMS) == set(DEVICE_TYPES)
    for rhythm in RHYTHMS.values():
        assert rhythm.expected_every_s <= rhythm.stale_after_s
    for note in (
        "low_battery",
        "weak_signal",
        "errors",
        "hub_offline",
        "never_seen",
        "silent",
        "silent_long",
    ):
        assert NOTES[note]
    for text in (*NOTES.values(), *EVENTS.values(), *REJECTIONS.values()):
        assert text.endswith(".")


@pytest.mark.parametrize(
    ("kind", "code"),
    [("rejected", "gatt_truncated"), ("rejected", "never_heard_of"), ("status", "connected")],
)
def test_an_event_always_has_a_sentence(kind: str, code: str) -> None:
    assert event_text(kind, code).endswith(".")
