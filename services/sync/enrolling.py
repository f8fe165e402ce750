"""Accounts without a sign-in: a person typed what the vendor knows them by, and the vendor's client proves it."""

from collections.abc import Mapping
from uuid import UUID

import asyncpg
import msgspec

from chassis.auth import Principal
from chassis.log import Log
from proto.errors import Refused, Unavailable
from proto.vendors.client import Client, NotUsable, VendorFault
from services.sync.budgets import Budgets
from services.sync.entering import Entrance
from services.sync.outbound import Line, Outbound
from services.sync.parties import Vendors
from services.sync.store.sign_ins import Agreement

log = Log("enrolling")
ABOUT_THE_PERSON = frozenset({"auth", "grant_lost", "forbidden_scope"})
"""Faults that say: not this person, or not with this. The others are the vendor's trouble, or the operator's."""


class Enrolment:
    def __init__(self, *, vendors: Vendors, outbound: Outbound, budgets: Budgets, entrance: Entrance) -> None:
        self._vendors = vendors
        self._outbound = outbound
        self._budgets = budgets
        self._entrance = entrance

    async def enrol(self, principal: Principal, agreed: Agreement, typed: Mapping[str, str]) -> UUID:
        """The account, new or again. Raises 404 for a vendor that has a sign-in or is not there, 503 for one that
        cannot be used now, 422 for what cannot be somebody's, 409 `already_paired` for what is somebody else's."""
        client = self._offered(agreed.vendor)
        kinds = [kind for kind in agreed.data_kinds if kind in client.manifest.kinds]
        if not kinds:
            raise Refused("kind_not_supported", field="data_kinds")
        try:
            tokens = client.granted(typed)
            line = Line(self._outbound, self._budgets, client, str(agreed.patient_id), tokens)
            tokens = msgspec.structs.replace(tokens, user_id=await client.identify(line, tokens))
        except VendorFault as fault:
            log.warning(
                "not_enrolled", vendor=agreed.vendor, reason=fault.fault.fault_class, code=fault.fault.code
            )
            raise refusal_of(fault, typed) from None
        try:
            return await self._entrance.keep(
                principal, msgspec.structs.replace(agreed, data_kinds=kinds), tokens
            )
        except asyncpg.UniqueViolationError:
            log.warning("not_enrolled", vendor=agreed.vendor, reason="connected_to_another")
            raise Refused("already_paired") from None

    def _offered(self, vendor: str) -> Client:
        manifest = self._vendors.manifest(vendor)
        if manifest is None or manifest.pairing_method != "partner_webhook":
            raise Refused("not_found")
        client = self._vendors.client(vendor)
        if client is None or not self._vendors.is_offered(vendor):
            raise Unavailable("vendor", retry_after_s=3600)
        return client


def refusal_of(fault: VendorFault, typed: Mapping[str, str]) -> Refused:
    """What a person is told: which part of what they typed is missing or wrong, or that it cannot be asked now."""
    if isinstance(fault, NotUsable):
        code = "wrong_type" if typed.get(fault.field, "").strip() else "missing_field"
        return Refused(code, field=f"credentials.{fault.field}")
    if fault.fault.fault_class in ABOUT_THE_PERSON:
        return Refused("wrong_type", field="credentials")
    return Unavailable("vendor", retry_after_s=max(1, round(fault.fault.retry_after or 60)))
