"""The short form of `make faults`: every process is killed once, and two at once; what was acknowledged is there once."""

from collections.abc import AsyncIterator

import pytest

from tests.e2e.driver import World, new_world
from tests.faults.scenarios import SCENARIOS
from tests.faults.stage import Scenario, play
from tests.faults.traffic import PATIENTS, Clock, Household, move_in
from tests.load.world import RAISED

pytestmark = [pytest.mark.faults, pytest.mark.timeout(120)]
SEED = 1
RATE = 100.0


@pytest.fixture(scope="module")
async def own(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    async with new_world(tmp_path_factory.mktemp("faults"), RAISED) as world:
        yield world


@pytest.fixture(scope="module")
async def homes(own: World) -> list[Household]:
    return [await move_in(own) for _ in range(PATIENTS)]


@pytest.fixture(scope="module")
def clock() -> Clock:
    return Clock()


@pytest.mark.parametrize(
    "scenario",
    [
        pytest.param(each, id=each.name.replace(" ", "-"))
        for each in SCENARIOS
        if each.short and each.ground is None
    ],
)
async def test_what_was_acknowledged_is_stored_and_shown_once(
    own: World, homes: list[Household], clock: Clock, capsys: pytest.CaptureFixture[str], scenario: Scenario
) -> None:
    row = await play(scenario, own, homes, clock, SEED, RATE, short=True)

    with capsys.disabled():
        print(f"\n{row.told()}")
    if row.skipped:
        pytest.skip(row.skipped)
    assert row.faults == []
