"""`POST …/ingest` and `…/gatt`: the two hot routes, in front of the framework, and their documented twins for OpenAPI.

They answer 202 only after the PubAck. Callers, body limits, content type and methods are their own business here.
"""

import asyncio
import re
import time
from typing import Any, Final
from uuid import UUID

import msgspec
from litestar import Litestar, post
from litestar.enums import ScopeType
from litestar.openapi.config import OpenAPIConfig
from litestar.params import JSONBody
from litestar.types import ASGIApp, HTTPScope, Receive, Scope, Send
from opentelemetry.trace import SpanKind
from prometheus_client import Histogram

from chassis import telemetry
from chassis.auth import TokenVerifier
from chassis.body import whole_body
from chassis.clock import now
from chassis.http import PROBLEM_JSON, problem_body, request_id_of
from chassis.log import Log
from proto.errors import FieldFault, ItemFault, Refused, Unavailable
from proto.readings import GattMessage, ReadingMessage
from proto.resources import IngestReceipt, IngestStored
from services.ingest.callers import Callers
from services.ingest.committer import Committer
from services.ingest.denials import Denials
from services.ingest.domain import (
    MAX_BATCH,
    MAX_ITEMS,
    MAX_MESSAGE,
    NOT_YET,
    Accepted,
    Caller,
    Judge,
    Memory,
    Rate,
    Refusal,
    accept_gatt,
    accept_reading,
)
from services.ingest.envelope import envelope
from services.ingest.known import KnownWorld
from services.ingest.objects import Objects
from services.ingest.waiting import Wait, Waiting

log = Log("ingest")

INGEST_PATH: Final = "/api/v1/device-data/ingest"
GATT_PATH: Final = "/api/v1/device-data/gatt"
METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
ACCEPTED: Final = telemetry.READINGS.labels("http", "accepted")
REJECTED: Final = telemetry.READINGS.labels("http", "rejected")
_WAIT: Final = re.compile(r"\bwait=(\d{1,3})\b")
WAIT_MAX_S: Final = 30
_decode_array: Final = msgspec.json.Decoder(list[msgspec.Raw]).decode
_encode: Final = msgspec.json.Encoder().encode


class Body(msgspec.Struct, frozen=True):
    """The messages of a request. `alone`: a JSON object by itself, which answers with its own status."""

    items: list[bytes]
    alone: bool


class HotRoute:
    """One of the two routes: its way to judge a message differs, everything else is the same."""

    def __init__(
        self,
        path: str,
        judge: Judge,
        *,
        known: KnownWorld,
        verifier: TokenVerifier,
        committer: Committer,
        memory: Memory,
        waiting: Waiting,
        objects: Objects,
        denials: Denials,
        requests: Rate,
        readings: Rate,
    ) -> None:
        self._path = path
        self._judge = judge
        self._known = known
        self._callers = Callers(known, verifier)
        self._committer = committer
        self._memory = memory
        self._waiting = waiting
        self._objects = objects
        self._denials = denials
        self._requests = requests
        self._readings = readings
        self._name = f"POST {path}"
        self._seconds: dict[tuple[str, int], Histogram] = {}

    async def __call__(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        """Counted, timed and traced like every other route; every end is an answer."""
        headers = dict(scope["headers"])
        carried = {"traceparent": _text(headers.get(b"traceparent"))}
        request_id = request_id_of(carried)
        token = telemetry.REQUEST_ID.set(request_id)
        began = time.perf_counter()
        status = 500
        telemetry.HTTP_ACTIVE.inc()
        try:
            with telemetry.span(self._name, SpanKind.SERVER, carried):
                status = await self._respond(
                    scope, headers, receive, send, (b"x-request-id", request_id.encode())
                )
        finally:
            telemetry.REQUEST_ID.reset(token)
            telemetry.HTTP_ACTIVE.dec()
            self._seconds_of(scope["method"], status).observe(time.perf_counter() - began)

    def _seconds_of(self, method: str, status: int) -> Histogram:
        """Looking a label up costs as much as decoding a message."""
        child = self._seconds.get((method, status))
        if child is None:
            known = method if method in METHODS else "other"
            child = telemetry.HTTP_SECONDS.labels(known, self._path, str(status))
            self._seconds[(known, status)] = child
        return child

    async def _respond(
        self,
        scope: HTTPScope,
        headers: dict[bytes, bytes],
        receive: Receive,
        send: Send,
        shown: tuple[bytes, bytes],
    ) -> int:
        try:
            status, body = await self._answer(str(scope["method"]), headers, receive)
        except Refused as refused:
            await _send_problem(send, refused, shown)
            return refused.status
        except Exception as error:
            log.failure("request_failed", error, route=self._path)
            await _send_problem(send, Refused("internal"), shown)
            return 500
        await _send(send, status, body, extra=(shown,))
        return status

    async def _answer(self, method: str, headers: dict[bytes, bytes], receive: Receive) -> tuple[int, bytes]:
        caller = await self._callers.find(headers.get(b"authorization"), now())
        if method != "POST":
            raise Refused("method_not_allowed")
        lines = _is_ndjson(headers)
        # PHI: readings enter here; they are validated in memory and rest nowhere before the stream.
        body = split(await whole_body(receive, _text(headers.get(b"content-length")), MAX_BATCH), lines)
        self._known.require()
        wait_s = _wait_s(headers.get(b"prefer"))
        return await self._take(body, caller, wait_s)

    async def _take(self, body: Body, caller: Caller, wait_s: int) -> tuple[int, bytes]:
        received_at = now()
        clock = time.monotonic()
        accepted: list[tuple[int, bytes, Accepted]] = []
        rejected: list[ItemFault] = []
        fresh: dict[tuple[int, int], Accepted] = {}
        duplicates = 0
        caught_up = False
        for index, raw in enumerate(body.items):
            verdict = self._judge(raw, caller, self._known, received_at)
            if isinstance(verdict, Refusal) and verdict.code in NOT_YET and not caught_up:
                caught_up = True
                await self._known.catch_up()
                verdict = self._judge(raw, caller, self._known, received_at)
            if isinstance(verdict, Accepted) and verdict.objects:
                verdict = await self._objects.check(verdict)
            if isinstance(verdict, Refusal):
                self._denials.refused(verdict, caller)
                rejected.append(ItemFault(index=index, code=verdict.code, field=verdict.field))
                continue
            if not self._readings.take(verdict.connection.id.int, 1, clock):
                raise Refused("rate_limited", retry_after_s=1)
            standing = self._standing(verdict, fresh, clock)
            if standing == "conflict":
                rejected.append(ItemFault(index=index, code="conflict"))
                continue
            duplicates += standing == "duplicate"
            accepted.append((index, raw, verdict))
        # A request counts for each connection it sends for; one that is refused whole, for its caller.
        senders: set[int | str] = {item.connection.id.int for _, _, item in accepted}
        for key in senders or {caller.actor_id}:
            if not self._requests.take(key, 1, clock):
                raise Refused("rate_limited", retry_after_s=1)
        ACCEPTED.inc(len(accepted))
        if rejected:
            REJECTED.inc(len(rejected))
        if not accepted:
            raise _all_rejected(body, rejected)
        return await self._commit(body, caller, received_at, accepted, rejected, duplicates, wait_s)

    def _standing(self, item: Accepted, fresh: dict[tuple[int, int], Accepted], clock: float) -> str:
        """Against what is known already, and against the items before it in the same request."""
        if item.key is None:
            return "new"
        identity = (item.connection.id.int, item.key.key.int)
        before = fresh.get(identity)
        if before is None:
            fresh[identity] = item
            return self._memory.judge(item, clock)
        if before.content == item.content:
            return "duplicate"
        return "conflict" if before.revision is None and item.revision is None else "new"

    async def _commit(
        self,
        body: Body,
        caller: Caller,
        received_at: Any,
        accepted: list[tuple[int, bytes, Accepted]],
        rejected: list[ItemFault],
        duplicates: int,
        wait_s: int,
    ) -> tuple[int, bytes]:
        wait: Wait | None = None
        refs: list[str] = []
        if wait_s:
            wait, refs = await self._waiting.begin(len(accepted))
        try:
            sequence = await self._committer.commit(
                [
                    (
                        item.connection.id,
                        envelope(
                            item.kind,
                            raw,
                            connection_id=item.connection.id,
                            received_at=received_at,
                            source="http",
                            actor_id=caller.actor_id,
                            key=item.key,
                            content=item.content,
                            hub_id=caller.hub_id,
                            ref=refs[n] if refs else None,
                        ),
                    )
                    for n, (_, raw, item) in enumerate(accepted)
                ],
                caller.actor_id,
            )
            clock = time.monotonic()
            for _, _, item in accepted:
                self._memory.remember(item, clock)
            receipt = IngestReceipt(
                receipt=str(sequence),
                accepted=len(accepted) - duplicates,
                duplicates=duplicates,
                rejected=rejected,
            )
            if wait is not None:
                answer = await self._wait(body, wait, refs, accepted, receipt, wait_s)
                if answer is not None:
                    return answer
            return 202, _encode(receipt)
        finally:
            if refs:
                self._waiting.end(refs)

    async def _wait(
        self,
        body: Body,
        wait: Wait,
        refs: list[str],
        accepted: list[tuple[int, bytes, Accepted]],
        receipt: IngestReceipt,
        wait_s: int,
    ) -> tuple[int, bytes] | None:
        """201 when every item is finished and one is stored or known; None when time is up."""
        if not await wait_for(wait, wait_s):
            return None
        ids: list[UUID | None] = [None] * len(body.items)
        rejected = list(receipt.rejected)
        for (index, _, _), ref in zip(accepted, refs, strict=True):
            outcome = wait.outcomes[ref]
            ids[index] = outcome.id
            if outcome.code is not None:
                rejected.append(ItemFault(index=index, code=outcome.code, field=outcome.field))
        rejected.sort(key=lambda fault: fault.index)
        late = len(rejected) - len(receipt.rejected)
        if late == len(accepted):
            raise _all_rejected(body, rejected)
        stored = IngestStored(
            receipt=receipt.receipt,
            accepted=max(0, receipt.accepted - late),
            duplicates=receipt.duplicates,
            rejected=rejected,
            ids=ids,
        )
        return 201, _encode(stored)


async def wait_for(wait: Wait, seconds: float) -> bool:
    try:
        await asyncio.wait_for(wait.finished.wait(), seconds)
    except TimeoutError:
        return False
    return True


def split(body: bytes, lines: bool) -> Body:
    """The messages of a body. Raises 400, 413 or 422 for the whole of it."""
    if lines:
        items = [line for line in (part.strip() for part in body.split(b"\n")) if line]
        alone = False
    else:
        text = body.strip()
        if not text:
            raise Refused("empty_readings")
        if text[:1] != b"[":
            if len(text) > MAX_MESSAGE:
                raise Refused("payload_too_large")
            return Body([text], True)
        try:
            items = [bytes(raw) for raw in _decode_array(text)]
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
            raise Refused("invalid_json") from None
        alone = False
    if not items:
        raise Refused("empty_readings")
    if len(items) > MAX_ITEMS:
        raise Refused("too_many_items")
    if any(len(item) > MAX_MESSAGE for item in items):
        raise Refused("payload_too_large")
    return Body(items, alone)


def _all_rejected(body: Body, rejected: list[ItemFault]) -> Refused:
    """One message alone has its own status; a batch is a 422 with the code of the lowest index."""
    first = rejected[0]
    faults = tuple(FieldFault(code=fault.code, field=fault.field) for fault in rejected[:100])
    if body.alone:
        return Refused(first.code, faults=faults if first.field else ())
    return BatchRefused(first.code, faults=faults, rejected=tuple(rejected))


class BatchRefused(Refused):
    """A wholly rejected batch: always 422, whatever the code of its first item."""

    @property
    def status(self) -> int:
        return 422


def _is_ndjson(headers: dict[bytes, bytes]) -> bool:
    if headers.get(b"content-type") == b"application/json" and b"content-encoding" not in headers:
        return False
    kind = _text(headers.get(b"content-type")).partition(";")[0].strip().lower()
    if kind not in ("application/json", "application/x-ndjson") or headers.get(b"content-encoding"):
        raise Refused("unsupported_media_type")
    return kind == "application/x-ndjson"


def _wait_s(prefer: bytes | None) -> int:
    match = _WAIT.search(_text(prefer)) if prefer else None
    return min(int(match[1]), WAIT_MAX_S) if match else 0


async def _send(
    send: Send, status: int, body: bytes, kind: bytes = b"application/json", extra: Any = ()
) -> None:
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [
                (b"content-type", kind),
                (b"content-length", str(len(body)).encode()),
                (b"cache-control", b"no-store"),
                *extra,
            ],
        }
    )
    await send({"type": "http.response.body", "body": body, "more_body": False})


async def _send_problem(send: Send, refused: Refused, shown: tuple[bytes, bytes]) -> None:
    extra = [shown]
    if refused.retry_after_s is not None:
        extra.append((b"retry-after", str(refused.retry_after_s).encode()))
    if refused.status == 401:
        extra.append((b"www-authenticate", b"Bearer"))
    if refused.status == 405:
        extra.append((b"allow", b"POST"))
    if refused.status == 408:
        extra.append((b"connection", b"close"))  # the rest of the body is not waited for
    if isinstance(refused, Unavailable):
        log.warning("ingest_unavailable", reason=refused.what)
    await _send(send, refused.status, problem_body(refused), PROBLEM_JSON.encode(), extra)


def _text(value: bytes | None) -> str:
    return value.decode("latin-1") if value else ""


class Front:
    """The hot routes before the framework: it would cost as much again as they do."""

    def __init__(self, app: ASGIApp, **parts: Any) -> None:
        self._app = app
        self._routes = {
            INGEST_PATH: HotRoute(INGEST_PATH, accept_reading, **parts),
            GATT_PATH: HotRoute(GATT_PATH, accept_gatt, **parts),
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == ScopeType.HTTP:
            route = self._routes.get(scope["path"])
            if route is not None:
                await route(scope, receive, send)
                return
        await self._app(scope, receive, send)


def documented() -> dict[str, Any]:
    """The OpenAPI document of the two hot routes, from twins that are never served."""

    @post(INGEST_PATH, status_code=202, summary="Hand in readings", tags=["device-data"])
    async def ingest(data: JSONBody[ReadingMessage | list[ReadingMessage]]) -> IngestReceipt | IngestStored:
        raise NotImplementedError

    @post(GATT_PATH, status_code=202, summary="Hand in raw GATT values", tags=["device-data"])
    async def gatt(data: JSONBody[GattMessage | list[GattMessage]]) -> IngestReceipt | IngestStored:
        raise NotImplementedError

    app = Litestar([ingest, gatt], openapi_config=OpenAPIConfig(title="ingest", version="1"))
    return app.openapi_schema.to_schema()
