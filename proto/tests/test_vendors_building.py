"""What a builder keeps, and what a deletion takes."""

from datetime import UTC, datetime

from proto.vendors.building import Builder
from proto.vendors.normalized import Context

NOW = datetime(2026, 11, 18, 12, tzinfo=UTC)


def test_a_deleted_record_takes_its_parts_along_and_nobody_elses() -> None:
    out = Builder("health_connect", Context())
    for name in ("v:a", "v:a#1", "v:a#2", "v:ab", "v:ab#1"):
        out.add(name, NOW, {"heart_rate_bpm": 60})
    out.delete("v:a")
    found = out.done()
    assert [reading.meta["vendor_record_id"] for reading in found.readings] == ["v:ab", "v:ab#1"]
    assert found.deleted == ["v:a"]
