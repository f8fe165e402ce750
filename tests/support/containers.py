"""The servers as containers, where a Docker engine answers. The same names as in `tests.support.wheels`."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec

from runtime.embedded import nats as nats_wheel
from runtime.embedded import s3 as s3_wheel
from runtime.embedded.server import greets
from runtime.home import LOOPBACK, Home, replace
from runtime.migrate import password
from tests.support.servers import NatsServer, passwords

POSTGRES: Final = "postgres:18"
NATS: Final = "nats:2.15"
VALKEY: Final = "valkey/valkey:9"
SEAWEEDFS: Final = "chrislusf/seaweedfs:4.48"
SOCKETS: Final = (Path("/var/run/docker.sock"), Path.home() / ".docker/run/docker.sock")
READY_S: Final = 60.0


def unusable() -> str:
    """Why containers cannot be used; empty when they can. Pulls the images that are missing."""
    if "DOCKER_HOST" not in os.environ and not any(path.exists() for path in SOCKETS):  # noqa: TID251 - Docker's own
        return "no Docker engine here"
    import docker  # costs half a second, which runs without an engine need not pay
    from docker.errors import DockerException, ImageNotFound

    try:
        client = docker.from_env(timeout=5)
        client.ping()
    except DockerException:
        return "no Docker engine answers"
    try:
        for image in (POSTGRES, NATS, VALKEY, SEAWEEDFS):
            try:
                client.images.get(image)
            except ImageNotFound:
                client.images.pull(image)
    except (DockerException, OSError) as error:
        return f"Docker answers, but has no image {image}: {error}"
    finally:
        client.close()
    return ""


@contextmanager
def postgres(home: Home) -> Iterator[str]:
    from testcontainers.postgres import PostgresContainer

    secret = password(home.secrets, "postgres")
    with PostgresContainer(
        POSTGRES, username="postgres", password=secret, dbname="postgres", driver=None
    ) as box:
        port = int(box.get_exposed_port(5432))
        yield f"postgresql://postgres:{secret}@{box.get_container_host_ip()}:{port}/postgres"


@contextmanager
def nats(home: Home) -> Iterator[NatsServer]:
    server = _Nats(home)
    try:
        yield server
    finally:
        server.stop()


@contextmanager
def valkey(home: Home) -> Iterator[str]:
    from testcontainers.core.container import DockerContainer

    secret = (home.secrets / "redis/password").read_text()
    port = home.port("valkey")
    command = f"valkey-server --requirepass {secret} --save ''"
    with DockerContainer(VALKEY).with_bind_ports(6379, port).with_command(command):
        _until(lambda: greets(port, b"PING\r\n", (b"-NOAUTH",)), "Valkey")
        yield f"redis://:{secret}@{LOOPBACK}:{port}/0"


@contextmanager
def s3(home: Home) -> Iterator[str]:
    from testcontainers.core.container import DockerContainer

    folder = home.data("s3")
    keys = home.secrets / "s3"
    replace(
        folder / "s3.json",
        s3_wheel.render((keys / "access_key").read_text(), (keys / "secret_key").read_text()),
    )
    port = home.port("s3")
    box = (
        DockerContainer(SEAWEEDFS)
        .with_bind_ports(8333, port)
        .with_volume_mapping(str(folder), "/etc/dc", "ro")
        .with_command("server -s3 -s3.config=/etc/dc/s3.json -master.telemetry=false")
    )
    with box:
        yield f"http://{LOOPBACK}:{port}"


class _Nats(NatsServer):
    """Fixed ports, so that it comes back where its clients look for it."""

    def __init__(self, home: Home) -> None:
        from testcontainers.core.container import DockerContainer

        folder = home.data("nats")
        ports = home.ports(["nats", "mqtt"])
        secrets = {path.name: path.read_text() for path in (home.secrets / "nats").iterdir()}
        config = nats_wheel.render(4222, 1883, "/data", secrets, host="0.0.0.0")
        replace(folder / "nats.conf", msgspec.json.encode(config))
        self._port = ports["nats"]
        self._box = (
            DockerContainer(NATS, user="0")
            .with_bind_ports(4222, ports["nats"])
            .with_bind_ports(1883, ports["mqtt"])
            .with_volume_mapping(str(folder), "/etc/dc", "ro")
            .with_command("-c /etc/dc/nats.conf")
        )
        self._box.start()
        self._wait()
        super().__init__(
            f"nats://{LOOPBACK}:{ports['nats']}",
            f"mqtt://{LOOPBACK}:{ports['mqtt']}",
            passwords(home.secrets),
        )

    def start(self) -> None:
        self._box.get_wrapped_container().start()
        self._wait()

    def kill(self) -> None:
        self._box.get_wrapped_container().kill()

    def stop(self) -> None:
        self._box.stop()

    def _wait(self) -> None:
        _until(lambda: greets(self._port, b"", (b"INFO ",)), "NATS")


def _until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + READY_S
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} did not answer within {READY_S:.0f} s")
        time.sleep(0.1)
