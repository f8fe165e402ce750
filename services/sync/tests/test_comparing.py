"""What a vendor no longer has, judged from its pages: only what was asked for, and never what the pages still hold."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from proto.vendors.client import Ask
from proto.vendors.normalized import Normalized, Reading
from services.sync.comparing import KEPT_MAX, Comparison

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)


def ask(**more: Any) -> Ask:
    since, kinds = NOON - timedelta(days=2), frozenset({"weight", "heart_rate"})
    return Ask(**{"since": since, "until": NOON, "kinds": kinds, "timezone": "", **more})


def reading(id: str, at: datetime, name: str = "weight_kg") -> Reading:
    return Reading(timestamp=at, readings={name: 70}, meta={"vendor_record_id": id})


def hours(first: int, last: int) -> tuple[datetime, datetime]:
    return NOON - timedelta(hours=first), NOON - timedelta(hours=last)


def test_what_the_pages_still_hold_in_the_stretch_is_kept() -> None:
    one = Comparison({"weight_kg": hours(20, 10)}, ask())
    one.see(Normalized(readings=[reading("in", NOON - timedelta(hours=15)), reading("out", NOON)]))
    one.see(Normalized(readings=[reading("other", NOON - timedelta(hours=15), "heart_rate_bpm")]))
    one.see(Normalized(readings=[reading("also#2", NOON - timedelta(hours=20))]))
    [removal] = one.removals()
    assert (removal.metric, removal.since, removal.until) == ("weight_kg", *hours(20, 10))
    assert removal.kept == ["also", "in"]


def test_nothing_is_judged_that_was_not_asked() -> None:
    emptied = {
        "weight_kg": (NOON - timedelta(days=9), NOON + timedelta(days=9)),
        "spo2_pct": hours(5, 1),
        "heart_rate_bpm": (NOON - timedelta(days=9), NOON - timedelta(days=8)),
    }
    one = Comparison(emptied, ask(until=NOON + timedelta(milliseconds=700)))
    assert one.metrics == {"weight_kg", "heart_rate_bpm"}
    [removal] = one.removals()
    assert (removal.metric, removal.since, removal.until) == ("weight_kg", NOON - timedelta(days=2), NOON)
    assert Comparison(emptied, ask(cursor="what changed")).metrics == frozenset()


@given(st.lists(st.integers(0, 300), max_size=2 * KEPT_MAX))
def test_a_long_stretch_is_told_in_parts_that_touch_and_hold_everything(minutes: list[int]) -> None:
    since = NOON - timedelta(hours=6)
    one = Comparison({"weight_kg": (since, NOON)}, ask())
    at = {f"id{n}": since + timedelta(minutes=minute) for n, minute in enumerate(minutes)}
    one.see(Normalized(readings=[reading(id, when) for id, when in at.items()]))
    parts = list(one.removals())
    assert [parts[0].since, *(part.until for part in parts)] == [*(part.since for part in parts), NOON]
    for part in parts:
        assert sorted(part.kept) == sorted(id for id, when in at.items() if part.since <= when < part.until)
