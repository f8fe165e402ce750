"""The world of the end-to-end tests: one system for most of them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.e2e import browser as browsers
from tests.e2e.browser import AtScreen, Screen, Size
from tests.e2e.driver import World, new_world, world_of
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
    async with new_world(tmp_path_factory.mktemp("hasty"), short) as world:
        yield world


@pytest.fixture(scope="module")
def _needs_a_browser() -> None:
    reason = browsers.missing()
    if not reason:
        return
    if browsers.must_run():
        pytest.fail(reason)
    pytest.skip(f"the pages in a browser: {reason}")


@pytest.fixture(scope="module")
async def tidy(_needs_a_browser: None, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """A system in which nobody has a device yet, so that pages begin empty."""
    async with new_world(tmp_path_factory.mktemp("tidy")) as world:
        yield world


@pytest.fixture(scope="module")
async def at_screen(_needs_a_browser: None, tidy: World) -> AsyncIterator[AtScreen]:
    """Opens a window of a size; when it is closed, nothing must have gone wrong in it."""
    looked_at: set[str] = set()

    @asynccontextmanager
    async def open_one(size: Size) -> AsyncIterator[Screen]:
        async with browsers.screen(one, size, tidy.system, looked_at) as screen:
            yield screen
            screen.check()

    async with browsers.browser() as one:
        yield open_one
