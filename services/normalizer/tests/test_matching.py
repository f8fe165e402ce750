"""The matcher by its properties: any sources, any order, any neighbours."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proto.words import PAIRING_METHODS, Kind
from services.normalizer.likeness import RANK, TOLERANCE, WINDOW
from services.normalizer.matching import Sighting, Source, agree, are_apart, likeness, match, merge, reach

START = datetime(2026, 5, 1, 8, tzinfo=UTC)
CUFF, SCALE = UUID(int=1), UUID(int=2)
SOURCES = [
    Source(0, UUID(int=11), CUFF, True),
    Source(0, UUID(int=12), SCALE, True),
    Source(1, UUID(int=13), CUFF, False),
    Source(2, UUID(int=14), CUFF, False),
    Source(3, UUID(int=15), CUFF, False),
]
NEAR = timedelta(seconds=30)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def sighting(number: int, source: Source, seconds: float, values: dict[str, Any], **more: Any) -> Sighting:
    return Sighting(id=UUID(int=1000 + number), source=source, at=at(seconds), values=values, **more)


weights = st.integers(700, 704).map(lambda tenths: {"weight_kg": tenths / 10})
pressures = st.builds(
    lambda top, irregular: {"blood_pressure": {"systolic": top, "diastolic": 80}} | irregular,
    st.integers(119, 121),
    st.sampled_from([{}, {"irregular_heartbeat": True}]),
)


@st.composite
def seen(draw: st.DrawFn, values: st.SearchStrategy[dict[str, Any]] = weights) -> list[Sighting]:
    """A crowd on purpose: few values, few seconds, so that most have several they could belong to."""
    told = draw(
        st.lists(
            st.tuples(
                st.sampled_from(SOURCES),
                st.integers(0, 60).map(lambda step: step * 10),
                values,
                st.sampled_from([None, None, "a", "b"]),
            ),
            max_size=25,
        )
    )
    return [
        sighting(number, source, seconds, value, serial=serial)
        for number, (source, seconds, value, serial) in enumerate(told)
    ]


def told(kind: Kind, sightings: list[Sighting]) -> list[tuple[UUID, list[UUID]]]:
    return [(group.head.id, [copy.id for copy in group.copies]) for group in match(sightings, kind)]


@given(seen(), st.randoms(use_true_random=False))
def test_the_order_of_arrival_does_not_matter(sightings: list[Sighting], random: Any) -> None:
    shuffled = sightings[:]
    random.shuffle(shuffled)

    assert told("weight", shuffled) == told("weight", sightings)


@given(seen(pressures))
def test_likeness_is_symmetric(sightings: list[Sighting]) -> None:
    for one in sightings:
        for other in sightings:
            assert likeness(one, other, "blood_pressure") == likeness(other, one, "blood_pressure")


@given(seen())
def test_being_one_measurement_is_an_equivalence_and_has_a_connection_once(sightings: list[Sighting]) -> None:
    groups = match(sightings, "weight")

    members = [one.id for group in groups for one in (group.head, *group.copies)]
    assert sorted(members) == sorted(one.id for one in sightings)
    for group in groups:
        sources = [one.source.id for one in (group.head, *group.copies)]
        assert len(sources) == len(set(sources))


@given(seen())
def test_no_copy_lies_beyond_the_window_or_the_rounding(sightings: list[Sighting]) -> None:
    for group in match(sightings, "weight"):
        for copy in group.copies:
            assert abs(copy.at - group.head.at) <= WINDOW["weight"]
            off = abs(copy.values["weight_kg"] - group.head.values["weight_kg"])
            assert off <= TOLERANCE["weight_kg"] + 1e-9
            assert not are_apart(copy.source, group.head.source)
            assert group.head.source < copy.source


@given(seen())
def test_two_that_could_only_be_each_others_are_one(sightings: list[Sighting]) -> None:
    """Nothing that the rule allows and that nobody else claims is left in two."""
    partners = {
        one.id: [other.id for other in sightings if agree(one, other, "weight") is not None]
        for one in sightings
    }
    together = {
        frozenset((group.head.id, copy.id)) for group in match(sightings, "weight") for copy in group.copies
    }
    for id, found in partners.items():
        if len(found) == 1 and partners[found[0]] == [id]:
            assert frozenset((id, found[0])) in together


@given(seen(), st.sampled_from(SOURCES))
def test_without_a_source_the_answer_is_as_if_it_had_never_been(
    sightings: list[Sighting], gone: Source
) -> None:
    left = [one for one in sightings if one.source != gone]

    shown = merge(left)

    ids = {each.sighting.id for each in shown} | {copy.id for each in shown for copy, _ in each.also}
    assert ids == {one.id for one in left}
    if gone.rank == max(source.rank for source in SOURCES):  # nobody's head: the others stay as they were
        with_it = [
            (head, [copy for copy in copies if any(one.id == copy for one in left)])
            for head, copies in told("weight", sightings)
            if any(one.id == head for one in left)
        ]
        assert with_it == told("weight", left)


@given(seen(), st.integers(0, 600))
def test_what_becomes_of_a_reading_depends_on_its_neighbours_only(
    sightings: list[Sighting], seconds: int
) -> None:
    """So a page may read a little around itself and be sure."""
    around = reach(["weight"], len(SOURCES))
    window = timedelta(seconds=1)
    near = [one for one in sightings if at(seconds) - around <= one.at < at(seconds) + window + around]

    def within(groups: list[tuple[UUID, list[UUID]]]) -> list[tuple[UUID, list[UUID]]]:
        inside = {one.id for one in sightings if at(seconds) <= one.at < at(seconds) + window}
        return [group for group in groups if group[0] in inside]

    assert within(told("weight", near)) == within(told("weight", sightings))


@given(seen(pressures))
def test_every_copy_is_explained_and_no_value_is_lost(sightings: list[Sighting]) -> None:
    shown = merge(sightings)

    assert [each.sighting.at for each in shown] == sorted((each.sighting.at for each in shown), reverse=True)
    by_id = {one.id: one for one in sightings}
    for each in shown:
        for copy, why in each.also:
            assert [reason.kind for reason in why] == ["blood_pressure"]
            assert why[0].seconds == abs(by_id[copy.id].at - each.sighting.at).total_seconds()
        names = {name for one in (each.sighting, *(copy for copy, _ in each.also)) for name in one.values}
        assert set(each.readings) == names


def test_one_weight_by_bluetooth_cloud_and_phone_is_one() -> None:
    shown = merge(
        [
            sighting(1, SOURCES[3], 12, {"weight_kg": 81.2}, vendor="healthkit"),
            sighting(2, SOURCES[1], 0, {"weight_kg": 81.2}),
            sighting(3, SOURCES[2], 5, {"weight_kg": 81.19, "body_fat_pct": 20.1}, vendor="withings"),
        ]
    )

    assert [(each.sighting.id.int, each.readings) for each in shown] == [
        (1003, {"body_fat_pct": 20.1}),
        (1002, {"weight_kg": 81.2}),
    ]
    assert [copy.vendor for copy, _ in shown[1].also] == ["withings", "healthkit"]
    assert msgspec.to_builtins(shown[1].also[0][1]) == [
        {"kind": "weight", "seconds": 5.0, "off": {"weight_kg": 0.01}}
    ]


@pytest.mark.parametrize(
    ("kind", "one", "other", "is_same"),
    [
        ("weight", {"weight_kg": 81.2}, {"weight_kg": 81.3}, True),
        ("weight", {"weight_kg": 81.2}, {"weight_kg": 81.31}, False),
        ("weight", {"weight_kg": 81.2}, {"height_m": 1.8}, False),
        ("temperature", {"body_temperature_c": 37.0}, {"body_temperature_c": 37.056}, True),
        ("temperature", {"body_temperature_c": 37.0}, {"body_temperature_c": 37.1}, False),
        ("glucose", {"glucose_mg_dL": 100}, {"glucose_mg_dL": 101}, True),
        ("glucose", {"glucose_mg_dL": 100}, {"glucose_mg_dL": 102}, False),
        ("glucose", {"glucose_mg_dL": 100, "glucose_trend": "flat"}, {"glucose_mg_dL": 100}, True),
        ("glucose", {"glucose_mg_dL": 100, "glucose_trend": "flat"}, {"glucose_mg_dL": 104, "glucose_trend": "flat"}, False),
        ("blood_pressure", {"blood_pressure": {"systolic": 120, "diastolic": 80, "hr": 61}}, {"blood_pressure": {"systolic": 120.2, "diastolic": 80}}, True),
        ("blood_pressure", {"blood_pressure": {"systolic": 120, "diastolic": 80}}, {"blood_pressure": {"systolic": 121, "diastolic": 80}}, False),
        ("sleep", {"sleep": {"start": "2026-05-01T00:00:00Z", "end": "2026-05-01T07:00:00Z"}}, {"sleep": {"start": "2026-05-01T00:00:30Z", "end": "2026-05-01T07:00:00Z", "score": 80}}, True),
        ("sleep", {"sleep": {"start": "2026-05-01T00:00:00Z", "end": "2026-05-01T07:00:00Z"}}, {"sleep": {"start": "2026-05-01T00:00:00Z", "end": "2026-05-01T06:00:00Z"}}, False),
        ("spirometry", {"fev1_l": 3.1}, {"fev1_l": 3.11}, True),
    ],
)  # fmt: skip
def test_values_after_rounding(kind: Kind, one: dict[str, Any], other: dict[str, Any], is_same: bool) -> None:
    found = agree(sighting(1, SOURCES[0], 0, one), sighting(2, SOURCES[2], 0, other), kind)

    assert (found is not None) is is_same


def test_two_devices_and_two_serial_numbers_are_two_measurements() -> None:
    same = {"weight_kg": 80.0}
    cuff, scale, cloud = SOURCES[0], SOURCES[1], SOURCES[2]

    assert agree(sighting(1, cuff, 0, same), sighting(2, scale, 0, same), "weight") is None
    assert (
        agree(sighting(1, cuff, 0, same, serial="a"), sighting(2, cloud, 0, same, serial="b"), "weight")
        is None
    )
    assert agree(sighting(1, cuff, 0, same, serial="a"), sighting(2, cloud, 0, same), "weight") is not None


def test_amounts_are_the_same_only_over_the_same_stretch() -> None:
    steps = {"steps": 100}
    one = sighting(1, SOURCES[2], 0, steps, end=at(900))

    assert agree(one, sighting(2, SOURCES[3], 0, steps, end=at(900)), "activity") is not None
    assert agree(one, sighting(2, SOURCES[3], 0, steps, end=at(1800)), "activity") is None
    assert agree(one, sighting(2, SOURCES[3], 0, steps), "activity") is None


def test_what_may_be_anothers_is_shown_by_itself() -> None:
    shown = merge(
        [
            sighting(1, SOURCES[1], 0, {"weight_kg": 80.0}, stands_alone=True),
            sighting(2, SOURCES[2], 0, {"weight_kg": 80.0}),
        ]
    )

    assert [each.also for each in shown] == [[], []]


def test_the_tables_know_every_kind_and_every_path() -> None:
    assert set(RANK) == set(PAIRING_METHODS)
    assert set(WINDOW) == set(Kind.__args__)  # type: ignore[attr-defined]
