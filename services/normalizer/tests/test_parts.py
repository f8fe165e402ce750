"""Long lists of recorded readings leave in parts that the server takes."""

from datetime import UTC, datetime
from uuid import UUID

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from proto.events import RecordedReading
from services.normalizer.recording import EVENT_BYTES, EVENT_READINGS, event_parts

AT = datetime(2026, 1, 1, tzinfo=UTC)


def reading(number: int, size: int) -> RecordedReading:
    text = msgspec.json.encode({"inhaler_medication": "x" * size})
    return RecordedReading(
        id=UUID(int=number),
        device_connection_id=UUID(int=1),
        timestamp=AT,
        received_at=AT,
        readings=msgspec.Raw(text),
        meta=msgspec.Raw(b"{}"),
    )


@given(st.lists(st.integers(1, 300_000), max_size=40), st.integers(0, 1200))
def test_parts_keep_order_lose_nothing_and_stay_small(sizes: list[int], small: int) -> None:
    readings = [reading(n, size) for n, size in enumerate([*sizes, *[10] * small])]

    parts = event_parts(readings)

    assert [r for part in parts for r in part] == readings
    assert len(parts) >= 1
    for part in parts:
        assert len(part) <= EVENT_READINGS
        assert len(part) == 1 or sum(len(bytes(r.readings)) for r in part) <= EVENT_BYTES
