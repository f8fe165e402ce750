"""The connection to NATS: publishing with an acknowledgement that is waited for, and nothing about meaning.

A publish whose server dies is sent again with the same message id until its deadline; then it is `Unavailable`.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Final, Protocol
from uuid import uuid4

import msgspec
import nats
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import (
    ConnectionClosedError,
    Error,
    NoRespondersError,
    NoServersError,
    OutboundBufferLimitError,
)
from nats.errors import TimeoutError as NatsTimeout
from nats.js import JetStreamContext
from nats.js.errors import APIError, NoStreamResponseError, ServiceUnavailableError

from chassis import telemetry
from chassis.config import Common
from chassis.log import Log
from proto.errors import Unavailable
from proto.subjects import inbox_prefix

log = Log("bus")

ATTEMPT_S: Final = 1.0
"""How long one try of a publish waits. A publish in flight when the server dies would wait its whole timeout."""
LEAST_S: Final = 0.5
"""What is tried is tried for so long, however little time is left."""
DEADLINE_S: Final = 5.0
INFO_S: Final = 5.0
"""How long the server may take to tell of a stream: who gives up loses the place in its queue."""
PASSING: Final = (
    NatsTimeout,
    NoStreamResponseError,
    NoRespondersError,
    ConnectionClosedError,
    NoServersError,
)
FULL: Final = frozenset({10047, 10077, 10023})
"""JetStream error codes: insufficient resources, maximum bytes exceeded, insufficient storage."""


class Outgoing(Protocol):
    """A message on its way into a stream."""

    subject: str
    payload: bytes
    headers: dict[str, str]

    @property
    def msg_id(self) -> str: ...


class StreamInfo(msgspec.Struct, frozen=True, kw_only=True):
    """`created` tells one incarnation of a stream from another; `first_at` is the age of the oldest message."""

    created: datetime
    max_bytes: int
    retention: str
    messages: int
    bytes: int
    first_seq: int
    first_at: datetime
    last_seq: int


class _State(msgspec.Struct):
    messages: int
    bytes: int
    first_seq: int
    last_seq: int
    first_ts: datetime


class _Config(msgspec.Struct):
    max_bytes: int = -1
    retention: str = "limits"


class _InfoAnswer(msgspec.Struct):
    created: datetime = datetime(1970, 1, 1, tzinfo=UTC)
    state: _State | None = None
    config: _Config | None = None


_decode_info: Final = msgspec.json.Decoder(_InfoAnswer).decode


class _Stored(msgspec.Struct):
    """A PubAck, or why there is none. The client's own takes longer to read than the publish to write."""

    seq: int = 0
    error: dict[str, Any] | None = None


_decode_stored: Final = msgspec.json.Decoder(_Stored).decode


class Bus:
    """One NATS user's connection. `user` decides the account and what may be said and heard."""

    def __init__(self, settings: Common, user: str) -> None:
        self.user = user
        self._settings = settings
        self._nc: Client | None = None
        self._js: JetStreamContext | None = None
        self._reconnected: list[Callable[[], Awaitable[None]]] = []

    @property
    def nc(self) -> Client:
        if self._nc is None:
            raise Unavailable("bus")
        return self._nc

    @property
    def js(self) -> JetStreamContext:
        if self._js is None:
            raise Unavailable("bus")
        return self._js

    @property
    def connected(self) -> bool:
        return self._nc is not None and self._nc.is_connected

    def on_reconnect(self, callback: Callable[[], Awaitable[None]]) -> None:
        self._reconnected.append(callback)

    async def start(self) -> None:
        nc = Client()
        password = self._settings.secret(f"nats/{self.user}").reveal()

        async def on_error(error: Exception) -> None:
            if not isinstance(error, OSError | nats.errors.UnexpectedEOF):
                log.warning("bus_error", error=type(error).__name__, service=self.user)

        async def on_disconnect() -> None:
            log.warning("bus_disconnected", service=self.user)

        async def on_reconnect() -> None:
            log.info("bus_reconnected", service=self.user)
            for callback in self._reconnected:
                try:
                    await callback()
                except Exception as error:
                    log.failure("reconnect_callback_failed", error)

        while True:
            try:
                await nc.connect(
                    servers=[self._settings.nats_url],
                    user=self.user,
                    password=password,
                    name=self.user,
                    inbox_prefix=inbox_prefix(self.user).encode(),
                    reconnect_time_wait=0.1,  # type: ignore[arg-type]  # a float works, the stub says int
                    max_reconnect_attempts=-1,
                    connect_timeout=2,
                    drain_timeout=10,
                    ping_interval=10,
                    max_outstanding_pings=2,
                    pending_size=16 * 1024 * 1024,
                    error_cb=on_error,
                    disconnected_cb=on_disconnect,
                    reconnected_cb=on_reconnect,
                )
                break
            except (OSError, Error) as error:
                log.warning("bus_connect_failed", error=type(error).__name__, service=self.user)
                nc = Client()
                await asyncio.sleep(0.3)
        self._nc = nc
        self._js = nc.jetstream(timeout=DEADLINE_S)

    async def stop(self) -> None:
        if self._nc is not None and not self._nc.is_closed:
            try:
                await asyncio.wait_for(self._nc.drain(), 5)
            except (Error, TimeoutError):
                await self._nc.close()

    def problem(self) -> str | None:
        return None if self.connected else f"NATS is not connected ({self.user})"

    async def publish(
        self,
        subject: str,
        payload: bytes,
        *,
        msg_id: str | None = None,
        headers: dict[str, str] | None = None,
        deadline_s: float = DEADLINE_S,
    ) -> int:
        """Publishes into a stream and waits for its acknowledgement. Answers the sequence.

        Raises `Unavailable` when the stream is full or nobody acknowledged until the deadline; then the message
        may or may not be stored, so a repeat must carry the same `msg_id` or an identity of its own.
        """
        sent = dict(headers or {})
        if msg_id:
            sent["Nats-Msg-Id"] = msg_id
        telemetry.inject(sent)
        destination = subject.rsplit(".", 1)[0]
        loop = asyncio.get_running_loop()
        end = loop.time() + deadline_s
        with telemetry.PUBLISH_SECONDS.labels(destination).time():
            while True:
                try:
                    wait_s = min(ATTEMPT_S, max(LEAST_S, end - loop.time()))
                    sequence = await self._store(subject, payload, wait_s, sent)
                except PASSING as error:
                    if loop.time() >= end:
                        log.warning("publish_gave_up", subject=destination, error=type(error).__name__)
                        raise Unavailable("bus", retry_after_s=2) from None
                    if not isinstance(error, NatsTimeout):
                        await asyncio.sleep(0.05)
                except OutboundBufferLimitError:
                    raise Unavailable("bus", retry_after_s=2) from None
                except (ServiceUnavailableError, APIError) as error:
                    if error.err_code in FULL:
                        log.warning("stream_full", subject=destination, code=error.err_code)
                        raise Unavailable("stream full", retry_after_s=5) from None
                    if loop.time() >= end:
                        raise Unavailable("bus", retry_after_s=2) from None
                    await asyncio.sleep(0.05)
                else:
                    telemetry.SENT.labels(destination).inc()
                    return sequence

    async def _store(self, subject: str, payload: bytes, wait_s: float, headers: dict[str, str]) -> int:
        """One try of a publish; answers the sequence. Raises the client's errors."""
        reply = await self.nc.request(subject, payload, timeout=wait_s, headers=headers or None)
        stored = _decode_stored(reply.data)
        if stored.error is not None:
            raise APIError.from_error(stored.error)
        return stored.seq

    async def publish_together(self, messages: Sequence[Outgoing]) -> bool:
        """Publishes messages of one stream with one commit: all are stored, or none is (atomic batch publish).

        False: none of them is known to be stored. One may be there already, or the server went in between; each then
        goes by itself, and its id tells what is there. Many single messages are an fsync each; this is about eight.
        """
        destination = messages[0].subject.rsplit(".", 1)[0]
        batch = uuid4().hex
        with telemetry.PUBLISH_SECONDS.labels(destination).time():
            try:
                for number, message in enumerate(messages, 1):
                    headers = message.headers | {
                        "Nats-Msg-Id": message.msg_id,
                        "Nats-Batch-Id": batch,
                        "Nats-Batch-Sequence": str(number),
                    }
                    if number < len(messages):
                        await self.nc.publish(message.subject, message.payload, headers=headers)
                headers["Nats-Batch-Commit"] = "1"
                await self._store(message.subject, message.payload, ATTEMPT_S, headers)
            except Error as error:
                log.info("not_published_together", subject=destination, error=type(error).__name__)
                return False
        telemetry.SENT.labels(destination).inc(len(messages))
        return True

    async def say(self, subject: str, payload: bytes, headers: dict[str, str] | None = None) -> None:
        """Publishes without storage or acknowledgement (core NATS)."""
        await self.nc.publish(subject, payload, headers=headers)

    async def listen(self, subject: str, callback: Callable[[Msg], Awaitable[None]], queue: str = "") -> None:
        """Hears a core subject for as long as the process lives."""
        await self.nc.subscribe(subject, queue=queue, cb=callback)

    async def stream_info(self, stream: str) -> StreamInfo:
        """What the server says of a stream now. Raises `Unavailable` when it cannot be asked."""
        try:
            reply = await self.nc.request(f"$JS.API.STREAM.INFO.{stream}", b"", timeout=INFO_S)
        except Error:
            raise Unavailable("bus") from None
        answer = _decode_info(reply.data)
        if answer.state is None or answer.config is None:
            raise Unavailable(f"stream {stream}")
        return StreamInfo(
            created=answer.created,
            max_bytes=answer.config.max_bytes,
            retention=answer.config.retention,
            messages=answer.state.messages,
            bytes=answer.state.bytes,
            first_seq=answer.state.first_seq,
            first_at=answer.state.first_ts,
            last_seq=answer.state.last_seq,
        )
