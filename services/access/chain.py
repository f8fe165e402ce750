"""The audit log's chains of hashes: what makes one, and what a walk along one finds broken. Pure."""

from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final, Literal
from uuid import UUID

import msgspec

SHARDS: Final = 16
GENESIS: Final = b"\x00"
NAMED_MAX: Final = 100
"""How many broken places of one shard are named; the first is what matters."""


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """A signed checkpoint: where a chain's head was at a time."""

    shard: int
    seq: int
    hash: bytes
    at: datetime
    signature: bytes


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


def link_hash(link: Link) -> bytes:
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
    return sha256(link.prev_hash + f"{link.shard}|{link.seq}|{text}".encode()).digest()


def mark_text(shard: int, seq: int, hash: bytes, at: datetime) -> bytes:
    """What a checkpoint signs."""
    return f"{shard}|{seq}|{hash.hex()}|{at.astimezone(UTC).isoformat()}".encode()


Fault = Literal["changed", "gap", "cut", "head", "checkpoint"]
"""A row that is not what was written, rows that are missing inside or at the end, a head that belongs to another
chain, a checkpoint that saw another chain or is not signed by us."""


class Break(msgspec.Struct, frozen=True, kw_only=True):
    """A broken place: of missing rows the first, otherwise the row itself."""

    shard: int
    seq: int
    fault: Fault


class Walk:
    """Follows one shard's chain from its beginning. `is_signed` judges checkpoints; None: their signatures are not looked at."""

    def __init__(self, shard: int, is_signed: Callable[[Mark], bool] | None = None) -> None:
        self.rows = 0
        self.marks = 0
        self.breaks: list[Break] = []
        self._shard = shard
        self._seq = 0
        self._hash = GENESIS
        self._is_signed = is_signed

    def step(self, link: Link, mark: Mark | None = None) -> None:
        """The next row by sequence, and the checkpoint that was made when it was the last one."""
        follows = link.seq == self._seq + 1
        if not follows:
            self._broken(self._seq + 1, "gap")
        if link_hash(link) != link.hash or (follows and link.prev_hash != self._hash):
            self._broken(link.seq, "changed")
        if mark is not None:
            self.marks += 1
            if mark.hash != link.hash or not (self._is_signed is None or self._is_signed(mark)):
                self._broken(link.seq, "checkpoint")
        self.rows += 1
        self._seq, self._hash = link.seq, link.hash  # what comes later may be broken again, or not

    def finish(self, head_seq: int, head_hash: bytes, last_mark: Mark | None) -> None:
        """Against the head that the database keeps, and the last checkpoint, which may know of rows that are gone."""
        marked = last_mark.seq if last_mark else 0
        if self._seq < max(head_seq, marked):
            self._broken(self._seq + 1, "cut")
        elif (head_seq, head_hash) != (self._seq, self._hash):
            self._broken(self._seq, "head")
        if last_mark and marked > self._seq and self._is_signed and not self._is_signed(last_mark):
            self._broken(marked, "checkpoint")

    def _broken(self, seq: int, fault: Fault) -> None:
        if len(self.breaks) < NAMED_MAX:
            self.breaks.append(Break(shard=self._shard, seq=seq, fault=fault))
