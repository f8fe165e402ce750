"""Asks `access` who somebody is: the one call by which a sign-in becomes a user with roles and a patient id."""

from typing import Final
from uuid import UUID

import msgspec

from chassis.auth import Principal
from gateway.forward import Upstream, request_head
from gateway.oidc import Person
from gateway.settings import Settings
from proto.errors import Refused, Unavailable
from proto.words import Role

PATH: Final = b"/internal/sign-in"


class SignedIn(msgspec.Struct, frozen=True):
    user_id: UUID
    patient_id: UUID | None
    roles: list[Role]
    display_name: str

    def principal(self) -> Principal:
        return Principal(user_id=self.user_id, roles=frozenset(self.roles), patient_id=self.patient_id)


class People:
    def __init__(self, settings: Settings, access: Upstream) -> None:
        self._access = access
        self._token = settings.secret("keys/internal_token")

    async def sign_in(self, person: Person) -> SignedIn:
        """Raises `Refused("unauthenticated")` for somebody who may not come in, `Unavailable` when it cannot be known."""
        body = msgspec.json.encode(person)
        head = request_head(
            "POST",
            PATH,
            self._access.authority,
            [
                (b"content-type", b"application/json"),
                (b"content-length", b"%d" % len(body)),
                (b"x-internal-token", self._token.reveal().encode()),
            ],
        )
        answer = await self._access.ask(head, body)  # the same sign-in twice is one user
        if not answer.is_complete:
            answer.discard()
            raise Unavailable("access")
        content = answer.whole()
        if answer.status in (200, 201):
            return msgspec.json.decode(content, type=SignedIn)
        if answer.status >= 500:
            raise Unavailable("access")
        raise Refused("unauthenticated")
