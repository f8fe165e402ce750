"""What the clock does: tokens expire, attempts end, hubs that stay away take their devices with them.

Each finding is judged again under its lock, so two replicas, or a person who was faster, do no harm.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from chassis import telemetry
from chassis.clock import now
from chassis.db import Connection, Database
from chassis.resource import Job
from services.pairing import changes
from services.pairing.domain import ConnectionEvent, SessionEvent, next_state
from services.pairing.store import connections, sessions

AT_ONCE: Final = 200


class Clock:
    """The jobs of pairing; every setting is in seconds."""

    def __init__(self, db: Database, *, pairing_fail_s: int, hub_pair_s: int, hub_offline_s: int) -> None:
        self._db = db
        self._pairing_fail = timedelta(seconds=pairing_fail_s)
        self._hub_pair = timedelta(seconds=hub_pair_s)
        self._hub_offline = timedelta(seconds=hub_offline_s)

    def jobs(self) -> list[Job]:
        return [
            Job("sessions", 1, self.end_sessions),
            Job("unfinished", 1, self.fail_unfinished),
            Job("hubs", 1, self.lose_hubs),
        ]

    async def end_sessions(self) -> None:
        """Tokens whose time is up; pairings about which the hub has kept silent for long enough."""
        at = now()
        async with self._db.acquire() as conn:
            up = await sessions.select_time_up(conn, at, AT_ONCE)
            silent = await sessions.select_unanswered(conn, at - self._hub_pair, AT_ONCE)
        for id, connection_id in up:
            await self._end(id, connection_id, "time_up", at)
        for id, connection_id in silent:
            await self._end(id, connection_id, "hub_silent", at)

    async def _end(self, id: UUID, connection_id: UUID, event: SessionEvent, at: datetime) -> None:
        async with self._db.transaction("session_end") as tx:
            row = await connections.lock_connection(tx.conn, connection_id)
            session = await sessions.select_session(tx.conn, id, lock=True)
            if row is None or session is None or next_state(session.state, event) == session.state:
                return
            await sessions.update_state(tx.conn, id, next_state(session.state, event), session.error)
            changes.tell(tx, row, "pairing", at)
        if event == "time_up":
            telemetry.PAIRINGS.labels(session.method, "expired").inc()

    async def fail_unfinished(self) -> None:
        before = now() - self._pairing_fail
        await self._happen("time_up", lambda conn: connections.select_unfinished(conn, before, AT_ONCE))

    async def lose_hubs(self) -> None:
        before = now() - self._hub_offline
        await self._happen("hub_lost", lambda conn: connections.select_without_hub(conn, before, AT_ONCE))

    async def _happen(
        self, event: ConnectionEvent, select: Callable[[Connection], Awaitable[list[UUID]]]
    ) -> None:
        """Locks what was selected, selects again, and lets it happen to what still is.

        The first look needs no transaction, and is all that there is to do in nearly every second.
        """
        async with self._db.acquire() as conn:
            found = await select(conn)
        if not found:
            return
        async with self._db.transaction(event) as tx:
            locked = await connections.lock_connections(tx.conn, found)
            for id in await select(tx.conn):
                if id in locked:
                    await changes.happen(tx, locked[id], event, now())
