"""The live hub: one ordered reader of EVENTS for the whole gateway, fanned out to whoever listens to a patient."""

import asyncio
from collections import defaultdict
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec
from nats.aio.msg import Msg

from chassis.bus import Bus
from chassis.clock import now
from chassis.log import Log
from chassis.ordered import OrderedReader
from chassis.resource import Job
from gateway import cursor
from gateway.cursor import LAST, Cursor
from gateway.frames import HEARD, Frame, frames_of, preview_of
from gateway.replay import STREAM, missed
from gateway.subscription import Subscription
from gateway.world import World
from proto.errors import Unavailable
from proto.state import ConnectionState
from proto.subjects import OBSERVATIONS_LIVE

log = Log("hub")

TICK_S: Final = 1.0


class Hub:
    """Rooms by patient. Everything here runs between two awaits, so a room never changes while it is told something."""

    def __init__(self, bus: Bus, world: World) -> None:
        self._bus = bus
        self._world = world
        self._rooms: defaultdict[UUID, set[Subscription]] = defaultdict(set)
        self._replays: set[asyncio.Task[None]] = set()
        self._reader = OrderedReader(bus, STREAM, HEARD, self._on_message, on_reset=self._on_reset)
        self._clock = Job("live-permissions", TICK_S, self._tick)
        world.on_change(self._on_access_changed)

    async def start(self) -> None:
        await self._reader.start()
        await self._bus.listen(f"{OBSERVATIONS_LIVE}.*", self._on_live)
        await self._clock.start()

    async def stop(self) -> None:
        await self._clock.stop()
        for task in list(self._replays):
            task.cancel()
        await asyncio.gather(*self._replays, return_exceptions=True)
        await self._reader.stop()

    def problem(self) -> str | None:
        return self._reader.problem()

    def head(self) -> Cursor:
        """Where the stream is now. Raises `Unavailable` before it was ever read."""
        if self._reader.created is None:
            raise Unavailable("events")
        return Cursor(cursor.incarnation_of(self._reader.created), self._reader.seen, LAST)

    # --- joining and leaving

    def join(self, subscription: Subscription, after: Cursor | None) -> Cursor:
        """Lets a subscription hear from now on, first replaying what came after a cursor. Answers where it begins."""
        head = self.head()
        self._rooms[subscription.patient_id].add(subscription)
        if after is None:
            subscription.begin_at(head.position, replaying=False)
            return head
        is_ahead = after.sequence > head.sequence  # another gateway was further: what is live will be skipped
        subscription.begin_at(after.position, replaying=not is_ahead)
        if not is_ahead:
            task = asyncio.create_task(self._replay(subscription, after, head), name="replay")
            self._replays.add(task)
            task.add_done_callback(self._replays.discard)
        return after

    def leave(self, subscription: Subscription) -> None:
        room = self._rooms.get(subscription.patient_id)
        if room is not None:
            room.discard(subscription)
            if not room:
                del self._rooms[subscription.patient_id]

    async def is_held(self, after: Cursor) -> bool:
        """Whether the stream still has everything after a cursor. Raises `Unavailable`."""
        head = self.head()
        if after.incarnation != head.incarnation:
            return False
        info = await self._bus.stream_info(STREAM)
        return not cursor.is_lost(after, cursor.incarnation_of(info.created), info.first_seq)

    async def _replay(self, subscription: Subscription, after: Cursor, head: Cursor) -> None:
        first = after.sequence + 1 if after.part == LAST else after.sequence
        try:
            async for message in missed(self._bus, subscription.patient_id, first, head.sequence):
                await subscription.room()
                for frame in self._frames(
                    message.subject, message.payload, head.incarnation, message.sequence
                ):
                    subscription.replay(frame)
        except Exception as error:
            log.failure("replay_failed", error)
            subscription.tell_gap(None)
        await subscription.go_live()

    # --- what comes

    def _on_message(self, msg: Msg, sequence: int, pending: int) -> None:
        room = self._room_of(msg.subject)
        if not room or self._reader.created is None:
            return
        incarnation = cursor.incarnation_of(self._reader.created)
        for frame in self._frames(msg.subject, msg.data, incarnation, sequence):
            for subscription in room:
                subscription.offer(frame)

    async def _on_live(self, msg: Msg) -> None:
        room = self._room_of(msg.subject)
        if not room:
            return
        try:
            patient_id, frame = preview_of(msg.data)
        except msgspec.DecodeError as error:
            log.failure("preview_unreadable", error)
            return
        for subscription in room:
            if subscription.patient_id == patient_id:
                subscription.offer(frame)

    def _room_of(self, subject: str) -> set[Subscription] | None:
        try:
            return self._rooms.get(UUID(subject.rsplit(".", 1)[1]))
        except ValueError:
            return None

    def _frames(self, subject: str, payload: bytes, incarnation: int, sequence: int) -> list[Frame]:
        try:
            return frames_of(subject, payload, incarnation=incarnation, sequence=sequence)
        except msgspec.DecodeError as error:
            log.failure("event_unreadable", error, subject=subject.rsplit(".", 1)[0], sequence=sequence)
            return []

    async def _on_reset(self) -> None:
        for room in self._rooms.values():
            for subscription in room:
                subscription.restart()

    # --- who may see

    def _on_access_changed(self, patient_id: UUID, connection: ConnectionState | None) -> None:
        at = now()
        for subscription in tuple(self._rooms.get(patient_id, ())):
            if connection is not None:
                subscription.lose_connection(connection.id, connection.consent_kinds)
            self._review(subscription, at)

    async def _tick(self) -> None:
        """Grants end by the clock, without an event."""
        at = now()
        for room in tuple(self._rooms.values()):
            for subscription in tuple(room):
                self._review(subscription, at)

    def _review(self, subscription: Subscription, at: datetime) -> None:
        if not subscription.review(at):
            self.leave(subscription)
