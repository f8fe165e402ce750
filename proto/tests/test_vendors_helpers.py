"""The pure helpers of mappings, where a vendor's answer can be stranger than it looks."""

from datetime import UTC, datetime
from typing import Any

import pytest

from proto.vendors.building import Builder
from proto.vendors.instants import epoch, iso, local_text, offset_of
from proto.vendors.normalized import Context
from proto.vendors.quantities import decimal_of, glucose_fields, scaled


@pytest.mark.parametrize(
    "absurd",
    [
        pytest.param("1e99999999", id="power"),
        pytest.param("-1e50", id="negative"),
        pytest.param(1e300, id="float"),
        pytest.param(10**41, id="integer"),
        pytest.param(10**5000, id="more digits than Python prints"),
    ],
)
def test_an_absurd_number_is_none(absurd: Any) -> None:
    assert decimal_of(absurd) is None
    assert scaled(absurd, 1000) is None
    assert epoch(absurd) is None


def test_a_number_of_any_use_is_kept() -> None:
    assert epoch("1794906000000000000", "ns") == datetime(2026, 11, 17, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-03T14:15Z", datetime(2026, 11, 3, 14, 15, tzinfo=UTC)),
        ("2026-11-03T07:15:02-06:59:58", datetime(2026, 11, 3, 14, 15, tzinfo=UTC)),
        ("2026-11-03T07:15:00-07", datetime(2026, 11, 3, 14, 15, tzinfo=UTC)),
        ("2026-11-03T07:15:00-0700", datetime(2026, 11, 3, 14, 15, tzinfo=UTC)),
    ],
)
def test_offsets_come_in_many_forms(text: str, expected: datetime) -> None:
    assert iso(text) == expected


@pytest.mark.parametrize(
    ("text", "seconds"), [("-06:59:58", -25_198), ("-21600", -21_600), ("-0600", -21_600)]
)
def test_a_lone_offset_may_have_seconds_or_be_seconds(text: str, seconds: int) -> None:
    found = offset_of(text)
    assert found is not None
    assert found.total_seconds() == seconds


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00", "9999-12-31T23:59:59"])
def test_the_ends_of_the_calendar_are_no_times(text: str) -> None:
    assert local_text(text, "Asia/Tokyo") is None
    assert local_text(text, "America/Denver") is None


@pytest.mark.parametrize("none", [0, -1, "0"])
def test_a_glucose_of_nothing_is_none(none: Any) -> None:
    assert glucose_fields(none) == {}
    assert glucose_fields(none, marker="low") == {"glucose_out_of_range": "low"}


def test_what_is_there_again_is_not_deleted() -> None:
    out = Builder("omron", Context())
    at = datetime(2026, 11, 3, tzinfo=UTC)
    out.add("omron:1", at, {"weight_kg": 70})
    out.delete("omron:1")
    assert (out.done().readings, out.done().deleted) == ([], ["omron:1"])
    out.add("omron:1", at, {"weight_kg": 71})
    assert [reading.readings for reading in out.done().readings] == [{"weight_kg": 71}]
    assert out.done().deleted == []


@pytest.mark.parametrize(("revision", "expected"), [(None, None), (7, 7), (2**63, None), (-1, None)])
def test_a_revision_fits_where_it_is_kept(revision: int | None, expected: int | None) -> None:
    out = Builder("omron", Context())
    out.add("omron:1", datetime(2026, 11, 3, tzinfo=UTC), {"weight_kg": 70}, revision=revision)
    assert out.done().readings[0].meta.get("revision") == expected
