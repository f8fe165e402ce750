"""One transaction for one batch: identity, rows, hours, history, dead letters, events and audit. Decides nothing itself."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import msgspec

from chassis import telemetry
from chassis.audit import AuditRecord
from chassis.clock import uuid7, uuid7s
from chassis.crypto import KeyRing, seal
from chassis.db import Tx
from proto import subjects
from proto.events import (
    DeviceSignal,
    HubReceipt,
    ObservationsRecorded,
    ReadingsRejected,
    RecordedReading,
    Rejection,
    Settled,
    SyncSettled,
)
from proto.identity import judge
from services.normalizer.batch import Batch, SequenceNote
from services.normalizer.deleting import delete_records
from services.normalizer.domain import (
    Candidate,
    Discarded,
    Hour,
    HourKey,
    Origin,
    Rejected,
    hour_of,
    roll_up,
    without_doubles,
)
from services.normalizer.store import dead_letters, hours, readings
from services.normalizer.store.readings import Existing

ECHO: Final = timedelta(seconds=10)
RECEIPT_MAX: Final = 500
EVENT_READINGS: Final = 500
EVENT_BYTES: Final = 1024 * 1024
OLD: Final = timedelta(hours=24)


class _Told(msgspec.Struct):
    """What one patient's event says."""

    readings: list[RecordedReading] = []
    settled: list[Settled] = []
    signals: list[DeviceSignal] = []


class Recorded(msgspec.Struct):
    """What became of the batch; receipts and live values leave after the commit."""

    stored: list[Candidate] = []
    amended: list[tuple[Candidate, UUID]] = []
    duplicates: list[tuple[Candidate, UUID | None]] = []
    rejected: list[Rejected] = []
    discarded: list[Discarded] = []


async def record(tx: Tx, batch: Batch, ring: KeyRing, now: datetime, partitions: "Partitions") -> Recorded:
    """Writes a batch. May be run again with the same batch: the outcome is the same."""
    done = Recorded(rejected=[*batch.rejected], discarded=[*batch.discarded])
    candidates = batch.candidates
    if revising := _revising(batch):
        await hours.take_turns(tx.conn, revising)
    if candidates:
        await partitions.ensure(tx, (c.timestamp for c in candidates))
        candidates = await _drop_echoes(tx, candidates, done)
        first, again = without_doubles(candidates)
        known = await _store(tx, first, done) if first else []
        known += [c for c, _ in again]
        if known:
            await _settle_known(tx, known, done)
    if batch.sessions:
        await readings.upsert_sessions(tx.conn, batch.sessions)
    for note in batch.notes:
        await _apply_note(tx, note, done)
    if batch.deletions:
        await delete_records(tx, batch.deletions)
    await _dead(tx, done.rejected, ring, now)
    _emit(tx, batch, done, now)
    _tell_jobs(tx, done)
    _audit(tx, done)
    return done


def _revising(batch: Batch) -> set[UUID]:
    """The connections of which something that is stored may be replaced or taken away."""
    revised = {c.origin.connection.id for c in batch.candidates if c.revision is not None}
    return revised | {connection.id for _, connection in batch.deletions}


async def _store(tx: Tx, first: list[Candidate], done: Recorded) -> list[Candidate]:
    """Stores what is new, with its hours; answers those whose identity is stored already."""
    stored_ids = await readings.insert_readings(tx.conn, first, _hours(first))
    if len(stored_ids) == len(first):
        done.stored = first
        return []
    done.stored = [c for c in first if c.id in stored_ids]
    await hours.add(tx.conn, _hours(done.stored))
    return [c for c in first if c.id not in stored_ids]


def _hours(candidates: list[Candidate]) -> dict[HourKey, Hour]:
    return roll_up((c.origin.connection.id, c.timestamp, c.values) for c in candidates if not c.suspect)


async def _drop_echoes(tx: Tx, candidates: list[Candidate], done: Recorded) -> list[Candidate]:
    """Values without a time of their own: the same octets within 10 s of the kept one are that one again."""
    kept: list[Candidate] = []
    fresh: dict[tuple[UUID, UUID], Candidate] = {}
    for candidate in candidates:
        if not candidate.window:
            kept.append(candidate)
            continue
        key = (candidate.origin.connection.id, candidate.content)
        near = fresh.get(key)
        if near is not None and abs(candidate.timestamp - near.timestamp) <= ECHO:
            done.duplicates.append((candidate, near.id))
            continue
        echo = await readings.select_echo(
            tx.conn, candidate.origin.connection.id, candidate.content, candidate.timestamp, ECHO
        )
        if echo is not None:
            done.duplicates.append((candidate, echo.id))
            continue
        fresh[key] = candidate
        kept.append(candidate)
    return kept


async def _settle_known(tx: Tx, known: list[Candidate], done: Recorded) -> None:
    """Readings whose identity is stored already: duplicates, amendments, stale versions, conflicts."""
    existing = await readings.select_existing(tx.conn, known)
    versions: list[tuple[Existing, Candidate]] = []
    for candidate in known:
        key = (candidate.origin.connection.id, candidate.key)
        old = existing.get(key)
        if old is None:  # erased since; its key is free again with the next delivery
            done.duplicates.append((candidate, None))
            continue
        verdict = (
            "duplicate"
            if candidate.is_gatt
            else judge(old.content, old.revision, candidate.content, candidate.revision)
        )
        if verdict == "amend":
            versions.append((old, candidate))
            existing[key] = Existing(
                id=old.id, ts=candidate.timestamp, content=candidate.content, revision=candidate.revision
            )
            done.amended.append((candidate, old.id))
        elif verdict == "conflict":
            done.rejected.append(
                Rejected(
                    origin=candidate.origin,
                    code="conflict",
                    event_id=candidate.origin.event_id,
                    key=candidate.key,
                )
            )
        else:
            done.duplicates.append((candidate, old.id))
    if versions:
        await _amend(tx, versions)


async def _amend(tx: Tx, versions: list[tuple[Existing, Candidate]]) -> None:
    """Each beside the version that it replaces. Their hours are held and made anew together."""
    places = {
        (new.origin.connection.id, hour_of(at)) for old, new in versions for at in (old.ts, new.timestamp)
    }
    held = await hours.hold(tx.conn, places, _hours([new for _, new in versions]).keys())
    for old, new in versions:
        await readings.amend(tx.conn, old, new)
    await hours.make_anew(tx.conn, held)


async def _apply_note(tx: Tx, note: SequenceNote, done: Recorded) -> None:
    """A context value: adds to its measurement, or takes it back when it was a ketone test."""
    connection_id = note.origin.connection.id
    at = note.origin.item.received_at
    row = await readings.select_by_sequence(
        tx.conn, connection_id, note.sequence, at - timedelta(days=3 * 365), at + timedelta(days=1)
    )
    done.discarded.append(Discarded(origin=note.origin))
    if row is None:
        return
    old = Existing(id=row["id"], ts=row["ts"], content=row["content"], revision=row["revision"])
    if note.ketone:
        held = await hours.hold(tx.conn, {(connection_id, hour_of(old.ts))})
        await readings.supersede(tx.conn, connection_id, old, "ketone")
        await hours.make_anew(tx.conn, held)
        done.stored = [c for c in done.stored if c.id != old.id]
    else:
        await readings.update_meta(
            tx.conn, connection_id, old.ts, old.id, {**note.meta, "context_missing": False}
        )


async def _dead(tx: Tx, rejected: list[Rejected], ring: KeyRing, now: datetime) -> None:
    rows = []
    for fault in rejected:
        if fault.origin is None:
            continue
        id = uuid7()
        connection = fault.origin.connection
        sealed = seal(
            ring,
            bytes(fault.origin.item.message),
            table="normalizer.dead_letters",
            column="payload_sealed",
            row=str(id),
            patient=str(connection.patient_id),
        )
        rows.append(
            (
                id,
                "normalizer",
                "INGEST",
                0,
                connection.id,
                connection.patient_id,
                fault.code,
                fault.field,
                sealed,
            )
        )
    if rows:
        await dead_letters.insert_dead_letters(tx.conn, rows)


def _emit(tx: Tx, batch: Batch, done: Recorded, now: datetime) -> None:
    """One event a patient and batch; refused readings apart, and first: whoever waits for both hears all. What a job
    brought is said apart too: live views show its old readings as progress only."""
    _emit_rejected(tx, done, now)
    by_patient: dict[tuple[UUID, UUID | None], _Told] = {}
    by_connection: dict[tuple[UUID, UUID | None], _Told] = {}
    of_connection: dict[UUID, _Told] = {}

    def told(origin: Origin, outcome: str, id: UUID | None) -> _Told:
        connection, job_id = origin.connection, origin.item.job_id
        found = by_connection.get((connection.id, job_id))
        if found is None:
            found = by_patient.setdefault((connection.patient_id, job_id), _Told())
            by_connection[connection.id, job_id] = of_connection[connection.id] = found
        if origin.item.ref is not None:
            found.settled.append(
                Settled(
                    device_connection_id=connection.id,
                    outcome=outcome,  # type: ignore[arg-type]
                    id=id,
                    ref=origin.item.ref,
                )
            )
        return found

    for candidate in done.stored:
        told(candidate.origin, "stored", candidate.id).readings.append(_item(candidate, candidate.id))
    for candidate, id in done.amended:
        told(candidate.origin, "amended", id).readings.append(_item(candidate, id))
    for candidate, known in done.duplicates:
        told(candidate.origin, "duplicate", known)
    for discarded in done.discarded:
        told(discarded.origin, "discarded", None)
    for connection_id, signal in batch.signals.items():
        if connection_id in of_connection:
            of_connection[connection_id].signals.append(signal)
    # PHI: leaves towards EVENTS (24 h), for live views of those who may see it.
    for (patient_id, job_id), one in by_patient.items():
        if not (one.readings or one.settled or one.signals):
            continue
        parts = event_parts(one.readings)
        for number, part in enumerate(parts):
            last = number == len(parts) - 1
            tx.emit(
                subjects.to(subjects.OBSERVATIONS_RECORDED, patient_id),
                ObservationsRecorded(
                    patient_id=patient_id,
                    recorded_at=now,
                    readings=part,
                    signals=one.signals if last else [],
                    settled=one.settled if last else [],
                    job_id=job_id,
                ),
            )


def event_parts(readings_: list[RecordedReading]) -> list[list[RecordedReading]]:
    """A long list in parts that stay well below the server's largest message; at least one part, which may be empty."""
    parts: list[list[RecordedReading]] = [[]]
    size = 0
    for reading in readings_:
        weight = len(bytes(reading.readings)) + len(bytes(reading.meta)) + 250
        if parts[-1] and (size + weight > EVENT_BYTES or len(parts[-1]) >= EVENT_READINGS):
            parts.append([])
            size = 0
        parts[-1].append(reading)
        size += weight
    return parts


def _emit_rejected(tx: Tx, done: Recorded, now: datetime) -> None:
    by_patient: dict[UUID, list[Rejection]] = {}
    for fault in done.rejected:
        telemetry.REJECTED.labels(fault.code).inc()
        if fault.origin is None:
            continue
        connection = fault.origin.connection
        by_patient.setdefault(connection.patient_id, []).append(
            Rejection(
                device_connection_id=connection.id,
                code=fault.code,
                at=now,
                field=fault.field,
                event_id=fault.event_id,
                record_key=fault.key,
                ref=fault.origin.item.ref,
                hub_id=fault.origin.item.hub_id,
            )
        )
    for patient_id, rejections in by_patient.items():
        tx.emit(
            subjects.to(subjects.READINGS_REJECTED, patient_id),
            ReadingsRejected(patient_id=patient_id, rejections=rejections),
        )


def _item(candidate: Candidate, id: UUID) -> RecordedReading:
    return RecordedReading(
        id=id,
        device_connection_id=candidate.origin.connection.id,
        timestamp=candidate.timestamp,
        received_at=candidate.received_at,
        readings=msgspec.Raw(candidate.readings),
        meta=msgspec.Raw(candidate.meta),
    )


def _tell_jobs(tx: Tx, done: Recorded) -> None:
    """A sync hears how many of its readings were new: only who stores can know."""
    told: dict[UUID, list[int]] = {}
    for number, origins in enumerate(
        (
            [*(c.origin for c in done.stored), *(c.origin for c, _ in done.amended)],
            [c.origin for c, _ in done.duplicates],
            [fault.origin for fault in done.rejected if fault.origin is not None],
        )
    ):
        for origin in origins:
            if origin.item.job_id is not None:
                told.setdefault(origin.item.job_id, [0, 0, 0])[number] += 1
    for job_id, (stored, duplicates, rejected) in told.items():
        tx.emit(
            subjects.to(subjects.SYNC_SETTLED, job_id),
            SyncSettled(job_id=job_id, stored=stored, duplicates=duplicates, rejected=rejected),
        )


def _audit(tx: Tx, done: Recorded) -> None:
    """One row a sender, connection and batch: who handed in how much of whose data."""
    rows: dict[tuple[str, UUID], tuple[UUID, dict[str, int]]] = {}

    def count(origin: Origin, what: str) -> None:
        key = (origin.item.actor_id, origin.connection.id)
        row = rows.get(key)
        if row is None:
            row = rows[key] = (origin.connection.patient_id, {})
        row[1][what] = row[1].get(what, 0) + 1

    for candidate in done.stored:
        count(candidate.origin, "stored")
    for candidate, _ in done.amended:
        count(candidate.origin, "amended")
    for fault in done.rejected:
        if fault.origin is not None:
            count(fault.origin, f"rejected:{fault.code}")
    tx.audit(
        *(
            AuditRecord(
                id=id,
                action="data.ingest",
                actor_id=actor,
                actor_role=_role(actor),
                object_type="device_connection",
                object_id=str(connection_id),
                patient_id=patient_id,
                outcome="allowed" if any(not what.startswith("rejected") for what in details) else "denied",
                details=details,
            )
            for id, ((actor, connection_id), (patient_id, details)) in zip(
                uuid7s(len(rows)), rows.items(), strict=True
            )
        )
    )


def _role(actor: str) -> str:
    prefix, _, rest = actor.partition(":")
    return (
        {"hub": "hub", "connection": "device", "vendor": "vendor"}.get(prefix, "patient")
        if rest
        else "patient"
    )


def receipts(done: Recorded) -> list[tuple[str, HubReceipt]]:
    """What hubs may forget now, at most 500 ids a receipt. Finished is finished: duplicates and discarded too."""
    finished: dict[str, list[str]] = {}
    refused: dict[tuple[str, str], list[str]] = {}
    origins = [c.origin for c in done.stored]
    origins += [c.origin for c, _ in done.amended]
    origins += [c.origin for c, _ in done.duplicates]
    origins += [d.origin for d in done.discarded]
    for origin in origins:
        if origin.item.hub_id and origin.event_id:
            finished.setdefault(origin.item.hub_id, []).append(origin.event_id)
    for fault in done.rejected:
        if fault.origin is not None and fault.origin.item.hub_id and fault.event_id:
            refused.setdefault((fault.origin.item.hub_id, fault.code), []).append(fault.event_id)
    out: list[tuple[str, HubReceipt]] = []
    for hub_id, ids in finished.items():
        distinct = list(dict.fromkeys(ids))
        out += [
            (hub_id, HubReceipt(event_ids=distinct[start : start + RECEIPT_MAX], status="stored"))
            for start in range(0, len(distinct), RECEIPT_MAX)
        ]
    for (hub_id, code), ids in refused.items():
        out += [
            (hub_id, HubReceipt(event_ids=ids[start : start + RECEIPT_MAX], status="rejected", code=code))
            for start in range(0, len(ids), RECEIPT_MAX)
        ]
    return out


class Partitions:
    """Which months have their partition; the owner's function makes the missing ones, ahead or on demand."""

    def __init__(self) -> None:
        self._ready: set[tuple[int, int]] = set()

    async def ensure(self, tx: Tx, times: Iterable[datetime]) -> None:
        for month, at in {(at.year, at.month): at for at in times}.items():
            if month not in self._ready:
                await readings.ensure_partition(tx.conn, at)
                tx.after_commit(lambda month=month: self._ready.add(month))  # type: ignore[misc]
