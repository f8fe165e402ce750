"""What is around a service in its tests: buses to speak as another service, and a device model that measures everything."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final
from uuid import uuid4

from chassis.bus import Bus
from chassis.config import Common
from proto.access import ALL_KINDS
from proto.state import ModelState

EVERYTHING: Final = ModelState(
    id=uuid4(),
    vendor_id="simulated",
    name="Everything",
    device_type="smart_watch",
    capabilities=ALL_KINDS,
    pairing_methods=["simulated"],
    version=1,
)


@asynccontextmanager
async def buses_of(settings: Common, *users: str) -> AsyncIterator[dict[str, Bus]]:
    """User → its bus, as long as the block lasts."""
    buses = {user: Bus(settings, user) for user in users}
    async with AsyncExitStack() as stack:
        for bus in buses.values():
            await bus.start()
            stack.push_async_callback(bus.stop)
        yield buses
