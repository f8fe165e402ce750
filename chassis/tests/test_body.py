"""The body of a request: whole, not too large, not too slow."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from chassis.body import whole_body
from proto.errors import Refused

Receive = Callable[[], Awaitable[Any]]


def part(body: bytes, *, more: bool) -> dict[str, Any]:
    return {"type": "http.request", "body": body, "more_body": more}


def coming(*messages: dict[str, Any]) -> Receive:
    """What a server hands on; after that, nothing comes any more."""
    rest = list(messages)

    async def receive() -> dict[str, Any]:
        return rest.pop(0) if rest else await asyncio.Event().wait()  # type: ignore[return-value]

    return receive


@pytest.mark.parametrize(
    ("messages", "whole"),
    [
        ([part(b"abc", more=False)], b"abc"),
        ([part(b"ab", more=True), part(b"", more=True), part(b"c", more=False)], b"abc"),
        ([{"type": "http.request"}], b""),
    ],
)
async def test_it_is_put_together(messages: list[dict[str, Any]], whole: bytes) -> None:
    assert await whole_body(coming(*messages), "3", 3) == whole


@pytest.mark.parametrize(
    ("messages", "announced", "code"),
    [
        ([], "4", "payload_too_large"),
        ([part(b"abcd", more=False)], None, "payload_too_large"),
        ([part(b"ab", more=True), part(b"cd", more=True)], "x", "payload_too_large"),
        ([part(b"ab", more=True)], "3", "body_timeout"),
        ([], "3", "body_timeout"),
        ([part(b"ab", more=True), {"type": "http.disconnect"}], "3", "invalid_json"),
    ],
    ids=["announced", "at once", "in parts", "stops in the middle", "never begins", "gone"],
)
async def test_what_is_not_taken(messages: list[dict[str, Any]], announced: str | None, code: str) -> None:
    with pytest.raises(Refused) as refused:
        await whole_body(coming(*messages), announced, 3, within_s=0.05)
    assert refused.value.code == code
