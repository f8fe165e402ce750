"""INGEST in: decodes the next batch while the previous one is being stored, then one transaction, then receipts."""

from typing import Final
from uuid import UUID

import msgspec

from chassis import telemetry
from chassis.bus import Bus
from chassis.clock import now, uuid7, uuid7s
from chassis.consume import DONE, Delivery, Reject, Subscription, Verdict
from chassis.crypto import KeyRing, seal
from chassis.db import Database
from chassis.log import Log
from proto import subjects
from proto.events import ConnectionChanged
from proto.raw import RawDeletion, RawEmptied, RawEntry, RawReading
from services.normalizer.batch import Batch, add_deletion, add_reading, decode_items
from services.normalizer.gatt_in import add_gatt
from services.normalizer.recording import Partitions, Recorded, receipts, record
from services.normalizer.store import dead_letters, readings
from services.normalizer.world import World

log = Log("normalizer")
UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class Prepared(msgspec.Struct):
    """The batch, and which deliveries hold something that cannot be read: they are given up, kept whole and sealed,
    when what can be read of them is stored."""

    batch: Batch
    unreadable: set[int]


class Normalizer:
    """The handler of the `normalizer` consumer."""

    def __init__(self, bus: Bus, db: Database, world: World, ring: KeyRing) -> None:
        self._bus = bus
        self._db = db
        self._world = world
        self._ring = ring
        self._partitions = Partitions()

    def subscription(self, batch: int) -> Subscription[Prepared]:
        return Subscription("normalizer", self.handle, self.prepare, on_dead=self.keep_dead, batch=batch)

    def prepare(self, deliveries: list[Delivery]) -> Prepared:
        """Raises `Unavailable` while it is not known who consented to what; the batch then waits."""
        self._world.require()
        batch = Batch()
        unreadable: set[int] = set()
        for index, delivery in enumerate(deliveries):
            try:
                items, is_whole = decode_items(delivery.data)
            except UNREADABLE:
                unreadable.add(index)
                continue
            added = [self._added(batch, item, id) for item, id in zip(items, uuid7s(len(items)), strict=True)]
            if not (is_whole and all(added)):
                unreadable.add(index)
        self._world.sessions.update(batch.sessions)
        return Prepared(batch, unreadable)

    def _added(self, batch: Batch, item: RawEntry, id: UUID) -> bool:
        """False for an item that cannot be read. The edges let none in: it is a fault of ours, and stays its own."""
        try:
            if isinstance(item, RawReading):
                add_reading(batch, item, self._world, id)
            elif isinstance(item, RawDeletion | RawEmptied):
                add_deletion(batch, item, self._world)
            else:
                add_gatt(batch, item, self._world, uuid7)
        except UNREADABLE:
            return False
        return True

    async def handle(self, deliveries: list[Delivery], prepared: Prepared) -> list[Verdict]:
        at = now()
        if prepared.batch.may_be_early:
            await self._world.catch_up()
            # Judged anew in any case: what was missing may have been heard since `prepare`, before we asked.
            prepared = self.prepare(deliveries)
        done = await self._db.repeat(
            lambda tx: record(tx, prepared.batch, self._ring, at, self._partitions), "record_batch"
        )
        await self._after(prepared.batch, done)
        return [
            Reject("unreadable") if index in prepared.unreadable else DONE for index in range(len(deliveries))
        ]

    async def _after(self, batch: Batch, done: Recorded) -> None:
        """Only now the hubs forget, and live values are shown. A lost receipt is cured by the hub's resend."""
        for hub_id, receipt in receipts(done):
            await self._bus.say(subjects.to(subjects.HUBS_RECEIPT, hub_id), msgspec.json.encode(receipt))
        for live in batch.live:
            await self._bus.say(
                subjects.to(subjects.OBSERVATIONS_LIVE, live.patient_id), msgspec.json.encode(live)
            )
        telemetry.READINGS.labels("stored", "accepted").inc(len(done.stored))
        telemetry.READINGS.labels("stored", "duplicate").inc(len(done.duplicates))
        telemetry.READINGS.labels("stored", "rejected").inc(len(done.rejected))
        stored_at = now()
        for candidate in done.stored[:1]:
            telemetry.PIPELINE_SECONDS.labels("stream_to_db").observe(
                max(0.0, (stored_at - candidate.origin.item.received_at).total_seconds())
            )

    async def on_connection_changed(self, delivery: Delivery) -> Verdict:
        """A patient asked for a device's readings to be erased: everything but the audit log forgets them."""
        change = msgspec.json.decode(delivery.data, type=ConnectionChanged)
        if change.code != "erased":
            return DONE
        async with self._db.transaction("erase") as tx:
            count = await readings.delete_everything(tx.conn, change.device_connection_id)
        log.info("readings_erased", connection_id=change.device_connection_id, count=count)
        return DONE

    async def keep_dead(self, delivery: Delivery, reason: str) -> None:
        """A whole message that was given up rests here, sealed, until somebody looks."""
        id = uuid7()
        sealed = seal(
            self._ring,
            delivery.data,
            table="normalizer.dead_letters",
            column="payload_sealed",
            row=str(id),
            patient="",
        )
        async with self._db.transaction("dead_letter") as tx:
            await dead_letters.insert_dead_letters(
                tx.conn,
                [(id, "normalizer", "INGEST", delivery.sequence, None, None, reason, None, sealed)],
            )
