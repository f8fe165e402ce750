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
