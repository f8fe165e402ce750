"""The pool that looks at accounts, and parts from those that ended: claims one that is due, keeps its lease alive, and
lets go of it."""

import asyncio
import time
from collections import Counter
from datetime import timedelta
from typing import Final

from chassis import telemetry
from chassis.clock import now
from chassis.db import GONE, Database
from chassis.log import Log
from proto.errors import Unavailable
from services.sync.breaker import Breaker
from services.sync.looking import Lease, Looker
from services.sync.parting import Parting
from services.sync.store import accounts
from services.sync.store.accounts import Account

log = Log("workers")

IDLE_S: Final = 5.0
"""The longest sleep: what another replica marked as due is seen by then."""
DOWN_S: Final = 1.0


def share_of(count: int) -> int:
    """How many of so many workers one vendor may hold: a slow one leaves most of them to the others."""
    return max(1, count // 3)


class Workers:
    """`count` looks at the same time in this process."""

    def __init__(
        self,
        db: Database,
        looker: Looker,
        parting: Parting,
        breaker: Breaker,
        *,
        count: int,
        lease_s: float,
    ) -> None:
        self._db = db
        self._looker = looker
        self._parting = parting
        self._breaker = breaker
        self._count = count
        self._share = share_of(count)
        self._held: Counter[str] = Counter()
        self._claiming = asyncio.Lock()
        self._lease = timedelta(seconds=lease_s)
        self._bell = asyncio.Event()
        self._stopping = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        self._tasks = [
            asyncio.create_task(self._work(), name=f"worker:{number}") for number in range(self._count)
        ]

    async def stop(self) -> None:
        """Looks that are under way are given up: their leases end by themselves, their cursors stand where they stood."""
        self._stopping.set()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def problem(self) -> str | None:
        dead = sum(task.done() for task in self._tasks)
        return f"{dead} workers have stopped" if dead and not self._stopping.is_set() else None

    def wake(self) -> None:
        """Somebody marked an account as due."""
        self._bell.set()

    async def _work(self) -> None:
        while not self._stopping.is_set():
            try:
                claimed = await self._claim()
                if claimed is None:
                    await self._sleep()
                    continue
                account, lease = claimed
                self.wake()  # there may be more: somebody else who sleeps shall look
                try:
                    await self._hold(account, lease)
                finally:
                    self._held[account.vendor] -= 1
                    self.wake()  # one of its accounts may have been passed over
            except (*GONE, Unavailable) as error:
                log.warning("worker_waits", error=type(error).__name__)
                await asyncio.sleep(DOWN_S)
            except Exception as error:
                log.failure("worker_failed", error)
                await asyncio.sleep(DOWN_S)

    async def _claim(self) -> tuple[Account, Lease] | None:
        """One at a time in a process: each must know what the others hold."""
        async with self._claiming:
            self._bell.clear()
            at, lease = now(), Lease(self._lease.total_seconds())
            async with self._db.transaction("claim_account") as tx:
                account = await accounts.claim(tx.conn, at, at + self._lease, self._passed_over())
            if account is None:
                return None
            self._held[account.vendor] += 1
        telemetry.SYNC_LAG.labels(account.vendor).set(max(0.0, (at - account.next_due_at).total_seconds()))
        return account, lease

    def _passed_over(self) -> list[str]:
        """Vendors that fail, and those that hold their share of the workers: who waits for a budget keeps a worker."""
        full = [vendor for vendor, count in self._held.items() if count >= self._share]
        return [*self._breaker.closed(), *full]

    async def _sleep(self) -> None:
        async with self._db.acquire() as conn:
            due = await accounts.next_due(conn, self._passed_over())
        seconds = IDLE_S if due is None else min(IDLE_S, max(0.05, (due - now()).total_seconds()))
        try:
            async with asyncio.timeout(seconds):
                await self._bell.wait()
        except TimeoutError:
            return

    async def _hold(self, account: Account, lease: Lease) -> None:
        keeper = asyncio.create_task(self._keep(account, lease), name="lease")
        work = self._parting.part if account.state == "revoked" else self._looker.look
        task = asyncio.create_task(work(account, lease), name="look")
        try:
            await asyncio.wait({keeper, task}, return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                await task
            else:
                log.warning("lease_lost", vendor=account.vendor)
        finally:
            for one in (keeper, task):
                one.cancel()
            await asyncio.gather(keeper, task, return_exceptions=True)

    async def _keep(self, account: Account, lease: Lease) -> None:
        """Ends when the lease is lost."""
        while True:
            await asyncio.sleep(self._lease.total_seconds() / 3)
            asked_at = time.monotonic()
            async with self._db.acquire() as conn:
                if not await accounts.renew(conn, account.id, account.fence, now() + self._lease):
                    return
            lease.renewed(asked_at)
