"""The sign-ins that exist in development: their names say their role. Data and one pure question."""

import re
from typing import Final

from gateway.oidc import Person
from proto.words import Role

TIMEZONES: Final = {"patient-1": "Europe/Berlin", "patient-2": "America/New_York"}
NAMES: Final = frozenset({"patient-1", "patient-2", "caregiver-1", "clinician-1", "admin-1"})
ROLE_OF: Final[dict[str, Role]] = {
    "patient": "patient",
    "sim": "patient",
    "caregiver": "caregiver",
    "clinician": "clinician",
    "admin": "admin",
}
_SIMULATED: Final = re.compile(r"sim-\d{6}")


def demo_person(name: str, issuer: str) -> Person | None:
    """The person of a demo sign-in name (`patient-1`, `sim-000001`), or None for any other."""
    if name not in NAMES and not _SIMULATED.fullmatch(name):
        return None
    kind, _, number = name.partition("-")
    return Person(
        issuer=issuer,
        subject=name,
        sign_in_name=name,
        display_name=f"{kind.capitalize()} {int(number)}",
        roles=[ROLE_OF[kind]],
        timezone=TIMEZONES.get(name, "UTC"),
    )
