"""What the companion read from the phone's health store: taken like an answer of a vendor, and answered with the anchor
only when everything before it is in the stream."""

from typing import Any

from litestar import Router, post
from litestar.di import NamedDependency
from litestar.params import JSONBody
from msgspec import UNSET

from chassis.auth import Principal, own_patient_id
from chassis.clock import now
from chassis.mirror import Mirror
from proto.accounts import ExportRequest, ExportTaken
from proto.errors import ItemFault, Refused
from proto.state import ConnectionState, ModelState, ProfileState
from proto.vendors.normalized import Context
from proto.words import PairingMethod
from services.sync.domain import Target, is_open
from services.sync.feeding import Feeder, Known
from services.sync.parties import Vendors


class Exporter:
    def __init__(
        self, vendors: Vendors, known: Known, feeder: Feeder, profiles: Mirror[ProfileState]
    ) -> None:
        self._vendors = vendors
        self._known = known
        self._feeder = feeder
        self._profiles = profiles

    async def take(self, principal: Principal, data: ExportRequest, method: PairingMethod) -> ExportTaken:
        """Each record alone, so that one that cannot be read is named by its index and stops no other."""
        target = self._target(principal, data, method)
        vendor = str(method)
        profile = self._profiles.get(str(target.state.patient_id))
        context = Context(timezone=profile.timezone if profile else "", now=now())
        mapping = self._vendors.mapping(vendor)
        accepted, rejected = 0, []
        records: list[Any] = []
        for index, record in enumerate(data.records):
            if mapping([{"records": [record], "deletions": []}], context).readings:
                records.append(record)
            else:
                rejected.append(ItemFault(index=index, code="unknown_metric"))
        normalized = mapping([{"records": records, "deletions": data.deletions}], context)
        fed = await self._feeder.feed(vendor, normalized, [target])
        accepted = fed.readings
        return ExportTaken(
            accepted=accepted,
            duplicates=max(0, len(records) - len(normalized.readings)),
            rejected=rejected,
            anchor=None if data.anchor is UNSET else data.anchor,
        )

    def _target(self, principal: Principal, data: ExportRequest, method: PairingMethod) -> Target:
        patient_id = own_patient_id(principal)
        state = self._known.connection(data.device_connection_id)
        if state is None or state.patient_id != patient_id:
            raise Refused("not_found")
        _require_consent(state)
        model: ModelState | None = self._known.model(state.device_model_id)
        if model is None or method not in model.pairing_methods:
            raise Refused("conflict", detail="This device does not bring its readings this way.")
        return Target(state, model.capabilities)


def _require_consent(state: ConnectionState) -> None:
    if state.status == "revoked" or state.consent == "revoked":
        raise Refused("consent_revoked")
    if not is_open(state):
        raise Refused("consent_missing")


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
