"""Speaks to Omron: two hosts, the person's name in the `id_token`, and measurements by local date, page after page.

Notifications are not signed and say only whose: their address holds a secret part that is checked before.
"""

import base64
import binascii
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import msgspec

from proto.vendors.client import (
    Answer,
    Ask,
    Client,
    Incoming,
    Notification,
    Page,
    Reply,
    Request,
    Send,
    Tokens,
    VendorFault,
    event_id_of,
    fault_of_status,
)
from proto.vendors.instants import iso, zone_of
from proto.words import Kind
from vendors.omron.manifest import DATA_HOST, MANIFEST

MEASUREMENT: Final = f"https://{DATA_HOST}/prd/api/measurement"
TYPES: Final[Mapping[str, tuple[str, Kind]]] = {
    "bloodpressure": ("bloodPressure", "blood_pressure"),
    "activity": ("activity", "activity"),
    "weight": ("weight", "weight"),
}
"""What is asked for → where it stands in the answer, and what it brings."""
LIMIT: Final = 200
LIMIT_MAX: Final = 6400
"""A page that adds nothing is asked for again with more room: a day may hold more than one page."""
PAGES_MAX: Final = 2000
EARLIER: Final = timedelta(days=1)
"""`since` counts in local dates, notifications in server time."""
OK: Final = 0


class OmronClient(Client):
    manifest = MANIFEST

    def _tokens(self, body: dict[str, Any], now: datetime) -> Tokens:
        """Who signed in is the subject of `id_token`; it came straight from Omron over TLS, so its signature proves
        nothing more (OpenID Connect Core §3.1.3.7). A refresh brings none."""
        tokens = super()._tokens(body, now)
        subject = _subject(body.get("id_token"))
        return tokens if subject is None else msgspec.structs.replace(tokens, user_id=subject)

    def fault_of(self, answer: Answer) -> VendorFault | None:
        fault = fault_of_status(answer)
        if fault is not None:
            return fault
        body = answer.json()
        status = body.get("status", OK) if isinstance(body, dict) else "no_json"
        return None if status == OK else VendorFault("vendor_error", status)

    async def pages(self, send: Send, ask: Ask) -> AsyncIterator[Page]:
        zone = zone_of(ask.timezone) or UTC
        first = ask.since.astimezone(zone).date() - EARLIER
        last = ask.until.astimezone(zone).date() + EARLIER
        for kind, (name, brings) in TYPES.items():
            if brings in ask.kinds:
                async for page in self._type(send, kind, name, first, last):
                    yield page

    async def _type(self, send: Send, kind: str, name: str, since: date, last: date) -> AsyncIterator[Page]:
        """Oldest first. The next page begins on the day of the last record, so pages overlap; what was seen is known by
        its id."""
        seen: set[str] = set()
        limit = LIMIT
        for _ in range(PAGES_MAX):
            payload = self.check(await send(_question(kind, since, limit)))
            result = payload.get("result") if isinstance(payload, dict) else None
            rows = _rows(result, name)
            new = {str(row.get("id")) for row in rows} - seen
            if new:
                yield Page(endpoint="measurement", payload=payload)
            seen |= new
            reached = max((_day(row) or since for row in rows), default=since)
            if not isinstance(result, dict) or not result.get("truncated") or not rows or reached > last:
                return
            if new and reached > since:
                since = reached
            elif limit < LIMIT_MAX:
                limit *= 2
            else:
                raise VendorFault("vendor_error", "endless_pages")
        raise VendorFault("vendor_error", "endless_pages")

    def receive(self, incoming: Incoming, secrets: Sequence[str]) -> Reply:
        note = _note(incoming.body)
        if note is None:
            return Reply(status=400, outcome="malformed")
        return Reply(status=200, accept=True, event_id=event_id_of(note["id"], note.get("timestamp", "")))

    def notifications(self, payload: bytes, content_type: str) -> list[Notification]:
        note = _note(payload)
        if note is None:
            return []
        at = iso(note.get("timestamp"))
        since = None if at is None else at - EARLIER
        return [Notification(user_id=note["id"], since=since, endpoint="measurement")]


def _question(kind: str, since: date, limit: int) -> Request:
    form = {"type": kind, "since": since.isoformat(), "limit": str(limit), "sortOrder": "asc"}
    return Request(method="POST", url=MEASUREMENT, form=form, endpoint="measurement")


def _rows(result: Any, name: str) -> list[dict[str, Any]]:
    rows = result.get(name) if isinstance(result, dict) else None
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def _day(row: Mapping[str, Any]) -> date | None:
    try:
        return date.fromisoformat(str(row.get("dateTimeLocal"))[:10])
    except ValueError:
        return None


def _note(body: bytes) -> dict[str, str] | None:
    """`{"id", "timestamp"}`."""
    try:
        note = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if not isinstance(note, dict) or not isinstance(note.get("id"), str) or not note["id"]:
        return None
    return {name: text for name, text in note.items() if isinstance(text, str)}


def _subject(token: Any) -> str | None:
    """`sub` of a JWT's claims."""
    parts = token.split(".") if isinstance(token, str) else []
    if len(parts) != 3:
        return None
    try:
        claims = msgspec.json.decode(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (msgspec.DecodeError, UnicodeDecodeError, binascii.Error, ValueError):
        return None
    subject = claims.get("sub") if isinstance(claims, dict) else None
    return subject if isinstance(subject, str) and subject else None


CLIENT: Final = OmronClient
