"""Sign-ins at vendors that are under way, and events that were heard already."""

from datetime import datetime
from uuid import UUID

import msgspec

from chassis.db import Connection as Conn
from proto.words import Kind


class Agreement(msgspec.Struct, frozen=True, kw_only=True):
    """What a person agreed to when they connected an account, and the pairing that they did it for."""

    patient_id: UUID
    vendor: str
    data_kinds: list[Kind]
    consent_version: str
    connection_id: UUID | None


class SignIn(Agreement, frozen=True, kw_only=True):
    """`state_sha256` names it; the verifier is sealed."""

    state_sha256: str
    user_id: UUID
    verifier_sealed: bytes
    return_to: str
    expires_at: datetime


_COLUMNS = ", ".join(SignIn.__struct_fields__)


async def insert_sign_in(conn: Conn, one: SignIn) -> None:
    await conn.execute(
        f"INSERT INTO sync.authorizations ({_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        *msgspec.structs.astuple(one),
    )


async def spend_sign_in(conn: Conn, state_sha256: str) -> SignIn | None:
    """Takes it away: a state is good once."""
    row = await conn.fetchrow(
        f"DELETE FROM sync.authorizations WHERE state_sha256 = $1 RETURNING {_COLUMNS}", state_sha256
    )
    return None if row is None else SignIn(**dict(row))


async def forget_sign_ins(conn: Conn, now: datetime) -> None:
    await conn.execute("DELETE FROM sync.authorizations WHERE expires_at < $1", now)


async def is_new_event(conn: Conn, vendor: str, event_id: str, now: datetime) -> bool:
    """Whether an event is heard for the first time."""
    fresh = await conn.fetchval(
        "INSERT INTO sync.webhook_events (vendor, event_id, received_at) VALUES ($1, $2, $3)"
        " ON CONFLICT DO NOTHING RETURNING true",
        vendor,
        event_id,
        now,
    )
    return bool(fresh)


async def is_known_event(conn: Conn, vendor: str, event_id: str) -> bool:
    found: bool = await conn.fetchval(
        "SELECT EXISTS (SELECT FROM sync.webhook_events WHERE vendor = $1 AND event_id = $2)",
        vendor,
        event_id,
    )
    return found


async def forget_events(conn: Conn, before: datetime) -> None:
    await conn.execute("DELETE FROM sync.webhook_events WHERE received_at < $1", before)


async def claim_comparison(conn: Conn, vendor: str, now: datetime, before: datetime) -> bool:
    """Whether the vendor's subscriptions shall be compared now, by the caller and nobody else."""
    mine = await conn.fetchval(
        "INSERT INTO sync.vendor_subscriptions (vendor, compared_at) VALUES ($1, $2)"
        " ON CONFLICT (vendor) DO UPDATE SET compared_at = $2 WHERE sync.vendor_subscriptions.compared_at < $3"
        " RETURNING true",
        vendor,
        now,
        before,
    )
    return bool(mine)


async def forget_comparison(conn: Conn, vendor: str) -> None:
    await conn.execute("DELETE FROM sync.vendor_subscriptions WHERE vendor = $1", vendor)
