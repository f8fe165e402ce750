"""The HTTP side of a service: app factory, problem+json (RFC 9457), health endpoints, request metrics and traces."""

import asyncio
import gc
import os
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

import msgspec
from litestar import Litestar, MediaType, Request, Response, get
from litestar.datastructures import State
from litestar.di import Provide
from litestar.enums import ScopeType
from litestar.exceptions import HTTPException
from litestar.middleware import ASGIMiddleware
from litestar.openapi.config import OpenAPIConfig
from litestar.types import ASGIApp, Message, Receive, Scope, Send
from opentelemetry.trace import SpanKind

from chassis import auth, telemetry
from chassis.config import Common
from chassis.log import Log
from chassis.resource import Resource
from proto.errors import STATUS_OF, TEXT_OF, FieldFault, Refused, fault_of
from proto.resources import Problem

log = Log("http")

COLLECT_AFTER: Final = (10_000, 20, 20)
"""Instead of every 700 new objects: what a request leaves behind goes by itself, and looking for more was up to a tenth
of a busy process."""
MAX_BODY: Final = 1024 * 1024
PROBLEM_JSON: Final = "application/problem+json"
_TITLES: Final = {
    400: "Bad request",
    401: "Not signed in",
    403: "Not allowed",
    404: "Not found",
    405: "Method not allowed",
    409: "Conflict",
    410: "Gone",
    413: "Too large",
    415: "Unsupported media type",
    422: "Cannot be accepted",
    429: "Too many requests",
    500: "Internal error",
    503: "Not available right now",
}
_CODE_OF_STATUS: Final = {
    400: "invalid_json",
    401: "unauthenticated",
    403: "forbidden_role",
    404: "not_found",
    405: "method_not_allowed",
    413: "payload_too_large",
    415: "unsupported_media_type",
    429: "rate_limited",
    503: "unavailable",
}


def value(thing: Any) -> Provide:
    """A dependency that is the same object for every request."""

    async def give() -> Any:
        return thing

    return Provide(give)


def create_app(
    settings: Common,
    service: str,
    *,
    routes: Sequence[Any] = (),
    resources: Sequence[Resource] = (),
    dependencies: Mapping[str, Provide] | None = None,
    public: bool = False,
    title: str | None = None,
    max_body: int = MAX_BODY,
    schema: bool = True,
) -> Litestar:
    """A service's app. Resources start in order before the first request and stop in reverse after the last.

    Every route needs a valid token unless it says `opt={"public": True}`; `public=True` (the gateway, the identity
    provider) leaves that to the app itself. `schema=False`: the app serves `/schema` itself.
    """
    draining = asyncio.Event()
    guards = (
        [] if public else [auth.guard(auth.TokenVerifier(settings.secrets_path / "keys/token_verify.pem"))]
    )

    @asynccontextmanager
    async def lifespan(_: Litestar) -> AsyncIterator[None]:
        started: list[Resource] = []
        stop = asyncio.Event()
        gc.set_threshold(*COLLECT_AFTER)
        lag = asyncio.create_task(telemetry.watch_loop_lag(stop))
        try:
            for resource in resources:
                await resource.start()
                started.append(resource)
            yield
        finally:
            stop.set()
            await lag
            for resource in reversed(started):
                try:
                    await resource.stop()
                except Exception as error:
                    log.failure("stop_failed", error, component=type(resource).__name__)

    @get("/livez", media_type=MediaType.TEXT, opt={"public": True}, include_in_schema=False)
    async def livez() -> str:
        return "ok"

    def problems() -> list[str]:
        found = [text for resource in resources if (text := resource.problem())]
        return [*found, "stopping"] if draining.is_set() else found

    @get("/readyz", opt={"public": True}, include_in_schema=False)
    async def readyz() -> Response[dict[str, Any]]:
        found = problems()
        return Response({"ready": not found, "problems": found}, status_code=503 if found else 200)

    given = dict(dependencies or {})
    if not public:
        given.setdefault("principal", Provide(auth.provide_principal))
    return Litestar(
        route_handlers=[livez, readyz, *routes],
        guards=guards,
        dependencies=given,
        lifespan=[lifespan],
        before_request=check_body,
        exception_handlers={
            Refused: on_refused,
            msgspec.ValidationError: on_validation,
            HTTPException: on_http,
            Exception: on_error,
        },
        middleware=[Observe(service)],
        openapi_config=OpenAPIConfig(
            title=title or f"Device Connect {service}", version="1", path="/schema", create_examples=False
        )
        if schema
        else None,
        request_max_body_size=max_body,
        state=State({"draining": draining, "problems": problems}),
        logging_config=None,
        debug=False,
    )


async def check_body(request: "Request[Any, Any, Any]") -> None:
    """Bodies are JSON and uncompressed."""
    if request.method not in ("POST", "PUT", "PATCH") or request.headers.get("content-length", "0") == "0":
        return
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json" or request.headers.get("content-encoding"):
        raise Refused("unsupported_media_type")


def problem(refused: Refused) -> Response[bytes]:
    """The answer to a refusal. Names fields, never values."""
    return problem_response(
        refused.status,
        refused.code,
        refused.detail,
        faults=refused.faults,
        rejected=refused.rejected,
        retry_after_s=refused.retry_after_s,
    )


def problem_body(refused: Refused) -> bytes:
    return _body(refused.status, refused.code, refused.detail, refused.faults, refused.rejected)


def _body(
    status: int, code: str, detail: str, faults: Sequence[FieldFault] = (), rejected: Sequence[Any] = ()
) -> bytes:
    errors = [{"field": fault.field or "", "code": fault.code} for fault in faults]
    return msgspec.json.encode(
        Problem(
            type=f"urn:device-connect:problem:{code}",
            title=_TITLES.get(status, "Refused"),
            status=status,
            detail=detail,
            code=code,
            errors=errors,
            rejected=list(rejected) if rejected else msgspec.UNSET,
        )
    )


def problem_response(
    status: int,
    code: str,
    detail: str,
    *,
    faults: Sequence[FieldFault] = (),
    rejected: Sequence[Any] = (),
    retry_after_s: int | None = None,
) -> Response[bytes]:
    headers = {"Cache-Control": "no-store"}
    if retry_after_s is not None:
        headers["Retry-After"] = str(retry_after_s)
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return Response(
        _body(status, code, detail, faults, rejected),
        status_code=status,
        media_type=PROBLEM_JSON,
        headers=headers,
    )


def on_refused(_: "Request[Any, Any, Any]", error: Refused) -> Response[bytes]:
    return problem(error)


def on_validation(_: "Request[Any, Any, Any]", error: msgspec.ValidationError) -> Response[bytes]:
    return problem(refused_of(error))


def refused_of(error: msgspec.ValidationError) -> Refused:
    """A 422 (or 400) with the code and field of a msgspec error. Litestar's own `data.` is not part of the path."""
    fault = fault_of(error)
    field = fault.field
    if field == "data":
        if fault.code == "missing_field":  # the body is missing
            return Refused("invalid_json")
        field = None
    elif field and field.startswith("data."):
        field = field[5:]
    return Refused(fault.code, faults=(FieldFault(code=fault.code, field=field),))


def on_http(request: "Request[Any, Any, Any]", error: HTTPException) -> Response[bytes]:
    """Litestar's own refusals, in our codes."""
    if isinstance(error.__cause__, msgspec.ValidationError):
        return problem(refused_of(error.__cause__))
    code = _CODE_OF_STATUS.get(error.status_code, "internal" if error.status_code >= 500 else "wrong_type")
    return problem_response(STATUS_OF.get(code, error.status_code), code, TEXT_OF.get(code, "Refused."))


def on_error(request: "Request[Any, Any, Any]", error: Exception) -> Response[bytes]:
    """A fault of ours: the type and place go to the log, nothing of it to the answer."""
    if isinstance(error, RecursionError | UnicodeDecodeError | OverflowError):
        return problem(Refused("invalid_json"))
    log.failure("request_failed", error, route=request.scope.get("path_template"), method=request.method)
    return problem_response(500, "internal", TEXT_OF["internal"])


def request_id_of(carried: Mapping[str, str]) -> str:
    """The trace id that the request carries, so that its spans and its answer agree, or a new random one."""
    parts = carried.get("traceparent", "").split("-")
    return (
        parts[1] if len(parts) == 4 and len(parts[1]) == 32 and parts[1].isalnum() else os.urandom(16).hex()
    )


class Observe(ASGIMiddleware):
    """Counts, times and traces each request; answers with `x-request-id`. Nothing of the path but its template."""

    def __init__(self, service: str) -> None:
        self._service = service

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        if scope["type"] != ScopeType.HTTP:
            await next_app(scope, receive, send)
            return
        method = str(scope["method"])
        carried = {
            name.decode("latin-1"): text.decode("latin-1")
            for name, text in scope["headers"]
            if name in (b"traceparent", b"tracestate")
        }
        request_id = request_id_of(carried)
        shown = (b"x-request-id", request_id.encode())
        token = telemetry.REQUEST_ID.set(request_id)
        began = time.perf_counter()
        status = 500

        async def observe(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), shown]
            await send(message)

        telemetry.HTTP_ACTIVE.inc()
        try:
            with telemetry.span(f"{method} {self._service}", SpanKind.SERVER, carried):
                await next_app(scope, receive, observe)
        finally:
            telemetry.REQUEST_ID.reset(token)
            telemetry.HTTP_ACTIVE.dec()
            route = str(scope.get("path_template") or "unmatched")
            telemetry.HTTP_SECONDS.labels(method, route, str(status)).observe(time.perf_counter() - began)
