"""The servers from wheels, one context manager each. The same names as in `tests.support.containers`."""

from collections.abc import Iterator
from contextlib import contextmanager

from runtime.embedded import nats as nats_wheel
from runtime.embedded import postgres as postgres_wheel
from runtime.embedded import s3 as s3_wheel
from runtime.embedded import valkey as valkey_wheel
from runtime.embedded.server import Running, Server, start
from runtime.home import Home
from runtime.migrate import password, with_login
from tests.support.servers import NatsServer, passwords


@contextmanager
def postgres(home: Home) -> Iterator[str]:
    """The superuser's URL."""
    with _running(postgres_wheel.prepare(home, home.port("postgres"))) as running:
        yield with_login(running.wait_ready().url, "postgres", password(home.secrets, "postgres"))
    postgres_wheel.remove(home)


@contextmanager
def nats(home: Home) -> Iterator[NatsServer]:
    server = _Nats(home)
    server.start()
    try:
        yield server
    finally:
        server.stop()


@contextmanager
def valkey(home: Home) -> Iterator[str]:
    with _running(valkey_wheel.prepare(home, home.port("valkey"))) as running:
        yield running.wait_ready().url


@contextmanager
def s3(home: Home) -> Iterator[str]:
    """Not waited for: it takes seconds, and most tests need no more than its address."""
    with _running(s3_wheel.prepare(home)) as running:
        yield running.url


@contextmanager
def _running(server: Server) -> Iterator[Running]:
    running = start(server)
    try:
        yield running
    finally:
        running.stop()


class _Nats(NatsServer):
    def __init__(self, home: Home) -> None:
        ports = home.ports(["nats", "mqtt", "nats-monitor"])
        self._server = nats_wheel.prepare(home, ports["nats"], ports["mqtt"], ports["nats-monitor"])
        self._running: Running | None = None
        super().__init__(self._server.url, f"mqtt://127.0.0.1:{ports['mqtt']}", passwords(home.secrets))

    def start(self) -> None:
        self._running = start(self._server).wait_ready()

    def kill(self) -> None:
        if self._running is not None:
            self._running.kill()

    def stop(self) -> None:
        if self._running is not None:
            self._running.stop()
