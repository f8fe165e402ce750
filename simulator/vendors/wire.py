"""One request to a cloud and its answer, as plain values; and the ASGI side that reads and writes them.

An answer may be slow, cut off in the middle, or never come: that is what clouds do, and what callers must survive.
"""

import asyncio
import base64
import binascii
from collections.abc import Mapping
from typing import Any, Final, Literal
from urllib.parse import parse_qsl

import msgspec
from litestar.types import Receive, Scope, Send

MAX_BODY: Final = 256 * 1024
FORM: Final = "application/x-www-form-urlencoded"


class Call(msgspec.Struct, kw_only=True):
    """A request. `host`: the vendor's own, as it stands in the address below `/clouds/`."""

    method: str
    host: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    @property
    def form(self) -> dict[str, str]:
        """The fields of a form; those of the query count as well, as with most clouds."""
        if not self.headers.get("content-type", "").startswith(FORM):
            return dict(self.query)
        fields = parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True)
        return {**self.query, **dict(fields)}

    @property
    def json(self) -> Any:
        try:
            return msgspec.json.decode(self.body) if self.body else None
        except msgspec.DecodeError:
            return None

    @property
    def bearer(self) -> str:
        scheme, _, token = self.headers.get("authorization", "").partition(" ")
        return token if scheme.lower() == "bearer" else ""

    @property
    def basic(self) -> tuple[str, str]:
        """Name and password; both are empty where there are none that can be read."""
        scheme, _, text = self.headers.get("authorization", "").partition(" ")
        try:
            pair = base64.b64decode(text if scheme.lower() == "basic" else "", validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            return "", ""
        name, _, password = pair.partition(":")
        return name, password


class Reply(msgspec.Struct, kw_only=True):
    """An answer. `wait_s`: before it comes. `cut`: `silent` never answers, `half` stops in the middle of the body."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = {}
    wait_s: float = 0.0
    cut: Literal["", "silent", "half"] = ""


def json_reply(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
    named = {"content-type": "application/json", **(headers or {})}
    return Reply(status=status, body=msgspec.json.encode(value), headers=named)


def html_reply(html: str, policy: Mapping[str, str], status: int = 200) -> Reply:
    return Reply(
        status=status, body=html.encode(), headers={"content-type": "text/html; charset=utf-8", **policy}
    )


def redirect(url: str) -> Reply:
    return Reply(status=302, headers={"location": url, "cache-control": "no-store"})


async def read(scope: Scope, receive: Receive, host: str, path: str) -> Call | None:
    """The request; None when its body is too long or the caller left."""
    body = bytearray()
    more = True
    while more:
        message = await receive()
        if message["type"] != "http.request":
            return None
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > MAX_BODY:
            return None
    headers = {
        name.decode("latin-1").lower(): text.decode("latin-1") for name, text in scope.get("headers", ())
    }
    query = dict(parse_qsl(bytes(scope.get("query_string", b"")).decode("latin-1"), keep_blank_values=True))
    return Call(
        method=str(scope.get("method", "GET")),
        host=host,
        path=path,
        query=query,
        headers=headers,
        body=bytes(body),
    )


async def write(reply: Reply, receive: Receive, send: Send, *, head: bool = False) -> None:
    if reply.wait_s:
        await asyncio.sleep(reply.wait_s)
    if reply.cut == "silent":
        await _gone(receive)
        return
    headers = {"content-length": str(len(reply.body)), **reply.headers}
    await send(
        {
            "type": "http.response.start",
            "status": reply.status,
            "headers": [(name.encode("latin-1"), text.encode("latin-1")) for name, text in headers.items()],
        }
    )
    if reply.cut == "half":
        await send(
            {
                "type": "http.response.body",
                "body": reply.body[: len(reply.body) // 2],
                "more_body": True,
            }
        )
        await _gone(receive)
        return
    await send({"type": "http.response.body", "body": b"" if head else reply.body, "more_body": False})


async def _gone(receive: Receive) -> None:
    """Until the caller has had enough."""
    while (await receive())["type"] != "http.disconnect":
        continue
