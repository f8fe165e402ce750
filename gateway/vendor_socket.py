"""A vendor's socket, carried to sync and back, frame by frame. Who may push is sync's business; what is pushed too."""

import asyncio
from typing import Any, Final

from litestar.types import Receive, Scope, Send
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from chassis.log import Log

log = Log("vendor_socket")
VENDOR_SOCKETS: Final = b"/api/v1/sockets/vendor/"
OPEN_S: Final = 5.0
FRAME_MAX: Final = 256 * 1024
AWAY: Final = 1013
"""Try again later (RFC 6455 registry): sync cannot take it now."""


class VendorSocket:
    def __init__(self, upstream: str) -> None:
        self._upstream = upstream.rstrip("/").replace("http", "ws", 1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()  # websocket.connect
        headers = {name: text for name, text in scope["headers"] if name == b"authorization"}
        try:
            upstream = await connect(
                self._upstream + scope["raw_path"].decode("latin-1"),
                additional_headers={name.decode(): text.decode("latin-1") for name, text in headers.items()},
                open_timeout=OPEN_S,
                max_size=FRAME_MAX,
                compression=None,
                proxy=None,
            )
        except (
            InvalidHandshake
        ):  # sync refused the vendor: HTTP 403, as everywhere before a socket is accepted
            await send({"type": "websocket.close", "code": 4401, "reason": ""})
            return
        except (OSError, TimeoutError) as error:
            log.warning("sync_not_reachable", error=type(error).__name__)
            await send({"type": "websocket.accept", "subprotocol": None, "headers": []})
            await send({"type": "websocket.close", "code": AWAY, "reason": ""})
            return
        await send({"type": "websocket.accept", "subprotocol": None, "headers": []})
        try:
            await _carry(upstream, receive, send)
        finally:
            await upstream.close()


async def _carry(upstream: ClientConnection, receive: Receive, send: Send) -> None:
    """Until one side goes. What sync acknowledged has reached the vendor or will be pushed again by it."""
    there = asyncio.create_task(_there(upstream, receive), name="vendor-there")
    back = asyncio.create_task(_back(upstream, send), name="vendor-back")
    try:
        done, _ = await asyncio.wait({there, back}, return_when=asyncio.FIRST_COMPLETED)
        if back in done:
            code = upstream.close_code or AWAY
            await send({"type": "websocket.close", "code": code if code != 1006 else AWAY, "reason": ""})
    finally:
        for task in (there, back):
            task.cancel()
        await asyncio.gather(there, back, return_exceptions=True)


async def _there(upstream: ClientConnection, receive: Receive) -> None:
    while True:
        message: Any = await receive()
        if message["type"] != "websocket.receive":
            return
        text = message.get("text")
        try:
            await upstream.send(text if text is not None else message["bytes"])
        except ConnectionClosed:
            return


async def _back(upstream: ClientConnection, send: Send) -> None:
    async for frame in upstream:
        await send(
            {
                "type": "websocket.send",
                "text": frame if isinstance(frame, str) else None,
                "bytes": None if isinstance(frame, str) else frame,
            }
        )
