"""What comes in at the edges: poison, too much of everything, and hubs that would be somebody else."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import aiomqtt
import asyncpg
import msgspec

from proto import subjects
from proto.raw import GROUP_MAX_BYTES, GROUP_MAX_ITEMS
from services.ingest.domain import MAX_BATCH, MAX_ITEMS, MAX_MESSAGE
from tests.e2e.driver import Json, World, eventually
from tests.faults.breaking import pause
from tests.faults.evidence import Nats
from tests.faults.guests import Guest, guest, posted, wired
from tests.faults.stage import Scenario, Stage

DAY: Final = datetime(2026, 4, 1, tzinfo=UTC)
GARBAGE: Final = (b"", b"\x00\xff\xfe", b"[", b"{}", b"null", b'[{"type":"reading"}', b"[" * 5000, b'"text"')
LISTENER_MAX: Final = 4 * 1024 * 1024
REFUSED: Final = (5, 135)
"""Not authorized: the CONNACK's code, and what the client library makes of it."""
PUSHES: Final = 10


def moments(count: int) -> list[datetime]:
    """Times for a guest's readings, one each."""
    return [DAY + timedelta(seconds=number) for number in range(count)]


# --- poison -------------------------------------------------------------------------------------------------------


async def _poisoned(stage: Stage) -> None:
    """The administrator publishes what no edge would let in."""
    one = await guest(stage.world, stage.side("guest"))
    good = moments(4)
    mixed = (
        [_item(one, good[0]), b'{"type":"reading","connection_id":"nobody"}', _item(one, good[1])],
        [_item(one, good[2]), _item(one, good[3], message=b'{"timestamp":7}')],
    )
    one.hand(good[:3])
    one.acknowledge(good[:3])  # what can be read of a group must not suffer for what cannot
    sequences = []
    async with Nats(stage.world.system) as js:
        for payload in [*GARBAGE, *(b"[" + b",".join(items) + b"]" for items in mixed)]:
            await pause(stage.rng.uniform(0.05, 0.2))
            sequences.append((await js.publish(subjects.to(subjects.RAW, 0), payload)).seq)
        letters = await eventually(
            lambda: _letters(stage.world, sequences), lambda found: set(found) == set(sequences), within_s=15
        )
        stage.expect(set(letters.values()) == {"unreadable"}, f"dead letters say {set(letters.values())}")
        told = await _told(js)
        stage.expect(set(sequences) <= told, f"no word in DLQ of {set(sequences) - told}")
    stage.note(f"{len(sequences)} poisoned messages, each a dead letter")
    await pause(1)


def _item(one: Guest, moment: datetime, message: bytes | None = None) -> bytes:
    said = {
        "type": "reading",
        "connection_id": one.device.id,
        "received_at": datetime.now(UTC),
        "source": "mqtt",
        "actor_id": f"hub:{one.hub['hub_id']}",
        "hub_id": one.hub["hub_id"],
        "message": msgspec.Raw(
            message or msgspec.json.encode(one.message(moment, f"poison-{moment:%H%M%S}"))
        ),
    }
    return msgspec.json.encode(said)


async def _letters(world: World, sequences: list[int]) -> dict[int, str]:
    conn = await asyncpg.connect(world.system.endpoints["postgres"])
    try:
        rows = await conn.fetch(
            "SELECT sequence, code FROM normalizer.dead_letters WHERE sequence = ANY($1)", sequences
        )
    finally:
        await conn.close()
    return {row["sequence"]: row["code"] for row in rows}


async def _told(js: Any) -> set[int]:
    """Sequences of INGEST that DLQ speaks of."""
    state = (await js.stream_info("DLQ")).state
    letters = [await js.get_msg("DLQ", number) for number in range(state.first_seq, state.last_seq + 1)]
    return {msgspec.json.decode(letter.data)["sequence"] for letter in letters}


# --- limits -------------------------------------------------------------------------------------------------------


def _padded(message: Json, size: int) -> bytes:
    """The same message in so many octets: white space between two members belongs to it."""
    text = msgspec.json.encode(message)
    return text[:1] + b" " * (size - len(text)) + text[1:]


def _batch(messages: list[Json], size: int = 0) -> bytes:
    text = msgspec.json.encode(messages)
    return text[:1] + b" " * (size - len(text)) + text[1:] if size else text


async def _limits(stage: Stage) -> None:
    one = await guest(stage.world, stage.side("guest"))
    times = iter(moments(20_000))
    for edge in ("gateway", "ingest"):
        await _http_limits(stage, one, stage.traffic.address(edge), edge, times)
    await _groups(stage, one, times)
    await _mqtt_limits(stage, one, times)


async def _http_limits(stage: Stage, one: Guest, base: str, edge: str, times: Any) -> None:
    async def ask(what: str, when: list[datetime], body: bytes, status: int, code: str | None = None) -> None:
        if status == 202:
            one.hand(when)
        answer = await posted(one.device, base, body)
        said = msgspec.json.decode(answer.content)
        stage.expect(
            (answer.status_code, said.get("code")) == (status, code),
            f"{edge}, {what}: {answer.status_code} {said.get('code')}",
        )
        if answer.status_code == 202:
            stage.expect(said["accepted"] == len(when), f"{edge}, {what}: {said['accepted']} accepted")
            one.acknowledge(when)

    when = [next(times)]
    single = one.message(when[0], f"{edge}-single")
    await ask("a message over its limit", when, _padded(single, MAX_MESSAGE + 1), 413, "payload_too_large")
    await ask("a message at its limit", when, _padded(single, MAX_MESSAGE), 202)
    when = [next(times) for _ in range(MAX_ITEMS)]
    many = [one.message(moment, f"{edge}-{n}") for n, moment in enumerate(when)]
    extra = one.message(next(times), f"{edge}-extra")
    await ask("a batch over its size", when, _batch(many, MAX_BATCH + 1), 413, "payload_too_large")
    await ask("a batch over its count", when, _batch([*many, extra]), 413, "too_many_items")
    await ask("a batch at both limits", when, _batch(many, MAX_BATCH), 202)


async def _groups(stage: Stage, one: Guest, times: Any) -> None:
    """With the 202 everything is in INGEST, in groups that keep their limits."""
    many = [next(times) for _ in range(MAX_ITEMS)]
    large = [next(times) for _ in range(4)]
    bodies = (
        (many, _batch([one.message(moment, f"group-{n}") for n, moment in enumerate(many)])),
        (
            large,
            b"[" + b",".join(_padded(one.message(at, f"large-{at:%H%M%S}"), 200_000) for at in large) + b"]",
        ),
    )
    async with Nats(stage.world.system) as js:
        for when, body in bodies:
            before = (await js.stream_info("INGEST")).state.last_seq
            one.hand(when)
            answer = await posted(one.device, stage.traffic.address("gateway"), body)
            after = (await js.stream_info("INGEST")).state.last_seq
            stage.expect(answer.status_code == 202, f"groups: {answer.status_code}")
            one.acknowledge(when)
            found = 0
            for sequence in range(before + 1, after + 1):
                data = (await js.get_msg("INGEST", sequence)).data
                items = msgspec.json.decode(data, type=list[_Whose])
                found += sum(str(item.connection_id) == one.device.id for item in items)
                stage.expect(
                    len(items) <= GROUP_MAX_ITEMS and (len(data) <= GROUP_MAX_BYTES + 2 or len(items) == 1),
                    f"a group of {len(items)} readings, {len(data)} octets",
                )
            stage.expect(found == len(when), f"with the 202 {found} of {len(when)} were in INGEST")


class _Whose(msgspec.Struct):
    connection_id: UUID


async def _mqtt_limits(stage: Stage, one: Guest, times: Any) -> None:
    when = [next(times) for _ in range(MAX_ITEMS + 1)]
    many = [one.message(moment, f"mqtt-{n}") for n, moment in enumerate(when)]
    single = one.message(next(times), "mqtt-single")
    refused = msgspec.json.encode([one.message(moment, f"no-{n}") for n, moment in enumerate(when)])
    async with wired(one) as wire:
        for name, payload in (("mqtt-single", _padded(single, MAX_MESSAGE + 1)), ("no-1000", refused)):
            await wire.publish("readings", payload)
            receipt = await wire.receipt(name, within_s=20)
            stage.expect(receipt.get("code") == "payload_too_large", f"MQTT, over: {receipt}")
        wire.receipts.clear()
        one.hand([*when[:MAX_ITEMS], _time(single)])
        await wire.publish("readings", _padded(single, MAX_MESSAGE))
        await wire.publish("readings", many[:MAX_ITEMS])
        for name in ("mqtt-single", "mqtt-0", f"mqtt-{MAX_ITEMS - 1}"):
            receipt = await wire.receipt(name, within_s=20)
            stage.expect(receipt["status"] == "stored", f"MQTT, at its limit: {receipt}")
        one.acknowledge([*when[:MAX_ITEMS], _time(single)])
        await wire.publish_to_the_end("readings", b" " * (LISTENER_MAX + 1024))
    async with wired(one) as wire:
        moment = next(times)
        one.hand([moment])
        await wire.publish("readings", one.message(moment, "mqtt-after"))
        stage.expect(
            (await wire.receipt("mqtt-after", within_s=20))["status"] == "stored", "MQTT, afterwards"
        )
        one.acknowledge([moment])


def _time(message: Json) -> datetime:
    return datetime.fromisoformat(message["timestamp"])


# --- somebody else's name -------------------------------------------------------------------------------------------


async def _pushed(stage: Stage) -> None:
    """A hub with a password of its own signs in under the names of another, while that one sends."""
    intruder = await stage.world.newcomer()
    own = await intruder.add_hub("Intruder")
    victim = stage.homes[0].hub
    leaving = [asyncio.create_task(hub.offline(600)) for hub in stage.traffic.hubs]
    attempts = (
        (own["hub_id"], own["secret"], victim["hub_id"]),
        (victim["hub_id"], own["secret"], victim["hub_id"]),
        (victim["hub_id"], own["secret"], own["hub_id"]),
    )
    try:
        for number in range(PUSHES):
            user, secret, client = attempts[number % len(attempts)]
            await pause(stage.rng.uniform(0.1, 0.4))
            stage.expect(await _sign_in(stage.world, user, secret, client) in REFUSED, f"{client} was let in")
        stage.expect(not any(task.done() for task in leaving), "a hub lost its session")
    finally:
        for task in leaving:
            task.cancel()
        await asyncio.gather(*leaving, return_exceptions=True)
    await intruder.denied("hub.sign_in", by=f"hub:{own['hub_id']}")


async def _sign_in(world: World, user: str, secret: str, client_id: str) -> int:
    """The CONNACK's code; 0: in."""
    try:
        async with world.mqtt(user, secret, client_id=client_id):
            return 0
    except aiomqtt.MqttCodeError as refused:
        code: Any = refused.rc
        return int(getattr(code, "value", code) or 0)


SCENARIOS: Final = (
    Scenario("poison in INGEST", _poisoned),
    Scenario("at and over every limit", _limits),
    Scenario("a hub under a foreign name", _pushed),
)
