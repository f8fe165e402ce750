"""Codes by which the companion app fetches its session after a sign-in in the system's browser (RFC 8252, RFC 7636).

A link carries the code to the app, and other apps may see links: so it is for one use, good for a minute, and worth
nothing without the verifier, which never left the app that began.
"""

import base64
import re
import secrets
from hashlib import sha256
from typing import Final
from uuid import UUID

import msgspec

from chassis.auth import Principal
from chassis.cache import DOWN, Cache
from proto.errors import Unavailable
from proto.words import Role

CODE_S: Final = 60
LINK: Final = "deviceconnect://signed-in?code="
_CHALLENGE: Final = re.compile(r"[A-Za-z0-9_-]{43}")


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """Who signed in, and what the one who fetches the session must be able to answer."""

    user_id: UUID
    roles: frozenset[Role]
    patient_id: UUID | None
    challenge: str

    def principal(self) -> Principal:
        return Principal(user_id=self.user_id, roles=self.roles, patient_id=self.patient_id)


_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(Kept).decode


def is_challenge(text: str) -> bool:
    """Whether this can be a SHA-256 digest in URL-safe letters."""
    return _CHALLENGE.fullmatch(text) is not None


def answers(verifier: str, challenge: str) -> bool:
    digest = base64.urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=")
    return secrets.compare_digest(digest, challenge.encode())


class AppCodes:
    def __init__(self, cache: Cache) -> None:
        self._cache = cache

    async def issue(self, principal: Principal, challenge: str) -> str:
        """Raises `Unavailable`."""
        code = secrets.token_urlsafe(32)
        kept = Kept(
            user_id=principal.user_id,
            roles=principal.roles,
            patient_id=principal.patient_id,
            challenge=challenge,
        )
        try:
            await self._cache.client.set(_key(code), _encode(kept), ex=CODE_S)
        except DOWN:
            raise Unavailable("sign-in") from None
        return code

    async def spend(self, code: str) -> Kept | None:
        """What the code stands for, whoever brings it: a second try finds nothing. Raises `Unavailable`."""
        try:
            kept = await self._cache.client.getdel(_key(code))
        except DOWN:
            raise Unavailable("sign-in") from None
        return _decode(kept) if kept is not None else None


def _key(code: str) -> str:
    return "dc:app-code:" + sha256(code.encode()).hexdigest()
