"""Profiles, grants and the audit chain as values. Pure."""

from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Final, Literal
from uuid import NAMESPACE_URL, UUID, uuid5
from zoneinfo import available_timezones

import msgspec

from proto.errors import Refused
from proto.words import KINDS, Role

SHARDS: Final = 16
GENESIS: Final = b"\x00"
DEFAULT_UNITS: Final = {"glucose": "mg/dL", "weight": "kg", "temperature": "C"}


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
DEMO_SUBJECTS: Final = "demo"


def demo_id(name: str) -> UUID:
    """The user id of a development sign-in name; the demo provider's subject is the same."""
    return uuid5(NAMESPACE_URL, f"device-connect:user:{name}")


def demo_grant_id(patient: str, grantee: str) -> UUID:
    return uuid5(NAMESPACE_URL, f"device-connect:grant:{patient}:{grantee}")


def check_timezone(name: str) -> str:
    if name not in available_timezones():
        raise Refused("wrong_type", field="timezone")
    return name


def check_until(until: datetime | None, now: datetime) -> None:
    if until is not None and until <= now:
        raise Refused("out_of_bounds", field="until")


def ordered_kinds(kinds: Sequence[str]) -> list[str]:
    """Without doubles, in the order of the vocabulary."""
    wanted = set(kinds)
    return [kind for kind in KINDS if kind in wanted]


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """One audit row as the chain sees it. `details` is the database's own text of the JSON."""

    shard: int
    seq: int
    prev_hash: bytes
    hash: bytes
    id: UUID
    actor_id: str
    actor_role: str
    action: str
    object_type: str
    object_id: str
    patient_id: UUID | None
    purpose: str
    outcome: str
    details: str
    ts: datetime


def link_hash(link: Link, previous: bytes) -> bytes:
    """SHA-256 of previous hash, shard, sequence and every column, length-prefixed: what `audit_append` computes."""
    parts = (
        str(link.id),
        link.actor_id,
        link.actor_role,
        link.action,
        link.object_type,
        link.object_id,
        str(link.patient_id) if link.patient_id else "",
        link.purpose,
        link.outcome,
        link.details,
        link.ts.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
    )
    text = "|".join(f"{len(part)}:{part}" for part in parts)
    return sha256(previous + f"{link.shard}|{link.seq}|{text}".encode()).digest()


Fault = Literal["changed", "gap", "cut", "head"]


class Break(msgspec.Struct, frozen=True, kw_only=True):
    """The first broken place of a shard: a changed row, a missing one, or a tail that was cut off."""

    shard: int
    seq: int
    fault: Fault


class Walk:
    """Follows one shard's chain."""

    def __init__(self, shard: int) -> None:
        self.shard = shard
        self.seq = 0
        self.hash = GENESIS
        self.broken: Break | None = None

    def step(self, link: Link) -> None:
        if self.broken is not None:
            return
        if link.seq != self.seq + 1:
            self.broken = Break(shard=self.shard, seq=self.seq + 1, fault="gap")
            return
        if link.prev_hash != self.hash or link_hash(link, self.hash) != link.hash:
            self.broken = Break(shard=self.shard, seq=link.seq, fault="changed")
            return
        self.seq, self.hash = link.seq, link.hash

    def finish(self, head_seq: int, head_hash: bytes, checkpoint_seq: int) -> None:
        """Against the head that the database keeps, and the last signed checkpoint."""
        if self.broken is not None:
            return
        if self.seq < max(head_seq, checkpoint_seq):
            self.broken = Break(shard=self.shard, seq=self.seq + 1, fault="cut")
        elif head_hash != self.hash or head_seq != self.seq:
            self.broken = Break(shard=self.shard, seq=head_seq, fault="head")


def checkpoint_text(shard: int, seq: int, hash: bytes, at: datetime) -> bytes:
    """What a checkpoint signs."""
    return f"{shard}|{seq}|{hash.hex()}|{at.astimezone(UTC).isoformat()}".encode()


def actor_name(actor_id: str, names: dict[str, str]) -> str:
    """A name for people: the profile's, or what kind of thing acted."""
    prefix, _, rest = actor_id.partition(":")
    if not rest:
        return names.get(actor_id, "Unknown account")
    return {"hub": "Home hub", "connection": "Paired device", "vendor": rest.title()}.get(
        prefix, prefix.title()
    )


def merged_units(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    return {**DEFAULT_UNITS, **old, **new}
