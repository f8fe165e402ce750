"""The bridge as processes on a real Mosquitto: what is not in INGEST is not acknowledged, whatever dies meanwhile."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import timedelta
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any
from uuid import uuid4

import aiomqtt
import asyncpg
import msgspec
import pytest

from chassis.clock import now
from proto.events import HubCommand, HubReceipt
from services.ingest.bridge.tests.conftest import Household, Scene, flowing, pushed_to
from services.ingest.bridge.tests.world import array
from tests.support.mosquitto import BRIDGE, MISSING, PROGRAM, Mosquitto
from tests.support.replica import Replica
from tests.support.waiting import until

pytestmark = [pytest.mark.faults]
TAKEOVER_S = 10.0
PARTNER = "vendor-generic"


class Hub(Household):
    """A hub at the broker."""

    def __init__(self, scene: Scene, broker: Mosquitto, hub_id: str) -> None:
        super().__init__(scene, hub_id, devices=2)
        self._broker = broker
        self.receipts: list[HubReceipt] = []
        self.commands: list[HubCommand] = []
        self.heard_at: dict[str, set[int]] = {}
        """Last level of the topic → the QoS of what came."""

    @asynccontextmanager
    async def at_the_broker(self) -> AsyncIterator[aiomqtt.Client]:
        """Connected, and listening to its own branch."""
        async with client_of(self._broker, self.hub_id) as client:
            await client.subscribe(f"dc/v1/hubs/{self.hub_id}/down/#", qos=1)
            listening = asyncio.create_task(self._listen(client))
            try:
                yield client
            finally:
                listening.cancel()
                await asyncio.gather(listening, return_exceptions=True)

    async def _listen(self, client: aiomqtt.Client) -> None:
        async for message in client.messages:
            assert isinstance(message.payload, bytes)
            self.heard_at.setdefault(message.topic.value.rpartition("/")[2], set()).add(message.qos)
            if message.topic.matches("+/+/+/+/+/receipt"):
                self.receipts.append(msgspec.json.decode(message.payload, type=HubReceipt))
            else:
                self.commands.append(msgspec.json.decode(message.payload, type=HubCommand))

    async def up(self, client: aiomqtt.Client, channel: str, payload: bytes, **options: Any) -> None:
        """Returns when the broker has acknowledged."""
        await client.publish(f"dc/v1/hubs/{self.hub_id}/up/{channel}", payload, qos=1, **options)

    @asynccontextmanager
    async def flowing(self, *, with_refused: bool = False) -> AsyncIterator[set[str]]:
        """Each reading is sent again, on a new connection if need be, until the broker has acknowledged it."""
        bad = [self.reading("bad", readings={})] if with_refused else []
        async with AsyncExitStack() as stack:
            clients: list[aiomqtt.Client] = []

            async def send(event_id: str) -> None:
                while True:
                    try:
                        if not clients:
                            client = client_of(self._broker, self.hub_id)
                            clients.append(await stack.enter_async_context(client))
                        payload = array(self.reading(event_id), *bad)
                        await self.up(clients[0], "readings", payload, timeout=1)
                    except aiomqtt.MqttError:
                        clients.clear()
                        await asyncio.sleep(0.05)
                    else:
                        return

            async with flowing(send) as sent:
                yield sent


def client_of(broker: Mosquitto, user: str, **options: Any) -> aiomqtt.Client:
    password = broker.passwords[user]
    return aiomqtt.Client(
        "127.0.0.1", broker.port, username=user, password=password, identifier=user, **options
    )


Start = Callable[..., Replica]
"""With the address of another broker, where one is given."""


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mosquitto]:
    if PROGRAM is None:
        pytest.skip(MISSING)
    hubs = [f"hub-{uuid4().hex[:12]}" for _ in range(10)]
    users = (BRIDGE, PARTNER, *hubs)
    one = Mosquitto(tmp_path_factory.mktemp("mosquitto"), {user: uuid4().hex for user in users})
    one.start()
    try:
        yield one
    finally:
        one.stop()


@pytest.fixture
def start(
    broker: Mosquitto,
    home: Path,
    service_environ: Callable[[str], dict[str, str]],
    tmp_path: Path,
) -> Iterator[Start]:
    """Starts one more replica; all leave in order at the end, so that the next test finds the lease free."""
    secret = home / "secrets/mqtt/password"
    secret.parent.mkdir(exist_ok=True)
    secret.write_text(broker.passwords[BRIDGE])
    environ = service_environ("ingest-bridge")
    replicas: list[Replica] = []

    def start_one(url: str = broker.url) -> Replica:
        replicas.append(Replica({**environ, "DC_MQTT_URL": url}, tmp_path / f"{len(replicas)}.log"))
        return replicas[-1]

    yield start_one
    for replica in replicas:
        replica.ask_to_stop()
    for replica in replicas:
        replica.end()


@pytest.fixture(scope="module")
async def households(scene: Scene, broker: Mosquitto) -> list[Hub]:
    """Known before a replica starts, so that none has to be waited for."""
    found = [Hub(scene, broker, user) for user in broker.passwords if user not in (BRIDGE, PARTNER)]
    for hub in found:
        await hub.put()
    return found


@pytest.fixture
def hub(households: list[Hub]) -> Hub:
    return households.pop()


async def test_up_and_down(start: Start, hub: Hub, households: list[Hub]) -> None:
    await start().connected()
    one, value = hub.reading("a"), hub.gatt("g", 1)
    async with hub.at_the_broker() as client:
        await hub.up(client, "readings", one)
        await hub.up(client, "gatt", value)
        await hub.up(client, "readings", hub.reading("low", readings={"weight_kg": -1}))
        await hub.up(client, "readings", hub.reading("not-mine", households[0].devices[0]))
        await hub.up(client, "readings", b"\xff")
        await hub.up(client, "nonsense", b"x")
        await hub.up(client, "state", b'{"state":"online","slots":3}')
        await until(lambda: hub.holds({"a", "g"}))
        assert {bytes(item.message) for item in await hub.items()} == {one, value}
        assert {(item.source, item.actor_id) for item in await hub.items()} == {("mqtt", f"hub:{hub.hub_id}")}
        await until(lambda: len(hub.receipts) == 2 and len(hub.rejections()) == 5 and hub.states())
        assert {(tuple(r.event_ids), r.code) for r in hub.receipts} == {
            (("low",), "out_of_bounds"),
            (("not-mine",), "not_found"),
        }
        stored = HubReceipt(event_ids=["a", "g"], status="stored")
        await hub.receipt(stored)
        await until(lambda: stored in hub.receipts)
        scan = HubCommand(id=uuid4(), command="scan", expires_at=now() + timedelta(minutes=5), duration_s=10)
        await hub.command(scan)
        await until(lambda: hub.commands == [scan])
        await hub.up(client, "state", b'{"state":"online"}')
        await until(lambda: hub.commands == [scan, scan])
        await hub.up(client, f"commands/{scan.id}", b'{"ok":true}')
        await until(hub.answers)
        assert [(answer.command_id, answer.ok) for answer in hub.answers()] == [(scan.id, True)]


async def test_a_vendors_push_is_acknowledged_when_sync_is_sure_to_get_it(
    start: Start, scene: Scene, broker: Mosquitto
) -> None:
    body = b'{"data": {"user": "%s"}}' % uuid4().hex.encode()
    await start().connected()
    with suppress(aiomqtt.MqttError):  # the broker may end the session of who writes to another's branch
        async with client_of(broker, PARTNER) as client:
            await client.publish("dc/v1/vendors/kinsa/up/readings", body, qos=1)
    async with client_of(broker, PARTNER) as client:
        await client.publish("dc/v1/vendors/generic/up/readings", body, qos=1)
        await client.publish("dc/v1/vendors/generic/up/readings", body + b" ", qos=1)
        [event] = await until(lambda: pushed_to(scene, "generic", body + b" "))

    assert (event.vendor, event.content_type) == ("generic", "application/json")
    assert await pushed_to(scene, "kinsa", body) == []


async def test_a_receipt_waits_for_no_acknowledgement_of_the_broker(start: Start, hub: Hub) -> None:
    """One that works off a backlog answers late; a command is worth the wait, receipts are too many."""
    await start().connected()
    async with hub.at_the_broker():
        await hub.receipt(HubReceipt(event_ids=["a"], status="stored"))
        scan = HubCommand(id=uuid4(), command="scan", expires_at=now() + timedelta(seconds=5))
        await hub.command(scan)
        await until(lambda: hub.receipts and hub.commands)
    assert hub.heard_at == {"receipt": {0}, "commands": {1}}


async def held_by(broker: Mosquitto, hub: Hub) -> set[str]:
    """Event ids that the broker still keeps for the bridge: taken by nobody, or not acknowledged. They stay there."""
    async with hub.at_the_broker() as client:
        await hub.up(client, "readings", array(hub.reading("last")))
    found: set[str] = set()
    probe = client_of(broker, BRIDGE, clean_session=False)
    probe._client.manual_ack_set(True)
    async with asyncio.timeout(10), probe:
        async for message in probe.messages:
            assert isinstance(message.payload, bytes)
            found.update(each["event_id"] for each in msgspec.json.decode(message.payload))
            if "last" in found:
                break
    return found


async def test_nothing_is_acknowledged_that_is_not_in_ingest(
    start: Start, hub: Hub, broker: Mosquitto, nats_server: Any
) -> None:
    """NATS dies while readings flow, and then the bridge: what the broker has forgotten is in INGEST."""
    replica = await start().connected()
    async with AsyncExitStack() as at_the_end:
        async with hub.flowing() as sent:
            await until(partial(hub.holds_count, 60), 20)
            at_the_end.callback(nats_server.start)
            nats_server.kill()
            count = len(sent)
            await until(lambda: len(sent) > count + 100)  # the broker takes what the bridge does not
        replica.kill()
        kept = await held_by(broker, hub)

    async def complete() -> bool:
        """Once INGEST can be read again."""
        return kept | (await hub.stored()).keys() >= sent

    await until(complete)
    missing = sent - (await hub.stored()).keys()
    assert len(missing) > 100
    assert missing <= kept
    start()
    await until(lambda: hub.holds(sent), 30)


async def test_nothing_is_lost_when_nats_is_killed(start: Start, hub: Hub, nats_server: Any) -> None:
    """The same bridge goes on, on the same session: a restart does not cost it its lease."""
    replica = await start().connected()
    async with hub.flowing() as sent:
        await until(partial(hub.holds_count, 60), 20)
        nats_server.kill()
        nats_server.start()
    await until(lambda: hub.holds(sent), 20)
    assert "lease_lost" not in replica.log.read_text()
    assert "mqtt_lost" not in replica.log.read_text()


async def test_nothing_is_lost_when_the_bridge_restarts(start: Start, hub: Hub) -> None:
    """Its session at the broker waits for it; what the broker remembers of a hub's state is not taken for news."""
    replica = await start().connected()
    async with hub.at_the_broker() as client:
        await hub.up(client, "state", b'{"state":"online"}', retain=True)
    await until(hub.states)
    async with hub.flowing() as sent:
        await until(partial(hub.holds_count, 60), 20)
        replica.ask_to_stop()
        await asyncio.to_thread(replica.wait)
        count = len(sent)
        await until(lambda: len(sent) > count + 100)
        assert not await hub.holds(set(sent))
        await start().connected()
    await until(lambda: hub.holds(sent), 20)
    async with hub.at_the_broker() as client:
        await hub.up(client, "state", b'{"state":"offline"}')
    await until(lambda: len(hub.states()) > 1)
    assert [state.state for state in hub.states()] == ["online", "offline"]


async def test_another_replica_stands_by_and_takes_over(start: Start, hub: Hub) -> None:
    first = await start().connected()
    second = await start().ready()
    async with hub.at_the_broker():
        commands = [
            HubCommand(id=uuid4(), command="scan", expires_at=now() + timedelta(seconds=8)) for _ in range(8)
        ]
        for command in commands:  # whoever takes it from the queue, it goes down where there is a way
            await hub.command(command)
        await until(lambda: {command.id for command in hub.commands} == {command.id for command in commands})
    async with hub.flowing() as sent:
        await until(partial(hub.holds_count, 60), 20)
        assert not second.has_connected()
        first.kill()
        before = set(sent)
        async with asyncio.timeout(TAKEOVER_S):
            await until(second.has_connected, TAKEOVER_S)
            await until(lambda: hub.holds(before), TAKEOVER_S)
    await until(lambda: hub.holds(sent), 20)


async def test_nothing_is_lost_when_the_broker_restarts(start: Start, hub: Hub, broker: Mosquitto) -> None:
    """Each payload earns a refusal as well: a receipt that cannot be sent now holds nothing up."""
    replica = await start().connected()
    async with hub.flowing(with_refused=True) as sent:
        await until(partial(hub.holds_count, 60), 20)
        await asyncio.to_thread(broker.stop)
        await until(lambda: replica.problems() == ["the MQTT broker is not connected"])
        await asyncio.to_thread(broker.start)
        await until(lambda: replica.problems() == [])
    await until(lambda: hub.holds(sent), 20)


async def test_a_broker_that_dies_before_it_answers_is_asked_again_soon(start: Start) -> None:
    asked: list[float] = []

    async def die(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        asked.append(monotonic())
        writer.close()

    async with await asyncio.start_server(die, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        start(f"mqtt://127.0.0.1:{port}")
        await until(lambda: len(asked) > 1, 30)
    assert asked[1] - asked[0] < 5


async def test_a_broker_that_died_while_the_bridge_was_stalled_is_noticed(
    start: Start, hub: Hub, broker: Mosquitto
) -> None:
    """What is read afterwards is the rest of a connection that was reset; the event loop does not always say so."""
    replica = await start().connected()
    async with hub.flowing() as sent:
        await until(partial(hub.holds_count, 60), 20)
        replica.suspend()
        count = len(sent)
        await until(lambda: len(sent) > count + 60, 20)
        broker.kill()
        broker.start()
        replica.resume()
        await until(partial(replica.has_connected, 2), 15)
        await until(lambda: replica.problems() == [])


async def test_a_message_that_fails_alone_stops_nobody(start: Start, hub: Hub, postgres_url: str) -> None:
    """A fault of ours: the table of uploads may not be read. The hub keeps what got no receipt."""
    sound = hub.reading("sound", readings={"stethoscope_audio_url": "s3://device-connect/objects/x/y"})
    await start().connected()
    owner = await asyncpg.connect(postgres_url)
    try:
        async with hub.at_the_broker() as client:
            await owner.execute("REVOKE SELECT ON ingest.uploads FROM dc_ingest")
            for payload in (hub.reading("a"), sound, hub.reading("b")):
                await hub.up(client, "readings", payload)
            await until(lambda: hub.holds({"a", "b"}))
            assert hub.receipts == []
            await owner.execute("GRANT SELECT ON ingest.uploads TO dc_ingest")
            await hub.up(client, "readings", sound)
            await until(lambda: hub.receipts)
            assert [(r.event_ids, r.code) for r in hub.receipts] == [(["sound"], "unknown_object")]
    finally:
        await owner.execute("GRANT SELECT ON ingest.uploads TO dc_ingest")
        await owner.close()
    assert set(await hub.stored()) == {"a", "b"}
