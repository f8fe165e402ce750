"""What only the gateway asks: a sign-in becomes a user. Guarded by a shared secret, never routed from outside."""

from hmac import compare_digest
from typing import Any
from uuid import UUID

import msgspec
from litestar import Router, post
from litestar.connection import ASGIConnection
from litestar.di import NamedDependency
from litestar.handlers.base import BaseRouteHandler
from litestar.params import JSONBody

from chassis import telemetry
from chassis.audit import AuditRecord
from chassis.config import Secret
from chassis.db import Database
from proto.errors import Refused
from proto.words import Role
from services.access import store
from services.access.domain import Person, demo_id_of
from services.access.entering import enter


class SignedIn(msgspec.Struct, frozen=True, kw_only=True):
    user_id: UUID
    patient_id: UUID | None
    roles: list[Role]
    display_name: str


class SignOut(msgspec.Struct, frozen=True, kw_only=True):
    user_id: UUID
    role: Role


def internal_guard(token: Secret) -> Any:
    async def check(connection: "ASGIConnection[Any, Any, Any, Any]", _: BaseRouteHandler) -> None:
        given = connection.headers.get("x-internal-token", "")
        if not compare_digest(given.encode(), token.reveal().encode()):
            telemetry.AUTH_FAILURES.labels("internal").inc()
            raise Refused("unauthenticated")

    return check


@post("/sign-in", status_code=200, opt={"public": True}, include_in_schema=False)
async def sign_in(
    data: JSONBody[Person], db: NamedDependency[Database], is_development: NamedDependency[bool]
) -> SignedIn:
    """The user behind an identity; a new one gets a profile. The gateway audits the session that it then begins."""
    async with db.transaction("sign_in") as tx:
        profile = await enter(tx, data, demo_id_of(data) if is_development else None)
    return SignedIn(
        user_id=profile.user_id,
        patient_id=profile.patient_id,
        roles=profile.roles,
        display_name=profile.display_name,
    )


@post("/sign-out", status_code=204, opt={"public": True}, include_in_schema=False)
async def sign_out(data: JSONBody[SignOut], db: NamedDependency[Database]) -> None:
    """For a session that ends where nobody can write to the audit log."""
    async with db.transaction("sign_out") as tx:
        profile = await store.select_profile(tx.conn, data.user_id)
        tx.audit(
            AuditRecord(
                action="session.sign_out",
                actor_id=str(data.user_id),
                actor_role=data.role,
                object_type="session",
                object_id=str(data.user_id),
                patient_id=profile.patient_id if profile else None,
                purpose="sign-in",
            )
        )


def internal_router(token: Secret) -> Router:
    return Router("/internal", route_handlers=[sign_in, sign_out], guards=[internal_guard(token)])
