"""Files that a person exported: claimed one at a time, read in a thread part by part, fed like a vendor's answers, deleted.

A file that was begun and not finished begins anew with whoever claims it next: record keys make that harmless.
"""

import asyncio
import io
from collections.abc import Awaitable, Callable, Iterator
from datetime import timedelta
from typing import IO, Any, Final, NamedTuple, TypeVar, cast

from chassis.clock import now
from chassis.db import Database, is_passing
from chassis.log import Log
from chassis.mirror import Mirror
from chassis.storage import ObjectFile, Storage
from proto.errors import Refused, Unavailable
from proto.events import SyncFault
from proto.state import ProfileState
from proto.vendors.normalized import Context, Mapping, Normalized, Unreadable
from services.sync.feeding import Fed, Feeder, Known
from services.sync.parties import Vendors
from services.sync.says import say_import, say_read
from services.sync.store import imports
from services.sync.store.imports import ImportRow
from services.sync.store.jobs import ERRORS_MAX

log = Log("importing")
T = TypeVar("T")

PART: Final = 200
"""Records that are read, mapped and published at a time: what one import has in memory, and keeps others waiting for."""
BUFFER: Final = 1 << 20
PROGRESS_EVERY_S: Final = 0.5
IDLE_S: Final = 5.0
"""The longest sleep: what another replica left behind is seen by then."""
DOWN_S: Final = 1.0
AWAY: Final = timedelta(seconds=10)
TRIES_MAX: Final = 10
"""Processes that may die over a file, one after the other, before it is given up."""


class Part(NamedTuple):
    normalized: Normalized
    taken: int
    """Bytes of the file that were read by now."""


class Parts:
    """A file, part by part. `next` waits: only for a thread."""

    def __init__(
        self,
        file: ObjectFile,
        batches: Callable[[IO[bytes], int], Iterator[dict[str, Any]]],
        mapping: Mapping,
        context: Context,
    ) -> None:
        self._file = file
        self._batches = batches(cast(IO[bytes], io.BufferedReader(file, BUFFER)), PART)
        self._mapping = mapping
        self._context = context

    def next(self) -> Part | None:
        """Raises `Unreadable` or `Refused` when there is no going on."""
        try:
            batch = next(self._batches, None)
        except FileNotFoundError:
            raise Refused("unknown_object") from None
        if batch is None:
            return None
        return Part(self._mapping([batch], self._context), self._file.taken)


class Lost(Exception):
    """Somebody else has the import now."""


class Importer:
    def __init__(
        self,
        *,
        db: Database,
        vendors: Vendors,
        storage: Storage,
        feeder: Feeder,
        known: Known,
        profiles: Mirror[ProfileState],
        lease_s: float,
    ) -> None:
        self._db = db
        self._vendors = vendors
        self._storage = storage
        self._feeder = feeder
        self._known = known
        self._profiles = profiles
        self._lease = timedelta(seconds=lease_s)
        self._bell = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._task = asyncio.create_task(self._work(), name="importer")

    async def stop(self) -> None:
        """What is under way is given up: its lease ends by itself."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def problem(self) -> str | None:
        return "the importer has stopped" if self._task is not None and self._task.done() else None

    def wake(self) -> None:
        """There is a file to read."""
        self._bell.set()

    async def _work(self) -> None:
        while True:
            try:
                work = await self._claim()
                if work is None:
                    await self._sleep()
                else:
                    await self._hold(work)
            except Exception as error:
                if is_passing(error):
                    log.warning("importer_waits", error=type(error).__name__)
                else:
                    log.failure("importer_failed", error)
                await asyncio.sleep(DOWN_S)

    async def _claim(self) -> ImportRow | None:
        self._bell.clear()
        at = now()
        async with self._db.transaction("claim_import") as tx:
            work = await imports.claim(tx.conn, at, at + self._lease)
            if work is not None and work.state == "running":
                say_import(tx, work)
        return work

    async def _sleep(self) -> None:
        try:
            async with asyncio.timeout(IDLE_S):
                await self._bell.wait()
        except TimeoutError:
            return

    async def _hold(self, work: ImportRow) -> None:
        keeper = asyncio.create_task(self._keep(work), name="lease")
        reading = asyncio.create_task(self._take(work), name="import")
        try:
            await asyncio.wait({keeper, reading}, return_when=asyncio.FIRST_COMPLETED)
            if reading.done():
                await reading
            else:
                log.warning("import_lease_lost")
        finally:
            for task in (keeper, reading):
                task.cancel()
            await asyncio.gather(keeper, reading, return_exceptions=True)

    async def _keep(self, work: ImportRow) -> None:
        """Ends when the lease is lost. While the database is away nobody else can take it either."""

        async def renew() -> bool:
            async with self._db.acquire() as conn:
                return await imports.renew(conn, work, now() + self._lease)

        while True:
            await asyncio.sleep(self._lease.total_seconds() / 3)
            if not await _patiently(renew):
                return

    async def _take(self, work: ImportRow) -> None:
        try:
            if work.state == "running" and not work.is_read:
                await self._import(work)
            await self._delete(work)
        except Lost:
            log.warning("import_lease_lost")
        except Unavailable:  # the object store; everything else is waited for in its place
            async with self._db.acquire() as conn:
                await imports.postpone(conn, work, now() + AWAY)

    async def _import(self, work: ImportRow) -> None:
        try:
            await self._read(work)
        except (Unavailable, Lost):
            raise
        except (Refused, Unreadable) as error:
            await self._fail(work, error.code)
        except Exception as error:
            if is_passing(error):
                raise
            log.failure("import_failed", error)
            await self._fail(work, "internal")

    async def _read(self, work: ImportRow) -> None:
        """Consent is asked for before each part: what is withdrawn meanwhile ends it."""
        if work.tries > TRIES_MAX:
            raise Refused("internal")
        loop = asyncio.get_running_loop()
        parts, method = self._parts(work), self._vendors.manifests[work.vendor].pairing_method
        unsaid, said = Fed(faults=list(work.errors)), loop.time()
        taken = 0
        while (part := await asyncio.to_thread(parts.next)) is not None:
            normalized, taken = part

            async def feed(normalized: Normalized = normalized) -> Fed:
                target = self._known.target(work.device_connection_id, method)
                return await self._feeder.feed(work.vendor, normalized, [target], job_id=work.upload_id)

            _add(unsaid, await _patiently(feed))
            if loop.time() - said >= PROGRESS_EVERY_S:
                await self._advance(work, unsaid, taken)
                unsaid, said = Fed(faults=unsaid.faults), loop.time()
        await self._advance(work, unsaid, taken, is_read=True)

    def _parts(self, work: ImportRow) -> Parts:
        key = self._storage.key_of(work.object_url or "")
        if key is None:
            raise Refused("unknown_object")
        profile = self._profiles.get(str(work.patient_id))
        return Parts(
            self._storage.file(key, work.size),
            self._vendors.export(work.vendor),
            self._vendors.mapping(work.vendor),
            Context(timezone=profile.timezone if profile else "", now=now()),
        )

    async def _advance(self, work: ImportRow, fed: Fed, taken: int, *, is_read: bool = False) -> None:
        """The counts of what is in the stream, how far that is, and perhaps that it is all."""

        async def write() -> None:
            async with self._db.transaction("import_advance") as tx:
                row = await imports.advance(
                    tx.conn,
                    work,
                    done=min(taken, work.size),
                    published=fed.readings,
                    refused=fed.refused,
                    errors=fed.faults[:ERRORS_MAX],
                )
                if row is not None and is_read:
                    row = await imports.mark_read(tx.conn, work)
                if row is None:
                    raise Lost
                say_read(tx, row)
                over = await imports.finish_if_over(tx.conn, work.upload_id, now())
                if over is not None:
                    say_import(tx, over)

        await _patiently(write)

    async def _fail(self, work: ImportRow, code: str) -> None:
        async def write() -> None:
            async with self._db.transaction("import_failed") as tx:
                error = SyncFault(fault_class="refused", code=code)
                row = await imports.fail(tx.conn, work, error, now())
                if row is None:
                    raise Lost
                say_import(tx, row)

        await _patiently(write)

    async def _delete(self, work: ImportRow) -> None:
        """PHI: the file rests no longer than it is needed; what it held is in readings now, or will never be."""
        key = self._storage.key_of(work.object_url or "")
        if key is not None:
            await self._storage.delete(key)
        async with self._db.transaction("import_deleted") as tx:
            await imports.forget_file(tx.conn, work)


def _add(unsaid: Fed, fed: Fed) -> None:
    unsaid.readings += fed.readings
    unsaid.refused += fed.refused
    unsaid.faults += [fault for fault in fed.faults if fault not in unsaid.faults]


async def _patiently(work: Callable[[], Awaitable[T]]) -> T:
    """Again and again while what it needs is away: repeating it changes nothing, and beginning anew would cost much."""
    while True:
        try:
            return await work()
        except Exception as error:
            if not is_passing(error):
                raise
            log.warning("import_waits", error=type(error).__name__)
            await asyncio.sleep(DOWN_S)
