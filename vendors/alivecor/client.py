"""Speaks to AliveCor: an API key instead of a sign-in, a code that proves who a patient is, lists of recordings.

Callbacks are not signed and say only whose: their address holds a secret part that is checked before.
"""

import base64
import hmac
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec

from proto.vendors.client import (
    USER,
    Answer,
    Ask,
    Client,
    Incoming,
    Notification,
    NotUsable,
    Page,
    Reply,
    Request,
    Send,
    Subscription,
    Tokens,
    VendorFault,
    addressed,
    decoded,
    fault_of_status,
    hint_id,
)
from proto.vendors.instants import iso
from proto.vendors.shapes import rows, text
from proto.words import Kind
from vendors.alivecor.manifest import HOSTS, MANIFEST
from vendors.alivecor.mapping import LOST

LIMIT: Final = "50"
"""The most that a page may have."""
PAGES_MAX: Final = 500
TOPIC: Final = "all"
IDS: Final = ("patientId", "patientID", "customParticipantId")
"""How callbacks call the person. The first two are AliveCor's name, the last is the team's own: whichever is known here
finds the account."""
NOT_FOUND: Final = 404


class AliveCorClient(Client):
    manifest = MANIFEST

    # -- grants -----------------------------------------------------------------------------------------------------

    def granted(self, given: Mapping[str, str]) -> Tokens:
        typed = {name: given.get(name, "").strip() for name in ("patient_id", "code")}
        for name, text_ in typed.items():
            if not text_:
                raise NotUsable(name, "patient_and_code_needed")
        return Tokens(access_token=typed["code"], user_id=typed["patient_id"])

    async def identify(self, send: Send, tokens: Tokens) -> str:
        """The code that AliveCor made for this patient, and the one that the person typed, are the same."""
        user = await super().identify(send, tokens)
        body = self.check(await send(self._request("GET", f"patients/{USER}/code", "code")))
        good = _letters(text(body.get("code"))) if isinstance(body, dict) else b""
        if not good or not hmac.compare_digest(good, _letters(tokens.access_token)):
            raise VendorFault("grant_lost", "wrong_code")
        return user

    # -- data -------------------------------------------------------------------------------------------------------

    def authorized(self, request: Request, tokens: Tokens) -> Request:
        """With the team's key; the person is in the address."""
        pair = base64.b64encode(f"{self.credentials['api_key']}:".encode()).decode()
        headers = {**request.headers, "authorization": f"Basic {pair}"}
        return msgspec.structs.replace(request, url=addressed(request.url, tokens), headers=headers)

    def fault_of(self, answer: Answer) -> VendorFault | None:
        """A refused key is ours to mend; a patient who is not in the team has left."""
        fault = fault_of_status(answer)
        if fault is not None and fault.fault.fault_class == "auth":
            return VendorFault("invalid_request", answer.status)
        return VendorFault("grant_lost", answer.status) if answer.status == NOT_FOUND else fault

    async def pages(self, send: Send, ask: Ask) -> AsyncIterator[Page]:
        """Ends when they say so, when a page is empty or begins where another did, or when newest first it is past what
        is asked for."""
        if not self.manifest.kinds & ask.kinds:
            return
        seen: set[str] = set()
        cursor = ""
        for _ in range(PAGES_MAX):
            params = {"limit": LIMIT, "start": cursor} if cursor else {"limit": LIMIT}
            request = self._request("GET", f"patients/{USER}/recordings", "recordings", params=params)
            payload = self.check(await send(request))
            body = payload if isinstance(payload, dict) else {}
            recordings = rows(body.get("data")) or rows(body.get("recordings"))
            if not recordings:
                return
            yield Page(endpoint="recordings", payload=payload)
            info = body.get("pageInfo")
            cursor = text(info.get("endCursor")) if isinstance(info, dict) and info.get("hasNextPage") else ""
            if not cursor or cursor in seen or _is_past(recordings, ask.since):
                return
            seen.add(cursor)
        raise VendorFault("vendor_error", "endless_pages")

    # -- notifications ----------------------------------------------------------------------------------------------

    def receive(self, incoming: Incoming, secrets: Sequence[str]) -> Reply:
        """Setting the address posts nothing to it."""
        if incoming.method != "POST" or not incoming.body.strip():
            return Reply(status=200, outcome="challenge")
        if not _people(decoded(incoming.body)):
            return Reply(status=400, outcome="malformed")
        return Reply(status=200, accept=True, event_id=hint_id(incoming))

    def notifications(self, payload: bytes, content_type: str) -> list[Notification]:
        note = decoded(payload)
        gone = isinstance(note, dict) and text(note.get("eventType")).lower() in LOST
        return [Notification(user_id=user, endpoint="recordings", gone=gone) for user in _people(note)]

    def topics(self, kinds: frozenset[Kind]) -> list[str]:
        return [TOPIC]

    async def subscriptions(self, send: Send) -> list[Subscription]:
        answer = await send(self._request("GET", "callback", "callback"))
        body = None if answer.status == NOT_FOUND else self.check(answer)
        url = text(body.get("url")) if isinstance(body, dict) else ""
        return [Subscription(topic=TOPIC, url=url)] if url else []

    async def subscribe(self, send: Send, topic: str, url: str, secret: str) -> None:
        self.check(await send(self._request("PUT", "callback", "callback", form={"url": url})))

    def _request(
        self,
        method: Any,
        path: str,
        endpoint: str,
        *,
        params: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
    ) -> Request:
        host = self.credentials.get("host", HOSTS[0])
        return Request(
            method=method, url=f"https://{host}/v1/{path}", params=params or {}, form=form, endpoint=endpoint
        )


def _letters(code: str) -> bytes:
    """A code as people type it: small letters and missing dashes are no mistakes."""
    return "".join(letter for letter in code.upper() if letter.isalnum()).encode(errors="replace")


def _is_past(recordings: list[dict[str, Any]], since: datetime) -> bool:
    """Whether a page that is sorted newest first ends before what is asked for. The order is not published."""
    first, last = iso(recordings[0].get("recordedAt")), iso(recordings[-1].get("recordedAt"))
    return first is not None and last is not None and last < since and last <= first


def _people(note: Any) -> list[str]:
    """Every name that a callback has for the person, each once."""
    if not isinstance(note, dict):
        return []
    return list(dict.fromkeys(user for name in IDS if (user := text(note.get(name)))))


CLIENT: Final = AliveCorClient
