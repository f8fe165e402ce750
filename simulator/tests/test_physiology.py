"""The generators: repeatable, inside the instruments' bounds, and shaped like a day."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from statistics import mean
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proto.metrics import KIND_OF
from proto.readings import ReadingMessage, check_relations
from proto.words import DEVICE_TYPES, KINDS, DeviceType, Kind
from simulator.physiology import (
    DEVICES,
    Sample,
    Scenario,
    battery,
    body_of,
    generate,
    instruments_of,
    repeatable,
    spots,
)

NOW = datetime(2026, 5, 10, 9, 30, tzinfo=UTC)
WEEK = timedelta(days=7)
SCENARIOS: tuple[Scenario, ...] = get_args(Scenario)
CONNECTION = "0197b1c2-0000-7000-8000-000000000001"
_decoder = msgspec.json.Decoder(ReadingMessage)


def check(sample: Sample) -> Any:
    """The sample as the ingest edge would take it: names, types, bounds and relations."""
    body = msgspec.json.encode(
        {
            "device_connection_id": CONNECTION,
            "timestamp": sample.timestamp,
            "readings": sample.readings,
            "meta": sample.meta,
        }
    )
    message = _decoder.decode(body)
    assert check_relations(message.readings) is None
    return message


def a_week(device_type: DeviceType, seed: int, **more: Any) -> list[Sample]:
    return list(generate(device_type, seed=seed, start=NOW - WEEK, until=NOW, **more))


def systolics(samples: Iterable[Sample]) -> list[float]:
    return [s.readings["blood_pressure"]["systolic"] for s in samples]


@pytest.mark.parametrize("device_type", DEVICE_TYPES)
def test_the_same_seed_and_start_give_the_same_data(device_type: DeviceType) -> None:
    first, second = a_week(device_type, 42), a_week(device_type, 42)

    assert first == second
    assert len(first) >= 2
    assert first != a_week(device_type, 43)


def test_a_reading_does_not_depend_on_where_the_history_began() -> None:
    long = a_week("cgm", 5)
    short = list(generate("cgm", seed=5, start=NOW - timedelta(hours=6), until=NOW))

    assert long[-len(short) :] == short


@pytest.mark.parametrize("scenario", SCENARIOS)
@pytest.mark.parametrize("device_type", DEVICE_TYPES)
@settings(max_examples=6, deadline=None)
@given(
    seed=st.integers(0, 2**63),
    hours=st.integers(0, 20_000),
    zone=st.sampled_from(["UTC", "America/New_York"]),
)
def test_every_reading_is_acceptable(
    device_type: DeviceType, scenario: Scenario, seed: int, hours: int, zone: str
) -> None:
    until = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(hours=hours)

    made = list(spots(device_type, seed=seed, until=until, count=3, zone=zone, scenario=scenario))
    made += generate(
        device_type, seed=seed, start=until - timedelta(hours=3), until=until, zone=zone, scenario=scenario
    )

    assert made
    for sample in made:
        assert 0 <= check(sample).meta.battery_pct <= 100


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Australia/Lord_Howe", "Asia/Kathmandu"])
def test_days_on_which_clocks_change_are_whole(zone: str) -> None:
    start = datetime(2026, 3, 25, tzinfo=UTC)

    samples = list(generate("smart_watch", seed=3, start=start, until=start + timedelta(days=14), zone=zone))

    nights = [check(s).readings.sleep for s in samples if "sleep" in s.readings]
    assert len(nights) >= 12
    for night in nights:
        assert (night.end - night.start).total_seconds() / 60 == pytest.approx(night.in_bed_min, abs=1)


def test_a_model_with_every_kind_gives_every_kind() -> None:
    samples = generate("smart_watch", seed=9, start=NOW - 2 * WEEK, until=NOW, kinds=KINDS)

    seen: set[Kind] = set()
    for sample in samples:
        seen |= {KIND_OF[name] for name in sample.readings}
    assert seen == set(KINDS)


def test_a_scale_that_also_tells_the_heart_rate_does_so_on_the_scale() -> None:
    kinds: frozenset[Kind] = frozenset({"weight", "heart_rate"})
    samples = list(generate("scale", seed=9, start=NOW - WEEK, until=NOW, kinds=kinds))

    with_weight = {s.timestamp for s in samples if "weight_kg" in s.readings}
    with_rate = {s.timestamp for s in samples if "heart_rate_bpm" in s.readings}
    assert len(samples) <= 14
    assert with_weight & with_rate


def test_one_measurement_of_everything_is_one_reading() -> None:
    (sample,) = spots("smart_watch", seed=9, until=NOW, kinds=KINDS)

    assert sample.timestamp == NOW
    assert {
        "blood_pressure",
        "weight_kg",
        "glucose_mg_dL",
        "spo2_pct",
        "body_temperature_c",
    } <= sample.readings.keys()
    check(sample)


@pytest.mark.parametrize("device_type", DEVICE_TYPES)
def test_only_permitted_kinds_are_given(device_type: DeviceType) -> None:
    kinds: frozenset[Kind] = frozenset({"heart_rate", "glucose"})

    samples = list(generate(device_type, seed=1, start=NOW - WEEK, until=NOW, kinds=kinds))

    assert samples
    assert {KIND_OF[name] for sample in samples for name in sample.readings} <= kinds


def test_each_device_type_has_an_instrument_for_its_button() -> None:
    assert DEVICES.keys() == set(DEVICE_TYPES)
    for device_type in DEVICE_TYPES:
        assert DEVICES[device_type].request in {row.name for row in instruments_of(device_type)}


def test_pressure_is_higher_in_the_morning_scenario_for_scenario() -> None:
    low, normal, high = (
        mean(systolics(a_week("blood_pressure_cuff", 8, scenario=s))) for s in ("low", "normal", "high")
    )

    assert low < 100 < normal < 165 < high


def test_glucose_rises_after_meals_and_mostly_stays_in_range() -> None:
    samples = a_week("cgm", 11)
    values = [s.readings["glucose_mg_dL"] for s in samples]
    steps = [
        b.readings["glucose_mg_dL"] - a.readings["glucose_mg_dL"]
        for a, b in pairwise(samples)
        if b.timestamp - a.timestamp == timedelta(minutes=5)
    ]

    assert max(values) - min(values) > 60
    assert sum(70 <= value <= 180 for value in values) / len(values) > 0.5
    assert max(map(abs, steps)) < 60


@pytest.mark.parametrize(("scenario", "mark"), [("low", "low"), ("high", "high")])
def test_a_sensor_says_low_and_high_with_the_markers(scenario: Scenario, mark: str) -> None:
    beyond = [
        s.readings
        for seed in range(5)
        for s in a_week("cgm", seed, scenario=scenario)
        if "glucose_out_of_range" in s.readings
    ]

    for readings in beyond:
        assert readings["glucose_out_of_range"] == mark
        assert readings["glucose_mg_dL"] == (39 if mark == "low" else 401)
    if mark == "low":
        assert beyond


def test_drop_outs_leave_gaps_and_artefacts_leave_outliers() -> None:
    whole, gappy = a_week("cgm", 4), a_week("cgm", 4, scenario="dropout")
    spoiled = [s.readings["spo2_pct"] for s in a_week("pulse_oximeter", 4, scenario="artefact")]

    assert 0.2 < len(gappy) / len(whole) < 0.8
    assert max(spoiled) < 93
    assert any(s.meta.get("ambiguous_user") for s in a_week("scale", 4, scenario="artefact"))


def test_a_battery_drains_and_is_changed() -> None:
    body = body_of(6)
    levels = [battery(body, "smart_watch", NOW + timedelta(hours=h)) for h in range(72)]

    falls = [a >= b for a, b in pairwise(levels)]
    assert min(levels) < 25 < 85 < max(levels)
    assert sum(falls) > len(falls) - 4
    assert battery(body, "smart_watch", NOW, "battery_low") <= 11


def test_half_of_the_spots_are_lost_in_a_drop_out_never_all() -> None:
    kept = [
        len(list(spots("scale", seed=seed, until=NOW, count=20, scenario="dropout"))) for seed in range(30)
    ]

    assert min(kept) >= 1
    assert 6 < mean(kept) < 14


def test_a_named_seed_gives_the_same_values_at_any_time() -> None:
    def values(now: datetime) -> list[dict[str, Any]]:
        made = repeatable(lambda at: spots("blood_pressure_cuff", seed=99, until=at, count=5), now)
        return [sample.readings for sample in made]

    assert values(NOW) == values(NOW + timedelta(days=100, hours=7, seconds=13))


def test_moved_nights_move_as_a_whole() -> None:
    def week(at: datetime) -> Iterable[Sample]:
        return generate("activity_tracker", seed=2, start=at - WEEK, until=at, kinds=frozenset({"sleep"}))

    for sample in repeatable(lambda at: iter(week(at)), NOW):
        sleep = check(sample).readings.sleep
        assert sleep.start == sample.timestamp
        assert NOW - WEEK - timedelta(days=1) < sleep.start < sleep.end <= NOW
