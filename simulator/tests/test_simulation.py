"""Simulating on request: through the front door with the caller's token, or through the hub that has the device."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx2
import pytest

from chassis import clock
from chassis.resource import Background
from proto.errors import Refused
from proto.resources import SimulateRequest
from proto.words import KINDS
from simulator.app import create_app
from simulator.demo import HUBS
from simulator.front_door import FrontDoor, batches, event_id_of, refusal
from simulator.physiology import Sample, generate
from simulator.settings import Settings
from simulator.simulation import Simulation, samples_of
from simulator.state import HubState, StateFile
from simulator.tests.platform import Platform, connection, model
from simulator.world import World

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


class Scene(Platform):
    """A platform with a simulation before its door."""

    def __init__(self, tmp_path: Path) -> None:
        super().__init__()
        self.kept = StateFile(tmp_path)
        self.door = FrontDoor("http://platform", transport=self.transport)
        self.world = World(Settings(mqtt_public_url="mqtt://127.0.0.1:9"), self.kept)
        self.background = Background()
        self.simulation = Simulation(self.door, self.world, self.background)

    def connected(self, device_type: str = "blood_pressure_cuff", **changes: Any) -> UUID:
        one = model(device_type)
        row = connection("patient-1", one["id"], "simulated")
        row["status"] = "connected"
        row["consent"] = {"id": str(UUID(int=1)), "version": "1", "data_kinds": one["capabilities"]}
        row |= changes
        self.connections[row["id"]] = row
        return UUID(row["id"])

    async def simulate(self, connection_id: UUID, user: str = "patient-1", **asked: Any) -> int:
        token = await self.door.dev_token(user)
        return await self.simulation.run(token, SimulateRequest(device_connection_id=connection_id, **asked))


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    one = Scene(tmp_path)
    yield one
    await one.background.stop()
    await one.world.stop()
    await one.door.stop()


async def test_a_simulated_device_measures_now(scene: Scene) -> None:
    device = scene.connected()

    accepted = await scene.simulate(device)

    (message,) = scene.readings_of(str(device))
    assert accepted == 1
    assert "blood_pressure" in message["readings"]
    assert abs(datetime.fromisoformat(message["timestamp"]) - clock.now()) < timedelta(seconds=10)


async def test_as_many_as_were_asked_for_and_each_once(scene: Scene) -> None:
    device = scene.connected("cgm")

    assert await scene.simulate(device, count=700, scenario="high") == 700
    assert await scene.simulate(device, count=2) == 2

    assert len(scene.readings_of(str(device))) == 702
    assert max(scene.posts) <= 500


async def test_the_same_seed_gives_the_same_values(scene: Scene) -> None:
    first, second = scene.connected(), scene.connected()

    await scene.simulate(first, seed=5, count=4)
    await scene.simulate(second, seed=5, count=4)

    values = [[m["readings"] for m in scene.readings_of(str(device))] for device in (first, second)]
    assert values[0] == values[1]


async def test_a_busy_platform_is_asked_again(scene: Scene) -> None:
    device = scene.connected()
    scene.busy = 3

    assert await scene.simulate(device) == 1


async def test_only_the_patient_may_simulate(scene: Scene) -> None:
    device = scene.connected()

    for user in ("patient-2", "caregiver-1"):
        with pytest.raises(Refused, match="forbidden_role"):
            await scene.simulate(device, user=user)
    with pytest.raises(Refused, match="not_found"):
        await scene.simulate(UUID(int=3))
    assert scene.readings == {}


async def test_without_consent_nothing_is_made(scene: Scene) -> None:
    with pytest.raises(Refused, match="consent_missing"):
        await scene.simulate(scene.connected(consent=None))
    with pytest.raises(Refused, match="consent_revoked"):
        await scene.simulate(scene.connected(status="revoked"))
    narrow = {"id": str(UUID(int=1)), "version": "1", "data_kinds": ["sleep"]}
    with pytest.raises(Refused, match="kind_not_consented"):
        await scene.simulate(scene.connected(consent=narrow))
    assert scene.readings == {}


async def test_a_device_behind_a_hub_measures_through_it(scene: Scene) -> None:
    device = scene.connected(pairing_method="hub", hub_id="hub-00000001")
    cuff = HUBS[0].devices[0]
    scene.kept.state.hubs["home"] = HubState(
        hub_id="hub-00000001",
        secret="s",
        zone="UTC",
        devices=list(HUBS[0].devices),
        paired={cuff.address: str(device)},
    )
    await scene.world.start()

    assert await scene.simulate(device, count=3) == 3
    await _finished(scene.background)

    paired = scene.world.paired(await scene.door.connection("t", device))
    assert paired is not None
    assert paired.hub.waiting == 6  # three results and three battery values, waiting for a broker
    assert scene.readings == {}


async def _finished(background: Background) -> None:
    for task in list(background._tasks):
        await task


async def test_a_hub_that_runs_elsewhere_is_not_answered_for(scene: Scene) -> None:
    device = scene.connected(pairing_method="hub", hub_id="hub-elsewhere")

    assert await scene.simulate(device) == 1

    assert len(scene.readings_of(str(device))) == 1


async def test_the_route_wants_a_bearer(tmp_path: Path) -> None:
    (tmp_path / "secrets/oidc").mkdir(parents=True)
    (tmp_path / "secrets/oidc/client_secret").write_text("s")
    app = create_app(Settings(home=str(tmp_path)))
    transport = httpx2.ASGITransport(app)  # type: ignore[arg-type]
    async with httpx2.AsyncClient(transport=transport, base_url="http://idp") as client:
        for path in ("/simulate", "/api/v1/device/simulate"):
            answer = await client.post(path, json={"device_connection_id": str(UUID(int=1))})

            assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")


def asked(**fields: Any) -> SimulateRequest:
    return SimulateRequest(device_connection_id=UUID(int=1), **fields)


def test_minutes_follow_the_devices_own_habit_and_count_spreads() -> None:
    hour = list(samples_of(asked(minutes=60), "cgm", 1, "UTC", None, NOW))
    spread = list(samples_of(asked(minutes=60, count=6), "blood_pressure_cuff", 1, "UTC", None, NOW))
    least = list(samples_of(asked(minutes=1), "scale", 1, "UTC", None, NOW))

    assert [one.timestamp.minute for one in hour] == list(range(0, 60, 5))
    assert [NOW - one.timestamp for one in spread] == [timedelta(minutes=m) for m in (50, 40, 30, 20, 10, 0)]
    assert len(least) == 1


def test_a_batch_fits_into_a_request() -> None:
    samples = generate("smart_watch", seed=1, start=NOW - timedelta(days=2), until=NOW, kinds=KINDS)
    messages = [{"event_id": event_id_of(one), "readings": one.readings} for one in samples]

    made = list(batches(messages, items=100, size=20_000))

    assert [message for batch in made for message in batch] == messages
    assert all(len(batch) <= 100 for batch in made)


def test_event_ids_follow_from_the_sample_alone() -> None:
    one = Sample(NOW, {"weight_kg": 70.0}, {})

    assert event_id_of(one) == event_id_of(one._replace(meta={"rssi": 1}))
    assert event_id_of(one) != event_id_of(one._replace(timestamp=NOW + timedelta(seconds=1)))


def test_a_refusal_keeps_the_platforms_code_and_field() -> None:
    told = refusal(
        422, b'{"code":"out_of_bounds","errors":[{"code":"out_of_bounds","field":"readings.weight_kg"}]}'
    )

    assert (told.code, told.faults[0].field) == ("out_of_bounds", "readings.weight_kg")
    assert refusal(502, b"<html>").code == "unavailable"
