"""Goodbye at the vendor: what was granted there to an account that has ended here is taken back, however often it takes.

Like a look it is work in the account's row, under a lease: a process may die between any two steps. ADR 0013.
"""

import random
from datetime import timedelta
from functools import partial

from chassis.clock import now
from chassis.db import Database, is_passing
from chassis.log import Log
from proto.vendors.client import Client, VendorFault
from proto.vendors.normalized import Fault
from services.sync.budgets import Budgets
from services.sync.domain import goodbye_again_s
from services.sync.looking import Lease, LeaseLost
from services.sync.outbound import Line, Outbound
from services.sync.parties import Vendors
from services.sync.store import accounts
from services.sync.store.accounts import Account
from services.sync.subscribing import Subscriber
from services.sync.vault import Vault

log = Log("parting")


class Parting:
    def __init__(
        self,
        *,
        db: Database,
        vendors: Vendors,
        vault: Vault,
        outbound: Outbound,
        budgets: Budgets,
        subscriber: Subscriber,
    ) -> None:
        self._db = db
        self._vendors = vendors
        self._vault = vault
        self._outbound = outbound
        self._budgets = budgets
        self._subscriber = subscriber

    async def part(self, account: Account, lease: Lease) -> None:
        """Tokens are destroyed once the vendor was told, or cannot be. Raises what is about our own servers."""
        client = self._vendors.client(account.vendor)
        try:
            wait_s = None if client is None else await self._tell(account, client, lease)
        except LeaseLost:
            log.warning("lease_lost", vendor=account.vendor)
            return
        except Exception as error:
            if is_passing(error):
                raise  # the lease ends, and somebody takes it up again
            log.failure("parting_failed", error, vendor=account.vendor)
            wait_s = self._again_s(account, Fault(fault_class="vendor_error", code=type(error).__name__))
        async with self._db.transaction("parting") as tx:
            if wait_s is None:
                await accounts.forget_tokens(tx.conn, account)
            else:
                due, failures = now() + timedelta(seconds=wait_s), account.failures + 1
                await accounts.release(tx.conn, account, due_at=due, failures=failures, fault="not_parted")

    async def _tell(self, account: Account, client: Client, lease: Lease) -> float | None:
        """Seconds until it must be tried again; None: it is told, or there is nothing more that could be tried."""
        async with self._db.acquire() as conn:
            if await accounts.has_successor(conn, account.id):
                return None  # the same user of the vendor came back to us: some vendors would end the new grant too
        line = Line(self._outbound, self._budgets, client, str(account.id), None)
        try:
            tokens = line.tokens = await self._vault.fresh(account, client, line)
        except VendorFault as error:
            return self._again_s(account, error.fault)
        # Subscriptions first: they need the grant.
        for step in (partial(self._subscriber.end, client, line), partial(client.revoke, line, tokens)):
            lease.require()
            try:
                await step()
            except VendorFault as error:
                if (wait_s := self._again_s(account, error.fault)) is not None:
                    return wait_s
        return None

    def _again_s(self, account: Account, fault: Fault) -> float | None:
        since = now() - (account.ended_at or account.created_at)
        jitter = random.random()  # noqa: S311 - spreading
        wait_s = goodbye_again_s(fault, account.failures, since, jitter)
        told = log.warning if wait_s is None else log.info
        told("not_parted", vendor=account.vendor, reason=fault.fault_class, code=fault.code)
        return wait_s
