"""Who is looked at when: a vendor that keeps its workers waiting leaves the others to the others."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from services.sync.breaker import Breaker
from services.sync.looking import Lease, Looker
from services.sync.parting import Parting
from services.sync.store import accounts
from services.sync.store.accounts import Account
from services.sync.tests.bench import Bench, bench_of
from services.sync.workers import Workers, share_of
from tests.support.waiting import until

pytestmark = pytest.mark.integration
SLOW, QUICK = "slow-of-workers", "quick-of-workers"


class Watched(Looker):
    """Looks at nothing: those of a slow vendor wait at its gate, and what it saw is kept."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.gate = asyncio.Event()
        self.at_gate = 0
        self.seen: list[str] = []

    async def look(self, account: Account, lease: Lease) -> None:
        if account.vendor == SLOW:
            self.at_gate += 1
            await self.gate.wait()
        self.seen.append(account.vendor)
        async with self.bench.db.transaction("test") as tx:
            await accounts.update_state(tx.conn, account.id, "paused", None)


class Nobody(Parting):
    """Nobody leaves here."""

    def __init__(self) -> None:
        return


@pytest.fixture
async def bench(service_environ: Callable[[str], dict[str, str]]) -> AsyncIterator[Bench]:
    async with bench_of(service_environ) as made:
        yield made


async def due(bench: Bench, vendor: str, count: int) -> None:
    """The older ones of a vendor come first."""
    for _ in range(count):
        made = await bench.account()
        async with bench.db.transaction("test") as tx:
            await tx.conn.execute(
                "UPDATE sync.vendor_accounts SET vendor = $2, state = 'active', next_due_at = now() WHERE id = $1",
                made.id,
                vendor,
            )


async def others(bench: Bench) -> list[str]:
    """Vendors of other tests' accounts: not ours to look at."""
    async with bench.db.acquire() as conn:
        rows = await conn.fetch("SELECT DISTINCT vendor FROM sync.vendor_accounts")
    return [row["vendor"] for row in rows if row["vendor"] not in (SLOW, QUICK)]


class Closed(Breaker):
    def __init__(self, vendors: list[str]) -> None:
        super().__init__()
        self._others = vendors

    def closed(self) -> list[str]:
        return [*super().closed(), *self._others]


async def test_a_vendor_that_waits_holds_its_share_of_the_workers_and_no_more(bench: Bench) -> None:
    await due(bench, SLOW, 8)
    await due(bench, QUICK, 4)
    looker = Watched(bench)
    workers = Workers(bench.db, looker, Nobody(), Closed(await others(bench)), count=6, lease_s=30)
    await workers.start()
    try:
        await until(lambda: looker.seen.count(QUICK) == 4)
        assert looker.at_gate == share_of(6)
        looker.gate.set()
        await until(lambda: looker.seen.count(SLOW) == 8)
    finally:
        await workers.stop()


def test_a_share_is_a_third_and_never_nothing() -> None:
    assert [share_of(count) for count in (1, 2, 6, 64)] == [1, 1, 2, 21]
