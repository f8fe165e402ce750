"""Again, out of order, and by clocks that jump: what a network, a restored server and a hub's battery make of a day."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import asyncpg
from nats.js import JetStreamContext

from runtime.home import Home
from runtime.streams import ensure_streams
from simulator import gatt
from tests.e2e.driver import HubWire, Json, eventually, rfc3339
from tests.faults.breaking import pause
from tests.faults.evidence import Nats
from tests.faults.guests import Guest, guest, posted, wired
from tests.faults.stage import Scenario, Stage

START: Final = datetime(2026, 4, 3, tzinfo=UTC)
STORMS: Final = 3
KEPT: Final = 2000
"""So many groups are delivered again each time; new readings wait behind them."""
BEHIND_S: Final = 15.0
BEYOND_ACK_S: Final = 5.0
"""Longer than a consumer's `ack_wait_s`: what it has in hand is delivered again."""
RECORDS: Final = 12
JUMPS: Final = {
    "right": timedelta(0),
    "an hour ahead": timedelta(hours=1),
    "an hour behind": timedelta(hours=-1),
}


# --- everything once more -------------------------------------------------------------------------------------------


async def _again(stage: Stage) -> None:
    """The consumer forgets what it has seen, and deliveries are not acknowledged in time."""
    system = stage.world.system
    loop = asyncio.get_running_loop()
    told, seconds = 0, 0.0
    for _ in range(STORMS):
        await pause(stage.rng.uniform(1, 2))
        async with Nats(system) as js:
            await _keep_the_last(js)
            began = loop.time()
            await js.delete_consumer("INGEST", "normalizer")
            await ensure_streams(system.endpoints["nats"], Home(system.home).secrets)
            told += (await js.consumer_info("INGEST", "normalizer")).num_pending
            await eventually(lambda js=js: _waiting(js), lambda count: count < 50, within_s=60)  # type: ignore[misc]
            seconds += loop.time() - began
    for _ in range(STORMS):
        await pause(1)
        async with stage.breaker.stopped("normalizer"):
            await pause(BEYOND_ACK_S)
    stage.note(f"{told} groups delivered again, {told / seconds:.0f} a second")
    await pause(2)


async def _keep_the_last(js: JetStreamContext) -> None:
    """Purges older ones as the janitor does, so that how long this takes does not depend on what was played before."""
    last = (await js.stream_info("INGEST")).state.last_seq
    floor = (await js.consumer_info("INGEST", "normalizer")).ack_floor
    if floor is not None and (first := min(floor.stream_seq, last - KEPT)) > 0:
        await js.purge_stream("INGEST", seq=first)


async def _waiting(js: JetStreamContext) -> int:
    return int((await js.consumer_info("INGEST", "normalizer")).num_pending)


# --- revisions ------------------------------------------------------------------------------------------------------


async def _amended(stage: Stage) -> None:
    """Three revisions of each record by three ways, one after the other or all at once; each moves it to another hour."""
    one = await guest(stage.world, stage.side("guest"))
    loop = asyncio.get_running_loop()
    began = loop.time()
    async with one.watching(), wired(one) as wire:
        orders: dict[int, tuple[list[int], bool]] = {}
        for number in range(RECORDS):
            order = stage.rng.sample((1, 2, 3), 3)
            ways = stage.rng.sample((_by_gateway, _by_ingest, _by_hub), 3)
            at_once = number % 3 == 2
            final = _revised(number, 3)
            one.hand([final])
            if at_once:
                await asyncio.gather(
                    *(
                        way(stage, one, wire, number, revision)
                        for way, revision in zip(ways, order, strict=True)
                    )
                )
            else:
                for way, revision in zip(ways, order, strict=True):
                    await way(stage, one, wire, number, revision)
            orders[number] = (order, at_once)
            await eventually(lambda n=number: _revision(stage, one, n), lambda found: found == 3, within_s=20)  # type: ignore[misc]
            one.acknowledge([final])
        await _twice(stage, one, wire)
    for number, (order, at_once) in orders.items():
        await _history(stage, one, number, order, at_once=at_once)
    stage.note(f"{RECORDS} records with three revisions each in {loop.time() - began:.0f} s")


def _revised(number: int, revision: int) -> datetime:
    return START + timedelta(hours=number, minutes=25 * revision)


def _version(one: Guest, number: int, revision: int) -> Json:
    message = one.message(
        _revised(number, revision),
        f"r-{number}-{revision}",
        {"weight_kg": 70 + number + revision / 10},
        meta={"vendor_record_id": f"w:{number}", "revision": revision},
    )
    return message


async def _by_gateway(stage: Stage, one: Guest, wire: HubWire, number: int, revision: int) -> None:
    await _post(stage, one, "gateway", _version(one, number, revision))


async def _by_ingest(stage: Stage, one: Guest, wire: HubWire, number: int, revision: int) -> None:
    await _post(stage, one, "ingest", _version(one, number, revision))


async def _post(stage: Stage, one: Guest, edge: str, message: Json) -> None:
    """Until it is settled, so that what follows comes later."""
    answer = await posted(one.device, stage.traffic.address(edge), message, prefer="wait=10")
    stage.expect(answer.status_code == 201, f"{edge}: {answer.status_code} {answer.text[:200]}")


async def _by_hub(stage: Stage, one: Guest, wire: HubWire, number: int, revision: int) -> None:
    await wire.publish("readings", _version(one, number, revision))
    receipt = await wire.receipt(f"r-{number}-{revision}", within_s=20)
    stage.expect(receipt["status"] == "stored", f"by hub: {receipt}")


async def _twice(stage: Stage, one: Guest, wire: HubWire) -> None:
    """The same events by HTTP and by MQTT at the same time."""
    when = [START + timedelta(days=5, seconds=number) for number in range(50)]
    one.hand(when)
    messages = [one.message(moment, f"twice-{n}") for n, moment in enumerate(when)]
    answer, *_ = await asyncio.gather(
        posted(one.device, stage.traffic.address("gateway"), messages),
        wire.publish("readings", messages),
        posted(one.device, stage.traffic.address("ingest"), messages[::-1]),
    )
    stage.expect(answer.status_code == 202, f"twice: {answer.status_code}")
    for n in range(len(when)):
        stage.expect((await wire.receipt(f"twice-{n}", within_s=20))["status"] == "stored", f"twice-{n}")
    one.acknowledge(when)


async def _rows(stage: Stage, query: str, *arguments: Any) -> list[asyncpg.Record]:
    conn = await asyncpg.connect(stage.world.system.endpoints["postgres"])
    try:
        return list(await conn.fetch(query, *arguments))
    finally:
        await conn.close()


async def _revision(stage: Stage, one: Guest, number: int) -> int:
    rows = await _rows(
        stage,
        "SELECT revision FROM normalizer.device_data"
        " WHERE device_connection_id = $1::uuid AND meta->>'vendor_record_id' = $2",
        one.device.id,
        f"w:{number}",
    )
    return rows[0]["revision"] if len(rows) == 1 else -len(rows)


async def _history(stage: Stage, one: Guest, number: int, order: list[int], *, at_once: bool) -> None:
    """What was shown for a while is kept as it was; what came too late never was."""
    rows = await _rows(
        stage,
        "SELECT revision, version FROM normalizer.superseded"
        " WHERE device_connection_id = $1::uuid AND meta->>'vendor_record_id' = $2 ORDER BY version",
        one.device.id,
        f"w:{number}",
    )
    kept = [row["revision"] for row in rows]
    if at_once:  # in which order they were taken is not known
        stage.expect(kept == sorted(set(kept)) and 3 not in kept, f"{order} at once: kept {kept}")
        return
    expected = [
        revision for n, revision in enumerate(order) if revision == max(order[: n + 1]) and revision < 3
    ]
    stage.expect(kept == expected, f"revisions {order}: earlier versions {kept} instead of {expected}")


# --- clocks ---------------------------------------------------------------------------------------------------------


async def _jumps(stage: Stage) -> None:
    """A hub's clock jumps by an hour and back; the cuff's own does or does not go with it."""
    one = await guest(stage.world, stage.side("guest"))
    minute = 0
    async with one.watching(), wired(one) as wire:
        for turn in range(2):
            for hub_jump in _shuffled(stage):
                for cuff_jump in _shuffled(stage):
                    minute += 1
                    await _press(
                        stage, one, wire, f"{turn}-{minute}", minute, JUMPS[hub_jump], JUMPS[cuff_jump]
                    )
            await _normalized(stage, one, wire, turn)


def _shuffled(stage: Stage) -> list[str]:
    return stage.rng.sample(list(JUMPS), len(JUMPS))


async def _press(
    stage: Stage, one: Guest, wire: HubWire, name: str, minute: int, hub: timedelta, cuff: timedelta
) -> None:
    """One measurement, sent and sent again after the clock was put right; what becomes of it is the contract's rule."""
    now = datetime.now(UTC).replace(microsecond=minute)  # a time of its own also for what gets the hub's
    device_time = now.replace(microsecond=0) - timedelta(minutes=3 * minute) + cuff
    received = now + hub
    ahead = received > now + timedelta(minutes=5)
    stored = received if device_time > received + timedelta(minutes=5) else device_time
    value = gatt.blood_pressure(110 + minute, 70, 83, at=device_time.replace(tzinfo=None), pulse=60)
    said = {
        "device_connection_id": one.device.id,
        "service": "1810",
        "characteristic": "2a35",
        "value": value.hex(),
        "received_at": rfc3339(received),
        "event_id": f"press-{name}",
    }
    if not ahead:
        one.hand([stored])
    await wire.publish("gatt", said)
    receipt = await wire.receipt(f"press-{name}", within_s=20)
    expected = ("rejected", "timestamp_ahead") if ahead else ("stored", None)
    stage.expect(
        (receipt["status"], receipt.get("code")) == expected,
        f"hub {hub}, cuff {cuff}: {receipt} instead of {expected}",
    )
    if ahead:  # the clock is put right, and the hub hands it in again
        stored = now if device_time > now + timedelta(minutes=5) else device_time
        one.hand([stored])
        said |= {"received_at": rfc3339(now), "event_id": f"right-{name}"}
    else:  # the same measurement heard once more, by another hub or after the jump
        said |= {"received_at": rfc3339(now), "event_id": f"again-{name}"}
    await wire.publish("gatt", said)
    receipt = await wire.receipt(said["event_id"], within_s=20)
    stage.expect(receipt["status"] == "stored", f"hub {hub}, cuff {cuff}, again: {receipt}")
    one.acknowledge([stored])


async def _normalized(stage: Stage, one: Guest, wire: HubWire, turn: int) -> None:
    """A device without a raw profile: the hub's clock is its time."""
    for name, jump in JUMPS.items():
        moment = datetime.now(UTC).replace(microsecond=turn) + jump
        event = f"plain-{turn}-{name.replace(' ', '-')}"
        if jump <= timedelta(0):
            one.hand([moment])
        await wire.publish("readings", one.message(moment, event))
        receipt = await wire.receipt(event, within_s=20)
        code = "timestamp_ahead" if jump > timedelta(0) else None
        stage.expect(receipt.get("code") == code, f"a reading {name}: {receipt}")
        if code is None:
            one.acknowledge([moment])


SCENARIOS: Final = (
    Scenario("everything delivered again", _again, delay_s=BEYOND_ACK_S + BEHIND_S),
    Scenario("revisions out of order", _amended),
    Scenario("a hub's clock jumps", _jumps),
)
