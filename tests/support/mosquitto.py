"""A real Mosquitto, set up as a hospital must for the `mqtt` source: durable queues, and a hub sees its own branch alone."""

import getpass
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import Final

from tests.support.ports import free_port

PROGRAM: Final = shutil.which(
    "mosquitto", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin:/opt/homebrew/sbin"
)
PASSWORDS: Final = shutil.which("mosquitto_passwd", path="/usr/bin:/usr/local/bin:/opt/homebrew/bin")
MISSING: Final = "the bridge's mqtt source: Mosquitto is not installed (Debian: apt-get install mosquitto)"
"""What a run without it has to say."""
BRIDGE: Final = "device-connect"
CONFIG: Final = """\
listener {port} 127.0.0.1
user {user}
allow_anonymous false
password_file {folder}/passwords
acl_file {folder}/acl
use_username_as_clientid true
persistence true
persistence_location {folder}/data/
autosave_on_changes true
autosave_interval 1
max_queued_messages 0
max_inflight_messages 0
retain_available true
log_dest file {folder}/log
log_type error
log_type warning
log_type notice
connection_messages true
"""
ACL: Final = f"""\
user {BRIDGE}
topic read dc/v1/hubs/+/up/#
topic write dc/v1/hubs/+/down/#
topic read dc/v1/vendors/+/up/#

user vendor-generic
topic write dc/v1/vendors/generic/up/#

pattern write dc/v1/hubs/%u/up/#
pattern read dc/v1/hubs/%u/down/#
"""


class Mosquitto:
    """One broker on a port of its own; started again, it goes on with its data."""

    def __init__(self, folder: Path, passwords: dict[str, str]) -> None:
        self.port = free_port()
        self.url = f"mqtt://127.0.0.1:{self.port}"
        self.passwords = passwords
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        (folder / "data").mkdir()
        config = CONFIG.format(port=self.port, user=getpass.getuser(), folder=folder)
        (folder / "mosquitto.conf").write_text(config)
        for name, text in (
            ("acl", ACL),
            ("passwords", "".join(f"{user}:{password}\n" for user, password in passwords.items())),
        ):
            (folder / name).write_text(text)
            (folder / name).chmod(0o600)
        assert PASSWORDS is not None
        subprocess.run([PASSWORDS, "-U", folder / "passwords"], check=True)

    def start(self) -> None:
        assert PROGRAM is not None
        self._process = subprocess.Popen([PROGRAM, "-c", str(self._folder / "mosquitto.conf")])
        deadline = time.monotonic() + 10
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"Mosquitto did not start:\n{(self._folder / 'log').read_text()}")
            time.sleep(0.02)

    def admit(self, user: str, password: str) -> None:
        """Lets one more hub in, as the keeper of the broker must. Running, it hears of it a moment later."""
        self.passwords[user] = password
        assert PASSWORDS is not None
        subprocess.run([PASSWORDS, "-b", self._folder / "passwords", user, password], check=True)
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGHUP)

    def kill(self) -> None:
        """kill -9: of what it has acknowledged it keeps what it had written by then."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)

    def stop(self) -> None:
        """Asks it to end; it writes its data first."""
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(10)

    def _answers(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=0.5).close()
        except OSError:
            return False
        return True
