"""When two messages are the same reading."""

from uuid import UUID

import msgspec
import pytest

from proto.identity import content_hash, judge, record_key
from proto.readings import ReadingMessage

A, B = UUID(int=1), UUID(int=2)


def message(text: str) -> ReadingMessage:
    base = '{"device_connection_id":"0190f1c2-0000-7000-8000-000000000001",'
    return msgspec.json.decode(base + text, type=ReadingMessage)


def content(text: str) -> UUID:
    decoded = message(text)
    return content_hash(decoded.timestamp, decoded.readings)


def test_content_is_the_instant_and_the_values_not_their_spelling() -> None:
    one = content('"timestamp":"2026-05-01T08:30:00Z","readings":{"weight_kg":78,"spo2_pct":97}}')
    two = content(
        '"timestamp":"2026-05-01T10:30:00+02:00","readings":{"spo2_pct":97.0,"weight_kg":7.8e1},"meta":{"rssi":-1}}'
    )

    assert one == two


def test_another_value_or_instant_is_other_content() -> None:
    one = content('"timestamp":"2026-05-01T08:30:00Z","readings":{"weight_kg":78}}')

    assert one != content('"timestamp":"2026-05-01T08:30:00Z","readings":{"weight_kg":78.1}}')
    assert one != content('"timestamp":"2026-05-01T08:30:01Z","readings":{"weight_kg":78}}')


def test_identity_is_the_vendor_record_then_the_event_then_the_content() -> None:
    body = '"timestamp":"2026-05-01T08:30:00Z","readings":{"weight_kg":78}'
    plain, event = message(body + "}"), message(body + ',"event_id":"e1"}')
    vendor = message(body + ',"event_id":"e1","meta":{"vendor_record_id":"w:1"}}')
    hashes = content_hash(plain.timestamp, plain.readings)

    assert record_key(plain, hashes) == (hashes, False)
    assert record_key(event, hashes).given
    assert record_key(vendor, hashes).key != record_key(event, hashes).key


@pytest.mark.parametrize(
    ("old", "old_revision", "new", "new_revision", "verdict"),
    [
        (A, None, A, None, "duplicate"),
        (A, 1, A, 2, "duplicate"),
        (A, None, B, None, "conflict"),
        (A, 1, B, 2, "amend"),
        (A, 2, B, 1, "stale"),
        (A, 2, B, 2, "stale"),
        (A, None, B, 5, "amend"),
        (A, 5, B, None, "stale"),
    ],
)
def test_judgement(
    old: UUID, old_revision: int | None, new: UUID, new_revision: int | None, verdict: str
) -> None:
    assert judge(old, old_revision, new, new_revision) == verdict
