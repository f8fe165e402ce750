"""Vendors through the public API: sign in, the history comes as progress, news come as readings, leaving ends it all."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.e2e.clouds import walk
from tests.e2e.driver import World

VENDORS = ("withings", "dexcom", "google_health", "omron", "garmin", "oura")


@pytest.fixture(scope="module")
async def walks(world: World) -> AsyncIterator[dict[str, asyncio.Task[str]]]:
    """All at once: most of the time each waits because its vendor may not be asked faster."""
    tasks = {vendor: asyncio.create_task(walk(world, vendor)) for vendor in VENDORS}
    yield tasks
    for task in tasks.values():
        task.cancel()
    await asyncio.gather(*tasks.values(), return_exceptions=True)


@pytest.mark.parametrize("vendor", VENDORS)
async def test_from_the_sign_in_to_the_goodbye(walks: dict[str, asyncio.Task[str]], vendor: str) -> None:
    print(await walks[vendor])
