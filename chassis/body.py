"""The body of a request, whole: no larger than it may be, and no slower. Who sends an octet a minute holds nothing up."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

from proto.errors import Refused

WITHIN_S: Final = 20.0
"""A body at the largest limit comes at 1 Mbit/s in less."""


async def whole_body(
    receive: Callable[[], Awaitable[Any]], announced: str | None, limit: int, within_s: float = WITHIN_S
) -> bytes:
    """Raises `Refused`: `payload_too_large`, at once when that is announced; `body_timeout`; `invalid_json` when the
    client has gone (nobody reads that).
    """
    if announced is not None and announced.isdigit() and int(announced) > limit:
        raise Refused("payload_too_large")
    try:
        async with asyncio.timeout(within_s):
            return await _parts(receive, limit)
    except TimeoutError:
        raise Refused("body_timeout") from None


async def _parts(receive: Callable[[], Awaitable[Any]], limit: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise Refused("invalid_json")
        part: bytes = message.get("body", b"")
        size += len(part)
        if size > limit:
            raise Refused("payload_too_large")
        parts.append(part)
        if not message.get("more_body", False):
            return parts[0] if len(parts) == 1 else b"".join(parts)
