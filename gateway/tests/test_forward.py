"""The forwarder against a real server: connections are kept, bodies arrive whole, and a dead service is a clear answer."""

import asyncio
import json
from collections.abc import AsyncIterator
from hashlib import sha256
from typing import Any

import pytest

from gateway.forward import AWAY_S, Absence, Answer, Connection, Lost, Upstream, request_head
from gateway.tests import upstream as small
from gateway.tests.serving import Process
from proto.errors import Unavailable
from tests.support.ports import free_port
from tests.support.serving import served
from tests.support.waiting import until


@pytest.fixture
async def service() -> AsyncIterator[Upstream]:
    async with served(small.app) as port:
        upstream = Upstream("small", f"http://127.0.0.1:{port}")
        yield upstream
        await upstream.stop()


async def ask(
    upstream: Upstream, target: str, method: str = "GET", body: bytes = b"", **options: Any
) -> Answer:
    headers = [(b"content-length", b"%d" % len(body))] if body or method == "POST" else []
    head = request_head(method, target.encode(), upstream.authority, headers)
    return await upstream.ask(head, body, is_head=method == "HEAD", **options)


async def asked(upstream: Upstream, target: str, method: str = "GET", body: bytes = b"") -> Any:
    answer = await ask(upstream, target, method, body)
    assert answer.is_complete
    return json.loads(answer.whole())


async def test_one_connection_serves_many_requests(service: Upstream) -> None:
    clients = {tuple((await asked(service, f"/{n}"))["client"]) for n in range(20)}

    assert len(clients) == 1


async def test_parallel_requests_have_a_connection_each(service: Upstream) -> None:
    answers = await asyncio.gather(*(asked(service, f"/{n}?sleep=0.05") for n in range(10)))

    assert [answer["raw_path"] for answer in answers] == [f"/{n}" for n in range(10)]
    assert len({tuple(answer["client"]) for answer in answers}) == 10


@pytest.mark.parametrize("size", [0, 1, 1024 * 1024])
async def test_a_body_arrives_whole(service: Upstream, size: int) -> None:
    body = bytes(n % 251 for n in range(size))

    answer = await asked(service, "/x", "POST", body)

    assert (answer["size"], answer["sha256"]) == (size, sha256(body).hexdigest())


async def test_a_chunked_answer_is_whole(service: Upstream) -> None:
    assert (await asked(service, "/x?chunked=1"))["raw_path"] == "/x"
    assert (await asked(service, "/y"))["raw_path"] == "/y"


@pytest.mark.parametrize("chunked", ["", "&chunked=1"])
async def test_a_large_answer_streams_and_the_connection_is_kept(service: Upstream, chunked: str) -> None:
    size = 20 * 1024 * 1024
    before = tuple((await asked(service, "/"))["client"])

    answer = await ask(service, f"/x?large={size}{chunked}")
    streamed = not answer.is_complete
    sizes = [len(part) async for part in answer.parts()]

    assert streamed
    assert sum(sizes) == size
    assert max(sizes) < 2 * 1024 * 1024  # the reader slows the service down: it is never all in memory
    assert tuple((await asked(service, "/"))["client"]) == before


async def test_a_head_has_no_body_and_the_next_request_is_unharmed(service: Upstream) -> None:
    answer = await ask(service, "/x", "HEAD")

    assert answer.is_complete
    assert answer.whole() == b""
    assert dict(answer.headers)[b"content-length"].isdigit()
    assert (await asked(service, "/y"))["raw_path"] == "/y"


@pytest.mark.parametrize("status", [204, 304])
async def test_answers_without_a_body_end(service: Upstream, status: int) -> None:
    answer = await ask(service, f"/x?status={status}")

    assert answer.status == status
    assert answer.whole() == b""
    assert (await asked(service, "/y"))["raw_path"] == "/y"


async def test_a_connection_that_the_service_closes_is_not_used_again(service: Upstream) -> None:
    first = await asked(service, "/x?close=1")
    second = await asked(service, "/y")

    assert first["client"] != second["client"]


async def test_a_service_that_is_not_there_is_unavailable() -> None:
    upstream = Upstream("gone", f"http://127.0.0.1:{free_port()}")

    with pytest.raises(Unavailable) as refused:
        await ask(upstream, "/x")

    assert refused.value.status == 503
    assert refused.value.retry_after_s == 1


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_service_that_is_away_for_a_moment_is_waited_for(method: str) -> None:
    port = free_port()
    upstream = Upstream("away", f"http://127.0.0.1:{port}")
    pending = asyncio.create_task(asked(upstream, "/x", method))
    await until(lambda: upstream.refused)

    async with served(small.app, port=port):
        assert (await pending)["method"] == method
        await upstream.stop()


async def test_a_service_that_stays_away_is_waited_for_once() -> None:
    upstream = Upstream("gone", f"http://127.0.0.1:{free_port()}")
    loop = asyncio.get_running_loop()
    waits = []
    for _ in range(3):
        began = loop.time()
        with pytest.raises(Unavailable):
            await ask(upstream, "/x")
        waits.append(loop.time() - began)

    assert AWAY_S <= waits[0] < 2 * AWAY_S
    assert max(waits[1:]) < AWAY_S / 4


@pytest.mark.parametrize(
    ("refusals", "is_short"),
    [
        ([0.0], True),
        ([0.0, 0.5, 0.9], True),
        ([0.0, 0.5, 1.1], False),
        ([0.0, 0.5, 1.1, 1.2], False),
        ([0.0, 0.9, 2.0], True),  # who knows what was in between
    ],
)
def test_an_absence_is_short_until_it_is_not(refusals: list[float], is_short: bool) -> None:
    absence = Absence()

    assert [absence.is_short(now) for now in refusals][-1] == is_short


def test_an_absence_that_ended_does_not_count_for_the_next() -> None:
    absence = Absence()
    absence.is_short(0.0)
    absence.is_short(0.8)
    absence.end()

    assert absence.is_short(1.5)
    assert absence.is_short(2.4)


async def test_a_service_that_does_not_answer_in_time_is_unavailable() -> None:
    async with served(small.app) as port:
        upstream = Upstream("slow", f"http://127.0.0.1:{port}", deadline_s=0.1)
        await asked(upstream, "/warm")  # a kept connection must not buy a second wait
        loop = asyncio.get_running_loop()
        began = loop.time()

        with pytest.raises(Unavailable):
            await ask(upstream, "/x?sleep=2")

        assert loop.time() - began < 0.19
        await upstream.stop()


async def test_a_service_killed_while_it_works_is_unavailable() -> None:
    async with Process(free_port()) as process:
        upstream = Upstream("killed", f"http://127.0.0.1:{process.port}")
        pending = asyncio.create_task(ask(upstream, "/x?sleep=30", "POST", repeatable=False))
        await until(lambda: upstream.in_use)

        process.kill()

        with pytest.raises(Unavailable):
            await pending


async def test_a_download_cut_in_the_middle_is_lost_not_short() -> None:
    async with Process(free_port()) as process:
        upstream = Upstream("cut", f"http://127.0.0.1:{process.port}")
        answer = await ask(upstream, f"/x?large={200 * 1024 * 1024}")

        process.kill()

        with pytest.raises(Lost):
            async for _ in answer.parts():
                pass


async def test_kept_connections_of_a_service_that_started_anew_are_replaced() -> None:
    async with Process(free_port()) as process:
        upstream = Upstream("anew", f"http://127.0.0.1:{process.port}")
        await asyncio.gather(*(asked(upstream, "/?sleep=0.05") for _ in range(5)))

        process.kill()
        await process.start()

        for method in ("GET", "POST"):
            assert (await asked(upstream, "/x", method))["method"] == method
        await upstream.stop()


class Closing(asyncio.Protocol):
    """Takes a connection and drops it at once."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.abort()  # type: ignore[attr-defined]


async def test_a_connection_that_ends_before_its_first_request_is_lost() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Closing, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    upstream = Upstream("closing", f"http://127.0.0.1:{port}")
    _, connection = await loop.create_connection(lambda: Connection(upstream), "127.0.0.1", port)
    await until(lambda: not connection.is_usable)

    with pytest.raises(Lost):
        connection.send(b"GET /x HTTP/1.1\r\n\r\n", b"", is_head=False)
    for method in ("GET", "POST"):
        with pytest.raises(Unavailable):
            await ask(upstream, "/x", method, repeatable=False)

    server.close()
    await server.wait_closed()


class Stale(asyncio.Protocol):
    """Answers the first request of each connection and drops the connection on the second, unread."""

    taken = 0

    def __init__(self) -> None:
        self._asked = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._asked += 1
        if self._asked > 1:
            self._transport.abort()  # type: ignore[attr-defined]
            return
        Stale.taken += 1
        self._transport.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")  # type: ignore[attr-defined]


async def test_only_what_may_be_repeated_is_sent_again_over_a_new_connection() -> None:
    server = await asyncio.get_running_loop().create_server(Stale, "127.0.0.1", 0)
    upstream = Upstream("stale", f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    (await ask(upstream, "/warm")).whole()

    (await ask(upstream, "/again")).whole()

    with pytest.raises(Unavailable):
        await ask(upstream, "/once", "POST", repeatable=False)
    assert Stale.taken == 2
    await upstream.stop()
    server.close()
    await server.wait_closed()
