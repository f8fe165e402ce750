"""The road of hubs through a broker that a hospital already runs: the same breaks as through ours, and those of the broker."""

import asyncio
from dataclasses import replace
from time import monotonic
from typing import Final

from tests.faults.breaking import pause, until
from tests.faults.outside import Outside
from tests.faults.scenarios import kills
from tests.faults.scenarios.kills import FLOW_S, ROUNDS
from tests.faults.stage import Scenario, Stage

ROAD: Final = ("ingest-bridge", "normalizer", "nats", "postgres")
BROKER: Final = "mosquitto"
PAIRS: Final = 10
QUEUED_S: Final = (0.3, 1.5)
"""So long the broker's queue grows before it is broken itself."""
TAKEOVER_S: Final = 15.0


def scenarios(outside: Outside) -> list[Scenario]:
    """Those of `kills` that concern the road of hubs, and the broker's own."""
    same = {f"kill {victim}" for victim in ROAD} | {"SIGSTOP ingest-bridge for 20 s"}

    async def killed(stage: Stage) -> None:
        for _ in range(1 if stage.short else ROUNDS):
            await pause(stage.rng.uniform(*FLOW_S))
            await outside.kill(stage)
        await pause(FLOW_S[1])

    async def killed_with_a_queue(stage: Stage) -> None:
        for _ in range(ROUNDS):
            await pause(stage.rng.uniform(*FLOW_S))
            async with stage.breaker.stopped("ingest-bridge"):
                await pause(stage.rng.uniform(*QUEUED_S))
                await outside.kill(stage)
        await pause(FLOW_S[1])

    async def restarted(stage: Stage) -> None:
        for _ in range(ROUNDS):
            await pause(stage.rng.uniform(*FLOW_S))
            await outside.restart(stage)
            await pause(stage.rng.uniform(*FLOW_S))
            async with stage.breaker.stopped("ingest-bridge"):
                await pause(stage.rng.uniform(*QUEUED_S))
                await outside.restart(stage)
        await pause(FLOW_S[1])

    async def pairs(stage: Stage) -> None:
        for _ in range(PAIRS):
            await pause(stage.rng.uniform(*FLOW_S))
            two = stage.rng.sample((*ROAD, BROKER), 2)
            ours = [stage.breaker.kill(*(each for each in two if each != BROKER))]
            await asyncio.gather(*ours, *([outside.kill(stage)] if BROKER in two else []))
            for victim in two:
                if victim != BROKER:
                    await stage.breaker.ready(victim)
                    await stage.recovered()
        await pause(FLOW_S[1])

    async def taken_over(stage: Stage) -> None:
        """The first lives and does nothing, wakes as one that believes to hold the lease; then the other is killed."""
        standby = outside.standby(stage.world.system)
        try:
            await standby.ready()
            await pause(FLOW_S[1])
            stage.expect(not standby.has_connected(), "the standby did not stand by")
            async with stage.breaker.stopped("ingest-bridge"):
                began = monotonic()
                await until(standby.has_connected, TAKEOVER_S)
                stage.note(f"the standby took over after {monotonic() - began:.1f} s")
                await pause(2)
            await pause(5)
            standby.kill()
            stage.breaker.kills += 1
            await pause(FLOW_S[1])
        finally:
            standby.ask_to_stop()
            await asyncio.to_thread(standby.end)

    own = [
        Scenario("kill mosquitto", killed, short=True),
        Scenario("kill mosquitto with a queue", killed_with_a_queue),
        Scenario("restart mosquitto", restarted),
        Scenario("kill pairs", pairs, delay_s=10),
        Scenario("a standby bridge takes over", taken_over),
    ]
    return [
        replace(
            each,
            name=f"mosquitto: {each.name}",
            short=each.name in ("kill ingest-bridge", "kill mosquitto"),
            closing=outside.account,
        )
        for each in (*(each for each in kills.SCENARIOS if each.name in same), *own)
    ]
