"""The API's description as one document: what the services say of themselves, and what only the gateway answers."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import msgspec
from litestar import Response, get
from litestar.exceptions import NotFoundException

from proto.resources import (
    AppToken,
    AppTokenRequest,
    DevToken,
    DevTokenRequest,
    LiveTicket,
    Problem,
    SignedOut,
)

DOCUMENT: Final = Path(__file__).parents[1] / "proto" / "schema" / "openapi.json"
INTERNAL: Final = ("/internal/", "/livez", "/readyz", "/metrics")
_OWN: Final = (AppTokenRequest, AppToken, DevTokenRequest, DevToken, SignedOut, LiveTicket, Problem)


def merge(documents: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """One document of many: paths and components of all, without what is only for inside the house.

    Two services may describe the same component; whoever comes first is kept. The answer is sorted, so that the same
    documents always give the same text.
    """
    paths: dict[str, dict[str, Any]] = {}
    components: dict[str, dict[str, Any]] = {}
    for document in [_own(), *documents]:
        for path, operations in (document.get("paths") or {}).items():
            if not path.startswith(INTERNAL):
                paths.setdefault(path, {}).update(operations)
        for kind, named in (document.get("components") or {}).items():
            for name, part in named.items():
                components.setdefault(kind, {}).setdefault(name, part)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Device Connect",
            "version": "1",
            "description": "Errors are RFC 9457 problem+json. Times are RFC 3339 with an offset.",
        },
        "servers": [{"url": "/"}],
        "security": [{"bearer": []}, {"session": [], "csrf": []}],
        "paths": {path: paths[path] for path in sorted(paths)},
        "components": {
            kind: {name: components[kind][name] for name in sorted(components[kind])}
            for kind in sorted(components)
        },
    }


def _own() -> dict[str, Any]:
    _, schemas = msgspec.json.schema_components(_OWN, ref_template="#/components/schemas/{name}")
    return {
        "paths": {
            "/auth/login": {
                "get": _operation(
                    "SignIn", "Begin signing in: a link, never a form.", "302", None,
                    parameters=[
                        _query("next", "Where to go afterwards: a path of ours."),
                        _query("app_challenge", "From the companion app: S256 of its verifier (RFC 7636)."),
                    ],
                    public=True,
                )
            },
            "/auth/callback": {
                "get": _operation("SignInCallback", "Where the identity provider sends the browser.", "302", None, public=True)
            },
            "/auth/logout": {
                "post": _operation(
                    "SignOut", "Ends the session and its live connections.", "200", "SignedOut",
                    parameters=[_query("everywhere", "`true`: and every other session of the same person.")],
                )
            },
            "/auth/app/token": {
                "post": _operation(
                    "AppToken", "The companion app's session for the code that its link brought; from its origins alone.",
                    "200", "AppToken", body="AppTokenRequest", public=True,
                )
            },
            "/auth/dev/token": {
                "post": _operation(
                    "DevelopmentToken", "A bearer of a demo person; not there outside development.", "200",
                    "DevToken", body="DevTokenRequest", public=True,
                )
            },
            "/api/v1/live/ticket": {
                "post": _operation("LiveTicket", "A ticket for one WebSocket, for 30 s and one use.", "201", "LiveTicket")
            },
            "/ws/live": {
                "get": _operation(
                    "LiveSocket", "WebSocket: live frames, with resume by cursor (AsyncAPI has the frames).", "101",
                    None, parameters=[_query("ticket", "From POST /api/v1/live/ticket.", required=True)], public=True,
                )
            },
            "/api/v1/stream": {
                "get": _operation(
                    "LiveStream", "The same frames as Server-Sent Events; `id:` is the cursor.", "200", None,
                    media_type="text/event-stream",
                    parameters=[
                        _query("patient_id", "Whose readings."),
                        _query("device_connection_id", "Or only those of one device."),
                        {
                            "name": "Last-Event-ID", "in": "header", "required": False,
                            "description": "The cursor to go on from.", "schema": {"type": "string"},
                        },
                    ],
                )
            },
        },
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "description": "The app's session, or a JWT of ours."},
                "session": {"type": "apiKey", "in": "cookie", "name": "__Host-sid"},
                "csrf": {"type": "apiKey", "in": "header", "name": "X-CSRF-Token"},
                "ingestToken": {
                    "type": "http", "scheme": "bearer", "description": "A connection's token, for its ingest alone.",
                },
                "hub": {"type": "http", "scheme": "basic", "description": "A hub's id and secret, for ingest alone."},
            },
        },
    }  # fmt: skip


def _operation(
    name: str,
    summary: str,
    status: str,
    answer: str | None,
    *,
    body: str | None = None,
    media_type: str = "application/json",
    parameters: list[dict[str, Any]] | None = None,
    public: bool = False,
) -> dict[str, Any]:
    operation: dict[str, Any] = {"operationId": name, "summary": summary, "tags": ["gateway"]}
    if public:
        operation["security"] = []
    if parameters:
        operation["parameters"] = parameters
    if body:
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": _ref(body)}}}
    said: dict[str, Any] = {"description": summary}
    if answer:
        said["content"] = {media_type: {"schema": _ref(answer)}}
    elif media_type != "application/json":
        said["content"] = {media_type: {"schema": {"type": "string"}}}
    refused = {
        "description": "Refused.",
        "content": {"application/problem+json": {"schema": _ref("Problem")}},
    }
    operation["responses"] = {status: said, "default": refused}
    return operation


def _query(name: str, text: str, *, required: bool = False) -> dict[str, Any]:
    return {
        "name": name,
        "in": "query",
        "required": required,
        "description": text,
        "schema": {"type": "string"},
    }


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


@get("/schema/openapi.json", include_in_schema=False, sync_to_thread=True)
def openapi_json() -> Response[bytes]:
    """The generated document."""
    try:
        document = DOCUMENT.read_bytes()
    except OSError:
        raise NotFoundException from None
    return Response(document, media_type="application/json", headers={"Cache-Control": "no-cache"})
