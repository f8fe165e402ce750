"""`make faults`: every scenario on one running system; a table, and `build/faults.json`."""

import argparse
import asyncio
import json
import sys
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Final

from tests.e2e.driver import World, world_of
from tests.faults.outside import system_behind_mosquitto
from tests.faults.scenarios import SCENARIOS, mosquitto
from tests.faults.stage import Row, Scenario, play
from tests.faults.traffic import PATIENTS, Clock, Household, move_in
from tests.load.world import RAISED, machine
from tests.support.mosquitto import MISSING, PROGRAM
from tests.support.system import System


async def run(
    system: System,
    scenarios: Sequence[Scenario],
    seed: int,
    arguments: argparse.Namespace,
    settle: Callable[[World], Awaitable[Household]] = move_in,
) -> list[Row]:
    chosen = [
        scenario
        for scenario in scenarios
        if (arguments.only or "") in scenario.name and (scenario.short or not arguments.short)
    ]
    rows: list[Row] = []
    if not chosen:
        return rows
    print(f"seed {seed}, {arguments.rate:.0f} readings/s, {len(chosen)} scenarios", flush=True)
    try:
        async with world_of(system.start()) as world:
            homes = [await settle(world) for _ in range(PATIENTS)]
            clock = Clock()
            for scenario in chosen:
                rows.append(
                    await play(scenario, world, homes, clock, seed, arguments.rate, short=arguments.short)
                )
                print(rows[-1].told(), flush=True)
    finally:
        system.stop()
    return rows


async def on_ours(seed: int, arguments: argparse.Namespace) -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        return await run(System(Path(folder) / "home", RAISED), SCENARIOS, seed, arguments)


async def on_mosquitto(seed: int, arguments: argparse.Namespace) -> list[Row]:
    if PROGRAM is None:
        row = Row("mosquitto", seed, skipped=MISSING)
        print(row.told(), flush=True)
        return [row]
    with tempfile.TemporaryDirectory() as folder, system_behind_mosquitto(Path(folder)) as (system, outside):
        return await run(system, mosquitto.scenarios(outside), seed, arguments, outside.move_in)


BROKERS: Final = {"nats": on_ours, "mosquitto": on_mosquitto}
"""Which broker the hubs speak with: the listener of the NATS server, or one that is not ours."""


async def rounds(arguments: argparse.Namespace) -> list[Row]:
    rows = []
    for seed in range(arguments.seed, arguments.seed + arguments.rounds):
        for broker in [arguments.broker] if arguments.broker else BROKERS:
            rows += await BROKERS[broker](seed, arguments)
    return rows


def main() -> int:
    parser = argparse.ArgumentParser(prog="make faults", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=1, help="with as many seeds, each on a new system")
    parser.add_argument("--rate", type=float, default=300, help="readings a second, all senders together")
    parser.add_argument("--broker", choices=tuple(BROKERS), help="only with this one; otherwise with each")
    parser.add_argument("--only", help="scenarios whose name has this in it")
    parser.add_argument("--short", action="store_true", help="what `make test` plays")
    parser.add_argument("--out", type=Path, default=Path("build/faults.json"))
    arguments = parser.parse_args()
    rows = asyncio.run(rounds(arguments))
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    report = {"machine": machine(), "rows": [row.as_json() for row in rows]}
    arguments.out.write_text(json.dumps(report, indent=1) + "\n")
    red = [row for row in rows if not row.is_green]
    skipped = sum(row.skipped is not None for row in rows)
    print(
        f"{len(rows) - len(red) - skipped} green, {len(red)} red, {skipped} skipped;"
        f" {sum(row.kills for row in rows)} kills, {sum(row.acknowledged for row in rows)} acknowledged,"
        f" {sum(row.lost for row in rows)} lost, {sum(row.doubled for row in rows)} doubled"
    )
    return 1 if red else 0


if __name__ == "__main__":
    sys.exit(main())
