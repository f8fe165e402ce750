"""`/ws/live`: the WebSocket side of a listener. Frames of the contract in both directions; everything else is the listener's."""

import asyncio
import time
from typing import Any, Final
from urllib.parse import parse_qs
from uuid import UUID

import msgspec
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send, WebSocketScope

from chassis.http import PROBLEM_JSON, problem_body
from chassis.log import Log
from gateway import cookies
from gateway.limits import Bucket
from gateway.listener import Listener, Listeners
from gateway.origins import may_listen
from gateway.outlet import Item
from gateway.session import key_of
from gateway.settings import Settings
from gateway.tickets import Ticket, Tickets
from proto.errors import Refused

log = Log("live")

PATH: Final = b"/ws/live"
FRAME_MAX: Final = 64 * 1024
PONG: Final = '{"type":"pong"}'
TOO_LARGE: Final = 1009
POLICY: Final = 1008
OVER_LIMIT_MAX: Final = 100
"""Frames beyond the rate after which a client is not taken for a mistaken one any more."""


class Subscribe(msgspec.Struct, frozen=True, tag="subscribe", forbid_unknown_fields=True):
    patient_id: str | None = None
    device_connection_id: str | None = None
    after: str | None = None
    ref: str | None = None


class Unsubscribe(msgspec.Struct, frozen=True, tag="unsubscribe", forbid_unknown_fields=True):
    patient_id: str | None = None
    device_connection_id: str | None = None
    ref: str | None = None


class Ping(msgspec.Struct, frozen=True, tag="ping", forbid_unknown_fields=True):
    ref: str | None = None


_decode: Final = msgspec.json.Decoder(Subscribe | Unsubscribe | Ping).decode


class LiveFront:
    """Sockets in front of the framework: every frame would pass through its layers."""

    def __init__(self, app: ASGIApp, live: "LiveSocket") -> None:
        self._app = app
        self._live = live

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == ScopeType.WEBSOCKET and scope["raw_path"] == PATH:
            await self._live(scope, receive, send)
        else:
            await self._app(scope, receive, send)


class LiveSocket:
    def __init__(self, settings: Settings, tickets: Tickets, listeners: Listeners) -> None:
        self._tickets = tickets
        self._listeners = listeners
        self._public_origin = settings.public_origin
        self._development = settings.is_development
        self._apps = settings.app_origins
        self._rate = settings.limit_frames_per_s

    async def __call__(self, scope: WebSocketScope, receive: Receive, send: Send) -> None:
        await receive()  # websocket.connect
        try:
            headers = {name.decode("latin-1"): text.decode("latin-1") for name, text in scope["headers"]}
            texts = parse_qs(scope["query_string"].decode("latin-1")).get("ticket", [])
            ticket = await self._admit(headers, texts)
            if ticket is None:
                misused = await self._tickets.misused(texts[0]) if texts else None
                if misused is not None:
                    await self._listeners.note_refused(misused)
                await send({"type": "websocket.close", "code": POLICY, "reason": ""})  # HTTP 403
                return
            with self._listeners.open(ticket, "websocket") as listener:
                await send({"type": "websocket.accept", "subprotocol": None, "headers": []})
                await self._talk(listener, receive, send)
        except Refused as refused:
            await _deny(scope, send, refused)

    async def _admit(self, headers: dict[str, str], texts: list[str]) -> Ticket | None:
        """The ticket is spent only when the origin may use it."""
        if not may_listen(
            headers.get("origin"),
            headers.get("host"),
            self._public_origin,
            development=self._development,
            apps=self._apps,
        ):
            return None
        ticket = await self._tickets.spend(texts[0]) if len(texts) == 1 else None
        if ticket is None or ticket.ends_at <= time.time():
            return None
        # A ticket of one session in the browser of another one is somebody else's ticket.
        sid = cookies.read(headers.get("cookie"), cookies.SESSION)
        if sid and ticket.session_key is not None and ticket.session_key != key_of(sid):
            return None
        return ticket

    async def _talk(self, listener: Listener, receive: Receive, send: Send) -> None:
        """Until the client leaves or the listener is ended; then says why."""

        async def write(item: Item) -> None:
            # PHI: leaves to a socket whose right was checked at subscription and is watched since.
            await send({"type": "websocket.send", "text": item.text, "bytes": None})

        writer = asyncio.create_task(listener.outlet.run(write), name="live-writer")
        reader = asyncio.create_task(self._read(listener, receive), name="live-reader")
        cut = asyncio.create_task(listener.cut.wait(), name="live-cut")
        tasks: set[asyncio.Task[Any]] = {writer, reader, cut}
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            if reader.done() and not writer.done() and listener.outlet.close_code is not None:
                await asyncio.wait({writer, cut}, return_when=asyncio.FIRST_COMPLETED)
            if writer.done() and writer.exception() is None and listener.outlet.close_code is not None:
                await send({"type": "websocket.close", "code": listener.outlet.close_code, "reason": ""})
        finally:
            for task in tasks:
                task.cancel()
            outcomes = await asyncio.gather(*tasks, return_exceptions=True)
            for outcome in outcomes:
                if isinstance(outcome, Exception) and not _is_goodbye(outcome):
                    log.failure("live_failed", outcome)

    async def _read(self, listener: Listener, receive: Receive) -> None:
        bucket = Bucket(self._rate, time.monotonic())
        over = 0
        while True:
            message: Any = await receive()
            if message["type"] != "websocket.receive":
                return
            text = message.get("text")
            content = text.encode() if text is not None else message.get("bytes") or b""
            if len(content) > FRAME_MAX:
                listener.end(TOO_LARGE)
                return
            if not bucket.take(time.monotonic()):
                over += 1
                if over == 1:
                    listener.outlet.put(_error("rate_limited", None))
                if over > OVER_LIMIT_MAX:
                    listener.end(POLICY)
                    return
                continue
            over = 0
            await self._take(listener, content)

    async def _take(self, listener: Listener, content: bytes) -> None:
        try:
            frame = _decode(content)
        except msgspec.ValidationError:
            listener.outlet.put(_error("wrong_type", None))
            return
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            listener.outlet.put(_error("invalid_json", None))
            return
        try:
            await _obey(listener, frame)
        except Refused as refused:
            listener.outlet.put(_error(refused.code, frame.ref))


async def _obey(listener: Listener, frame: Subscribe | Unsubscribe | Ping) -> None:
    if isinstance(frame, Ping):
        listener.outlet.put(PONG if frame.ref is None else _text(type="pong", ref=frame.ref))
        return
    if (frame.patient_id is None) == (frame.device_connection_id is None):
        raise Refused("missing_field" if frame.patient_id is None else "unknown_field")
    patient_id, connection_id = _uuid(frame.patient_id), _uuid(frame.device_connection_id)
    key = connection_id or patient_id
    if key is None:
        raise Refused("not_found")
    if isinstance(frame, Unsubscribe):
        listener.unsubscribe(key)
        return
    await listener.subscribe(
        patient_id=patient_id, connection_id=connection_id, after=frame.after, ref=frame.ref
    )


def _uuid(text: str | None) -> UUID | None:
    """None also for what is no id: the same as one that does not exist."""
    try:
        return UUID(text) if text is not None else None
    except ValueError:
        return None


def _error(code: str, ref: str | None) -> str:
    return _text(type="error", code=code) if ref is None else _text(type="error", ref=ref, code=code)


def _text(**content: Any) -> str:
    return msgspec.json.encode(content).decode()


def _is_goodbye(error: Exception) -> bool:
    """The server's word, while sending, that the client has gone."""
    return isinstance(error, OSError) or type(error).__name__ == "ClientDisconnected"


async def _deny(scope: WebSocketScope, send: Send, refused: Refused) -> None:
    """A refusal before the handshake, with its own status where the server can."""
    if "websocket.http.response" not in (scope.get("extensions") or {}):
        await send({"type": "websocket.close", "code": POLICY, "reason": ""})
        return
    body = problem_body(refused)
    headers = [(b"content-type", PROBLEM_JSON.encode()), (b"content-length", b"%d" % len(body))]
    if refused.retry_after_s is not None:
        headers.append((b"retry-after", b"%d" % refused.retry_after_s))
    start: Any = {"type": "websocket.http.response.start", "status": refused.status, "headers": headers}
    await send(start)
    content: Any = {"type": "websocket.http.response.body", "body": body, "more_body": False}
    await send(content)
