"""When are two messages the same reading? The record key and the content hash of contract: one place for edges and store.

Content = timestamp + readings (not meta). Identity = vendor record id, else event id, else a hash of content. A model of
the catalogue is known by maker and slug, so whoever knows those knows its id.
"""

import hashlib
from datetime import UTC, datetime
from typing import Any, Final, Literal, NamedTuple
from uuid import NAMESPACE_URL, UUID, uuid5

import msgspec
from msgspec import UNSET

from proto.readings import ReadingMessage

ACCOUNT: Final = "account"
"""The slug of the model that stands for everything that a vendor's account brings."""
_encode: Final = msgspec.json.Encoder(order="deterministic").encode


class RecordKey(NamedTuple):
    """`key`: 16-byte digest. `given`: the sender named it, so it needs a key row (a content hash does not)."""

    key: UUID
    given: bool


def digest(*parts: bytes) -> UUID:
    """A 128-bit BLAKE2b digest of length-prefixed parts, carried as a UUID because PostgreSQL stores those well."""
    framed = b"".join([b"%d:%b" % (len(part), part) for part in parts])
    return UUID(bytes=hashlib.blake2b(framed, digest_size=16).digest())


def model_id(vendor_id: str, model: str) -> UUID:
    """Of a model of the catalogue: the same everywhere and for ever."""
    return uuid5(NAMESPACE_URL, f"device-connect:model:{vendor_id}/{model}")


def content_hash(timestamp: datetime, readings: Any) -> UUID:
    """Of the instant and the readings in canonical form: a `Readings` struct encodes 120 and 120.0 alike."""
    at = timestamp if timestamp.tzinfo is UTC else timestamp.astimezone(UTC)
    return digest(at.isoformat().encode(), _encode(readings))


Judgement = Literal["duplicate", "amend", "stale", "conflict"]


def judge(old: UUID, old_revision: int | None, new: UUID, new_revision: int | None) -> Judgement:
    """What a message with a known identity is, by content hash and revision.

    Same content: `duplicate`. Other content: a higher revision amends, a lower or equal one is a `stale` duplicate,
    and without any revision it is a `conflict`: the first is kept.
    """
    if old == new:
        return "duplicate"
    if old_revision is None and new_revision is None:
        return "conflict"
    return "amend" if (new_revision or 0) > (old_revision or 0) else "stale"


def record_key(message: ReadingMessage, content: UUID) -> RecordKey:
    """Per connection: the caller stores it beside the connection's id."""
    if message.meta is not UNSET and message.meta.vendor_record_id is not UNSET:
        return RecordKey(digest(b"vendor", message.meta.vendor_record_id.encode()), True)
    if message.event_id is not UNSET:
        return RecordKey(digest(b"event", message.event_id.encode()), True)
    return RecordKey(content, False)
