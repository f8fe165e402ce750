"""What vendors send to us: webhooks and sockets. Judged over the bytes as they came, kept durably, answered, and only
then looked at. Nothing here reads a database: a vendor's deadline holds also while PostgreSQL is stuck.
"""

from hashlib import sha256
from hmac import compare_digest
from typing import Any, Final
from uuid import uuid4

import msgspec
from litestar import Request, Response, Router, WebSocket, route, websocket
from litestar.di import NamedDependency
from litestar.enums import HttpMethod
from litestar.exceptions import WebSocketDisconnect
from litestar.params import FromPath

from chassis import telemetry
from chassis.auth import bearer
from chassis.body import whole_body
from chassis.bus import Bus
from chassis.clock import now
from chassis.http import problem
from chassis.log import Log
from proto import subjects
from proto.errors import Refused, Unavailable
from proto.events import WebhookReceived
from proto.vendors.client import Incoming, Reply
from proto.vendors.partner_client import media_type
from services.sync.parties import Vendors
from services.sync.rates import Rate

log = Log("webhooks")
BODY_MAX: Final = 256 * 1024
TAKEN: Final = frozenset({"application/json", "application/x-www-form-urlencoded", "text/plain", ""})
"""What vendors say that they send; which of them must be which is their clients' to judge."""
AnyRequest = Request[Any, Any, Any]


class Mailbox:
    """Keeps what vendors push. `keep` returns when it is durable; raises `Unavailable` otherwise."""

    def __init__(self, bus: Bus, rate: Rate) -> None:
        self._bus = bus
        self.rate = rate

    async def keep(self, vendor: str, event_id: str, body: bytes, content_type: str) -> None:
        event = WebhookReceived(
            vendor=vendor, event_id=event_id, received_at=now(), content_type=content_type, body=body
        )
        # PHI: a pushed body may hold measured values; it rests in JOBS until it is in INGEST, at most 7 days.
        await self._bus.publish(
            subjects.to(subjects.WEBHOOKS_RECEIVED, vendor),
            msgspec.json.encode(event),
            # Not the event's: said once more it is news, where a vendor names only the day that changed.
            msg_id=uuid4().hex,
        )


def event_id_of(reply: Reply, body: bytes) -> str:
    """The vendor's own where it has one; otherwise what was said: the same data twice are one."""
    return reply.event_id[:120] or sha256(body).hexdigest()


@route("/webhooks/vendor/{vendor:str}", http_method=[HttpMethod.GET, HttpMethod.HEAD, HttpMethod.POST],
       opt={"public": True}, status_code=200, summary="Notifications of a vendor", tags=["vendors"])  # fmt: skip
async def receive(
    request: AnyRequest,
    vendor: FromPath[str],
    vendors: NamedDependency[Vendors],
    mailbox: NamedDependency[Mailbox],
) -> Response[Any]:
    return await answer(request, vendor, "", vendors, mailbox)


@route("/webhooks/vendor/{vendor:str}/{path_token:str}",
       http_method=[HttpMethod.GET, HttpMethod.HEAD, HttpMethod.POST],
       opt={"public": True}, status_code=200, summary="Notifications of a vendor that signs nothing",
       tags=["vendors"])  # fmt: skip
async def receive_with_token(
    request: AnyRequest,
    vendor: FromPath[str],
    path_token: FromPath[str],
    vendors: NamedDependency[Vendors],
    mailbox: NamedDependency[Mailbox],
) -> Response[Any]:
    return await answer(request, vendor, path_token, vendors, mailbox)


async def answer(
    request: AnyRequest, vendor: str, path_token: str, vendors: Vendors, mailbox: Mailbox
) -> Response[Any]:
    manifest, client = vendors.manifest(vendor), vendors.client(vendor)
    if manifest is None or client is None or manifest.capabilities.webhook == "none":
        return problem(Refused("not_found"))
    if not _knows_the_way(vendors.path_token(vendor), path_token, manifest.capabilities.signed_webhook):
        telemetry.WEBHOOKS.labels(vendor, "bad_signature").inc()
        return problem(Refused("not_found"))
    if not mailbox.rate.take(vendor):
        telemetry.WEBHOOKS.labels(vendor, "rate_limited").inc()
        return problem(Refused("rate_limited", retry_after_s=10))
    try:
        _check_kind(request)
        body = await whole_body(request.receive, request.headers.get("content-length"), BODY_MAX)
    except Refused as refused:
        telemetry.WEBHOOKS.labels(vendor, "malformed").inc()
        return problem(refused)
    incoming = Incoming(
        method=request.method,
        body=body,
        headers={name.lower(): text for name, text in request.headers.items()},
        params=dict(request.query_params.items()),
        received_at=now(),
    )
    reply = client.receive(incoming, vendors.webhook_secrets(vendor))
    telemetry.WEBHOOKS.labels(vendor, reply.outcome).inc()
    if reply.accept:
        try:
            await mailbox.keep(
                vendor, event_id_of(reply, body), body, incoming.headers.get("content-type", "")
            )
        except Unavailable as error:
            return problem(error)
    return Response(reply.body, status_code=reply.status, media_type=reply.content_type)


def _check_kind(request: AnyRequest) -> None:
    if media_type(request.headers.get("content-type", "")) not in TAKEN or request.headers.get(
        "content-encoding"
    ):
        raise Refused("unsupported_media_type")


def _knows_the_way(expected: str, given: str, is_signed: bool) -> bool:
    """The unguessable part of the address, where one is set. A vendor that signs nothing must have one."""
    if not expected:
        return is_signed and not given
    return compare_digest(expected.encode(), given.encode())


class _Pushed(msgspec.Struct, frozen=True):
    """A message of a vendor's socket: `{id, payload}`."""

    id: str
    payload: msgspec.Raw


_decode_pushed: Final = msgspec.json.Decoder(_Pushed).decode


@websocket("/api/v1/sockets/vendor/{vendor:str}", opt={"public": True})
async def push(
    socket: "WebSocket[Any, Any, Any]",
    vendor: FromPath[str],
    vendors: NamedDependency[Vendors],
    mailbox: NamedDependency[Mailbox],
) -> None:
    """A vendor that pushes in real time: each message is acknowledged after the PubAck, one by one, in order."""
    if not _may_push(vendors, vendor, socket.headers.get("authorization")):
        telemetry.WEBHOOKS.labels(vendor if vendors.manifest(vendor) else "other", "bad_signature").inc()
        await socket.close(4401)
        return
    await socket.accept()
    try:
        while True:
            await socket.send_json(await take(vendor, await socket.receive_text(), mailbox))
    except WebSocketDisconnect:
        return


def _may_push(vendors: Vendors, vendor: str, authorization: str | None) -> bool:
    manifest = vendors.manifest(vendor)
    if manifest is None or not manifest.capabilities.socket or vendors.client(vendor) is None:
        return False
    try:
        given = bearer(authorization).encode()
    except Refused:
        return False
    return any(compare_digest(given, secret.encode()) for secret in vendors.socket_secrets(vendor))


async def take(vendor: str, text: str, mailbox: Mailbox) -> dict[str, str]:
    """`{"ack": id}`, or `{"nack": id, "code"}`: then the vendor keeps it and sends it again."""
    try:
        pushed = _decode_pushed(text.encode())
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        telemetry.WEBHOOKS.labels(vendor, "malformed").inc()
        return {"nack": "", "code": "invalid_json"}
    body = bytes(pushed.payload)
    if len(body) > BODY_MAX:
        return {"nack": pushed.id, "code": "payload_too_large"}
    if not mailbox.rate.take(vendor):
        return {"nack": pushed.id, "code": "rate_limited"}
    try:
        await mailbox.keep(
            vendor, sha256(pushed.id.encode() + b"\0" + body).hexdigest(), body, "application/json"
        )
    except Unavailable:
        return {"nack": pushed.id, "code": "unavailable"}
    telemetry.WEBHOOKS.labels(vendor, "accepted").inc()
    return {"ack": pushed.id}


async def take_as_it_comes(_: AnyRequest) -> None:
    """Vendors post forms, JSON and nothing at all: their form is judged by their client."""


router: Final = Router(
    "/", route_handlers=[receive, receive_with_token, push], before_request=take_as_it_comes
)
