"""The short form of `make day`: every type of device, bodies well and unwell, and what no body shows."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from proto.words import DEVICE_TYPES
from simulator.load import Plan, part_of
from tests.load.day import Day, play
from tests.load.world import RAISED
from tests.support.system import System

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]
PLAN = Plan(
    patients=16,
    days=1,
    until=datetime(2026, 1, 15, tzinfo=UTC),
    per_post=40,
    scenarios=("high", "normal", "artefact"),
    seed=1,
)


async def test_a_day_comes_to_what_its_seed_says(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert {part_of(PLAN, number).device_type for number in range(1, 17)} == set(DEVICE_TYPES)
    system = System(tmp_path / "home", RAISED)
    try:
        outcome = await play(Day(system.start(), PLAN, asked=16))
    finally:
        system.stop()

    with capsys.disabled():
        print(f"\n{outcome.told()}")
    assert outcome.differences.found == []
    assert outcome.readings > 1000
