"""What a process is made of: things that start in order, stop in reverse, and can say why they are not ready."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

from chassis.log import Log

log = Log("resource")


class Resource(Protocol):
    """The readiness check lives beside the resource that it checks."""

    async def start(self) -> None: ...
    async def stop(self) -> None: ...

    def problem(self) -> str | None:
        """Why this is not ready, or None. Must not wait."""
        ...


class Job:
    """Runs an async function every `every_s` seconds until stopped; an error is logged and the next turn comes."""

    def __init__(
        self, name: str, every_s: float, work: Callable[[], Awaitable[None]], *, at_start: bool = False
    ) -> None:
        self._name = name
        self._every_s = every_s
        self._work = work
        self._at_start = at_start
        self._stop = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name=f"job:{self._name}")

    async def stop(self) -> None:
        self._stop.set()
        if self._task:
            await self._task

    def problem(self) -> str | None:
        return None

    async def _run(self) -> None:
        stopped = asyncio.ensure_future(self._stop.wait())
        if self._at_start:
            await self._once()
        while not self._stop.is_set():
            await asyncio.wait(
                {stopped}, timeout=self._every_s
            )  # no task a turn: an idle system is made of these
            if not stopped.done():
                await self._once()

    async def _once(self) -> None:
        try:
            await self._work()
        except Exception as error:
            log.failure("job_failed", error, name=self._name)


class Startup:
    """Runs an async function once, after the resources before it have started."""

    def __init__(self, work: Callable[[], Awaitable[None]]) -> None:
        self._work = work

    async def start(self) -> None:
        await self._work()

    async def stop(self) -> None:
        return

    def problem(self) -> str | None:
        return None


class Background:
    """Holds tasks so that they are not collected, and cancels what is left at the end."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def spawn(self, work: Awaitable[None], name: str) -> None:
        async def run() -> None:
            try:
                await work
            except Exception as error:
                log.failure("task_failed", error, name=name)

        task = asyncio.create_task(run(), name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def start(self) -> None:
        return

    async def stop(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def problem(self) -> str | None:
        return None
