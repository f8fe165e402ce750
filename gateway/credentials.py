"""Who is asking: a browser session, the app's, or a bearer of ours. Answers the `Authorization` with which the request travels on.

A browser's session costs a CSRF token and an own origin for everything that changes something; a bearer is its own
proof.
What devices present (`dci_…`, hub Basic) passes untouched, to the two ingest addresses alone.
"""

import base64
from collections.abc import Mapping
from typing import Final

import msgspec

from chassis.auth import Principal, TokenVerifier, bearer
from gateway import cookies
from gateway.origins import UNSAFE, may_change
from gateway.session import APP_TOKEN, Known, Sessions, is_csrf
from gateway.settings import Settings
from gateway.tickets import Ticket
from proto.errors import Refused

CONNECTION_TOKEN: Final = "dci_"  # noqa: S105 - how such tokens begin, not one of them


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks. `authorization` is what a service gets; without a principal it is a device's own proof."""

    authorization: bytes
    principal: Principal | None = None
    session: Known | None = None

    @property
    def person(self) -> Principal:
        """The principal. Raises `Refused("unauthenticated")` for a device."""
        if self.principal is None:
            raise Refused("unauthenticated")
        return self.principal


class Credentials:
    def __init__(self, settings: Settings, verifier: TokenVerifier, sessions: Sessions) -> None:
        self._verifier = verifier
        self._sessions = sessions
        self._public_origin = settings.public_origin
        self._development = settings.is_development

    async def caller(self, method: str, headers: Mapping[str, str], *, is_edge: bool = False) -> Caller:
        """Raises `Refused`: `unauthenticated`, `csrf`; `Unavailable` when sessions cannot be asked."""
        authorization = headers.get("authorization")
        if authorization is not None:
            if authorization.startswith(APP_TOKEN, 7):
                return await self._by_app(bearer(authorization))
            return self._by_header(authorization, is_edge)
        sid = cookies.read(headers.get("cookie"), cookies.SESSION)
        known = await self._sessions.find(sid) if sid else None
        if known is None:
            raise Refused("unauthenticated")
        if method in UNSAFE:
            self._check_origin(known, headers)
        return Caller(authorization=self._sessions.bearer(known), principal=known.principal, session=known)

    async def _by_app(self, token: str) -> Caller:
        """A session as a cookie's is, but its own proof: no page of somebody else can make a browser send it."""
        known = await self._sessions.find(token, "app")
        if known is None:
            raise Refused("unauthenticated")
        return Caller(authorization=self._sessions.bearer(known), principal=known.principal, session=known)

    def _by_header(self, authorization: str, is_edge: bool) -> Caller:
        scheme = authorization[:6].lower()
        if is_edge and (
            scheme == "basic " or (scheme == "bearer" and authorization[7:].startswith(CONNECTION_TOKEN))
        ):
            return Caller(authorization=authorization.encode("latin-1"))
        principal = self._verifier.verify(bearer(authorization))
        return Caller(authorization=authorization.encode("latin-1"), principal=principal)

    def _check_origin(self, known: Known, headers: Mapping[str, str]) -> None:
        is_own = may_change(
            headers.get("origin"),
            headers.get("sec-fetch-site"),
            headers.get("host"),
            self._public_origin,
            development=self._development,
        )
        if not is_own or not is_csrf(known.session, headers.get("x-csrf-token")):
            raise Refused("csrf")


def ticket_of(caller: Caller) -> Ticket:
    """What a caller may listen with: as long as the session or the token lasts."""
    person = caller.person
    known = caller.session
    return Ticket(
        user_id=person.user_id,
        roles=person.roles,
        patient_id=person.patient_id,
        ends_at=known.session.ends_at if known is not None else _expiry(caller.authorization),
        session_key=known.key if known is not None else None,
    )


class _Expiry(msgspec.Struct):
    exp: float


def _expiry(authorization: bytes) -> float:
    """`exp` of a token that is verified already."""
    payload = authorization.split(b".")[1]
    padded = payload + b"=" * (-len(payload) % 4)
    return msgspec.json.decode(base64.urlsafe_b64decode(padded), type=_Expiry).exp
