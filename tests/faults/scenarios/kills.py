"""kill -9 of every process, alone and in pairs, at random moments; and processes that live and do nothing."""

from typing import Final

from tests.faults.breaking import VICTIMS, pause
from tests.faults.stage import Scenario, Stage

FLOW_S: Final = (0.3, 1.2)
"""So long readings flow between two kills."""
ROUNDS: Final = 5
PAIRS: Final = 25


def _killed(victim: str) -> Scenario:
    async def work(stage: Stage) -> None:
        slowest = 0.0
        for number in range(1 if stage.short else ROUNDS):
            if number:
                # One kill at a time, so that a delay is that of one; two are `kill pairs`.
                await stage.breaker.ready(victim)
                await stage.recovered()
            await pause(stage.rng.uniform(*FLOW_S))
            slowest = max(slowest, await stage.breaker.kill(victim))
        await pause(FLOW_S[1])
        turned_away = sum(not each.sent for each in stage.ledger.refusals)
        longest = max((each.took_s for each in stage.ledger.waits), default=0.0)
        stage.note(f"back after at most {slowest:.1f} s; longest answer after {longest:.1f} s")
        stage.expect(turned_away == 0, f"{turned_away} connections were refused")

    return Scenario(f"kill {victim}", work, short=True)


async def _pairs(stage: Stage) -> None:
    """Two at once; their delays add up, so the bound is that of two kills."""
    two: list[str] = []
    for _ in range(1 if stage.short else PAIRS):
        for victim in two:
            await stage.breaker.ready(victim)
        await stage.recovered()
        await pause(stage.rng.uniform(*FLOW_S))
        two = stage.rng.sample(VICTIMS, 2)
        await stage.breaker.kill(*two)
    await pause(FLOW_S[1])


def _stopped(victim: str) -> Scenario:
    async def work(stage: Stage) -> None:
        await pause(1)
        async with stage.breaker.stopped(victim):
            await pause(20)
        await pause(2)

    return Scenario(f"SIGSTOP {victim} for 20 s", work, delay_s=30)


SCENARIOS: Final = (
    *(_killed(victim) for victim in VICTIMS),
    Scenario("kill pairs", _pairs, delay_s=10, short=True),
    *(
        _stopped(victim)
        for victim in ("normalizer", "ingest", "ingest-bridge", "gateway", "nats", "postgres")
    ),
)
