"""`up` with real servers and small processes: a system that comes up, heals, and leaves nothing behind."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

import psutil
import pytest

from runtime.home import Home, free_port
from runtime.lock import holder

pytestmark = pytest.mark.integration
READY_S = 30.0


class System:
    """A supervisor in a process of its own, on one home."""

    def __init__(self, folder: Path) -> None:
        self.home = Home(folder)
        self.port = 0  # a free one, as `--port 0`; once it was up, that one
        self.output = folder.with_suffix(".out")
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> "System":
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(self.command, stdout=output, stderr=output)
        until(lambda: self.home.endpoints.exists() or self.ended, READY_S)
        assert self.home.endpoints.exists(), self.output.read_text()
        self.port = int(self.endpoints["gateway"].rpartition(":")[2])
        return self

    @property
    def command(self) -> list[str]:
        return [sys.executable, "-m", "runtime.tests.small_system", str(self.home.path), str(self.port)]

    @property
    def ended(self) -> bool:
        return self.process is not None and self.process.poll() is not None

    @property
    def endpoints(self) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(self.home.endpoints.read_bytes())
        return answer

    def state_of(self, name: str) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(self.home.state.read_bytes())[name]
        return answer

    def answers(self) -> int | None:
        """The process id that the gateway's process tells of itself."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/pid", timeout=1) as answer:
                return int(answer.read())
        except OSError:
            return None

    def signal(self, number: int) -> None:
        assert self.process is not None
        self.process.send_signal(number)
        self.process.wait(40)


def until(condition: Callable[[], object], within_s: float) -> None:
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def gone(pids: list[int]) -> bool:
    return not any(alive(pid) for pid in pids)


def alive(pid: int) -> bool:
    try:  # asked in one go: a process may end between two questions
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


@pytest.fixture
def system(tmp_path: Path) -> Iterator[System]:
    one = System(tmp_path / "home")
    yield one
    if one.process is not None and not one.ended:
        one.signal(signal.SIGTERM)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    one = System(tmp_path_factory.mktemp("running") / "home").start()
    yield one
    one.signal(signal.SIGTERM)


def test_endpoints_name_everything_and_are_private(running: System) -> None:
    endpoints = running.endpoints

    assert set(endpoints) == {
        *("gateway", "mqtt", "nats", "postgres", "redis", "s3", "idp", "services", "metrics", "pids")
    }
    assert endpoints["gateway"] == f"http://localhost:{running.port}"
    assert set(endpoints["services"]) == {"registry"}
    assert set(endpoints["pids"]) == {"nats", "valkey", "s3", "postgres", "registry", "gateway"}
    assert running.home.endpoints.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("name", ["gateway", "nats", "postgres", "valkey"])
def test_what_dies_is_started_again(running: System, name: str) -> None:
    before = running.endpoints["pids"][name]

    os.kill(before, signal.SIGKILL)
    until(lambda: running.endpoints["pids"].get(name, before) != before, READY_S)
    until(lambda: running.state_of(name)["state"] == "ready", READY_S)

    assert running.state_of(name)["restarts"] >= 1
    assert running.answers() == running.endpoints["pids"]["gateway"]


@dataclass
class Clients:
    """They ask who answers, all the time: some on a connection that they keep, some on a new one each time."""

    port: int
    pids: list[int] = field(default_factory=list)
    failed: list[Exception] = field(default_factory=list)

    @contextmanager
    def asking(self) -> Iterator[None]:
        ended = threading.Event()
        threads = [
            threading.Thread(target=self._ask, args=(ended, keeps, pause_s))
            for keeps in (True, False)
            for pause_s in (0.0, 0.02, 0.3)
        ]
        for thread in threads:
            thread.start()
        try:
            until(lambda: self.pids, READY_S)
            yield
        finally:
            ended.set()
            for thread in threads:
                thread.join()

    def _ask(self, ended: threading.Event, keeps: bool, pause_s: float) -> None:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=20)
        while not ended.wait(pause_s):
            try:
                connection.request("GET", "/pid")  # connects when there is no connection
                answer = connection.getresponse()
                self.pids.append(int(answer.read()))
            except (OSError, HTTPException) as error:
                self.failed.append(error)
            if self.failed or not keeps:  # after a failure its state is unknown
                connection.close()
        connection.close()


def started_again(running: System, number: int) -> tuple[int, int]:
    """The process ids of the gateway's process before and after the signal, once the former is gone."""
    before = running.endpoints["pids"]["gateway"]
    os.kill(before, number)
    until(lambda: running.endpoints["pids"].get("gateway", before) != before and gone([before]), READY_S)
    until(lambda: running.state_of("gateway")["state"] == "ready", READY_S)
    return before, running.endpoints["pids"]["gateway"]


def test_nobody_fails_while_processes_are_relieved(running: System) -> None:
    clients = Clients(running.port)

    with clients.asking():
        served = {pid for _ in range(6) for pid in started_again(running, signal.SIGTERM)}
        until(lambda: clients.pids[-1] == running.endpoints["pids"]["gateway"], READY_S)

    assert clients.failed == []
    assert set(clients.pids) == served
    assert len(served) == 7


def test_nobody_is_refused_while_a_killed_process_is_started_again(running: System) -> None:
    clients = Clients(running.port)

    with clients.asking():
        _, after = started_again(running, signal.SIGKILL)
        until(lambda: clients.pids[-1] == after, READY_S)

    # What it had in hand ended with it; nobody was turned away.
    assert not [error for error in clients.failed if isinstance(error, ConnectionRefusedError)]


def test_a_process_that_is_relieved_serves_until_its_successor_does(running: System) -> None:
    before = running.endpoints["pids"]["gateway"]
    restarts = running.state_of("gateway")["restarts"]

    os.kill(before, signal.SIGTERM)
    until(lambda: running.endpoints["pids"]["gateway"] != before, READY_S)

    assert running.state_of("gateway") == {
        "pid": running.endpoints["pids"]["gateway"],
        "state": "ready",
        "restarts": restarts + 1,
    }
    until(lambda: gone([before]), READY_S)


def test_each_has_its_own_sockets_and_nobody_elses(running: System) -> None:
    endpoints = running.endpoints
    ours = {
        name: {running.port if name == "gateway" else port_of(endpoints["services"][name]), port_of(metrics)}
        for name, metrics in endpoints["metrics"].items()
    }

    for name, pid in endpoints["pids"].items():
        expected = ours.get(name, set())
        assert listening(pid) & set().union(*ours.values()) == expected, name


def test_the_metrics_of_a_successor_are_where_they_were(running: System) -> None:
    before = running.endpoints["pids"]["registry"]
    os.kill(before, signal.SIGTERM)
    until(lambda: gone([before]) and running.endpoints["pids"].get("registry", before) != before, READY_S)

    with urllib.request.urlopen(f"{running.endpoints['metrics']['registry']}/metrics", timeout=5) as answer:
        assert b"http_server_active_requests" in answer.read()


def port_of(url: str) -> int:
    return int(url.rpartition(":")[2])


def listening(pid: int) -> set[int]:
    """The ports of every socket in LISTEN that a process has open."""
    found = psutil.Process(pid).net_connections("tcp")
    return {each.laddr.port for each in found if each.status == psutil.CONN_LISTEN}


def test_a_second_one_on_the_same_home_is_refused(running: System) -> None:
    second = subprocess.run(running.command, capture_output=True, text=True, timeout=30, check=False)

    assert second.returncode == 1
    assert "already running" in second.stderr
    assert holder(running.home) == running.process.pid if running.process else False


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_stops_everything_and_keeps_the_data(system: System, number: int) -> None:
    pids = list(system.start().endpoints["pids"].values())
    ports = json.loads((system.home.path / "ports.json").read_bytes())

    system.signal(number)

    assert system.process is not None
    assert system.process.returncode == 0
    assert gone(pids)
    assert not system.home.endpoints.exists()
    assert holder(system.home) is None
    assert "migrated" not in System.start(system).output.read_text()
    assert json.loads((system.home.path / "ports.json").read_bytes()) == ports


def test_nothing_survives_a_killed_supervisor_and_the_next_one_starts(system: System) -> None:
    pids = list(system.start().endpoints["pids"].values())
    system.home.endpoints.unlink()

    system.signal(signal.SIGKILL)
    system.start()

    assert gone(pids)
    assert system.answers() == system.endpoints["pids"]["gateway"]


def test_a_taken_gateway_port_is_said(system: System) -> None:
    system.port = free_port()
    with socket.create_server(("127.0.0.1", system.port)):
        done = subprocess.run(system.command, capture_output=True, text=True, timeout=30, check=False)

    assert done.returncode == 1
    assert f"Port {system.port} on 127.0.0.1 is taken" in done.stdout
    assert "--port" in done.stdout


def test_wrong_settings_end_the_start_with_the_whole_list(system: System) -> None:
    environ = {**os.environ, "DC_SMALL_SIZE": "77", "DC_LOG_LEVEL": "loud"}  # noqa: TID251 - a child's
    done = subprocess.run(
        system.command, capture_output=True, text=True, timeout=30, check=False, env=environ
    )

    assert done.returncode == 1
    assert "DC_SMALL_SIZE" in done.stdout
    assert "DC_LOG_LEVEL" in done.stdout
