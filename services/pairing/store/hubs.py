"""Hubs and the digests of their secrets. A removed hub stays as a row that says so; its secrets are deleted."""

from datetime import datetime
from typing import Literal
from uuid import UUID

import asyncpg
import msgspec

from chassis.db import Connection as Conn
from proto.state import HubSecret


class HubRow(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    patient_id: UUID
    name: str
    state: Literal["online", "offline"]
    last_seen: datetime | None
    firmware: str | None
    version: int
    deleted_at: datetime | None


_COLUMNS = "id, patient_id, name, state, last_seen, firmware, version, deleted_at"


def _row(record: asyncpg.Record) -> HubRow:
    return HubRow(**record)


async def insert_hub(conn: Conn, id: str, patient_id: UUID, name: str, now: datetime) -> None:
    await conn.execute(
        "INSERT INTO pairing.hubs (id, patient_id, name, created_at) VALUES ($1, $2, $3, $4)",
        id,
        patient_id,
        name,
        now,
    )


async def insert_secret(conn: Conn, hub_id: str, sha256: str, now: datetime) -> None:
    await conn.execute(
        "INSERT INTO pairing.hub_secrets (hub_id, sha256, created_at) VALUES ($1, $2, $3)",
        hub_id,
        sha256,
        now,
    )


async def select_hub(conn: Conn, id: str, *, lock: bool = False) -> HubRow | None:
    """A hub that is in use."""
    row = await conn.fetchrow(
        f"SELECT {_COLUMNS} FROM pairing.hubs WHERE id = $1 AND deleted_at IS NULL"
        + (" FOR UPDATE" if lock else ""),
        id,
    )
    return _row(row) if row else None


async def select_removed(conn: Conn, id: str) -> HubRow | None:
    row = await conn.fetchrow(
        f"SELECT {_COLUMNS} FROM pairing.hubs WHERE id = $1 AND deleted_at IS NOT NULL",
        id,
    )
    return _row(row) if row else None


async def select_hubs(conn: Conn, patient_id: UUID | None, *, after: str, limit: int) -> list[HubRow]:
    """`patient_id` None: everybody's."""
    rows = await conn.fetch(
        f"SELECT {_COLUMNS} FROM pairing.hubs WHERE ($1::uuid IS NULL OR patient_id = $1) AND deleted_at IS NULL AND id > $2"
        " ORDER BY id LIMIT $3",
        patient_id,
        after,
        limit,
    )
    return [_row(row) for row in rows]


async def select_every_hub(conn: Conn) -> list[tuple[HubRow, list[HubSecret]]]:
    rows = await conn.fetch(f"SELECT {_COLUMNS} FROM pairing.hubs WHERE deleted_at IS NULL")
    secrets: dict[str, list[HubSecret]] = {row["id"]: [] for row in rows}
    for known in await conn.fetch(
        "SELECT hub_id, sha256, until FROM pairing.hub_secrets ORDER BY created_at DESC"
    ):
        secrets.get(known["hub_id"], []).append(HubSecret(sha256=known["sha256"], until=known["until"]))
    return [(_row(row), secrets[row["id"]]) for row in rows]


async def select_secrets(conn: Conn, hub_id: str) -> list[HubSecret]:
    """Newest first."""
    rows = await conn.fetch(
        "SELECT sha256, until FROM pairing.hub_secrets WHERE hub_id = $1 ORDER BY created_at DESC", hub_id
    )
    return [HubSecret(sha256=row["sha256"], until=row["until"]) for row in rows]


async def limit_secrets(conn: Conn, hub_id: str, until: datetime, now: datetime) -> None:
    """The secret of now becomes an older one, good until a moment; what is past is deleted."""
    await conn.execute("DELETE FROM pairing.hub_secrets WHERE hub_id = $1 AND until <= $2", hub_id, now)
    await conn.execute(
        "UPDATE pairing.hub_secrets SET until = $2 WHERE hub_id = $1 AND until IS NULL", hub_id, until
    )


async def delete_secrets(conn: Conn, hub_id: str) -> None:
    await conn.execute("DELETE FROM pairing.hub_secrets WHERE hub_id = $1", hub_id)


async def mark_rotated(conn: Conn, id: str, evict_at: datetime) -> int:
    """Answers the new version."""
    version: int = await conn.fetchval(
        "UPDATE pairing.hubs SET version = version + 1, evict_at = $2 WHERE id = $1 RETURNING version",
        id,
        evict_at,
    )
    return version


async def mark_deleted(conn: Conn, id: str, now: datetime) -> None:
    await conn.execute(
        "UPDATE pairing.hubs SET deleted_at = $2, evict_at = $2, state = 'offline', version = version + 1"
        " WHERE id = $1",
        id,
        now,
    )


async def update_seen(
    conn: Conn, id: str, state: Literal["online", "offline"], firmware: str | None, at: datetime
) -> bool:
    """What a hub (or its will) said about itself; False when something newer is known or it is not in use."""
    return bool(
        await conn.fetchval(
            "UPDATE pairing.hubs SET state = $2, firmware = coalesce($3, firmware), state_at = $4,"
            " last_seen = $4"
            " WHERE id = $1 AND deleted_at IS NULL AND (state_at IS NULL OR state_at <= $4) RETURNING true",
            id,
            state,
            firmware,
            at,
        )
    )


async def select_to_evict(conn: Conn, now: datetime) -> list[tuple[str, datetime | None, datetime]]:
    """`(id, deleted_at, evict_at)` of hubs whose live sessions must end now."""
    rows = await conn.fetch(
        "SELECT id, deleted_at, evict_at FROM pairing.hubs WHERE evict_at <= $1 ORDER BY evict_at LIMIT 100",
        now,
    )
    return [(row["id"], row["deleted_at"], row["evict_at"]) for row in rows]


async def mark_evicted(conn: Conn, id: str, evict_at: datetime) -> None:
    """Unless another eviction has been asked for meanwhile."""
    await conn.execute(
        "UPDATE pairing.hubs SET evict_at = NULL WHERE id = $1 AND evict_at = $2", id, evict_at
    )
