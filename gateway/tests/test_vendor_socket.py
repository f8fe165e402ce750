"""A vendor's socket over real ones: through the gateway to sync, into the stream, and back with the acknowledgement."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec
import nats
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus

from gateway.app import create_app
from gateway.settings import Settings
from gateway.tests.serving import Running
from proto import subjects
from proto.events import WebhookReceived
from tests.support.servers import NatsServer
from tests.support.serving import served

pytestmark = pytest.mark.integration
VENDOR = "generic"
FRAME_MAX = 64 * 1024
"""As every process is served (`runtime.serve`)."""


class Partner:
    """A vendor that pushes, and the process of sync behind the gateway."""

    def __init__(self, url: str, secret: str, sync: Running) -> None:
        self.url = url
        self.secret = secret
        self.sync = sync

    def dial(self, secret: str | None = None, vendor: str = VENDOR) -> Any:
        headers = {"authorization": f"Bearer {self.secret if secret is None else secret}"}
        return connect(
            f"{self.url}/api/v1/sockets/vendor/{vendor}",
            additional_headers=headers,
            proxy=None,
            open_timeout=10,
        )


@pytest.fixture(scope="module")
async def partner(
    settings: Settings, service_environ: Callable[[str], dict[str, str]], home: Path
) -> AsyncIterator[Partner]:
    environ = service_environ("sync")
    async with Running("sync", environ) as sync:
        wired = settings.with_(upstream_sync=f"http://127.0.0.1:{environ['DC_HTTP_PORT']}")
        async with served(create_app(wired), ws_max_size=FRAME_MAX) as port:
            secret = (home / f"secrets/vendors/{VENDOR}/socket_secrets").read_text()
            yield Partner(f"ws://127.0.0.1:{port}", secret, sync)


@pytest.fixture
async def kept(nats_server: NatsServer) -> AsyncIterator[list[WebhookReceived]]:
    """What the stream was given, in order."""
    nc = await nats.connect(
        nats_server.url_for("admin"), inbox_prefix=subjects.inbox_prefix("admin").encode()
    )
    found: list[WebhookReceived] = []

    async def hear(msg: Any) -> None:
        found.append(msgspec.json.decode(msg.data, type=WebhookReceived))

    await nc.subscribe(subjects.to(subjects.WEBHOOKS_RECEIVED, VENDOR), cb=hear)
    await nc.flush()
    yield found
    await nc.close()


async def say(line: ClientConnection, id: str, payload: Any) -> Any:
    await line.send(msgspec.json.encode({"id": id, "payload": payload}).decode())
    return msgspec.json.decode(await asyncio.wait_for(line.recv(), 10))


async def end_of(line: ClientConnection) -> int | None:
    await asyncio.wait_for(line.wait_closed(), 10)
    return line.close_code


async def test_each_message_is_acknowledged_when_it_is_in_the_stream(
    partner: Partner, kept: list[WebhookReceived]
) -> None:
    bodies = [{"data": {"user": str(uuid4())}} for _ in range(20)]
    seconds = []
    async with partner.dial() as line:
        for number, body in enumerate(bodies):
            began = time.perf_counter()
            assert await say(line, f"m-{number}", body) == {"ack": f"m-{number}"}
            seconds.append(time.perf_counter() - began)

    seconds.sort()
    print(f"pushed → acknowledged: p50 {seconds[10] * 1000:.1f} ms, max {seconds[-1] * 1000:.1f} ms")
    assert [msgspec.json.decode(event.body) for event in kept] == bodies
    assert {event.content_type for event in kept} == {"application/json"}


async def test_what_cannot_be_read_is_refused_and_the_line_stays(
    partner: Partner, kept: list[WebhookReceived]
) -> None:
    async with partner.dial() as line:
        for bad in ("", "no JSON", "[]", '{"id": 7, "payload": {}}', '{"payload": {}}', "[" * 5000):
            await line.send(bad)
            assert msgspec.json.decode(await line.recv()) == {"nack": "", "code": "invalid_json"}
        assert await say(line, "good", {}) == {"ack": "good"}
    assert len(kept) == 1


@pytest.mark.parametrize(
    ("secret", "vendor"),
    [("guessed", VENDOR), ("", VENDOR), (None, "kinsa"), (None, "withings"), (None, "nobody")],
)
async def test_who_has_no_secret_gets_no_socket(partner: Partner, secret: str | None, vendor: str) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with partner.dial(secret, vendor):
            pytest.fail("a socket was opened")
    assert refused.value.response.status_code == 403


async def test_a_frame_that_is_too_large_ends_the_line(partner: Partner, kept: list[WebhookReceived]) -> None:
    async with partner.dial() as line:
        await line.send(msgspec.json.encode({"id": "huge", "payload": "x" * FRAME_MAX}).decode())
        assert await end_of(line) == 1009
    async with partner.dial() as line:
        assert await say(line, "large", "x" * (FRAME_MAX - 100)) == {"ack": "large"}
    assert len(kept) == 1


async def test_without_sync_the_vendor_is_told_to_try_again_and_may(partner: Partner) -> None:
    """The last one: it kills the process."""
    body = {"data": {"user": str(uuid4())}}
    async with partner.dial() as line:
        assert await say(line, "before", body) == {"ack": "before"}
        partner.sync.kill()
        assert await end_of(line) == 1013
    async with partner.dial() as line:
        assert await end_of(line) == 1013

    await partner.sync.start()
    async with partner.dial() as line:
        assert await say(line, "lost", body) == {"ack": "lost"}
