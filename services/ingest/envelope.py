"""Wraps an accepted message in its original bytes with who brought it: the form in which it rests in INGEST."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from proto.identity import RecordKey
from proto.raw import Source


def envelope(
    kind: Literal["reading", "gatt"],
    raw: bytes,
    *,
    connection_id: UUID,
    received_at: datetime,
    source: Source,
    actor_id: str,
    key: RecordKey | None = None,
    content: UUID | None = None,
    hub_id: str | None = None,
    ref: str | None = None,
    job_id: UUID | None = None,
) -> bytes:
    """`proto.raw.RawReading` or `RawGatt` as JSON, built around the original bytes: re-encoding doubled the cost.

    Every part that is put between quotes is an id of ours (letters, digits, `-`, `:`, `.`), so nothing is escaped.
    """
    head = (
        f'{{"type":"{kind}","connection_id":"{connection_id}","received_at":"{received_at.isoformat()}",'
        f'"source":"{source}","actor_id":"{actor_id}"'
    )
    if key is not None and content is not None:
        head += f',"key":"{key.key}","content":"{content}","is_given":{"true" if key.given else "false"}'
    if hub_id:
        head += f',"hub_id":"{hub_id}"'
    if ref:
        head += f',"ref":"{ref}"'
    if job_id:
        head += f',"job_id":"{job_id}"'
    return head.encode() + b',"message":' + raw + b"}"
