"""A live client, whether WebSocket or SSE: its person, its way out, its subscriptions, and what ends it."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final
from uuid import UUID

import msgspec

from chassis import telemetry
from chassis.audit import AuditRecord
from chassis.clock import now
from chassis.log import Log
from chassis.resource import Job
from gateway import cursor as cursors
from gateway.auditor import AuditLog
from gateway.hub import Hub
from gateway.limits import Seats
from gateway.outlet import Outlet
from gateway.session import Sessions
from gateway.settings import Settings
from gateway.subscription import Subscription
from gateway.tickets import Ticket
from gateway.world import World
from proto.errors import Refused

log = Log("listener")

SESSION_ENDED: Final = 4401
SESSION_CHECK_S: Final = 60.0


class Listener:
    """Made by `Listeners.open`. `outlet` is what the transport writes from."""

    def __init__(self, ticket: Ticket, settings: Settings, world: World, hub: Hub, auditor: AuditLog) -> None:
        self.ticket = ticket
        self.outlet = Outlet(settings.live_stall_s)
        self.cut = asyncio.Event()
        """Set when the client is beyond reach: the transport gives up without a goodbye."""
        self.checked_at = time.monotonic()
        self._principal = ticket.principal()
        self._limit = settings.limit_subscriptions_per_socket
        self._world = world
        self._hub = hub
        self._auditor = auditor
        self._subscriptions: dict[UUID, Subscription] = {}

    async def subscribe(
        self,
        *,
        patient_id: UUID | None = None,
        connection_id: UUID | None = None,
        after: str | None = None,
        ref: str | None = None,
    ) -> None:
        """Lets frames of a patient or one connection come, after a `subscribed` frame.

        Raises `Refused`: `not_found` (also for what is not theirs), `rate_limited`; `Unavailable` when permissions,
        the stream or the audit log cannot be asked.
        """
        self._world.require()
        if sum(not subscription.has_ended for subscription in self._subscriptions.values()) >= self._limit:
            raise Refused("rate_limited", retry_after_s=1)
        subscription = self._subscription_to(patient_id, connection_id)
        is_allowed = subscription is not None and self._may_read(subscription)
        if not is_allowed:
            await self._world.catch_up()
            subscription = self._subscription_to(patient_id, connection_id)
            is_allowed = subscription is not None and self._may_read(subscription)
        await self._audit(subscription, patient_id, connection_id, is_allowed=is_allowed)
        if subscription is None or not is_allowed:
            raise Refused("not_found")
        wanted = cursors.decode(after) if after is not None else None
        if wanted is not None and not await self._hub.is_held(wanted):
            wanted = None
        # From here on nothing waits: what is live begins exactly where `subscribed` says.
        if not self._may_read(subscription):
            raise Refused("not_found")
        self.unsubscribe(subscription.key)
        self._subscriptions[subscription.key] = subscription
        cursor = cursors.encode(self._hub.join(subscription, wanted))
        self.outlet.put(_subscribed(subscription, cursor, ref), cursor)
        if after is not None and wanted is None:
            subscription.tell_gap(None)

    def unsubscribe(self, key: UUID) -> bool:
        subscription = self._subscriptions.pop(key, None)
        if subscription is None:
            return False
        self._hub.leave(subscription)
        return True

    def end(self, code: int) -> None:
        self.outlet.close(code)

    def close(self) -> None:
        """Leaves every room."""
        for key in list(self._subscriptions):
            self.unsubscribe(key)

    def _subscription_to(self, patient_id: UUID | None, connection_id: UUID | None) -> Subscription | None:
        if connection_id is not None:
            connection = self._world.connection(connection_id)
            patient_id = connection.patient_id if connection is not None else None
        if patient_id is None:
            return None
        return Subscription(
            self._world,
            self.outlet,
            reader=self._principal.user_id,
            patient_id=patient_id,
            connection_id=connection_id,
        )

    def _may_read(self, subscription: Subscription) -> bool:
        if subscription.is_owner and self._principal.patient_id != subscription.patient_id:
            return False  # an account without a body behind it has no stream of its own
        subscription.kinds = subscription.allowed(now())
        return bool(subscription.kinds)

    async def _audit(
        self,
        subscription: Subscription | None,
        patient_id: UUID | None,
        connection_id: UUID | None,
        *,
        is_allowed: bool,
    ) -> None:
        await self._auditor.write(
            AuditRecord(
                action="live.subscribe",
                actor_id=str(self._principal.user_id),
                actor_role=self._principal.role,
                object_type="patient" if connection_id is None else "device_connection",
                object_id=str(connection_id or patient_id),
                patient_id=subscription.patient_id if subscription is not None else patient_id,
                outcome="allowed" if is_allowed else "denied",
                details={"data_kinds": sorted(subscription.kinds)} if subscription and is_allowed else {},
            )
        )


def _subscribed(subscription: Subscription, cursor: str, ref: str | None) -> str:
    content: dict[str, Any] = {"type": "subscribed"}
    if ref is not None:
        content["ref"] = ref
    name = "device_connection_id" if subscription.connection_id is not None else "patient_id"
    content[name] = subscription.key
    content["cursor"] = cursor
    return msgspec.json.encode(content).decode()


class Listeners:
    """All live clients of this process: their seats, and the clock that ends them."""

    def __init__(
        self, settings: Settings, world: World, hub: Hub, auditor: AuditLog, sessions: Sessions
    ) -> None:
        self.settings = settings
        self._world = world
        self._hub = hub
        self._auditor = auditor
        self._sessions = sessions
        self._seats: Seats[UUID] = Seats(settings.limit_sockets_per_user)
        self._open: set[Listener] = set()
        self._clock = Job("listeners", 1.0, self._tick)
        sessions.on_end(self._session_ended)

    async def start(self) -> None:
        await self._clock.start()

    async def stop(self) -> None:
        await self._clock.stop()

    def problem(self) -> str | None:
        return None

    @contextmanager
    def open(self, ticket: Ticket, transport: str) -> Iterator[Listener]:
        """A listener for as long as the block lasts. Raises `Refused("rate_limited")` when the person has too many."""
        if not self._seats.take(ticket.user_id):
            raise Refused("rate_limited", retry_after_s=5)
        listener = Listener(ticket, self.settings, self._world, self._hub, self._auditor)
        self._open.add(listener)
        telemetry.LIVE_SOCKETS.labels(transport).inc()
        try:
            yield listener
        finally:
            telemetry.LIVE_SOCKETS.labels(transport).dec()
            self._open.discard(listener)
            self._seats.leave(ticket.user_id)
            listener.close()

    async def note_refused(self, ticket: Ticket) -> None:
        """Somebody came with a ticket that was used before, or from a foreign page: whose ticket it is shall know."""
        await self._auditor.write(
            AuditRecord(
                action="live.subscribe",
                actor_id=str(ticket.user_id),
                actor_role=ticket.principal().role,
                object_type="live_ticket",
                object_id=str(ticket.user_id),
                patient_id=ticket.patient_id,
                outcome="denied",
            )
        )

    def _session_ended(self, key: str) -> None:
        for listener in self._open:
            if listener.ticket.session_key == key:
                listener.end(SESSION_ENDED)

    async def _tick(self) -> None:
        moment, wall = time.monotonic(), time.time()
        due: dict[str, list[Listener]] = {}
        for listener in tuple(self._open):
            if not listener.outlet.look_after(moment):
                listener.cut.set()
            if wall >= listener.ticket.ends_at:
                listener.end(SESSION_ENDED)
            key = listener.ticket.session_key
            if key is not None and moment - listener.checked_at > SESSION_CHECK_S:
                due.setdefault(key, []).append(listener)
        for key, listeners in due.items():
            waits_longer = "clinician" in listeners[0].ticket.roles
            lives = await self._sessions.still_lives(key, waits_longer=waits_longer)
            for listener in listeners:
                listener.checked_at = time.monotonic()
                if not lives:
                    listener.end(SESSION_ENDED)
