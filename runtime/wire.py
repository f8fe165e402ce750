"""What is said to a connection in one turn of the event loop leaves with one system call.

uvloop writes at once, so the head and the body of an answer were two calls, and so were two frames to one socket.
"""

import asyncio
from typing import Any, Final, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

GATHER_MAX: Final = 64 * 1024
"""More than this leaves at once, so that a slow reader is noticed and its writer pauses."""


class Gathered:
    """A transport whose writes wait for the end of the turn. Everything else is the transport's own."""

    __slots__ = ("_loop", "_parts", "_size", "_transport")

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._loop = asyncio.get_running_loop()
        self._parts: list[bytes] = []
        self._size = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        if not self._parts:
            self._loop.call_soon(self._flush)
        self._parts.append(data)
        self._size += len(data)
        if self._size > GATHER_MAX:
            self._flush()

    def close(self) -> None:
        """What was written before is sent before."""
        self._flush()
        self._transport.close()

    def _flush(self) -> None:
        if not self._parts:
            return
        parts, self._parts, self._size = self._parts, [], 0
        if not self._transport.is_closing():  # else nobody is there any more
            self._transport.write(parts[0] if len(parts) == 1 else b"".join(parts))


class Http(HttpToolsProtocol):
    """uvicorn's protocol on such a transport. A WebSocket takes it over with the connection."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # A transport in all but its ancestry: uvicorn calls its methods and asks for nothing else.
        super().connection_made(cast(asyncio.Transport, Gathered(cast(asyncio.Transport, transport))))
