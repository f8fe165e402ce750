"""All SQL of access."""

from collections.abc import AsyncIterator, Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, TypeAlias
from uuid import UUID

import asyncpg
import msgspec

from chassis.db import Connection
from proto.words import AuditBy
from services.access.chain import Link, Mark
from services.access.domain import AuditFilter, Grant, Person, Profile, first_locale, first_timezone

if TYPE_CHECKING:
    AnyConnection: TypeAlias = Connection | asyncpg.Connection[asyncpg.Record]
else:  # generic only for type checkers
    AnyConnection = Connection
"""Verification also runs outside a service, on a connection of its own."""

_PROFILE: Final = "user_id, issuer, subject, sign_in_name, display_name, roles, patient_id, timezone, units, locale, version"
_GRANT: Final = (
    "SELECT p.id, p.patient_id, o.display_name AS patient_name, o.roles AS patient_roles,"
    " o.timezone AS patient_timezone, p.grantee_id, g.display_name AS grantee_name, g.roles AS grantee_roles,"
    " p.data_kinds, p.until, p.created_at, p.revoked_at, p.version FROM access.permissions p"
    " JOIN access.profiles o ON o.user_id = p.patient_id JOIN access.profiles g ON g.user_id = p.grantee_id"
)
_AUDIT: Final = (
    "SELECT id, ts, actor_id, actor_role, action, object_type, object_id, patient_id, purpose, outcome,"
    " details::text AS details, details->>'grantee' AS other FROM access.audit_logs"
)
_PEOPLE: Final = "actor_role IN ('patient', 'caregiver', 'clinician', 'admin')"
_BY: Final[dict[AuditBy, str]] = {
    "others": f"{_PEOPLE} AND actor_id <> patient_id::text",  # word for word as in the index for it
    "self": "actor_id = patient_id::text",
    "system": f"NOT {_PEOPLE}",
}
END: Final = (datetime(9999, 1, 1, tzinfo=UTC), UUID(int=2**128 - 1))
"""Behind every row: where the first page of a newest-first list begins."""


def _profile(row: Any) -> Profile | None:
    return Profile(**{**dict(row), "units": msgspec.json.decode(row["units"])}) if row else None


async def select_profile(conn: Connection, user_id: UUID, *, lock: bool = False) -> Profile | None:
    query = f"SELECT {_PROFILE} FROM access.profiles WHERE user_id = $1"
    return _profile(await conn.fetchrow(f"{query} FOR UPDATE" if lock else query, user_id))


async def select_profile_by_name(conn: Connection, name: str) -> Profile | None:
    return _profile(
        await conn.fetchrow(f"SELECT {_PROFILE} FROM access.profiles WHERE sign_in_name = $1", name)
    )


async def lock_profile_of_identity(conn: Connection, issuer: str, subject: str) -> Profile | None:
    return _profile(
        await conn.fetchrow(
            f"SELECT {_PROFILE} FROM access.profiles WHERE issuer = $1 AND subject = $2 FOR UPDATE",
            issuer,
            subject,
        )
    )


async def insert_profile(conn: Connection, user_id: UUID, person: Person) -> Profile | None:
    """None when the id, the identity or the sign-in name is there already."""
    return _profile(
        await conn.fetchrow(
            "INSERT INTO access.profiles (user_id, issuer, subject, sign_in_name, display_name, roles, patient_id,"
            " timezone, locale) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"
            f" ON CONFLICT DO NOTHING RETURNING {_PROFILE}",
            user_id,
            person.issuer,
            person.subject,
            person.sign_in_name,
            person.display_name,
            person.roles,
            user_id if "patient" in person.roles else None,
            first_timezone(person.timezone),
            first_locale(person.locale),
        )
    )


async def update_identity(conn: Connection, user_id: UUID, person: Person) -> Profile | None:
    """What the provider says now. A sign-in name that somebody else has stays theirs, and the old one stays here."""
    return _profile(
        await conn.fetchrow(
            "UPDATE access.profiles SET issuer = $2, subject = $3, display_name = $5, roles = $6, patient_id = $7,"
            " sign_in_name = CASE WHEN EXISTS (SELECT FROM access.profiles WHERE sign_in_name = $4)"
            " THEN sign_in_name ELSE $4 END, version = version + 1"
            f" WHERE user_id = $1 RETURNING {_PROFILE}",
            user_id,
            person.issuer,
            person.subject,
            person.sign_in_name,
            person.display_name,
            person.roles,
            user_id if "patient" in person.roles else None,
        )
    )


async def update_settings(
    conn: Connection, user_id: UUID, *, timezone: str, units: dict[str, str], locale: str
) -> Profile | None:
    return _profile(
        await conn.fetchrow(
            "UPDATE access.profiles SET timezone = $2, units = $3::jsonb, locale = $4, version = version + 1"
            f" WHERE user_id = $1 RETURNING {_PROFILE}",
            user_id,
            timezone,
            msgspec.json.encode(units).decode(),
            locale,
        )
    )


async def select_patients(conn: Connection) -> list[Profile]:
    rows = await conn.fetch(f"SELECT {_PROFILE} FROM access.profiles WHERE patient_id IS NOT NULL")
    return [profile for row in rows if (profile := _profile(row))]


async def select_names(conn: Connection, user_ids: Iterable[UUID]) -> dict[str, str]:
    rows = await conn.fetch(
        "SELECT user_id, display_name FROM access.profiles WHERE user_id = ANY($1)", list(user_ids)
    )
    return {str(row["user_id"]): row["display_name"] for row in rows}


async def insert_permission(
    conn: Connection,
    id: UUID,
    patient_id: UUID,
    grantee_id: UUID,
    kinds: Iterable[str],
    until: datetime | None,
) -> bool:
    """False when this id is there already."""
    return bool(
        await conn.fetchval(
            "INSERT INTO access.permissions (id, patient_id, grantee_id, data_kinds, until) VALUES ($1, $2, $3, $4, $5)"
            " ON CONFLICT (id) DO NOTHING RETURNING true",
            id,
            patient_id,
            grantee_id,
            list(kinds),
            until,
        )
    )


async def select_permission(conn: Connection, id: UUID, *, lock: bool = False) -> Grant | None:
    """Also a revoked one: its row says so."""
    query = f"{_GRANT} WHERE p.id = $1"
    row = await conn.fetchrow(f"{query} FOR UPDATE OF p" if lock else query, id)
    return Grant(**dict(row)) if row else None


async def select_live_permissions(conn: Connection) -> list[Grant]:
    return [Grant(**dict(row)) for row in await conn.fetch(f"{_GRANT} WHERE p.revoked_at IS NULL")]


async def select_granted(
    conn: Connection, patient_id: UUID, before: tuple[datetime, UUID], limit: int
) -> list[Grant]:
    """What a patient granted and did not take back, newest first."""
    rows = await conn.fetch(
        f"{_GRANT} WHERE p.revoked_at IS NULL AND p.patient_id = $1 AND (p.created_at, p.id) < ($2, $3)"
        " ORDER BY p.created_at DESC, p.id DESC LIMIT $4",
        patient_id,
        *before,
        limit,
    )
    return [Grant(**dict(row)) for row in rows]


async def select_received(
    conn: Connection, grantee_id: UUID, before: tuple[datetime, UUID], limit: int
) -> list[Grant]:
    """What was granted to somebody and not taken back, newest first."""
    rows = await conn.fetch(
        f"{_GRANT} WHERE p.revoked_at IS NULL AND p.grantee_id = $1 AND (p.created_at, p.id) < ($2, $3)"
        " ORDER BY p.created_at DESC, p.id DESC LIMIT $4",
        grantee_id,
        *before,
        limit,
    )
    return [Grant(**dict(row)) for row in rows]


async def revoke_permission(conn: Connection, id: UUID, at: datetime) -> None:
    await conn.execute(
        "UPDATE access.permissions SET revoked_at = $2, version = version + 1 WHERE id = $1", id, at
    )


async def update_permission(conn: Connection, grant: Grant) -> int:
    """Kinds and end as in `grant`; answers the new version."""
    version: int = await conn.fetchval(
        "UPDATE access.permissions SET data_kinds = $2, until = $3, version = version + 1 WHERE id = $1"
        " RETURNING version",
        grant.id,
        grant.data_kinds,
        grant.until,
    )
    return version


async def select_audit(
    conn: Connection, patient_id: UUID | None, only: AuditFilter, before: tuple[datetime, UUID], limit: int
) -> list[Any]:
    """What happened to one patient's data, or everybody's, newest first: one read of an index at any age."""
    wanted: list[tuple[str, Any]] = [
        ("patient_id = {}", patient_id),
        ("actor_id = {}", only.actor_id),
        ("action = ANY({})", only.actions),
        ("outcome = {}", only.outcome),
        ("ts >= {}", only.since),
        ("ts < {}", only.until),
    ]
    values: list[Any] = [*before, limit]
    clauses = ["(ts, id) < ($1, $2)", *([_BY[only.by]] if only.by else [])]
    for clause, value in wanted:
        if value is not None:
            values.append(value)
            clauses.append(clause.format(f"${len(values)}"))
    rows = await conn.fetch(
        f"{_AUDIT} WHERE {' AND '.join(clauses)} ORDER BY ts DESC, id DESC LIMIT $3", *values
    )
    return [{**dict(row), "details": msgspec.json.decode(row["details"])} for row in rows]


async def select_visitors(conn: Connection, patient_id: UUID) -> list[Any]:
    """The people other than the patient in a log, each with their newest row."""
    return list(
        await conn.fetch(
            "SELECT * FROM (SELECT DISTINCT ON (actor_id) actor_id, actor_role, ts FROM access.audit_logs"
            f" WHERE patient_id = $1 AND {_BY['others']} ORDER BY actor_id, ts DESC) AS newest"
            " ORDER BY ts DESC LIMIT 200",
            patient_id,
        )
    )


async def count_routine(
    conn: Connection, patient_id: UUID, since: datetime | None, until: datetime | None
) -> int:
    count: int = await conn.fetchval(
        f"SELECT count(*) FROM access.audit_logs WHERE patient_id = $1 AND {_BY['system']}"
        " AND ts >= coalesce($2, '-infinity'::timestamptz) AND ts < coalesce($3, 'infinity'::timestamptz)",
        patient_id,
        since,
        until,
    )
    return count


async def stream_links(conn: AnyConnection, shard: int) -> AsyncIterator[tuple[Link, Mark | None]]:
    """One chain from its beginning, through a cursor: each row, and the checkpoint that was made of it."""
    query = (
        "SELECT l.shard, l.seq, l.prev_hash, l.hash, l.id, l.actor_id, l.actor_role, l.action, l.object_type, l.object_id,"
        " l.patient_id, l.purpose, l.outcome, l.details::text AS details, l.ts, c.hash AS seen, c.at, c.signature"
        " FROM access.audit_logs l LEFT JOIN access.audit_checkpoints c ON c.shard = l.shard AND c.seq = l.seq"
        " WHERE l.shard = $1 ORDER BY l.seq"
    )
    async for row in conn.cursor(query, shard, prefetch=1000):
        values = dict(row)
        seen, at, signature = (values.pop(name) for name in ("seen", "at", "signature"))
        mark = seen and Mark(shard=shard, seq=values["seq"], hash=seen, at=at, signature=signature)
        yield Link(**values), mark


async def select_heads(conn: AnyConnection) -> dict[int, tuple[int, bytes]]:
    rows = await conn.fetch("SELECT shard, seq, hash FROM access.audit_heads ORDER BY shard")
    return {row["shard"]: (row["seq"], row["hash"]) for row in rows}


async def select_last_checkpoints(conn: AnyConnection) -> dict[int, Mark]:
    """By shard; one read of an index each, however many there are."""
    rows = await conn.fetch(
        "SELECT c.shard, c.seq, c.hash, c.at, c.signature FROM generate_series(0, 15) AS s(shard)"
        " CROSS JOIN LATERAL (SELECT * FROM access.audit_checkpoints WHERE shard = s.shard"
        " ORDER BY seq DESC LIMIT 1) AS c"
    )
    return {row["shard"]: Mark(**dict(row)) for row in rows}


async def insert_checkpoint(conn: Connection, mark: Mark) -> None:
    """Two replicas may see the same head; one checkpoint of it is enough."""
    await conn.execute(
        "INSERT INTO access.audit_checkpoints (shard, seq, hash, at, signature) VALUES ($1, $2, $3, $4, $5)"
        " ON CONFLICT DO NOTHING",
        mark.shard,
        mark.seq,
        mark.hash,
        mark.at,
        mark.signature,
    )
