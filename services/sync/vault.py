"""Tokens of vendor accounts: sealed to their row, refreshed once, destroyed with the grant.

The rule of refreshing is in ADR 0013: lock the row, read it again, refresh only if the pair that failed is still the one
that is stored, and commit the new pair before anybody uses it. Once the vendor was asked, the answer is kept whatever
happens here, short of the process's death: a token that is good once is spent by then.
"""

import asyncio
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from chassis import telemetry
from chassis.clock import now
from chassis.crypto import KeyRing, open_sealed, seal
from chassis.db import Database, Tx, is_passing
from chassis.log import Log
from proto.vendors.client import Client, Tokens, VendorFault
from services.sync.domain import EARLY
from services.sync.outbound import Line
from services.sync.store import accounts
from services.sync.store.accounts import Account

log = Log("vault")
TABLE: Final = "sync.vendor_accounts"
COLUMN: Final = "oauth_tokens_encrypted"
SEEN_THROUGH_S: Final = 12.0
"""So long a process that stops waits for answers with new tokens: the deadline of a request, and a commit."""
KEPT_S: Final = 120.0
"""So long a new pair is kept in memory while the database is away."""
TRY_S: Final = 0.5


class Vault:
    def __init__(self, db: Database, ring: KeyRing) -> None:
        self._db = db
        self._ring = ring
        self._under_way: set[asyncio.Task[Tokens]] = set()

    async def start(self) -> None:
        return

    async def stop(self) -> None:
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=SEEN_THROUGH_S)

    def problem(self) -> str | None:
        return None

    def seal(self, tokens: Tokens, id: UUID, patient_id: UUID) -> bytes:
        return seal(
            self._ring,
            msgspec.json.encode(tokens),
            table=TABLE,
            column=COLUMN,
            row=str(id),
            patient=str(patient_id),
        )

    def open(self, account: Account) -> Tokens:
        """Raises `VendorFault("grant_lost")` when the grant has ended, `SealBroken` when the seal is not this row's."""
        if account.tokens is None:
            raise VendorFault("grant_lost", "ended")
        plain = open_sealed(
            self._ring,
            account.tokens,
            table=TABLE,
            column=COLUMN,
            row=str(account.id),
            patient=str(account.patient_id),
        )
        return msgspec.json.decode(plain, type=Tokens)

    async def fresh(self, account: Account, client: Client, line: Line) -> Tokens:
        """Tokens that will be good for a while; refreshed when they would not."""
        tokens = self.open(account)
        if not is_stale(tokens, now()):
            return tokens
        return await self.refresh(account.id, tokens, client, line)

    async def refresh(self, id: UUID, failed: Tokens, client: Client, line: Line) -> Tokens:
        """The pair after `failed`. Raises `VendorFault`; `grant_lost` only if `failed` is still what is stored.

        Whoever waits may be cancelled; the refresh itself is not.
        """
        task = asyncio.create_task(self._refresh(id, failed, client, line), name="refresh")
        self._under_way.add(task)
        task.add_done_callback(self._ended)
        return await asyncio.shield(task)

    def _ended(self, task: asyncio.Task[Tokens]) -> None:
        self._under_way.discard(task)
        if not task.cancelled():
            task.exception()  # whoever waited was told; if nobody did, the next look asks again

    async def _refresh(self, id: UUID, failed: Tokens, client: Client, line: Line) -> Tokens:
        vendor = client.manifest.name
        new: Tokens | None = None
        try:
            async with self._db.transaction("refresh_tokens") as tx:
                account, stored = await self._locked(tx, id)
                if stored.access_token != failed.access_token:
                    telemetry.VENDOR_REFRESHES.labels(vendor, "by_another").inc()
                    return stored
                new = await self._ask(client, line, stored)
                await self._keep(tx, account, new)
        except Exception as error:
            if new is None or not is_passing(error):
                raise
            log.warning("tokens_kept_later", vendor=vendor, error=type(error).__name__)
            new = await self._keep_late(id, failed, new)
        telemetry.VENDOR_REFRESHES.labels(vendor, "refreshed").inc()
        return new

    async def _keep_late(self, id: UUID, failed: Tokens, new: Tokens) -> Tokens:
        """The database went away between the vendor's answer and the commit. Raises what it says when it stays away."""
        loop = asyncio.get_running_loop()
        ends = loop.time() + KEPT_S
        while True:
            try:
                async with self._db.transaction("refresh_tokens") as tx:
                    account, stored = await self._locked(tx, id)
                    if stored.access_token != failed.access_token:
                        return stored
                    await self._keep(tx, account, new)
                return new
            except Exception as error:
                if loop.time() > ends or not is_passing(error):
                    raise
                await asyncio.sleep(TRY_S)

    async def _locked(self, tx: Tx, id: UUID) -> tuple[Account, Tokens]:
        account = await accounts.select_account(tx.conn, id, lock=True)
        if account is None:
            raise VendorFault("grant_lost", "gone")
        return account, self.open(account)

    async def _ask(self, client: Client, line: Line, stored: Tokens) -> Tokens:
        if stored.refresh_token is None:
            raise VendorFault("grant_lost", "no_refresh_token")
        vendor = client.manifest.name
        bare = line.without_tokens()
        try:
            answer = await bare(client.refresh_request(stored.refresh_token))
            new = client.read_tokens(answer, now())
        except VendorFault as error:
            telemetry.VENDOR_REFRESHES.labels(vendor, error.fault.fault_class).inc()
            log.warning("refresh_failed", vendor=vendor, code=error.fault.code)
            raise
        return msgspec.structs.replace(
            new,
            refresh_token=new.refresh_token or stored.refresh_token,
            user_id=stored.user_id or new.user_id,
            scopes=new.scopes or stored.scopes,
        )

    async def _keep(self, tx: Tx, account: Account, tokens: Tokens) -> None:
        sealed = self.seal(tokens, account.id, account.patient_id)
        await accounts.update_tokens(tx.conn, account.id, sealed, list(tokens.scopes))


def is_stale(tokens: Tokens, at: datetime) -> bool:
    return tokens.expires_at is not None and tokens.expires_at - at < EARLY
