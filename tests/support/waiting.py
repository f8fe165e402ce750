"""Waiting for a condition: how a test lets time pass."""

import asyncio
import inspect
from collections.abc import Callable
from typing import Any


async def until(check: Callable[[], Any], within_s: float = 10.0) -> Any:
    """What `check` answers, as soon as it is truthy; one that asks a server may be asynchronous. Raises `TimeoutError`."""
    async with asyncio.timeout(within_s):
        while True:
            answer = check()
            found = await answer if inspect.isawaitable(answer) else answer
            if found:
                return found
            await asyncio.sleep(0.005)
