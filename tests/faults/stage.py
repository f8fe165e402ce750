"""One scenario at a time: lets readings flow, has something broken, sees everything through, and compares the books."""

import random
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any, Final

import aiomqtt
import asyncpg
import httpx2
from nats.errors import Error as NatsError

from tests.e2e.driver import World
from tests.faults.breaking import BACK_S, Breaker, until
from tests.faults.evidence import Books
from tests.faults.ledger import Ledger
from tests.faults.traffic import Clock, Household, Traffic

DELAY_S: Final = 5.0
"""No acknowledged reading may be shown later than this because of one kill."""


FELL_OVER: Final = (
    AssertionError,
    LookupError,
    TimeoutError,
    OSError,
    ExceptionGroup,
    asyncpg.PostgresError,
    httpx2.HTTPError,
    aiomqtt.MqttError,
    NatsError,
)


@dataclass
class Stage:
    """What a scenario has in hand while readings flow."""

    world: World
    homes: list[Household]
    clock: Clock
    rng: random.Random
    rate: float
    short: bool
    name: str
    ledger: Ledger = field(default_factory=Ledger)
    notes: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    sides: dict[str, Ledger] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.breaker = Breaker(self.world.system)
        self.traffic = Traffic(self.world, self.homes, self.clock, self.ledger, self.rate)

    async def recovered(self) -> None:
        """Returns when everything that is acknowledged by now has been seen: what comes next breaks a whole system."""
        waiting = self.ledger.unseen()
        await until(lambda: waiting.isdisjoint(self.ledger.unseen()), BACK_S)

    def note(self, text: str) -> None:
        """For the table: a figure that only this scenario has."""
        self.notes.append(text)

    def side(self, name: str) -> Ledger:
        """A ledger of its own for what the scenario itself hands in; its books are compared at the end too."""
        return self.sides.setdefault(name, Ledger())

    def expect(self, holds: bool, otherwise: str) -> None:
        """A demand of this scenario beside those that every scenario makes."""
        if not holds:
            self.wrong.append(otherwise)


async def _nothing(stage: "Stage") -> None:
    pass


@dataclass(frozen=True)
class Scenario:
    """`work` runs while readings flow. `delay_s`: the longest that an acknowledged reading may take to be shown."""

    name: str
    work: Callable[[Stage], Awaitable[None]]
    delay_s: float = DELAY_S
    short: bool = False
    """Whether the short form plays it too."""
    skip: Callable[[], str | None] = lambda: None
    """Why it cannot be played here; None: it can."""
    ground: Callable[[Path], AbstractContextManager[None]] | None = None
    """Prepares the home of a system that this scenario has for itself, and clears it away when that has stopped."""
    settings: Mapping[str, str] = field(default_factory=dict)
    """Of the system that it has for itself, beside those of all."""
    rate: float | None = None
    """Readings a second, when it needs a pace of its own."""
    closing: Callable[[Stage], Awaitable[None]] = _nothing
    """Runs when everything has been seen through, before the books are compared."""


@dataclass
class Row:
    """One line of the table, and of build/faults.json."""

    scenario: str
    seed: int
    kills: int = 0
    handed: int = 0
    acknowledged: int = 0
    lost: int = 0
    doubled: int = 0
    longest_delay_s: float = 0.0
    catch_up: float | None = None
    sockets: int = 0
    seconds: float = 0.0
    faults: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    skipped: str | None = None

    @property
    def is_green(self) -> bool:
        return not self.faults

    def told(self) -> str:
        if self.skipped:
            return f"{self.scenario:34} SKIPPED: {self.skipped}"
        caught = "" if self.catch_up is None else f", catch-up {self.catch_up:.1f}×"
        text = (
            f"{self.scenario:34} {'ok ' if self.is_green else 'RED'} kills {self.kills:3}, acknowledged {self.acknowledged:5},"
            f" lost {self.lost}, doubled {self.doubled}, longest delay {self.longest_delay_s:.1f} s{caught}, {self.seconds:.0f} s"
        )
        return "\n".join(
            [text, *(f"    ! {fault}" for fault in self.faults), *(f"    · {note}" for note in self.notes)]
        )

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"green": self.is_green}


async def _played(scenario: Scenario, stage: Stage) -> None:
    """What was handed over until then is seen through all the same."""
    try:
        await scenario.work(stage)
    except FELL_OVER as error:
        stage.wrong.append(f"it could not be played: {type(error).__name__} {str(error)[:300]}")


async def play(
    scenario: Scenario,
    world: World,
    homes: list[Household],
    clock: Clock,
    seed: int,
    rate: float,
    *,
    short: bool,
) -> Row:
    """Never raises for what the system did: a scenario that fell over is a red row that says how."""
    reason = scenario.skip()
    if reason:
        return Row(scenario.name, seed, skipped=reason)
    began = monotonic()
    stage = Stage(
        world,
        homes,
        clock,
        random.Random(f"{seed}:{scenario.name}"),
        scenario.rate or rate,
        short,
        scenario.name,
    )
    books = Books(world.system)
    await books.open()
    try:
        async with stage.traffic.flowing(stage.rng):
            await _played(scenario, stage)
        await scenario.closing(stage)
    except FELL_OVER as error:
        stage.wrong.append(f"readings did not come through: {type(error).__name__} {str(error)[:300]}")
    findings = await books.compare(stage.ledger)
    for name, ledger in stage.sides.items():
        stage.wrong += [f"{name}: {fault}" for fault in (await books.compare(ledger)).faults()]
    delays = stage.ledger.delays()
    longest = max(delays, default=0.0)
    stage.expect(
        longest <= scenario.delay_s, f"a reading was shown {longest:.1f} s after its acknowledgement"
    )
    stage.expect(bool(stage.ledger.acknowledged), "nothing was acknowledged")
    stage.expect(not stage.ledger.mute(), f"{stage.ledger.mute()} answers 503 without Retry-After")
    return Row(
        scenario=scenario.name,
        seed=seed,
        kills=stage.breaker.kills,
        handed=len(stage.ledger.handed),
        acknowledged=len(stage.ledger.acknowledged),
        lost=len(findings.lost),
        doubled=len(findings.doubled),
        longest_delay_s=round(longest, 2),
        catch_up=stage.ledger.catch_up(stage.breaker.broken_at),
        sockets=sum(sight.connections for sight in stage.ledger.sights),
        seconds=round(monotonic() - began, 1),
        faults=findings.faults() + stage.wrong,
        notes=stage.notes,
    )
