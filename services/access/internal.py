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
from chassis.clock import uuid7
from chassis.config import Secret
from chassis.db import Database
from proto.errors import Refused
from proto.words import Role
from services.access import store
from services.access.domain import demo_id
from services.access.seeding import say_profile


class SignIn(msgspec.Struct, frozen=True, kw_only=True):
    issuer: str
    subject: str
    sign_in_name: str
    display_name: str
    roles: list[Role]
    timezone: str | None = None
    locale: str | None = None


class SignedIn(msgspec.Struct, frozen=True, kw_only=True):
    user_id: UUID
    patient_id: UUID | None
    roles: list[Role]
    display_name: str


class SignOut(msgspec.Struct, frozen=True, kw_only=True):
    user_id: UUID
    role: str


def internal_guard(token: Secret) -> Any:
    async def check(connection: "ASGIConnection[Any, Any, Any, Any]", _: BaseRouteHandler) -> None:
        given = connection.headers.get("x-internal-token", "")
        if not compare_digest(given.encode(), token.reveal().encode()):
            telemetry.AUTH_FAILURES.labels("internal").inc()
            raise Refused("unauthenticated")

    return check


@post("/sign-in", status_code=200, opt={"public": True}, include_in_schema=False)
async def sign_in(
    data: JSONBody[SignIn], db: NamedDependency[Database], is_development: NamedDependency[bool]
) -> SignedIn:
    """The user behind an identity; a new one gets a profile. The row is audited before anybody is let in."""
    if not data.roles:
        raise Refused("forbidden_role")
    new_id = demo_id(data.sign_in_name) if is_development else uuid7()
    async with db.transaction("sign_in") as tx:
        profile, fresh = await store.upsert_profile(
            tx.conn,
            user_id=new_id,
            issuer=data.issuer,
            subject=data.subject,
            sign_in_name=data.sign_in_name,
            display_name=data.display_name,
            roles=data.roles,
            patient_id=new_id if "patient" in data.roles else None,
            timezone=data.timezone or "UTC",
            locale=data.locale or "en",
        )
        if fresh:
            say_profile(tx, profile)
        tx.audit(_session("session.sign_in", profile.user_id, profile.roles[0], profile.patient_id))
    return SignedIn(
        user_id=profile.user_id,
        patient_id=profile.patient_id,
        roles=profile.roles,
        display_name=profile.display_name,
    )


@post("/sign-out", status_code=204, opt={"public": True}, include_in_schema=False)
async def sign_out(data: JSONBody[SignOut], db: NamedDependency[Database]) -> None:
    async with db.transaction("sign_out") as tx:
        profile = await store.select_profile(tx.conn, data.user_id)
        tx.audit(
            _session("session.sign_out", data.user_id, data.role, profile.patient_id if profile else None)
        )


def _session(action: Any, user_id: UUID, role: str, patient_id: UUID | None) -> AuditRecord:
    return AuditRecord(
        action=action,
        actor_id=str(user_id),
        actor_role=role,
        object_type="session",
        object_id=str(user_id),
        patient_id=patient_id,
        purpose="self",
    )


def internal_router(token: Secret) -> Router:
    return Router("/internal", route_handlers=[sign_in, sign_out], guards=[internal_guard(token)])
