"""Every service restarted as an operator would, one after the other: nobody is turned away, and live clients come back."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from itertools import count
from time import monotonic
from typing import Final, NamedTuple

import psutil

from tests.faults.breaking import SERVICES, pause, until
from tests.faults.ledger import Refusal
from tests.faults.stage import Scenario, Stage
from tests.faults.traffic import EDGES, Household
from tests.load.http import Connection

RESTARTED: Final = (*SERVICES, "registry", "health")
SHORT: Final = EDGES
"""Those that clients speak with."""
ALLOWED_S: Final = 1.0
"""So long after the request to restart an edge may say "come again"."""
AFTER_S: Final = 2.0
"""Until then after its end the old process may still be leaving: what happens is told of this restart."""
BETWEEN_S: Final = 2.5
READ_S: Final = 0.05
"""Between two questions to the same service."""
GONE_S: Final = 20.0
RESTART: Final = 1012
"""The close code by which live clients are told."""


class Span(NamedTuple):
    """One restart: asked for, and its successor ready."""

    name: str
    began: float
    ended: float

    def holds(self, at: float) -> bool:
        return self.began <= at <= self.ended + AFTER_S


@dataclass
class Questions:
    """What people look at meanwhile, through the gateway, each question asked once."""

    waits: list[float] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)

    @asynccontextmanager
    async def asked(self, gateway: str, home: Household) -> AsyncIterator[None]:
        paths = {
            "registry": "/api/v1/devices",
            "pairing": "/api/v1/device-connections",
            "normalizer": f"{home.watch.data}?limit=1",
            "health": f"/api/v1/device-health/{home.watch.id}",
            "access": "/api/v1/me",
        }
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(
                    self._ask(Connection(gateway, path, f"Bearer {home.person.token}"), name, path)
                )
                for name, path in paths.items()
            ]
            yield
            for task in tasks:
                task.cancel()

    async def _ask(self, connection: Connection, name: str, path: str) -> None:
        """In turn on a kept connection and on a new one."""
        with closing(connection):
            for number in count():
                asked, status, retry_after = monotonic(), 0, False
                try:
                    status = (await connection.get(path)).status
                    retry_after = connection.retry_after
                except (OSError, asyncio.IncompleteReadError, ValueError):
                    connection.close()
                took_s = monotonic() - asked
                self.waits.append(took_s)
                if status != 200:
                    self.refusals.append(
                        Refusal(monotonic(), f"gateway for {name}", status, took_s, True, retry_after)
                    )
                if number % 2:
                    connection.close()
                await asyncio.sleep(READ_S)


async def _rolling(stage: Stage) -> None:
    spans, relieved, questions = [], set(), Questions()
    async with questions.asked(stage.world.system.gateway, stage.homes[0]):
        for name in SHORT if stage.short else RESTARTED:
            await pause(BETWEEN_S)
            relieved.add(stage.breaker.pid(name))
            began = monotonic()
            await stage.breaker.restart(name)
            spans.append(Span(name, began, monotonic()))
        await until(lambda: relieved.isdisjoint(psutil.pids()), GONE_S)
    for span in spans:
        stage.note(_told(stage, span))
    stage.note(f"{len(questions.waits)} questions, longest answer after {max(questions.waits):.2f} s")
    for each in (*stage.ledger.refusals, *questions.refusals):
        near = next((span for span in spans if span.holds(each.at)), None)
        fault = _fault(each, near)
        stage.expect(fault is None, f"{fault} at {f'the restart of {near.name}' if near else 'no restart'}")
    for sight in stage.ledger.sights:
        if sight.name == "socket":
            stage.expect(dict(sight.codes) == {RESTART: 1}, f"a socket was closed with {dict(sight.codes)}")


def _fault(refusal: Refusal, span: Span | None) -> str | None:
    """What a client that does not try again would call lost."""
    edge = refusal.edge
    if not refusal.sent:
        return f"no connection to {edge}"
    if refusal.status == 0:
        return f"{edge} cut a request"
    if refusal.status != 503 or span is None:
        return f"{edge} answered {refusal.status}"
    if not refusal.retry_after:
        return f"{edge}: a 503 without Retry-After"
    if refusal.at - span.began > ALLOWED_S:
        return f"{edge}: a 503 after {refusal.at - span.began:.1f} s"
    return None


def _told(stage: Stage, span: Span) -> str:
    """A line of figures for the table."""
    told = [f"{span.name}: relieved after {span.ended - span.began:.1f} s"]
    for edge in EDGES:
        refused = [each for each in stage.ledger.refusals if each.edge == edge and span.holds(each.at)]
        waits = [each.took_s for each in stage.ledger.waits if each.edge == edge and span.holds(each.at)]
        told.append(
            f"{edge}: {sum(each.status == 503 for each in refused)}× 503,"
            f" {sum(not each.sent for each in refused)}× no connection,"
            f" longest of {len(waits)} answers {max(waits, default=0.0):.2f} s"
        )
    return "; ".join(told)


SCENARIOS: Final = (Scenario("rolling restart", _rolling, short=True),)
