"""A process that is told to stop, stops, whatever it is doing."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from runtime.processes import ROOT

CODE = """
import os, sys
from runtime.processes import Process
from runtime.serve import run
sys.exit(run(Process(name="waiting", module="runtime.tests.waiting_app"), os.environ))
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
        with subprocess.Popen([sys.executable, "-c", CODE], cwd=ROOT, env=environ) as process:
            try:
                with silent.accept()[0]:  # it is asking; it never gets an answer
                    process.send_signal(number)
                    process.wait(5)
            finally:
                process.kill()
    assert process.returncode in {0, -number}
