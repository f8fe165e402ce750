"""`make faults`: scenarios on running systems, with either broker; a table, and `build/faults.json`."""

import argparse
import asyncio
import json
import sys
import tempfile
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import nullcontext
from itertools import groupby
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
    """Plays them one after the other on this system."""
    rows: list[Row] = []
    try:
        async with world_of(system.start()) as world:
            homes = [await settle(world) for _ in range(PATIENTS)]
            clock = Clock()
            for scenario in scenarios:
                rows.append(
                    await play(scenario, world, homes, clock, seed, arguments.rate, short=arguments.short)
                )
                print(rows[-1].told(), flush=True)
    finally:
        system.stop()
    return rows


def chosen(scenarios: Sequence[Scenario], arguments: argparse.Namespace) -> list[Scenario]:
    return [
        scenario
        for scenario in scenarios
        if any(part in scenario.name for part in arguments.only or [""])
        and (scenario.short or not arguments.short)
    ]


async def on_ours(seed: int, arguments: argparse.Namespace) -> list[Row]:
    rows = []
    for company in companies(chosen(SCENARIOS, arguments)):
        rows += await on_one_system(company, seed, arguments)
    return rows


def companies(scenarios: list[Scenario]) -> Iterator[list[Scenario]]:
    """Those that share a system, one after the other; one with a ground of its own is alone."""
    for alone, group in groupby(scenarios, lambda scenario: scenario.ground is not None):
        company = list(group)
        yield from [[each] for each in company] if alone else [company]


async def on_one_system(company: list[Scenario], seed: int, arguments: argparse.Namespace) -> list[Row]:
    if rows := [Row(each.name, seed, skipped=each.skip()) for each in company if each.ground and each.skip()]:
        print("\n".join(row.told() for row in rows), flush=True)
        return rows
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        ground = company[0].ground or nullcontext
        with ground(home):
            return await run(System(home, {**RAISED, **company[0].settings}), company, seed, arguments)


async def on_mosquitto(seed: int, arguments: argparse.Namespace) -> list[Row]:
    if PROGRAM is None:
        row = Row("mosquitto", seed, skipped=MISSING)
        print(row.told(), flush=True)
        return [row]
    with tempfile.TemporaryDirectory() as folder, system_behind_mosquitto(Path(folder)) as (system, outside):
        company = chosen(mosquitto.scenarios(outside), arguments)
        return await run(system, company, seed, arguments, outside.move_in) if company else []


BROKERS: Final = {"nats": on_ours, "mosquitto": on_mosquitto}
"""Which broker the hubs speak with: the listener of the NATS server, or one that is not ours."""


async def rounds(arguments: argparse.Namespace) -> list[Row]:
    rows = []
    for seed in range(arguments.seed, arguments.seed + arguments.rounds):
        for broker in [arguments.broker] if arguments.broker else BROKERS:
            print(f"seed {seed}, {arguments.rate:.0f} readings/s, hubs on {broker}", flush=True)
            rows += await BROKERS[broker](seed, arguments)
    return rows


def main() -> int:
    parser = argparse.ArgumentParser(prog="make faults", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=1, help="with as many seeds, each on a new system")
    parser.add_argument("--rate", type=float, default=300, help="readings a second, all senders together")
    parser.add_argument("--broker", choices=tuple(BROKERS), help="only with this one; otherwise with each")
    parser.add_argument(
        "--only", action="append", help="scenarios whose name has this in it; may be given again"
    )
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
