"""What the companion read from the phone's health store: taken like an answer of a vendor, and answered with the anchor
only when everything before it is in the stream."""

import asyncio
from typing import Final
from uuid import UUID

import msgspec
from litestar import Router, post
from litestar.di import NamedDependency
from litestar.params import JSONBody
from msgspec import UNSET

from chassis.auth import Principal, own_patient_id
from chassis.bus import Bus
from chassis.clock import now, uuid7
from chassis.mirror import Mirror
from proto import subjects
from proto.accounts import ExportRequest, ExportTaken
from proto.errors import Refused
from proto.events import UploadProgressed
from proto.state import ProfileState
from proto.vendors.normalized import Context, Normalized
from proto.words import PairingMethod
from services.sync.domain import Target, allowed_part
from services.sync.exporting import Outcome, base_ids, outcome_of
from services.sync.feeding import Feeder, Known
from services.sync.parties import Vendors

ITEMS_MAX: Final = 1000


class Exporter:
    def __init__(
        self, vendors: Vendors, known: Known, feeder: Feeder, profiles: Mirror[ProfileState], bus: Bus
    ) -> None:
        self._vendors = vendors
        self._known = known
        self._feeder = feeder
        self._profiles = profiles
        self._bus = bus

    async def take(self, principal: Principal, data: ExportRequest, method: PairingMethod) -> ExportTaken:
        """A record that cannot be read is named by its index and stops no other."""
        if max(len(data.records), len(data.deletions)) > ITEMS_MAX:
            raise Refused("too_many_items")
        target = self._target(principal, data, method)
        vendor, context = str(method), self._context(target)
        normalized, outcome = await asyncio.to_thread(self._judge, vendor, data, target, context)
        job_id = uuid7()
        fed = await self._feeder.feed(vendor, normalized, [target], job_id=job_id)
        if fed.readings:
            await self._say(target, job_id, fed.readings)
        return ExportTaken(
            accepted=outcome.accepted,
            duplicates=outcome.duplicates,
            rejected=outcome.rejected,
            anchor=None if data.anchor is UNSET else data.anchor,
        )

    def _judge(
        self, vendor: str, data: ExportRequest, target: Target, context: Context
    ) -> tuple[Normalized, Outcome]:
        """What goes into the stream, and what became of each record."""
        mapping = self._vendors.mapping(vendor)
        made = mapping([{"records": data.records, "deletions": data.deletions}], context)
        open_ones = [reading for reading in made.readings if allowed_part(reading, target)]
        normalized = msgspec.structs.replace(made, readings=open_ones)
        given = base_ids(normalized)
        outcome = outcome_of(
            vendor,
            data.records,
            given,
            base_ids(made) - given,
            lambda records: mapping([{"records": records, "deletions": []}], context),
        )
        return normalized, outcome

    def _context(self, target: Target) -> Context:
        profile = self._profiles.get(str(target.state.patient_id))
        return Context(timezone=profile.timezone if profile else "", now=now())

    def _target(self, principal: Principal, data: ExportRequest, method: PairingMethod) -> Target:
        state = self._known.connection(data.device_connection_id)
        if state is None or state.patient_id != own_patient_id(principal):
            raise Refused("not_found")
        return self._known.target(state.id, method)

    async def _say(self, target: Target, job_id: UUID, count: int) -> None:
        """Old readings of it are not frames of their own: this one stands for them."""
        event = UploadProgressed(patient_id=target.state.patient_id, job_id=job_id, done=count, total=count)
        await self._bus.publish(
            subjects.to(subjects.UPLOADS_PROGRESSED, event.patient_id), msgspec.json.encode(event)
        )


@post("/api/v1/healthkit/export", status_code=202, summary="Readings of Apple Health", tags=["integrations"])
async def healthkit(
    data: JSONBody[ExportRequest], principal: NamedDependency[Principal], exporter: NamedDependency[Exporter]
) -> ExportTaken:
    return await exporter.take(principal, data, "healthkit")


@post("/api/v1/health-connect/export", status_code=202, summary="Readings of Health Connect",
      tags=["integrations"])  # fmt: skip
async def health_connect(
    data: JSONBody[ExportRequest], principal: NamedDependency[Principal], exporter: NamedDependency[Exporter]
) -> ExportTaken:
    return await exporter.take(principal, data, "health_connect")


router = Router("/", route_handlers=[healthkit, health_connect])
