"""A small service for tests of the forwarder: it answers with what it was asked, slowly or largely when told to."""

import asyncio
import json
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs

INTERNAL_TOKEN = b""
"""Set by the test that plays `access`."""


async def app(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})
        return
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    if scope["path"] == "/internal/sign-in":
        await _sign_in(scope, body, send)
        return
    query = {name: texts[0] for name, texts in parse_qs(scope["query_string"].decode()).items()}
    if "sleep" in query:
        await asyncio.sleep(float(query["sleep"]))
    if "large" in query:
        await _large(send, int(query["large"]), chunked="chunked" in query)
        return
    status = int(query.get("status", "200"))
    answer = json.dumps(
        {
            "method": scope["method"],
            "raw_path": scope["raw_path"].decode(),
            "query": scope["query_string"].decode(),
            "headers": [[name.decode(), text.decode()] for name, text in scope["headers"]],
            "size": len(body),
            "sha256": sha256(body).hexdigest(),
            "client": list(scope["client"]),
        }
    ).encode()
    headers = [(b"content-type", b"application/json"), (b"x-kept", b"yes")]
    if "chunked" not in query and status not in (204, 304):
        headers.append((b"content-length", b"%d" % len(answer)))
    if "close" in query:
        headers.append((b"connection", b"close"))
    if status in (204, 304):
        answer = b""
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": answer[:10], "more_body": True})
    await send({"type": "http.response.body", "body": answer[10:], "more_body": False})


async def _sign_in(scope: Any, body: bytes, send: Any) -> None:
    """As `access` answers; whoever is called sim-000404 may not come in."""
    person = json.loads(body)
    is_inside = dict(scope["headers"]).get(b"x-internal-token") == INTERNAL_TOKEN
    is_welcome = is_inside and person["sign_in_name"] != "sim-000404"
    is_patient = "patient" in person["roles"]
    answer = {
        "user_id": person["subject"],
        "patient_id": person["subject"] if is_patient else None,
        "roles": person["roles"],
        "display_name": person["display_name"],
    }
    content = json.dumps(answer if is_welcome else {"code": "unauthenticated"}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(content))]
    await send({"type": "http.response.start", "status": 200 if is_welcome else 401, "headers": headers})
    await send({"type": "http.response.body", "body": content, "more_body": False})


async def _large(send: Any, size: int, *, chunked: bool) -> None:
    headers = [] if chunked else [(b"content-length", b"%d" % size)]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    left = size
    while left:
        part = min(left, 64 * 1024)
        left -= part
        await send({"type": "http.response.body", "body": b"x" * part, "more_body": left > 0})
