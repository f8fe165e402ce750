"""What a look may write, and what comes between: hints while pages are read, another sign-in, a look that began before."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec
import pytest

from services.sync.store import accounts
from services.sync.store.accounts import Account
from services.sync.tests.bench import Bench, bench_of, in_s

pytestmark = pytest.mark.integration
NOW = datetime.now(UTC)


@pytest.fixture
async def bench(service_environ: Callable[[str], dict[str, str]]) -> AsyncIterator[Bench]:
    async with bench_of(service_environ) as made:
        yield made


async def noted(bench: Bench, id: UUID, since: datetime) -> None:
    async with bench.db.transaction("test") as tx:
        await accounts.mark_due(tx.conn, id, NOW, since, notified=True)


async def looking(bench: Bench, account: Account) -> Account:
    """As a worker has it who claimed it now. The claim itself would take any account that is due."""
    async with bench.db.transaction("test") as tx:
        await tx.conn.execute(
            "UPDATE sync.vendor_accounts SET fence = fence + 1, taken = wanted, leased_at = $2, lease_until = $3"
            " WHERE id = $1",
            account.id,
            NOW,
            in_s(60),
        )
    return await bench.stored(account.id)


async def looked(bench: Bench, account: Account) -> bool:
    async with bench.db.transaction("test") as tx:
        return await accounts.update_looked(tx.conn, account, cursor=None, until=NOW)


async def test_a_hint_is_taken_by_the_look_that_went_back_to_it(bench: Bench) -> None:
    account = await bench.account()
    await noted(bench, account.id, NOW - timedelta(days=3))
    assert await looked(bench, await looking(bench, account))
    assert (await bench.stored(account.id)).hint_since is None


async def test_a_hint_that_comes_while_pages_are_read_is_not_taken_with_an_older_one(bench: Bench) -> None:
    account = await bench.account()
    await noted(bench, account.id, NOW - timedelta(days=3))
    held = await looking(bench, account)
    await noted(bench, account.id, NOW - timedelta(days=2))
    assert await looked(bench, held)
    assert (await bench.stored(account.id)).hint_since == NOW - timedelta(days=3)


async def test_who_signs_in_again_is_not_ended_by_a_look_with_the_old_grant(bench: Bench) -> None:
    account = await bench.account()
    held = await looking(bench, account)
    async with bench.db.transaction("test") as tx:
        await accounts.update_reconnected(tx.conn, msgspec.structs.replace(account), NOW)
        await accounts.update_state(tx.conn, account.id, "paused", None, NOW)
    assert (await bench.stored(account.id)).fence > held.fence
    assert not await looked(bench, held)


async def test_a_look_that_began_before_is_told_from_a_later_one(bench: Bench) -> None:
    account = await bench.account()
    held = await looking(bench, account)
    async with bench.db.acquire() as conn:
        assert await accounts.is_looked_at(conn, held.id, NOW + timedelta(seconds=1), NOW)
        assert not await accounts.is_looked_at(conn, held.id, NOW - timedelta(seconds=1), NOW)
        assert not await accounts.is_looked_at(conn, held.id, in_s(90), in_s(90))
