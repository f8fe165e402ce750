"""Events that leave with a transaction: rows in `<schema>.outbox`, published right after the commit, swept after a crash.

Every service's first migration makes the table:
`outbox(id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, subject text NOT NULL, payload bytea NOT NULL,
headers text NOT NULL DEFAULT '{}', at timestamptz NOT NULL DEFAULT clock_timestamp())`.
A row is deleted by the next transaction after its PubAck came, or 200 ms later when the service is idle.
"""

import asyncio
from collections import deque
from itertools import islice, takewhile
from typing import TYPE_CHECKING, Final, Protocol

import asyncpg
import msgspec
from nats.errors import Error

from chassis import telemetry
from chassis.bus import Bus
from chassis.log import Log
from chassis.resource import Job
from proto import subjects
from proto.errors import Unavailable

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

log = Log("outbox")

IDLE_S: Final = 0.2
SWEEP_S: Final = 1.0
SWEEP_LIMIT: Final = 500
KNOWN_S: Final = 1.0
IN_FLIGHT: Final = 64
TOGETHER_MIN: Final = 20
"""From so many on, one commit for all is quicker and costs the server less than one each (measured, ADR 0012)."""
TOGETHER_MAX: Final = 256
TOGETHER: Final = frozenset(
    pattern.rsplit(".", 1)[0]
    for stream in subjects.STREAMS
    if stream.allow_atomic
    for pattern in stream.subjects
)
_LOCK: Final = 0x6463_6F62  # one sweeper at a time a schema; the schema's own hash is the second key


class OutboxRow(msgspec.Struct, kw_only=True):
    subject: str
    payload: bytes
    headers: dict[str, str]
    id: int = 0
    schema: str = ""

    @property
    def msg_id(self) -> str:
        return f"ob-{self.schema}-{self.id}"


class _Pool(Protocol):
    schema: str

    @property
    def pool(self) -> "asyncpg.Pool[asyncpg.Record]": ...


async def insert_rows(
    conn: "PoolConnectionProxy[asyncpg.Record]", schema: str, rows: list[OutboxRow], published: list[int]
) -> list[OutboxRow]:
    """Writes rows and takes away those that are published; answers them with their ids."""
    records = await conn.fetch(
        f"WITH gone AS (DELETE FROM {schema}.outbox WHERE id = ANY($4::bigint[]))"
        f" INSERT INTO {schema}.outbox (subject, payload, headers)"
        " SELECT s, p, h FROM unnest($1::text[], $2::bytea[], $3::text[]) WITH ORDINALITY AS u(s, p, h, n)"
        " ORDER BY n RETURNING id",
        [row.subject for row in rows],
        [row.payload for row in rows],
        [msgspec.json.encode(row.headers).decode() for row in rows],
        published,
    )
    for row, record in zip(rows, records, strict=True):
        row.id, row.schema = record["id"], schema
    return rows


class Outbox:
    """Publishes what committed, in order of commit; what a crash left behind is swept."""

    def __init__(self, db: _Pool, bus: Bus) -> None:
        self._db = db
        self._bus = bus
        self._waiting: deque[OutboxRow] = deque()
        self._wake = asyncio.Event()
        self._published: list[int] = []
        self._in_flight: set[int] = set()
        self._awaited: dict[int, asyncio.Future[None]] = {}
        self._slots = asyncio.Semaphore(IN_FLIGHT)
        self._stopping = False
        self._task: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._sweeper = Job(f"outbox:{db.schema}", SWEEP_S, self._sweep, at_start=True)
        self._to_clean = asyncio.Event()
        self._cleaner: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name=f"outbox:{self._db.schema}")
        await self._sweeper.start()
        self._cleaner = asyncio.create_task(self._clean_when_idle(), name=f"outbox-clean:{self._db.schema}")

    async def stop(self) -> None:
        self._stopping = True
        self._wake.set()
        await self._sweeper.stop()
        if self._task:
            await self._task
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._cleaner:
            self._to_clean.set()
            await self._cleaner
        try:
            await self._clean()
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            log.debug("outbox_not_cleaned", service=self._db.schema)

    def offer(self, rows: list[OutboxRow]) -> None:
        """Called right after the commit."""
        self._in_flight.update(row.id for row in rows)
        self._waiting.extend(rows)
        self._wake.set()

    async def known(self, rows: list[OutboxRow]) -> None:
        """Waits until offered rows are published, or for a second: then those who hear late hear late."""
        loop = asyncio.get_running_loop()
        waits = {row.id: loop.create_future() for row in rows if row.id in self._in_flight}
        self._awaited.update(waits)
        if waits:
            await asyncio.wait(waits.values(), timeout=KNOWN_S)
        for id in waits:
            self._awaited.pop(id, None)

    def published(self) -> list[int]:
        """Ids whose PubAck came and whose rows may go with the caller's transaction."""
        taken, self._published = self._published, []
        return taken

    async def _run(self) -> None:
        while True:
            if not self._waiting:
                if self._stopping:
                    return
                self._wake.clear()
                await self._wake.wait()
                continue
            if together := self._take_together():
                await self._publish_together(together)
                continue
            await self._slots.acquire()
            self._start(self._waiting.popleft())

    def _start(self, row: OutboxRow) -> None:
        task = asyncio.create_task(self._publish(row))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _take_together(self) -> list[OutboxRow]:
        """The next rows, if they are many and their stream takes them at once. While they leave, the next gather."""
        if len(self._waiting) < TOGETHER_MIN:
            return []
        rows = [
            *takewhile(
                lambda row: row.subject.rsplit(".", 1)[0] in TOGETHER, islice(self._waiting, TOGETHER_MAX)
            )
        ]
        if len(rows) < TOGETHER_MIN:
            return []
        for _ in rows:
            self._waiting.popleft()
        return rows

    async def _publish_together(self, rows: list[OutboxRow]) -> None:
        try:
            all_stored = await self._bus.publish_together(rows)
        except Exception as error:
            log.failure("not_published_together", error, service=self._db.schema)
            all_stored = False
        if all_stored:
            self._published.extend(row.id for row in rows)
            self._to_clean.set()
            for row in rows:
                self._finished(row)
            return
        for row in rows:
            await self._slots.acquire()
            self._start(row)

    async def _publish(self, row: OutboxRow) -> None:
        try:
            await self._bus.publish(row.subject, row.payload, msg_id=row.msg_id, headers=row.headers)
            self._published.append(row.id)
            self._to_clean.set()
        except Unavailable:
            log.warning("outbox_left_to_sweeper", subject=row.subject.split(".")[0])
        finally:
            self._finished(row)
            self._slots.release()

    def _finished(self, row: OutboxRow) -> None:
        self._in_flight.discard(row.id)
        awaited = self._awaited.pop(row.id, None)
        if awaited is not None:
            awaited.set_result(None)

    async def _clean_when_idle(self) -> None:
        """Takes away what no transaction came to take, and sleeps while nothing is published."""
        while True:
            await self._to_clean.wait()
            if self._stopping:
                return
            self._to_clean.clear()
            await asyncio.sleep(IDLE_S)
            try:
                await self._clean()
            except Exception as error:  # they stay in hand, for the next transaction or the next turn
                log.failure("outbox_not_cleaned", error, service=self._db.schema)
                self._to_clean.set()

    async def _clean(self) -> None:
        ids = self.published()
        if ids:
            try:
                await self._db.pool.execute(f"DELETE FROM {self._db.schema}.outbox WHERE id = ANY($1)", ids)
            except Exception:
                self._published.extend(ids)
                raise

    async def _sweep(self) -> None:
        """Publishes rows older than a second that nobody of this process has in hand."""
        schema = self._db.schema
        if not await self._has_old():
            telemetry.OUTBOX_PENDING.set(0)
            telemetry.OUTBOX_OLDEST.set(0.0)
            return
        async with self._db.pool.acquire(timeout=2) as conn, conn.transaction():
            if not await conn.fetchval("SELECT pg_try_advisory_xact_lock($1, hashtext($2))", _LOCK, schema):
                return
            records = await conn.fetch(
                f"SELECT id, subject, payload, headers, extract(epoch FROM clock_timestamp() - at)::float AS age"
                f" FROM {schema}.outbox WHERE at < clock_timestamp() - interval '1 second' ORDER BY id LIMIT $1",
                SWEEP_LIMIT,
            )
            telemetry.OUTBOX_PENDING.set(len(records))
            telemetry.OUTBOX_OLDEST.set(max((r["age"] for r in records), default=0.0))
            done = []
            known = self._in_flight | set(self._published)
            for record in records:
                if record["id"] in known:
                    continue
                try:
                    await self._bus.publish(
                        record["subject"],
                        record["payload"],
                        msg_id=f"ob-{schema}-{record['id']}",
                        headers=msgspec.json.decode(record["headers"], type=dict[str, str]),
                    )
                except (
                    Error
                ) as error:  # refused for what it is: it stays, is seen by its age, and stops no other
                    log.failure(
                        "outbox_row_refused", error, service=schema, subject=record["subject"].split(".")[0]
                    )
                    continue
                done.append(record["id"])
            if done:
                await conn.execute(f"DELETE FROM {schema}.outbox WHERE id = ANY($1)", done)
                log.info("outbox_swept", count=len(done), service=schema)

    async def _has_old(self) -> bool:
        """Whether the first row has waited for a second: one round trip, all that an idle second costs."""
        return bool(
            await self._db.pool.fetchval(
                "SELECT at < clock_timestamp() - interval '1 second'"
                f" FROM {self._db.schema}.outbox ORDER BY id LIMIT 1"
            )
        )
