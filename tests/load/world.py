"""The system under load: started by the command that people type, with simulated patients and their connections."""

import json
import resource
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import psutil

from tests.support.system import System

RAISED = {
    "DC_LIMIT_REQUESTS_PER_S": "100000",
    "DC_LIMIT_READINGS_PER_S": "1000000",
    "DC_LIMIT_SOCKETS_PER_USER": "100000",
}
"""The limits that protect a production system would measure themselves here."""

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
"""The readings of the phases lie from here on, a second each; those of the latency phases a millisecond each from …"""
LATENCY_BEGAN = datetime(2026, 2, 1, tzinfo=UTC)
"""… here on, so that each has a time of its own by which its frame is known."""


@dataclass
class Device:
    """One patient's paired device."""

    connection_id: str
    patient_id: str
    ingest_token: str
    user_token: str
    hub_id: str | None = None


@dataclass
class World:
    system: System
    devices: list[Device] = field(default_factory=list)
    behind_hubs: list[Device] = field(default_factory=list)
    sent: int = 0
    filled: int = 0
    """How many invented connections have rows in the record."""

    @property
    def probe(self) -> Device:
        """Whose record is asked for."""
        return self.devices[-1]

    @property
    def everybody(self) -> list[Device]:
        return self.devices + self.behind_hubs

    def now(self) -> datetime:
        """The time of the newest reading that was made."""
        return BEGAN + timedelta(seconds=self.sent)

    @property
    def gateway(self) -> str:
        return str(self.system.endpoints["gateway"])

    @property
    def ingest(self) -> str:
        return str(self.system.endpoints["services"]["ingest"])

    def message(self, device: Device, at: datetime | None = None) -> dict[str, Any]:
        """A normalized message of about 200 octets with a time of its own."""
        self.sent += 1
        stamp = at or self.now()
        return {
            "device_connection_id": device.connection_id,
            "timestamp": stamp.isoformat(),
            "event_id": f"b-{self.sent}",
            "readings": {
                "blood_pressure": {
                    "systolic": 110 + self.sent % 40,
                    "diastolic": 70,
                    "hr": 60 + self.sent % 30,
                }
            },
            "meta": {"battery_pct": 76, "rssi": -60},
        }


def start(folder: Path, devices: int, hub: bool = True) -> World:
    """A running system with that many paired devices, one of them behind a hub."""
    world = World(System(folder / "home", RAISED).start())
    model: dict[str, Any] | None = None
    with httpx2.Client(base_url=world.gateway, timeout=20) as client:
        for number in range(1, devices + 1):
            token = client.post("/auth/dev/token", json={"user": f"sim-{number:06}"}).json()["access_token"]
            mine = {"authorization": f"Bearer {token}"}
            if model is None:
                model = client.get("/api/v1/devices?vendor=simulated", headers=mine).json()["items"][0]
            world.devices.append(_pair(client, mine, token, model, number))
    return world


def _pair(
    client: httpx2.Client, mine: dict[str, str], token: str, model: dict[str, Any], number: int
) -> Device:
    body = {"device_model_id": model["id"], "pairing_method": "simulated"}
    connection = client.post("/api/v1/device-connections/create", headers=mine, json=body).json()
    text = client.get("/api/v1/consent-texts/current?locale=en", headers=mine).json()
    start_body = {"device_connection_id": connection["id"]}
    started = client.post("/api/v1/device-connections/pair/start", headers=mine, json=start_body).json()
    done = client.post(
        "/api/v1/device-connections/pair/complete",
        headers=mine,
        json={
            "pairing_token": started["pairing_token"],
            "device_id": f"bench-{number}-{time.time_ns()}",
            "consent": {"version": text["version"], "data_kinds": model["capabilities"]},
        },
    ).json()
    return Device(
        connection_id=connection["id"],
        patient_id=connection["patient_id"],
        ingest_token=done["ingest_token"],
        user_token=token,
    )


class Cpu:
    """CPU seconds of every process of the system, between two moments."""

    def __init__(self, system: System) -> None:
        self._processes = {
            name: psutil.Process(pid)
            for name, pid in system.endpoints["pids"].items()
            if psutil.pid_exists(pid)
        }
        self._before = {name: self._used(process) for name, process in self._processes.items()}

    def taken(self) -> dict[str, float]:
        return {name: self._used(process) - self._before[name] for name, process in self._processes.items()}

    def _used(self, process: psutil.Process) -> float:
        """With children: PostgreSQL works in them."""
        total = 0.0
        for each in [process, *process.children(recursive=True)]:
            try:
                times = each.cpu_times()
            except psutil.NoSuchProcess:
                continue
            total += times.user + times.system
        return total

    def memory_mib(self) -> dict[str, float]:
        return {
            name: round(process.memory_info().rss / 2**20, 1) for name, process in self._processes.items()
        }


def memory(system: System, name: str) -> dict[str, float]:
    """MiB of one process: resident, and its proportional share of what it shares with others."""
    full = psutil.Process(system.endpoints["pids"][name]).memory_full_info()
    return {"rss_mib": round(full.rss / 2**20, 1), "pss_mib": round(full.pss / 2**20, 1)}


def raise_file_limit() -> int:
    """As many open files as this user may have, for us and for what we start; answers how many."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def machine() -> dict[str, Any]:
    model = next(
        (
            line.split(":", 1)[1].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        "unknown",
    )
    return {
        "cpus": psutil.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "cpu": model,
        "date": datetime.now(UTC).date().isoformat(),
    }


def write_report(path: Path, report: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(report, indent=1) + "\n")
