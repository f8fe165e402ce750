"""GATT values through the running service: the same as the normalized message, once whoever brings them."""

from typing import Any

import msgspec
import pytest

from services.normalizer.tests.conftest import Patient, Stage
from tests.support.waiting import until

pytestmark = pytest.mark.integration

CUFF = "1e7a004e005d00ea070b120714054600010000"
"""122/78, MAP 93, 18 November 2026 07:20:05, pulse 70, user 1, no status."""


def readings(patient: Patient) -> list[Any]:
    return [msgspec.json.decode(reading.readings) for reading in patient.stored()]


async def test_a_cuff_in_octets_is_the_same_as_in_words(patient: Patient) -> None:
    await patient.send(patient.gatt("2a35", CUFF, event_id="g-1", rssi=-60, battery_pct=80))

    assert readings(patient) == [{"blood_pressure": {"systolic": 122, "diastolic": 78, "map": 93, "hr": 70}}]
    reading = patient.stored()[0]
    assert reading.timestamp.isoformat() == "2026-11-18T06:20:05+00:00"
    meta = msgspec.json.decode(reading.meta)
    assert (meta["local_time"], meta["time_quality"], meta["rssi"]) == ("2026-11-18T07:20:05", "device", -60)


async def test_two_hubs_and_a_browser_give_one_reading(patient: Patient) -> None:
    for n, received in enumerate(("07:00:00", "07:00:03", "09:30:00")):
        await patient.send(
            patient.gatt("2A35", CUFF, event_id=f"h-{n}", received_at=f"2026-11-18T{received}Z")
        )

    assert len(patient.stored()) == 1
    assert patient.refused() == []
    receipted = {
        id
        for hub, r in patient.stage.receipts
        if hub == patient.hub_id and r.status == "stored"
        for id in r.event_ids
    }
    assert {"h-0", "h-1", "h-2"} <= receipted


async def test_without_a_clock_the_same_octets_within_ten_seconds_are_one(patient: Patient) -> None:
    temperature = "006c0100ff"
    for second in (0, 4, 9, 11, 30):
        await patient.send(patient.gatt("2a1c", temperature, received_at=f"2026-11-18T07:00:{second:02}Z"))

    assert [r.timestamp.second for r in patient.stored()] == [0, 11, 30]


async def test_a_stream_repeats_values_and_each_counts(patient: Patient) -> None:
    beats = [patient.gatt("2a37", "0048", received_at=f"2026-11-18T07:00:{s:02}Z") for s in range(5)]

    await patient.send(*beats, *beats)

    assert readings(patient) == [{"heart_rate_bpm": 72}] * 5


async def test_what_is_not_for_storage_is_receipted_and_not_stored(patient: Patient) -> None:
    await patient.send(
        patient.gatt("2a19", "4c", event_id="n-1"),
        patient.gatt("2a36", "005700ff07ff07", event_id="n-2"),
        patient.gatt("2a18", "020100ea070301071e0076b04a", event_id="n-3"),
        patient.gatt("2a26", "312e322e33", event_id="n-4"),
    )

    assert readings(patient) == []
    stored = {
        id
        for hub, r in patient.stage.receipts
        if hub == patient.hub_id and r.status == "stored"
        for id in r.event_ids
    }
    assert {"n-1", "n-2", "n-3", "n-4"} <= stored
    signals = [s for e in patient.stage.recorded if e.patient_id == patient.id for s in e.signals]
    assert any(s.battery_pct == 76 and s.firmware == "1.2.3" for s in signals)


@pytest.mark.parametrize(
    ("characteristic", "value", "code"),
    [
        ("2a35", "1e7a00", "gatt_truncated"),
        ("2a19", "65", "gatt_out_of_range"),
        ("2aa7", "08006f002800c600", "gatt_bad_crc"),
        ("2a35", "00e703e8030000", "out_of_bounds"),
        ("2a35", "0050005a005500", "out_of_bounds"),
    ],
)
async def test_what_cannot_be_used_is_told_and_stops_nobody(
    patient: Patient, characteristic: str, value: str, code: str
) -> None:
    await patient.send(patient.gatt(characteristic, value, event_id="x-1"), patient.gatt("2a35", CUFF))

    assert [(r.code, r.event_id) for r in patient.refused()] == [(code, "x-1")]
    assert len(readings(patient)) == 1


async def test_a_cheap_cuffs_zero_map_does_not_spoil_the_reading(patient: Patient) -> None:
    await patient.send(patient.gatt("2a35", "0078005000" + "0000"))

    assert readings(patient) == [{"blood_pressure": {"systolic": 120, "diastolic": 80}}]


async def test_names_without_consent_are_dropped(stage: Stage) -> None:
    patient = await Patient(stage).ready(consent_kinds=frozenset({"body_composition", "temperature"}))
    body = "0004d700b036"

    await patient.send(patient.gatt("2a9c", body), patient.gatt("2a35", CUFF, event_id="c-1"))

    assert readings(patient) == [{"body_fat_pct": 21.5}]
    assert [(r.code, r.event_id) for r in patient.refused()] == [("kind_not_consented", "c-1")]


async def test_glucose_contexts_find_their_measurement_and_ketones_are_no_glucose(patient: Patient) -> None:
    await patient.send(
        patient.gatt("2a18", "120100ea070301071e0068b011"),
        patient.gatt("2a34", "02010002"),
        patient.gatt("2a18", "120400ea070301071e000cb011"),
    )
    await patient.send(patient.gatt("2a34", "02040006"))

    page = (await patient.get(f"/device-data/{patient.connection_id}", {"metric": "glucose_mg_dL"})).json()
    assert [item["readings"]["glucose_mg_dL"] for item in page["items"]] == [104]
    assert page["items"][0]["meta"]["meal_context"] == "postprandial"


async def test_cgm_records_count_their_minutes_from_the_session(patient: Patient) -> None:
    await patient.send(
        patient.gatt("2aaa", "ea070b120600000400"),
        patient.gatt("2aa7", "060064000a00" + "060066000f00"),
        patient.gatt("2aa7", "060064000a00"),
    )

    assert readings(patient) == [{"glucose_mg_dL": 100}, {"glucose_mg_dL": 102}]
    assert [r.timestamp.isoformat() for r in patient.stored()] == [
        "2026-11-18T05:10:00+00:00",
        "2026-11-18T05:15:00+00:00",
    ]


async def test_an_unknown_user_is_kept_apart(patient: Patient) -> None:
    await patient.send(
        patient.gatt("2a9d", "04c932ff"), patient.gatt("2a9d", "00b036", received_at="2026-11-18T08:00:00Z")
    )

    latest = (await patient.get(f"/device-data/{patient.connection_id}/latest")).json()["latest"]
    assert latest["weight_kg"]["value"] == 70
    assert len(readings(patient)) == 2


async def test_live_values_are_shown_and_not_kept(patient: Patient) -> None:
    heard: list[Any] = []

    async def on_live(msg: Any) -> None:
        heard.append(msgspec.json.decode(msg.data))

    await patient.stage._buses["admin"].listen(f"observations.live.v1.{patient.id}", on_live)
    await patient.stage._buses["admin"].nc.flush()
    await patient.send(patient.gatt("2a36", "005700ff07ff07"))

    await until(lambda: heard, 5)
    assert heard[0]["fields"]["cuff_pressure"] == 87
    assert readings(patient) == []
