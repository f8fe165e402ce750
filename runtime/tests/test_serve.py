"""A process that is told to stop, stops, whatever it is doing."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest

from runtime.home import free_port
from runtime.processes import ROOT

CODE = """
import os, sys
from runtime.processes import Process
from runtime.serve import run
sys.exit(run(Process(name=sys.argv[1], module=f"runtime.tests.{sys.argv[1]}_app"), os.environ))
"""

ON_ITS_POST = """
import os, sys
from runtime.handover import Post, place
from runtime.processes import Process
from runtime.serve import run
opened = place("127.0.0.1", int(os.environ["DC_HTTP_PORT"]), 0)
post = Post(opened, lambda word: os.write(1, f"{word}\\n".encode()) > 0, False, patience_s=0.2)
sys.exit(run(Process(name=sys.argv[1], module=f"runtime.tests.{sys.argv[1]}_app"), os.environ, post))
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_while_it_waits_for_a_server_that_is_away(tmp_path: Path, number: int) -> None:
    (tmp_path / "nats").mkdir()
    (tmp_path / "nats" / "registry").write_text("not asked for")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(20)
        environ = {
            "PATH": os.defpath,
            "DC_SECRETS_DIR": str(tmp_path),
            "DC_NATS_URL": f"nats://127.0.0.1:{silent.getsockname()[1]}",
            "DC_HTTP_PORT": "0",
            "DC_METRICS_PORT": "0",
        }
        with subprocess.Popen([sys.executable, "-c", CODE, "waiting"], cwd=ROOT, env=environ) as process:
            try:
                with silent.accept()[0]:  # it is asking; it never gets an answer
                    process.send_signal(number)
                    process.wait(5)
            finally:
                process.kill()
    assert process.returncode in {0, -number}


def test_a_kept_connection_gets_every_answer_and_is_told_to_leave(tmp_path: Path) -> None:
    port = free_port()
    environ = {
        "PATH": os.defpath,
        "DC_SECRETS_DIR": str(tmp_path),
        "DC_NATS_URL": "nats://127.0.0.1:1",
        "DC_HTTP_PORT": str(port),
        "DC_METRICS_PORT": "0",
    }
    farewells: list[str | None] = []

    def ask_until_told_to_leave(connection: HTTPConnection) -> None:
        """Without a pause between two requests: there is hardly a moment at which a close would hit none."""
        while True:
            connection.request("GET", "/livez")
            answer = connection.getresponse()  # raises when the connection was cut instead
            answer.read()
            if answer.will_close:
                farewells.append(answer.getheader("connection"))
                return

    with subprocess.Popen([sys.executable, "-c", CODE, "small"], cwd=ROOT, env=environ) as process:
        try:
            connections = [_connected(port) for _ in range(8)]
            clients = [threading.Thread(target=ask_until_told_to_leave, args=(each,)) for each in connections]
            for client in clients:
                client.start()
            process.send_signal(signal.SIGTERM)
            for client in clients:
                client.join(10)
            process.wait(10)
        finally:
            process.kill()
    assert farewells == ["close"] * len(connections)


@pytest.fixture
def late(tmp_path: Path) -> Iterator["Late"]:
    """A process on sockets of its supervisor's; it starts to serve when the file exists."""
    port, file = free_port(), tmp_path / "now"
    environ = {
        "PATH": os.defpath,
        "DC_SECRETS_DIR": str(tmp_path),
        "DC_HTTP_PORT": str(port),
        "DC_LATE_UNTIL": str(file),
    }
    with subprocess.Popen(
        [sys.executable, "-c", ON_ITS_POST, "late"], cwd=ROOT, env=environ, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process, port, file
        finally:
            process.kill()


Late = tuple["subprocess.Popen[str]", int, Path]


def test_who_waits_too_long_for_a_start_is_refused_until_it_serves(late: Late) -> None:
    process, port, file = late
    assert process.stdout is not None
    with _connection(port) as waiting, pytest.raises(ConnectionResetError):
        waiting.recv(1)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))

    file.touch()

    assert process.stdout.readline() == "serves\n"
    _connected(port).close()


def test_told_to_leave_it_serves_until_it_is_told_that_it_was_relieved(late: Late) -> None:
    process, port, file = late
    assert process.stdout is not None
    file.touch()
    assert process.stdout.readline() == "serves\n"

    process.send_signal(signal.SIGTERM)
    assert process.stdout.readline() == "leaves\n"
    _connected(port).close()
    process.send_signal(signal.SIGINT)

    assert process.wait(10) in {0, -signal.SIGINT}


def test_told_to_leave_twice_it_leaves(late: Late) -> None:
    process, _, file = late
    assert process.stdout is not None
    file.touch()
    assert process.stdout.readline() == "serves\n"

    process.send_signal(signal.SIGTERM)
    assert process.stdout.readline() == "leaves\n"
    process.send_signal(signal.SIGTERM)

    assert process.wait(10) in {0, -signal.SIGTERM}


def _connection(port: int) -> socket.socket:
    """The first that is taken into the queue."""
    deadline = time.monotonic() + 20
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=10)
        except ConnectionRefusedError:
            assert time.monotonic() < deadline, "nobody listened"
            time.sleep(0.01)


def _connected(port: int) -> HTTPConnection:
    """A kept connection with one exchange behind it, once the process answers."""
    deadline = time.monotonic() + 20
    while True:
        connection = HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            connection.request("GET", "/livez")
            connection.getresponse().read()
            return connection
        except OSError:
            connection.close()
            assert time.monotonic() < deadline, "it did not come up"
            time.sleep(0.02)
