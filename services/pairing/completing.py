"""Completing a pairing: the token is right, consent is there, the device is free or one's own. One transaction."""

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
from services.pairing.consenting import check_consent, give_consent
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
from services.pairing.texts import CURRENT

PAIR_COMMAND_LIFE: Final = timedelta(hours=1)
"""The hub that has just found the device may lose its connection before it hears what to do with it."""


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

    async def complete(
        self, tx: Tx, principal: Principal, data: PairComplete, now: datetime
    ) -> PairCompleted:
        """Raises `TryFailed` for what counts, `Refused` for what does not (no such token, used, expired)."""
        digest = token_digest(data.pairing_token)
        session = await sessions.select_by_token(tx.conn, digest)
        if session is None:
            raise Refused("not_found")
        row = await connections.select_connection(tx.conn, session.device_connection_id)
        if row is None:
            raise Refused("not_found")
        if principal.patient_id != session.patient_id:
            # Never 403: a token in the wrong hands is nobody's token, whatever else its holder may see.
            self._people.note_refused(principal, "pairing.complete", row, "not_found")
            raise Refused("not_found")
        rivals = await connections.select_with_device(tx.conn, row.device_model_id, data.device_id)
        locked = await connections.lock_connections(tx.conn, [row.id, *rivals])
        session = await sessions.select_by_token(tx.conn, digest, lock=True)
        if session is None or session.device_connection_id not in locked:
            raise Refused("not_found")
        row = locked[session.device_connection_id]
        fault = token_fault(session.state, session.expires_at, session.completed_at, now)
        if fault is not None:
            self._people.note_refused(principal, "pairing.complete", row, fault)
            raise Refused(fault)
        try:
            known, taken = find_known(row, [locked[id] for id in rivals if id in locked])
            # A connection without a device of its own brings its consent along.
            self._check(row if known is None or row.device_id is None else known, data, taken)
            return await self._finish(tx, principal, data, session, row, known, now)
        except asyncpg.UniqueViolationError as error:
            raise TryFailed(Refused("already_paired"), session) from error
        except Unavailable:
            raise
        except Refused as refused:
            raise TryFailed(refused, session) from refused

    def _check(self, row: ConnectionRow, data: PairComplete, taken: bool) -> None:
        if data.consent is not UNSET:
            model = self._models.get(str(row.device_model_id))
            if model is None:
                raise Unavailable("models", retry_after_s=2)
            check_consent(data.consent.version, data.consent.data_kinds, model)
        elif row.consent_id is None or row.consent_version != CURRENT:
            raise Refused("consent_required")
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
        target = known or row
        if known is not None:
            await self._go_into(tx, row, known, now)
        if data.consent is not UNSET:
            locale = data.consent.locale if data.consent.locale is not UNSET else None
            await give_consent(tx, target, principal, kinds=data.consent.data_kinds, locale=locale, now=now)
        token = tokens.ingest_token(target.id)
        await connections.update_paired(
            tx.conn,
            target.id,
            pairing_method=row.pairing_method,
            hub_id=row.hub_id,
            device_id=data.device_id,
            token_sha256=token.sha256,
            credentials_encrypted=self._seal(target, data),
            firmware=data.firmware if data.firmware is not UNSET else None,
        )
        standing = next_standing(target.standing, "completed")
        await connections.update_standing(tx.conn, target.id, standing, now)
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
                device_address=data.device_id,
            )
        await sessions.update_completed(
            tx.conn, session.id, state=next_state(session.state, event), pair_command_id=command_id, now=now
        )
        result = await changes.publish(tx, target.id, "status", now)
        tx.audit(about("pairing.complete", principal, result, repaired=known is not None))
        outcome = "repaired" if known is not None else "completed"
        tx.after_commit(lambda: telemetry.PAIRINGS.labels(row.pairing_method, outcome).inc())
        return PairCompleted(connection=connection_of(result), ingest_token=token.plain)

    async def _go_into(self, tx: Tx, row: ConnectionRow, known: ConnectionRow, now: datetime) -> None:
        """The same device as before: its old connection goes on, with its history. A new one that only tried is gone.

        One that has a device of its own stays as it is; only this attempt moves on.
        """
        await void_attempt(tx, known.id)
        if row.device_id is None:
            if row.consent_id is not None:
                await consents.revoke_active(tx.conn, known.id, now)
            await consents.move_consents(tx.conn, row.id, known.id)
            await sessions.move_sessions(tx.conn, row.id, known.id)
            await connections.delete_connection(tx.conn, row.id)
            changes.vanish(tx, row, now)

    def _seal(self, row: ConnectionRow, data: PairComplete) -> bytes | None:
        if data.credentials is UNSET or not data.credentials:
            return None
        return seal(
            self._ring,
            msgspec.json.encode(data.credentials),
            table="pairing.device_connections",
            column="credentials_encrypted",
            row=str(row.id),
            patient=str(row.patient_id),
        )


def find_known(row: ConnectionRow, rivals: list[ConnectionRow]) -> tuple[ConnectionRow | None, bool]:
    """The other connection that this patient has or had with the device, and whether it is somebody else's now."""
    verdicts = [
        (rival, judge_device(rival.patient_id == row.patient_id, rival.status == "revoked"))
        for rival in rivals
    ]
    known = next((rival for rival, verdict in verdicts if verdict == "known"), row)
    taken = any(verdict == "taken" for _, verdict in verdicts)
    return (known if known.id != row.id else None), taken
