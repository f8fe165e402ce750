"""What became of each record of a companion's request, by the real mappings."""

from typing import Any

import pytest

from proto.errors import ItemFault
from proto.vendors.normalized import Context, Normalized
from services.sync.exporting import Outcome, base_ids, groups_of, outcome_of
from vendors import mapping_of

AT = "2026-11-20T12:40:00Z"
Record = dict[str, Any]


def beat(id: str, value: float = 61, **more: Any) -> Record:
    return {"id": id, "type": "HKQuantityTypeIdentifierHeartRate", "startDate": AT, "value": value,
            "unit": "count/min", **more}  # fmt: skip


def half(side: str, value: int, **more: Any) -> Record:
    return {"type": f"HKQuantityTypeIdentifierBloodPressure{side}", "startDate": AT, "value": value,
            "unit": "mmHg", **more}  # fmt: skip


def judged(
    records: list[Record], vendor: str = "healthkit", denied: frozenset[str] = frozenset()
) -> tuple[Outcome, list[int]]:
    """The outcome, and how many records each call of the mapping had."""
    sizes: list[int] = []

    def mapped(some: list[Record]) -> Normalized:
        sizes.append(len(some))
        return mapping_of(vendor)([{"records": some, "deletions": []}], Context())

    ids = base_ids(mapped(records))
    return outcome_of(vendor, records, ids - denied, ids & denied, mapped), sizes


def test_records_that_name_themselves_are_mapped_once() -> None:
    outcome, sizes = judged([beat(f"a{number}") for number in range(1000)])
    assert outcome == Outcome(1000, 0, [])
    assert sizes == [1000]


def test_records_of_which_nothing_comes_are_mapped_twice_and_named_by_their_index() -> None:
    records = [
        beat("a"),
        beat("b", 9000),
        {"id": "c", "type": "Mood", "startDate": AT},
        beat("d", startDate="?"),
    ]
    outcome, sizes = judged(records)
    assert outcome.accepted == 1
    assert outcome.rejected == [
        ItemFault(index=1, code="out_of_bounds"),
        ItemFault(index=2, code="unknown_metric"),
        ItemFault(index=3, code="wrong_type"),
    ]
    assert sizes == [4, 1, 1, 1]


@pytest.mark.parametrize(
    ("upper", "lower"),
    [({}, {}), ({"id": "u"}, {"id": "l"}), ({"id": "u", "parentId": "p"}, {"id": "l", "parentId": "p"})],
    ids=["without ids", "with ids", "with a parent"],
)
def test_halves_of_a_pressure_are_two_accepted_records(upper: Record, lower: Record) -> None:
    records = [half("Diastolic", 85, **lower), beat("a"), half("Systolic", 133, **upper)]
    assert judged(records)[0] == Outcome(3, 0, [])


def test_half_a_pressure_is_rejected() -> None:
    outcome, _ = judged([half("Systolic", 133, id="u"), beat("a")])
    assert outcome.accepted == 1
    assert [fault.index for fault in outcome.rejected] == [0]


def test_halves_beside_their_correlation_tell_it_twice() -> None:
    halves = [half("Systolic", 133, id="u"), half("Diastolic", 85, id="l")]
    whole = {
        "id": "w",
        "type": "HKCorrelationTypeIdentifierBloodPressure",
        "startDate": AT,
        "records": halves,
    }
    assert judged([*halves, whole])[0] == Outcome(1, 2, [])


def test_the_same_record_twice_is_one_and_a_duplicate() -> None:
    assert judged([beat("a"), beat("a"), beat("b")])[0] == Outcome(2, 1, [])


def test_a_record_without_consent_is_rejected_as_that() -> None:
    outcome, _ = judged([beat("a"), beat("b")], denied=frozenset({"healthkit:b"}))
    assert outcome == Outcome(1, 0, [ItemFault(index=1, code="kind_not_consented")])


def test_the_parts_of_a_record_of_health_connect_are_that_record() -> None:
    beats = [{"time": f"2026-11-19T06:4{minute}:00Z", "beatsPerMinute": 70 + minute} for minute in range(3)]
    records: list[Record] = [
        {"recordType": "HeartRate", "startTime": AT, "endTime": AT, "samples": beats, "metadata": {"id": "a3"}},
        {"type": "BLOOD_PRESSURE_SYSTOLIC", "id": "s", "parentId": "p", "startDate": AT, "value": 121, "unit": "mmHg"},
        {"type": "BLOOD_PRESSURE_DIASTOLIC", "id": "d", "parentId": "p", "startDate": AT, "value": 80, "unit": "mmHg"},
        {"recordType": "Nutrition", "startTime": AT, "endTime": AT, "metadata": {"id": "n"}},
    ]  # fmt: skip
    outcome, _ = judged(records, "health_connect")
    assert outcome == Outcome(3, 0, [ItemFault(index=3, code="unknown_metric")])


def test_each_record_is_in_one_group() -> None:
    records = [
        half("Systolic", 1, id="a"),
        beat("b"),
        half("Diastolic", 1, id="c"),
        half("Systolic", 1, startDate="x"),
    ]
    assert sorted(index for group in groups_of(records) for index in group) == [0, 1, 2, 3]
    assert [0, 2] in groups_of(records)
