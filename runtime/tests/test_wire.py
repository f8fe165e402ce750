"""Writes of one turn leave together, in order, and a slow reader still makes its writer wait."""

import asyncio
from typing import Any

import pytest

from runtime.wire import Gathered, Http
from tests.support.serving import served


class Wire:
    """A transport that remembers what it was told."""

    def __init__(self) -> None:
        self.told: list[bytes] = []
        self.closing = False

    def write(self, data: bytes) -> None:
        self.told.append(data)

    def close(self) -> None:
        self.closing = True

    def is_closing(self) -> bool:
        return self.closing


@pytest.fixture
async def wire() -> Wire:
    return Wire()


async def test_one_turn_is_one_write(wire: Wire) -> None:
    transport = Gathered(wire)  # type: ignore[arg-type]
    transport.write(b"head")
    transport.write(b"body")
    assert wire.told == []

    await asyncio.sleep(0)
    transport.write(b"next")
    await asyncio.sleep(0)

    assert wire.told == [b"headbody", b"next"]


async def test_what_was_written_is_sent_before_the_end(wire: Wire) -> None:
    transport = Gathered(wire)  # type: ignore[arg-type]
    transport.write(b"farewell")
    transport.close()

    assert (wire.told, wire.closing) == ([b"farewell"], True)


async def test_nothing_is_written_to_one_who_has_gone(wire: Wire) -> None:
    transport = Gathered(wire)  # type: ignore[arg-type]
    transport.write(b"late")
    wire.close()
    await asyncio.sleep(0)

    assert wire.told == []


async def test_a_slow_reader_makes_its_writer_wait() -> None:
    sent = 0
    part = bytes(32 * 1024)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        nonlocal sent
        if scope["type"] != "http":
            for _ in range(2):
                await send({"type": (await receive())["type"] + ".complete"})
            return
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for _ in range(2000):
            await send({"type": "http.response.body", "body": part, "more_body": True})
            sent += 1
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async with served(app, http=Http, loop="uvloop") as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1024)
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        seen = -1
        while seen != sent or not sent:
            seen = sent
            await asyncio.sleep(0.1)
        assert sent < 1000

        size = 0
        while data := await reader.read(1 << 20):
            size += len(data)
        writer.close()

    assert sent == 2000
    assert size > 2000 * len(part)
