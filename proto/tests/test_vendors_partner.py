"""What is opened of a partner's body, and what a record is called."""

from typing import Any

import pytest

from proto.vendors.building import Builder
from proto.vendors.normalized import Context
from proto.vendors.partner import device_meta, named, opened, record_id


def test_a_body_a_page_a_list_and_a_single_record_open_alike() -> None:
    record = {"id": "r-1"}
    bodies: list[Any] = [
        {"type": "readings.created", "data": {"user": "u", "records": [record, 7, None]}},
        {"items": [record]},
        [record],
        record,
    ]
    for body in bodies:
        assert opened(Builder("generic", Context()), body, ids=("id",)).records == [record]


def test_deletions_are_ids_or_records_with_one() -> None:
    body = {
        "type": "readings.deleted",
        "data": {"records": ["a", 7, {"id": "b"}, {"id": None}, True, "", None]},
    }
    assert opened(Builder("generic", Context()), body, ids=("id",)).deleted == ["a", "7", "b"]


@pytest.mark.parametrize("text", ["x" * 151, "a\x00b", "a\u202eb"])
def test_an_id_that_does_not_fit_stays_unique(text: str) -> None:
    assert named("generic", text) != named("generic", text + "y")
    assert len(named("generic", text)) < 200


def test_a_record_without_an_id_is_known_by_all_that_it_says() -> None:
    first = record_id("generic", {"timestamp": "t", "fields": {"a": 1}}, ("id",))
    assert first == record_id("generic", {"fields": {"a": 1}, "timestamp": "t"}, ("id",))
    assert first != record_id("generic", {"fields": {"a": 2}, "timestamp": "t"}, ("id",))


def test_a_serial_is_kept_as_a_hash_of_its_own_vendor() -> None:
    record = {"device": {"model": "BP-2", "serial": "A1", "battery_pct": 80}}
    said = device_meta("eko", record)
    assert said["device_model"] == "BP-2"
    assert "A1" not in str(said)
    assert said["device_serial_hash"] == device_meta("eko", record)["device_serial_hash"]
    assert said["device_serial_hash"] != device_meta("kinsa", record)["device_serial_hash"]
    assert device_meta("eko", {"device": None})["device_serial_hash"] is None
