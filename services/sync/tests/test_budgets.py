"""Budgets over the real Valkey: the pace, the burst, two replicas, imposed waits, and what happens without it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from uuid import uuid4

import msgspec
import pytest

from chassis.cache import Cache
from chassis.config import load
from proto.vendors.manifest import Manifest, RateLimit
from services.sync.budgets import Budgets
from services.sync.settings import Settings
from services.sync.tests.test_domain import MANIFEST


def limited(*limits: RateLimit) -> Manifest:
    """A manifest of its own, so that tests do not use up each other's budget."""
    return msgspec.structs.replace(MANIFEST, name=f"v{uuid4().hex[:12]}", limits=limits)


@pytest.fixture
async def two(service_environ: Callable[[str], dict[str, str]]) -> AsyncIterator[tuple[Budgets, Budgets]]:
    settings = load(Settings, service_environ("sync"))
    caches = Cache(settings), Cache(settings)
    yield Budgets(caches[0]), Budgets(caches[1])
    for cache in caches:
        await cache.stop()


async def count(budgets: list[Budgets], manifest: Manifest, account: str, tries: int) -> int:
    """How many of `tries` at once may go."""
    waits = await asyncio.gather(*(budgets[n % len(budgets)].take(manifest, account) for n in range(tries)))
    return sum(wait == 0 for wait in waits)


async def test_a_burst_is_a_tenth_and_two_replicas_share_it(two: tuple[Budgets, Budgets]) -> None:
    manifest = limited(RateLimit(requests=100, per_s=1000))
    went = await count(list(two), manifest, "a", 60)
    assert went == 10


async def test_the_wait_is_what_is_left_until_the_next_is_due(two: tuple[Budgets, Budgets]) -> None:
    manifest = limited(RateLimit(requests=10, per_s=100))
    while await two[0].take(manifest, "a") == 0:
        pass
    assert 12 < await two[0].take(manifest, "a") <= 12.5  # eight in a hundred seconds, and the burst of one


async def test_each_account_has_a_budget_of_its_own_where_the_vendor_counts_so(
    two: tuple[Budgets, Budgets],
) -> None:
    manifest = limited(RateLimit(requests=10, per_s=1000, scope="account"))
    assert await count(list(two), manifest, "a", 20) == 1
    assert await count(list(two), manifest, "b", 20) == 1


async def test_all_limits_hold_and_a_refused_request_uses_up_none(two: tuple[Budgets, Budgets]) -> None:
    manifest = limited(
        RateLimit(requests=100, per_s=1000), RateLimit(requests=10, per_s=1000, scope="account")
    )
    assert await count(list(two), manifest, "a", 50) == 1
    # What account a was refused was not counted for the application: nine of its ten are left.
    assert sum([await count(list(two), manifest, f"b{n}", 2) for n in range(10)]) == 9


async def test_who_signs_in_waits_for_no_import_and_the_limit_holds_all_the_same(
    two: tuple[Budgets, Budgets],
) -> None:
    limit = RateLimit(requests=100, per_s=1000)
    manifest = limited(limit)
    imports = await count(list(two), manifest, "a", 40)
    people = 0
    for n in range(100):
        people += await two[n % 2].take(manifest, f"state{n}", by_person=True) == 0
    assert people >= 1
    assert imports + people <= limit.requests * 0.15


async def test_where_little_is_allowed_nothing_is_kept_apart(two: tuple[Budgets, Budgets]) -> None:
    manifest = limited(RateLimit(requests=10, per_s=1000))
    assert await count(list(two), manifest, "a", 20) == 1
    assert await two[0].take(manifest, "state", by_person=True) > 0


async def test_when_the_vendor_says_wait_everybody_waits(two: tuple[Budgets, Budgets]) -> None:
    manifest = limited(RateLimit(requests=1000, per_s=10))
    await two[0].pause(manifest, None, 30)
    assert 25 < await two[1].take(manifest, "a") <= 30
    assert 25 < await two[1].take(manifest, "state", by_person=True) <= 30


async def test_a_wait_of_one_account_is_not_the_others(two: tuple[Budgets, Budgets]) -> None:
    manifest = limited(RateLimit(requests=1000, per_s=10))
    await two[0].pause(manifest, "a", 30)
    assert await two[1].take(manifest, "a") > 25
    assert await two[1].take(manifest, "b") == 0


async def test_what_valkey_counted_is_not_given_again_when_it_is_gone(
    two: tuple[Budgets, Budgets],
) -> None:
    """A moment without it, under load, would otherwise be one more burst for each process."""
    manifest = limited(RateLimit(requests=100, per_s=1000))
    for n in range(10):  # one after the other: all at once, one of the two might get them all
        assert await two[n % 2].take(manifest, "a") == 0
    assert two[0]._take_locally(manifest, "a", "") > 0
    assert two[1]._take_locally(manifest, "a", "") > 0


async def test_without_valkey_each_process_keeps_to_half(
    service_environ: Callable[[str], dict[str, str]],
) -> None:
    settings = load(Settings, service_environ("sync")).with_(redis_url="redis://127.0.0.1:1/0")
    clock = 0.0
    cache = Cache(settings)
    budgets = Budgets(cache, clock=lambda: clock)
    manifest = limited(RateLimit(requests=10, per_s=10))
    went = 0
    for _ in range(40):
        if await budgets.take(manifest, "a") == 0:
            went += 1
        clock += 0.5
    await cache.stop()
    assert 8 <= went <= 10  # twenty seconds at half the pace
