"""A load generator's HTTP client: one raw keep-alive connection, as cheap as Python can be, so that it measures the server."""

import asyncio
import time
from typing import NamedTuple
from urllib.parse import urlsplit


class Answer(NamedTuple):
    status: int
    content: bytes
    first_s: float
    """From the request to the first octets of the answer."""
    took_s: float


class Connection:
    """Prepared requests one after the other on one connection."""

    def __init__(self, base: str, path: str, authorization: str) -> None:
        parts = urlsplit(base)
        self._host, self._port = parts.hostname or "127.0.0.1", parts.port or 80
        self._common = f"Host: {parts.netloc}\r\nAuthorization: {authorization}\r\n"
        self._head = (
            f"POST {path} HTTP/1.1\r\n{self._common}Content-Type: application/json\r\nContent-Length: "
        ).encode()
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None
        self.retry_after = False
        """Whether the last answer said when to come back."""

    async def post(self, body: bytes) -> int:
        """The status; 0 when the connection broke before the answer (a new one is made with the next call).

        Raises `OSError` when there is no connection to be had: then nothing was sent.
        """
        await self._connect()
        try:
            return (await self.ask(body)).status
        except (OSError, asyncio.IncompleteReadError, ValueError):
            self.close()
            return 0

    async def ask(self, body: bytes) -> Answer:
        """POSTs to the connection's path. Raises when the connection breaks."""
        return await self._exchange(self._head + str(len(body)).encode() + b"\r\n\r\n" + body)

    async def get(self, path: str) -> Answer:
        return await self._exchange(f"GET {path} HTTP/1.1\r\n{self._common}\r\n".encode())

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        self.retry_after = False
        if self._reader is not None and self._reader.at_eof():
            self.close()  # ended by the server between two requests, as it may
        if self._reader is None or self._writer is None:
            self._reader, self._writer = await asyncio.open_connection(self._host, self._port)
        return self._reader, self._writer

    async def _exchange(self, request: bytes) -> Answer:
        reader, writer = await self._connect()
        began = time.perf_counter()
        writer.write(request)
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        first_s = time.perf_counter() - began
        if b"transfer-encoding: chunked" in head:
            content = await _chunks(reader)
        else:
            at = head.index(b"content-length:") + 15
            content = await reader.readexactly(int(head[at : head.index(b"\r", at)]))
        self.retry_after = b"\r\nretry-after:" in head
        if b"\r\nconnection: close" in head:
            self.close()
        return Answer(int(head[9:12]), content, first_s, time.perf_counter() - began)

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
        self._reader = self._writer = None


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    parts = []
    while size := int(await reader.readline(), 16):
        parts.append(await reader.readexactly(size))
        await reader.readexactly(2)
    await reader.readexactly(2)
    return b"".join(parts)
