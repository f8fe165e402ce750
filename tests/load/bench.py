"""`make bench`: raw limits and the system in one run on one machine; a table, and `build/bench.json`.

Compare by the ratios: rates swing with the neighbours of a shared machine, ratios within one run do not.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from tests.load import fanout, goals, growth, latency, limits, phases, queries
from tests.load.world import Cpu, World, machine, raise_file_limit, start, write_report


@dataclass(frozen=True)
class Sizes:
    """How long and how large. `rows`, `connections`: of the growth curves."""

    seconds: float = 15.0
    raw_s: float = 5.0
    sockets: int = 1000
    idle: int = 10_000
    asked: tuple[int, ...] = (10_000, 1_000_000)
    times: int = 200
    rows: tuple[int, ...] = ()
    connections: tuple[int, ...] = ()


QUICK = Sizes(seconds=2.0, raw_s=1.0, sockets=200, idle=400, asked=(10_000,), times=20)
LARGE = replace(
    Sizes(), asked=(10_000, 1_000_000, 10_000_000), rows=(200_000, 5_000_000), connections=(1_000, 50_000)
)


async def run(world: World, sizes: Sizes, files: int) -> dict[str, Any]:
    report: dict[str, Any] = {"machine": machine(), "sizes": asdict(sizes), "growth": {}, "queries": []}
    report["raw"] = await raw_limits(world, sizes.raw_s)

    async def at_rows(rows: int) -> None:
        """The record grows through all sizes, so each is made once, in order."""
        if rows in sizes.asked:
            report["queries"].append(await queries.at_size(world, rows, sizes.times))
            say_queries(report["queries"][-1])
        if rows in sizes.rows:
            grown = await growth.with_rows(world, rows, sizes.seconds)
            report["growth"].setdefault("rows", []).append(grown)
            say_phase(grown)

    steps = sorted({*sizes.asked, *sizes.rows})
    for rows in steps[:1]:
        await at_rows(rows)
    await the_system(world, report, sizes)
    await live(world, report, sizes, files)
    for rows in steps[1:]:
        await at_rows(rows)
    for count in sizes.connections:
        grown = await growth.with_connections(world, count, sizes.seconds)
        report["growth"].setdefault("connections", []).append(grown)
        say_phase(grown)
    found = goals.goals(report)
    goals.say(found)
    report["goals"] = [{**asdict(goal), "outcome": goal.outcome} for goal in found]
    return report


async def raw_limits(world: World, seconds: float) -> dict[str, Any]:
    nats, postgres = world.system.endpoints["nats"], world.system.endpoints["postgres"]
    password = (world.system.home / "secrets/nats/admin").read_text()
    raw = {
        "jetstream": await limits.jetstream(nats, "admin", password, seconds),
        "postgres": await limits.postgres(postgres, seconds),
    }
    print("raw limits, readings/s")
    for server, figures in raw.items():
        for name, rate in figures.items():
            print(f"  {server:10} {name:20} {rate:>10,.0f}")
    return raw


async def the_system(world: World, report: dict[str, Any], sizes: Sizes) -> None:
    """Closed loops, latency at half of what they showed, memory, and the ratios to the raw limits."""
    print("the system")
    await phases.over_http(world, world.ingest, 1, 16, 1.0)  # warm
    hub, device = phases.connect_hub(world)
    report["phases"] = []

    async def phase(name: str, work: Callable[[float], Awaitable[int]]) -> dict[str, Any]:
        result = await phases.measure(world, name, work, sizes.seconds)
        report["phases"].append(result)
        say_phase(result)
        return result

    one = await phase("1 per POST", lambda s: phases.over_http(world, world.ingest, 1, 64, s))
    await phase("1 per POST, gateway", lambda s: phases.over_http(world, world.gateway, 1, 64, s))
    fifty = await phase("50 per POST", lambda s: phases.over_http(world, world.ingest, 50, 32, s))
    alone = await phase("MQTT, 1 per publish", lambda s: phases.over_mqtt(world, hub, device, 1, 64, s))
    await phase("MQTT, 20 per publish", lambda s: phases.over_mqtt(world, hub, device, 20, 64, s))
    half = await latency.over_http(world, world.ingest, one["stored_per_s"] / 2, sizes.seconds)
    say_latency("POST", half)
    mqtt = await latency.over_mqtt(world, hub, device, alone["stored_per_s"] / 2, sizes.seconds)
    say_latency("hub", mqtt)
    report |= {
        "latency_at_half_load": half,
        "mqtt_latency_at_half_load": mqtt,
        "memory_mib": Cpu(world.system).memory_mib(),
        "ratios": ratios(one, fifty, report["raw"]),
    }
    for name, ratio in report["ratios"].items():
        print(f"  {name}: {ratio}")


async def live(world: World, report: dict[str, Any], sizes: Sizes, files: int) -> None:
    """Those that wait first: what closed sockets leave behind would be taken for room that they do not need."""
    report["idle_sockets"] = idle = await fanout.idle(world, sizes.idle, files)
    if idle is not None:
        print(f"  {idle['sockets']:,} idle sockets: gateway {idle['gateway_before']['pss_mib']} →"
              f" {idle['gateway_with']['pss_mib']} MiB, {idle['kib_per_socket']} KiB each;"
              f" opened {idle['opened_per_s']}/s, {idle['lost']} lost")  # fmt: skip
    report["fan_out"] = out = await fanout.fan_out(world, sizes.sockets, sizes.seconds)
    print(f"  {out['delivered']:,} of {out['wanted']:,} deliveries to {out['sockets']:,} sockets:"
          f" {out['deliveries_per_s']:,}/s (asked {out['asked_per_s']:,}/s), {out['gateway_cpu_us_per_delivery']} µs CPU"
          f" of the gateway each, {out['clients_cpu_us_per_delivery']} µs of the clients")  # fmt: skip


def ratios(one: dict[str, Any], fifty: dict[str, Any], raw: dict[str, Any]) -> dict[str, float]:
    return {
        "50 per POST to COPY→merge(5000)": round(
            fifty["stored_per_s"] / raw["postgres"]["copy_merge_5000"], 3
        ),
        "50 per POST to JetStream 50 per message": round(
            fifty["stored_per_s"] / raw["jetstream"]["fifty_per_message"], 3
        ),
        "1 per POST to JetStream one per message": round(
            one["stored_per_s"] / raw["jetstream"]["one_per_message"], 3
        ),
    }


def say_phase(result: dict[str, Any]) -> None:
    by = ", ".join(f"{name} {used}" for name, used in result["cpu_us_by_process"].items())
    print(
        f"  {result['phase']:22} {result['stored_per_s']:>8,}/s stored ({result['acknowledged_per_s']:,}/s acknowledged),"
        f" {result['cpu_us_per_reading']} µs CPU a reading: {by}"
    )


def say_latency(whence: str, half: dict[str, Any]) -> None:
    print(f"  {whence} → WebSocket at {half['rate_per_s']}/s: p50 {half['p50_ms']} ms, p99 {half['p99_ms']} ms,"
          f" max {half['max_ms']} ms ({half['seen']} of {half['watched']} seen)")  # fmt: skip


def say_queries(result: dict[str, Any]) -> None:
    print(f"  {result['rows']:,} rows, p50 / p99 in ms: " + ", ".join(
        f"{name} {found['p50_ms']} / {found['p99_ms']}" for name, found in result.items()
        if isinstance(found, dict) and "p50_ms" in found
    ) + f"; export begins after {result['export']['first_ms']} ms, {result['export']['rows_per_s']:,} rows/s")  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--quick", action="store_true", help="small sizes, at most 90 s")
    size.add_argument("--large", action="store_true", help="growth to 10 million rows and 50,000 connections")
    parser.add_argument("--seconds", type=float, help="of each phase")
    parser.add_argument("--devices", type=int, help="of one patient each (32; 16 with --quick)")
    parser.add_argument("--out", type=Path, default=Path("build/bench.json"))
    arguments = parser.parse_args()
    sizes = QUICK if arguments.quick else LARGE if arguments.large else Sizes()
    if arguments.seconds:
        sizes = replace(sizes, seconds=arguments.seconds)
    began, files = time.monotonic(), raise_file_limit()
    with tempfile.TemporaryDirectory() as folder:
        world = start(Path(folder), arguments.devices or (16 if arguments.quick else 32))
        try:
            report = asyncio.run(run(world, sizes, files))
        finally:
            world.system.stop()
    report["took_s"] = round(time.monotonic() - began)
    write_report(arguments.out, report)
    print(f"took {report['took_s']} s; the report is {arguments.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
