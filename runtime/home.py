"""Where one installation keeps everything: the folder `DC_HOME`, its ports and its files. Knows paths, starts nothing."""

import fcntl
import os
import random
import socket
import tempfile
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any, Final

import msgspec

LOOPBACK: Final = "127.0.0.1"
PORTS: Final = range(20_000, 32_768)
"""Below Linux's ephemeral range (32768): no outgoing connection takes one of them, and no client that tries a port where
nobody listens meets itself."""
GRPC_OFFSET: Final = 10_000
S3_PORTS: Final = range(11_000, 20_000)
"""SeaweedFS also takes each of its ports + 10000, which must stay below the ephemeral range too. Nobody else is given one
of these, so that a port tells whether it has such a second one."""
LOG_LIMIT: Final = 10 * 1024 * 1024
_OURS: Final[set[int]] = set()
"""What this process has reserved: its locks do not keep it from its own ports, so that is remembered here."""


class Home:
    """The folder of one installation. Deleting it is a clean start."""

    def __init__(self, path: Path | str, secrets: Path | str | None = None) -> None:
        self.path = Path(path).expanduser().absolute()
        self.secrets = Path(secrets).expanduser().absolute() if secrets else self.path / "secrets"
        self.run = self.path / "run"
        self.endpoints = self.path / "endpoints.json"
        self.lock = self.run / "lock"
        self.state = self.run / "state.json"
        self.pids = self.run / "pids.json"

    def create(self) -> "Home":
        """Makes the folders. Only their owner may look inside."""
        self.path.mkdir(parents=True, exist_ok=True)
        self.path.chmod(0o700)
        for folder in (self.run, self.path / "log"):
            folder.mkdir(mode=0o700, exist_ok=True)
        return self

    def data(self, server: str) -> Path:
        folder = self.path / server
        folder.mkdir(mode=0o700, exist_ok=True)
        return folder

    def log(self, name: str) -> Path:
        return self.path / "log" / f"{name}.log"

    def open_log(self, name: str) -> int:
        """A descriptor that appends to the log of `name`; a log that has grown large is put aside first."""
        path = self.log(name)
        if path.exists() and path.stat().st_size > LOG_LIMIT:
            path.replace(path.with_suffix(".log.1"))
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)

    def last_lines(self, name: str, count: int = 15) -> list[str]:
        try:
            with self.log(name).open("rb") as file:
                file.seek(0, os.SEEK_END)
                file.seek(max(0, file.tell() - 64 * 1024))
                return file.read().decode(errors="replace").splitlines()[-count:]
        except OSError:
            return []

    def port(self, name: str, among: range = PORTS) -> int:
        """The port of `name`, kept from the last run while it is still free."""
        return self.ports([name], among)[name]

    def ports(self, names: Iterable[str], among: range = PORTS) -> dict[str, int]:
        """The ports of several names, chosen once and kept; one that somebody else took meanwhile is replaced."""
        kept: dict[str, int] = read_json(self.path / "ports.json", {})
        before = dict(kept)
        chosen = {}
        for name in names:
            # Second ports count from the start: the object store binds them only seconds later.
            others = {each for other, port in kept.items() if other != name for each in _with_second(port)}
            port = kept.get(name, 0)
            if port not in among or port in others or not all(map(reserve, _with_second(port))):
                kept[name] = free_port(among, others)
            chosen[name] = kept[name]
        if kept != before:
            write_json(self.path / "ports.json", kept)
        return chosen


def is_free(port: int, host: str = LOOPBACK) -> bool:
    """Whether a server could listen on the port now (a connection in TIME_WAIT does not count)."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def reserve(port: int) -> bool:
    """Takes a free port for this process until it ends; False when a program listens there or a process has reserved it.

    Seconds pass between choosing a port and listening on it, and whoever looks meanwhile finds it free. So each process
    of this user locks the port's byte of one file first; the system unlocks it however that process ends.
    """
    if port not in _OURS:
        try:
            fcntl.lockf(_reservations(), fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
        except (BlockingIOError, PermissionError):  # POSIX allows both for "locked"
            return False
        _OURS.add(port)
    return is_free(port)


@cache
def _reservations() -> int:
    """Open as long as the process lives: closing it would give every lock back."""
    path = Path(tempfile.gettempdir()) / f"device-connect-{os.getuid()}.ports"
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)


def free_port(among: range = PORTS, taken: Iterable[int] = ()) -> int:
    """A free port that nobody was given before, and nobody will be while this process lives."""
    avoid = _OURS.union(taken)
    for port in random.sample(among, min(len(among), 500)):
        if avoid.isdisjoint(_with_second(port)) and all(map(reserve, _with_second(port))):
            return port
    raise OSError(f"no free port between {among.start} and {among.stop - 1}")


def _with_second(port: int) -> tuple[int, ...]:
    return (port, port + GRPC_OFFSET) if port in S3_PORTS else (port,)


def read_json(path: Path, default: Any) -> Any:
    """What a JSON file holds, or `default` when it is missing or unreadable."""
    try:
        return msgspec.json.decode(path.read_bytes())
    except (OSError, msgspec.DecodeError):
        return default


def write_json(path: Path, value: Any) -> None:
    """Replaces a file as a whole, so that a reader sees the old or the new one. Mode 0600."""
    replace(path, msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n")


def replace(path: Path, content: bytes) -> None:
    """Writes a file that only its owner may read, atomically."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    fresh.replace(path)
