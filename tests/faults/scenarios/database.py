"""PostgreSQL refuses, is slow, or dies in the middle of a commit."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import monotonic
from typing import Any, Final
from urllib.parse import urlsplit

import asyncpg

from runtime.home import Home
from runtime.migrate import password, with_login
from tests.faults.breaking import pause, until
from tests.faults.stage import Scenario, Stage

REFUSED_S: Final = 5.0
SLOW_S: Final = 2.0
LOCKED: Final = ("normalizer.record_keys", "normalizer.device_data")
CRASHES: Final = 3
RECOVERED_S: Final = 3.0
"""Between two crashes: longer than after which the supervisor takes a death for the first one."""
COMMITS_S: Final = 5.0
COMMITTING: Final = (
    "SELECT pid FROM pg_stat_activity WHERE datname = $1 AND state = 'active' AND pid <> pg_backend_pid()"
    " AND (query ILIKE 'COMMIT%' OR wait_event IN ('WALSync', 'WALWrite'))"
)


@asynccontextmanager
async def superuser(stage: Stage, database: str | None = None) -> AsyncIterator["asyncpg.Connection[Any]"]:
    """A connection of the server's superuser: to the system's database, or to another one."""
    system = stage.world.system
    url = with_login(
        system.endpoints["postgres"], "postgres", password(Home(system.home).secrets, "postgres"), database
    )
    conn = await asyncpg.connect(url, timeout=5)
    try:
        yield conn
    finally:
        await conn.close(timeout=5)


async def _refuses(stage: Stage) -> None:
    """The server lives and lets nobody in: as during a failover, or with a wrong line in its access rules."""
    name = urlsplit(stage.world.system.endpoints["postgres"]).path.lstrip("/")
    await pause(1)
    async with superuser(stage, "postgres") as conn:
        await conn.execute(f'ALTER DATABASE "{name}" WITH ALLOW_CONNECTIONS false')
        try:
            ended = await conn.fetchval(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = $1", name
            )
            await pause(REFUSED_S)
        finally:
            await conn.execute(f'ALTER DATABASE "{name}" WITH ALLOW_CONNECTIONS true')
    stage.note(f"{ended} connections ended, none let in for {REFUSED_S:.0f} s")
    await pause(2)


async def _slow(stage: Stage) -> None:
    for table in LOCKED * (1 if stage.short else 2):
        await pause(stage.rng.uniform(0.3, 1.0))
        async with superuser(stage) as conn, conn.transaction():
            await conn.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
            await pause(SLOW_S)
    await pause(1)


async def _in_commit(stage: Stage) -> list[int]:
    """The backends that write a commit to disk, at the first moment at which there is one."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + COMMITS_S
    async with superuser(stage) as conn:
        name = await conn.fetchval("SELECT current_database()")
        while not (found := [row["pid"] for row in await conn.fetch(COMMITTING, name)]):
            assert loop.time() < deadline, "nothing was committed"
        return found


async def _answers(stage: Stage) -> None:
    """Returns when PostgreSQL lets somebody in again."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + 30
    while True:
        try:
            async with superuser(stage) as conn:
                await conn.fetchval("SELECT 1")
            return
        except (OSError, asyncpg.PostgresError, TimeoutError):
            assert loop.time() < deadline, "PostgreSQL did not come back"
            await asyncio.sleep(0.05)


async def _crashes(stage: Stage) -> None:
    """Three ways to lose the server in a commit: its parent told to leave at once, killed, and one backend killed."""
    kinds = [signal.SIGQUIT, signal.SIGKILL, None] * CRASHES
    stage.rng.shuffle(kinds)
    slowest = 0.0
    for kind in kinds:
        await stage.breaker.ready("postgres")
        await pause(RECOVERED_S)
        backends = await _in_commit(stage)
        began = monotonic()
        if kind is not None:
            await stage.breaker.kill("postgres", by=kind)
        else:
            await _kill_backend(stage, stage.rng.choice(backends))
        await _answers(stage)
        slowest = max(slowest, monotonic() - began)
    stage.note(f"PostgreSQL answers again after at most {slowest:.1f} s")
    await pause(2)


async def _kill_backend(stage: Stage, backend: int) -> None:
    """The parent then ends all others and recovers, without the supervisor's help."""
    os.kill(backend, signal.SIGKILL)
    stage.breaker.kills += 1
    await until(lambda: not _lives(backend), 10)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


SCENARIOS: Final = (
    Scenario("PostgreSQL refuses for 5 s", _refuses, delay_s=REFUSED_S + 5),
    Scenario("PostgreSQL locked for 2 s", _slow),
    Scenario("PostgreSQL crashes in commits", _crashes, delay_s=6),
)
