"""Durable pull consumers: handlers say what happened (`Done | Retry | Reject`); only this file knows ack, nak and term.

Infrastructure down: stop fetching and try the same batch again, for ever. A batch that fails otherwise is tried
message by message; one that fails alone while the database answers is sent back with growing delays, at most five
deliveries, and then given up: `on_dead`, a `dlq` message with the reason, and `term`.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, Generic, TypeVar

import msgspec
from nats.aio.msg import Msg
from nats.errors import Error

from chassis import telemetry
from chassis.bus import Bus
from chassis.clock import now
from chassis.db import is_passing
from chassis.log import Log
from chassis.pull import Puller
from proto import subjects
from proto.errors import Refused, Unavailable
from proto.events import DeadLetter

log = Log("consume")
P = TypeVar("P")

MAX_DELIVERIES: Final = 5
BACKOFF_S: Final = (1.0, 5.0, 30.0, 120.0, 600.0)
FETCH_WAIT_S: Final = 2.0
ACK_PARTS: Final = 9
GATHERED_S: Final = 0.02
RESTART_S: Final = 1.0
AGAIN_MAX_S: Final = 0.5
"""How long a batch waits at most between two tries: so late it is stored when what was down is back."""
STAYS: Final = 4
"""How often, in the time after which a message would go to somebody else, the server hears that it is still in hand."""


class Delivery:
    """A message in hand."""

    __slots__ = ("_msg", "data", "headers", "num_delivered", "num_pending", "sequence", "subject")

    def __init__(self, msg: Msg) -> None:
        self._msg = msg
        self.subject = msg.subject
        self.data = msg.data
        self.headers = msg.headers
        self.num_delivered, self.sequence, self.num_pending = _numbers(msg.reply)


def _numbers(reply: str) -> tuple[int, int, int]:
    """Deliveries, sequence in the stream and what is still to come, from where the acknowledgement goes.

    `$JS.ACK.<stream>.<consumer>.<delivered>.<sequence>.<own sequence>.<time>.<pending>`; newer servers say the domain
    and the account before the stream. The client's own reading of it makes a date and two objects a message.
    """
    parts = reply.split(".")
    first = 4 if len(parts) == ACK_PARTS else 6
    return int(parts[first]), int(parts[first + 1]), int(parts[first + 4])


class Done(msgspec.Struct, frozen=True):
    """Finished; never deliver again."""


class Retry(msgspec.Struct, frozen=True):
    """Not now; deliver again after a while, without a limit."""

    after_s: float = 1.0


class Reject(msgspec.Struct, frozen=True):
    """Will never succeed; give it up with a reason (a code)."""

    reason: str


Verdict = Done | Retry | Reject
DONE: Final = Done()


class Subscription(Generic[P]):
    """One durable consumer and its handler.

    `prepare` is pure work on a fetched batch, done while the previous batch is still being stored; `handle` does the
    rest and answers one verdict a message. `on_dead` keeps what is given up (in the service's own tables).
    `linger_s`: how long a batch that is not full may gather, for work that is cheaper together and not urgent.
    """

    def __init__(
        self,
        durable: str,
        handle: Callable[[list[Delivery], P], Awaitable[list[Verdict]]],
        prepare: Callable[[list[Delivery]], P],
        *,
        on_dead: Callable[[Delivery, str], Awaitable[None]] | None = None,
        batch: int = 64,
        linger_s: float = 0.0,
    ) -> None:
        self.declared = next(row for row in subjects.CONSUMERS if row.durable == durable)
        self.handle = handle
        self.prepare = prepare
        self.on_dead = on_dead
        self.batch = batch
        self.linger_s = linger_s


def each(
    durable: str,
    handle: Callable[[Delivery], Awaitable[Verdict]],
    *,
    on_dead: Callable[[Delivery, str], Awaitable[None]] | None = None,
    batch: int = 32,
) -> Subscription[None]:
    """A subscription whose handler takes one message at a time, in order."""

    async def handle_all(deliveries: list[Delivery], _: None) -> list[Verdict]:
        verdicts: list[Verdict] = []
        for delivery in deliveries:
            try:
                verdicts.append(await handle(delivery))
            except Exception as error:
                if is_passing(error):
                    raise
                verdicts.append(after_failure(delivery, error))
        return verdicts

    return Subscription(durable, handle_all, lambda deliveries: None, on_dead=on_dead, batch=batch)


def after_failure(delivery: Delivery, error: Exception) -> Verdict:
    """What becomes of a message that failed alone while everything else answers."""
    reason = error.code if isinstance(error, Refused) else type(error).__name__
    log.failure("message_failed", error, sequence=delivery.sequence, attempt=delivery.num_delivered)
    if isinstance(error, Refused) or delivery.num_delivered >= MAX_DELIVERIES:
        return Reject(reason)
    return Retry(BACKOFF_S[min(delivery.num_delivered, len(BACKOFF_S)) - 1])


class Consumer(Generic[P]):
    """Runs a subscription for as long as the process lives."""

    def __init__(self, bus: Bus, subscription: Subscription[P], *, app_bus: Bus | None = None) -> None:
        self._bus = bus
        self._app_bus = app_bus or bus
        """Where `dlq` messages go: APP, also for a consumer in HUBS."""
        self._sub = subscription
        self._stop = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._puller = Puller(bus, subscription.declared)
        self._acknowledged = telemetry.OUTCOMES.labels(subscription.declared.durable, "ack")
        self._failing = False
        self._in_hand: list[list[Delivery]] = []
        self._stays: asyncio.Task[None] | None = None
        bus.on_reconnect(self._on_reconnect)

    async def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name=f"consumer:{self._sub.declared.durable}")
        self._task.add_done_callback(self._on_end)
        self._stays = asyncio.create_task(self._stay(), name=f"stay:{self._sub.declared.durable}")

    async def stop(self) -> None:
        self._stop.set()
        self._puller.wake()
        if self._task:
            try:
                await asyncio.wait_for(self._task, 15)
            except TimeoutError:
                log.warning("consumer_stopped_hard", consumer=self._sub.declared.durable)
        if self._stays is not None:
            self._stays.cancel()
        await self._puller.close()

    def problem(self) -> str | None:
        if self._task is not None and self._task.done():
            return f"{self._sub.declared.durable} has stopped"
        return f"{self._sub.declared.durable} cannot store what it takes" if self._failing else None

    def _on_end(self, task: "asyncio.Task[None]") -> None:
        """A consumer that ends by itself is a fault of ours: it is said, and the process is not ready any more."""
        if not task.cancelled() and (error := task.exception()) is not None:
            log.failure("consumer_died", error, consumer=self._sub.declared.durable)

    async def _on_reconnect(self) -> None:
        """The server that held the request is gone."""
        self._puller.wake()

    async def _run(self) -> None:
        """Until stopped. What goes wrong outside a handler is said and gone over: a consumer must not end unheard."""
        while not self._stop.is_set():
            try:
                await self._take_turns()
            except Exception as error:
                log.failure("consumer_failed", error, consumer=self._sub.declared.durable)
                await asyncio.sleep(RESTART_S)

    async def _take_turns(self) -> None:
        """Takes what is there, batch by batch; order is kept.

        With a backlog the next batch is fetched and prepared while the previous one is being handled. Without one,
        what comes meanwhile gathers: a batch of a few costs nearly as much as one of many.
        """
        handling: asyncio.Task[None] | None = None
        try:
            while not self._stop.is_set():
                deliveries = await self._fetch()
                if not deliveries:
                    continue
                has_more = deliveries[-1].num_pending > 0
                if self._sub.linger_s and len(deliveries) < self._sub.batch:
                    await asyncio.sleep(self._sub.linger_s)
                    deliveries += await self._fetch(wait_s=GATHERED_S)
                try:
                    prepared: P | None = self._sub.prepare(deliveries)
                except Exception as error:
                    log.failure("prepare_failed", error, consumer=self._sub.declared.durable)
                    prepared = None
                self._in_hand.append(deliveries)
                if handling is not None:
                    await handling
                handling = asyncio.create_task(self._handle(deliveries, prepared))
                if not has_more:
                    await handling
                    handling = None
        finally:
            try:
                if handling is not None:
                    await handling
            finally:
                self._in_hand.clear()  # what was not begun comes again

    async def _fetch(self, wait_s: float = FETCH_WAIT_S) -> list[Delivery]:
        try:
            messages = await self._puller.fetch(self._sub.batch, wait_s)
        except (Error, Unavailable) as error:
            log.warning("fetch_failed", consumer=self._sub.declared.durable, error=type(error).__name__)
            await asyncio.sleep(0.2)
            return []
        telemetry.CONSUMED.labels(self._sub.declared.durable).inc(len(messages))
        return [Delivery(msg) for msg in messages]

    async def _handle(self, deliveries: list[Delivery], prepared: P | None) -> None:
        durable = self._sub.declared.durable
        try:
            with (
                telemetry.batch_span(f"process {durable}", [d.headers for d in deliveries]),
                telemetry.PROCESS_SECONDS.labels(durable).time(),
            ):
                verdicts = await self._decide(deliveries, prepared)
            for delivery, verdict in zip(deliveries, verdicts, strict=True):
                await self._settle(delivery, verdict)
        finally:
            self._in_hand = [others for others in self._in_hand if others is not deliveries]

    async def _stay(self) -> None:
        """Keeps what is in hand, however long the handler takes."""
        while True:
            await asyncio.sleep(self._sub.declared.ack_wait_s / STAYS)
            try:
                for deliveries in tuple(self._in_hand):
                    await self._keep(deliveries)
            except (
                Exception
            ) as error:  # the next turn tries again; what went to somebody else by then does no harm
                log.failure("stay_failed", error, consumer=self._sub.declared.durable)

    async def _decide(self, deliveries: list[Delivery], prepared: P | None) -> list[Verdict]:
        delay = 0.1
        while True:
            try:
                if prepared is None:
                    prepared = self._sub.prepare(deliveries)
                verdicts = await self._sub.handle(deliveries, prepared)
                self._failing = False
                return verdicts
            except Exception as error:
                if not is_passing(error):
                    return await self._one_by_one(deliveries, error)
                self._failing = True
                if self._stop.is_set():
                    return [Retry(1.0) for _ in deliveries]
                log.warning(
                    "batch_waits",
                    consumer=self._sub.declared.durable,
                    error=type(error).__name__,
                    delay_s=delay,
                )
                await asyncio.sleep(delay)
                delay = min(delay * 2, AGAIN_MAX_S)

    async def _one_by_one(self, deliveries: list[Delivery], error: Exception) -> list[Verdict]:
        if len(deliveries) == 1:
            return [after_failure(deliveries[0], error)]
        verdicts: list[Verdict] = []
        for delivery in deliveries:
            verdicts += await self._decide([delivery], None)
        return verdicts

    async def _keep(self, deliveries: list[Delivery]) -> None:
        """Tells the server that these are still in hand; what is settled by now is not (a nak keeps its own delay)."""
        for delivery in deliveries:
            if not delivery._msg.is_acked:
                await delivery._msg.in_progress()

    async def _settle(self, delivery: Delivery, verdict: Verdict) -> None:
        durable = self._sub.declared.durable
        try:
            match verdict:
                case Done():
                    await delivery._msg.ack()
                    self._acknowledged.inc()
                case Retry(after_s):
                    await delivery._msg.nak(delay=after_s)
                    telemetry.OUTCOMES.labels(durable, "retry").inc()
                case Reject(reason):
                    await self._give_up(delivery, reason)
                    telemetry.OUTCOMES.labels(durable, "term").inc()
        except (Error, Unavailable) as error:
            # Not settled: it comes again, and the record key makes that harmless.
            log.warning("settle_failed", consumer=durable, error=type(error).__name__)

    async def _give_up(self, delivery: Delivery, reason: str) -> None:
        durable = self._sub.declared.durable
        if self._sub.on_dead is not None:
            try:
                await self._sub.on_dead(delivery, reason)
            except Exception as error:
                log.failure("dead_letter_not_kept", error, consumer=durable)
                await delivery._msg.nak(delay=5.0)
                return
        letter = DeadLetter(
            consumer=durable,
            stream=self._sub.declared.stream,
            sequence=delivery.sequence,
            reason=reason,
            at=now(),
        )
        await self._app_bus.publish(
            subjects.to(subjects.DLQ, durable),
            msgspec.json.encode(letter),
            msg_id=f"dlq-{durable}-{delivery.sequence}",
        )
        await delivery._msg.term()
        log.error("message_given_up", consumer=durable, reason=reason, sequence=delivery.sequence)
