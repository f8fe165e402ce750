"""Commands at the hub: executed once, never after they expired."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from proto.events import HubCommand
from proto.words import HubCommandName
from simulator.commands import Desk
from simulator.devices import VirtualDevice, measurement, pressed

NOW = datetime(2026, 5, 1, 8, tzinfo=UTC)
CUFF, SCALE, SHY = "C0:26:DF:00:00:01", "C0:26:DF:00:00:02", "C0:26:DF:00:00:03"
CONNECTION = UUID("0197b1c2-0000-7000-8000-000000000001")


@pytest.fixture
def desk() -> Desk:
    return Desk(
        [
            VirtualDevice(address=CUFF, name="Cuff", device_type="blood_pressure_cuff"),
            VirtualDevice(address=SCALE, name="Scale", device_type="scale"),
            VirtualDevice(address=SHY, name="Shy cuff", device_type="blood_pressure_cuff", refuses=True),
        ]
    )


def command(
    name: HubCommandName, address: str | None = None, services: list[str] | None = None
) -> HubCommand:
    return HubCommand(
        id=uuid4(),
        command=name,
        expires_at=NOW + timedelta(minutes=5),
        device_address=address,
        device_connection_id=CONNECTION,
        services=services or [],
    )


def test_a_scan_finds_what_is_near(desk: Desk) -> None:
    answer, executed = desk.answer(command("scan"), NOW)

    assert executed
    assert {device["address"] for device in answer["devices"]} == {CUFF, SCALE, SHY}
    assert all(-100 < device["rssi"] < -30 for device in answer["devices"])


@pytest.mark.parametrize("service", ["1810", "0x1810", "00001810-0000-1000-8000-00805F9B34FB"])
def test_a_scan_for_a_service_finds_only_that(desk: Desk, service: str) -> None:
    answer, _ = desk.answer(command("scan", services=[service]), NOW)

    assert {device["address"] for device in answer["devices"]} == {CUFF, SHY}


def test_pairing_remembers_for_whom(desk: Desk) -> None:
    answer, _ = desk.answer(command("pair", CUFF.lower()), NOW)

    assert answer == {"ok": True}
    assert desk.paired == {CUFF: str(CONNECTION)}
    device = desk.device_of(str(CONNECTION), "blood_pressure_cuff")
    assert device is not None
    assert device.address == CUFF
    assert desk.device_of(str(uuid4()), "blood_pressure_cuff") is None


def test_a_device_paired_without_a_name_is_known_by_its_type(desk: Desk) -> None:
    desk.paired = {SCALE: None}

    device = desk.device_of(str(CONNECTION), "scale")

    assert device is not None
    assert device.address == SCALE
    assert desk.device_of(str(CONNECTION), "thermometer") is None


def test_pairing_fails_for_reasons_that_have_names(desk: Desk) -> None:
    assert desk.answer(command("pair", "C0:00:00:00:00:09"), NOW)[0]["error"] == "device_not_found"
    assert desk.answer(command("pair", SHY), NOW)[0]["error"] == "bonding_failed"
    assert desk.answer(command("reconnect", CUFF), NOW)[0]["error"] == "not_paired"
    assert desk.paired == {}


def test_a_command_is_executed_once_and_answered_as_often_as_asked(desk: Desk) -> None:
    pair, forget = command("pair", CUFF), command("forget", CUFF)
    desk.answer(pair, NOW)
    desk.answer(forget, NOW)

    answer, executed = desk.answer(pair, NOW)

    assert (answer, executed) == ({"ok": True}, False)
    assert desk.paired == {}


def test_an_expired_command_is_not_executed(desk: Desk) -> None:
    late = command("pair", CUFF)

    answer, executed = desk.answer(late, NOW + timedelta(minutes=5))

    assert (answer, executed) == ({"ok": False, "error": "expired"}, False)
    assert desk.paired == {}


def test_setting_the_time_needs_no_device(desk: Desk) -> None:
    assert desk.answer(command("sync_time"), NOW)[0] == {"ok": True}


def test_a_device_without_a_bluetooth_profile_gives_a_normalized_reading() -> None:
    device = VirtualDevice(address=SHY, name="Spirometer", device_type="spirometer")

    sample = pressed(device, NOW, "UTC")
    (one,) = measurement(device, sample, received_at=NOW, zone="UTC", connection_id=str(CONNECTION))

    assert one.branch == "readings"
    assert one.message["device_connection_id"] == str(CONNECTION)
    assert "fev1_l" in one.message["readings"]
    assert measurement(device, sample, received_at=NOW, zone="UTC", connection_id=None) == []


def test_a_scale_says_weight_composition_and_battery_of_one_moment() -> None:
    device = VirtualDevice(address=SCALE, name="Scale", device_type="scale")

    sample = pressed(device, NOW, "Europe/Berlin")
    values = measurement(device, sample, received_at=NOW, zone="Europe/Berlin", connection_id=None)

    assert [one.message["characteristic"] for one in values] == ["2a9d", "2a9c", "2a19"]
    assert {one.message["device_address"] for one in values} == {SCALE}
    assert (
        values[0].message["value"][6:20] == values[1].message["value"][8:22] == "ea0705010a0000"
    )  # 10:00 in Berlin
