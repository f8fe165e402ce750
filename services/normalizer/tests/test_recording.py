"""From INGEST to the record, through the running service: once, amended, refused, rolled up, told."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

import asyncpg
import msgspec
import pytest

from chassis.config import load
from chassis.consume import Delivery
from proto import subjects
from proto.events import ConnectionChanged
from proto.metrics import BY_NAME
from services.normalizer.domain import cells_of, roll_up
from services.normalizer.settings import Settings
from services.normalizer.tests.conftest import Patient, Stage, replica_of
from tests.support.waiting import until

pytestmark = pytest.mark.integration


async def test_a_reading_is_stored_announced_and_receipted(patient: Patient) -> None:
    await patient.send(patient.reading({"weight_kg": 78.4, "spo2_pct": 97}, event_id="a-1"))

    stored = patient.stored()
    assert len(stored) == 1
    assert msgspec.json.decode(stored[0].readings) == {"weight_kg": 78.4, "spo2_pct": 97}
    assert await patient.rows() == 1
    receipts = [r for hub, r in patient.stage.receipts if hub == patient.hub_id]
    assert any("a-1" in receipt.event_ids and receipt.status == "stored" for receipt in receipts)


async def test_delivered_twice_is_stored_once(patient: Patient) -> None:
    items = [
        patient.reading({"weight_kg": 70 + n}, f"2026-05-01T08:{n:02}:00Z", event_id=f"t-{n}")
        for n in range(30)
    ]
    plain = [patient.reading({"spo2_pct": 90 + n % 9}, f"2026-05-01T09:{n:02}:00Z") for n in range(30)]

    await patient.send(*items, *plain)
    await patient.send(*reversed(items), *plain, *plain)

    assert await patient.rows() == 60
    assert len(patient.stored()) == 60
    assert patient.refused() == []
    await assert_rollups(patient)


async def test_what_cannot_be_read_of_a_group_is_given_up_and_costs_its_neighbours_nothing(
    patient: Patient,
) -> None:
    stage = patient.stage
    before = await _given_up(stage)
    bad = patient.reading({"weight_kg": 70}, event_id="p-2").replace(b'"readings"', b'"raedings"')

    await stage.publish([patient.reading({"weight_kg": 71}, event_id="p-1"), bad])
    await stage.publish([b'{"type":"reading"}', patient.reading({"spo2_pct": 97}, event_id="p-3")])
    await patient.send()

    assert await patient.rows() == 2
    assert patient.refused() == []
    async with asyncio.timeout(10):
        while (given_up := await _given_up(stage)) < before + 2:
            await asyncio.sleep(0.02)
    assert given_up == before + 2


async def _given_up(stage: Stage) -> int:
    return int(
        await stage.pool.fetchval("SELECT count(*) FROM normalizer.dead_letters WHERE code = 'unreadable'")
    )


async def test_same_event_other_value_is_a_conflict_and_the_first_is_kept(patient: Patient) -> None:
    await patient.send(patient.reading({"weight_kg": 70}, event_id="c-1"))
    await patient.send(patient.reading({"weight_kg": 71}, event_id="c-1"))

    assert [(r.code, r.event_id) for r in patient.refused()] == [("conflict", "c-1")]
    answer = await patient.get(f"/device-data/{patient.connection_id}/latest")
    assert answer.json()["latest"]["weight_kg"]["value"] == 70


async def test_versions_amend_keep_their_id_and_their_history(patient: Patient) -> None:
    def version(revision: int, weight: float, at: str) -> bytes:
        return patient.reading(
            {"weight_kg": weight}, at, meta={"vendor_record_id": "w:1", "revision": revision}
        )

    await patient.send(version(1, 70, "2026-04-30T23:59:00Z"))
    await patient.send(version(3, 72, "2026-05-01T00:01:00Z"))
    await patient.send(version(2, 71, "2026-05-01T00:02:00Z"))

    assert len({reading.id for reading in patient.stored()}) == 1
    assert await patient.rows() == 1
    history = await patient.stage.pool.fetch(
        "SELECT version, readings->>'weight_kg' AS weight, reason FROM normalizer.superseded"
        " WHERE device_connection_id = $1",
        patient.connection_id,
    )
    assert [tuple(row) for row in history] == [(1, "70", "amended")]
    page = (await patient.get(f"/device-data/{patient.connection_id}", {"metric": "weight_kg"})).json()
    assert page["items"][0]["readings"] == {"weight_kg": 72}
    await assert_rollups(patient)


async def test_several_versions_and_doubles_in_one_batch(patient: Patient) -> None:
    def version(revision: int, weight: float) -> bytes:
        return patient.reading({"weight_kg": weight}, meta={"vendor_record_id": "w:9", "revision": revision})

    await patient.send(version(1, 70), version(1, 70), version(4, 74), version(2, 72))

    assert await patient.rows() == 1
    latest = (await patient.get(f"/device-data/{patient.connection_id}/latest")).json()["latest"]
    assert latest["weight_kg"]["value"] == 74
    await assert_rollups(patient)


async def test_queued_readings_after_withdrawn_consent_are_not_stored(patient: Patient) -> None:
    await patient.connect(consent="revoked")
    await patient.stage.publish([patient.reading({"weight_kg": 70}, event_id="r-1")])

    await until(patient.refused)

    assert patient.refused()[0].code == "consent_revoked"
    assert await patient.rows() == 0
    dead = await patient.stage.pool.fetchrow(
        "SELECT code, payload_sealed FROM normalizer.dead_letters WHERE device_connection_id = $1",
        patient.connection_id,
    )
    assert dead is not None
    assert dead["code"] == "consent_revoked"
    assert b"weight_kg" not in dead["payload_sealed"]
    receipt = next(r for hub, r in patient.stage.receipts if hub == patient.hub_id)
    assert (receipt.status, receipt.code, receipt.event_ids) == ("rejected", "consent_revoked", ["r-1"])


async def test_what_was_judged_before_its_pairing_was_heard_is_judged_again(
    stage: Stage, service_environ: Callable[[str], dict[str, str]]
) -> None:
    """The edge had heard of the pairing and acknowledged; here it comes by itself, after the first judgement."""
    settings = load(Settings, service_environ("normalizer"))
    patient = Patient(stage)
    group = b"[" + patient.reading({"weight_kg": 70}) + b"]"
    deliveries = [cast(Delivery, SimpleNamespace(data=group))]
    async with replica_of(settings) as (normalizer, world):
        prepared = normalizer.prepare(deliveries)
        assert [fault.code for fault in prepared.batch.rejected] == ["not_found"]
        await patient.ready()
        await until(lambda: world.connection(patient.connection_id))
        await normalizer.handle(deliveries, prepared)

    assert await patient.rows() == 1


async def test_erasing_a_device_leaves_nothing_but_the_audit(patient: Patient) -> None:
    await patient.send(patient.reading({"weight_kg": 70}, event_id="z-1"))
    change = ConnectionChanged(
        device_connection_id=patient.connection_id,
        patient_id=patient.id,
        code="erased",
        status="revoked",
        status_reason=None,
        at=datetime.now(UTC),
    )
    subject = subjects.to(subjects.CONNECTIONS_CHANGED, patient.id)
    await patient.stage._buses["pairing"].publish(subject, msgspec.json.encode(change))

    await until(patient.is_empty)
    for table in ("record_keys", "data_rollups", "superseded"):
        query = f"SELECT count(*) FROM normalizer.{table} WHERE device_connection_id = $1"
        assert await patient.stage.pool.fetchval(query, patient.connection_id) == 0


async def test_a_poisoned_group_stops_nobody(patient: Patient) -> None:
    await patient.stage.publish([b"{not a group"])
    await patient.send(patient.reading({"weight_kg": 70}))

    assert await patient.rows() == 1


async def test_suspect_readings_are_listed_and_left_out_of_everything_computed(patient: Patient) -> None:
    await patient.send(
        patient.reading({"weight_kg": 70}, "2026-05-01T08:00:00Z"),
        patient.reading({"weight_kg": 150}, "2026-05-01T08:10:00Z", meta={"ambiguous_user": True}),
    )

    page = (await patient.get(f"/device-data/{patient.connection_id}", {"metric": "weight_kg"})).json()
    assert [item["readings"]["weight_kg"] for item in page["items"]] == [150, 70]
    latest = (await patient.get(f"/device-data/{patient.connection_id}/latest")).json()["latest"]
    assert latest["weight_kg"]["value"] == 70


async def test_low_and_high_markers_are_counted_and_never_averaged(patient: Patient) -> None:
    await patient.send(
        patient.reading({"glucose_mg_dL": 100}, "2026-05-01T08:00:00Z"),
        patient.reading({"glucose_mg_dL": 120}, "2026-05-01T08:05:00Z"),
        patient.reading({"glucose_mg_dL": 39, "glucose_out_of_range": "low"}, "2026-05-01T08:10:00Z"),
        patient.reading({"glucose_out_of_range": "high"}, "2026-05-01T08:15:00Z"),
    )

    for resolution in ("1m", "1h", "1d"):
        answer = await patient.get(
            f"/device-data/{patient.connection_id}",
            {
                "metric": "glucose_mg_dL",
                "resolution": resolution,
                "from": "2026-05-01T00:00:00Z",
                "to": "2026-05-02T00:00:00Z",
            },
        )
        points = answer.json()["points"]
        assert sum(point["count"] for point in points) == 2, resolution
        assert sum(point["low"] for point in points) == 1, resolution
        assert max(point["max"] for point in points if point["max"]) == 120, resolution


async def test_waiting_callers_hear_the_outcome(patient: Patient) -> None:
    await patient.send(
        patient.reading({"weight_kg": 70}, event_id="w-1", ref="x.1"),
    )
    await patient.send(patient.reading({"weight_kg": 70}, event_id="w-1", ref="x.2"))

    settled = {
        s.ref: s for event in patient.stage.recorded if event.patient_id == patient.id for s in event.settled
    }
    assert settled["x.1"].outcome == "stored"
    assert settled["x.2"].outcome == "duplicate"
    assert settled["x.1"].id == settled["x.2"].id is not None


async def test_every_handing_in_is_audited_without_values(patient: Patient, postgres_url: str) -> None:
    await patient.send(patient.reading({"weight_kg": 70.123}, event_id="u-1"))

    conn = await asyncpg.connect(postgres_url)
    rows = await conn.fetch("SELECT * FROM access.audit_logs WHERE patient_id = $1", patient.id)
    await conn.close()
    assert {row["action"] for row in rows} == {"data.ingest"}
    assert {row["actor_id"] for row in rows} == {f"hub:{patient.hub_id}"}
    assert all("70.123" not in str(dict(row)) for row in rows)


async def test_many_at_once_from_many_patients(stage: Stage) -> None:
    patients = [await Patient(stage).ready() for _ in range(10)]

    await asyncio.gather(
        *(
            p.send(
                *(
                    p.reading({"weight_kg": 60 + n}, f"2026-03-{n + 1:02}T06:00:00Z", event_id=f"m-{n}")
                    for n in range(28)
                )
            )
            for p in patients
            for _ in range(2)
        )
    )

    for patient in patients:
        assert await patient.rows() == 28
        await assert_rollups(patient)


async def assert_rollups(patient: Patient) -> None:
    """The hours that are kept equal those that the rows make."""
    rows = await patient.stage.pool.fetch(
        "SELECT ts, readings FROM normalizer.device_data WHERE device_connection_id = $1 AND NOT suspect",
        patient.connection_id,
    )
    computed = roll_up(
        (patient.connection_id, row["ts"], cells_of(msgspec.json.decode(row["readings"]))) for row in rows
    )
    kept = await patient.stage.pool.fetch(
        "SELECT metric, t, min, max, sum, n, low, high FROM normalizer.data_rollups WHERE device_connection_id = $1",
        patient.connection_id,
    )
    as_kept: dict[tuple[UUID, int, datetime], tuple[Any, ...]] = {
        (patient.connection_id, row["metric"], row["t"]): tuple(row)[2:] for row in kept
    }
    assert set(as_kept) == set(computed)
    for key, hour in computed.items():
        low, high, total, n, lows, highs = as_kept[key]
        assert (low, high, n, lows, highs) == (hour.min, hour.max, hour.n, hour.low, hour.high)
        assert total == pytest.approx(hour.sum)


def test_the_vocabulary_names_every_cell() -> None:
    cells = cells_of({"blood_pressure": {"systolic": 120, "diastolic": 80}, "irregular_heartbeat": True})
    assert {cell.metric for cell in cells} == {
        BY_NAME[name].id
        for name in ("blood_pressure.systolic", "blood_pressure.diastolic", "irregular_heartbeat")
    }
    assert roll_up([]) == {}
