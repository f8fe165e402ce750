"""The world of the end-to-end tests: one system for most of them."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.e2e.driver import World, world_of
from tests.support.system import System

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.e2e)


@pytest.fixture(scope="session")
async def world(system: System) -> AsyncIterator[World]:
    async with world_of(system) as one:
        yield one


@pytest.fixture(scope="session")
async def hasty(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """A world in which pairing tokens, tickets and older hub secrets are good for a second."""
    short = {"DC_PAIRING_TTL_S": "1", "DC_TICKET_TTL_S": "1", "DC_ROTATE_OVERLAP_S": "1"}
    one = System(tmp_path_factory.mktemp("hasty") / "home", short)
    try:
        async with world_of(one.start()) as world:
            yield world
    finally:
        one.stop()
