"""Carries one request to the service that answers it, and its answer back. Changes neither bodies nor meaning."""

from typing import Final

from litestar.types import HTTPScope, Receive, Send

from chassis import telemetry
from chassis.http import PROBLEM_JSON, problem_body
from gateway.credentials import Credentials
from gateway.forward import Answer, Headers, Lost, Upstream, request_head
from gateway.routes import route_of
from gateway.settings import Settings
from proto.errors import Refused

IDEMPOTENT: Final = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})
HOP_BY_HOP: Final = frozenset(
    {
        b"connection", b"keep-alive", b"proxy-authenticate", b"proxy-authorization", b"proxy-connection",
        b"te", b"trailer", b"transfer-encoding", b"upgrade", b"http2-settings",
    }
)  # fmt: skip
NOT_SENT_ON: Final = HOP_BY_HOP | {
    # What only the front door may decide, or only it needs.
    b"host", b"content-length", b"authorization", b"cookie", b"expect", b"forwarded", b"x-real-ip", b"origin",
    b"x-csrf-token", b"x-internal-token", b"traceparent", b"tracestate", b"baggage",
}  # fmt: skip
NOT_SENT_BACK: Final = HOP_BY_HOP | {b"server", b"date", b"set-cookie", b"content-length", b"cache-control"}
NO_STORE: Final = (b"cache-control", b"no-store")


class Proxy:
    def __init__(self, settings: Settings, credentials: Credentials, upstreams: dict[str, Upstream]) -> None:
        self._credentials = credentials
        self._upstreams = upstreams
        self._development = settings.is_development
        self._limit = settings.limit_body_bytes

    async def __call__(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        try:
            await self._serve(scope, receive, send)
        except Refused as refused:
            await refuse(send, refused)

    async def _serve(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        method = str(scope["method"])
        raw_path: bytes = scope["raw_path"]
        route = route_of(raw_path.decode("latin-1"), development=self._development)
        upstream = self._upstreams.get(route.upstream) if route else None
        if route is None or upstream is None:
            raise Refused("not_found")
        scope["path_template"] = "/api/v1/" + route.path
        headers = scope["headers"]
        named = {name.decode("latin-1"): text.decode("latin-1") for name, text in headers}
        caller = await self._credentials.caller(method, named, is_edge=route.is_edge)
        body = await read_body(receive, named.get("content-length"), self._limit)
        query: bytes = scope["query_string"]
        sent = [header for header in headers if is_sent_on(header[0])]
        if "connection" in named:
            sent = without(sent, named["connection"])
        sent.append((b"authorization", caller.authorization))
        if body or method in ("POST", "PUT", "PATCH"):
            sent.append((b"content-length", b"%d" % len(body)))
        carried: dict[str, str] = {}
        telemetry.inject(carried)
        sent += [(name.encode(), text.encode()) for name, text in carried.items()]
        answer = await upstream.ask(
            request_head(method, raw_path + b"?" + query if query else raw_path, upstream.authority, sent),
            body,
            is_head=method == "HEAD",
            repeatable=method in IDEMPOTENT or "idempotency-key" in named,
        )
        await relay(answer, send, is_head=method == "HEAD")


def is_sent_on(name: bytes) -> bool:
    return name not in NOT_SENT_ON and not name.startswith(b"x-forwarded-")


def without(headers: Headers, connection: str) -> Headers:
    """Headers less those that `Connection` names as meant for one hop."""
    named = {part.strip().lower().encode("latin-1") for part in connection.split(",")}
    return [header for header in headers if header[0] not in named]


async def read_body(receive: Receive, announced: str | None, limit: int) -> bytes:
    """The whole body. Raises `Refused("payload_too_large")` at once when one too large is announced."""
    if announced is not None and announced.isdigit() and int(announced) > limit:
        raise Refused("payload_too_large")
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise Refused("invalid_json")  # the client has gone: nobody reads this
        part: bytes = message.get("body", b"")
        size += len(part)
        if size > limit:
            raise Refused("payload_too_large")
        parts.append(part)
        if not message.get("more_body", False):
            return parts[0] if len(parts) == 1 else b"".join(parts)


async def relay(answer: Answer, send: Send, *, is_head: bool) -> None:
    """Sends an answer on: whole when it is there, else as it comes."""
    headers = [header for header in answer.headers if header[0] not in NOT_SENT_BACK]
    headers.append(NO_STORE)
    length = next((text for name, text in answer.headers if name == b"content-length"), None)
    if answer.is_complete:
        body = answer.whole()
        if not is_head and answer.status not in (204, 304):
            length = b"%d" % len(body)
        if length is not None:
            headers.append((b"content-length", length))
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": body, "more_body": False})
        return
    if length is not None:
        headers.append((b"content-length", length))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    try:
        async for part in answer.parts():
            await send({"type": "http.response.body", "body": part, "more_body": True})
    except Lost:
        return  # the client sees a cut answer, not a short one: the server closes the connection
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def refuse(send: Send, refused: Refused) -> None:
    """A refusal as problem+json, straight to the wire."""
    body = problem_body(refused)
    headers = [
        (b"content-type", PROBLEM_JSON.encode()),
        (b"content-length", b"%d" % len(body)),
        NO_STORE,
    ]
    if refused.retry_after_s is not None:
        headers.append((b"retry-after", b"%d" % refused.retry_after_s))
    if refused.status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    await send({"type": "http.response.start", "status": refused.status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
