"""All SQL of access."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from chassis.db import Connection
from proto.words import Kind, Role
from services.access.domain import Link


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    user_id: UUID
    sign_in_name: str
    display_name: str
    roles: list[Role]
    patient_id: UUID | None
    timezone: str
    units: dict[str, str]
    locale: str
    version: int


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    patient_id: UUID
    grantee_id: UUID
    grantee_name: str
    data_kinds: list[Kind]
    until: datetime | None
    created_at: datetime
    version: int


_PROFILE = "user_id, sign_in_name, display_name, roles, patient_id, timezone, units, locale, version"
_GRANT = (
    "SELECT p.id, p.patient_id, p.grantee_id, f.display_name AS grantee_name, p.data_kinds, p.until, p.created_at,"
    " p.version FROM access.permissions p JOIN access.profiles f ON f.user_id = p.grantee_id"
)


def _profile(row: Any) -> Profile:
    return Profile(**{**dict(row), "units": msgspec.json.decode(row["units"])})


async def upsert_profile(
    conn: Connection,
    *,
    user_id: UUID,
    issuer: str,
    subject: str,
    sign_in_name: str,
    display_name: str,
    roles: list[Role],
    patient_id: UUID | None,
    timezone: str,
    locale: str,
) -> tuple[Profile, bool]:
    """The profile of a sign-in and whether it is new; name and roles follow the identity provider."""
    row = await conn.fetchrow(
        "INSERT INTO access.profiles AS p (user_id, issuer, subject, sign_in_name, display_name, roles, patient_id, timezone, locale)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"
        " ON CONFLICT (issuer, subject) DO UPDATE SET display_name = excluded.display_name, roles = excluded.roles"
        f" RETURNING {_PROFILE}, (xmax = 0) AS fresh",
        user_id,
        issuer,
        subject,
        sign_in_name,
        display_name,
        roles,
        patient_id,
        timezone,
        locale,
    )
    if row is None:
        raise RuntimeError("an upsert that returns its row returned none")
    values = dict(row)
    fresh = values.pop("fresh")
    return _profile(values), fresh


async def select_profile(conn: Connection, user_id: UUID) -> Profile | None:
    row = await conn.fetchrow(f"SELECT {_PROFILE} FROM access.profiles WHERE user_id = $1", user_id)
    return _profile(row) if row else None


async def select_profile_by_name(conn: Connection, name: str) -> Profile | None:
    row = await conn.fetchrow(f"SELECT {_PROFILE} FROM access.profiles WHERE sign_in_name = $1", name)
    return _profile(row) if row else None


async def update_profile(
    conn: Connection, user_id: UUID, *, timezone: str, units: dict[str, Any], locale: str
) -> Profile:
    row = await conn.fetchrow(
        "UPDATE access.profiles SET timezone = $2, units = $3::jsonb, locale = $4, version = version + 1"
        f" WHERE user_id = $1 RETURNING {_PROFILE}",
        user_id,
        timezone,
        msgspec.json.encode(units).decode(),
        locale,
    )
    return _profile(row)


async def select_patients(conn: Connection) -> list[Profile]:
    rows = await conn.fetch(f"SELECT {_PROFILE} FROM access.profiles WHERE patient_id IS NOT NULL")
    return [_profile(row) for row in rows]


async def select_names(conn: Connection, user_ids: list[UUID]) -> dict[str, str]:
    rows = await conn.fetch(
        "SELECT user_id, display_name FROM access.profiles WHERE user_id = ANY($1)", user_ids
    )
    return {str(row["user_id"]): row["display_name"] for row in rows}


async def insert_permission(
    conn: Connection, id: UUID, patient_id: UUID, grantee_id: UUID, kinds: list[str], until: datetime | None
) -> bool:
    """False when this id is there already."""
    return bool(
        await conn.fetchval(
            "INSERT INTO access.permissions (id, patient_id, grantee_id, data_kinds, until) VALUES ($1, $2, $3, $4, $5)"
            " ON CONFLICT (id) DO NOTHING RETURNING true",
            id,
            patient_id,
            grantee_id,
            kinds,
            until,
        )
    )


async def select_permission(conn: Connection, id: UUID) -> Grant | None:
    row = await conn.fetchrow(f"{_GRANT} WHERE p.id = $1 AND p.revoked_at IS NULL", id)
    return Grant(**dict(row)) if row else None


async def select_permissions(
    conn: Connection,
    *,
    patient_id: UUID | None = None,
    grantee_id: UUID | None = None,
    before: tuple[datetime, UUID] | None = None,
    limit: int = 1000,
) -> list[Grant]:
    """Live ones, newest first."""
    at, id = before or (None, None)
    rows = await conn.fetch(
        f"{_GRANT} WHERE p.revoked_at IS NULL AND ($1::uuid IS NULL OR p.patient_id = $1)"
        " AND ($2::uuid IS NULL OR p.grantee_id = $2)"
        " AND ($3::timestamptz IS NULL OR (p.created_at, p.id) < ($3, $4))"
        " ORDER BY p.created_at DESC, p.id DESC LIMIT $5",
        patient_id,
        grantee_id,
        at,
        id,
        limit,
    )
    return [Grant(**dict(row)) for row in rows]


async def revoke_permission(conn: Connection, id: UUID, patient_id: UUID) -> UUID | None:
    """The grantee, or None when there is no such live permission of this patient."""
    grantee: UUID | None = await conn.fetchval(
        "UPDATE access.permissions SET revoked_at = now(), version = version + 1"
        " WHERE id = $1 AND patient_id = $2 AND revoked_at IS NULL RETURNING grantee_id",
        id,
        patient_id,
    )
    return grantee


async def select_audit(
    conn: Connection,
    *,
    patient_id: UUID | None,
    before: tuple[datetime, UUID] | None,
    limit: int,
) -> list[Any]:
    at, id = before or (None, None)
    return list(
        await conn.fetch(
            "SELECT id, ts, actor_id, actor_role, action, object_type, object_id, patient_id, purpose, outcome"
            " FROM access.audit_logs WHERE ($1::uuid IS NULL OR patient_id = $1)"
            " AND ($2::timestamptz IS NULL OR (ts, id) < ($2, $3)) ORDER BY ts DESC, id DESC LIMIT $4",
            patient_id,
            at,
            id,
            limit,
        )
    )


async def stream_links(conn: Any, shard: int) -> AsyncIterator[Link]:
    """One chain from its beginning, through a cursor."""
    query = (
        "SELECT shard, seq, prev_hash, hash, id, actor_id, actor_role, action, object_type, object_id, patient_id,"
        " purpose, outcome, details::text AS details, ts FROM access.audit_logs WHERE shard = $1 ORDER BY seq"
    )
    async for row in conn.cursor(query, shard, prefetch=1000):
        yield Link(**dict(row))


async def select_heads(conn: Any) -> dict[int, tuple[int, bytes]]:
    rows = await conn.fetch("SELECT shard, seq, hash FROM access.audit_heads ORDER BY shard")
    return {row["shard"]: (row["seq"], row["hash"]) for row in rows}


async def select_last_checkpoints(conn: Any) -> dict[int, Any]:
    rows = await conn.fetch(
        "SELECT DISTINCT ON (shard) shard, seq, hash, at, signature FROM access.audit_checkpoints ORDER BY shard, at DESC"
    )
    return {row["shard"]: row for row in rows}


async def insert_checkpoint(
    conn: Connection, at: datetime, shard: int, seq: int, hash: bytes, signature: bytes
) -> None:
    await conn.execute(
        "INSERT INTO access.audit_checkpoints (at, shard, seq, hash, signature) VALUES ($1, $2, $3, $4, $5)",
        at,
        shard,
        seq,
        hash,
        signature,
    )
