"""Takes things away from a running system, by process id, and knows when they are back."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from time import monotonic
from typing import Final

import psutil

from runtime.home import Home, read_json
from tests.e2e.driver import eventually
from tests.faults.evidence import Nats
from tests.support.system import System

SERVICES: Final = ("ingest", "ingest-bridge", "normalizer", "gateway", "pairing", "access")
SERVERS: Final = ("nats", "postgres", "valkey", "s3")
VICTIMS: Final = (*SERVICES, *SERVERS)
BACK_S: Final = 30.0


class Breaker:
    """`kills` counts SIGKILLs; `broken_at` is the moment of the first break of a scenario."""

    def __init__(self, system: System) -> None:
        self.system = system
        self.kills = 0
        self.broken_at = monotonic()

    def pid(self, name: str) -> int | None:
        found: int | None = self.system.endpoints["pids"].get(name)
        return found

    @asynccontextmanager
    async def halted(self, name: str) -> AsyncIterator[None]:
        """SIGSTOP inside, and SIGKILL after, without a moment of life in between."""
        pid = self.pid(name)
        assert pid is not None
        self.broken_at = monotonic()
        os.kill(pid, signal.SIGSTOP)
        try:
            # A thread stops only when its system call is done, and an fsync takes a while.
            await until(lambda: _states(pid) == {"T"}, BACK_S)
            yield
        finally:
            os.kill(pid, signal.SIGKILL)
            self.kills += 1
        await until(lambda: self.pid(name) not in (None, pid), BACK_S)

    async def kill(self, *names: str, by: signal.Signals = signal.SIGKILL) -> float:
        """The signal to all at once; returns when the supervisor has them back. Answers the seconds that it took."""
        began = self.broken_at = monotonic()
        before = {name: self.pid(name) for name in names}
        for pid in before.values():
            assert pid is not None
            os.kill(pid, by)
            self.kills += 1

        def is_back() -> bool:
            now = {name: self.pid(name) for name in names}
            return all(now[name] not in (None, before[name]) for name in names)

        await until(is_back, BACK_S)
        return monotonic() - began

    async def restart(self, name: str) -> float:
        """SIGTERM, as an operator restarts a process; returns when it is ready again. Answers the seconds until then."""
        began = self.broken_at = monotonic()
        before = self.pid(name)
        assert before is not None
        os.kill(before, signal.SIGTERM)
        await until(lambda: self._is_ready(name, before), BACK_S)
        return monotonic() - began

    async def ready(self, name: str) -> None:
        """Returns when the supervisor says that the process is ready: from then on it counts as recovering."""
        await until(lambda: self._is_ready(name), BACK_S)

    def _is_ready(self, name: str, before: int | None = None) -> bool:
        state = read_json(Home(self.system.home).state, {}).get(name, {})
        return state.get("state") == "ready" and state.get("pid") not in (None, before)

    @asynccontextmanager
    async def stopped(self, name: str) -> AsyncIterator[None]:
        """SIGSTOP inside, SIGCONT after: a process that lives and does nothing. With its children (PostgreSQL)."""
        pid = self.pid(name)
        assert pid is not None
        self.broken_at = monotonic()
        family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
        for process in family:
            process.suspend()
        try:
            yield
        finally:
            for process in family:
                if process.is_running():
                    process.resume()


@asynccontextmanager
async def limited(system: System, stream: str, max_bytes: int, admin: str = "admin") -> AsyncIterator[None]:
    """A stream has another `max_bytes` inside. Nothing in it goes: it discards what is new."""
    before = await _limit(system, stream, max_bytes, admin)
    try:
        yield
    finally:
        await _limit(system, stream, before, admin)


async def _limit(system: System, stream: str, max_bytes: int, admin: str) -> int:
    async with Nats(system, admin) as js:
        config = (await js.stream_info(stream)).config
        before: int = config.max_bytes
        config.max_bytes = max_bytes
        await js.update_stream(config)
    return before


async def held(system: System, stream: str, admin: str = "admin") -> int:
    """Bytes in a stream."""
    async with Nats(system, admin) as js:
        count: int = (await js.stream_info(stream)).state.bytes
    return count


def _states(pid: int) -> set[str]:
    """The states of all threads of a process, in the letters of proc(5)."""
    return {
        (task / "stat").read_text().rpartition(") ")[2][0] for task in Path(f"/proc/{pid}/task").iterdir()
    }


async def until(condition: Callable[[], bool], within_s: float) -> None:
    async def ask() -> bool:
        return condition()

    await eventually(ask, bool, within_s=within_s)


async def pause(seconds: float) -> None:
    """Lets time pass while readings flow: how long something is broken is what a scenario says, not a condition."""
    await asyncio.sleep(seconds)
