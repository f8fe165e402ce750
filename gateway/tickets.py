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


REMEMBERED_MS: Final = 60_000
"""How long a ticket that was spent, or refused, is still known as somebody's."""
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
        """Whose it is; None when it was never issued, is used, is too old, or when its session has ended since.

        Raises `Unavailable`.
        """
        try:
            kept = await self._cache.client.getdel(_key(text))
            if kept is None:
                return None
            await self._cache.client.set(_key(text, "ticket-spent"), kept, px=REMEMBERED_MS)
            ticket = _decode(kept)
            if ticket.session_key is not None and not await self._cache.client.exists(ticket.session_key):
                return None
        except DOWN:
            raise Unavailable("tickets") from None
        return ticket

    async def misused(self, text: str) -> Ticket | None:
        """Whose the ticket is or was that opened nothing; told once a ticket, and never of one that was made up."""
        client = self._cache.client
        try:
            kept = await client.get(_key(text)) or await client.get(_key(text, "ticket-spent"))
            is_news = kept and await client.set(_key(text, "ticket-told"), b"", px=REMEMBERED_MS, nx=True)
        except DOWN:
            raise Unavailable("tickets") from None
        return _decode(kept) if kept and is_news else None


def _key(text: str, what: str = "ticket") -> str:
    return f"dc:{what}:{sha256(text.encode()).hexdigest()}"
