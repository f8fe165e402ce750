"""Is the audit log whole? Walks every chain, against its head and its signed checkpoints; and signs new ones."""

from pathlib import Path
from typing import Any

import asyncpg
import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from chassis.clock import now
from chassis.db import Connection
from services.access import store
from services.access.chain import SHARDS, Break, Mark, Walk, mark_text
from services.access.store import AnyConnection


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """`broken` names every broken place, the first of each shard first. Without a key `signatures_checked` is false."""

    ok: bool
    rows: int
    checkpoints: int
    signatures_checked: bool
    broken: list[Break]


def signing_key(path: Path) -> Ed25519PrivateKey:
    key = load_pem_private_key(path.read_bytes(), None)
    if not isinstance(key, Ed25519PrivateKey):
        raise TypeError(f"{path} is not an Ed25519 key")
    return key


async def verify(conn: AnyConnection, public_key: Ed25519PublicKey | None = None) -> Report:
    """Inside a transaction of its own, repeatable read, so that heads and checkpoints belong to the rows."""
    heads = await store.select_heads(conn)
    last_marks = await store.select_last_checkpoints(conn)
    walks = []
    for shard in range(SHARDS):
        walk = Walk(shard, _judge(public_key) if public_key else None)
        async for link, mark in store.stream_links(conn, shard):
            walk.step(link, mark)
        walk.finish(*heads.get(shard, (0, b"")), last_marks.get(shard))
        walks.append(walk)
    broken = [place for walk in walks for place in walk.breaks]
    return Report(
        ok=not broken,
        rows=sum(walk.rows for walk in walks),
        checkpoints=sum(walk.marks for walk in walks),
        signatures_checked=public_key is not None,
        broken=broken,
    )


def _judge(key: Ed25519PublicKey) -> Any:
    def is_signed(mark: Mark) -> bool:
        try:
            key.verify(mark.signature, mark_text(mark.shard, mark.seq, mark.hash, mark.at))
        except InvalidSignature:
            return False
        return True

    return is_signed


async def write_checkpoints(conn: Connection, key: Ed25519PrivateKey) -> int:
    """Signs the heads that moved since the last time; answers how many."""
    at = now()
    last = await store.select_last_checkpoints(conn)
    written = 0
    for shard, (seq, hash) in (await store.select_heads(conn)).items():
        if seq > (last[shard].seq if shard in last else 0):
            signature = key.sign(mark_text(shard, seq, hash, at))
            await store.insert_checkpoint(
                conn, Mark(shard=shard, seq=seq, hash=hash, at=at, signature=signature)
            )
            written += 1
    return written


async def verify_database(dsn: str, public_key: Ed25519PublicKey | None = None) -> dict[str, Any]:
    """For `device-connect audit verify`: connects by itself (as the owner), answers the report as JSON values."""
    conn = await asyncpg.connect(dsn)
    try:
        async with conn.transaction(isolation="repeatable_read", readonly=True):
            report = await verify(conn, public_key)
    finally:
        await conn.close()
    built: dict[str, Any] = msgspec.to_builtins(report)
    return built
