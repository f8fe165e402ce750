"""How a connection ends for good: by its owner, here or at the vendor's account behind it. Readings stay."""

from datetime import datetime, timedelta
from typing import Final

from chassis.auth import Principal
from chassis.db import Tx
from services.pairing import changes
from services.pairing.attempts import void_attempt
from services.pairing.audits import about
from services.pairing.consenting import withdraw_consent
from services.pairing.store import connections
from services.pairing.store.connections import ConnectionRow

FORGET_LIFE: Final = timedelta(days=6)
"""Just below what the stream of commands keeps."""


async def revoke(tx: Tx, row: ConnectionRow, principal: Principal, now: datetime) -> None:
    """Consent ends, credentials are gone, the hub forgets the device. `row` is locked and not revoked yet."""
    await void_attempt(tx, row.id)
    await withdraw_consent(tx, row, principal, now)
    await connections.forget_credentials(tx.conn, row.id)
    if row.hub_id and row.device_id:
        changes.command(tx, row.hub_id, "forget", now + FORGET_LIFE, row=row)
    revoked = await changes.happen(tx, row, "revoked", now)
    tx.audit(about("connection.revoke", principal, revoked))
