"""Who is asking: signed tokens, their verification from memory, and the guard that every route has unless it is public.

Tokens are JWTs (RFC 7519) signed with Ed25519 by the gateway alone; every service verifies them itself. The algorithm
is pinned, `iss aud exp` are checked. Verified tokens are remembered until they expire, so a busy caller costs one
signature check a minute and not one a request.
"""

import time
from pathlib import Path
from typing import Any, Final, cast
from uuid import UUID

import msgspec
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey
from litestar import Request
from litestar.connection import ASGIConnection
from litestar.handlers.base import BaseRouteHandler

from chassis import telemetry
from proto.errors import Refused
from proto.words import Role

ISSUER: Final = "device-connect"
AUDIENCE: Final = "device-connect-api"
STRONGEST_FIRST: Final[tuple[Role, ...]] = ("admin", "clinician", "caregiver", "patient")
REMEMBER_S: Final = 60.0
REMEMBER_MAX: Final = 20_000


class Principal(msgspec.Struct, frozen=True, kw_only=True):
    """A person who is signed in. `patient_id` is set when there is a body behind the account."""

    user_id: UUID
    roles: frozenset[Role]
    patient_id: UUID | None = None
    token: str = ""
    """The bearer itself, to be passed on to another service in the person's name."""

    def __repr__(self) -> str:
        return f"Principal(user_id={self.user_id}, roles={sorted(self.roles)})"

    def has(self, role: Role) -> bool:
        return role in self.roles

    @property
    def role(self) -> Role:
        """The role that audit rows name: the strongest one."""
        return next((role for role in STRONGEST_FIRST if role in self.roles), "patient")


class _Claims(msgspec.Struct):
    sub: UUID
    roles: frozenset[Role]
    exp: int
    pid: UUID | None = None


class TokenSigner:
    """Makes tokens; only the gateway has the key."""

    def __init__(self, private_pem: Path) -> None:
        self._key = OKPKey.import_key(private_pem.read_text())

    def sign(self, principal: Principal, lifetime_s: int) -> str:
        now = int(time.time())
        claims: dict[str, Any] = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": str(principal.user_id),
            "roles": sorted(principal.roles),
            "iat": now,
            "exp": now + lifetime_s,
        }
        if principal.patient_id:
            claims["pid"] = str(principal.patient_id)
        return jwt.encode({"alg": "Ed25519"}, claims, self._key, algorithms=["Ed25519"])


class TokenVerifier:
    """Checks tokens with the public key."""

    def __init__(self, public_pem: Path) -> None:
        self._key = OKPKey.import_key(public_pem.read_text())
        self._rules = jwt.JWTClaimsRegistry(
            iss={"essential": True, "value": ISSUER},
            aud={"essential": True, "value": AUDIENCE},
            exp={"essential": True},
        )
        self._known: dict[str, tuple[Principal, float]] = {}

    def verify(self, token: str) -> Principal:
        """The principal of a token. Raises `Refused("unauthenticated")`."""
        now = time.time()
        known = self._known.get(token)
        if known is not None and now < known[1]:
            return known[0]
        try:
            decoded = jwt.decode(token, self._key, algorithms=["Ed25519"])
            self._rules.validate(decoded.claims)
            claims = msgspec.convert(decoded.claims, _Claims)
        except (JoseError, ValueError, msgspec.ValidationError):
            telemetry.AUTH_FAILURES.labels("token").inc()
            raise Refused("unauthenticated") from None
        principal = Principal(user_id=claims.sub, roles=claims.roles, patient_id=claims.pid, token=token)
        if len(self._known) >= REMEMBER_MAX:
            self._known.clear()
        self._known[token] = (principal, min(float(claims.exp), now + REMEMBER_S))
        return principal


def bearer(header: str | None) -> str:
    """The token of an `Authorization: Bearer` header. Raises `Refused("unauthenticated")`."""
    if not header:
        raise Refused("unauthenticated")
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Refused("unauthenticated")
    return token.strip()


def guard(verifier: TokenVerifier) -> Any:
    """The guard of a whole app: a valid token, or a handler that says `opt={"public": True}`."""

    async def authenticate(
        connection: "ASGIConnection[Any, Any, Any, Any]", handler: BaseRouteHandler
    ) -> None:
        if handler.opt.get("public"):
            return
        connection.state.principal = verifier.verify(bearer(connection.headers.get("authorization")))

    return authenticate


async def provide_principal(request: "Request[Any, Any, Any]") -> Principal:
    """The dependency `principal`."""
    return cast(Principal, request.state.principal)


def require_role(*roles: Role) -> Any:
    """A guard beside a path: one of these roles, else 403 `forbidden_role`."""

    async def check(connection: "ASGIConnection[Any, Any, Any, Any]", _: BaseRouteHandler) -> None:
        principal: Principal = connection.state.principal
        if not principal.roles.intersection(roles):
            raise Refused("forbidden_role")

    return check


def own_patient_id(principal: Principal) -> UUID:
    """The patient behind the account, else 403 `forbidden_role`."""
    if principal.patient_id is None:
        raise Refused("forbidden_role")
    return principal.patient_id
