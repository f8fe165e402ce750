"""`GET /api/v1/stream`: the same frames as Server-Sent Events. `id:` is the cursor, `Last-Event-ID` goes on from it."""

import asyncio
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qs
from uuid import UUID

from litestar.types import HTTPScope, Receive, Send

from chassis.log import Log
from gateway.credentials import Credentials, ticket_of
from gateway.listener import Listener, Listeners
from gateway.outlet import Item
from gateway.proxy import NO_STORE, refuse
from proto.errors import Refused

log = Log("sse")

HEARTBEAT_S: Final = 15.0
SIGN_OF_LIFE: Final = b'data: {"type":"pong"}\n\n'
HEADERS: Final = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    NO_STORE,
    (b"x-accel-buffering", b"no"),
]


class EventStream:
    def __init__(self, credentials: Credentials, listeners: Listeners, draining: asyncio.Event) -> None:
        self._credentials = credentials
        self._listeners = listeners
        self._draining = draining

    async def __call__(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        try:
            headers = {name.decode("latin-1"): text.decode("latin-1") for name, text in scope["headers"]}
            caller = await self._credentials.caller("GET", headers)
            wanted = wanted_of(scope["method"], scope["query_string"].decode("latin-1"))
            after = headers.get("last-event-id") or wanted.after
            with self._listeners.open(ticket_of(caller), "sse") as listener:
                await listener.subscribe(
                    patient_id=wanted.patient_id, connection_id=wanted.connection_id, after=after
                )
                await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
                await self._stream(listener, receive, send)
        except Refused as refused:
            await refuse(send, refused)

    async def _stream(self, listener: Listener, receive: Receive, send: Send) -> None:
        """Until the client leaves, the session ends or the process stops; then the answer ends cleanly."""

        async def write(item: Item) -> None:
            await send({"type": "http.response.body", "body": event_of(item), "more_body": True})

        async def until_gone() -> None:
            while (await receive())["type"] != "http.disconnect":
                continue

        async def beat() -> None:
            while True:
                await asyncio.sleep(HEARTBEAT_S)
                listener.outlet.put("")

        writer = asyncio.create_task(listener.outlet.run(write), name="sse-writer")
        tasks: set[asyncio.Task[Any]] = {
            writer,
            asyncio.create_task(until_gone(), name="sse-reader"),
            asyncio.create_task(beat(), name="sse-beat"),
            asyncio.create_task(self._draining.wait(), name="sse-draining"),
            asyncio.create_task(listener.cut.wait(), name="sse-cut"),
        }
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            for outcome in await asyncio.gather(*tasks, return_exceptions=True):
                if isinstance(outcome, Exception) and not isinstance(outcome, OSError):
                    log.failure("sse_failed", outcome)
        if not listener.cut.is_set():
            await send({"type": "http.response.body", "body": b"", "more_body": False})


class Wanted(NamedTuple):
    patient_id: UUID | None
    connection_id: UUID | None
    after: str | None


def wanted_of(method: str, query_string: str) -> Wanted:
    """What a request asks for. Raises `Refused` for another method, none or both of the ids, or one that is no id."""
    if method != "GET":
        raise Refused("method_not_allowed")
    query = parse_qs(query_string)
    patient_id, connection_id = _uuid(query, "patient_id"), _uuid(query, "device_connection_id")
    if (patient_id is None) == (connection_id is None):
        raise Refused("missing_field" if patient_id is None else "unknown_field", field="patient_id")
    return Wanted(patient_id, connection_id, next(iter(query.get("after", [])), None))


def event_of(item: Item) -> bytes:
    """A frame as an event; an empty one as a sign of life. A comment would keep the way open as well, but a browser
    shows none to its page, which then could not tell silence from a broken line. JSON has no line breaks."""
    if not item.text:
        return SIGN_OF_LIFE
    data = b"data: " + item.text.encode() + b"\n\n"
    return b"id: " + item.cursor.encode() + b"\n" + data if item.cursor is not None else data


def _uuid(query: dict[str, list[str]], name: str) -> UUID | None:
    texts = query.get(name, [])
    if not texts:
        return None
    try:
        return UUID(texts[0])
    except ValueError:
        raise Refused("not_found") from None
