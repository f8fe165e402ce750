"""A whole system for black-box tests, started and stopped by the command that a user types."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

READY_S = 60.0
STOP_S = 45.0


class System:
    """`device-connect up` on a folder of its own. `settings` are `DC_*` variables on top of those of the test run."""

    def __init__(self, folder: Path, settings: Mapping[str, str] | None = None, *options: str) -> None:
        self.home = folder
        self.gateway = ""
        """Its address, once it is up."""
        self.output = folder.with_name(f"{folder.name}.out")
        self._environ = {**os.environ, **(settings or {})}  # noqa: TID251 - handed on to the command
        self._options = options or ("--no-demo",)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def endpoints(self) -> dict[str, Any]:
        """What endpoints.json says now; process ids change when a process was restarted."""
        found: dict[str, Any] = msgspec.json.decode((self.home / "endpoints.json").read_bytes())
        return found

    def start(self) -> "System":
        """Starts it and waits until it is ready; fails with what it said otherwise."""
        with self.output.open("ab") as output:
            command = [sys.executable, "-m", "runtime.cli", "up", "--home", str(self.home)]
            self._process = subprocess.Popen(
                [*command, "--port", "0", *self._options],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=self._environ,
            )
        deadline = time.monotonic() + READY_S
        while not (self.home / "endpoints.json").exists():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise AssertionError(f"the system did not come up:\n{self.output.read_text()}")
            time.sleep(0.05)
        self.gateway = self.endpoints["gateway"]
        return self

    def stop(self) -> int:
        """Stops it as Ctrl-C would; answers the exit code."""
        process = self._process
        if process is None:
            return 0
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        try:
            return process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            raise AssertionError(f"the system did not stop:\n{self.output.read_text()}") from None
