"""What pairing hears from hubs and from health, through the real streams: hub pairing, hubs that go and come, staleness."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from chassis.clock import now
from proto import subjects
from proto.events import FoundDevice, HealthChanged, HubAnswered, HubStateChanged
from services.pairing.tests.conftest import CUFF, Person, World
from tests.support.waiting import until

pytestmark = pytest.mark.integration


class HubScene:
    """A patient with a hub and a cuff that is to be paired through it."""

    def __init__(self, world: World, patient: Person, hub_id: str, connection_id: str) -> None:
        self.world, self.patient, self.hub_id, self.connection_id = world, patient, hub_id, connection_id
        self.address = f"C0:26:DF:{uuid4().hex[:6].upper()}"

    async def state(self, state: Any, at: datetime | None = None, **more: Any) -> None:
        event = HubStateChanged(hub_id=self.hub_id, state=state, at=at or now(), **more)
        await self.world.say("ingest-bridge", subjects.to(subjects.HUBS_STATE, self.hub_id), event)

    async def answer(self, command_id: UUID, ok: bool = True, hub_id: str | None = None, **more: Any) -> None:
        hub_id = hub_id or self.hub_id
        event = HubAnswered(hub_id=hub_id, command_id=command_id, ok=ok, at=more.pop("at", now()), **more)
        await self.world.say("ingest-bridge", subjects.to(subjects.HUBS_ANSWERED, hub_id), event)

    async def progress(self, state: str, error: str | None = None) -> Any:
        async def look() -> Any:
            seen = await self.patient.progress(self.connection_id)
            return seen if (seen["state"], seen.get("error")) == (state, error) else None

        return await until(look)

    async def status(self, status: str, reason: str | None = None) -> Any:
        async def look() -> Any:
            seen = await self.patient.connection(self.connection_id)
            return seen if (seen["status"], seen["status_reason"]) == (status, reason) else None

        return await until(look)

    async def pair(self) -> UUID:
        """Up to `complete`; answers the id of the `pair` command."""
        token = await self.patient.token(self.connection_id)
        answer = await self.patient.complete(token, self.address, "blood_pressure")
        assert answer.status_code == 200, answer.text
        return (await self.world.command(self.hub_id, "pair")).id


@pytest.fixture
async def scene(world: World) -> HubScene:
    patient = world.person()
    hub_id = (await patient.hub())["hub_id"]
    return HubScene(world, patient, hub_id, await patient.create(CUFF, "hub"))


async def test_a_cuff_is_found_chosen_and_paired_through_the_hub(scene: HubScene, world: World) -> None:
    patient = scene.patient
    started = (await patient.start(scene.connection_id)).json()
    scan = await world.command(scene.hub_id, "scan")
    searching = await patient.progress(scene.connection_id)
    cuff = FoundDevice(address=scene.address, name="Cuff 7", services=["1810"], rssi=-60)
    await scene.answer(scan.id, devices=[cuff])

    found = await scene.progress("found")
    await world.said(patient, "pairing")
    answer = await patient.complete(started["pairing_token"], scene.address, "blood_pressure")
    pair = await world.command(scene.hub_id, "pair")
    asked = await scene.progress("pairing")
    await scene.answer(pair.id)
    done = await scene.progress("done")

    assert started["hub"] == {
        "hub_id": scene.hub_id,
        "state": "offline",
        "scan_command_id": str(scan.id),
    }
    assert scan.services == ["1810"]
    assert searching["state"] == "scanning"
    assert found["found"] == [
        {"address": scene.address, "name": "Cuff 7", "services": ["1810"], "rssi": -60.0}
    ]
    assert answer.json()["connection"]["status"] == "connected"
    assert (pair.device_address, pair.device_connection_id) == (scene.address, UUID(scene.connection_id))
    assert asked["state"] == "pairing"
    assert done["found"] == found["found"]
    assert (await patient.connection(scene.connection_id))["status"] == "connected"


async def test_a_scan_that_finds_nothing_or_fails_may_be_repeated(scene: HubScene, world: World) -> None:
    patient = scene.patient
    first = (await patient.start(scene.connection_id)).json()["hub"]["scan_command_id"]
    await scene.answer(UUID(first))
    await scene.progress("waiting", "nothing_found")
    second = (await patient.start(scene.connection_id)).json()["hub"]["scan_command_id"]
    await scene.answer(UUID(second), ok=False, error="adapter_off")
    await scene.progress("waiting", "hub_scan_failed")
    third = (await patient.start(scene.connection_id)).json()["hub"]["scan_command_id"]
    await scene.answer(UUID(second), devices=[FoundDevice(address="late")])
    await scene.answer(UUID(third), devices=[FoundDevice(address=scene.address)])

    seen = await scene.progress("found")

    assert seen["found"] == [{"address": scene.address}]


async def test_another_hubs_answer_counts_for_nothing(scene: HubScene, world: World) -> None:
    other = (await world.person().hub())["hub_id"]
    scan = UUID((await scene.patient.start(scene.connection_id)).json()["hub"]["scan_command_id"])
    await scene.answer(scan, hub_id=other, devices=[FoundDevice(address="theirs")])
    await scene.answer(scan, devices=[FoundDevice(address=scene.address)])

    seen = await scene.progress("found")

    assert seen["found"] == [{"address": scene.address}]


async def test_a_hub_that_cannot_pair_fails_the_connection(scene: HubScene, world: World) -> None:
    command_id = await scene.pair()
    await scene.answer(command_id, ok=False, error="bonding_failed")

    await scene.status("failed", "hub_pair_failed")
    await scene.progress("failed", "hub_pair_failed")

    await world.said(scene.patient, "pairing", status="failed", status_reason="hub_pair_failed")
    again = await scene.pair()
    await scene.answer(again)
    await scene.status("connected")


async def test_a_hubs_no_after_a_minute_changes_nothing(scene: HubScene, world: World) -> None:
    command_id = await scene.pair()
    await scene.answer(command_id, ok=False, at=now() + timedelta(seconds=61))

    await scene.progress("done")

    assert (await scene.patient.connection(scene.connection_id))["status"] == "connected"


async def test_a_hubs_silence_ends_the_waiting(scene: HubScene, world: World) -> None:
    await scene.pair()
    await world.owner.execute(
        "UPDATE pairing.pairing_sessions SET completed_at = now() - interval '2 minutes'"
        " WHERE device_connection_id = $1",
        UUID(scene.connection_id),
    )

    await scene.progress("done")


async def test_reconnect_and_forget_reach_the_hub(scene: HubScene, world: World) -> None:
    await scene.pair()
    path = f"device-connections/{scene.connection_id}"

    answer = await scene.patient.call("POST", f"{path}/reconnect")
    reconnect = await world.command(scene.hub_id, "reconnect")
    await scene.patient.call("DELETE", path)
    forget = await world.command(scene.hub_id, "forget")

    assert (answer.status_code, answer.json()) == (202, {"command_id": str(reconnect.id)})
    assert reconnect.device_address == forget.device_address == scene.address


async def test_a_hub_that_stays_away_takes_its_devices_and_brings_them_back(
    scene: HubScene, world: World
) -> None:
    await scene.pair()
    await scene.state("online", now() - timedelta(minutes=5), firmware="hub-2.3.0\0")
    await scene.state("offline", now() - timedelta(seconds=61))

    await scene.status("disconnected", "hub_offline")
    away = (await scene.patient.call("GET", "hubs")).json()["items"][0]
    await scene.state("online", now() - timedelta(minutes=3))  # older than what is known
    await scene.state("online")
    await scene.status("connected")
    back = (await scene.patient.call("GET", "hubs")).json()["items"][0]

    assert (away["state"], away["firmware"]) == ("offline", "hub-2.3.0")
    assert back["state"] == "online"
    assert back["last_seen"] > away["last_seen"]


async def test_a_short_absence_of_a_hub_is_none_of_the_devices(scene: HubScene, world: World) -> None:
    await scene.pair()
    await scene.state("offline", now() - timedelta(seconds=5))

    async def away() -> bool:
        shown = (await scene.patient.call("GET", "hubs")).json()["items"][0]
        return shown["state"] == "offline" and shown["last_seen"] is not None

    await until(away)

    assert (await scene.patient.connection(scene.connection_id))["status"] == "connected"


async def test_a_device_that_is_heard_another_way_stays_connected(scene: HubScene, world: World) -> None:
    await scene.pair()
    heard = health(scene.patient, scene.connection_id, last_seen=now(), battery_pct=60)
    await world.say("health", subjects.to(subjects.HEALTH_CHANGED, scene.patient.id), heard)
    other = HubScene(world, scene.patient, scene.hub_id, await scene.patient.create(CUFF, "hub"))
    await other.pair()
    await scene.state("offline", now() - timedelta(seconds=61))

    await other.status("disconnected", "hub_offline")

    assert (await scene.patient.connection(scene.connection_id))["status"] == "connected"


async def test_removing_a_hub_disconnects_its_devices_and_another_may_take_over(
    scene: HubScene, world: World
) -> None:
    await scene.pair()
    await scene.patient.call("DELETE", f"hubs/{scene.hub_id}")

    await scene.status("disconnected", "hub_removed")
    without = await scene.patient.start(scene.connection_id)
    other = (await scene.patient.hub())["hub_id"]
    started = (await scene.patient.start(scene.connection_id)).json()

    assert (without.status_code, without.json()["code"]) == (422, "missing_field")
    assert started["hub"]["hub_id"] == other
    await world.connection_state(scene.connection_id, hub_id=other)


def health(patient: Person, connection_id: str, **more: Any) -> HealthChanged:
    fields: dict[str, Any] = {
        "device_connection_id": UUID(connection_id),
        "patient_id": patient.id,
        "status": "ok",
        "flags": [],
        "battery_pct": None,
        "rssi": None,
        "firmware": None,
        "last_seen": None,
        "last_reading_at": None,
        "at": now(),
    }
    return HealthChanged(**{**fields, **more})


async def test_health_is_copied_and_staleness_disconnects_until_the_next_reading(world: World) -> None:
    patient = world.person()
    id = (await patient.pair())["connection"]["id"]
    subject = subjects.to(subjects.HEALTH_CHANGED, patient.id)
    began = now()
    reading = began - timedelta(minutes=1)

    async def shows(**wanted: Any) -> Any:
        async def look() -> Any:
            seen = await patient.connection(id)
            return seen if all(seen[name] == value for name, value in wanted.items()) else None

        return await until(look)

    await world.say(
        "health",
        subject,
        health(patient, id, battery_pct=76, last_seen=began, last_reading_at=reading, firmware="2.0"),
    )
    seen = await shows(battery_pct=76.0)
    await world.say("health", subject, health(patient, id, status="stale", last_reading_at=reading))
    await shows(status="disconnected", status_reason="health_stale")
    await world.say("health", subject, health(patient, id, battery_pct=5, at=began - timedelta(hours=1)))
    await world.say("health", subject, health(patient, id, last_reading_at=reading))
    await world.say("health", subject, health(patient, id, status="unknown", battery_pct=70))
    still = await shows(battery_pct=70.0)
    await world.say("health", subject, health(patient, id, last_reading_at=now()))
    back = await shows(status="connected")

    assert datetime.fromisoformat(seen["last_reading_at"]) == reading
    assert datetime.fromisoformat(seen["last_sync_at"]) == began
    assert still["status"] == "disconnected"
    assert back["status_reason"] is None
    await world.connection_state(id, status="connected")


async def test_unreadable_events_and_unknown_devices_stop_nobody(world: World) -> None:
    patient = world.person()
    id = (await patient.pair())["connection"]["id"]
    subject = subjects.to(subjects.HEALTH_CHANGED, patient.id)
    await world.buses["health"].publish(subject, b"{not json")
    await world.say("health", subject, health(patient, str(uuid4()), battery_pct=1))
    await world.say("health", subject, health(patient, id, battery_pct=33))

    async def look() -> bool:
        return bool((await patient.connection(id))["battery_pct"] == 33.0)

    await until(look)
