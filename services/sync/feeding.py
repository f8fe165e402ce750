"""From a vendor's answer into INGEST: mapped, given to the right connection, judged like every message, published.

What is published rests in the stream when this returns; only then a cursor may move.
"""

import asyncio
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID, uuid4

import msgspec

from chassis import telemetry
from chassis.bus import Bus
from chassis.clock import now
from chassis.log import Log
from chassis.mirror import Mirror
from proto import subjects
from proto.errors import Refused
from proto.events import SyncFault
from proto.identity import content_hash, record_key
from proto.raw import GROUP_MAX_BYTES, GROUP_MAX_ITEMS, RawDeletion, RawEmptied, RawEntry, RawReading
from proto.readings import ReadingMessage
from proto.state import ConnectionsEntry, ConnectionState, ModelState
from proto.vendors.manifest import Manifest
from proto.vendors.normalized import Normalized, Reading
from proto.words import PairingMethod
from services.sync.comparing import Removal
from services.sync.domain import Target, allowed_part, choose_target, is_open, serves

log = Log("feeding")
_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(ReadingMessage).decode
IN_FLIGHT: Final = 4


class Fed(msgspec.Struct):
    """What became of one answer. `readings` are in the stream; `refused` never will be, and why."""

    readings: int = 0
    deletions: int = 0
    refused: int = 0
    faults: list[SyncFault] = []


class Known:
    """Connections and models in memory. Raises `Unavailable` when consent could have been withdrawn unheard."""

    def __init__(self, connections: Mirror[ConnectionsEntry], models: Mirror[ModelState]) -> None:
        self._connections = connections
        self._models = models
        self._of_patient: dict[UUID, set[UUID]] = {}
        connections.on_change(self._index)

    def _index(self, key: str, old: ConnectionsEntry | None, new: ConnectionsEntry | None) -> None:
        if isinstance(old, ConnectionState):
            self._of_patient.get(old.patient_id, set()).discard(old.id)
        if isinstance(new, ConnectionState):
            self._of_patient.setdefault(new.patient_id, set()).add(new.id)

    def connection(self, id: UUID) -> ConnectionState | None:
        entry = self._connections.get(str(id))
        return entry if isinstance(entry, ConnectionState) else None

    async def catch_up(self) -> None:
        """Returns when everything that was said before is known here too."""
        await self._connections.catch_up()
        await self._models.catch_up()

    def model(self, id: UUID) -> ModelState | None:
        return self._models.get(str(id))

    def target(self, connection_id: UUID, method: PairingMethod) -> Target:
        """A connection that may receive now what comes this way. Raises what stands against it."""
        self._connections.require()
        self._models.require()
        state = self.connection(connection_id)
        model = None if state is None else self.model(state.device_model_id)
        if state is None or model is None:
            raise Refused("not_found")
        if state.status == "revoked" or state.consent == "revoked":
            raise Refused("consent_revoked")
        if not is_open(state):
            raise Refused("consent_missing")
        if method not in model.pairing_methods:
            raise Refused("conflict", detail="This device does not bring its readings this way.")
        return Target(state, model.capabilities)

    def connections_of(
        self, patient_id: UUID, manifest: Manifest
    ) -> list[tuple[ConnectionState, ModelState]]:
        """The patient's connections that came by this vendor's sign-in and were not ended."""
        found = []
        for id in sorted(self._of_patient.get(patient_id, ()), key=lambda one: one.int):
            state = self.connection(id)
            if state is None or state.status == "revoked" or state.pairing_method != manifest.pairing_method:
                continue
            model = self.model(state.device_model_id)
            if model is not None and serves(manifest, model):
                found.append((state, model))
        return found

    def targets(self, patient_id: UUID, manifest: Manifest) -> list[Target]:
        """Those that may receive now."""
        self._connections.require()
        self._models.require()
        return [
            Target(state, model.capabilities)
            for state, model in self.connections_of(patient_id, manifest)
            if is_open(state)
        ]


class Feeder:
    def __init__(self, bus: Bus, shards: int) -> None:
        self._bus = bus
        self._shards = shards

    async def feed(
        self,
        vendor: str,
        normalized: Normalized,
        targets: Sequence[Target],
        *,
        read_at: datetime | None = None,
        job_id: UUID | None = None,
    ) -> Fed:
        """`read_at`: when the vendor was asked, or said it; what was asked later is the later version, whenever it comes.

        Raises `Unavailable` when the stream did not acknowledge: then nothing of it counts, and it comes again.
        """
        fed = Fed()
        at = now()
        items: list[RawEntry] = []
        for reading in normalized.readings:
            item = self._item(vendor, reading, targets, at, read_at or at, job_id, fed)
            if item is not None:
                items.append(item)
        fed.readings = len(items)
        for record_id in normalized.deleted:
            # Whichever connection holds it: the others do not know it.
            items += [
                RawDeletion(
                    connection_id=target.state.id,
                    received_at=at,
                    source="sync",
                    actor_id=f"vendor:{vendor}",
                    record_id=record_id,
                )
                for target in targets
            ]
            fed.deletions += 1
        await self._publish(items)
        telemetry.READINGS.labels("sync", "accepted").inc(fed.readings)
        telemetry.READINGS.labels("sync", "rejected").inc(fed.refused)
        return fed

    async def take_back(
        self, vendor: str, removals: Iterable[Removal], targets: Sequence[Target], *, read_at: datetime
    ) -> None:
        """What the vendor had no longer at `read_at`. Raises `Unavailable` like `feed`."""
        await self._publish(
            [
                RawEmptied(
                    connection_id=target.state.id,
                    received_at=read_at,
                    source="sync",
                    actor_id=f"vendor:{vendor}",
                    vendor=vendor,
                    metric=removal.metric,
                    since=removal.since,
                    until=removal.until,
                    kept=removal.kept,
                )
                for removal in removals
                for target in targets
            ]
        )

    def _item(
        self,
        vendor: str,
        reading: Reading,
        targets: Sequence[Target],
        at: datetime,
        read_at: datetime,
        job_id: UUID | None,
        fed: Fed,
    ) -> RawReading | None:
        target = choose_target(reading.readings, targets)
        kept = {} if target is None else allowed_part(reading, target)
        if target is None or not kept:
            _refuse(fed, "kind_not_consented")
            return None
        body: dict[str, Any] = {
            "device_connection_id": target.state.id,
            "timestamp": reading.timestamp,
            "readings": kept,
            "meta": versioned(reading.meta, read_at),
        }
        # PHI: measured values of a signed-in person, on their way into the stream.
        raw = _encode(body)
        try:
            message = _decode(raw)
        except msgspec.ValidationError as error:
            log.failure("vendor_reading_invalid", error, vendor=vendor)
            _refuse(fed, "invalid")
            return None
        content = content_hash(message.timestamp, message.readings)
        key = record_key(message, content)
        return RawReading(
            connection_id=target.state.id,
            received_at=at,
            source="sync",
            actor_id=f"vendor:{vendor}",
            message=msgspec.Raw(raw),
            key=key.key,
            content=content,
            is_given=key.given,
            job_id=job_id,
        )

    async def _publish(self, items: list[RawEntry]) -> None:
        by_shard: dict[int, list[bytes]] = {}
        for item in items:
            by_shard.setdefault(item.connection_id.int % self._shards, []).append(_encode(item))
        slots = asyncio.Semaphore(IN_FLIGHT)

        async def publish(shard: int, group: list[bytes]) -> None:
            async with slots:
                await self._bus.publish(
                    subjects.to(subjects.RAW, shard), b"[" + b",".join(group) + b"]", msg_id=uuid4().hex
                )

        await asyncio.gather(
            *(publish(shard, group) for shard, encoded in by_shard.items() for group in groups(encoded))
        )


def versioned(meta: dict[str, Any], at: datetime) -> dict[str, Any]:
    """Vendors that say no time of change correct a record all the same: what was read last is the later version."""
    if "vendor_record_id" not in meta or "revision" in meta:
        return meta
    return {**meta, "revision": int(at.timestamp() * 1000)}


def groups(items: list[bytes]) -> list[list[bytes]]:
    """In order, each within what one message of INGEST may hold."""
    found: list[list[bytes]] = []
    size = 0
    for item in items:
        if not found or len(found[-1]) >= GROUP_MAX_ITEMS or size + len(item) > GROUP_MAX_BYTES:
            found.append([])
            size = 0
        found[-1].append(item)
        size += len(item) + 1
    return found


def _refuse(fed: Fed, code: str) -> None:
    fed.refused += 1
    fault = SyncFault(fault_class="refused", code=code)
    if fault not in fed.faults:
        fed.faults.append(fault)
