"""A crowd of live clients in a process of its own: raw WebSockets that only count, so that the gateway is what is measured.

Started by `fanout`; says `open` when all are subscribed, or time is up, then a line of JSON for every line that it is sent.
"""

import argparse
import asyncio
import sys
import time
from dataclasses import dataclass
from typing import Final, cast
from urllib.parse import urlsplit

import msgspec
import uvloop

from tests.load.http import Connection

AT_ONCE: Final = 16
"""Handshakes under way at once."""
TEXT: Final = 1
CLOSE: Final = 8
PING: Final = 9


@dataclass
class Count:
    """Times are the machine's monotonic clock, the same in every process."""

    sockets: int = 0
    readings: int = 0
    gaps: int = 0
    lost: int = 0
    first: float = 0.0
    last: float = 0.0
    cpu_s: float = 0.0


class Socket(asyncio.Protocol):
    """One client: handshake, subscription, then counting. Frames are looked at no further than their type."""

    def __init__(self, hello: bytes, subscribe: bytes, count: Count) -> None:
        self._hello = hello
        self._subscribe = subscribe
        self._count = count
        self._rest = b""
        self._is_open = False
        self._transport: asyncio.WriteTransport | None = None
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports have the methods, but not this ancestor.
        self._transport = cast(asyncio.WriteTransport, transport)
        self._transport.write(self._hello)

    def data_received(self, data: bytes) -> None:
        data = self._rest + data if self._rest else data
        if not self._is_open:
            end = data.find(b"\r\n\r\n")
            if end < 0:
                self._rest = data
                return
            if not data.startswith(b"HTTP/1.1 101"):
                self._fail(f"the gateway refused a socket: {data[:60]!r}")
                return
            self._is_open = True
            self._write(self._subscribe)
            data = data[end + 4 :]
        self._rest = data[self._frames(data) :]

    def connection_lost(self, exc: Exception | None) -> None:
        self._fail("a socket was closed before it was subscribed")
        self._count.lost += 1

    def _frames(self, data: bytes) -> int:
        """Takes the complete frames; answers where the rest begins."""
        at, size = 0, len(data)
        while size - at >= 2:
            length, begin = data[at + 1], at + 2
            if length == 126:
                length, begin = int.from_bytes(data[at + 2 : at + 4], "big"), at + 4
            elif length == 127:
                length, begin = int.from_bytes(data[at + 2 : at + 10], "big"), at + 10
            if size < begin + length:
                break
            self._frame(data[at] & 15, data, begin, length)
            at = begin + length
        return at

    def _frame(self, opcode: int, data: bytes, begin: int, length: int) -> None:
        if data.startswith(b'{"type":"reading"', begin):
            count = self._count
            count.last = time.monotonic()
            count.first = count.first or count.last
            count.readings += 1
        elif opcode == PING:
            self._write(masked(10, data[begin : begin + length]))
        elif data.startswith(b'{"type":"subscribed"', begin):
            self._count.sockets += 1
            self.ready.set_result(None)
        elif data.startswith(b'{"type":"gap"', begin):
            self._count.gaps += 1
        elif opcode == CLOSE or data.startswith(b'{"type":"error"', begin):
            self._fail(f"the gateway said {data[begin : begin + length]!r}")

    def _fail(self, why: str) -> None:
        if not self.ready.done():
            self.ready.set_exception(ConnectionError(why))

    def _write(self, data: bytes) -> None:
        if self._transport is not None:
            self._transport.write(data)


def masked(opcode: int, content: bytes) -> bytes:
    """A client's frame of up to 125 octets, masked with zeros: the mask is for proxies, and there is none here."""
    if len(content) > 125:
        raise ValueError("too long for a small frame")
    return bytes([0x80 | opcode, 0x80 | len(content)]) + bytes(4) + content


async def open_all(
    gateway: str, token: str, patient_id: str, sockets: int, within_s: float, count: Count
) -> None:
    """As many as there is time for."""
    address = urlsplit(gateway)
    subscribe = masked(TEXT, msgspec.json.encode({"type": "subscribe", "patient_id": patient_id}))
    left = iter(range(sockets))
    end = time.monotonic() + within_s

    async def some() -> None:
        tickets = Connection(gateway, "/api/v1/live/ticket", f"Bearer {token}")
        for _ in left:
            if time.monotonic() > end:
                break
            answer = await tickets.ask(b"{}")
            if answer.status != 201:
                raise ConnectionError(f"no ticket, but {answer.status}")
            ticket = msgspec.json.decode(answer.content)["ticket"]
            hello = (
                f"GET /ws/live?ticket={ticket} HTTP/1.1\r\nHost: {address.netloc}\r\nUpgrade: websocket\r\n"
                "Connection: Upgrade\r\nSec-WebSocket-Key: YmVuY2htYXJraW5nLi4uLg==\r\nSec-WebSocket-Version: 13\r\n\r\n"
            ).encode()
            _, socket = await asyncio.get_running_loop().create_connection(
                lambda hello=hello: Socket(hello, subscribe, count),  # type: ignore[misc]
                address.hostname or "127.0.0.1",
                address.port or 80,
            )
            await asyncio.wait_for(socket.ready, 60)
        tickets.close()

    await asyncio.gather(*(some() for _ in range(min(AT_ONCE, sockets))))


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("gateway")
    parser.add_argument("patient_id")
    parser.add_argument("sockets", type=int)
    parser.add_argument("within_s", type=float)
    arguments = parser.parse_args()
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
    )
    token = (await reader.readline()).decode().strip()
    count = Count()
    await open_all(
        arguments.gateway, token, arguments.patient_id, arguments.sockets, arguments.within_s, count
    )
    print("open", flush=True)
    while await reader.readline():
        count.cpu_s = time.process_time()
        print(msgspec.json.encode(count).decode(), flush=True)


if __name__ == "__main__":
    uvloop.run(main())
