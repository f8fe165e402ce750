"""How an attempt to pair ends without success: voided by another, or by its third failed try."""

from datetime import datetime
from uuid import UUID

from chassis.db import Tx
from services.pairing import changes
from services.pairing.domain import MAX_TRIES, next_state
from services.pairing.store import connections, sessions


async def void_attempt(tx: Tx, connection_id: UUID, error: str = "voided") -> None:
    """The session that is not over yet ends: its token answers 410 from now on. The connection is locked."""
    live = await sessions.select_live(tx.conn, connection_id)
    if live is not None:
        await sessions.update_state(tx.conn, live.id, next_state(live.state, "voided"), error)


async def count_try(tx: Tx, session_id: UUID, now: datetime) -> None:
    """Writes a failed try down, after its own transaction was rolled back. The third ends the session."""
    session = await sessions.select_session(tx.conn, session_id)
    row = await connections.lock_connection(tx.conn, session.device_connection_id) if session else None
    session = await sessions.select_session(tx.conn, session_id, lock=True)
    if session is None or row is None:
        return
    await sessions.update_tries(tx.conn, session.id, session.failed_tries + 1)
    if session.failed_tries + 1 < MAX_TRIES:
        return
    state = next_state(session.state, "tries_spent")
    await sessions.update_state(tx.conn, session.id, state, "too_many_tries")
    row = await changes.happen(tx, row, "tries_spent", now)
    changes.tell(tx, row, "pairing", now)
