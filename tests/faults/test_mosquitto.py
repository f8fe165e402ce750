"""The short form of `make faults` on a broker that is not ours: what got a receipt is stored, what did not is sent again."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from tests.e2e.driver import World, world_of
from tests.faults.outside import Outside, system_behind_mosquitto
from tests.faults.scenarios import mosquitto
from tests.faults.stage import play
from tests.faults.traffic import PATIENTS, Clock, Household
from tests.support.mosquitto import MISSING, PROGRAM

pytestmark = [pytest.mark.faults, pytest.mark.timeout(120)]
SEED = 1
RATE = 100.0


@dataclass
class Behind:
    """A system behind a Mosquitto, and who lives there."""

    world: World
    outside: Outside
    homes: list[Household]
    clock: Clock = field(default_factory=Clock)


@pytest.fixture(scope="module")
async def behind(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Behind]:
    if PROGRAM is None:
        pytest.skip(MISSING)
    with system_behind_mosquitto(tmp_path_factory.mktemp("faults")) as (system, outside):
        async with world_of(system.start()) as world:
            homes = [await outside.move_in(world) for _ in range(PATIENTS)]
            yield Behind(world, outside, homes)


@pytest.mark.parametrize("name", ["kill ingest-bridge", "kill mosquitto"])
async def test_what_got_a_receipt_is_stored_and_what_did_not_is_sent_again(
    behind: Behind, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    scenario = next(each for each in mosquitto.scenarios(behind.outside) if each.name == f"mosquitto: {name}")

    row = await play(scenario, behind.world, behind.homes, behind.clock, SEED, RATE, short=True)

    with capsys.disabled():
        print(f"\n{row.told()}")
    assert row.faults == []
