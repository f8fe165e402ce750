"""Streams and disks that are full, and a disk whose power is cut while acknowledgements go out."""

import asyncio
from contextlib import nullcontext
from time import monotonic
from typing import Any, Final

from nats.errors import Error as NatsError
from nats.js.errors import KeyNotFoundError

from chassis.janitor import EVERY_S
from proto.subjects import BUCKETS, STREAMS
from tests.e2e.driver import eventually
from tests.faults import volumes
from tests.faults.breaking import held, limited, pause, until
from tests.faults.evidence import Nats
from tests.faults.stage import Scenario, Stage

SEEN_S: Final = 40.0
"""It shows within this time that something is full."""
REFUSALS: Final = 20
FULL_S: Final = 8.0
"""So long something stays full once that has shown."""
DEADLINE_S: Final = 6.0
"""The API promises an answer in 5 s; a second for a busy machine."""
TURNS: Final = 3.5
MARGIN_S: Final = 15.0
TIGHT: Final = 352 * 1024
PACE: Final = 60.0
"""Readings a second that make somewhat more of INGEST between two turns than `TIGHT`, so that it is full before every
turn, and what had to wait fits after it. With much more the backlog would grow from turn to turn, by arithmetic."""
RECOVERED_S: Final = 30.0
"""From free space until a reading is accepted again, with nobody's help."""
CUTS: Final = 4


def _refused(stage: Stage) -> int:
    return stage.ledger.answers[503]


async def _hubs_keep(stage: Stage) -> None:
    """Waits until every hub has more than before that it may not forget."""
    before = [hub.waiting for hub in stage.traffic.hubs]
    await until(
        lambda: all(hub.waiting > was for hub, was in zip(stage.traffic.hubs, before, strict=True)), SEEN_S
    )


async def _ingest_full(stage: Stage) -> None:
    system = stage.world.system
    await pause(1)
    async with stage.breaker.stopped("normalizer"):
        before = _refused(stage)
        async with limited(system, "INGEST", await held(system, "INGEST") + 32 * 1024):
            await until(lambda: _refused(stage) - before >= REFUSALS, SEEN_S)
            await _hubs_keep(stage)
            await pause(FULL_S)
        stage.note(f"{_refused(stage) - before} answers 503")
    await pause(2)


async def _hubs_full(stage: Stage) -> None:
    """A hub that is not acknowledged, or is shown the door, comes back again and again with what it kept."""
    system = stage.world.system
    await pause(1)
    async with stage.breaker.stopped("ingest-bridge"):
        room = await held(system, "$MQTT_msgs", "hubs-admin") + 16 * 1024
        async with limited(system, "$MQTT_msgs", room, "hubs-admin"):
            await asyncio.gather(*(hub.offline(SEEN_S) for hub in stage.traffic.hubs))
            await _hubs_keep(stage)
            await pause(FULL_S)
            stage.note(f"hubs kept {sum(hub.waiting for hub in stage.traffic.hubs)} readings")
    await pause(2)


async def _janitor(stage: Stage) -> None:
    """What flows is several times what fits, so that only the janitor's turns make room."""
    system = stage.world.system
    before = (await _streams(stage))["INGEST"]
    async with limited(system, "INGEST", TIGHT):
        await pause(TURNS * EVERY_S)
        count = (await _streams(stage))["INGEST"] - before
        flowed = count * await _message_size(stage) / TIGHT
    web = stage.ledger.longest_wait({home.watch.id for home in stage.homes})
    hubs = stage.ledger.longest_wait({home.cuff.id for home in stage.homes})
    stage.note(
        f"refused for at most {web:.1f} s on the web, {hubs:.1f} s at hubs; {_refused(stage)} answers 503"
    )
    stage.note(f"about {flowed:.1f} times what fits went through")
    stage.expect(bool(_refused(stage)), "it was never full")
    stage.expect(max(web, hubs) <= EVERY_S + MARGIN_S, f"a reading was refused for {max(web, hubs):.0f} s")


async def _message_size(stage: Stage) -> float:
    """Of an average message in INGEST, bytes."""
    async with Nats(stage.world.system) as js:
        state = (await js.stream_info("INGEST")).state
    return float(state.bytes / max(1, state.messages))


async def _disk_full(stage: Stage) -> None:
    system, ledger = stage.world.system, stage.ledger
    await pause(1)
    with volumes.filled(volumes.store(system.home)):
        await until(lambda: _refused(stage) > 0, SEEN_S)
        accepted, silent = ledger.answers[202], ledger.answers[0]
        await until(lambda: _refused(stage) >= REFUSALS, SEEN_S)
        await _hubs_keep(stage)
        stage.expect(ledger.answers[202] == accepted, "a reading was accepted although the disk was full")
        stage.expect(ledger.answers[0] == silent, "an answer did not come")
    slowest = max(answer.took_s for answer in ledger.refusals if answer.status == 503)
    stage.note(f"refused within {slowest:.1f} s")
    stage.expect(slowest <= DEADLINE_S, f"503 came after {slowest:.1f} s")
    emptied = monotonic()
    await until(lambda: ledger.answers[202] > accepted, RECOVERED_S)
    stage.note(f"accepted again {monotonic() - emptied:.1f} s after there was space")
    stage.expect("free space on" in system.output.read_text(), "nobody was told to free space")
    await pause(2)


async def _power_cut(stage: Stage) -> None:
    """NATS is halted before the copy is made, so nothing is acknowledged that the copy could not have."""
    for cut in range(CUTS):
        # With the normalizer stopped, INGEST alone has what was acknowledged; otherwise EVENTS are fresh at the cut.
        async with stage.breaker.stopped("normalizer") if cut % 2 else nullcontext():
            await _cut(stage)
    await pause(2)


async def _cut(stage: Stage) -> None:
    # Fresh entries in the buckets, whose watchers know them already.
    await asyncio.gather(*(home.person.pair() for home in stage.homes))
    await pause(stage.rng.uniform(0.3, 2.0))
    buckets, streams = await _buckets(stage), await _streams(stage)
    async with stage.breaker.halted("nats"):
        await asyncio.to_thread(volumes.cut_power, stage.world.system.home)
    after = await _settled_streams(stage)
    short = {name: f"{last} → {after[name]}" for name, last in streams.items() if after[name] < last}
    stage.expect(not short, f"streams end before what they had acknowledged: {short}")
    found = await _buckets(stage)
    gone = [key for key, revision in buckets.items() if found.get(key, 0) < revision]
    stage.expect(not gone, f"{len(gone)} of {len(buckets)} bucket entries are gone or older")


async def _streams(stage: Stage) -> dict[str, int]:
    """The last sequence of every stream."""
    last = {}
    for account, user in (("APP", "admin"), ("HUBS", "hubs-admin")):
        async with Nats(stage.world.system, user) as js:
            for row in STREAMS:
                if row.account == account:
                    last[row.name] = (await js.stream_info(row.name)).state.last_seq
    return last


async def _settled_streams(stage: Stage) -> dict[str, int]:
    """As `_streams`, of a server that has only just been started."""

    async def ask() -> dict[str, int] | None:
        try:
            return await _streams(stage)
        except (NatsError, OSError):
            return None

    found = await eventually(ask, bool, within_s=SEEN_S)
    return found or {}


async def _buckets(stage: Stage) -> dict[str, int]:
    """The revision of every entry of every bucket that is to last."""
    revisions: dict[str, int] = {}
    async with Nats(stage.world.system) as js:
        for row in BUCKETS:
            if row.ttl_s:
                continue
            bucket = await js.key_value(row.name)
            for key in await _keys(bucket):
                try:
                    revisions[f"{row.name}/{key}"] = (await bucket.get(key)).revision
                except KeyNotFoundError:
                    continue
    return revisions


async def _keys(bucket: Any) -> list[str]:
    keys: list[str] = await bucket.keys()
    return keys


SCENARIOS: Final = (
    Scenario("INGEST full of what waits", _ingest_full, delay_s=60),
    Scenario("$MQTT_msgs full", _hubs_full, delay_s=60),
    Scenario("INGEST full of what is stored", _janitor, delay_s=10, rate=PACE),
    Scenario("disk full", _disk_full, delay_s=60, skip=volumes.why_not, ground=volumes.small),
    Scenario("power cut", _power_cut, delay_s=30, skip=volumes.why_no_image, ground=volumes.powered),
)
