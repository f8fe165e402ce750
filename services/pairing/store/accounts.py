"""What was last heard of vendors' accounts, and the connections that each of them stands behind."""

from datetime import datetime
from uuid import UUID

from chassis.db import Connection as Conn
from proto.words import AccountStatus


async def upsert_heard(
    conn: Conn, account_id: UUID, *, patient_id: UUID, vendor: str, state: AccountStatus, at: datetime
) -> bool:
    """Whether this is news: nothing as new was heard of the account. Locks its row until the transaction ends."""
    return bool(
        await conn.fetchval(
            "INSERT INTO pairing.vendor_accounts AS known (account_id, patient_id, vendor, state, at)"
            " VALUES ($1, $2, $3, $4, $5) ON CONFLICT (account_id) DO UPDATE"
            " SET patient_id = $2, vendor = $3, state = $4, at = $5 WHERE known.at < $5 RETURNING true",
            account_id,
            patient_id,
            vendor,
            state,
            at,
        )
    )


async def select_heard(conn: Conn, account_id: UUID) -> tuple[AccountStatus, datetime] | None:
    row = await conn.fetchrow(
        "SELECT state, at FROM pairing.vendor_accounts WHERE account_id = $1", account_id
    )
    return (row["state"], row["at"]) if row else None


async def select_of_account(conn: Conn, patient_id: UUID, device_id: str) -> list[UUID]:
    """The patient's connections, of whatever models, that readings of an account are for."""
    rows = await conn.fetch(
        "SELECT id FROM pairing.device_connections WHERE patient_id = $1 AND device_id = $2"
        " AND pairing_method = 'vendor_oauth' AND status <> 'revoked'",
        patient_id,
        device_id,
    )
    return [row["id"] for row in rows]


async def select_typed(conn: Conn, patient_id: UUID) -> list[tuple[UUID, UUID]]:
    """The patient's connections with something that they typed in while pairing, and their models."""
    rows = await conn.fetch(
        "SELECT id, device_model_id FROM pairing.device_connections WHERE patient_id = $1"
        " AND pairing_method = 'partner_webhook' AND credentials_encrypted IS NOT NULL AND status <> 'revoked'",
        patient_id,
    )
    return [(row["id"], row["device_model_id"]) for row in rows]
