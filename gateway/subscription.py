"""One subscription of one live client: what it lets through, and how it goes from the past to the present without a seam."""

from collections import deque
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from chassis.clock import now
from gateway.cursor import Position
from gateway.frames import Frame
from gateway.outlet import MAX_FRAMES, Outlet, gap_text
from gateway.world import World
from proto.access import ALL_KINDS
from proto.words import Kind

START: Final = Position(0, 0)
PENDING_MAX: Final = 5000
AT_ONCE: Final = MAX_FRAMES // 4
"""After `room` at most half of the way out is taken."""


class Subscription:
    """Of a patient, or of one connection of theirs. While `replaying`, what is live waits behind what was missed."""

    def __init__(
        self,
        world: World,
        outlet: Outlet,
        *,
        reader: UUID,
        patient_id: UUID,
        connection_id: UUID | None = None,
    ) -> None:
        self._world = world
        self._outlet = outlet
        self.reader = reader
        self.patient_id = patient_id
        self.connection_id = connection_id
        self.is_owner = reader == patient_id
        self.kinds: frozenset[Kind] = frozenset()
        self._at = START
        self._pending: deque[Frame] | None = None
        self._pending_lost: datetime | None = None
        self._held_since: datetime | None = None
        self.has_ended = False

    @property
    def key(self) -> UUID:
        """What the client calls it by."""
        return self.connection_id or self.patient_id

    def allowed(self, at: datetime) -> frozenset[Kind]:
        """The kinds that the reader may see now; none = nothing at all."""
        if self.is_owner:
            return ALL_KINDS
        if self.connection_id is not None:
            return self._world.visible(self.reader, self.connection_id, at)
        return self._world.granted(self.reader, self.patient_id, at)

    # --- frames

    def offer(self, frame: Frame) -> None:
        """A live frame from the hub."""
        if self._pending is None:
            self._pass_on(frame)
        elif len(self._pending) < PENDING_MAX:
            self._pending.append(frame)
        elif self._pending_lost is None:
            self._pending_lost = now()

    def replay(self, frame: Frame) -> None:
        """A missed frame."""
        self._pass_on(frame)

    def begin_at(self, position: Position, *, replaying: bool) -> None:
        """Nothing up to here is sent (again)."""
        self._at = position
        self._pending = deque() if replaying else None

    async def go_live(self) -> None:
        """The past is told; now what waited, then what comes. What the replay had already is skipped.

        What waited may be more than the way out holds: it goes as there is room, and what comes meanwhile waits too.
        """
        while self._pending:
            await self.room()
            for _ in range(min(len(self._pending), AT_ONCE)):
                self._pass_on(self._pending.popleft())
        self._pending = None
        if self._pending_lost is not None:
            self.tell_gap(self._pending_lost)
            self._pending_lost = None

    def restart(self) -> None:
        """The stream is another one: positions of the old one mean nothing, and what lay between is not known."""
        self._at = START
        self.tell_gap(None)

    def tell_gap(self, since: datetime | None) -> None:
        self._outlet.put(gap_text(since, now()), None, self)

    async def room(self) -> None:
        await self._outlet.room()

    def _pass_on(self, frame: Frame) -> None:
        if frame.position is not None:
            if frame.position <= self._at:
                return
            self._at = frame.position
        if self.connection_id is not None and frame.connection_id != self.connection_id:
            return
        text = frame.text if self.is_owner else self._narrow(frame)
        if text is not None:
            self._outlet.put(text, frame.cursor, self)

    def _narrow(self, frame: Frame) -> str | None:
        at = now()
        if not self._world.is_fresh:
            # Whether it is still allowed cannot be known: nothing is shown, and the gap is told when it can be again.
            self._held_since = self._held_since or at
            return None
        if frame.connection_id is not None:
            kinds = self._world.visible(self.reader, frame.connection_id, at)
        else:
            kinds = self.allowed(at)
        return frame.seen_with(kinds)

    # --- what may be seen changes

    def review(self, at: datetime) -> bool:
        """Compares what may be seen now with before, and says what was taken away. False: nothing is left, it ends."""
        if self.is_owner:
            return True
        if self._held_since is not None and self._world.is_fresh:
            self.tell_gap(self._held_since)
            self._held_since = None
        before, self.kinds = self.kinds, self.allowed(at)
        if not self.kinds:
            self._revoke(None)
            self.has_ended = True
            return False
        if lost := before - self.kinds:
            self._revoke(lost)
        return True

    def lose_connection(self, connection_id: UUID, kinds: frozenset[Kind]) -> None:
        """Consent for one of the patient's connections ended: its kinds are gone as far as this device gave them."""
        if not self.is_owner and self.connection_id is None and (lost := kinds & self.kinds):
            self._revoke(lost, connection_id)

    def _revoke(self, lost: frozenset[Kind] | None, connection_id: UUID | None = None) -> None:
        # What waits in the queue was allowed when it came and is not any more.
        had_waiting = self._outlet.drop_of(self)
        content: dict[str, Any] = {
            "type": "revoked",
            "patient_id": self.patient_id,
            "data_kinds": sorted(lost) if lost is not None else None,
        }
        if connection_id or self.connection_id:
            content["device_connection_id"] = connection_id or self.connection_id
        self._outlet.put(msgspec.json.encode(content).decode())
        if had_waiting and lost is not None:
            self.tell_gap(None)
