"""What becomes of connections when a vendor's account is signed in to, stops to answer, or ends.

An account is the physical device of its connections: `account:<id>`, one connection a model. So one owner, the old id and
history after another sign-in, and the same device twice are what they are for every device.

An account that was typed in while pairing is another matter: its connections have devices of their own and complete by
themselves; they only follow what becomes of it.
"""

from collections.abc import Iterable
from typing import Final
from uuid import UUID

from chassis.auth import Principal
from chassis.clock import uuid7
from chassis.db import Tx
from chassis.log import Log
from chassis.mirror import Mirror
from proto.events import AccountChanged
from proto.identity import ACCOUNT, model_id
from proto.state import ModelState
from proto.words import Kind
from services.pairing import changes
from services.pairing.attempts import void_attempt
from services.pairing.audits import about
from services.pairing.completing import (
    Completer,
    Device,
    bringing_consent,
    find_known,
    lock_device,
    settle,
)
from services.pairing.consenting import give_consent, has_current_consent
from services.pairing.domain import event_of_account, is_late_sign_in, ordered_kinds
from services.pairing.ending import revoke
from services.pairing.serving import is_served
from services.pairing.store import accounts, connections, sessions
from services.pairing.store.connections import ConnectionRow

log = Log("accounts")

NAME_MAX: Final = 64


def device_of(event: AccountChanged) -> Device:
    return Device(id=f"account:{event.account_id}")


def actor_of(event: AccountChanged) -> Principal:
    """Who signed in at the vendor, as the actor of what follows."""
    return Principal(user_id=event.user_id, roles=frozenset({"patient"}), patient_id=event.patient_id)


class Accounts:
    def __init__(self, models: Mirror[ModelState], completer: Completer) -> None:
        self._models = models
        self._completer = completer

    async def on_account_changed(self, tx: Tx, event: AccountChanged) -> None:
        is_news = await accounts.upsert_heard(
            tx.conn,
            event.account_id,
            patient_id=event.patient_id,
            vendor=event.vendor,
            state=event.state,
            at=event.at,
        )
        await self._lock(tx, event)
        if is_news:
            await self._follow(tx, event)
            if event.state == "active" and event.connection_id is None:
                await self._connect(tx, event)
        known = await accounts.select_heard(tx.conn, event.account_id)
        if is_news or is_late_sign_in(known, event.state, event.at):
            await self._complete(tx, event, is_news)

    async def _lock(self, tx: Tx, event: AccountChanged) -> None:
        """All that may change, at once: rows are locked in order, so that nobody waits in a circle."""
        ids = await self._behind(tx, event)
        model = model_id(event.vendor, ACCOUNT)
        if event.connection_id is not None:
            row = await connections.select_connection(tx.conn, event.connection_id)
            ids.append(event.connection_id)
            model = row.device_model_id if row else model
        await lock_device(tx, model, device_of(event).id, *ids)

    async def _behind(self, tx: Tx, event: AccountChanged) -> list[UUID]:
        """Whose device is the account, and those that it was typed in for."""
        ids = await accounts.select_of_account(tx.conn, event.patient_id, device_of(event).id)
        for id, model_id_ in await accounts.select_typed(tx.conn, event.patient_id):
            model = self._models.get(str(model_id_))
            if model is not None and is_served(event.vendor, model):
                ids.append(id)
        return ids

    async def _own(self, tx: Tx, event: AccountChanged) -> list[ConnectionRow]:
        ids = await self._behind(tx, event)
        return list((await connections.lock_connections(tx.conn, ids)).values())

    async def _follow(self, tx: Tx, event: AccountChanged) -> None:
        """What happened to the account happens to its connections."""
        happened = event_of_account(event.state, event.ended_by)
        for row in await self._own(tx, event):
            if happened == "revoked":
                await revoke(tx, row, actor_of(event), event.at)
            else:
                await changes.happen(tx, row, happened, event.at)

    async def _complete(self, tx: Tx, event: AccountChanged, is_news: bool) -> None:
        """The pairing that the person began; nothing when it was removed since, is done, or is another's."""
        if event.state != "active" or event.connection_id is None:
            return
        row = await connections.lock_connection(tx.conn, event.connection_id)
        if row is None or row.status == "revoked" or row.patient_id != event.patient_id:
            return
        if row.pairing_method != "vendor_oauth" or not (is_news or row.device_id is None):
            return
        device = device_of(event)
        session = await sessions.select_live(tx.conn, row.id)
        if row.device_id == device.id and session is None:
            return
        _, rivals = await lock_device(tx, row.device_model_id, device.id, row.id)
        known, taken = find_known(row.id, row.patient_id, rivals)
        has_consent = has_current_consent(bringing_consent(row, known))
        if taken or not has_consent:
            code = "already_paired" if has_consent else "consent_required"
            log.warning("account_not_paired", code=code, connection_id=row.id, vendor=event.vendor)
            await void_attempt(tx, row.id, code)
            changes.tell(tx, row, "pairing", event.at)
            return
        target = await settle(tx, row, known, event.at)
        await self._completer.connect(tx, actor_of(event), row, target, device, session, event.at)

    async def _connect(self, tx: Tx, event: AccountChanged) -> None:
        """Somebody signed in without a device in mind: under the consent that they gave with it, to each connection
        of the account what its model measures, and to one of the account as a whole what none of them does."""
        if event.consent_version is None or not event.data_kinds:
            return
        left = frozenset(event.data_kinds)
        for row in await self._own(tx, event):
            model = self._models.get(str(row.device_model_id))
            if model is None:
                continue
            kinds = model.capabilities.intersection(event.data_kinds)
            left -= kinds
            if await self._agree(tx, event, event.consent_version, row, kinds):
                await changes.publish(tx, row.id, "consent_given", event.at)
        model = await self._account_model(event.vendor)
        if left & model.capabilities:
            await self._connect_whole(tx, event, event.consent_version, model)

    async def _agree(
        self, tx: Tx, event: AccountChanged, version: str, row: ConnectionRow, kinds: Iterable[Kind]
    ) -> bool:
        """Whether the connection has another consent now."""
        wanted = ordered_kinds(kinds)
        if not wanted or (row.consent_version, row.consent_kinds) == (version, wanted):
            return False
        await give_consent(tx, row, actor_of(event), kinds=wanted, locale=None, now=event.at, version=version)
        return True

    async def _connect_whole(self, tx: Tx, event: AccountChanged, version: str, model: ModelState) -> None:
        device, actor = device_of(event), actor_of(event)
        _, rivals = await lock_device(tx, model.id, device.id)
        known, taken = find_known(None, event.patient_id, rivals)
        if taken:
            log.warning("account_not_paired", code="already_paired", vendor=event.vendor)
            return
        row = known or await self._insert(tx, event, model)
        kinds = model.capabilities.intersection(event.data_kinds)
        await self._agree(tx, event, version, row, kinds)
        await self._completer.connect(tx, actor, row, row, device, None, event.at)

    async def _insert(self, tx: Tx, event: AccountChanged, model: ModelState) -> ConnectionRow:
        id = uuid7()
        await connections.insert_connection(
            tx.conn,
            id=id,
            patient_id=event.patient_id,
            device_model_id=model.id,
            name=model.name[:NAME_MAX],
            device_type=model.device_type,
            pairing_method="vendor_oauth",
            hub_id=None,
            now=event.at,
        )
        row = await changes.publish(tx, id, "status", event.at)
        tx.audit(about("connection.create", actor_of(event), row, device_model_id=str(model.id)))
        return row

    async def _account_model(self, vendor: str) -> ModelState:
        """Raises `LookupError`: the message is tried again until the registry has said it, and then given up."""
        key = str(model_id(vendor, ACCOUNT))
        if self._models.get(key) is None:
            await self._models.catch_up()
        model = self._models.get(key)
        if model is None:
            raise LookupError("the vendor's account is not in the catalogue")
        return model
