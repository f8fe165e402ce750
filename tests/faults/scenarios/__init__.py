"""Everything that is broken, in the order in which it is played."""

from typing import Final

from tests.faults.scenarios import kills, storage
from tests.faults.stage import Scenario

SCENARIOS: Final[tuple[Scenario, ...]] = (*kills.SCENARIOS, *storage.SCENARIOS)
