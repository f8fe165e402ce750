"""`make bench`: raw limits and the system in one run on one machine; a table, and `build/bench.json`.

Compare by the ratios: rates swing with the neighbours of a shared machine, ratios within one run do not.
"""

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.load import limits, phases
from tests.load.world import Cpu, World, machine, start, write_report

GATE_ONE_US = 290.0
GATE_FIFTY_US = 60.0
"""CPU per reading at one and at fifty per POST: the regression gates (goals of docs/performance.md)."""


async def run(world: World, seconds: float) -> dict[str, Any]:
    secrets = world.system.home / "secrets"
    report: dict[str, Any] = {"machine": machine(), "seconds_per_phase": seconds}
    report["raw"] = {
        "jetstream": await limits.jetstream(
            world.system.endpoints["nats"], "admin", (secrets / "nats/admin").read_text(), min(seconds, 5)
        ),
        "postgres": await limits.postgres(world.system.endpoints["postgres"], min(seconds, 5)),
    }
    say_raw(report["raw"])
    await phases.over_http(world, world.ingest, 1, 16, 1.0)  # warm
    hub, device = phases.connect_hub(world)
    found = []

    async def phase(name: str, work: Any) -> dict[str, Any]:
        result = await phases.measure(world, name, work, seconds)
        found.append(result)
        say_phase(result)
        return result

    one = await phase("1 per POST", lambda s: phases.over_http(world, world.ingest, 1, 64, s))
    await phase("1 per POST, gateway", lambda s: phases.over_http(world, world.gateway, 1, 64, s))
    fifty = await phase("50 per POST", lambda s: phases.over_http(world, world.ingest, 50, 32, s))
    await phase("MQTT, 1 per publish", lambda s: phases.over_mqtt(world, hub, device, 1, 64, s))
    await phase("MQTT, 20 per publish", lambda s: phases.over_mqtt(world, hub, device, 20, 64, s))
    report["phases"] = found
    half = await phases.latency(world, world.ingest, one["stored_per_s"] / 2, seconds)
    report["latency_at_half_load"] = half
    print(f"  POST → WebSocket at {half['rate_per_s']}/s: p50 {half['p50_ms']} ms, p99 {half['p99_ms']} ms,"
          f" max {half['max_ms']} ms ({half['seen']} of {half['watched']} seen)")  # fmt: skip
    report["memory_mib"] = Cpu(world.system).memory_mib()
    report["ratios"] = {
        "50 per POST to COPY→merge(5000)": round(
            fifty["stored_per_s"] / report["raw"]["postgres"]["copy_merge_5000"], 3
        ),
        "50 per POST to JetStream 50 per message": round(
            fifty["stored_per_s"] / report["raw"]["jetstream"]["fifty_per_message"], 3
        ),
        "1 per POST to JetStream one per message": round(
            one["stored_per_s"] / report["raw"]["jetstream"]["one_per_message"], 3
        ),
    }
    report["gates"] = {
        "1 per POST, CPU µs": [one["cpu_us_per_reading"], GATE_ONE_US],
        "50 per POST, CPU µs": [fifty["cpu_us_per_reading"], GATE_FIFTY_US],
    }
    return report


def say_raw(raw: dict[str, Any]) -> None:
    print("raw limits, readings/s")
    for server, figures in raw.items():
        for name, rate in figures.items():
            print(f"  {server:10} {name:20} {rate:>10,.0f}")
    print("the system")


def say_phase(result: dict[str, Any]) -> None:
    by = ", ".join(f"{name} {used}" for name, used in result["cpu_us_by_process"].items())
    print(
        f"  {result['phase']:22} {result['stored_per_s']:>8,}/s stored ({result['acknowledged_per_s']:,}/s acknowledged),"
        f" {result['cpu_us_per_reading']} µs CPU a reading: {by}"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=15.0, help="of each phase")
    parser.add_argument("--quick", action="store_true", help="5 s a phase")
    parser.add_argument("--devices", type=int, default=32)
    parser.add_argument("--out", type=Path, default=Path("build/bench.json"))
    arguments = parser.parse_args()
    seconds = 5.0 if arguments.quick else arguments.seconds
    with tempfile.TemporaryDirectory() as folder:
        world = start(Path(folder), arguments.devices)
        try:
            report = asyncio.run(run(world, seconds))
        finally:
            world.system.stop()
    write_report(arguments.out, report)
    for name, ratio in report["ratios"].items():
        print(f"  {name}: {ratio}")
    missed = [name for name, (figure, goal) in report["gates"].items() if figure > goal]
    for name, (figure, goal) in report["gates"].items():
        print(f"  {name}: {figure} (goal ≤ {goal}){' — missed' if name in missed else ''}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
