"""Completing a pairing: the token is right, consent is there, the device is free or one's own. One transaction.

An app or a page completes with the token; a vendor's account completes what somebody signed in for (`accounts`). What
both do is here once: `lock_device`, `find_known`, `settle`, `connect`.
"""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import asyncpg
import msgspec
from msgspec import UNSET

from chassis import telemetry
from chassis.auth import Principal
from chassis.crypto import KeyRing, seal, token_digest
from chassis.db import Tx
from chassis.mirror import Mirror
from proto.errors import Refused, Unavailable
from proto.resources import PairComplete, PairCompleted
from proto.state import ModelState
from services.pairing import changes, tokens
from services.pairing.attempts import void_attempt
from services.pairing.audits import about
from services.pairing.consenting import check_consent, give_consent, require_consent
from services.pairing.domain import (
    SessionEvent,
    judge_device,
    next_standing,
    next_state,
    token_fault,
)
from services.pairing.people import People
from services.pairing.shapes import connection_of
from services.pairing.store import connections, consents, sessions
from services.pairing.store.connections import ConnectionRow
from services.pairing.store.sessions import SessionRow

PAIR_COMMAND_LIFE: Final = timedelta(hours=1)
"""The hub that has just found the device may lose its connection before it hears what to do with it."""


BY_ITSELF: Final = "Signing in at the maker completes this pairing by itself."


class Device(msgspec.Struct, frozen=True, kw_only=True):
    """What turned out to be there: a device, or an account that stands for one."""

    id: str
    firmware: str | None = None
    credentials: dict[str, str] | None = None


class TryFailed(Refused):
    """A refusal that counts as one of the tries of a session: the token was right, the rest was not."""

    def __init__(self, refused: Refused, session: SessionRow) -> None:
        super().__init__(refused.code, faults=refused.faults, detail=refused.detail)
        self.session_id = session.id
        self.method = session.method


class Completer:
    def __init__(self, models: Mirror[ModelState], ring: KeyRing, people: People) -> None:
        self._models = models
        self._ring = ring
        self._people = people

    async def look(self, tx: Tx, principal: Principal, token: str, now: datetime) -> ConnectionRow:
        """What a token would complete, for its person to see first. Raises `Refused` as completing would."""
        session, row = await self._held(tx, principal, token)
        fault = token_fault(session.state, session.expires_at, session.completed_at, now)
        if fault is not None:
            raise Refused(fault)
        return row

    async def _held(self, tx: Tx, principal: Principal, token: str) -> tuple[SessionRow, ConnectionRow]:
        """What a token stands for, in the hands of its person."""
        session = await sessions.select_by_token(tx.conn, token_digest(token))
        if session is None:
            raise Refused("not_found")
        row = await connections.select_connection(tx.conn, session.device_connection_id)
        if row is None:
            raise Refused("not_found")
        if principal.patient_id != session.patient_id:
            # Never 403: a token in the wrong hands is nobody's token, whatever else its holder may see.
            self._people.note_refused(principal, "pairing.complete", row, "not_found")
            raise Refused("not_found")
        return session, row

    async def complete(
        self, tx: Tx, principal: Principal, data: PairComplete, now: datetime
    ) -> PairCompleted:
        """Raises `TryFailed` for what counts, `Refused` for what does not (no such token, used, expired)."""
        _, row = await self._held(tx, principal, data.pairing_token)
        if row.pairing_method == "vendor_oauth":
            raise Refused("conflict", detail=BY_ITSELF)
        locked, rivals = await lock_device(tx, row.device_model_id, data.device_id, row.id)
        session = await sessions.select_by_token(tx.conn, token_digest(data.pairing_token), lock=True)
        if session is None or session.device_connection_id not in locked:
            raise Refused("not_found")
        row = locked[session.device_connection_id]
        fault = token_fault(session.state, session.expires_at, session.completed_at, now)
        if fault is not None:
            self._people.note_refused(principal, "pairing.complete", row, fault)
            raise Refused(fault)
        try:
            known, taken = find_known(row.id, row.patient_id, rivals)
            self.check(bringing_consent(row, known), data, taken)
            return await self._finish(tx, principal, data, session, row, known, now)
        except asyncpg.UniqueViolationError as error:
            raise TryFailed(Refused("already_paired"), session) from error
        except Unavailable:
            raise
        except Refused as refused:
            raise TryFailed(refused, session) from refused

    def check(self, row: ConnectionRow, data: PairComplete, taken: bool) -> None:
        """Raises `Refused` where consent is missing or the device is somebody else's."""
        if data.consent is not UNSET:
            model = self._models.get(str(row.device_model_id))
            if model is None:
                raise Unavailable("models", retry_after_s=2)
            check_consent(data.consent.version, data.consent.data_kinds, model)
        else:
            require_consent(row)
        if taken:
            raise Refused("already_paired")

    async def _finish(
        self,
        tx: Tx,
        principal: Principal,
        data: PairComplete,
        session: SessionRow,
        row: ConnectionRow,
        known: ConnectionRow | None,
        now: datetime,
    ) -> PairCompleted:
        target = await settle(tx, row, known, now)
        if data.consent is not UNSET:
            locale = data.consent.locale if data.consent.locale is not UNSET else None
            await give_consent(tx, target, principal, kinds=data.consent.data_kinds, locale=locale, now=now)
        device = Device(
            id=data.device_id,
            firmware=data.firmware if data.firmware is not UNSET else None,
            credentials=data.credentials if data.credentials is not UNSET else None,
        )
        done, token = await self.connect(tx, principal, row, target, device, session, now)
        return PairCompleted(connection=connection_of(done), ingest_token=token)

    async def connect(
        self,
        tx: Tx,
        principal: Principal,
        row: ConnectionRow,
        target: ConnectionRow,
        device: Device,
        session: SessionRow | None,
        now: datetime,
    ) -> tuple[ConnectionRow, str]:
        """`target` has the device from now on, the way `row` was paired. Answers it and its fresh ingest token."""
        token = tokens.ingest_token(target.id)
        await connections.update_paired(
            tx.conn,
            target.id,
            pairing_method=row.pairing_method,
            hub_id=row.hub_id,
            device_id=device.id,
            token_sha256=token.sha256,
            credentials_encrypted=self._seal(target, device),
            firmware=device.firmware,
        )
        standing = next_standing(target.standing, "completed")
        await connections.update_standing(tx.conn, target.id, standing, now)
        if session is not None:
            await self._end(tx, session, row, target, device, now)
        result = await changes.publish(tx, target.id, "status", now)
        repaired = target.id != row.id
        tx.audit(about("pairing.complete", principal, result, repaired=repaired))
        outcome = "repaired" if repaired else "completed"
        tx.after_commit(lambda: telemetry.PAIRINGS.labels(row.pairing_method, outcome).inc())
        return result, token.plain

    async def _end(
        self,
        tx: Tx,
        session: SessionRow,
        row: ConnectionRow,
        target: ConnectionRow,
        device: Device,
        now: datetime,
    ) -> None:
        command_id: UUID | None = None
        event: SessionEvent = "completed"
        if row.pairing_method == "hub" and row.hub_id is not None:
            event = "completed_by_hub"
            command_id = changes.command(
                tx,
                row.hub_id,
                "pair",
                now + PAIR_COMMAND_LIFE,
                row=target,
                device_address=device.id,
            )
        await sessions.update_completed(
            tx.conn, session.id, state=next_state(session.state, event), pair_command_id=command_id, now=now
        )

    def _seal(self, row: ConnectionRow, device: Device) -> bytes | None:
        if not device.credentials:
            return None
        return seal(
            self._ring,
            msgspec.json.encode(device.credentials),
            table="pairing.device_connections",
            column="credentials_encrypted",
            row=str(row.id),
            patient=str(row.patient_id),
        )


async def lock_device(
    tx: Tx, device_model_id: UUID, device_id: str, *others: UUID
) -> tuple[dict[UUID, ConnectionRow], list[ConnectionRow]]:
    """Everything that has or had a physical device, with others, locked at once; and those of the device in use first."""
    ids = await connections.select_with_device(tx.conn, device_model_id, device_id)
    locked = await connections.lock_connections(tx.conn, [*others, *ids])
    return locked, [locked[id] for id in ids if id in locked]


def find_known(
    id: UUID | None, patient_id: UUID, rivals: list[ConnectionRow]
) -> tuple[ConnectionRow | None, bool]:
    """The other connection that this patient has or had with the device, and whether it is somebody else's now."""
    verdicts = [
        (rival, judge_device(rival.patient_id == patient_id, rival.status == "revoked")) for rival in rivals
    ]
    known = next((rival for rival, verdict in verdicts if verdict == "known"), None)
    taken = any(verdict == "taken" for _, verdict in verdicts)
    return (known if known is not None and known.id != id else None), taken


def bringing_consent(row: ConnectionRow, known: ConnectionRow | None) -> ConnectionRow:
    """Whose stored consent counts: a connection without a device of its own brings its consent along."""
    return row if known is None or row.device_id is None else known


async def settle(tx: Tx, row: ConnectionRow, known: ConnectionRow | None, now: datetime) -> ConnectionRow:
    """Which connection goes on. The same device as before: its old one, with its history. A new one that only tried is
    gone; one that has a device of its own stays as it is, and only this attempt moves on."""
    if known is None:
        return row
    await void_attempt(tx, known.id)
    if row.device_id is None:
        if row.consent_id is not None:
            await consents.revoke_active(tx.conn, known.id, now)
        await consents.move_consents(tx.conn, row.id, known.id)
        await sessions.move_sessions(tx.conn, row.id, known.id)
        await connections.delete_connection(tx.conn, row.id)
        changes.vanish(tx, row, now)
    return known
