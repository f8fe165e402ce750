"""An event's frames: the cursors of their parts, and what is left of them for a grantee."""

from typing import Any

import msgspec
import pytest

from chassis.clock import now, uuid7
from gateway.cursor import LAST, decode
from gateway.frames import HEARD, Frame, frames_of
from proto.access import ALL_KINDS
from proto.events import ObservationsRecorded, RecordedReading
from proto.words import Kind

WEIGHT: frozenset[Kind] = frozenset({"weight"})


def recorded(*readings: dict[str, Any]) -> list[Frame]:
    patient_id, at = uuid7(), now()
    items = [
        RecordedReading(
            id=uuid7(),
            device_connection_id=uuid7(),
            timestamp=at,
            received_at=at,
            readings=msgspec.Raw(msgspec.json.encode(content)),
            meta=msgspec.Raw(b'{"battery_pct":76}'),
        )
        for content in readings
    ]
    event = ObservationsRecorded(patient_id=patient_id, recorded_at=at, readings=items)
    subject = f"observations.recorded.v1.{patient_id}"
    return frames_of(subject, msgspec.json.encode(event), incarnation=7, sequence=42)


def test_each_reading_is_a_frame_and_the_last_one_ends_the_message() -> None:
    frames = recorded({"weight_kg": 70}, {"weight_kg": 71}, {"weight_kg": 72})

    cursors = [decode(frame.cursor or "") for frame in frames]
    assert [(c.incarnation, c.sequence, c.part) for c in cursors if c] == [
        (7, 42, 0),
        (7, 42, 1),
        (7, 42, LAST),
    ]
    assert [msgspec.json.decode(frame.text)["reading"]["readings"]["weight_kg"] for frame in frames] == [
        70,
        71,
        72,
    ]


def test_a_grantee_gets_the_granted_names_and_one_text_serves_all_of_them() -> None:
    (frame,) = recorded({"weight_kg": 70, "height_m": 1.8, "glucose_mg_dL": 104})

    seen = frame.seen_with(WEIGHT)

    assert seen is not None
    assert msgspec.json.decode(seen)["reading"]["readings"] == {"weight_kg": 70, "height_m": 1.8}
    assert msgspec.json.decode(seen)["cursor"] == frame.cursor
    assert frame.seen_with(WEIGHT) is seen
    assert frame.seen_with(ALL_KINDS) is frame.text


@pytest.mark.parametrize("kinds", [frozenset(), frozenset({"glucose"})])
def test_nothing_granted_is_no_frame(kinds: frozenset[Kind]) -> None:
    (frame,) = recorded({"weight_kg": 70})

    assert frame.seen_with(kinds) is None


def test_an_alert_needs_all_of_its_kinds() -> None:
    payload = msgspec.json.encode({"alert": {"id": 1}, "kinds": ["weight", "glucose"]})
    (frame,) = frames_of(f"alerts.changed.v1.{uuid7()}", payload, incarnation=1, sequence=1)

    assert frame.seen_with(WEIGHT) is None
    assert frame.seen_with(frozenset({"weight", "glucose"})) == frame.text


def test_what_live_clients_are_not_told_has_no_frames() -> None:
    assert frames_of(f"readings.rejected.v1.{uuid7()}", b"{}", incarnation=1, sequence=1) == []
    assert "readings.rejected.v1.*" not in HEARD
