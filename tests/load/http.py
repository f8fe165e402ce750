"""A load generator's HTTP client: one raw keep-alive connection, as cheap as Python can be, so that it measures the server."""

import asyncio
from urllib.parse import urlsplit


class Connection:
    """POSTs prepared bodies one after the other on one connection.

    `retry_after`: whether the last answer said when to come again.
    """

    def __init__(self, base: str, path: str, authorization: str) -> None:
        parts = urlsplit(base)
        self._host, self._port = parts.hostname or "127.0.0.1", parts.port or 80
        self._head = (
            f"POST {path} HTTP/1.1\r\nHost: {parts.netloc}\r\nAuthorization: {authorization}\r\n"
            "Content-Type: application/json\r\nContent-Length: "
        ).encode()
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None
        self.retry_after = False
        """Whether the last answer said when to come back."""

    async def post(self, body: bytes) -> int:
        """The status; 0 when the connection broke before the answer (a new one is made with the next call).

        Raises `OSError` when there is no connection to be had: then nothing was sent.
        """
        self.retry_after = False
        if self._reader is not None and self._reader.at_eof():
            self.close()  # ended by the server between two requests, as it may
        if self._reader is None or self._writer is None:
            self._reader, self._writer = await asyncio.open_connection(self._host, self._port)
        try:
            self._writer.write(self._head + str(len(body)).encode() + b"\r\n\r\n" + body)
            head = await self._reader.readuntil(b"\r\n\r\n")
            at = head.lower().index(b"content-length:") + 15
            await self._reader.readexactly(int(head[at : head.index(b"\r", at)]))
            self.retry_after = b"\r\nretry-after:" in head.lower()
            if b"\r\nconnection: close" in head.lower():
                self.close()
            return int(head[9:12])
        except (OSError, asyncio.IncompleteReadError, ValueError):
            self.close()
            return 0

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
        self._reader = self._writer = None
