"""How partners speak to us by our own contract (`vendors/generic/README.md`): they push, nobody is asked.

The webhook's bodies are signed; those of a socket or of MQTT come over a line that somebody signed in on. The bodies are
the same.
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final

from proto.vendors.client import (
    Client,
    Incoming,
    Notification,
    NotUsable,
    Reply,
    Tokens,
    decoded,
)
from proto.vendors.partner import id_text
from proto.vendors.standard_webhooks import ID, judge

JSON: Final = "application/json"
NUMBER: Final = "number"
"""What a person types while pairing: the partner's name for them."""
NUMBER_MIN: Final = 16
"""Whoever types a number gets its readings, so it must be too long to be guessed."""


class PartnerClient(Client):
    """`users`: where in `data` the partner's name for the person stands."""

    users: ClassVar[tuple[str, ...]] = ("user",)

    def granted(self, given: Mapping[str, str]) -> Tokens:
        number = given.get(NUMBER, "").strip()
        if len(number) < NUMBER_MIN:
            raise NotUsable(NUMBER, "number_too_short")
        return Tokens(access_token="", user_id=number)

    def receive(self, incoming: Incoming, secrets: Sequence[str]) -> Reply:
        """The proof first: who cannot give it learns nothing else."""
        if incoming.method != "POST":
            return Reply(status=405, outcome="malformed")
        verdict = judge(incoming.headers, incoming.body, secrets, incoming.received_at)
        if verdict != "genuine":
            return Reply(status=401, outcome="replayed" if verdict == "stale" else "bad_signature")
        if media_type(incoming.headers.get("content-type", "")) != JSON:
            return Reply(status=415, outcome="malformed")
        if not self._user(decoded(incoming.body)):
            return Reply(status=400, outcome="malformed")
        return Reply(status=204, accept=True, event_id=event_id(incoming.headers[ID], incoming.body))

    def notifications(self, payload: bytes, content_type: str) -> list[Notification]:
        body = decoded(payload)
        user = self._user(body)
        return [Notification(user_id=user, payload=body)] if user else []

    def _user(self, body: Any) -> str:
        """Empty: about nobody."""
        data = body.get("data") if isinstance(body, dict) else None
        if not isinstance(data, dict):
            return ""
        return next(filter(None, (id_text(data.get(key)) for key in self.users)), "")


def media_type(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()


def event_id(id: str, body: bytes) -> str:
    """The same id again is the same event only with the same body: a sender's mistake with ids loses no reading."""
    return hashlib.sha256(b"\0".join((id.encode(errors="replace"), body))).hexdigest()
