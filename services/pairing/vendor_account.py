"""An account without a sign-in: what a person typed while pairing goes to `sync`, which proves and keeps it (ADR 0013)."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

import httpx2
import msgspec
from msgspec import UNSET

from chassis.auth import Principal
from chassis.clock import now
from chassis.crypto import token_digest
from chassis.db import Database
from chassis.log import Log
from chassis.mirror import Mirror
from proto.errors import FieldFault, Refused, Unavailable
from proto.resources import PairComplete
from proto.state import ModelState
from proto.words import Kind
from services.pairing.completing import Completer, TryFailed, bringing_consent, find_known
from services.pairing.domain import token_fault
from services.pairing.serving import WITH_NUMBER, serving
from services.pairing.store import connections, sessions
from services.pairing.store.connections import ConnectionRow
from services.pairing.store.sessions import SessionRow
from services.pairing.sync_calls import REFUSED_S, SyncCalls

log = Log("vendor_account")

PATH: Final = "/internal/accounts"
NOT_HERE: Final = "The partner of this device is not set up here. Choose another way to connect it."
OF_THE_PERSON: Final = frozenset({"already_paired", "missing_field", "wrong_type"})
"""What `sync` says about what was typed; anything else is about the vendor or us."""


class Agreed(msgspec.Struct, frozen=True, kw_only=True):
    """A completion that is going to succeed. `connection_id`: the connection that will go on."""

    session: SessionRow
    model: ModelState
    connection_id: UUID
    kinds: Sequence[Kind]
    version: str | None


class _Problem(msgspec.Struct, frozen=True):
    code: str = ""
    detail: str = ""
    errors: tuple[FieldFault, ...] = ()


class VendorAccount:
    def __init__(
        self, db: Database, models: Mirror[ModelState], completer: Completer, sync: SyncCalls
    ) -> None:
        self._db = db
        self._models = models
        self._completer = completer
        self._sync = sync

    async def enrol(self, principal: Principal, data: PairComplete) -> None:
        """Does nothing for other methods, for makers whom no vendor of ours serves, and where completing is refused
        anyway. Raises `TryFailed` for what was typed (whoever guesses has three tries), or 503.

        Before the transaction that completes, for the reasons of `VendorSignIn`. Asked again it is the same account.
        """
        if data.credentials is UNSET or not data.credentials:
            return
        agreed = await self._agreed(principal, data)
        if agreed is None:
            return
        vendors = serving(agreed.model.vendor_id, agreed.kinds, WITH_NUMBER)
        for vendor in vendors if self._sync.is_there else ():
            if await self._ask(principal, agreed, vendor.name, data.credentials):
                return
        if vendors:
            raise Refused("unavailable", retry_after_s=REFUSED_S, detail=NOT_HERE)

    async def _agreed(self, principal: Principal, data: PairComplete) -> Agreed | None:
        """None: the transaction will say what is wrong."""
        async with self._db.acquire() as conn:
            session = await sessions.select_by_token(conn, token_digest(data.pairing_token))
            if session is None or session.patient_id != principal.patient_id:
                return None
            row = await connections.select_connection(conn, session.device_connection_id)
            if row is None or row.pairing_method != "partner_webhook":
                return None
            if token_fault(session.state, session.expires_at, session.completed_at, now()) is not None:
                return None
            ids = await connections.select_with_device(conn, row.device_model_id, data.device_id)
            rivals = [one for id in ids if (one := await connections.select_connection(conn, id))]
        known, taken = find_known(row.id, row.patient_id, rivals)
        consented = bringing_consent(row, known)
        try:
            self._completer.check(consented, data, taken)
        except Unavailable:
            raise
        except Refused:
            return None
        return self._as_agreed(session, row, known or row, consented, data)

    def _as_agreed(
        self,
        session: SessionRow,
        row: ConnectionRow,
        target: ConnectionRow,
        consented: ConnectionRow,
        data: PairComplete,
    ) -> Agreed:
        model = self._models.get(str(row.device_model_id))
        if model is None:
            raise Unavailable("models", retry_after_s=2)
        given = data.consent
        return Agreed(
            session=session,
            model=model,
            connection_id=target.id,
            kinds=given.data_kinds if given is not UNSET else consented.consent_kinds or (),
            version=given.version if given is not UNSET else consented.consent_version,
        )

    async def _ask(
        self, principal: Principal, agreed: Agreed, vendor: str, credentials: dict[str, str]
    ) -> bool:
        """False when the vendor cannot be used here: another may serve the same devices."""
        asked = {
            "vendor": vendor,
            "device_connection_id": agreed.connection_id,
            "credentials": credentials,
            "data_kinds": agreed.kinds,
            "consent_version": agreed.version,
        }
        answer = await self._sync.post(principal, PATH, asked)
        if answer.status_code == httpx2.codes.OK:
            return True
        problem = _problem(answer.content)
        log.warning("account_refused", status=answer.status_code, code=problem.code, vendor=vendor)
        if problem.code in OF_THE_PERSON:
            refused = Refused(problem.code, faults=problem.errors, detail=problem.detail or None)
            raise TryFailed(refused, agreed.session)
        return False


def _problem(content: bytes) -> _Problem:
    try:
        return msgspec.json.decode(content, type=_Problem)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return _Problem()
