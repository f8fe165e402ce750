"""`device-connect keys rotate` while tokens are in use: nothing fails, and everything is under the new key."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import msgspec
import pytest

from chassis.crypto import LocalKeyRing, RingFile, key_of
from runtime.commands.keys import seal_anew, with_new_key, without_old_keys
from runtime.home import replace
from services.sync.tests.bench import Bench, bench_of

pytestmark = pytest.mark.integration


@pytest.fixture
async def bench(service_environ: Callable[[str], dict[str, str]]) -> AsyncIterator[Bench]:
    async with bench_of(service_environ) as made:
        yield made


async def test_keys_rotate_while_tokens_are_refreshed_and_nothing_fails(
    bench: Bench, postgres_url: str, home: Path
) -> None:
    path = home / "secrets/keys/keyring.json"
    before = msgspec.json.decode(path.read_bytes(), type=RingFile)
    made = [await bench.account() for _ in range(40)]
    stop = asyncio.Event()
    opened = 0

    async def use() -> None:
        nonlocal opened
        while not stop.is_set():
            for account in made:
                bench.vault.open(await bench.stored(account.id))
                opened += 1

    using = asyncio.create_task(use())
    replace(path, msgspec.json.encode(with_new_key(before)))
    ring = LocalKeyRing(path)
    report = await seal_anew(postgres_url, ring)
    stop.set()
    await using

    assert opened > 0
    assert report["left"] == {}
    assert report["sealed"]["sync.vendor_accounts.oauth_tokens_encrypted"] >= 40
    for account in made:
        stored = await bench.stored(account.id)
        assert key_of(stored.tokens or b"") == ring.primary
    after = msgspec.json.decode(path.read_bytes(), type=RingFile)
    assert set(after.keys) == {*before.keys, ring.primary}
    replace(path, msgspec.json.encode(without_old_keys(after)))
    assert bench.vault.open(await bench.stored(made[0].id)).access_token == "a0"
    replace(path, msgspec.json.encode(after))  # other tests of this run have sealed under the old keys
