"""What rests in INGEST: a group of accepted readings, each with its original bytes and who brought it.

PHI: the payload rests in the stream until it is stored, then the janitor purges it.
"""

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from proto.base import Message

Source = Literal["http", "mqtt", "sync", "upload"]


class RawReading(Message, frozen=True, kw_only=True, tag="reading", tag_field="type"):
    """A validated `ReadingMessage` in its original bytes."""

    connection_id: UUID
    received_at: datetime
    source: Source
    actor_id: str
    """Who brought it: a user id, `hub:<id>`, `connection:<id>` or `vendor:<name>`."""
    message: msgspec.Raw
    key: UUID | None = None
    content: UUID | None = None
    is_given: bool = False
    """Identity and content hash as the edge found them (`proto.identity`); without them they are found again."""
    hub_id: str | None = None
    ref: str | None = None
    """`<instance>.<number>` of a request that waits for the outcome (`Prefer: wait`)."""
    job_id: UUID | None = None
    """The sync job, upload or export that this belongs to: old readings of it are shown as progress only."""


class RawGatt(Message, frozen=True, kw_only=True, tag="gatt", tag_field="type"):
    """A `GattMessage` in its original bytes; `connection_id` is resolved already."""

    connection_id: UUID
    received_at: datetime
    """When we received it; the GATT callback's own time is in the message."""
    source: Source
    actor_id: str
    message: msgspec.Raw
    hub_id: str | None = None
    ref: str | None = None
    job_id: UUID | None = None


class RawDeletion(Message, frozen=True, kw_only=True, tag="deletion", tag_field="type"):
    """The source of a record says that it is gone: it leaves lists and rollups, and is kept as an earlier version."""

    connection_id: UUID
    received_at: datetime
    source: Source
    actor_id: str
    record_id: str
    """`meta.vendor_record_id` of what was deleted; its parts (`<id>#…`) go with it. Unknown = nothing happens."""
    job_id: UUID | None = None


class RawEmptied(Message, frozen=True, kw_only=True, tag="emptied", tag_field="type"):
    """All that the source has of a metric in `[since, until)` is `kept`: what else we hold of it there is taken back like
    a deleted record. For vendors that say when something was deleted, and not what."""

    connection_id: UUID
    received_at: datetime
    """When the source was asked; what was read later than this stays."""
    source: Source
    actor_id: str
    vendor: str
    metric: str
    since: datetime
    until: datetime
    kept: list[str]
    """`meta.vendor_record_id`."""


RawRemoval = RawDeletion | RawEmptied
RawItem = RawReading | RawGatt
RawEntry = RawItem | RawRemoval
RawBatch = list[RawEntry]

GROUP_MAX_ITEMS = 256
GROUP_MAX_BYTES = 512 * 1024
"""A group closes at whichever comes first; a larger batch is split and its 202 waits for every PubAck."""
