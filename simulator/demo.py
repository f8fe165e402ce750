"""The demo as tables: whose home has which hub, what lies around there, and which devices already have a history."""

from typing import Final
from uuid import UUID

import msgspec

from proto.words import DeviceType
from simulator.devices import VirtualDevice
from simulator.identity.people import Person, person, user_id


class DemoHub(msgspec.Struct, frozen=True, kw_only=True):
    key: str
    owner: str
    name: str
    devices: tuple[VirtualDevice, ...]


class History(msgspec.Struct, frozen=True, kw_only=True):
    """A device that is connected already. `device_id` stays the same, so that a lost state file revives it."""

    key: str
    owner: str
    device_type: DeviceType
    name: str
    device_id: str
    days: int


def seed_of(patient_id: UUID) -> int:
    """One person is one body, whichever device measures it."""
    return patient_id.int % 2**63


def owner_of(name: str) -> Person:
    found = person(name)
    if found is None:
        raise LookupError(f"{name} is not a demo sign-in")
    return found


def _near(owner: str, first: int, *kinds: tuple[str, DeviceType]) -> tuple[VirtualDevice, ...]:
    seed = seed_of(user_id(owner))
    return tuple(
        VirtualDevice(address=f"C0:26:DF:00:00:{first + i:02X}", name=name, device_type=kind, seed=seed)
        for i, (name, kind) in enumerate(kinds)
    )


HUBS: Final = (
    DemoHub(
        key="patient-1/home",
        owner="patient-1",
        name="Home hub",
        devices=_near(
            "patient-1",
            0x01,
            ("BP Monitor 2F", "blood_pressure_cuff"),
            ("Body Scale 81", "scale"),
            ("Oximeter 0C", "pulse_oximeter"),
            ("Thermometer 5A", "thermometer"),
            ("Glucose Meter 37", "glucose_meter"),
        ),
    ),
    DemoHub(
        key="patient-2/home",
        owner="patient-2",
        name="Home hub",
        devices=_near(
            "patient-2", 0x11, ("BP Monitor 9B", "blood_pressure_cuff"), ("Thermometer 6E", "thermometer")
        ),
    ),
)
HISTORIES: Final = (
    History(key="patient-1/cuff", owner="patient-1", device_type="blood_pressure_cuff", name="Kitchen cuff",
            device_id="demo-cuff-1", days=30),
    History(key="patient-1/scale", owner="patient-1", device_type="scale", name="Bathroom scale",
            device_id="demo-scale-1", days=30),
    History(key="patient-1/cgm", owner="patient-1", device_type="cgm", name="Glucose sensor",
            device_id="demo-cgm-1", days=30),
    History(key="patient-2/cuff", owner="patient-2", device_type="blood_pressure_cuff", name="Bedside cuff",
            device_id="demo-cuff-2", days=14),
    History(key="patient-2/oximeter", owner="patient-2", device_type="pulse_oximeter", name="Finger oximeter",
            device_id="demo-oximeter-2", days=14),
)  # fmt: skip
