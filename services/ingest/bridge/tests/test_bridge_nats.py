"""The bridge on the NATS server's own listener: what is in its stream ends in INGEST, whatever dies meanwhile."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from litestar import Litestar
from litestar.testing import AsyncTestClient

from chassis.clock import now
from chassis.config import load
from proto.events import HubCommand, HubReceipt
from proto.raw import RawGatt, RawReading
from services.ingest.bridge.app import create_app
from services.ingest.bridge.settings import Settings
from services.ingest.bridge.tests.conftest import Household, Scene, flowing, pushed_to
from services.ingest.bridge.tests.world import array
from tests.support.waiting import until


class House(Household):
    """A hub that publishes as the listener stores it: the topic with dots, QoS 1 in a header."""

    async def up(self, channel: str, payload: bytes) -> None:
        subject = f"$MQTT.msgs.dc.v1.hubs.{self.hub_id}.up.{channel}"
        await self.scene.buses["hubs-admin"].publish(subject, payload, headers={"Nmqtt-Pub": "1"})

    async def send(self, event_id: str) -> None:
        await self.up("readings", self.reading(event_id))

    def receipts(self) -> list[HubReceipt]:
        return self.scene.said(f"dc.v1.hubs.{self.hub_id}.down.receipt", HubReceipt)

    def commands(self) -> list[HubCommand]:
        return self.scene.said(f"dc.v1.hubs.{self.hub_id}.down.commands", HubCommand)


@asynccontextmanager
async def bridge_of(settings: Settings) -> AsyncIterator[Litestar]:
    app = create_app(settings)
    async with AsyncTestClient(app) as client:

        async def ready() -> bool:
            return (await client.get("/readyz")).status_code == 200

        await until(ready)
        yield app


@pytest.fixture(scope="module")
def settings(service_environ: Callable[[str], dict[str, str]]) -> Settings:
    return load(Settings, service_environ("ingest-bridge"))


@pytest.fixture(scope="module")
async def bridge(settings: Settings, scene: Scene) -> AsyncIterator[Litestar]:
    async with bridge_of(settings) as app:
        yield app


async def settle_in(scene: Scene, app: Litestar, devices: int = 2) -> House:
    """A household that the bridge has heard of."""
    house = House(scene, f"hub-{uuid4().hex[:12]}", devices)
    await house.put()
    known = app.state.known
    await until(lambda: known.hub(house.hub_id) and len(known.of_hub(house.hub_id)) == devices)
    return house


@pytest.fixture
async def house(scene: Scene, bridge: Litestar) -> House:
    return await settle_in(scene, bridge)


async def test_what_a_vendor_pushes_is_kept_for_sync_in_its_own_bytes(scene: Scene, bridge: Litestar) -> None:
    body = b'{"data": {"user": "%s"}}' % uuid4().hex.encode()
    ignored = b'{"data": {"user": "nobody"}}'
    admin = scene.buses["hubs-admin"]
    for vendor, payload in (("withings", ignored), ("generic", body)):
        await admin.publish(
            f"$MQTT.msgs.dc.v1.vendors.{vendor}.up.readings", payload, headers={"Nmqtt-Pub": "1"}
        )

    [event] = await until(lambda: pushed_to(scene, "generic", body))

    assert (event.vendor, event.content_type, len(event.event_id)) == ("generic", "application/json", 64)
    assert await pushed_to(scene, "withings", ignored) == []

    async def all_acknowledged() -> bool:
        info = await admin.js.consumer_info("$MQTT_msgs", "bridge")
        return (info.num_ack_pending, info.num_pending) == (0, 0)

    await until(all_acknowledged)


async def test_readings_rest_in_ingest_in_their_own_bytes(house: House) -> None:
    one, other, value = house.reading("a"), house.reading("b", house.devices[1]), house.gatt("g", 1)
    await house.up("readings", one)
    await house.up("readings", array(other))
    await house.up("gatt", value)
    await until(lambda: house.holds({"a", "b", "g"}))
    found = {bytes(item.message): item for item in await house.items()}
    assert set(found) == {one, other, value}
    assert isinstance(found[one], RawReading)
    assert isinstance(found[value], RawGatt)
    assert [found[raw].connection_id for raw in (one, other, value)] == [house.devices[n] for n in (0, 1, 1)]
    assert {(item.source, item.actor_id) for item in found.values()} == {("mqtt", f"hub:{house.hub_id}")}
    assert (house.rejections(), house.receipts()) == (
        [],
        [],
    )  # a receipt is earned by being stored, not by arriving


async def test_a_receipt_goes_down_as_it_is(house: House) -> None:
    stored = HubReceipt(event_ids=["a", "b"], status="stored")
    await house.receipt(stored)
    await until(house.receipts)
    assert house.receipts() == [stored]


async def test_refusals_are_told_to_the_hub_and_shown(
    house: House, scene: Scene, bridge: Litestar, database_urls: dict[str, str]
) -> None:
    stranger = await settle_in(scene, bridge, devices=1)
    await house.up("readings", house.reading("low", readings={"weight_kg": -1}))
    await house.up("readings", house.reading("not-mine", stranger.devices[0]))
    await house.up("gatt", b"{")
    await house.up("readings", house.reading("good"))
    await until(lambda: house.holds({"good"}))
    await until(lambda: len(house.receipts()) == 2 and len(house.rejections()) == 5)
    assert {(tuple(r.event_ids), r.status, r.code) for r in house.receipts()} == {
        (("low",), "rejected", "out_of_bounds"),
        (("not-mine",), "rejected", "not_found"),
    }
    own, second = house.devices
    assert {(r.device_connection_id, r.code, r.event_id) for r in house.rejections()} == {
        (own, "out_of_bounds", "low"),
        *((device, "not_found", "not-mine") for device in (own, second)),
        *((device, "invalid_json", None) for device in (own, second)),
    }
    assert set(await house.stored()) == {"good"}
    assert stranger.rejections() == []
    assert await stranger.items() == []
    conn = await asyncpg.connect(database_urls["access"])
    try:

        async def noted() -> Any:
            return await conn.fetchrow(
                "SELECT action, outcome, object_id FROM access.audit_logs WHERE actor_id = $1",
                f"hub:{house.hub_id}",
            )

        await until(noted)
        assert tuple(await noted()) == ("data.ingest", "denied", str(stranger.devices[0]))
    finally:
        await conn.close()


async def test_a_sound_that_nobody_uploaded(house: House) -> None:
    sound = {"stethoscope_audio_url": "s3://device-connect/objects/x/y"}
    readings = [house.reading("a"), house.reading("sound", readings=sound), house.reading("b")]
    await house.up("readings", array(*readings))
    await until(lambda: house.receipts() and house.rejections())
    assert house.receipts() == [HubReceipt(event_ids=["sound"], status="rejected", code="unknown_object")]
    [rejection] = house.rejections()
    assert (rejection.device_connection_id, rejection.field) == (
        house.devices[0],
        "readings.stethoscope_audio_url",
    )
    assert [bytes(item.message) for item in await house.items()] == [readings[0], readings[2]]


async def test_too_many_readings_in_one_payload(house: House) -> None:
    ids = [f"e-{number}" for number in range(1001)]
    await house.up("readings", array(*(house.reading(id) for id in ids)))
    await until(lambda: len(house.receipts()) == 3)
    assert {(receipt.status, receipt.code) for receipt in house.receipts()} == {
        ("rejected", "payload_too_large")
    }
    await until(lambda: [id for receipt in house.receipts() for id in receipt.event_ids] == ids)
    assert await house.items() == []


async def test_a_payload_of_nothing_but_refusals_behind_many_devices(scene: Scene, bridge: Litestar) -> None:
    """25,000 refusals are more than a message may hold; the hub's next reading goes on all the same."""
    house = await settle_in(scene, bridge, devices=25)
    stranger = uuid4()
    ids = [f"{number:0>50}" for number in range(1000)]
    await house.up("readings", array(*(house.reading(id, stranger) for id in ids)))
    await house.up("readings", house.reading("good"))
    await until(lambda: house.holds({"good"}))
    await until(lambda: len(house.rejections()) == 25 * len(ids), 20)
    await until(lambda: [id for receipt in house.receipts() for id in receipt.event_ids] == ids)
    assert {len(receipt.event_ids) for receipt in house.receipts()} == {500}


async def test_states_and_answers_become_events_and_junk_stops_nobody(house: House, scene: Scene) -> None:
    command_id = uuid4()
    await house.up("state", b'{"state":"online","firmware":"1.2"}')
    await house.up("state", b'{"state":"online","x":' + b"[" * 5000 + b"]" * 5000 + b"}")
    await house.up("something", b"else")
    await house.up(f"commands.{uuid4()}", b'{"ok":')
    await house.up(
        f"commands.{command_id}", b'{"ok":true,"devices":[{"address":"c0:26:df:00:00:09","name":"Cuff"}]}'
    )
    await house.up("state", b'{"state":"offline"}')
    await until(lambda: len(house.states()) == 2 and house.answers())
    assert [(state.state, state.firmware) for state in house.states()] == [
        ("online", "1.2"),
        ("offline", None),
    ]
    [answer] = house.answers()
    assert (answer.command_id, answer.ok) == (command_id, True)
    assert [(found.address, found.name) for found in answer.devices] == [("c0:26:df:00:00:09", "Cuff")]
    await until(lambda: is_settled(scene), 5)


async def test_a_command_goes_down_again_when_the_hub_comes_back_and_not_when_it_has_answered(
    house: House,
) -> None:
    scan = HubCommand(id=uuid4(), command="scan", expires_at=now() + timedelta(minutes=5), duration_s=10)
    await house.command(scan)
    await until(lambda: house.commands() == [scan])
    await house.up("state", b'{"state":"online"}')
    await until(lambda: house.commands() == [scan, scan])
    await house.up(f"commands.{scan.id}", b'{"ok":true}')
    await until(house.answers)
    await house.up("state", b'{"state":"online"}')
    await until(lambda: len(house.states()) == 2)
    later = HubCommand(id=uuid4(), command="forget", expires_at=now() + timedelta(minutes=5))
    await house.command(later)
    await until(lambda: later in house.commands())
    assert house.commands() == [scan, scan, later]


async def test_a_command_that_expires_is_dropped(house: House, scene: Scene) -> None:
    brief = HubCommand(id=uuid4(), command="scan", expires_at=now() + timedelta(seconds=1))
    await house.command(brief)
    await until(lambda: house.commands() == [brief])

    async def gone() -> bool:
        state = (
            await scene.buses["admin"].js.stream_info(
                "JOBS", subjects_filter=f"hubs.command.v1.{house.hub_id}"
            )
        ).state
        return not state.subjects

    await until(gone)
    assert house.commands() == [brief]


async def is_settled(scene: Scene) -> bool:
    """Whether the consumer has acknowledged everything that hubs sent."""
    info = await scene.buses["hubs-admin"].js.consumer_info("$MQTT_msgs", "bridge")
    return not info.num_pending and not info.num_ack_pending


@pytest.mark.faults
async def test_nothing_is_lost_when_a_replica_leaves(
    settings: Settings, scene: Scene, bridge: Litestar
) -> None:
    """Two share the consumer; one of them stops while readings flow."""
    house = await settle_in(scene, bridge)
    async with flowing(house.send) as sent, bridge_of(settings):
        before = await house.stored()
        await until(partial(house.holds_count, before.total() + 60))
    await until(lambda: house.holds(sent), 20)
    await until(lambda: is_settled(scene), 20)


@pytest.mark.faults
async def test_nothing_is_lost_when_nats_is_killed(house: House, nats_server: Any) -> None:
    async with flowing(house.send) as sent:
        for at_least in (80, 160):
            await until(partial(house.holds_count, at_least), 20)
            nats_server.kill()
            nats_server.start()
    await until(lambda: house.holds(sent), 45)
