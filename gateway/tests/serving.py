"""Serves an app for a test as a process of its own that can be killed."""

import asyncio
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[2]


class Process:
    """`gateway.tests.upstream:app` as a process."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._process: subprocess.Popen[bytes] | None = None

    async def __aenter__(self) -> "Process":
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        self.kill()

    async def start(self) -> None:
        self._process = subprocess.Popen(  # noqa: ASYNC220 - it only starts
            [
                sys.executable, "-m", "uvicorn", "gateway.tests.upstream:app", "--port", str(self.port),
                "--log-level", "critical", "--lifespan", "off",
            ],
            cwd=ROOT,
        )  # fmt: skip
        await answers(self.port, self._process)

    def kill(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            self._process = None


class Running:
    """A process of the system, started as a person would start it alone, until the block ends."""

    def __init__(self, name: str, environ: Mapping[str, str]) -> None:
        self._name = name
        self._environ = environ
        self._process: subprocess.Popen[bytes] | None = None

    async def __aenter__(self) -> "Running":
        await self.start()
        return self

    async def start(self) -> None:
        self._process = subprocess.Popen(  # noqa: ASYNC220 - it only starts
            [sys.executable, "-m", "runtime.cli", "serve", self._name],
            cwd=ROOT,
            env={**self._environ, "PATH": "/usr/bin:/bin", "DC_LOG_LEVEL": "error"},
        )
        await answers(int(self._environ["DC_HTTP_PORT"]), self._process)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    async def __aexit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.terminate()
            await asyncio.to_thread(self._process.wait, 30)


async def answers(port: int, process: "subprocess.Popen[bytes]") -> None:
    """Waits until somebody listens on a port, at most 20 s."""
    for _ in range(1000):
        if process.poll() is not None:
            raise RuntimeError(f"the process ended with {process.returncode}")
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.02)
            continue
        writer.close()
        await writer.wait_closed()
        return
    raise RuntimeError("nobody listens")
