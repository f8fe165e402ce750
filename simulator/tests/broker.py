"""A real nats-server with its MQTT listener and password sign-in, for tests of the hub alone."""

import contextlib
import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from tests.support.ports import free_port

HUB_ID, SECRET = "hub-test-0001", "a secret for this test"


class Broker:
    """`kill` is `kill -9`; `start` brings it back on the same ports and data."""

    def __init__(self, folder: Path) -> None:
        self.port, self.mqtt_port = free_port(), free_port()
        self.config = folder / "nats.conf"
        self.log = folder / "nats.log"
        hub = {
            "user": HUB_ID,
            "password": SECRET,
            "permissions": {
                "publish": [f"dc.v1.hubs.{HUB_ID}.up.>"],
                "subscribe": [
                    f"dc.v1.hubs.{HUB_ID}.down.>",
                    f"dc.v1.hubs.{HUB_ID}.down",
                    "$MQTT.sub.>",
                    "$MQTT.deliver.pubrel.>",
                ],
            },
        }
        settings = {
            "host": "127.0.0.1",
            "port": self.port,
            "server_name": "hub-test",
            "jetstream": {"store_dir": str(folder / "js")},
            "mqtt": {"host": "127.0.0.1", "port": self.mqtt_port},
            "accounts": {
                "A": {"jetstream": "enabled", "users": [hub, {"user": "platform", "password": "p"}]}
            },
        }
        self.config.write_text(json.dumps(settings))
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"nats://platform:p@127.0.0.1:{self.port}"

    @property
    def mqtt_url(self) -> str:
        return f"mqtt://127.0.0.1:{self.mqtt_port}"

    def start(self) -> None:
        server = Path(sys.executable).parent / "nats-server"
        with self.log.open("ab") as log:
            self.process = subprocess.Popen([server, "-c", self.config], stdout=log, stderr=log)
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            if all(_answers(port) for port in (self.port, self.mqtt_port)):
                return
            time.sleep(0.02)
        raise RuntimeError(self.log.read_text())

    def kill(self) -> None:
        if self.process:
            self.process.kill()
            self.process.wait()


@contextlib.contextmanager
def running(folder: Path) -> Iterator[Broker]:
    broker = Broker(folder)
    broker.start()
    try:
        yield broker
    finally:
        broker.kill()


def _answers(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.5):
        return True
    return False
