"""One look at one account, under its lease: subscriptions, imports that wait, then what is new. ADR 0013.

Whatever happens, the account comes out of it with a state, a time for the next look, and a cursor that stands behind
what is in the stream.
"""

import random
import time
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from chassis.clock import now
from chassis.db import Connection as Conn
from chassis.db import Database, is_passing
from chassis.log import Log
from chassis.mirror import Mirror
from proto.events import SyncFault
from proto.state import ProfileState
from proto.vendors.client import Ask, Client, Page, Tokens, VendorFault
from proto.vendors.normalized import Context, Fault
from proto.words import Kind
from services.sync.breaker import Breaker
from services.sync.budgets import Budgets
from services.sync.comparing import Comparison
from services.sync.domain import (
    Target,
    backoff_s,
    consequence_of,
    look_since,
    missing_kinds,
    next_look,
    window_before,
)
from services.sync.feeding import Fed, Feeder, Known
from services.sync.outbound import Line, Outbound
from services.sync.parties import Vendors
from services.sync.says import say_account, say_job
from services.sync.store import accounts, jobs
from services.sync.store.accounts import Account
from services.sync.store.jobs import JobRow
from services.sync.subscribing import Subscriber
from services.sync.vault import Vault

log = Log("looking")
PAGES_MAX: Final = 2000
"""More answers to one question are a fault of paging, the vendor's or ours."""
IDLE: Final = timedelta(minutes=5)
MARGIN: Final = 0.75
"""This share of a lease may be used: the rest is for what is on its way when it is asked."""
ENDS_LOOK: Final = frozenset({"auth", "grant_lost", "rate_limited", "vendor_retired"})
"""Faults of a subscription that would be those of the look too."""


class LeaseLost(Exception):
    """Somebody else has the account: nothing that this look still does may count."""


class Lease:
    """How long an account is certainly ours. Its keeper renews it; a look asks before it hands on what it has read, so
    that what is old never follows a deletion that waited for the lease to end."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._ends = 0.0
        self.renewed(time.monotonic())

    def renewed(self, asked_at: float) -> None:
        """`asked_at`: before the database was asked, by the monotonic clock."""
        self._ends = asked_at + self._seconds * MARGIN

    def require(self) -> None:
        if time.monotonic() >= self._ends:
            raise LeaseLost


class Looker:
    """All that a look needs. Stateless between looks."""

    def __init__(
        self,
        *,
        db: Database,
        vendors: Vendors,
        vault: Vault,
        outbound: Outbound,
        budgets: Budgets,
        breaker: Breaker,
        feeder: Feeder,
        known: Known,
        profiles: Mirror[ProfileState],
        subscriber: Subscriber,
        turn_s: int,
    ) -> None:
        self._db = db
        self._vendors = vendors
        self._vault = vault
        self._outbound = outbound
        self._budgets = budgets
        self._breaker = breaker
        self._feeder = feeder
        self._known = known
        self._profiles = profiles
        self._subscriber = subscriber
        self._turn = timedelta(seconds=turn_s)

    async def look(self, account: Account, lease: Lease) -> None:
        """Never raises what is about the vendor or the account; raises what is about our own servers."""
        client = self._vendors.client(account.vendor)
        if client is None:
            await self._put_off(account, now() + IDLE, account.failures, "no_credentials")
            return
        look = _Look(self, account, client, lease)
        try:
            is_done = await look.run()
        except LeaseLost:
            log.warning("lease_lost", vendor=account.vendor)
            return
        except VendorFault as error:
            await self._after_fault(account, error.fault)
            return
        except Exception as error:
            if is_passing(error):  # ours: the account keeps its place, and its cursor stands where it stood
                await self._put_off(
                    account, now() + timedelta(seconds=backoff_s(1, 1.0)), account.failures, None
                )
                raise
            log.failure("look_failed", error, vendor=account.vendor)
            await self._after_fault(account, Fault(fault_class="invalid_request", code=type(error).__name__))
            return
        self._breaker.succeeded(account.vendor)
        due = next_look(client.manifest, now(), random.random()) if is_done else now()  # noqa: S311 - spreading
        await self._put_off(account, due if look.is_announced else min(due, now() + IDLE), 0, None)

    async def _put_off(self, account: Account, due: datetime, failures: int, fault: str | None) -> None:
        async with self._db.transaction("release_account") as tx:
            await accounts.release(tx.conn, account, due_at=due, failures=failures, fault=fault)

    async def _after_fault(self, account: Account, fault: Fault) -> None:
        """What the vendor's refusal means: a later look, or the patient's turn."""
        consequence = consequence_of(fault, account.failures, random.random())  # noqa: S311 - jitter
        log.warning("look_refused", vendor=account.vendor, reason=fault.fault_class, code=fault.code)
        if consequence.blames_vendor:
            self._breaker.failed(account.vendor)
        wait_s = consequence.wait_s or 0.0
        if consequence.state == "active":
            due = now() + timedelta(seconds=wait_s)
            await self._put_off(account, due, account.failures + 1, f"{fault.fault_class}:{fault.code}")
            return
        await self.end_grant(account, consequence.state, consequence.reason or fault.fault_class)

    async def end_grant(self, account: Account, state: str, reason: str) -> None:
        """The account cannot be asked any more until the person does something; jobs that wait for it fail."""
        at = now()
        async with self._db.transaction("account_ended") as tx:
            current = await accounts.select_account(tx.conn, account.id, lock=True)
            if current is None or current.fence != account.fence or current.state != "active":
                return
            await accounts.update_state(tx.conn, account.id, state, reason)  # type: ignore[arg-type]
            for job in await jobs.fail_open(
                tx.conn, account.id, SyncFault(fault_class=reason, code=reason), at
            ):
                say_job(tx, job)
            after = await accounts.select_account(tx.conn, account.id)
            if after is not None:
                say_account(tx, after, at)


class _Look:
    """One account's turn."""

    def __init__(self, of: Looker, account: Account, client: Client, lease: Lease) -> None:
        self._of = of
        self._account = account
        self._lease = lease
        self._client = client
        self._manifest = client.manifest
        self._line = Line(of._outbound, of._budgets, client, str(account.id), None)
        self._ends = now() + of._turn
        self.is_announced = True
        """Whether the vendor was asked for all notifications that there should be."""
        profile = of._profiles.get(str(account.patient_id))
        self._timezone = profile.timezone if profile is not None else ""

    async def run(self) -> bool:
        """True: everything that was wanted is done; False: the turn is over, and there is more."""
        if not self._manifest.capabilities.pull:
            return True
        targets = await self._targets()
        if not targets:
            return True  # consent was withdrawn, or the connection is not there yet: nothing may be asked for
        self._line.tokens = await self._of._vault.fresh(self._account, self._client, self._line)
        kinds = self._kinds(targets)
        await self._compare(kinds)
        async with self._of._db.acquire() as conn:
            waiting = await jobs.select_open(conn, self._account.id)
        for job in waiting:
            if not await self._import(job, targets, kinds):
                return False
        await self._look_for_news(targets, kinds)
        return True

    async def _targets(self) -> list[Target]:
        """Connections that may receive now. One that was heard of before its import was begun waits for that: otherwise
        the news of these days would show what is history as if it were measured now."""
        targets = self._of._known.targets(self._account.patient_id, self._manifest)
        if not self._manifest.capabilities.max_history_days:
            return targets
        async with self._of._db.acquire() as conn:
            begun = await jobs.select_begun(conn, self._account.id, [target.state.id for target in targets])
        return [target for target in targets if target.state.id in begun]

    async def _compare(self, kinds: frozenset[Kind]) -> None:
        """A vendor that takes no subscription now is looked at all the same, and asked for it again soon: it tries our
        address, and we may just be away."""
        for is_first in (True, False):
            try:
                await self._of._subscriber.compare(self._account, self._client, self._line, kinds)
            except VendorFault as error:
                if error.fault.fault_class == "auth" and is_first:
                    await self._refresh()
                    continue
                if error.fault.fault_class in ENDS_LOOK:
                    raise
                log.warning("not_subscribed", vendor=self._account.vendor, code=error.fault.code)
                self.is_announced = False
            return

    def _kinds(self, targets: Sequence[Target]) -> frozenset[Kind]:
        """What may be asked for: consented on some connection, measured by its model, allowed at the vendor."""
        consented = frozenset(
            kind for target in targets for kind in target.state.consent_kinds & target.capabilities
        )
        return consented - missing_kinds(self._manifest, self._account.scopes, consented)

    async def _import(self, job: JobRow, targets: Sequence[Target], kinds: frozenset[Kind]) -> bool:
        """Window by window; False when the turn is over first. A window that was not finished is asked for again."""
        while (window := window_before(job.since, job.position, job.window_days)) is not None:
            if now() >= self._ends:
                return False
            since, until = window
            ask = Ask(since=since, until=until, kinds=kinds, timezone=self._timezone)
            fed, _ = await self._take(ask, targets, job.id)
            job = await self._advance(job, since, fed)
        return True

    async def _advance(self, job: JobRow, position: datetime, fed: Fed) -> JobRow:
        async with self._of._db.transaction("advance_job") as tx:
            await self._require_lease(tx.conn)
            moved = await jobs.advance(
                tx.conn,
                job,
                position=position,
                published=fed.readings,
                rejected=fed.refused,
                errors=fed.faults,
            )
            if moved is None:
                raise LeaseLost
            if jobs.is_over(moved):
                moved = await jobs.finish(tx.conn, moved.id, "done", now(), moved.errors) or moved
            say_job(tx, moved)
        return moved

    async def _look_for_news(self, targets: Sequence[Target], kinds: frozenset[Kind]) -> None:
        began = now()
        since = look_since(self._manifest, began, self._account.looked_until, self._account.hint_since)
        ask = Ask(
            since=since,
            until=began,
            kinds=kinds,
            timezone=self._timezone,
            cursor=self._account.look_cursor,
        )
        comparison = Comparison(self._account.emptied, ask)
        _, cursor = await self._take(ask, targets, None, comparison)
        self._lease.require()
        await self._of._feeder.take_back(
            self._manifest.name, comparison.removals(), targets, read_at=comparison.asked_at
        )
        async with self._of._db.transaction("looked") as tx:
            await accounts.update_compared(tx.conn, self._account, comparison.metrics)
            if not await accounts.update_looked(tx.conn, self._account, cursor=cursor, until=began):
                raise LeaseLost

    async def _take(
        self, ask: Ask, targets: Sequence[Target], job_id: UUID | None, comparison: Comparison | None = None
    ) -> tuple[Fed, str | None]:
        """Everything that a question brings, in the stream. Answers it added up, and the vendor's last cursor."""
        total, cursor, asked_at = Fed(), None, now()
        mapping = self._of._vendors.mapping(self._manifest.name)
        pages = 0
        async for page in self._pages(ask):
            pages += 1
            if pages > PAGES_MAX:
                raise VendorFault("vendor_error", "endless_pages")
            context = Context(endpoint=page.endpoint, timezone=self._timezone, now=now())
            normalized = mapping([page.payload], context)
            for fault in normalized.errors:
                raise VendorFault(fault.fault_class, fault.code, fault.retry_after)
            self._lease.require()
            fed = await self._of._feeder.feed(
                self._manifest.name, normalized, targets, read_at=asked_at, job_id=job_id
            )
            _add(total, fed)
            if comparison is not None:
                comparison.see(normalized)
            cursor = page.cursor or cursor
        return total, cursor

    async def _pages(self, ask: Ask) -> AsyncIterator[Page]:
        """The client's pages; a token that is refused is refreshed once, and the question asked again."""
        try:
            async for page in self._client.pages(self._line, ask):
                yield page
        except VendorFault as error:
            if error.fault.fault_class != "auth":
                raise
            await self._refresh()
            async for page in self._client.pages(self._line, ask):
                yield page

    async def _refresh(self) -> None:
        failed: Tokens | None = self._line.tokens
        if failed is None:
            raise VendorFault("auth", "no_token")
        self._line.tokens = await self._of._vault.refresh(self._account.id, failed, self._client, self._line)

    async def _require_lease(self, conn: Conn) -> None:
        current = await accounts.select_account(conn, self._account.id, lock=True)
        if current is None or current.fence != self._account.fence:
            raise LeaseLost


def _add(total: Fed, more: Fed) -> None:
    total.readings += more.readings
    total.deletions += more.deletions
    total.refused += more.refused
    total.faults += [fault for fault in more.faults if fault not in total.faults]
