"""Helpers of mappings: columns, addresses, errors, and numbers and times from the ends of the world."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from proto.vendors.building import Builder, record_hash
from proto.vendors.instants import in_zone, later, local_text, local_time
from proto.vendors.normalized import Context
from proto.vendors.quantities import decimal_of, scaled
from proto.vendors.shapes import (
    Column,
    called,
    fields_of,
    first,
    oauth_fault,
    rows,
    status_fault,
    text,
    told_by,
)

NOON = datetime(2026, 11, 18, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "absurd", ["1e999999", "1e-999999", 10**5000, "9" * 5000, float("inf"), "nan"], ids=range(6)
)
def test_what_no_float_could_hold_is_no_number(absurd: Any) -> None:
    assert decimal_of(absurd) is None
    assert scaled(absurd, 1000) is None


@pytest.mark.parametrize("number", [1.7e30, 5e-24, 0, "0", "-12.5"])
def test_every_number_that_can_be_measured_is_one(number: Any) -> None:
    assert decimal_of(number) == Decimal(str(number))


def test_the_ends_of_the_calendar_raise_nothing() -> None:
    first = datetime(1, 1, 1, tzinfo=UTC).replace(tzinfo=None)
    assert in_zone(first, "Asia/Tokyo").at == datetime(1, 1, 1, tzinfo=UTC)
    assert local_text("9999-12-31T23:59:59", "America/Denver") is None
    assert later(datetime(9999, 12, 31, tzinfo=UTC), 1e9) is None
    assert local_time(datetime(1, 1, 1, tzinfo=UTC), -3600) is None


def test_local_time_keeps_its_offset() -> None:
    assert local_time(NOON, -25_200) == "2026-11-18T05:00:00-07:00"
    assert local_time(NOON, "+05:30") == "2026-11-18T17:30:00+05:30"
    assert local_time(NOON, None) is None


def test_later_takes_text_and_refuses_the_past() -> None:
    assert later(NOON, "90.5") == datetime(2026, 11, 18, 12, 1, 30, 500_000, tzinfo=UTC)
    assert later(NOON, -1) is None
    assert later(NOON, "x") is None


def test_columns_know_what_none_looks_like() -> None:
    columns = (
        Column("hr", "heart_rate_bpm", zero=False),
        Column("steps", "steps"),
        Column("delta", "skin_temperature_delta_c", signed=True),
        Column("grams", "weight_kg", Decimal("0.001")),
    )

    assert fields_of({"hr": 0, "steps": 0, "delta": -0.4, "grams": "78399.6"}, columns) == {
        "steps": 0,
        "skin_temperature_delta_c": -0.4,
        "weight_kg": 78.4,
    }
    assert fields_of({"hr": -1, "steps": -1, "delta": None, "grams": True}, columns) == {}


@pytest.mark.parametrize(
    ("endpoint", "name"),
    [
        ("sleep", "sleep"),
        ("/v3/users/sleep/2026-11-17", "sleep"),
        ("https://x.example/rest/PulseOx?token=/sleep", "pulseox"),
        ("", ""),
        ("workout", ""),
    ],
)
def test_the_call_is_told_by_its_address(endpoint: str, name: str) -> None:
    assert called(endpoint, ("sleep", "pulseox")) == name


def test_shapes_are_told_by_their_keys_in_order() -> None:
    marks = (("sleep", ("bedtime", "nap")), ("steps", ("steps",)))
    assert told_by({"steps": 1, "nap": None}, marks) == "sleep"
    assert told_by({"steps": 1}, marks) == "steps"
    assert told_by({}, marks) == ""


def test_null_is_no_value() -> None:
    assert first({"old": 1, "new": None}, "new", "old") == 1
    assert first({"zero": 0}, "zero", "old") == 0
    assert first({}, "new") is None


def test_rows_and_texts_are_what_they_should_be() -> None:
    assert rows([{"a": 1}, None, 3]) == [{"a": 1}]
    assert rows({"a": 1}) == []
    assert [text(value) for value in (" a ", 7, True, 1.5, None, 10**5000)] == ["a", "7", "", "", "", ""]


@pytest.mark.parametrize(
    ("payload", "fault"),
    [
        ({"error": "invalid_grant"}, ("grant_lost", "invalid_grant")),
        ({"error": "something_new"}, ("vendor_error", "something_new")),
        ({"error": {"code": 1}}, None),
        ({"access_token": "x"}, None),
        ([], None),
    ],
)
def test_an_authorization_server_says_what_is_wrong(payload: Any, fault: Any) -> None:
    assert oauth_fault(payload) == fault


@pytest.mark.parametrize(
    ("status", "fault"),
    [
        (400, "invalid_request"),
        (401, "auth"),
        (403, "forbidden_scope"),
        (410, "vendor_retired"),
        (429, "rate_limited"),
        (500, "vendor_error"),
        (503, "retry_later"),
    ],
)
def test_a_status_has_a_class(status: int, fault: str) -> None:
    assert status_fault(status) == fault


def test_a_hash_takes_any_text() -> None:
    assert record_hash("x", "\ud800") != record_hash("x", "a")


def test_an_interval_does_not_end_before_it_begins() -> None:
    out = Builder("x", Context())
    out.add("x:1", NOON, {"steps": 1}, end=later(NOON, 60))
    out.add("x:2", NOON, {"steps": 1}, end=NOON)

    whole, odd = out.done().readings

    assert whole.meta["interval_end"] == "2026-11-18T12:01:00Z"
    assert "interval_end" not in odd.meta


def test_long_ids_stay_apart_and_are_deleted_by_the_same_name() -> None:
    out = Builder("x", Context())
    long = "x:" + "a" * 300
    for record_id in (long + "1", long + "2", "x:\u202e", "x:1"):
        out.add(record_id, NOON, {"steps": 1})
    out.delete(long + "2")

    found = out.done()
    ids = [reading.meta["vendor_record_id"] for reading in found.readings]

    assert len(ids) == len(set(ids)) == 3
    assert ids[2] == "x:1"
    assert found.deleted == [record_hash("x", long + "2")]
