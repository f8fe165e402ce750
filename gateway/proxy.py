"""Carries one request to the service that answers it, and its answer back. Changes neither bodies nor meaning."""

import time
from typing import Final

from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Receive, Scope, Send
from opentelemetry.trace import SpanKind
from prometheus_client import Histogram

from chassis import telemetry
from chassis.body import whole_body
from chassis.http import PROBLEM_JSON, problem_body
from chassis.log import Log
from gateway.credentials import Credentials
from gateway.forward import Answer, Headers, Lost, Upstream, request_head
from gateway.routes import PREFIX, Route, route_of
from gateway.settings import Settings
from proto.errors import Refused

log = Log("proxy")

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
    """In front of the framework: a forwarded request needs nothing of it, and it would cost half as much again."""

    def __init__(
        self, app: ASGIApp, settings: Settings, credentials: Credentials, upstreams: dict[str, Upstream]
    ) -> None:
        self._app = app
        self._credentials = credentials
        self._upstreams = upstreams
        self._development = settings.is_development
        self._limit = settings.limit_body_bytes
        self._seconds: dict[tuple[str, str, int], Histogram] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == ScopeType.HTTP:
            route = route_of(scope["raw_path"].decode("latin-1"), development=self._development)
            if route is not None and route.upstream in self._upstreams:
                await self._observed(route, scope, receive, send)
                return
        await self._app(scope, receive, send)

    async def _observed(self, route: Route, scope: HTTPScope, receive: Receive, send: Send) -> None:
        """Counted, timed and traced as the services do; every end is an answer."""
        method = str(scope["method"])
        headers = {name.decode("latin-1"): text.decode("latin-1") for name, text in scope["headers"]}
        began = time.perf_counter()
        status = 500
        telemetry.HTTP_ACTIVE.inc()
        try:
            with telemetry.span(f"{method} gateway", SpanKind.SERVER, trace_of(headers)):
                answer = await self._answer(route, scope, headers, receive)
                status = answer.status
                if isinstance(answer, Refused):
                    await refuse(send, answer)
                else:
                    await relay(answer, send, is_head=method == "HEAD")
        finally:
            telemetry.HTTP_ACTIVE.dec()
            self._seconds_of(method, route, status).observe(time.perf_counter() - began)

    def _seconds_of(self, method: str, route: Route, status: int) -> Histogram:
        """Looking labels up costs more than decoding the headers of a request."""
        key = (method, route.path, status)
        child = self._seconds.get(key)
        if child is None:
            child = telemetry.HTTP_SECONDS.labels(method, PREFIX + route.path, str(status))
            self._seconds[key] = child
        return child

    async def _answer(
        self, route: Route, scope: HTTPScope, headers: dict[str, str], receive: Receive
    ) -> Answer | Refused:
        try:
            return await self._ask(route, scope, headers, receive)
        except Refused as refused:
            return refused
        except (
            Exception
        ) as error:  # nothing of the answer is out yet, so even a fault of ours is a problem+json
            log.failure("request_failed", error, route=route.path)
            return Refused("internal")

    async def _authorization(self, route: Route, method: str, headers: dict[str, str]) -> bytes | None:
        """What the service is shown: the caller's bearer inside the house, or what a vendor presented."""
        if route.is_public:
            given = headers.get("authorization")
            return None if given is None else given.encode("latin-1")
        caller = await self._credentials.caller(method, headers, is_edge=route.is_edge)
        return caller.authorization

    async def _ask(self, route: Route, scope: HTTPScope, headers: dict[str, str], receive: Receive) -> Answer:
        method = str(scope["method"])
        upstream = self._upstreams[route.upstream]
        authorization = await self._authorization(route, method, headers)
        body = await whole_body(receive, headers.get("content-length"), self._limit)
        sent = [header for header in scope["headers"] if is_sent_on(header[0])]
        if "connection" in headers:
            sent = without(sent, headers["connection"])
        if authorization is not None:
            sent.append((b"authorization", authorization))
        if body or method in ("POST", "PUT", "PATCH"):
            sent.append((b"content-length", b"%d" % len(body)))
        carried: dict[str, str] = {}
        telemetry.inject(carried)
        sent += [(name.encode(), text.encode()) for name, text in carried.items()]
        query: bytes = scope["query_string"]
        target: bytes = scope["raw_path"] + b"?" + query if query else scope["raw_path"]
        return await upstream.ask(
            request_head(method, target, upstream.authority, sent),
            body,
            is_head=method == "HEAD",
            repeatable=method in IDEMPOTENT or "idempotency-key" in headers,
        )


def trace_of(headers: dict[str, str]) -> dict[str, str]:
    return {name: headers[name] for name in ("traceparent", "tracestate") if name in headers}


def is_sent_on(name: bytes) -> bool:
    return name not in NOT_SENT_ON and not name.startswith(b"x-forwarded-")


def without(headers: Headers, connection: str) -> Headers:
    """Headers less those that `Connection` names as meant for one hop."""
    named = {part.strip().lower().encode("latin-1") for part in connection.split(",")}
    return [header for header in headers if header[0] not in named]


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
    if refused.status == 408:
        headers.append((b"connection", b"close"))  # the rest of the body is not waited for
    await send({"type": "http.response.start", "status": refused.status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
