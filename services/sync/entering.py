"""Signing in at a vendor and out again: the address, the way back, the account, the end of the grant."""

import secrets
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlencode
from uuid import UUID

import asyncpg

from chassis.audit import AuditRecord
from chassis.auth import Principal, own_patient_id
from chassis.clock import now, uuid7
from chassis.crypto import KeyRing, open_sealed, seal, token_digest
from chassis.db import Database, Tx
from chassis.log import Log
from proto.errors import Refused, Unavailable
from proto.events import SyncFault
from proto.vendors.client import Client, Tokens, VendorFault
from proto.words import Kind
from services.sync.budgets import Budgets
from services.sync.domain import must_be_told
from services.sync.outbound import Line, Outbound
from services.sync.parties import Vendors
from services.sync.says import ring, say_account, say_job
from services.sync.store import accounts, jobs, sign_ins
from services.sync.store.accounts import Account
from services.sync.store.sign_ins import Agreement, SignIn
from services.sync.vault import Vault

log = Log("entering")
DEFAULT_RETURN: Final = "/integrations"


class Entrance:
    """What a person does with a vendor: connect, come back, disconnect."""

    def __init__(
        self,
        *,
        db: Database,
        vendors: Vendors,
        vault: Vault,
        ring: KeyRing,
        outbound: Outbound,
        budgets: Budgets,
        public_url: str,
        ttl_s: int,
    ) -> None:
        self._db = db
        self._vendors = vendors
        self._vault = vault
        self._ring = ring
        self._outbound = outbound
        self._budgets = budgets
        self._public_url = public_url.rstrip("/")
        self._ttl = timedelta(seconds=ttl_s)

    def redirect_uri(self, vendor: str) -> str:
        return f"{self._public_url}/api/v1/integrations/{vendor}/callback"

    def offered(self, vendor: str) -> Client:
        """Raises 404 for a vendor that is not there, 503 for one that cannot be used now."""
        manifest = self._vendors.manifest(vendor)
        if manifest is None or manifest.oauth is None:
            raise Refused("not_found")
        client = self._vendors.client(vendor)
        if client is None or not self._vendors.is_offered(vendor):
            raise Unavailable("vendor sign-in", retry_after_s=3600)
        return client

    async def authorize_url(
        self,
        principal: Principal,
        vendor: str,
        *,
        kinds: list[Kind],
        consent_version: str,
        connection_id: UUID | None,
        return_to: str | None,
    ) -> str:
        """Where the person agrees at the vendor. The state is random, good once, and only for this person."""
        patient_id = own_patient_id(principal)
        client = self.offered(vendor)
        unknown = frozenset(kinds) - client.manifest.kinds
        if unknown:
            raise Refused("kind_not_supported", field="data_kinds")
        state, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(48)
        digest = token_digest(state)
        at = now()
        sign_in = SignIn(
            state_sha256=digest,
            user_id=principal.user_id,
            patient_id=patient_id,
            vendor=vendor,
            verifier_sealed=seal(self._ring, verifier.encode(), **seal_place(digest, patient_id)),
            data_kinds=kinds,
            consent_version=consent_version,
            connection_id=connection_id,
            return_to=return_to or DEFAULT_RETURN,
            expires_at=at + self._ttl,
        )
        async with self._db.transaction("begin_sign_in") as tx:
            await sign_ins.forget_sign_ins(tx.conn, at)
            await sign_ins.insert_sign_in(tx.conn, sign_in)
        url = client.authorize_url(
            state=state,
            redirect_uri=self.redirect_uri(vendor),
            kinds=frozenset(kinds),
            code_verifier=verifier,
        )
        return self._outbound.address(url)

    async def come_back(
        self, principal: Principal, vendor: str, *, state: str, code: str | None, error: str | None
    ) -> tuple[str, UUID | None, str]:
        """The end of the dance: `(connected | declined | error, account, return_to)`. Never says why to the page:
        the reason is in the log, and the person can only try again."""
        async with self._db.transaction("end_sign_in") as tx:
            sign_in = await sign_ins.spend_sign_in(tx.conn, token_digest(state))
        is_good = (
            sign_in is not None
            and sign_in.vendor == vendor
            and sign_in.user_id == principal.user_id
            and now() < sign_in.expires_at
        )
        if sign_in is None or not is_good:
            log.warning("sign_in_refused", vendor=vendor, reason="state")
            return "error", None, DEFAULT_RETURN
        if error is not None or not code:
            is_no = error in ("access_denied", "user_denied", "consent_denied")
            log.info("sign_in_ended", vendor=vendor, reason="declined" if is_no else "error")
            return ("declined" if is_no else "error"), None, sign_in.return_to
        client = self.offered(vendor)
        try:
            tokens = await self._exchange(client, sign_in, code)
            account_id = await self.keep(principal, sign_in, tokens)
        except VendorFault as fault:
            log.warning(
                "sign_in_failed", vendor=vendor, reason=fault.fault.fault_class, code=fault.fault.code
            )
            return "error", None, sign_in.return_to
        except asyncpg.UniqueViolationError:
            log.warning("sign_in_failed", vendor=vendor, reason="connected_to_another")
            return "error", None, sign_in.return_to
        return "connected", account_id, sign_in.return_to

    async def _exchange(self, client: Client, sign_in: SignIn, code: str) -> Tokens:
        verifier = open_sealed(
            self._ring, sign_in.verifier_sealed, **seal_place(sign_in.state_sha256, sign_in.patient_id)
        ).decode()
        line = Line(self._outbound, self._budgets, client, sign_in.state_sha256[:16], None, by_person=True)
        answer = await line(client.exchange_request(code, self.redirect_uri(sign_in.vendor), verifier))
        tokens = client.read_tokens(answer, now())
        line.tokens = tokens
        user_id = await client.identify(line, tokens)
        return Tokens(
            access_token=tokens.access_token,
            refresh_token=tokens.refresh_token,
            expires_at=tokens.expires_at,
            scopes=tokens.scopes,
            user_id=user_id,
        )

    async def keep(self, principal: Principal, agreed: Agreement, tokens: Tokens) -> UUID:
        """The account, new or again. Raises `UniqueViolationError` when it is somebody else's."""
        at = now()
        user_index = self._ring.blind_index(f"{agreed.vendor}:{tokens.user_id}")
        async with self._db.transaction("keep_account") as tx:
            mine = await accounts.select_of_patient(tx.conn, agreed.patient_id, agreed.vendor)
            same = await accounts.select_by_user(tx.conn, agreed.vendor, user_index, lock=True)
            if mine and (same is None or same.id != mine[0].id):
                # Another account of the same vendor takes the place of the one that was there.
                await self._end(tx, mine[0], "replaced", at)
            former = same.id if same is not None and same.patient_id == agreed.patient_id else None
            former = former or await accounts.select_former(
                tx.conn, agreed.patient_id, agreed.vendor, user_index
            )
            id = former or uuid7()
            account = _account_of(
                id, principal, agreed, tokens, self._vault.seal(tokens, id, agreed.patient_id), at
            )
            if former is not None:
                await accounts.update_reconnected(tx.conn, account, at)
            else:
                await accounts.insert_account(tx.conn, account, user_index)
            say_account(tx, account, at)
            ring(tx, account, "connected")
            tx.audit(_audit("vendor.connect", principal, account))
        return id

    async def disconnect(self, principal: Principal, vendor: str) -> None:
        """Ends the account here at once, and at the vendor as soon as it answers. Twice is the same as once."""
        patient_id = own_patient_id(principal)
        if self._vendors.manifest(vendor) is None:
            raise Refused("not_found")
        at = now()
        async with self._db.transaction("disconnect") as tx:
            for account in await accounts.select_of_patient(tx.conn, patient_id, vendor):
                await self._end(tx, account, "patient", at)
                tx.audit(_audit("vendor.disconnect", principal, account))

    async def end_without_connections(self, account: Account) -> None:
        """The last connection of an account was removed by its owner: there is nothing left to ask for."""
        async with self._db.transaction("account_unused") as tx:
            await self._end(tx, account, "patient", now())

    async def _end(self, tx: Tx, account: Account, reason: str, at: datetime) -> None:
        client = self._vendors.client(account.vendor)
        is_told = client is None or not must_be_told(client.manifest, account.state_reason)
        await accounts.update_ended(tx.conn, account.id, reason, at, is_told=is_told)
        ended = SyncFault(fault_class="grant_lost", code=reason)
        for job in await jobs.fail_open(tx.conn, account.id, ended, at):
            say_job(tx, job)
        after = await accounts.select_account(tx.conn, account.id)
        if after is not None:
            say_account(tx, after, at, ended_by="patient" if reason == "patient" else None)
            ring(tx, after, "due")


def way_back(return_to: str, vendor: str, result: str) -> str:
    """Where the person's page is; contract: `/integrations?vendor=&result=`."""
    separator = "&" if "?" in return_to else "?"
    return f"{return_to}{separator}{urlencode({'vendor': vendor, 'result': result})}"


def seal_place(digest: str, patient_id: UUID) -> dict[str, str]:
    """What the verifier of a sign-in is sealed to."""
    return {
        "table": "sync.authorizations",
        "column": "verifier_sealed",
        "row": digest,
        "patient": str(patient_id),
    }


def _account_of(
    id: UUID, principal: Principal, agreed: Agreement, tokens: Tokens, sealed: bytes, at: datetime
) -> Account:
    return Account(
        id=id,
        patient_id=agreed.patient_id,
        user_id=principal.user_id,
        vendor=agreed.vendor,
        state="active",
        state_reason=None,
        tokens=sealed,
        token_generation=1,
        scopes=list(tokens.scopes),
        data_kinds=agreed.data_kinds,
        consent_version=agreed.consent_version,
        connection_id=agreed.connection_id,
        look_cursor=None,
        looked_until=None,
        hint_since=None,
        next_due_at=at,
        wanted=1,
        taken=0,
        fence=0,
        failures=0,
        last_fault=None,
        subscribed_at=None,
        notified_at=None,
        committed_at=None,
        created_at=at,
        emptied={},
    )


def _audit(action: str, principal: Principal, account: Account) -> AuditRecord:
    return AuditRecord(
        action=action,  # type: ignore[arg-type]
        actor_id=str(principal.user_id),
        actor_role=principal.role,
        object_type="vendor_account",
        object_id=str(account.id),
        patient_id=account.patient_id,
        details={"vendor": account.vendor},
    )
