"""Group commit: what arrives together leaves as one JetStream message; everybody's answer waits for its PubAck.

A lone reading goes at once; while a group is on its way the next one fills. This is what makes an fsync per message
affordable. Nothing is dropped: when too much waits, new work is refused before memory grows, and of the one who sends
most first. Senders take turns in a group, so a thousand readings of one do not stand before the single one of another.
"""

import asyncio
from collections.abc import Hashable
from typing import Final
from uuid import UUID, uuid4

from chassis import telemetry
from chassis.bus import Bus
from chassis.log import Log
from proto import subjects
from proto.errors import Unavailable
from proto.raw import GROUP_MAX_BYTES, GROUP_MAX_ITEMS
from services.ingest.fair import FairQueue, Room

log = Log("committer")

DEADLINE_S: Final = 5.0
"""From the request to its answer, the wait for a place in a group included."""


class _Part:
    """Items of one request and shard that travel together, and who waits for them."""

    __slots__ = ("done", "due", "items", "sender", "size")

    def __init__(self, sender: Hashable, items: list[bytes], done: "asyncio.Future[int]", due: float) -> None:
        self.sender = sender
        self.items = items
        self.due = due
        self.size = sum(map(len, items)) + len(items)
        self.done = done


class Committer:
    """One for each process; queues per shard."""

    def __init__(self, bus: Bus, *, shards: int, in_flight: int, waiting_max: int) -> None:
        self._bus = bus
        self._room = Room(waiting_max)
        self._shards = [_Shard(bus, number, in_flight, self._room) for number in range(shards)]

    async def start(self) -> None:
        for shard in self._shards:
            shard.start()

    async def stop(self) -> None:
        await asyncio.gather(*(shard.stop() for shard in self._shards))

    def problem(self) -> str | None:
        return "too many readings wait" if self._room.is_full else None

    def shard_of(self, connection_id: UUID) -> int:
        return connection_id.int % len(self._shards)

    async def commit(self, items: list[tuple[UUID, bytes]], sender: Hashable) -> int:
        """Publishes items (connection, envelope) and answers the stream sequence of the last group.

        Raises `Unavailable` when too much of this sender waits or the stream did not acknowledge; then nothing may be said to be
        accepted (what was stored nevertheless is found again by its record key when it is sent again).
        """
        if not self._room.has_for(sender):
            raise Unavailable("ingest", retry_after_s=2)
        loop = asyncio.get_running_loop()
        due = loop.time() + DEADLINE_S
        if len(items) == 1:
            done: asyncio.Future[int] = loop.create_future()
            connection_id, alone = items[0]
            self._shards[self.shard_of(connection_id)].put(_Part(sender, [alone], done, due))
            return await done
        by_shard: dict[int, list[bytes]] = {}
        for connection_id, envelope in items:
            by_shard.setdefault(self.shard_of(connection_id), []).append(envelope)
        waits = []
        for number, envelopes in by_shard.items():
            for chunk in _chunks(envelopes):
                done = loop.create_future()
                self._shards[number].put(_Part(sender, chunk, done, due))
                waits.append(done)
        if len(waits) == 1:
            return await waits[0]
        results = await asyncio.gather(*waits, return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                raise result
        return max(result for result in results if isinstance(result, int))


class _Shard:
    def __init__(self, bus: Bus, number: int, in_flight: int, room: Room) -> None:
        self._bus = bus
        self._room = room
        self._subject = subjects.to(subjects.RAW, number)
        self._queue: FairQueue[_Part] = FairQueue()
        self._wake = asyncio.Event()
        self._slots = asyncio.Semaphore(in_flight)
        self._stopping = False
        self._task: asyncio.Task[None] | None = None
        self._groups: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name=f"committer:{self._subject}")

    async def stop(self) -> None:
        self._stopping = True
        self._wake.set()
        if self._task:
            await self._task
        await asyncio.gather(*self._groups, return_exceptions=True)

    def put(self, part: _Part) -> None:
        self._queue.put(part.sender, part)
        self._room.enter(part.sender, len(part.items))
        self._wake.set()

    async def _run(self) -> None:
        while True:
            if not self._queue:
                if self._stopping:
                    return
                self._wake.clear()
                await self._wake.wait()
                continue
            await self._slots.acquire()
            group = self._take()
            task = asyncio.create_task(self._publish(group))
            self._groups.add(task)
            task.add_done_callback(self._groups.discard)

    def _take(self) -> list[_Part]:
        group = [self._queue.pop()]
        count, size = len(group[0].items), group[0].size
        while self._queue:
            part = self._queue.first()
            count, size = count + len(part.items), size + part.size
            if count > GROUP_MAX_ITEMS or size > GROUP_MAX_BYTES:
                break
            group.append(self._queue.pop())
        return group

    async def _publish(self, group: list[_Part]) -> None:
        # PHI: rests in INGEST until it is stored, at most 7 days; account and disk protect it.
        left_s = min(part.due for part in group) - asyncio.get_running_loop().time()
        payload = b"[" + b",".join([item for part in group for item in part.items]) + b"]"
        try:
            with telemetry.PIPELINE_SECONDS.labels("receive_to_stream").time():
                sequence = await self._bus.publish(
                    self._subject, payload, msg_id=uuid4().hex, deadline_s=left_s
                )
        except Exception as error:
            for part in group:
                if not part.done.done():
                    part.done.set_exception(error if isinstance(error, Unavailable) else Unavailable("bus"))
            if not isinstance(error, Unavailable):
                log.failure("group_failed", error)
        else:
            for part in group:
                if (
                    not part.done.done()
                ):  # done already: the client is gone; its reading is stored all the same
                    part.done.set_result(sequence)
        finally:
            for part in group:
                self._room.leave(part.sender, len(part.items))
            self._slots.release()


def _chunks(items: list[bytes]) -> list[list[bytes]]:
    """Splits what is larger than a group may be."""
    chunks: list[list[bytes]] = []
    current: list[bytes] = []
    size = 0
    for item in items:
        if current and (len(current) >= GROUP_MAX_ITEMS or size + len(item) > GROUP_MAX_BYTES):
            chunks.append(current)
            current, size = [], 0
        current.append(item)
        size += len(item) + 1
    chunks.append(current)
    return chunks
