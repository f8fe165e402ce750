"""What a vendor that pushes is told when a message was not kept: it stays theirs, and they send it again."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest
from websockets.asyncio.client import ClientConnection, connect

from chassis import http
from chassis.bus import Bus
from chassis.config import load
from services.sync import webhooks
from services.sync.parties import Vendors
from services.sync.rates import Rate
from services.sync.settings import Settings
from services.sync.webhooks import BODY_MAX, Mailbox
from tests.support.servers import NatsServer
from tests.support.serving import served

pytestmark = pytest.mark.integration
VENDOR = "generic"
ROOM_FOR_IT: int = 2 * BODY_MAX
"""A frame that holds more than a message may: the limit that answers is ours."""


class Pushing:
    """The vendor's end of its socket."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket

    async def say(self, text: str) -> dict[str, str]:
        await self._socket.send(text)
        answer: dict[str, str] = msgspec.json.decode(await self._socket.recv())
        return answer

    async def push(self, id: str, payload: Any) -> dict[str, str]:
        return await self.say(msgspec.json.encode({"id": id, "payload": payload}).decode())


@pytest.fixture
def settings(service_environ: Callable[[str], dict[str, str]]) -> Settings:
    return load(Settings, service_environ("sync"))


def secret_of(settings: Settings) -> str:
    return (settings.secrets_path / f"vendors/{VENDOR}/socket_secrets").read_text().strip()


@asynccontextmanager
async def pushing(settings: Settings, per_minute: int = 6000) -> AsyncIterator[Pushing]:
    bus = Bus(settings, "sync")
    app = http.create_app(
        settings,
        "sync",
        routes=[webhooks.router],
        resources=[bus],
        dependencies={
            "vendors": http.value(Vendors(settings.secrets_path, frozenset())),
            "mailbox": http.value(Mailbox(bus, Rate(per_minute, clock=lambda: 0.0))),
        },
    )
    async with (
        served(app, ws_max_size=ROOM_FOR_IT, timeout_graceful_shutdown=2) as port,
        connect(
            f"ws://127.0.0.1:{port}/api/v1/sockets/vendor/{VENDOR}",
            additional_headers={"authorization": f"Bearer {secret_of(settings)}"},
            proxy=None,
        ) as socket,
    ):
        yield Pushing(socket)


async def test_too_large_is_said_of_that_message_and_the_next_is_kept(settings: Settings) -> None:
    async with pushing(settings) as vendor:
        assert await vendor.push("m1", "x" * BODY_MAX) == {"nack": "m1", "code": "payload_too_large"}
        assert await vendor.push("m2", "x" * (BODY_MAX - 2)) == {"ack": "m2"}


async def test_more_than_there_is_room_for_is_theirs_to_send_again(settings: Settings) -> None:
    async with pushing(settings, per_minute=120) as vendor:
        answers = [await vendor.push(f"m{number}", {"n": number}) for number in range(4)]

    assert answers == [
        {"ack": "m0"},
        {"ack": "m1"},
        {"nack": "m2", "code": "rate_limited"},
        {"nack": "m3", "code": "rate_limited"},
    ]


async def test_what_cannot_be_kept_is_not_acknowledged_and_is_when_it_can(
    settings: Settings, nats_server: NatsServer
) -> None:
    async with pushing(settings) as vendor:
        nats_server.kill()
        try:
            assert await vendor.push("m1", {"n": 1}) == {"nack": "m1", "code": "unavailable"}
        finally:
            nats_server.start()
        assert await vendor.push("m1", {"n": 1}) == {"ack": "m1"}


@pytest.mark.parametrize("text", ["{", '{"id": 1, "payload": {}}', '{"payload": {}}', "[" * 5000])
async def test_what_cannot_be_read_is_said_of_no_message(settings: Settings, text: str) -> None:
    async with pushing(settings) as vendor:
        assert await vendor.say(text) == {"nack": "", "code": "invalid_json"}
        assert await vendor.push("m1", {}) == {"ack": "m1"}
