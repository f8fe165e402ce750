"""Tickets for WebSockets, since a browser cannot give one a header: short, for one use, bound to who asked."""

import secrets
from hashlib import sha256
from typing import Final
from uuid import UUID

import msgspec

from chassis.auth import Principal
from chassis.cache import DOWN, Cache
from proto.errors import Unavailable
from proto.words import Role


class Ticket(msgspec.Struct, frozen=True, kw_only=True):
    """Who may listen, and until when (epoch seconds); `session_key` when a browser session stands behind it."""

    user_id: UUID
    roles: frozenset[Role]
    patient_id: UUID | None
    ends_at: float
    session_key: str | None = None

    def principal(self) -> Principal:
        return Principal(user_id=self.user_id, roles=self.roles, patient_id=self.patient_id)


_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(Ticket).decode


class Tickets:
    def __init__(self, cache: Cache, ttl_s: int) -> None:
        self._cache = cache
        self._ttl_s = ttl_s

    async def issue(self, ticket: Ticket) -> str:
        """A text for the query of one handshake. Raises `Unavailable`."""
        text = secrets.token_urlsafe(32)
        try:
            await self._cache.client.set(_key(text), _encode(ticket), px=self._ttl_s * 1000)
        except DOWN:
            raise Unavailable("tickets") from None
        return text

    async def spend(self, text: str) -> Ticket | None:
        """Whose it is; None when it was never issued, is used, or is too old. Raises `Unavailable`."""
        try:
            kept = await self._cache.client.getdel(_key(text))
        except DOWN:
            raise Unavailable("tickets") from None
        return _decode(kept) if kept is not None else None


def _key(text: str) -> str:
    return "dc:ticket:" + sha256(text.encode()).hexdigest()
