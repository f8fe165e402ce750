"""What ingest remembers of the last minutes: duplicates and conflicts are told, the oldest goes first, at one cost."""

import time
from uuid import UUID, uuid4

import msgspec

from proto.identity import RecordKey
from proto.state import ConnectionState
from services.ingest.domain import Accepted, Memory

STATE = ConnectionState(
    id=uuid4(),
    patient_id=uuid4(),
    device_model_id=uuid4(),
    name="Cuff",
    device_type="blood_pressure_cuff",
    pairing_method="hub",
    status="connected",
    consent="active",
    version=1,
)


def reading(number: int, content: int = 1) -> Accepted:
    return Accepted(
        kind="reading",
        connection=STATE,
        event_id=None,
        key=RecordKey(key=UUID(int=number), given=True),
        content=UUID(int=content),
    )


def test_what_came_before_is_a_duplicate_and_other_words_under_its_name_a_conflict() -> None:
    memory = Memory()
    memory.remember(reading(1), 0.0)
    assert memory.judge(reading(1), 1.0) == "duplicate"
    assert memory.judge(reading(1, content=2), 1.0) == "conflict"
    assert memory.judge(reading(2), 1.0) == "new"
    memory.forget(STATE.id, UUID(int=1))
    assert memory.judge(reading(1), 1.0) == "new"


def test_the_oldest_goes_first_and_what_came_again_is_young() -> None:
    memory = Memory(limit=3)
    for number in (1, 2, 3, 1, 4):
        memory.remember(reading(number), 0.0)
    assert [memory.judge(reading(number), 1.0) for number in (1, 2, 3, 4)] == [
        "duplicate",
        "new",
        "duplicate",
        "duplicate",
    ]


def test_what_is_too_old_is_forgotten() -> None:
    memory = Memory(keep_s=10.0)
    for number in (1, 2, 3):
        memory.remember(reading(number), float(number))
    memory.expire(12.5)
    assert [memory.judge(reading(number), 12.5) for number in (1, 2, 3)] == ["new", "new", "duplicate"]
    assert memory.judge(reading(3), 13.5) == "new"


def test_a_full_memory_costs_what_an_empty_one_does() -> None:
    """It had cost a hundred times as much: each entry that was removed was passed over again by every later removal."""
    limit, part = 100_000, 20_000
    memory, one = Memory(limit=limit), reading(0)

    def spent_on(begin: int) -> float:
        items = [
            msgspec.structs.replace(one, key=RecordKey(key=UUID(int=number), given=True))
            for number in range(begin, begin + part)
        ]
        began = time.process_time()
        for item in items:
            memory.remember(item, float(begin))
        return time.process_time() - began

    spent = [spent_on(begin) for begin in range(1, 3 * limit, part)]
    empty, full = min(spent[: limit // part]), min(spent[-limit // part :])
    began = time.process_time()
    memory.expire(3 * limit + 601.0)
    forgetting = time.process_time() - began
    assert memory.judge(reading(3 * limit), 3 * limit + 601.0) == "new"
    print(
        f"{part} remembered: empty {empty:.3f} s, full {full:.3f} s; {limit} forgotten in {forgetting:.3f} s"
    )
    assert full < 10 * empty
    assert forgetting < 10 * empty * limit / part
