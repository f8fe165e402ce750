"""What only pairing asks, in the name of the person who pairs: never routed from outside."""

from typing import Annotated
from uuid import UUID

from litestar import Router, post
from litestar.di import NamedDependency
from litestar.params import JSONBody
from msgspec import Meta, Struct

from chassis.auth import Principal, own_patient_id
from proto.resources import OAuthStart, Request
from proto.words import Kind
from services.sync.enrolling import Enrolment
from services.sync.entering import Entrance
from services.sync.store.sign_ins import Agreement


class AuthorizationAsked(Request, frozen=True, kw_only=True):
    """The pairing of a device that comes through a vendor's account; consent was stored by pairing."""

    vendor: Annotated[str, Meta(min_length=1, max_length=40)]
    device_connection_id: UUID
    data_kinds: Annotated[list[Kind], Meta(min_length=1, max_length=32)]
    consent_version: Annotated[str, Meta(min_length=1, max_length=40)]


@post("/authorizations", status_code=200, include_in_schema=False)
async def begin(
    data: JSONBody[AuthorizationAsked],
    principal: NamedDependency[Principal],
    entrance: NamedDependency[Entrance],
) -> OAuthStart:
    url = await entrance.authorize_url(
        principal,
        data.vendor,
        kinds=data.data_kinds,
        consent_version=data.consent_version,
        connection_id=data.device_connection_id,
        return_to=None,
    )
    return OAuthStart(authorize_url=url)


class AccountTyped(AuthorizationAsked, frozen=True, kw_only=True):
    """The pairing of a device whose vendor has no sign-in. `credentials`: what the person typed. Secrets."""

    credentials: Annotated[dict[str, str], Meta(min_length=1, max_length=10)]

    def __repr__(self) -> str:
        return "AccountTyped(•)"


class AccountKept(Struct, frozen=True, kw_only=True):
    account_id: UUID


@post("/accounts", status_code=200, include_in_schema=False)
async def enrol(
    data: JSONBody[AccountTyped],
    principal: NamedDependency[Principal],
    enrolment: NamedDependency[Enrolment],
) -> AccountKept:
    agreed = Agreement(
        patient_id=own_patient_id(principal),
        vendor=data.vendor,
        data_kinds=data.data_kinds,
        consent_version=data.consent_version,
        connection_id=data.device_connection_id,
    )
    return AccountKept(account_id=await enrolment.enrol(principal, agreed, data.credentials))


router = Router("/internal", route_handlers=[begin, enrol])
