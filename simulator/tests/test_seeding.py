"""The demo: made once, continued after every restart, and gone when the person takes it away."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from chassis import clock
from simulator.demo import HISTORIES, HUBS, owner_of
from simulator.front_door import FrontDoor
from simulator.seeding import Seeder
from simulator.settings import Settings
from simulator.state import StateFile
from simulator.tests.platform import Platform
from simulator.world import World


class Demo(Platform):
    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder
        self.worlds: list[World] = []
        self.door = FrontDoor("http://platform", transport=self.transport)

    def seeder(self) -> Seeder:
        """A process: what it knows comes from the state file."""
        kept = StateFile(self.folder)
        world = World(Settings(mqtt_public_url="mqtt://127.0.0.1:9"), kept)
        self.worlds.append(world)
        return Seeder(self.door, kept, world)


@pytest.fixture
async def demo(tmp_path: Path) -> AsyncIterator[Demo]:
    one = Demo(tmp_path / "simulator")
    yield one
    for world in one.worlds:
        await world.stop()
    await one.door.stop()


async def test_patients_get_hubs_devices_and_a_history(demo: Demo) -> None:
    await demo.seeder().round()

    assert len(demo.hubs) == len(HUBS) == 2
    assert {c["name"] for c in demo.connections.values()} == {h.name for h in HISTORIES}
    cuff, cgm = (demo.readings_of(demo.named(name)["id"]) for name in ("Kitchen cuff", "Glucose sensor"))
    assert 40 < len(cuff) <= 62
    assert 8000 < len(cgm) <= 8641
    oldest = min(datetime.fromisoformat(message["timestamp"]) for message in cgm)
    assert timedelta(days=29) < clock.now() - oldest < timedelta(days=31)


async def test_a_second_process_makes_nothing_twice(demo: Demo) -> None:
    await demo.seeder().round()
    hubs, connections, readings = dict(demo.hubs), set(demo.connections), len(demo.readings)

    await demo.seeder().round()

    assert demo.hubs == hubs
    assert set(demo.connections) == connections
    assert readings <= len(demo.readings) <= readings + 2


async def test_a_lost_state_file_brings_back_the_same_devices(demo: Demo) -> None:
    await demo.seeder().round()
    connections = set(demo.connections)
    (demo.folder / "state.json").unlink()

    again = demo.seeder()
    await again.round()

    assert set(demo.connections) == connections
    assert len(demo.hubs) == 2
    assert {hub.secret for hub in again._kept.state.hubs.values()} == {"rotated"}


async def test_a_removed_device_stays_removed(demo: Demo) -> None:
    await demo.seeder().round()
    demo.named("Kitchen cuff")["status"] = "revoked"

    await demo.seeder().round()

    assert [c["status"] for c in demo.connections.values()].count("revoked") == 1
    assert len(demo.connections) == len(HISTORIES)


async def test_a_refusal_for_one_device_does_not_stop_the_others(demo: Demo) -> None:
    demo.busy = 2
    seeder = demo.seeder()
    await seeder.round()
    demo.named("Kitchen cuff")["consent"] = None
    before = len(demo.readings)
    for state in seeder._kept.state.histories.values():
        state.sent_until -= timedelta(days=40)

    await seeder.round()

    assert len(demo.readings) > before
    assert (demo.folder / "state.json").stat().st_mode & 0o777 == 0o600


def test_the_demo_names_people_that_can_sign_in() -> None:
    for row in (*HUBS, *HISTORIES):
        assert owner_of(row.owner).roles == ("patient",)
    addresses = [device.address for hub in HUBS for device in hub.devices]
    assert len(addresses) == len(set(addresses))
    assert len({history.device_id for history in HISTORIES}) == len(HISTORIES)
