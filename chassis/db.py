"""PostgreSQL: a pool, one transaction per request or batch, and what must leave with it: events and audit.

`Tx.emit` and `Tx.audit` only collect; the transaction writes both as its last statements and commits once. Events
are published right after the commit; the outbox row is what survives a crash between the two.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar

import asyncpg
import msgspec

from chassis import telemetry
from chassis.audit import AuditRecord, append
from chassis.bus import Bus
from chassis.config import Common
from chassis.log import Log
from chassis.outbox import Outbox, OutboxRow, insert_rows
from proto.errors import Unavailable

log = Log("db")
T = TypeVar("T")

if TYPE_CHECKING:
    Connection: TypeAlias = asyncpg.pool.PoolConnectionProxy[asyncpg.Record]
else:  # generic only for type checkers
    Connection = asyncpg.pool.PoolConnectionProxy
"""What store functions take: a connection with a transaction open on it."""

ACQUIRE_S: Final = 2.0
GONE: Final = (
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.TooManyConnectionsError,
    asyncpg.OperatorInterventionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # the driver's word when "this session is over" crosses what we were about to say
    OSError,
    TimeoutError,
)
"""The database cannot be reached now: nothing is wrong with the request."""
BUCKETS: Final = "$KV."
REPEAT: Final = (asyncpg.DeadlockDetectedError, asyncpg.SerializationError)

_encode: Final = msgspec.json.Encoder().encode


async def _nothing_to_reset(conn: "asyncpg.Connection[asyncpg.Record]") -> None:
    """No session has anything of its own (no LISTEN, no SET, no session lock: poolers would not keep it either).

    asyncpg rolls back what is open by itself; its default here is one more round trip after every transaction.
    """


class Tx:
    """One transaction: the connection for store functions, and what shall leave with the commit."""

    def __init__(self, conn: Connection) -> None:
        self.conn = conn
        self._events: list[OutboxRow] = []
        self._audit: list[AuditRecord] = []
        self._after: list[Callable[[], None]] = []

    def emit(self, subject: str, payload: Any, headers: dict[str, str] | None = None) -> None:
        """Says an event (a struct, or encoded bytes) once the transaction has committed."""
        data = payload if isinstance(payload, bytes) else _encode(payload)
        sent = dict(headers or {})
        telemetry.inject(sent)
        self._events.append(OutboxRow(subject=subject, payload=data, headers=sent))

    def audit(self, *records: AuditRecord) -> None:
        """Appends to the audit log with the commit; without it there is no commit."""
        self._audit.extend(records)

    def after_commit(self, callback: Callable[[], None]) -> None:
        self._after.append(callback)


class Database:
    """The pool of one service's role on its own schema."""

    def __init__(self, settings: Common, service: str, bus: Bus | None = None) -> None:
        self.schema = service
        self._settings = settings
        self._pool: asyncpg.Pool[asyncpg.Record] | None = None
        self._outbox = Outbox(self, bus) if bus is not None else None

    @property
    def pool(self) -> "asyncpg.Pool[asyncpg.Record]":
        if self._pool is None:
            raise Unavailable("database")
        return self._pool

    async def start(self) -> None:
        role = f"dc_{self.schema}"
        password = self._settings.secret(f"db/{self.schema}").reveal()
        delay = 0.2
        while True:
            try:
                self._pool = await asyncpg.create_pool(
                    self._settings.database_url,
                    user=role,
                    password=password,
                    min_size=1,
                    max_size=self._settings.database_pool,
                    max_inactive_connection_lifetime=240,
                    timeout=10,
                    command_timeout=15,
                    reset=_nothing_to_reset,
                    statement_cache_size=self._settings.db_statement_cache,
                    server_settings={"application_name": f"dc-{self.schema}"},
                )
                break
            except (*GONE, asyncpg.ObjectNotInPrerequisiteStateError) as error:  # it lets nobody in for now
                log.warning("database_connect_failed", error=type(error).__name__, service=self.schema)
                await asyncio.sleep(delay * random.uniform(0.5, 1.0))  # noqa: S311 - jitter, not a secret
                delay = min(delay * 2, 5)
        if self._outbox is not None:
            await self._outbox.start()

    async def stop(self) -> None:
        if self._outbox is not None:
            await self._outbox.stop()
        if self._pool is not None:
            try:
                await asyncio.wait_for(self._pool.close(), 5)
            except TimeoutError:
                self._pool.terminate()

    def problem(self) -> str | None:
        if self._pool is None:
            return "PostgreSQL is not connected"
        return None

    @asynccontextmanager
    async def acquire(self) -> AsyncIterator[Connection]:
        """A connection of the pool; `Unavailable` when there is none within 2 s or the server is gone."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            conn = await self.pool.acquire(timeout=ACQUIRE_S)
        except (*GONE, asyncpg.PostgresError):  # whatever it is that keeps us out, no request is at fault
            raise Unavailable("database") from None
        telemetry.POOL_WAIT.observe(loop.time() - began)
        try:
            yield conn
        except GONE as error:
            if isinstance(
                error, ValueError
            ):  # asyncpg's word for an argument of the wrong kind: a fault of ours
                raise
            raise Unavailable("database") from error
        finally:
            try:
                await self.pool.release(conn, timeout=5)
            except GONE:
                log.warning("connection_not_returned", service=self.schema)

    @asynccontextmanager
    async def transaction(self, operation: str = "transaction") -> AsyncIterator[Tx]:
        """One transaction; commits at the end of the block, and then says its events. Rolls back on an exception.

        Returns only when values for key-value buckets are there: whoever is told "paired" may send with the next
        packet, and must not be a stranger to the service that receives it.
        """
        with telemetry.DB_SECONDS.labels(operation).time():
            async with self.acquire() as conn:
                tx = Tx(conn)
                rows: list[OutboxRow] = []
                async with conn.transaction():
                    yield tx
                    rows = await self._finish(tx)
        if rows and self._outbox is not None:
            self._outbox.offer(rows)
            await self._outbox.known([row for row in rows if row.subject.startswith(BUCKETS)])
        for callback in tx._after:
            callback()

    async def _finish(self, tx: Tx) -> list[OutboxRow]:
        rows: list[OutboxRow] = []
        if tx._events:
            if self._outbox is None:
                raise RuntimeError("this database was made without a bus, so it cannot emit")
            rows = await insert_rows(tx.conn, self.schema, tx._events, self._outbox.published())
        if tx._audit:  # last in the transaction: its chain locks are held for the shortest time
            try:
                await append(tx.conn, tx._audit)
            except asyncpg.PostgresError:
                telemetry.AUDIT_FAILURES.inc()
                raise
        return rows

    async def repeat(
        self, work: Callable[[Tx], Awaitable[T]], operation: str = "transaction", tries: int = 5
    ) -> T:
        """Runs a whole transaction again after a deadlock or serialization failure. `work` must be repeatable."""
        for attempt in range(tries):
            try:
                async with self.transaction(operation) as tx:
                    return await work(tx)
            except REPEAT:
                if attempt == tries - 1:
                    raise
                await asyncio.sleep(0.01 * (attempt + 1) * random.uniform(0.5, 1.5))  # noqa: S311 - jitter
        raise AssertionError("unreachable")


def is_passing(error: BaseException) -> bool:
    """Whether an error says that something is down, not that a message is bad."""
    return isinstance(error, (Unavailable, *REPEAT, *GONE)) and not isinstance(error, ValueError)
