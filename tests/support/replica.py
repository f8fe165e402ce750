"""One more process of a service than the system has, as a cluster runs them."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import httpx2

from runtime.home import Home
from runtime.migrate import without_login
from runtime.processes import Addresses, environ_of, named
from tests.support.ports import free_port
from tests.support.system import System
from tests.support.waiting import until

ROOT: Final = Path(__file__).parents[2]
COMMAND: Final = (sys.executable, "-W", "error", "-m", "runtime.cli", "serve")


def environ_beside(system: System, name: str, settings: Mapping[str, str]) -> dict[str, str]:
    """What one more process of a service is told, beside that of a running system. `settings`: as the system's own."""
    told = system.endpoints
    addresses = Addresses(
        database=without_login(told["postgres"]),
        nats=told["nats"],
        mqtt=told["mqtt"],
        redis=told["redis"],
        s3=told["s3"],
        oidc=told["idp"],
        public=told["gateway"],
    )
    process = named(name)
    ports = {name: free_port(), f"{name}-metrics": free_port(), "idp": urlsplit(told["idp"]).port or 0}
    return environ_of(process, Home(system.home), addresses, ports, settings)


class Replica:
    """A process of the bridge, or of another service by its name."""

    def __init__(self, environ: dict[str, str], log: Path, name: str = "ingest-bridge") -> None:
        port = free_port()
        self._url = f"http://127.0.0.1:{port}/readyz"
        own = {"DC_HTTP_PORT": str(port), "DC_METRICS_PORT": str(free_port())}
        self.log = log
        with log.open("wb") as file:
            self._process = subprocess.Popen(
                (*COMMAND, name),
                cwd=ROOT,
                env={"PATH": os.defpath, **environ, **own},
                stdout=file,
                stderr=file,
            )

    def problems(self) -> list[str] | None:
        """None while it does not answer."""
        assert self._process.poll() is None, self.log.read_text()
        try:
            problems: list[str] = httpx2.get(self._url, timeout=2).json()["problems"]
        except httpx2.TransportError:
            return None
        return problems

    async def ready(self) -> "Replica":
        await until(lambda: self.problems() == [], 20)
        return self

    def has_connected(self, times: int = 1) -> bool:
        return self.log.read_text().count("mqtt_connected") >= times

    async def connected(self) -> "Replica":
        """It holds the lease and listens at the broker."""
        await self.ready()
        await until(self.has_connected)
        return self

    def suspend(self) -> None:
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def ask_to_stop(self) -> None:
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)

    def wait(self) -> None:
        self._process.wait(20)

    def end(self) -> None:
        """Gone for sure, also when it could not be asked."""
        try:
            self.wait()
        except subprocess.TimeoutExpired:
            self.kill()
