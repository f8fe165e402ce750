"""A pooled HTTP/1.1 client for our own services: raw, because a general client costs thirty times as much a request.

One connection carries one exchange at a time. An answer is held until it is complete or larger than `HOLD` bytes; from
there on it streams, and the reader slows the service down. Knows nothing of who asks or what is asked.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterable
from typing import Final, cast
from urllib.parse import urlsplit

import httptools

from chassis.log import Log
from proto.errors import Unavailable

log = Log("forward")

Headers = list[tuple[bytes, bytes]]

HOLD: Final = 256 * 1024
MAX_CONNECTIONS: Final = 512
IDLE_S: Final = 30.0
"""An idle connection older than this is not used again: the services close theirs after 75 s."""
CONNECT_S: Final = 2.0
AWAY_S: Final = 1.0
"""So long a service may be away before anybody is told: a process that starts anew is not an outage."""
AGAIN_S: Final = 0.05
HEADERS_MAX: Final = 64 * 1024


class Lost(Exception):
    """The connection ended before the answer did."""


class Late(Lost):
    """The time was up before an answer was there."""


class Connection(asyncio.Protocol):
    """One keep-alive connection to a service."""

    def __init__(self, upstream: "Upstream") -> None:
        self._upstream = upstream
        self._transport: asyncio.Transport | None = None
        self._parser: httptools.HttpResponseParser | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._is_head = False
        self._paused = False
        self._failed = False
        self._late = False
        self._keep = True
        self._size = 0
        self._header_bytes = 0
        self._chunks: list[bytes] = []
        self.idle_since = 0.0
        self.status = 0
        self.headers: Headers = []
        self.done = False

    # --- asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._upstream.opened(self)

    def data_received(self, data: bytes) -> None:
        if self._parser is None:  # bytes that nobody asked for
            self.abort()
            return
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._failed = True
            self.abort()
        if self._size > HOLD and not self._paused and not self.done and self._transport is not None:
            self._paused = True
            self._transport.pause_reading()
        if self.done or self._failed or self._size > HOLD:
            self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._parser is not None and not self.done:
            self._failed = True  # our services always say the length, so this answer was cut
        self._transport = None
        self._wake()
        self._upstream.gone(self)

    # --- httptools callbacks

    def on_header(self, name: bytes, text: bytes) -> None:
        self._header_bytes += len(name) + len(text)
        if self._header_bytes > HEADERS_MAX:
            raise ValueError("the headers of an answer are too large")
        self.headers.append((name.lower(), text))

    def on_headers_complete(self) -> None:
        parser = self._parser
        assert parser is not None  # noqa: S101 - the parser is calling
        status = parser.get_status_code()
        if status < 200:
            self.headers = []
            return
        self.status = status
        self._keep = parser.should_keep_alive()
        if self._is_head:
            self.done = True

    def on_body(self, body: bytes) -> None:
        if not self._is_head:
            self._chunks.append(body)
            self._size += len(body)

    def on_message_complete(self) -> None:
        if self.status:
            self.done = True

    # --- for Upstream

    @property
    def is_usable(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    def send(self, head: bytes, body: bytes, *, is_head: bool) -> None:
        """Raises `Lost` when the service closed a new connection before anybody could use it: nothing is sent."""
        transport = self._transport
        if transport is None:
            raise Lost
        self._parser = httptools.HttpResponseParser(self)
        self._is_head = is_head
        self._failed = False
        self._size = 0
        self._header_bytes = 0
        self._chunks = []
        self.status = 0
        self.headers = []
        self.done = False
        transport.write(head + body if body else head)

    async def wait(self, deadline_s: float) -> None:
        """Until the answer is complete or more than `HOLD` of it is there. Raises `Lost`."""
        if not (self.done or self._failed or self._size > HOLD):
            loop = asyncio.get_running_loop()
            self._waiter = loop.create_future()
            timer = loop.call_later(deadline_s, self._expire)
            try:
                await self._waiter
            except asyncio.CancelledError:
                self.abort()
                raise
            finally:
                timer.cancel()
                self._waiter = None
        if self._failed:
            raise Late if self._late else Lost

    def take(self) -> bytes:
        """What of the body is there; the service may go on writing."""
        chunks, self._chunks, self._size = self._chunks, [], 0
        if self._paused and self._transport is not None:
            self._paused = False
            self._transport.resume_reading()
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)

    def finish(self) -> None:
        """Gives the connection back, or closes it when the answer was not read to its end."""
        self._parser = None
        if self.done and self._keep and self.is_usable:
            self._upstream.give_back(self)
        else:
            self.abort()

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def _expire(self) -> None:
        self._failed = self._late = True
        self.abort()
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


class Answer:
    """An answer whose status and headers are there, and at least the first part of its body."""

    __slots__ = ("_connection", "_deadline_s", "headers", "status")

    def __init__(self, connection: Connection, deadline_s: float) -> None:
        self._connection = connection
        self._deadline_s = deadline_s
        self.status = connection.status
        self.headers = connection.headers

    @property
    def is_complete(self) -> bool:
        return self._connection.done

    def whole(self) -> bytes:
        """The body of a complete answer."""
        body = self._connection.take()
        self._connection.finish()
        return body

    def discard(self) -> None:
        """Closes the connection: nobody wants the rest."""
        self._connection.abort()

    async def parts(self) -> AsyncIterator[bytes]:
        """The body as it comes. Raises `Lost` when it is cut."""
        connection = self._connection
        try:
            while not connection.done:
                yield connection.take()
                await connection.wait(self._deadline_s)
            yield connection.take()
        finally:
            connection.finish()


class Absence:
    """How long nobody has listened at an address, as far as those know who tried."""

    def __init__(self) -> None:
        self._since = self._seen = float("-inf")

    def is_short(self, now: float) -> bool:
        """Told at every refusal. One after a quiet while begins anew: nobody knows what was in between."""
        if now - self._seen > AWAY_S:
            self._since = now
        self._seen = now
        return now - self._since < AWAY_S

    @property
    def is_on(self) -> bool:
        return self._seen > float("-inf")

    def end(self) -> None:
        self._seen = float("-inf")


class Upstream:
    """One service: its address and its pool."""

    def __init__(self, name: str, url: str, deadline_s: float = 40.0) -> None:
        parts = urlsplit(url)
        if parts.scheme != "http" or not parts.hostname:
            raise ValueError(f"the address of {name} must be http://host:port")
        self.name = name
        self._host = parts.hostname
        self._port = parts.port or 80
        self._deadline_s = deadline_s
        self._idle: deque[Connection] = deque()
        self._open: set[Connection] = set()
        self._connecting = 0
        self._absence = Absence()
        self.authority = parts.netloc.encode()

    async def start(self) -> None:
        return

    async def stop(self) -> None:
        for connection in list(self._open):
            connection.abort()

    def problem(self) -> str | None:
        return None  # a service that is down is its own matter; the others are still served

    @property
    def in_use(self) -> int:
        """How many exchanges are under way."""
        return len(self._open) - len(self._idle)

    @property
    def refused(self) -> bool:
        """Whether nobody listened at the last try."""
        return self._absence.is_on

    async def ask(
        self, head: bytes, body: bytes, *, is_head: bool = False, repeatable: bool = True
    ) -> Answer:
        """One exchange. `head` is the request line with all headers and the blank line.

        A kept connection that turns out to be dead is replaced once when the request may be repeated.
        Raises `Unavailable` when the service cannot be reached or does not answer in time.
        """
        connection = self._take_idle()
        if connection is not None:
            try:
                return await self._exchange(connection, head, body, is_head)
            except Late:
                raise self._unavailable("late") from None
            except Lost:
                if not repeatable or connection.status:
                    raise self._unavailable("lost") from None
        connection = await self._connect()
        try:
            return await self._exchange(connection, head, body, is_head)
        except Lost as error:
            raise self._unavailable(type(error).__name__.lower()) from None

    async def _exchange(self, connection: Connection, head: bytes, body: bytes, is_head: bool) -> Answer:
        connection.send(head, body, is_head=is_head)
        await connection.wait(self._deadline_s)
        return Answer(connection, self._deadline_s)

    def _take_idle(self) -> Connection | None:
        oldest = asyncio.get_running_loop().time() - IDLE_S
        while self._idle:
            connection = self._idle.pop()  # the warmest first
            if connection.is_usable and connection.idle_since > oldest:
                return connection
            connection.abort()
        return None

    async def _connect(self) -> Connection:
        if len(self._open) + self._connecting >= MAX_CONNECTIONS:
            raise self._unavailable("busy")
        self._connecting += 1
        try:
            async with asyncio.timeout(CONNECT_S):
                return await self._reach()
        except (OSError, TimeoutError):
            raise self._unavailable("unreachable") from None
        finally:
            self._connecting -= 1

    async def _reach(self) -> Connection:
        """Waits for one that is away for a moment: nothing was sent, so nothing can happen twice."""
        loop = asyncio.get_running_loop()
        while True:
            try:
                _, connection = await loop.create_connection(lambda: Connection(self), self._host, self._port)
            except ConnectionRefusedError:
                if not self._absence.is_short(loop.time()):
                    raise
                await asyncio.sleep(AGAIN_S)
            else:
                self._absence.end()
                return connection

    def _unavailable(self, reason: str) -> Unavailable:
        log.warning("upstream_failed", name=self.name, reason=reason)
        return Unavailable(self.name)

    def give_back(self, connection: Connection) -> None:
        connection.idle_since = asyncio.get_running_loop().time()
        self._idle.append(connection)

    def opened(self, connection: Connection) -> None:
        self._open.add(connection)

    def gone(self, connection: Connection) -> None:
        self._open.discard(connection)
        try:
            self._idle.remove(connection)
        except ValueError:
            return


def request_head(
    method: str, target: bytes, authority: bytes, headers: Iterable[tuple[bytes, bytes]]
) -> bytes:
    """The request line and headers in wire form. Names and texts come from a parsed request: no line breaks."""
    lines = [method.encode("ascii") + b" " + target + b" HTTP/1.1\r\nhost: " + authority]
    lines += [name + b": " + text for name, text in headers]
    lines.append(b"\r\n")
    return b"\r\n".join(lines)
