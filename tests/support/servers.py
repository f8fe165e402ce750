"""What a test may know of a server, whoever runs it; and which kind of server this run uses."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Coroutine, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from functools import cache
from pathlib import Path
from typing import Any, Protocol, TypeVar
from urllib.parse import quote

import msgspec
import pytest

from runtime.home import Home

T = TypeVar("T")
SERVER_FIXTURES = frozenset(
    {"postgres_admin_url", "nats_server", "redis_url", "s3_endpoint", "s3", "service_environ", "system"}
)
"""A test that uses one of these, directly or not, is an integration test."""


class NatsServer(ABC):
    """nats-server with the accounts, users and the auth callout of production; the streams exist."""

    def __init__(self, url: str, mqtt_url: str, credentials: Mapping[str, str]) -> None:
        self.url = url
        self.mqtt_url = mqtt_url
        self.credentials = credentials
        """User → password, for every static user."""

    def url_for(self, user: str) -> str:
        """The URL that signs a static user in."""
        scheme, _, address = self.url.partition("://")
        return f"{scheme}://{user}:{quote(self.credentials[user], safe='')}@{address}"

    @abstractmethod
    def start(self) -> None:
        """Starts it again on the same port and data, and waits until it answers."""

    @abstractmethod
    def kill(self) -> None:
        """kill -9."""

    @abstractmethod
    def stop(self) -> None:
        """Asks it to end, and waits until it has."""


class ObjectStore(msgspec.Struct, frozen=True, kw_only=True):
    """An S3 server whose bucket exists."""

    endpoint: str
    access_key: str
    secret_key: str
    bucket: str


class Kind(Protocol):
    """`tests.support.wheels` and `tests.support.containers` are such modules."""

    def postgres(self, home: Home) -> AbstractContextManager[str]: ...
    def nats(self, home: Home) -> AbstractContextManager[NatsServer]: ...
    def valkey(self, home: Home) -> AbstractContextManager[str]: ...
    def s3(self, home: Home) -> AbstractContextManager[str]: ...


def passwords(secrets: Path) -> dict[str, str]:
    return {
        path.name: path.read_text().strip() for path in (secrets / "nats").iterdir() if "." not in path.name
    }


@contextmanager
def external_nats(home: Home, url: str, mqtt_url: str) -> Iterator[NatsServer]:
    """A server that somebody else runs: it cannot be killed, so tests that must are skipped."""

    class External(NatsServer):
        def start(self) -> None:
            pytest.skip("this NATS server is not ours to restart (DC_NATS_URL is set)")

        kill = stop = start

    yield External(url, mqtt_url, passwords(home.secrets))


@cache
def kind_of_servers() -> tuple[Kind, str]:
    """Containers when a Docker engine answers and has the images, wheels otherwise; and what to say about it."""
    from tests.support import containers, wheels  # they need this module

    reason = containers.unusable()
    return (wheels, f"from wheels ({reason})") if reason else (containers, "in containers")


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Runs a coroutine to its end from synchronous code, whether or not a loop is running here."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, coroutine).result()
