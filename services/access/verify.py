"""Is the audit log whole? Walks every chain, against its head and its last signed checkpoint."""

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
from services.access.domain import SHARDS, Break, Walk, checkpoint_text


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """`ok`: nothing is broken. `broken`: the first broken place of each shard. `rows`: how many were checked."""

    ok: bool
    rows: int
    broken: list[Break]
    bad_checkpoints: list[int]


def signing_key(path: Path) -> Ed25519PrivateKey:
    key = load_pem_private_key(path.read_bytes(), None)
    if not isinstance(key, Ed25519PrivateKey):
        raise TypeError(f"{path} is not an Ed25519 key")
    return key


async def verify(conn: Any, public_key: Ed25519PublicKey | None = None) -> Report:
    """Inside a transaction of its own, repeatable read, so that the head belongs to the rows."""
    rows = 0
    broken: list[Break] = []
    heads = await store.select_heads(conn)
    checkpoints = await store.select_last_checkpoints(conn)
    for shard in range(SHARDS):
        walk = Walk(shard)
        async for link in store.stream_links(conn, shard):
            rows += 1
            walk.step(link)
        checkpoint = checkpoints.get(shard)
        head_seq, head_hash = heads.get(shard, (0, b""))
        walk.finish(head_seq, head_hash, checkpoint["seq"] if checkpoint else 0)
        if walk.broken is not None:
            broken.append(walk.broken)
    bad = [
        shard
        for shard, row in checkpoints.items()
        if public_key is not None and not _is_signed(row, public_key)
    ]
    return Report(ok=not broken and not bad, rows=rows, broken=broken, bad_checkpoints=bad)


def _is_signed(row: Any, key: Ed25519PublicKey) -> bool:
    try:
        key.verify(row["signature"], checkpoint_text(row["shard"], row["seq"], row["hash"], row["at"]))
    except InvalidSignature:
        return False
    return True


async def write_checkpoints(conn: Connection, key: Ed25519PrivateKey) -> int:
    """Signs the heads that moved since the last time; answers how many."""
    at = now()
    last = await store.select_last_checkpoints(conn)
    written = 0
    for shard, (seq, hash) in (await store.select_heads(conn)).items():
        if seq and (shard not in last or last[shard]["seq"] != seq):
            await store.insert_checkpoint(
                conn, at, shard, seq, hash, key.sign(checkpoint_text(shard, seq, hash, at))
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
