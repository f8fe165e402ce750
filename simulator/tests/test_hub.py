"""The hub on a real broker: what it says, until when it repeats itself, and how it answers."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec
import nats
import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg

from chassis import clock
from proto.events import HubAnswered, HubCommand, HubReceipt
from proto.readings import GattMessage, ReadingMessage
from simulator.devices import VirtualDevice
from simulator.hub import Hub, HubConfig
from simulator.journal import FileJournal
from simulator.tests.broker import HUB_ID, SECRET, Broker, running

pytestmark = pytest.mark.integration

CUFF, BREATH = "C0:26:DF:00:00:01", "C0:26:DF:00:00:06"
CONNECTION = str(uuid4())
DEVICES = [
    VirtualDevice(address=CUFF, name="Cuff", device_type="blood_pressure_cuff"),
    VirtualDevice(address=BREATH, name="Spirometer", device_type="spirometer"),
]
PAIRED: dict[str, str | None] = {CUFF: CONNECTION, BREATH: CONNECTION}


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    with running(tmp_path_factory.mktemp("broker")) as started:
        yield started


class Platform:
    """The other side: hears what the hub says and answers for the platform."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._heard: asyncio.Queue[tuple[str, Any]] = asyncio.Queue()

    async def hear(self, message: Msg) -> None:
        branch = message.subject.split(f"{HUB_ID}.", 1)[1]
        self._heard.put_nowait((branch, msgspec.json.decode(message.data)))

    async def next(self, branch: str, timeout_s: float = 10) -> list[Any]:
        """The items of the next message of a branch; others are skipped."""
        async with asyncio.timeout(timeout_s):
            while True:
                heard, content = await self._heard.get()
                if heard.startswith(branch):
                    return content if isinstance(content, list) else [content]

    async def collect(self, branch: str, count: int) -> list[Any]:
        items: list[Any] = []
        while len(items) < count:
            items += await self.next(branch)
        return items

    async def receipt(self, event_ids: list[str], status: Any = "stored", code: str | None = None) -> None:
        await self._send("down.receipt", HubReceipt(event_ids=event_ids, status=status, code=code))

    async def command(self, command: HubCommand) -> Any:
        await self._send("down.commands", command)
        (answer,) = await self.next(f"up.commands.{command.id}")
        return answer

    async def garbage(self) -> None:
        await self._client.publish(f"dc.v1.hubs.{HUB_ID}.down.commands", b"\xff{")
        await self._client.publish(f"dc.v1.hubs.{HUB_ID}.down.receipt", b"[]")

    async def _send(self, branch: str, content: msgspec.Struct) -> None:
        await self._client.publish(f"dc.v1.hubs.{HUB_ID}.{branch}", msgspec.json.encode(content))


@pytest.fixture
async def platform(broker: Broker) -> AsyncIterator[Platform]:
    client = await nats.connect(broker.url, reconnect_time_wait=0.1, max_reconnect_attempts=-1)
    other_side = Platform(client)
    await client.subscribe(f"dc.v1.hubs.{HUB_ID}.up.>", cb=other_side.hear)
    await client.flush()
    yield other_side
    await client.close()


Start = Callable[..., Awaitable[Hub]]


@pytest.fixture
async def start(broker: Broker) -> AsyncIterator[Start]:
    started: list[Hub] = []

    async def hub(resend_s: float = 300, **more: Any) -> Hub:
        config = HubConfig(
            hub_id=HUB_ID, secret=SECRET, mqtt_url=broker.mqtt_url, zone="Europe/Berlin", resend_s=resend_s
        )
        more.setdefault("paired", dict(PAIRED))
        one = Hub(config, DEVICES, **more)
        await one.start()
        started.append(one)
        return one

    yield hub
    for one in started:
        await one.stop()


def command(name: Any, address: str | None = None, **more: Any) -> HubCommand:
    return HubCommand(
        id=uuid4(),
        command=name,
        device_address=address,
        expires_at=clock.now() + timedelta(minutes=1),
        **more,
    )


async def test_it_says_when_it_comes_and_when_it_goes(start: Start, platform: Platform) -> None:
    hub = await start()
    (state,) = await platform.next("up.state")
    assert state == {"state": "online", "firmware": "hub-2.3.0", "slots": 2}

    await hub.stop()

    (state,) = await platform.next("up.state")
    assert state["state"] == "offline"


async def test_a_measurement_is_raw_bytes_and_is_forgotten_only_with_its_receipt(
    start: Start, platform: Platform
) -> None:
    hub = await start()
    await hub.online()

    event_ids = await hub.measure(CUFF, live=True)
    shown = await platform.collect("up.gatt", 8)
    kept = await platform.collect("up.gatt", 2)

    assert {item["characteristic"] for item in shown} == {"2a36"}
    assert [item["characteristic"] for item in kept] == ["2a35", "2a19"]
    assert [item["event_id"] for item in kept] == event_ids
    for item in (*shown, *kept):
        msgspec.convert(item, GattMessage)
    assert hub.waiting == 2
    await platform.receipt(event_ids)
    await hub.settled(5)
    assert (hub.counters.sent, hub.counters.resent, hub.counters.receipts) == (2, 0, 2)


async def test_a_device_without_a_profile_sends_normalized_readings(start: Start, platform: Platform) -> None:
    hub = await start()

    (event_id,) = await hub.measure(BREATH)
    (item,) = await platform.next("up.readings")

    message = msgspec.convert(item, ReadingMessage)
    assert message.event_id == event_id
    assert str(message.device_connection_id) == CONNECTION
    await platform.receipt([event_id], "rejected", "kind_not_consented")
    await hub.settled(5)
    assert hub.counters.rejected == 1


async def test_without_a_receipt_it_sends_again(start: Start, platform: Platform) -> None:
    hub = await start(resend_s=0.3)

    (event_id,) = await hub.measure(BREATH)

    first, second, third = await platform.collect("up.readings", 3)
    assert first == second == third
    assert first["event_id"] == event_id
    assert hub.counters.sent == 1
    assert hub.counters.resent >= 1


async def test_what_was_measured_while_the_broker_was_dead_arrives_after_it_is_back(
    start: Start, platform: Platform, broker: Broker
) -> None:
    hub = await start()
    await hub.online()
    unreceipted = await hub.measure(BREATH)
    await platform.next("up.readings")
    broker.kill()
    await hub.offline()

    unreceipted += await hub.measure(BREATH)
    broker.start()
    items = await platform.collect("up.readings", 2)

    assert {item["event_id"] for item in items} == set(unreceipted)
    await platform.receipt(unreceipted)
    await hub.settled(5)
    assert hub.counters.resent == 1


async def test_a_restarted_hub_still_has_its_readings(
    start: Start, platform: Platform, tmp_path: Path
) -> None:
    path = tmp_path / "outbox.ndjson"
    first = await start(journal=FileJournal(path))
    (event_id,) = await first.measure(BREATH)
    await platform.next("up.readings")
    await first.stop()

    second = await start(journal=FileJournal(path))
    (item,) = await platform.next("up.readings")

    assert item["event_id"] == event_id
    await platform.receipt([event_id])
    await second.settled(5)


async def test_pairing_by_command_and_the_battery_of_the_new_device(start: Start, platform: Platform) -> None:
    remembered: list[dict[str, str | None]] = []
    hub = await start(paired={}, on_paired=remembered.append)
    await hub.online()
    connection = uuid4()

    found = await platform.command(command("scan", services=["1810"]))
    pair = command("pair", CUFF, device_connection_id=connection)
    answer = await platform.command(pair)
    (battery,) = await platform.next("up.gatt")

    answered = msgspec.convert(
        {**found, "hub_id": HUB_ID, "command_id": uuid4(), "at": clock.now()}, HubAnswered
    )
    assert [device.address for device in answered.devices] == [CUFF]
    assert answer == {"ok": True}
    assert (battery["characteristic"], battery["device_connection_id"]) == ("2a19", str(connection))
    assert remembered == [{CUFF: str(connection)}]
    assert await platform.command(pair) == {"ok": True}
    assert len(remembered) == 1


async def test_a_device_that_is_not_paired_cannot_measure(start: Start) -> None:
    hub = await start(paired={})

    with pytest.raises(LookupError):
        await hub.measure(CUFF)


async def test_unreadable_messages_do_not_disturb_it(start: Start, platform: Platform) -> None:
    hub = await start()
    await hub.online()

    await platform.garbage()

    assert await platform.command(command("sync_time")) == {"ok": True}


async def test_a_wrong_secret_is_tried_again_quietly(broker: Broker) -> None:
    hub = Hub(HubConfig(hub_id=HUB_ID, secret="wrong", mqtt_url=broker.mqtt_url), DEVICES)
    await hub.start()

    with pytest.raises(TimeoutError):
        await hub.online(1)

    await hub.stop()
