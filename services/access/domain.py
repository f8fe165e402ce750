"""Profiles, grants and the demo sign-ins as values, and the decisions about them. Pure."""

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Annotated, Any, Final, Literal
from uuid import NAMESPACE_URL, UUID, uuid5
from zoneinfo import available_timezones

import msgspec
from msgspec import Meta

from proto.errors import Refused
from proto.resources import Locale
from proto.words import (
    KINDS,
    PLAIN_TEXT,
    AuditAction,
    AuditBy,
    AuditOutcome,
    Kind,
    Role,
)

DEFAULT_UNITS: Final = {"glucose": "mg/dL", "weight": "kg", "temperature": "C"}
NOT_PLACES: Final = frozenset({"localtime", "Factory"})
"""Files of the time zone database that are no time zone of a person."""

Name = Annotated[str, Meta(min_length=1, max_length=254, pattern=PLAIN_TEXT)]


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody for whom an identity provider vouches. Who they are there is `issuer` and `subject`."""

    issuer: Name
    subject: Name
    sign_in_name: Name
    display_name: Name
    roles: Annotated[list[Role], Meta(min_length=1)]
    timezone: str | None = None
    locale: str | None = None


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody whom we know."""

    user_id: UUID
    issuer: str
    subject: str
    sign_in_name: str
    display_name: str
    roles: list[Role]
    patient_id: UUID | None
    timezone: str
    units: dict[str, str]
    locale: str
    version: int


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    """What a patient lets somebody see."""

    id: UUID
    patient_id: UUID
    patient_name: str
    patient_roles: list[Role]
    patient_timezone: str
    grantee_id: UUID
    grantee_name: str
    grantee_roles: list[Role]
    data_kinds: list[Kind]
    until: datetime | None
    created_at: datetime
    revoked_at: datetime | None
    version: int


class AuditFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which rows of a log are asked for; what is None does not narrow it."""

    by: AuditBy | None = None
    actor_id: str | None = None
    actions: list[AuditAction] | None = None
    outcome: AuditOutcome | None = None
    since: datetime | None = None
    until: datetime | None = None


class About(msgspec.Struct, frozen=True, kw_only=True):
    """What the details of an audit row tell the person whose data it is."""

    device_connection_id: UUID | None
    data_kinds: list[Kind]
    other: str | None
    reason: str | None


class Demo(msgspec.Struct, frozen=True):
    """A sign-in of the demo identity provider."""

    name: str
    display_name: str
    role: Role
    timezone: str = "UTC"


DEMO_USERS: Final = (
    Demo("patient-1", "Patient One", "patient", "Europe/Berlin"),
    Demo("patient-2", "Patient Two", "patient", "America/New_York"),
    Demo("caregiver-1", "Caregiver One", "caregiver"),
    Demo("clinician-1", "Clinician One", "clinician"),
    Demo("admin-1", "Admin One", "admin"),
)
DEMO_GRANTS: Final = (
    ("patient-1", "caregiver-1"),
    ("patient-1", "clinician-1"),
    ("patient-2", "clinician-1"),
)
"""Patient, grantee: all kinds, without an end."""


def demo_id(name: str) -> UUID:
    """The user id of a development sign-in name; the demo provider's subject is the same."""
    return uuid5(NAMESPACE_URL, f"device-connect:user:{name}")


def demo_grant_id(patient: str, grantee: str) -> UUID:
    return uuid5(NAMESPACE_URL, f"device-connect:grant:{patient}:{grantee}")


def demo_id_of(person: Person) -> UUID | None:
    """The fixed user id of one whom the demo provider sends: it names that id as the subject, as no other would."""
    id = demo_id(person.sign_in_name)
    return id if person.subject == str(id) else None


def changes(known: Profile, person: Person) -> list[str]:
    """The fields in which the provider has something newer. Zone, units and language are the person's own to set."""
    return [
        field
        for field in ("issuer", "subject", "sign_in_name", "display_name", "roles")
        if getattr(known, field) != getattr(person, field)
    ]


@cache
def _timezones() -> frozenset[str]:
    return frozenset(available_timezones()) - NOT_PLACES  # reads a folder of 600 files: once


def check_timezone(name: str) -> str:
    if name not in _timezones():
        raise Refused("wrong_type", field="timezone")
    return name


def first_timezone(told: str | None) -> str:
    """The zone of a new profile: the provider's when it is one, else UTC."""
    return told if told in _timezones() else "UTC"


def first_locale(told: str | None) -> str:
    """The language of a new profile: the provider's (`en_GB` is `en-GB`) when it is one, else English."""
    try:
        return msgspec.convert((told or "en").replace("_", "-"), Locale)
    except msgspec.ValidationError:
        return "en"


def check_until(until: datetime | None, now: datetime) -> None:
    if until is not None and until <= now:
        raise Refused("out_of_bounds", field="until")


def ordered_kinds(kinds: Sequence[str]) -> list[Kind]:
    """Without doubles, in the order of the vocabulary."""
    wanted = set(kinds)
    return [kind for kind in KINDS if kind in wanted]


def may_revoke(grant: Grant | None, reader: UUID) -> Literal["yes", "done", "forbidden_role", "not_found"]:
    """Only who gave may take back, and may do it twice; who received may not; nobody else learns that it exists."""
    if grant is None:
        return "not_found"
    if grant.patient_id == reader:
        return "done" if grant.revoked_at else "yes"
    if grant.grantee_id == reader and not grant.revoked_at:
        return "forbidden_role"
    return "not_found"


def actor_name(actor_id: str, names: dict[str, str]) -> str:
    """A name for people: the profile's, or what kind of thing acted."""
    prefix, _, rest = actor_id.partition(":")
    if not rest:
        return names.get(actor_id, "Device Connect" if actor_id == "system" else "Unknown account")
    return {"hub": "Home hub", "connection": "Paired device", "vendor": rest.title()}.get(
        prefix, prefix.title()
    )


def told_of(object_type: str, object_id: str, details: dict[str, Any], names: dict[str, str]) -> About:
    """Ids become names where a person will read them; a kind of an older vocabulary is left out."""
    device = object_id if object_type == "device_connection" else details.get("device_connection_id")
    other, reason = details.get("grantee"), details.get("reason")
    return About(
        device_connection_id=as_id(device),
        data_kinds=ordered_kinds(details.get("data_kinds") or ()),
        other=actor_name(other, names) if other else None,
        reason=reason,
    )


def as_id(text: str | None) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        return None


def changed_settings(old: Profile, new: Profile) -> list[str]:
    """What was never chosen is as if the usual had been."""

    def settings(one: Profile) -> dict[str, Any]:
        return {"timezone": one.timezone, "units": merged_units(one.units, {}), "locale": one.locale}

    before = settings(old)
    return [name for name, value in settings(new).items() if value != before[name]]


def merged_units(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    return {**DEFAULT_UNITS, **old, **new}
