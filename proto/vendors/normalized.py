"""What a mapping answers: readings in the house's form, what was deleted, what nobody knows, and what went wrong."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec

from proto.words import PHI

FaultClass = Literal[
    "auth",
    "grant_lost",
    "forbidden_scope",
    "rate_limited",
    "invalid_request",
    "retry_later",
    "vendor_error",
    "vendor_retired",
]
"""auth: refresh once, then ask the patient. grant_lost: ask the patient, no retry. forbidden_scope: say which data are
missing. rate_limited: wait. invalid_request: our fault. retry_later: not ready yet. vendor_error: try again, with
growing waits. vendor_retired: stop for everyone."""


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """What must be known beside a payload to read it."""

    endpoint: str = ""
    """Which call answered, by the vendor's own word for it; empty = told by the payload's shape."""
    timezone: str = ""
    """The patient's IANA zone, for local times without an offset; empty = nobody knows."""
    accept_language: str = ""
    """What the request said, where the vendor chooses units by it."""
    now: datetime | None = None
    """When it was received, to know clocks that run ahead; None = they are not judged."""


class Unreadable(ValueError):
    """Why a person's file is not read, or not further: `code` is a row of `proto.errors`."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """One moment or interval of one source record: an ingest message without its connection."""

    timestamp: datetime
    readings: Annotated[dict[str, Any], PHI]
    meta: dict[str, Any]


class Fault(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the vendor's answer says went wrong. `code` is the vendor's own, `retry_after` in seconds."""

    fault_class: FaultClass = msgspec.field(name="class")
    code: str
    retry_after: float | None = None


class Normalized(msgspec.Struct, frozen=True, kw_only=True):
    """The answer of a mapping. `deleted` and `unmapped` name record ids and raw types, each once, in order."""

    readings: list[Reading] = []
    deleted: list[str] = []
    unmapped: list[str] = []
    errors: list[Fault] = []


Mapping = Callable[[Sequence[Any], Context], Normalized]
"""`mapping.normalize` of every vendor. Takes successive answers of one vendor, in order: JSON values (or text, where
the vendor does not speak JSON), decoded. Pure and total: what it does not know it names, and never raises."""
