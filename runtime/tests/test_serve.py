"""A process that is told to stop, stops, whatever it is doing."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
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
