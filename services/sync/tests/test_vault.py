"""Tokens: bound to their row, refreshed once by however many, never spent twice, sealed anew under load."""

import asyncio
from collections.abc import AsyncIterator, Callable
from uuid import uuid4

import msgspec
import pytest

from chassis.crypto import SealBroken
from proto.vendors.client import Tokens, VendorFault
from services.sync.tests.bench import Bench, bench_of, in_s
from tests.support.waiting import until

pytestmark = pytest.mark.integration


@pytest.fixture
async def bench(service_environ: Callable[[str], dict[str, str]]) -> AsyncIterator[Bench]:
    async with bench_of(service_environ) as made:
        yield made


async def test_a_pair_that_lasts_is_not_refreshed(bench: Bench) -> None:
    account = await bench.account()
    found = await bench.vault.fresh(account, bench.client, bench.line)
    assert found.access_token == "a0"
    assert bench.endpoint.spent == []


async def test_many_at_once_refresh_once_and_all_get_the_new_pair(bench: Bench) -> None:
    account = await bench.account(expires_at=in_s(5))
    failed = bench.vault.open(account)
    found = await asyncio.gather(
        *(bench.vault.refresh(account.id, failed, bench.client, bench.line) for _ in range(5))
    )
    assert {tokens.access_token for tokens in found} == {"a1"}
    assert bench.endpoint.spent == ["r0"]
    assert bench.vault.open(await bench.stored(account.id)).refresh_token == "r1"


async def test_whoever_comes_with_an_old_pair_gets_the_stored_one_and_revokes_nothing(bench: Bench) -> None:
    account = await bench.account(expires_at=in_s(5))
    failed = bench.vault.open(account)
    await bench.vault.refresh(account.id, failed, bench.client, bench.line)
    again = await bench.vault.refresh(account.id, failed, bench.client, bench.line)
    assert again.access_token == "a1"
    assert bench.endpoint.spent == ["r0"]


async def test_a_crash_between_the_vendors_answer_and_the_commit_is_a_lost_grant_once(bench: Bench) -> None:
    """A single-use token that was spent without being kept: the vendor says so, and it is not asked again and again."""
    account = await bench.account(expires_at=in_s(5))
    bench.endpoint.good = "r-somewhere-else"
    with pytest.raises(VendorFault) as lost:
        await bench.vault.fresh(account, bench.client, bench.line)
    assert lost.value.fault.fault_class == "grant_lost"
    assert bench.endpoint.spent == ["r0"]


async def test_whoever_waits_may_be_stopped_and_the_answer_is_kept(bench: Bench) -> None:
    """A process that is told to stop, or that lost the lease, has spent the token all the same."""
    account = await bench.account(expires_at=in_s(5))
    bench.endpoint.gate.clear()
    waiting = asyncio.create_task(bench.vault.fresh(account, bench.client, bench.line))
    await until(lambda: bench.endpoint.asked == 1)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    bench.endpoint.gate.set()
    await bench.vault.stop()
    assert bench.vault.open(await bench.stored(account.id)).refresh_token == "r1"
    assert bench.endpoint.spent == ["r0"]


async def test_a_database_that_goes_away_before_the_commit_costs_no_grant(bench: Bench) -> None:
    account = await bench.account(expires_at=in_s(5))
    bench.endpoint.gate.clear()
    waiting = asyncio.create_task(bench.vault.fresh(account, bench.client, bench.line))
    await until(lambda: bench.endpoint.asked == 1)
    async with bench.db.acquire() as conn:
        ended = await conn.fetchval(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = current_user"
            " AND state = 'idle in transaction' AND query LIKE '%vendor_accounts%FOR UPDATE%'"
        )
    assert ended == 1
    bench.endpoint.gate.set()
    assert (await waiting).access_token == "a1"
    assert bench.vault.open(await bench.stored(account.id)).refresh_token == "r1"
    assert bench.endpoint.spent == ["r0"]


async def test_the_tokens_of_one_row_do_not_open_in_another(bench: Bench) -> None:
    one, other = await bench.account(), await bench.account()
    moved = msgspec.structs.replace(other, tokens=one.tokens)
    with pytest.raises(SealBroken):
        bench.vault.open(moved)
    stolen = msgspec.structs.replace(one, patient_id=uuid4())
    with pytest.raises(SealBroken):
        bench.vault.open(stolen)


def test_tokens_do_not_print_themselves() -> None:
    tokens = Tokens(access_token="secret-a", refresh_token="secret-r")
    assert "secret" not in f"{tokens!r} {tokens} {[tokens]}"
