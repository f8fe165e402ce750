"""The goals of docs/performance.md beside what was measured: met, missed, or not measured in this run."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

Report = dict[str, Any]


@dataclass(frozen=True)
class Goal:
    """`figure` None: not measured. `ratio`: the figure as a share of a raw limit of the same run, where there is one."""

    name: str
    what: str
    sense: Literal["≥", "≤"]
    bound: float
    unit: str
    figure: float | None
    ratio: str = ""

    @property
    def outcome(self) -> str:
        if self.figure is None:
            return "not measured"
        is_met = self.figure >= self.bound if self.sense == "≥" else self.figure <= self.bound
        return "met" if is_met else "missed"


def goals(report: Report) -> list[Goal]:
    phases = {phase["phase"]: phase for phase in report["phases"]}
    one, gateway, fifty = phases["1 per POST"], phases["1 per POST, gateway"], phases["50 per POST"]
    ratios = report["ratios"]
    post, hub = report["latency_at_half_load"], report["mqtt_latency_at_half_load"]
    return [
        Goal("G1", "1 per POST, at ingest", "≥", 4900, "/s", one["stored_per_s"],
             f"{ratios['1 per POST to JetStream one per message']} of JetStream one a message"),
        Goal("G1", "1 per POST, through the gateway", "≥", 3500, "/s", gateway["stored_per_s"]),
        Goal("G2", "50 per POST to COPY→merge(5000)", "≥", 0.30, "", ratios["50 per POST to COPY→merge(5000)"],
             f"{fifty['stored_per_s']:,}/s"),
        Goal("G3", "POST → WebSocket, p50", "≤", 10, "ms", post["p50_ms"], f"at {post['rate_per_s']}/s"),
        Goal("G3", "POST → WebSocket, p99", "≤", 40, "ms", post["p99_ms"], f"at {post['rate_per_s']}/s"),
        *_growth(report),
        Goal("G5", "kills lose and double", "≤", 0, "readings", None, "make faults"),
        Goal("G6", "CPU, 1 per POST", "≤", 290, "µs", one["cpu_us_per_reading"]),
        Goal("G6", "CPU, 1 per POST through the gateway", "≤", 380, "µs", gateway["cpu_us_per_reading"]),
        Goal("G6", "CPU, 50 per POST", "≤", 60, "µs", fifty["cpu_us_per_reading"]),
        Goal("G7", "hub → WebSocket, p99", "≤", 40, "ms", hub["p99_ms"], f"at {hub['rate_per_s']}/s"),
        Goal("G7", "MQTT, 20 per publish", "≥", 10_000, "/s", phases["MQTT, 20 per publish"]["stored_per_s"]),
        *_fan_out(report),
    ]  # fmt: skip


def _growth(report: Report) -> Iterator[Goal]:
    for what, name, bound in (
        ("CPU per reading, more rows", "rows", 1.15),
        ("CPU per reading, more connections", "connections", 1.15),
    ):
        curve = report["growth"].get(name, [])
        figure = None
        if len(curve) > 1:
            figure = round(curve[-1]["cpu_units_per_reading"] / curve[0]["cpu_units_per_reading"], 2)
            what += f": {curve[0][name]:,} → {curve[-1][name]:,}"
        yield Goal("G4", what, "≤", bound, "×", figure, "" if figure is not None else "--large")
    curve = [each for each in report["queries"] if each["rows"] >= 900_000]
    figure = None
    what = "30-day chart, more rows"
    if len(curve) > 1:
        figure = round(curve[-1]["30 d chart"]["p50_ms"] / curve[0]["30 d chart"]["p50_ms"], 2)
        what += f": {curve[0]['rows']:,} → {curve[-1]['rows']:,}"
    yield Goal("G4", what, "≤", 1.2, "×", figure, "" if figure is not None else "--large")


def _fan_out(report: Report) -> Iterator[Goal]:
    live, idle = report["fan_out"], report["idle_sockets"]
    yield Goal("G8", f"deliveries to {live['sockets']:,} sockets", "≥", 40_000, "/s", live["deliveries_per_s"],
               f"{live['gateway_cpu_us_per_delivery']} µs of the gateway each")  # fmt: skip
    if idle is None:
        yield Goal("G8", "memory with 10,000 idle sockets", "≤", 1024, "MiB", None)
    elif idle["sockets"] >= 10_000:
        yield Goal("G8", f"memory with {idle['sockets']:,} idle sockets", "≤", 1024, "MiB",
                   idle["gateway_with"]["pss_mib"], f"{idle['kib_per_socket']} KiB each")  # fmt: skip
    else:
        projected = idle["gateway_before"]["pss_mib"] + idle["kib_per_socket"] * 10_000 / 1024
        yield Goal("G8", f"memory with 10,000 idle sockets, projected from {idle['sockets']:,}", "≤", 1024, "MiB",
                   round(projected), f"{idle['kib_per_socket']} KiB each")  # fmt: skip


def say(found: list[Goal]) -> None:
    print("goals")
    for goal in found:
        figure = "–" if goal.figure is None else f"{goal.figure:,} {goal.unit}".strip()
        wanted = f"{goal.sense} {goal.bound:,} {goal.unit}".strip()
        print(
            f"  {goal.name}  {goal.what:62} {wanted:14} {figure:>14}  {goal.outcome:12} {goal.ratio}".rstrip()
        )
