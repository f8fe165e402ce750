"""Requests and answers about who may see what, and who saw what. They continue proto/resources.py."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from msgspec import UNSET, Meta, UnsetType

from proto.base import Message
from proto.resources import Request
from proto.words import PHI, AuditAction, AuditOutcome, Kind, Role


class PermissionGrant(Request, frozen=True, kw_only=True, omit_defaults=True):
    grantee: Annotated[str, Meta(min_length=1, max_length=64)]
    """A user id or a sign-in name."""
    data_kinds: Annotated[list[Kind], Meta(min_length=1, max_length=32)]
    until: Annotated[datetime, Meta(tz=True)] | UnsetType = UNSET


class PermissionPatch(Request, frozen=True, kw_only=True, omit_defaults=True):
    data_kinds: Annotated[list[Kind], Meta(min_length=1, max_length=32)] | UnsetType = UNSET
    until: Annotated[datetime, Meta(tz=True)] | UnsetType | None = UNSET
    """Null takes the end away."""


class GranteeName(Request, frozen=True, kw_only=True):
    grantee: Annotated[str, Meta(min_length=1, max_length=64)]
    """A user id or a sign-in name."""


class Grantee(Message, frozen=True, kw_only=True):
    id: UUID
    display_name: Annotated[str, PHI]
    role: Role


class Permission(Message, frozen=True, kw_only=True):
    id: UUID
    patient_id: UUID
    grantee: UUID
    display_name: Annotated[str, PHI]
    role: Role
    """Of whom `display_name` names."""
    timezone: str | None
    """The patient's, for who received it; null for the patient, who has it."""
    data_kinds: list[Kind]
    until: datetime | None
    created_at: datetime


class AuditActor(Message, frozen=True, kw_only=True):
    id: str
    name: Annotated[str, PHI]
    role: str


class AuditEvent(Message, frozen=True, kw_only=True):
    id: UUID
    at: datetime
    actor: AuditActor
    action: AuditAction
    object_type: str
    object_id: str
    patient_id: UUID | None
    purpose: str
    outcome: AuditOutcome
    device_connection_id: UUID | None
    """The device that it is about, when it is about one."""
    data_kinds: list[Kind]
    """What was looked at, shared or agreed to, as far as the row says so."""
    other: Annotated[str | None, PHI]
    """The name of whom a grant is for."""
    reason: Annotated[str | None, PHI]
    """Why, in the words of who looked without being allowed to (`break_glass`)."""


class AuditPerson(Message, frozen=True, kw_only=True):
    id: str
    name: Annotated[str, PHI]
    role: str
    last_at: datetime


class AuditSummary(Message, frozen=True, kw_only=True):
    people: list[AuditPerson]
    routine: int
