"""EVENTS in: what was recorded and refused, connections and hubs that changed. One transaction a batch."""

from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import msgspec

from chassis.clock import now
from chassis.consume import DONE, Delivery, Subscription, Verdict
from chassis.db import Database, Tx
from chassis.mirror import Mirror
from proto import subjects
from proto.events import ConnectionChanged, DeviceSignal, HealthChanged, HubStateChanged, ReadingsRejected
from proto.identity import digest
from proto.state import ConnectionsEntry, ConnectionState
from services.health import store
from services.health.domain import Condition, condition
from services.health.store import EventRow, Kept, Known

FOLD: Final = timedelta(seconds=60)
SAY_EVERY: Final = timedelta(seconds=5)
"""A busy device is said at most this often, unless its condition changed; the clock says the rest."""


class _Recorded(msgspec.Struct):
    """The part of ObservationsRecorded that is about devices."""

    patient_id: UUID
    signals: list[DeviceSignal] = []


class Heard(msgspec.Struct):
    """A batch, folded."""

    signals: dict[UUID, DeviceSignal] = {}
    patients: dict[UUID, UUID] = {}
    rejected: list[tuple[ReadingsRejected, int]] = []
    changed: list[tuple[ConnectionChanged, int]] = []
    hubs: list[tuple[HubStateChanged, int]] = []
    unreadable: list[int] = []


_decode: Final[dict[str, Any]] = {
    subjects.OBSERVATIONS_RECORDED: msgspec.json.Decoder(_Recorded).decode,
    subjects.READINGS_REJECTED: msgspec.json.Decoder(ReadingsRejected).decode,
    subjects.CONNECTIONS_CHANGED: msgspec.json.Decoder(ConnectionChanged).decode,
    subjects.HUBS_STATE: msgspec.json.Decoder(HubStateChanged).decode,
}


def fold(deliveries: list[Delivery]) -> Heard:
    """Everything of a batch; of a device's signals the newest of each kind."""
    heard = Heard()
    for delivery in deliveries:
        subject = delivery.subject.rsplit(".", 1)[0]
        message = _decode[subject](delivery.data)
        match message:
            case _Recorded():
                for signal in message.signals:
                    heard.patients[signal.device_connection_id] = message.patient_id
                    old = heard.signals.get(signal.device_connection_id)
                    heard.signals[signal.device_connection_id] = (
                        signal if old is None else newest(old, signal)
                    )
            case ReadingsRejected():
                heard.rejected.append((message, delivery.sequence))
            case ConnectionChanged():
                heard.changed.append((message, delivery.sequence))
            case HubStateChanged():
                heard.hubs.append((message, delivery.sequence))
    return heard


def newest(old: DeviceSignal, new: DeviceSignal) -> DeviceSignal:
    """Two signals of a device as one, at the later moment. What only the earlier one said is taken along while it is
    fresh; from long before it could be older than what is stored."""
    first, last = (old, new) if old.at <= new.at else (new, old)
    times = [at for at in (first.reading_at, last.reading_at) if at is not None]
    fresh = last.at - first.at <= FOLD
    return DeviceSignal(
        device_connection_id=new.device_connection_id,
        at=last.at,
        battery_pct=first.battery_pct if last.battery_pct is None and fresh else last.battery_pct,
        rssi=first.rssi if last.rssi is None and fresh else last.rssi,
        firmware=first.firmware if last.firmware is None and fresh else last.firmware,
        reading_at=max(times) if times else None,
    )


class HealthKeeper:
    """The handler of the `health` consumer, and the clock's look at silent devices."""

    def __init__(self, db: Database, connections: Mirror[ConnectionsEntry]) -> None:
        self._db = db
        self._connections = connections

    def subscription(self) -> Subscription[Heard]:
        return Subscription("health", self.handle, fold, batch=200, linger_s=0.2)

    async def handle(self, deliveries: list[Delivery], heard: Heard) -> list[Verdict]:
        at = now()

        async def work(tx: Tx) -> None:
            await self._ensure(tx, heard)
            touched = set(heard.signals)
            if heard.signals:
                await store.apply_signals(tx.conn, list(heard.signals.values()))
            touched |= await self._keep_events(tx, heard, at)
            if touched:
                known = await store.select_known(tx.conn, sorted(touched, key=lambda id: id.int), at)
                await self._keep(tx, [self._judge(tx, each, at) for each in known], at)

        await self._db.repeat(work, "health_batch")
        return [DONE for _ in deliveries]

    async def _ensure(self, tx: Tx, heard: Heard) -> None:
        wanted = dict(heard.patients)
        wanted |= {event.device_connection_id: event.patient_id for event, _ in heard.changed}
        for rejected, _ in heard.rejected:
            wanted |= {
                r.device_connection_id: rejected.patient_id
                for r in rejected.rejections
                if r.device_connection_id
            }
        rows = []
        for id, patient_id in sorted(wanted.items(), key=lambda pair: pair[0].int):
            state = self._connections.get(str(id))
            if isinstance(state, ConnectionState):
                rows.append((id, patient_id, state.device_type, state.hub_id))
        if rows:
            await store.ensure_devices(tx.conn, rows)

    async def _keep_events(self, tx: Tx, heard: Heard, at: datetime) -> set[UUID]:
        events: list[EventRow] = []
        touched: set[UUID] = set()
        for rejected, sequence in heard.rejected:
            for number, rejection in enumerate(rejected.rejections):
                if rejection.device_connection_id is None:
                    continue
                touched.add(rejection.device_connection_id)
                events.append(
                    EventRow(
                        id=_event_id("rejected", sequence, number, rejection.at),
                        device_connection_id=rejection.device_connection_id,
                        patient_id=rejected.patient_id,
                        at=rejection.at,
                        kind="rejected",
                        code=rejection.code,
                        field=rejection.field,
                    )
                )
        for change, sequence in heard.changed:
            await store.set_ended(tx.conn, change.device_connection_id, change.status == "revoked")
            is_status = change.code == "status"
            events.append(
                EventRow(
                    id=_event_id("connection", sequence, 0, change.at),
                    device_connection_id=change.device_connection_id,
                    patient_id=change.patient_id,
                    at=change.at,
                    kind="status" if is_status else "connection",
                    code=change.status if is_status else change.code,
                )
            )
        for state, sequence in heard.hubs:
            offline = state.state == "offline"
            for id, patient_id in await store.set_hub_offline(tx.conn, state.hub_id, offline):
                touched.add(id)
                events.append(
                    EventRow(
                        id=_event_id(str(id), sequence, 0, state.at),
                        device_connection_id=id,
                        patient_id=patient_id,
                        at=state.at,
                        kind="hub",
                        code="hub_offline" if offline else "hub_online",
                    )
                )
        if events:
            await store.insert_events(tx.conn, events)
        return touched

    def _judge(self, tx: Tx, known: Known, at: datetime) -> tuple[Kept, EventRow | None]:
        """Computes the condition, and says it when it changed or was not said for a while."""
        new = condition(known.device, at)
        changed = not _is_same(known, new)
        due = known.said_at is None or at - known.said_at >= SAY_EVERY
        if changed or due:
            tx.emit(
                subjects.to(subjects.HEALTH_CHANGED, known.device.patient_id),
                HealthChanged(
                    device_connection_id=known.device.device_connection_id,
                    patient_id=known.device.patient_id,
                    status=new.status,
                    flags=new.flags,
                    battery_pct=known.device.battery_pct,
                    rssi=known.device.rssi,
                    firmware=known.firmware,
                    last_seen=known.device.last_seen,
                    last_reading_at=known.last_reading_at,
                    at=at,
                ),
            )
        turned = new.status != known.status and known.status != "unknown"
        kept = Kept(known.device.device_connection_id, new, at if changed or due else None)
        return kept, _status_event(known, new, at) if turned else None

    async def _keep(self, tx: Tx, judged: list[tuple[Kept, EventRow | None]], at: datetime) -> None:
        if judged:
            await store.update_conditions(tx.conn, [kept for kept, _ in judged], at)
        if events := [event for _, event in judged if event is not None]:
            await store.insert_events(tx.conn, events)

    async def look(self) -> None:
        """A job: devices that fell silent, and conditions that were not said yet."""
        at = now()
        async with self._db.transaction("health_look") as tx:
            judged: list[tuple[Kept, EventRow | None]] = []
            for known in await store.select_due(tx.conn, at):
                new = condition(known.device, at)
                if known.said_at is None or at - known.said_at >= SAY_EVERY or new.status != known.status:
                    if _is_same(known, new) and not known.has_news:
                        judged.append((Kept(known.device.device_connection_id, new, known.said_at), None))
                    else:
                        judged.append(self._judge(tx, known, at))
            await self._keep(tx, judged, at)


def _is_same(known: Known, new: Condition) -> bool:
    return new.status == known.status and set(new.flags) == set(known.flags)


def _status_event(known: Known, new: Condition, at: datetime) -> EventRow:
    return EventRow(
        id=_event_id(f"{known.device.device_connection_id}:{new.status}", 0, 0, at),
        device_connection_id=known.device.device_connection_id,
        patient_id=known.device.patient_id,
        at=at,
        kind="health",
        code=new.status,
    )


def _event_id(what: str, sequence: int, number: int, at: datetime) -> UUID:
    return digest(what.encode(), str(sequence).encode(), str(number).encode(), at.isoformat().encode())
