"""What only pairing asks, in the name of the person who pairs: never routed from outside."""

from typing import Annotated
from uuid import UUID

from litestar import Router, post
from litestar.di import NamedDependency
from litestar.params import JSONBody
from msgspec import Meta

from chassis.auth import Principal
from proto.resources import OAuthStart, Request
from proto.words import Kind
from services.sync.entering import Entrance


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


router = Router("/internal", route_handlers=[begin])
