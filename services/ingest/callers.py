"""Who is calling a hot route: a signed-in user, a connection by its ingest token, or a hub by its secret."""

import base64
import binascii
from datetime import datetime
from hmac import compare_digest
from typing import Final
from uuid import UUID

from chassis import telemetry
from chassis.auth import TokenVerifier, bearer
from chassis.crypto import token_digest
from proto.errors import Refused
from proto.state import ConnectionState
from services.ingest.domain import Caller
from services.ingest.known import KnownWorld

TOKEN_PREFIX: Final = "dci_"  # noqa: S105 - a prefix, not a secret
"""An ingest token is `dci_<connection id, 32 hex>_<random>`."""
REMEMBER_MAX: Final = 20_000


class Callers:
    """Finds callers. A device that proved itself is remembered for as long as its connection is what it was then."""

    def __init__(self, known: KnownWorld, verifier: TokenVerifier) -> None:
        self._known = known
        self._verifier = verifier
        self._proven: dict[bytes, tuple[ConnectionState, Caller]] = {}

    async def find(self, header: bytes | None, now: datetime) -> Caller:
        """As `caller_of`; a device or hub that is not known may have been paired a moment ago, and is looked for again.

        A remembered device is judged by what is known of it now: a new token, a revocation or a removal puts another
        state in the place of the one that the token was checked against, and then it is checked again.
        """
        proven = self._proven.get(header) if header is not None else None
        if proven is not None and self._known.connection(proven[1].connection_id) is proven[0]:
            return proven[1]
        authorization = header.decode("latin-1") if header is not None else None
        try:
            caller = caller_of(authorization, self._known, self._verifier, now)
        except Refused:
            if not is_of_device(authorization):
                raise
            await self._known.catch_up()
            caller = caller_of(authorization, self._known, self._verifier, now)
        if header is not None:
            self._remember(header, caller)
        return caller

    def _remember(self, header: bytes, caller: Caller) -> None:
        state = self._known.connection(caller.connection_id)
        if state is None:
            return
        if len(self._proven) >= REMEMBER_MAX:
            self._proven.clear()
        self._proven[header] = (state, caller)


def is_of_device(authorization: str | None) -> bool:
    """Whether a connection or a hub presents itself, by what only pairing can know."""
    scheme, _, credential = (authorization or "").partition(" ")
    return scheme.lower() == "basic" or credential.startswith(TOKEN_PREFIX)


def caller_of(authorization: str | None, known: KnownWorld, verifier: TokenVerifier, now: datetime) -> Caller:
    """Raises `Refused("unauthenticated")`. The token of a revoked connection is still recognised."""
    if authorization and authorization[:6].lower() == "basic ":
        return _hub(authorization[6:], known, now)
    token = bearer(authorization)
    if token.startswith(TOKEN_PREFIX):
        return _connection(token, known)
    principal = verifier.verify(token)
    return Caller(
        actor_id=str(principal.user_id),
        role=principal.role,
        user_id=principal.user_id,
        patient_id=principal.patient_id,
    )


def _connection(token: str, known: KnownWorld) -> Caller:
    known.require()
    try:
        id = UUID(hex=token[4:36])
    except ValueError:
        raise _refused("ingest_token") from None
    state = known.connection(id)
    if state is None or not state.token_sha256 or not compare_digest(state.token_sha256, token_digest(token)):
        raise _refused("ingest_token")
    return Caller(actor_id=f"connection:{id}", role="device", connection_id=id)


def _hub(credentials: str, known: KnownWorld, now: datetime) -> Caller:
    known.require()
    try:
        hub_id, _, secret = base64.b64decode(credentials, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        raise _refused("hub") from None
    if not known.is_hub_secret(hub_id, secret, now):
        raise _refused("hub")
    return Caller(actor_id=f"hub:{hub_id}", role="hub", hub_id=hub_id)


def _refused(reason: str) -> Refused:
    telemetry.AUTH_FAILURES.labels(reason).inc()
    return Refused("unauthenticated")
