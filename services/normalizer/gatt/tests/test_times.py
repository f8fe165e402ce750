"""Which time a reading gets: the days on which clocks change, clocks that are wrong, and senders that lie."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.normalizer.gatt.times import AHEAD, DRIFT, resolve, resolve_record

BERLIN, NEW_YORK, ADELAIDE = (
    ZoneInfo(name) for name in ("Europe/Berlin", "America/New_York", "Australia/Adelaide")
)
RECEIVED = datetime(2026, 7, 15, 6, 0, 20, tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "local", "utc"),
    [
        (BERLIN, "2026-03-29T01:59:59", "2026-03-29T00:59:59"),
        (BERLIN, "2026-03-29T02:30:00", "2026-03-29T01:30:00"),
        (BERLIN, "2026-03-29T03:00:00", "2026-03-29T01:00:00"),
        (BERLIN, "2026-10-25T01:59:59", "2026-10-24T23:59:59"),
        (BERLIN, "2026-10-25T02:00:00", "2026-10-25T00:00:00"),
        (BERLIN, "2026-10-25T02:59:59", "2026-10-25T00:59:59"),
        (BERLIN, "2026-10-25T03:00:00", "2026-10-25T02:00:00"),
        (NEW_YORK, "2026-03-08T02:15:00", "2026-03-08T07:15:00"),
        (NEW_YORK, "2026-11-01T01:30:00", "2026-11-01T05:30:00"),
        (NEW_YORK, "2026-11-01T02:00:00", "2026-11-01T07:00:00"),
        (ADELAIDE, "2026-04-05T02:30:00", "2026-04-04T16:00:00"),
        (ADELAIDE, "2026-10-04T02:30:00", "2026-10-03T17:00:00"),
    ],
)
def test_on_the_days_when_clocks_change(zone: ZoneInfo, local: str, utc: str) -> None:
    resolved = resolve(local, "ok", datetime(2026, 12, 1, tzinfo=UTC), zone)

    assert resolved.timestamp == datetime.fromisoformat(utc).replace(tzinfo=UTC)
    assert (resolved.source, resolved.quality) == ("device", "device")


@pytest.mark.parametrize(
    ("seconds", "quality"),
    [(0, "device"), (60, "device"), (61, "corrected"), (-60, "device"), (-61, "corrected")],
)
def test_a_small_drift_is_left_alone(seconds: int, quality: str) -> None:
    local = RECEIVED.astimezone(BERLIN).replace(tzinfo=None)
    wrong = (local + timedelta(seconds=seconds)).isoformat()

    resolved = resolve(wrong, "ok", RECEIVED, BERLIN, wrong)

    assert resolved.quality == quality
    assert abs(resolved.timestamp - RECEIVED) <= DRIFT
    if quality == "corrected":
        assert resolved.timestamp == RECEIVED


@pytest.mark.parametrize(("seconds", "quality"), [(300, "device"), (301, "future_clock")])
def test_a_little_ahead_is_tolerated(seconds: int, quality: str) -> None:
    ahead = (RECEIVED.astimezone(BERLIN).replace(tzinfo=None) + timedelta(seconds=seconds)).isoformat()

    assert resolve(ahead, "ok", RECEIVED, BERLIN).quality == quality


def test_a_fault_that_was_corrected_is_corrected() -> None:
    resolved = resolve("2000-01-01T00:12:00", "fault", RECEIVED, BERLIN, "2000-01-01T00:15:00")

    assert resolved.quality == "corrected"


@pytest.mark.parametrize(
    "device_now", ["", "now", "2026-07-15T06:00:00Z", "2026-07-15T08:00:00+02:00", "12345"]
)
def test_a_device_now_that_is_no_naive_time_counts_as_not_given(device_now: str) -> None:
    local = "2026-07-15T07:59:00"

    assert resolve(local, "ok", RECEIVED, BERLIN, device_now) == resolve(local, "ok", RECEIVED, BERLIN)


NAIVE = st.datetimes(datetime(1582, 1, 1), datetime(9999, 12, 31, 23, 59, 59)).map(  # noqa: DTZ001
    lambda at: at.replace(microsecond=0)
)


@given(
    NAIVE,
    st.sampled_from(["", "Z"]),
    st.sampled_from(["ok", "fault", "absent", "unknown", "clock_not_set", "tick_counter"]),
    st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC)),  # noqa: DTZ001
    st.sampled_from([BERLIN, NEW_YORK, ADELAIDE, ZoneInfo("Pacific/Kiritimati"), ZoneInfo("UTC")]),
    st.one_of(st.none(), st.text(max_size=30), st.datetimes().map(lambda at: at.isoformat())),
)
def test_any_clock_gives_a_time_that_is_not_ahead(
    device_time: datetime,
    mark: str,
    status: str,
    received_at: datetime,
    zone: ZoneInfo,
    device_now: str | None,
) -> None:
    resolved = resolve(device_time.isoformat() + mark, status, received_at, zone, device_now)

    assert resolved.timestamp - received_at <= AHEAD
    if resolved.source == "receipt":
        assert resolved.timestamp == received_at


@pytest.mark.parametrize(
    ("start", "offset", "wanted"),
    [
        ("2026-07-15T05:00:00Z", 45, ("2026-07-15T05:45:00Z", "device")),
        ("2026-07-15T06:00:00Z", 5, ("2026-07-15T06:05:00Z", "device")),
        ("2026-07-15T06:00:00Z", 6, ("2026-07-15T06:00:20Z", "future_clock")),
        ("2000-01-01T00:00:00Z", 45, ("2026-07-15T06:00:20Z", "implausible_clock")),
        ("9999-12-31T23:59:59Z", 65535, ("2026-07-15T06:00:20Z", "future_clock")),
    ],
)
def test_records_of_a_session(start: str, offset: int, wanted: Any) -> None:
    resolved = resolve_record(datetime.fromisoformat(start), offset, RECEIVED)

    assert (resolved.timestamp, resolved.quality) == (datetime.fromisoformat(wanted[0]), wanted[1])
