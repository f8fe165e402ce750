"""From a device to a reader: the same values whichever way they came."""

import asyncio
import struct

from simulator import gatt
from tests.e2e.driver import Device, Json, Person, World, at, eventually

WAV = (
    b"RIFF" + struct.pack("<I", 36 + 160) + b"WAVEfmt " + struct.pack("<IHHIIHH", 16, 1, 1, 8000, 8000, 1, 8)
)
WAV += b"data" + struct.pack("<I", 160) + bytes(range(160))
"""A fiftieth of a second of sound."""


async def test_the_printed_message_comes_back_from_query_latest_and_the_live_stream(world: World) -> None:
    patient = await world.newcomer()
    device = await patient.pair()
    sound = await patient.upload(device.id, WAV, "stethoscope_audio", "audio/wav")
    message: Json = {
        "device_connection_id": device.id,
        "timestamp": "2026-05-01T08:30:00Z",
        "readings": {
            "blood_pressure": {"systolic": 120, "diastolic": 80, "hr": 72},
            "weight_kg": 78.4,
            "glucose_mg_dL": 104,
            "spo2_pct": 97,
            "stethoscope_audio_url": sound,
        },
        "meta": {"battery_pct": 76, "rssi": -60, "firmware": "1.2.3"},
    }

    async with world.live(patient) as live:
        await live.subscribe(patient_id=patient.patient_id)
        answer = await device.ingest(message, status=202)
        frame = await live.reading(device.id, within_s=1)

    assert (answer["accepted"], answer["duplicates"], answer["rejected"]) == (1, 0, [])
    assert frame["patient_id"] == patient.patient_id
    [item] = await device.stored()
    assert frame["reading"] == item
    assert item["readings"] == message["readings"]
    assert item["meta"] | message["meta"] == item["meta"]
    assert at(item["timestamp"]) == at(message["timestamp"])
    latest = (await patient.get(f"{device.data}/latest"))["latest"]
    assert {name: value["value"] for name, value in latest.items()} == message["readings"]
    assert {value["id"] for value in latest.values()} == {item["id"]}
    shown = await eventually(lambda: patient.get(device.path), lambda shown: shown["last_reading_at"])
    assert (shown["battery_pct"], at(shown["last_reading_at"])) == (76, at(message["timestamp"]))


async def test_the_recording_behind_an_object_url_is_the_one_that_was_uploaded(world: World) -> None:
    patient = await world.newcomer()
    device = await patient.pair()
    sound = await patient.upload(device.id, WAV, "stethoscope_audio", "audio/wav")
    await device.ingest(device.message({"stethoscope_audio_url": sound}, "2026-05-01T08:30:00Z"), wait_s=10)
    upload_id = sound.rpartition("/")[2]

    answer = await patient.call("GET", f"/api/v1/uploads/{upload_id}/url")

    assert answer.status_code == 200, f"{sound}: {answer.text}"
    assert (await world.http.get(answer.json()["url"])).content == WAV


async def test_a_measurement_as_octets_over_mqtt_and_http_is_one_reading_with_the_values_of_the_message(
    world: World,
) -> None:
    patient = await world.sign_in("patient-1")  # in Berlin: the cuff's own clock shows 10:30
    hub = await patient.add_hub()
    cuff = await _by_hub(patient, hub)
    octets = gatt.blood_pressure(120, 80, 93, at=at("2026-05-01T10:30:00"), pulse=72)
    value = {
        "device_connection_id": cuff.id,
        "service": "1810",
        "characteristic": "2a35",
        "value": octets.hex(),
        "received_at": "2026-05-01T08:30:04Z",
    }

    async with world.wire(hub) as wire:
        await wire.publish("gatt", {**value, "event_id": "over-mqtt"})
        receipt = await wire.receipt("over-mqtt")
    [item] = await cuff.holds(1)
    again = await cuff.ingest(value, edge="gatt", wait_s=10, status=201)

    assert receipt["status"] == "stored"
    assert again["ids"] == [item["id"]]
    assert await cuff.holds(1) == [item]
    pressure = {"systolic": 120, "diastolic": 80, "map": 93, "hr": 72}
    assert item["readings"]["blood_pressure"] == pressure
    assert at(item["timestamp"]) == at("2026-05-01T08:30:00Z")


async def test_octets_and_a_message_of_the_same_measurement_hold_equal_values(world: World) -> None:
    patient = await world.newcomer()
    device = await patient.pair()
    octets = gatt.blood_pressure(120, 80, 93, at=at("2026-05-01T08:30:00"), pulse=72)
    value = {
        "device_connection_id": device.id,
        "service": "1810",
        "characteristic": "2A35",
        "value": octets.hex(),
        "received_at": "2026-05-01T08:30:04Z",
    }
    pressure = {"systolic": 120, "diastolic": 80, "map": 93, "hr": 72}

    await device.ingest(value, edge="gatt", wait_s=10, status=201)
    await device.ingest(device.message({"blood_pressure": pressure}, "2026-05-01T08:30:00Z"), wait_s=10)

    items = await device.holds(2)
    assert [item["readings"]["blood_pressure"] for item in items] == [pressure, pressure]
    assert items[0]["timestamp"] == items[1]["timestamp"]


async def test_whoever_prefers_to_wait_gets_the_ids_of_what_is_stored(world: World) -> None:
    patient = await world.newcomer()
    device = await patient.pair()
    first = device.message({"spo2_pct": 97}, "2026-05-01T08:30:00Z", event_id="a")
    bad = device.message({"spo2_pct": 101}, "2026-05-01T08:31:00Z", event_id="b")
    second = device.message({"spo2_pct": 96}, "2026-05-01T08:32:00Z", event_id="c")

    answer = await device.ingest([first, bad, second], wait_s=10, status=201)
    again = await device.ingest(first, wait_s=10, status=201)

    assert (answer["accepted"], answer["duplicates"]) == (2, 0)
    assert [(fault["index"], fault["code"]) for fault in answer["rejected"]] == [(1, "out_of_bounds")]
    by_time = {item["timestamp"]: item["id"] for item in await device.stored()}
    assert answer["ids"] == [by_time["2026-05-01T08:30:00Z"], None, by_time["2026-05-01T08:32:00Z"]]
    assert (again["duplicates"], again["ids"]) == (1, [answer["ids"][0]])


async def test_a_caregiver_sees_the_same_reading_on_her_own_socket(world: World) -> None:
    patient, caregiver = await asyncio.gather(world.sign_in("patient-1"), world.sign_in("caregiver-1"))
    device = await patient.pair()

    async with world.live(patient) as own, world.live(caregiver) as hers:
        await asyncio.gather(
            own.subscribe(device_connection_id=device.id), hers.subscribe(device_connection_id=device.id)
        )
        await device.ingest(device.message({"heart_rate_bpm": 61}, "2026-05-01T08:30:00Z"))
        seen = [(await one.reading(device.id, within_s=2))["reading"] for one in (own, hers)]

    assert seen[0] == seen[1]
    assert (await caregiver.get(device.data))["items"] == [seen[0]]


async def _by_hub(patient: Person, hub: Json) -> Device:
    """A cuff that is paired by a hub which nobody has asked to look for it."""
    model = await patient.model()
    _, started = await patient.begin(model, "hub", hub_id=hub["hub_id"])
    return await patient.complete(started, "C0:26:DF:00:00:01", model["capabilities"])
