"""The rules of ingest where a hub meets them: what it publishes is stored or refused by receipt, and never in anybody's way."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from simulator import gatt
from tests.e2e.driver import Device, HubWire, Json, Person, World, ago, at, eventually, rfc3339

WHEN = "2026-05-01T08:30:00Z"
SPO2 = {"spo2_pct": 97}
ELSEWHERE = "01890000-0000-7000-8000-000000000000"


class Home:
    """A patient with a hub and one device behind it that measures everything."""

    def __init__(self, patient: Person, hub: Json, device: Device) -> None:
        self.patient = patient
        self.hub = hub
        self.device = device


async def _home(world: World, kinds: list[str] | None = None) -> Home:
    patient = await world.newcomer()
    hub = await patient.add_hub()
    return Home(patient, hub, await _behind(patient, hub, kinds))


async def _behind(patient: Person, hub: Json, kinds: list[str] | None = None) -> Device:
    model = await patient.model()
    connection, started = await patient.begin(model, "hub", hub_id=hub["hub_id"])
    return await patient.complete(started, connection["id"], kinds or model["capabilities"])


async def _still_works(wire: HubWire, device: Device, name: str = "afterwards") -> None:
    await wire.publish("readings", device.message({"spo2_pct": 91}, WHEN, event_id=name))
    assert (await wire.receipt(name))["status"] == "stored"


def _gatt(device: Device, **more: Any) -> Json:
    value = gatt.blood_pressure(120, 80, 93, at=at("2026-05-01T08:30:00"), pulse=72)
    said = {
        "device_connection_id": device.id,
        "service": "1810",
        "characteristic": "2a35",
        "value": value.hex(),
        "received_at": "2026-05-01T08:30:04Z",
        "event_id": "bad",
    }
    return {name: value for name, value in {**said, **more}.items() if value is not None}


Spoil = Callable[[Device], Json]
READINGS: dict[str, tuple[str, Spoil]] = {
    "out of bounds": ("out_of_bounds", lambda d: d.message({"spo2_pct": 101}, WHEN, event_id="bad")),
    "diastolic above systolic": (
        "out_of_bounds",
        lambda d: d.message({"blood_pressure": {"systolic": 80, "diastolic": 120}}, WHEN, event_id="bad"),
    ),
    "an unknown metric": ("unknown_metric", lambda d: d.message({"mood": 7}, WHEN, event_id="bad")),
    "an unknown key": ("unknown_field", lambda d: d.message(SPO2, WHEN, event_id="bad", mood=7)),
    "a text for a number": ("wrong_type", lambda d: d.message({"spo2_pct": "97"}, WHEN, event_id="bad")),
    "nothing measured": ("empty_readings", lambda d: d.message({}, WHEN, event_id="bad")),
    "no time": ("missing_field", lambda d: _without(d.message(SPO2, WHEN, event_id="bad"), "timestamp")),
    "a time without offset": (
        "timestamp_no_offset",
        lambda d: d.message(SPO2, "2026-05-01T08:30:00", event_id="bad"),
    ),
    "a time ahead": (
        "timestamp_ahead",
        lambda d: d.message(SPO2, rfc3339(datetime.now(UTC) + timedelta(minutes=6)), event_id="bad"),
    ),
    "a time before 2010": (
        "timestamp_too_old",
        lambda d: d.message(SPO2, "2009-12-31T23:59:59Z", event_id="bad"),
    ),
    "an object that is not ours": (
        "unknown_object",
        lambda d: d.message({"stethoscope_audio_url": "s3://elsewhere/heart.wav"}, WHEN, event_id="bad"),
    ),
}
VALUES: dict[str, tuple[str, Spoil]] = {
    "octets that end too early": ("gatt_truncated", lambda d: _gatt(d, value="1e78")),
    "no hex": ("invalid_hex", lambda d: _gatt(d, value="xyz")),
    "an unknown characteristic": ("unknown_characteristic", lambda d: _gatt(d, characteristic="ffff")),
    "no time of receipt": ("missing_field", lambda d: _gatt(d, received_at=None)),
    "received in the future": (
        "timestamp_ahead",
        lambda d: _gatt(d, received_at=rfc3339(datetime.now(UTC) + timedelta(minutes=6))),
    ),
}


@pytest.mark.parametrize("what", READINGS)
async def test_a_bad_reading_gets_its_code_in_a_receipt_and_in_the_events_of_its_device(
    world: World, what: str
) -> None:
    code, spoil = READINGS[what]
    await _refused_by_receipt(world, "readings", code, spoil)


@pytest.mark.parametrize("what", VALUES)
async def test_a_bad_value_gets_its_code_in_a_receipt_and_in_the_events_of_its_device(
    world: World, what: str
) -> None:
    code, spoil = VALUES[what]
    await _refused_by_receipt(world, "gatt", code, spoil)


async def _refused_by_receipt(world: World, channel: str, code: str, spoil: Spoil) -> None:
    home = await _home(world)

    async with world.wire(home.hub) as wire:
        await wire.publish(channel, spoil(home.device))
        receipt = await wire.receipt("bad")
        await _still_works(wire, home.device)

    assert (receipt["status"], receipt["code"]) == ("rejected", code)
    assert [item["readings"] for item in await home.device.stored()] == [{"spo2_pct": 91}]
    assert (await home.device.event(code))["text"]


@pytest.mark.parametrize(
    "payload",
    [b"{", b"\xff\xfe", b"[1,", b'{"spo2_pct": NaN}', b"", b"[]", b"7", b"[" * 20_000, b"null", b'"text"'],
    ids=[
        "cut off",
        "bad UTF-8",
        "a cut list",
        "NaN",
        "nothing",
        "an empty list",
        "a number",
        "nested",
        "null",
        "text",
    ],
)
async def test_a_malformed_payload_stops_neither_its_hub_nor_another(world: World, payload: bytes) -> None:
    home, neighbour = await _home(world), await _home(world)

    async with world.wire(home.hub) as wire, world.wire(neighbour.hub) as other:
        for channel in ("readings", "gatt", "state", "commands/made-up"):
            await wire.publish(channel, payload)
        await _still_works(wire, home.device)
        await _still_works(other, neighbour.device)

    codes = {event["code"] for event in await _some_event(home.device)}
    assert codes & {"invalid_json", "empty_readings", "wrong_type"}, codes
    assert not {"invalid_json", "empty_readings", "wrong_type"} & {
        event["code"] for event in await neighbour.device.events()
    }


async def _some_event(device: Device) -> list[Json]:
    return await eventually(device.events, lambda items: any(each["kind"] == "rejected" for each in items))


async def test_a_foreign_connection_is_not_found_for_a_hub(world: World) -> None:
    home, neighbour = await _home(world), await _home(world)

    async with world.wire(home.hub) as wire:
        await wire.publish("readings", neighbour.device.message(SPO2, WHEN, event_id="foreign"))
        await wire.publish(
            "readings",
            {"device_connection_id": ELSEWHERE, "timestamp": WHEN, "readings": SPO2, "event_id": "unknown"},
        )
        receipts = [await wire.receipt(name) for name in ("foreign", "unknown")]
        await _still_works(wire, home.device)

    assert [(each["status"], each["code"]) for each in receipts] == [("rejected", "not_found")] * 2
    assert await neighbour.device.stored() == []
    await neighbour.patient.denied("data.ingest", by=f"hub:{home.hub['hub_id']}")


async def test_a_device_that_the_hub_calls_by_its_address_is_found(world: World) -> None:
    patient = await world.newcomer()
    hub = await patient.add_hub()
    model = await patient.model()
    _, started = await patient.begin(model, "hub", hub_id=hub["hub_id"])
    device = await patient.complete(started, "C0:26:DF:00:00:0A", model["capabilities"])

    async with world.wire(hub) as wire:
        await wire.publish(
            "gatt",
            _gatt(device, device_connection_id=None, device_address="c0:26:df:00:00:0a", event_id="named"),
        )
        assert (await wire.receipt("named"))["status"] == "stored"

    assert len(await device.stored()) == 1


async def test_a_payload_above_the_limit_is_refused_whole_with_a_receipt_for_every_id(world: World) -> None:
    home = await _home(world)
    note = "x" * 150
    large = [
        home.device.message(
            {"inhaler_medication": note[:100], "inhaler_puffs": 1}, WHEN, event_id=f"large-{n}"
        )
        for n in range(1000)
    ]
    many = [home.device.message(SPO2, WHEN, event_id=f"many-{n}") for n in range(1001)]

    async with world.wire(home.hub) as wire:
        await wire.publish("readings", large)
        await wire.publish("readings", many[:3] + many)  # small ones, but too many
        receipts = [await wire.receipt(name) for name in ("large-0", "large-999", "many-0", "many-1000")]
        assert all(len(each["event_ids"]) <= 500 for each in wire.receipts)
        await _still_works(wire, home.device)

    assert {(each["status"], each["code"]) for each in receipts} == {("rejected", "payload_too_large")}
    assert len(await home.device.stored()) == 1
    await home.device.event("payload_too_large")


async def test_a_thousand_readings_in_one_payload_are_taken(world: World) -> None:
    home = await _home(world)
    start = at("2026-05-01T00:00:00+00:00")
    batch = [
        home.device.message({"spo2_pct": 97}, rfc3339(start + timedelta(minutes=n)), event_id=f"e{n}")
        for n in range(1000)
    ]

    async with world.wire(home.hub) as wire:
        await wire.publish("readings", batch)
        for name in ("e0", "e499", "e500", "e999"):
            assert (await wire.receipt(name, within_s=20))["status"] == "stored"
        told = [event_id for each in wire.receipts for event_id in each["event_ids"]]
        assert sorted(told) == sorted(f"e{n}" for n in range(1000))

    assert len(await home.device.stored()) == 1000


async def test_a_reading_without_event_id_is_stored_once_and_gets_no_receipt(world: World) -> None:
    home = await _home(world)
    nameless = home.device.message(SPO2, WHEN)

    async with world.wire(home.hub) as wire:
        await wire.publish("readings", nameless)
        await wire.publish("readings", nameless)
        await _still_works(wire, home.device)

        assert [each["event_ids"] for each in wire.receipts] == [["afterwards"]]
    assert len(await home.device.stored()) == 2


async def test_what_a_hub_sends_again_is_stored_once_and_gets_its_receipt_again(world: World) -> None:
    home = await _home(world)
    reading = home.device.message(SPO2, WHEN, event_id="again")

    async with world.wire(home.hub) as wire:
        await wire.publish("readings", reading)
        assert (await wire.receipt("again"))["status"] == "stored"
        wire.receipts.clear()
        await wire.publish("readings", [reading, reading])
        assert (await wire.receipt("again"))["status"] == "stored"

    assert len(await home.device.stored()) == 1


async def test_the_same_name_with_other_content_is_a_conflict_and_the_first_is_kept(world: World) -> None:
    home = await _home(world)

    async with world.wire(home.hub) as wire:
        await wire.publish("readings", home.device.message(SPO2, WHEN, event_id="twice"))
        assert (await wire.receipt("twice"))["status"] == "stored"
        wire.receipts.clear()
        await wire.publish("readings", home.device.message({"spo2_pct": 90}, WHEN, event_id="twice"))
        refused = await wire.receipt("twice")
        await _still_works(wire, home.device)

    assert (refused["status"], refused["code"]) == ("rejected", "conflict")
    assert SPO2 in [item["readings"] for item in await home.device.stored()]
    assert len(await home.device.stored()) == 2
    await home.device.event("conflict")


async def test_a_batch_keeps_the_good_and_tells_the_bad(world: World) -> None:
    home = await _home(world)

    async with world.wire(home.hub) as wire:
        await wire.publish(
            "readings",
            [
                home.device.message(SPO2, WHEN, event_id="good"),
                home.device.message({"spo2_pct": 101}, WHEN, event_id="bad"),
                {"event_id": "worse"},
            ],
        )
        said = {name: await wire.receipt(name) for name in ("good", "bad", "worse")}

    assert said["good"]["status"] == "stored"
    assert said["bad"]["code"] == "out_of_bounds"
    assert (said["worse"]["status"], said["worse"]["code"]) == ("rejected", "missing_field")
    assert [item["readings"] for item in await home.device.stored()] == [SPO2]


async def test_after_consent_is_withdrawn_a_hub_is_told_so(world: World) -> None:
    home = await _home(world)
    consent = (await home.patient.get(home.device.path))["consent"]["id"]

    async with world.wire(home.hub) as wire:
        await _still_works(wire, home.device, "before")
        await home.patient.post(f"/api/v1/consents/{consent}/revoke")
        await wire.publish("readings", home.device.message(SPO2, WHEN, event_id="after"))
        await wire.publish("gatt", _gatt(home.device, event_id="after-gatt"))
        refused = [await wire.receipt(name) for name in ("after", "after-gatt")]

    assert [(each["status"], each["code"]) for each in refused] == [("rejected", "consent_revoked")] * 2
    assert len(await home.device.stored()) == 1
    await home.device.event("consent_revoked")
    await home.patient.denied("data.ingest", by=f"hub:{home.hub['hub_id']}")


async def test_a_kind_without_consent_rejects_a_message_and_is_dropped_from_a_value(world: World) -> None:
    home = await _home(world, ["heart_rate"])

    async with world.wire(home.hub) as wire:
        both = home.device.message({"heart_rate_bpm": 61, "spo2_pct": 97}, WHEN, event_id="both")
        await wire.publish("readings", both)
        await wire.publish("gatt", _gatt(home.device, event_id="pressure"))
        refused = [await wire.receipt(name) for name in ("both", "pressure")]

    assert [(each["status"], each["code"]) for each in refused] == [("rejected", "kind_not_consented")] * 2
    assert await home.device.stored() == []


async def test_a_value_that_is_not_for_storage_is_finished_for_the_hub(world: World) -> None:
    home = await _home(world)
    inflating = gatt.cuff_pressure(140)

    async with world.wire(home.hub) as wire, world.live(home.patient) as live:
        await live.subscribe(device_connection_id=home.device.id)
        await wire.publish(
            "gatt",
            [
                _gatt(
                    home.device,
                    characteristic="2a36",
                    value=inflating.hex(),
                    received_at=ago(seconds=1),
                    event_id="cuff",
                ),
                _gatt(
                    home.device,
                    service="180f",
                    characteristic="2a19",
                    value=gatt.battery(41).hex(),
                    received_at=ago(seconds=1),
                    event_id="battery",
                ),
            ],
        )
        preview = await live.until("preview", device_connection_id=home.device.id)
        said = [(await wire.receipt(name))["status"] for name in ("cuff", "battery")]

    assert said == ["stored", "stored"]
    assert preview["characteristic"].lower() == "2a36"
    assert "cursor" not in preview
    assert await home.device.stored() == []


async def test_a_payload_that_the_listener_does_not_take_ends_the_session_and_the_next_one_works(
    world: World,
) -> None:
    home = await _home(world)

    async with world.wire(home.hub) as wire:
        await wire.publish_to_the_end("readings", b"x" * (4 * 1024 * 1024 + 1))
    async with world.wire(home.hub) as wire:
        await _still_works(wire, home.device)


def _without(message: Json, name: str) -> Json:
    return {key: value for key, value in message.items() if key != name}
