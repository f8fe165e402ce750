"""Into the stream: groups within their bounds, versions of records, what is refused and why."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from chassis.bus import Bus
from chassis.config import load
from proto.raw import GROUP_MAX_BYTES, GROUP_MAX_ITEMS, RawBatch, RawDeletion, RawReading
from proto.vendors.normalized import Normalized, Reading
from services.sync.feeding import Feeder, groups, versioned
from services.sync.settings import Settings
from services.sync.tests.test_domain import target
from tests.support.others import buses_of

AT = datetime(2026, 11, 28, 12, tzinfo=UTC)


@given(st.lists(st.integers(1, 200_000), max_size=600))
def test_groups_hold_everything_in_order_within_their_bounds(sizes: list[int]) -> None:
    items = [bytes([65 + n % 26]) * size for n, size in enumerate(sizes)]
    made = groups(items)
    assert [item for group in made for item in group] == items
    for group in made:
        assert len(group) <= GROUP_MAX_ITEMS
        assert len(group) == 1 or sum(map(len, group)) + len(group) - 1 <= GROUP_MAX_BYTES


def test_a_record_without_a_version_gets_the_time_at_which_it_was_read() -> None:
    plain: dict[str, Any] = {"vendor_record_id": "v:1"}
    assert versioned(plain, AT) == {"vendor_record_id": "v:1", "revision": 1795867200000}
    assert versioned({**plain, "revision": 7}, AT)["revision"] == 7
    assert versioned({}, AT) == {}


async def test_what_is_published_is_valid_and_what_is_refused_is_counted(service_environ: Any) -> None:
    settings = load(Settings, service_environ("sync"))
    heard: list[Any] = []
    async with buses_of(settings, "sync", "admin") as buses:
        await _hear(buses["admin"], heard)
        cuff = target({"blood_pressure"}, number=991, consented=frozenset({"blood_pressure"}))
        normalized = Normalized(
            readings=[
                Reading(
                    timestamp=AT,
                    readings={"blood_pressure": {"systolic": 120, "diastolic": 80}, "steps": 4},
                    meta={"vendor": "somebody", "vendor_record_id": "s:1"},
                ),
                Reading(timestamp=AT, readings={"steps": 4}, meta={"vendor_record_id": "s:2"}),
                Reading(
                    timestamp=AT,
                    readings={"blood_pressure": {"systolic": 1200, "diastolic": 80}},
                    meta={"vendor_record_id": "s:3"},
                ),
            ],
            deleted=["s:4"],
        )
        fed = await Feeder(buses["sync"], 1).feed("somebody", normalized, [cuff], job_id=UUID(int=5))
        await buses["admin"].nc.flush()
    assert (fed.readings, fed.refused, fed.deletions) == (1, 2, 1)
    assert {fault.code for fault in fed.faults} == {"kind_not_consented", "invalid"}
    reading = next(one for one in heard if isinstance(one, RawReading))
    assert msgspec.json.decode(reading.message)["readings"] == {
        "blood_pressure": {"systolic": 120, "diastolic": 80}
    }
    assert (reading.source, reading.actor_id, reading.is_given) == ("sync", "vendor:somebody", True)
    assert reading.job_id == UUID(int=5)
    deletion = next(one for one in heard if isinstance(one, RawDeletion))
    assert deletion.record_id == "s:4"


async def _hear(bus: Bus, heard: list[Any]) -> None:
    async def on_raw(msg: Any) -> None:
        items = msgspec.json.decode(msg.data, type=RawBatch)
        heard.extend(one for one in items if one.connection_id == UUID(int=991))

    await bus.listen("readings.raw.v1.*", on_raw)
    await bus.nc.flush()
