"""The sign-ins that exist in development, as the demo identity provider would describe them. Data and one pure question."""

import re
from typing import Final
from uuid import NAMESPACE_URL, uuid5

from gateway.oidc import Person
from proto.words import Role

_NAMED: Final[dict[str, tuple[str, Role, str]]] = {
    "patient-1": ("Patient One", "patient", "Europe/Berlin"),
    "patient-2": ("Patient Two", "patient", "America/New_York"),
    "caregiver-1": ("Caregiver One", "caregiver", "UTC"),
    "clinician-1": ("Clinician One", "clinician", "UTC"),
    "admin-1": ("Admin One", "admin", "UTC"),
}
"""Sign-in name → name shown, role, time zone."""
_SIMULATED: Final = re.compile(r"sim-(\d{6})")


def demo_person(name: str, issuer: str) -> Person | None:
    """The person of a demo sign-in name (`patient-1`, `sim-000001`), or None for any other."""
    if name in _NAMED:
        display_name, role, timezone = _NAMED[name]
    elif match := _SIMULATED.fullmatch(name):
        display_name, role, timezone = f"Simulated Patient {match[1]}", "patient", "UTC"
    else:
        return None
    return Person(
        issuer=issuer,
        subject=str(uuid5(NAMESPACE_URL, f"device-connect:user:{name}")),
        sign_in_name=name,
        display_name=display_name,
        roles=[role],
        timezone=timezone,
    )
