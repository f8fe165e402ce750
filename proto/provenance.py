"""How one measurement came here more than once: what an answer says about its copies, and how a reading finds its person."""

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from proto.base import Message
from proto.words import Kind


class Likeness(msgspec.Struct, frozen=True, kw_only=True):
    """Why two readings are one measurement of a kind: how far apart they were told, and by how much numbers differ."""

    kind: Kind
    seconds: float
    off: dict[str, float]


class Provenance(Message, frozen=True, kw_only=True):
    """Another way by which the same measurement came. The copy itself is kept: `device-data/{id}` shows it."""

    id: UUID
    device_connection_id: UUID
    timestamp: datetime
    vendor: str | UnsetType = UNSET
    why: list[Likeness]


class Assign(Message, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`me`: the reading counts from now on. `not_me`: it leaves the lists for good and is kept as history."""

    assign: Literal["me", "not_me"]


class Assigned(Message, frozen=True, kw_only=True):
    id: UUID
    assign: Literal["me", "not_me"]
