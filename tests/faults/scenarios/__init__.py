"""Everything that is broken, in the order in which it is played."""

from typing import Final

from tests.faults.scenarios import database, edges, kills, order, restarts, revoked, storage, storm, vendors
from tests.faults.stage import Scenario

SCENARIOS: Final[tuple[Scenario, ...]] = (
    *kills.SCENARIOS,
    *storage.SCENARIOS,
    *database.SCENARIOS,
    *edges.SCENARIOS,
    *revoked.SCENARIOS,
    *storm.SCENARIOS,
    *order.SCENARIOS,
    *restarts.SCENARIOS,
    *vendors.SCENARIOS,
)
