"""Who can sign in. Data and one lookup; ids follow from names, so every part of the system knows them beforehand."""

import re
from typing import Final
from uuid import NAMESPACE_URL, UUID, uuid5

import msgspec

from proto.words import Role


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """A sign-in. `about` is what the choice page says; no person is meant."""

    name: str
    display_name: str
    roles: tuple[Role, ...]
    about: str
    zone: str = "UTC"
    locale: str = "en"

    @property
    def user_id(self) -> UUID:
        return user_id(self.name)


PEOPLE: Final = (
    Person(name="patient-1", display_name="Patient One", roles=("patient",), zone="Europe/Berlin",
           about="Measures at home in Berlin"),
    Person(name="patient-2", display_name="Patient Two", roles=("patient",), zone="America/New_York",
           about="Measures at home in New York"),
    Person(name="caregiver-1", display_name="Caregiver One", roles=("caregiver",), about="Looks after Patient One"),
    Person(name="clinician-1", display_name="Clinician One", roles=("clinician",), about="Follows both patients"),
    Person(name="admin-1", display_name="Admin One", roles=("admin",), about="Keeps the system in order"),
)  # fmt: skip
_NAMED: Final = {person.name: person for person in PEOPLE}
_SIMULATED: Final = re.compile(r"sim-(\d{6})")


def user_id(name: str) -> UUID:
    return uuid5(NAMESPACE_URL, f"device-connect:user:{name}")


def person(name: str) -> Person | None:
    """The person behind a sign-in name; `sim-000001` and its like are patients made by a load run."""
    if name in _NAMED:
        return _NAMED[name]
    match = _SIMULATED.fullmatch(name)
    if match is None:
        return None
    return Person(
        name=name,
        display_name=f"Simulated Patient {match[1]}",
        roles=("patient",),
        about="Made by a simulation",
    )
