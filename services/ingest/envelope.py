"""Wraps an accepted message in its original bytes with who brought it: the form in which it rests in INGEST."""

from datetime import datetime
from typing import Final, Literal
from uuid import UUID

import msgspec

from proto.identity import RecordKey
from proto.raw import RawGatt, RawReading, Source

_encode: Final = msgspec.json.Encoder().encode


class _Reading(
    RawReading, frozen=True, kw_only=True, omit_defaults=True, gc=False, tag="reading", tag_field="type"
):
    """As it is written: what is not said is left out."""


class _Gatt(RawGatt, frozen=True, kw_only=True, omit_defaults=True, gc=False, tag="gatt", tag_field="type"):
    """As it is written."""


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
    """`proto.raw.RawReading` or `RawGatt` as JSON. The original bytes are copied: re-encoding doubled the cost."""
    message = msgspec.Raw(raw)
    if kind == "gatt":
        return _encode(
            _Gatt(
                connection_id=connection_id,
                received_at=received_at,
                source=source,
                actor_id=actor_id,
                message=message,
                hub_id=hub_id,
                ref=ref,
                job_id=job_id,
            )
        )
    return _encode(
        _Reading(
            connection_id=connection_id,
            received_at=received_at,
            source=source,
            actor_id=actor_id,
            message=message,
            key=key.key if key is not None else None,
            content=content,
            is_given=key.given if key is not None else False,
            hub_id=hub_id,
            ref=ref,
            job_id=job_id,
        )
    )
