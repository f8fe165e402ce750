"""The short form of the chaos run of vendors' accounts: twenty of them, two replicas, every fault once or more."""

import pytest

from tests.e2e.driver import new_world
from tests.faults.scenarios.vendors import SCENARIOS
from tests.faults.stage import Scenario, play
from tests.faults.traffic import PATIENTS, Clock, move_in
from tests.load.world import RAISED

pytestmark = [pytest.mark.faults, pytest.mark.timeout(300)]
SEED = 1
RATE = 20.0


@pytest.mark.parametrize("scenario", [pytest.param(each, id=each.name) for each in SCENARIOS])
async def test_what_vendors_have_is_here_once(
    tmp_path_factory: pytest.TempPathFactory, capsys: pytest.CaptureFixture[str], scenario: Scenario
) -> None:
    settings = {**RAISED, **scenario.settings}
    async with new_world(tmp_path_factory.mktemp("vendors"), settings) as world:
        homes = [await move_in(world) for _ in range(PATIENTS)]
        row = await play(scenario, world, homes, Clock(), SEED, RATE, short=True)
    with capsys.disabled():
        print(f"\n{row.told()}")
    assert row.faults == []
