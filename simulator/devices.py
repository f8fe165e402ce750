"""Virtual devices near a hub: what they advertise, and how one measurement becomes messages of the hub. Pure."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from proto.events import FoundDevice
from proto.words import DeviceType
from simulator.physiology import DEVICES, Sample, Scenario, body_of, signal_strength, spots
from simulator.physiology.samples import rfc3339
from simulator.profiles import Value, battery_of, inflation, speaks_gatt, values_of


class VirtualDevice(msgspec.Struct, frozen=True, kw_only=True):
    """A device in radio range. `refuses`: its pairing fails, as with a device held by another phone."""

    address: str
    name: str
    device_type: DeviceType
    seed: int = 1
    refuses: bool = False

    @property
    def services(self) -> tuple[str, ...]:
        return DEVICES[self.device_type].services

    def advertisement(self, now: datetime) -> FoundDevice:
        rssi = signal_strength(body_of(self.seed), now)
        return FoundDevice(address=self.address, name=self.name, services=list(self.services), rssi=rssi)


class Outgoing(msgspec.Struct, frozen=True, kw_only=True):
    """One message for a branch below `up/`, still without its event id. `keep` = until its receipt."""

    branch: str
    message: dict[str, Any]
    keep: bool = True


def measurement(
    device: VirtualDevice,
    sample: Sample,
    *,
    received_at: datetime,
    zone: str,
    connection_id: str | None,
    live: bool = False,
) -> list[Outgoing]:
    """What the hub has to say after the device measured, in order.

    Devices with a Bluetooth profile give raw values (`live`: with the cuff's pressure before the result), others a
    normalized reading, which needs the connection's id.
    """
    if speaks_gatt(device.device_type):
        values = values_of(device.device_type, sample, ZoneInfo(zone))
        before = inflation(sample) if live else []
        return [_gatt(device, value, sample, received_at, connection_id) for value in (*before, *values)]
    if connection_id is None:
        return []
    reading = {
        "device_connection_id": connection_id,
        "timestamp": rfc3339(sample.timestamp),
        "readings": sample.readings,
        "meta": sample.meta,
    }
    return [Outgoing(branch="readings", message=reading)]


def pressed(device: VirtualDevice, at: datetime, zone: str, scenario: Scenario = "normal") -> Sample:
    """What the device measures when its button is pressed."""
    return next(spots(device.device_type, seed=device.seed, until=at, zone=zone, scenario=scenario))


def battery_message(
    device: VirtualDevice, *, at: datetime, zone: str, connection_id: str | None
) -> list[Outgoing]:
    """The battery alone, as it is read on connecting; a device without a Bluetooth profile tells it with readings."""
    if not speaks_gatt(device.device_type):
        return []
    sample = pressed(device, at, zone)
    return [_gatt(device, battery_of(sample.meta["battery_pct"]), sample, at, connection_id)]


def _gatt(
    device: VirtualDevice, value: Value, sample: Sample, received_at: datetime, connection_id: str | None
) -> Outgoing:
    whose = {"device_connection_id": connection_id} if connection_id else {"device_address": device.address}
    message = {
        **whose,
        "service": value.service,
        "characteristic": value.characteristic,
        "value": value.value.hex(),
        "received_at": rfc3339(received_at),
        "rssi": sample.meta["rssi"],
    }
    return Outgoing(branch="gatt", message=message, keep=value.keep)
