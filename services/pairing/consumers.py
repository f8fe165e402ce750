"""What pairing hears: how devices and vendors' accounts are, which hubs are there, what hubs answer.

Heard twice is the same as once.
"""

import re
from collections.abc import Awaitable, Callable
from typing import Any, Final

import msgspec

from chassis import telemetry
from chassis.consume import DONE, Delivery, Reject, Subscription, Verdict, each
from chassis.db import Database, Tx
from proto import subjects
from proto.events import AccountChanged, FoundDevice, HealthChanged, HubAnswered, HubStateChanged
from services.pairing import changes
from services.pairing.accounts import Accounts
from services.pairing.domain import OPEN, SessionEvent, event_of_health, is_hub_in_time, next_state
from services.pairing.store import connections, hubs, sessions
from services.pairing.store.connections import ConnectionRow
from services.pairing.store.sessions import SessionRow

FOUND_MAX: Final = 50
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def plain(text: str | None, length: int = 64) -> str | None:
    """What a hub calls something, fit to be stored and shown."""
    return _CONTROL.sub("", text)[:length] if text else None


def tidy(device: FoundDevice) -> FoundDevice:
    return FoundDevice(
        address=plain(device.address, 128) or "",
        name=plain(device.name),
        services=[plain(service, 36) or "" for service in device.services[:16]],
        rssi=device.rssi,
    )


class Listener:
    def __init__(self, db: Database, accounts: Accounts, hub_pair_s: int) -> None:
        self._db = db
        self._hub_pair_s = hub_pair_s
        self._handlers: dict[str, tuple[type[Any], Callable[[Tx, Any], Awaitable[None]]]] = {
            subjects.HEALTH_CHANGED: (HealthChanged, self.on_health_changed),
            subjects.HUBS_STATE: (HubStateChanged, self.on_hub_state),
            subjects.HUBS_ANSWERED: (HubAnswered, self.on_hub_answered),
            subjects.ACCOUNTS_CHANGED: (AccountChanged, accounts.on_account_changed),
        }

    def subscription(self) -> Subscription[None]:
        return each("pairing", self.on_delivery)

    async def on_delivery(self, delivery: Delivery) -> Verdict:
        kind, handle = self._handlers[delivery.subject.rsplit(".", 1)[0]]
        try:
            event = msgspec.json.decode(delivery.data, type=kind)
        except msgspec.DecodeError:
            return Reject("unreadable")
        async with self._db.transaction(handle.__name__) as tx:
            await handle(tx, event)
        return DONE

    async def on_health_changed(self, tx: Tx, event: HealthChanged) -> None:
        row = await connections.lock_connection(tx.conn, event.device_connection_id)
        if row is None or row.status == "revoked" or (row.health_at and event.at <= row.health_at):
            return
        await connections.update_health(
            tx.conn,
            row.id,
            battery_pct=event.battery_pct,
            firmware=plain(event.firmware),
            last_reading_at=event.last_reading_at,
            last_sync_at=event.last_seen,
            at=event.at,
        )
        happened = event_of_health(event.status, event.last_reading_at, row.last_reading_at)
        if happened is not None:
            await changes.happen(tx, row, happened, event.at)

    async def on_hub_state(self, tx: Tx, event: HubStateChanged) -> None:
        is_news = await hubs.update_seen(tx.conn, event.hub_id, event.state, plain(event.firmware), event.at)
        if not is_news or event.state != "online":
            return
        behind = await connections.select_of_hub(tx.conn, event.hub_id)
        for row in (await connections.lock_connections(tx.conn, behind)).values():
            await changes.happen(tx, row, "hub_back", event.at)

    async def on_hub_answered(self, tx: Tx, event: HubAnswered) -> None:
        """Answers to `scan` and `pair` move the session; nobody waits for the others."""
        session = await sessions.select_by_command(tx.conn, event.command_id)
        if session is None:
            return
        row = await connections.lock_connection(tx.conn, session.device_connection_id)
        session = await sessions.select_session(tx.conn, session.id, lock=True)
        if row is None or session is None or row.hub_id != event.hub_id:
            return
        if event.command_id == session.scan_command_id:
            await self._on_scanned(tx, row, session, event)
        else:
            await self._on_paired(tx, row, session, event)

    async def _on_scanned(self, tx: Tx, row: ConnectionRow, session: SessionRow, event: HubAnswered) -> None:
        if session.state not in OPEN:
            return
        found = [tidy(device) for device in event.devices[:FOUND_MAX]]
        happened: SessionEvent
        if not event.ok:
            happened, error = "scan_failed", "hub_scan_failed"
        elif not found:
            happened, error = "scan_empty", "nothing_found"
        else:
            happened, error = "scan_found", None
        state = next_state(session.state, happened)
        await sessions.update_found(tx.conn, session.id, state, found or session.found, error)
        changes.tell(tx, row, "pairing", event.at)

    async def _on_paired(self, tx: Tx, row: ConnectionRow, session: SessionRow, event: HubAnswered) -> None:
        if session.state != "pairing":
            return
        if event.ok or not is_hub_in_time(event.at, session.completed_at, self._hub_pair_s):
            await sessions.update_state(tx.conn, session.id, next_state(session.state, "hub_paired"))
        else:
            state = next_state(session.state, "hub_refused")
            await sessions.update_state(tx.conn, session.id, state, "hub_pair_failed")
            row = await changes.happen(tx, row, "hub_refused", event.at)
            telemetry.PAIRINGS.labels(session.method, "hub_pair_failed").inc()
        changes.tell(tx, row, "pairing", event.at)
