"""The regression gate: what a reading costs, as a multiple of a fixed piece of work done in the same seconds.

Wall time says who else is on the machine; CPU time still says how fast and how shared its cores are. So the CPU of all
processes of the system, per reading at fifty a POST, is divided by the CPU that one decode, digest and encode of a
message costs here meanwhile (`calibration`). What the idle system uses anyway is measured before and taken off, or a
machine that is slow for a moment would charge it to fewer readings. What is left moves with the code: more work per
reading, a lost group commit, a query that began to scan.

When this is red, look at `make bench` for the process that grew. When a change is worth its price, record the new
figure: the median of some runs.
"""

import asyncio
from collections.abc import Iterator
from typing import Final

import pytest

from tests.load import phases
from tests.load.calibration import Calibration
from tests.load.world import Cpu, World, start

RECORDED: Final = 55.0
"""Pieces of that work that a reading costs."""
MARGIN: Final = 1.6
IDLE_S: Final = 3.0
LOAD_S: Final = 6.0
PER_POST: Final = 50
SENDERS: Final = 16

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    world = start(tmp_path_factory.mktemp("gate"), 8)
    try:
        yield world
    finally:
        world.system.stop()


async def test_a_reading_costs_no_more_cpu_than_recorded(world: World) -> None:
    async def work(seconds: float) -> int:
        return await phases.over_http(world, world.ingest, PER_POST, SENDERS, seconds)

    await phases.measure(world, "warm", work, 1.0)
    async with Calibration() as before:
        cpu = Cpu(world.system)
        await asyncio.sleep(IDLE_S)  # not for a condition: this is the measurement
        idle_units_per_s = sum(cpu.taken().values()) / IDLE_S * 1e6 / before.us()

    found = await phases.measure(world, "50 per POST", work, LOAD_S)
    idle_units = idle_units_per_s * found["took_s"] / found["readings"]
    units = found["cpu_units_per_reading"] - idle_units
    print(
        f"a reading costs {units:.1f} units of {found['unit_us']} µs ({found['cpu_us_per_reading']} µs in all, idle"
        f" {idle_units:.1f} units a reading; {found['readings']} readings in {found['took_s']} s)"
    )
    assert units <= RECORDED * MARGIN, f"{found['cpu_us_by_process']}"
