"""Every service restarted as an operator would, one after the other: nobody's request is cut, and live clients come back."""

from time import monotonic
from typing import Final

from tests.faults.breaking import SERVICES, pause
from tests.faults.stage import Scenario, Stage

RESTARTED: Final = (*SERVICES, "registry", "health")
AFTER_S: Final = 1.0
"""So long after a restart a gateway may still say "come again"."""
BETWEEN_S: Final = 2.5
RESTART: Final = 1012
"""The close code by which live clients are told."""


async def _rolling(stage: Stage) -> None:
    spans: list[tuple[str, float, float]] = []
    for name in RESTARTED:
        await pause(BETWEEN_S)
        began = monotonic()
        await stage.breaker.restart(name)
        spans.append((name, began, monotonic()))
    await pause(BETWEEN_S)
    for name, began, ended in spans:
        within = [each for each in stage.ledger.refusals if began <= each.at <= ended + AFTER_S]
        told = ", ".join(
            f"{edge}: {sum(each.status == 503 for each in at_edge)}× 503,"
            f" {sum(not each.sent for each in at_edge)}× no connection"
            for edge in ("gateway", "ingest")
            if (at_edge := [each for each in within if each.edge == edge])
        )
        stage.note(f"{name}: away {ended - began:.1f} s{'; ' if told else ''}{told}")
    for each in stage.ledger.refusals:
        near = next((name for name, began, end in spans if began <= each.at <= end + AFTER_S), None)
        when = f"at the restart of {near}" if near else "at no restart"
        if each.sent and each.status == 0:
            stage.expect(False, f"{each.edge} cut a request {when}")
        elif each.status not in (0, 503) or near is None:
            stage.expect(False, f"{each.edge} answered {each.status} {when}")
        elif each.status == 503 and not each.retry_after:
            stage.expect(False, f"{each.edge}: a 503 without Retry-After {when}")
        elif not each.sent and near != each.edge:
            stage.expect(False, f"no connection to {each.edge} {when}")
    for sight in stage.ledger.sights:
        if sight.name == "socket":
            stage.expect(dict(sight.codes) == {RESTART: 1}, f"a socket was closed with {dict(sight.codes)}")


SCENARIOS: Final = (Scenario("rolling restart", _rolling),)
