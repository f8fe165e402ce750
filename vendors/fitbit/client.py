"""Speaks to the Fitbit Web API, which its maker switched off: everything there is answered 410 (`vendor_retired`).

What it was like: PKCE with Basic, refresh tokens that work once, calls by the person's dates, errors in a list, and a
subscriber that proves itself.
"""

import base64
import hashlib
import hmac
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from datetime import UTC, date, timedelta
from typing import Any, Final, Literal, NamedTuple
from urllib.parse import parse_qsl, urlsplit

from proto.vendors.client import (
    USER,
    Answer,
    Ask,
    Client,
    Incoming,
    Notification,
    Page,
    Reply,
    Request,
    Send,
    Subscription,
    VendorFault,
    around,
    decoded,
    fault_of_status,
    hint_id,
)
from proto.vendors.instants import zone_of
from proto.words import Kind
from vendors.fitbit import tables
from vendors.fitbit.faults import class_of
from vendors.fitbit.manifest import API_HOST, MANIFEST
from vendors.fitbit.mapping import timezone_in

BASE: Final = f"https://{API_HOST}"
LANGUAGE: Final = {"accept-language": "fr_FR"}
"""Units follow the language, and this one is metric throughout; the mapping takes what it is not told as metric."""
DATES: Final = 30
"""The longest range of most calls, both dates counted."""
EARLIER: Final = timedelta(days=1)
PAGES_MAX: Final = 1000
LIMIT: Final = "10"
"""The most that a page of these lists may have."""

Window = Literal["range", "ended", "each", "period", "list"]
"""How a call takes time: a range of dates; one without the day that still grows; each ended date by itself; a period that
ends on a date; a list after a date."""


class Call(NamedTuple):
    path: str
    window: Window
    brings: frozenset[Kind]
    rows: str = ""
    at: str = ""
    """Of a list: where its rows are, and where their time is."""


CALLS: Final = (
    Call("/1/user/-/body/log/weight/date", "range", frozenset({"weight", "body_composition"})),
    Call("/1/user/-/activities/date", "each", frozenset({"activity"})),
    Call("/1/user/-/activities/heart/date", "period", frozenset({"heart_rate"})),
    Call("/1/user/-/hrv/date", "range", frozenset({"heart_rate"})),
    Call("/1.2/user/-/sleep/date", "range", frozenset({"sleep"})),
    Call("/1/user/-/spo2/date", "range", frozenset({"spo2"})),
    Call("/1/user/-/br/date", "range", frozenset({"respiratory_rate"})),
    Call("/1/user/-/temp/core/date", "range", frozenset({"temperature"})),
    Call("/1/user/-/temp/skin/date", "range", frozenset({"temperature"})),
    Call("/1/user/-/cardioscore/date", "ended", frozenset({"cardio_fitness"})),
    Call("/1/user/-/ecg/list", "list", frozenset({"ecg"}), "ecgReadings", "startTime"),
    Call("/1/user/-/irn/alerts/list", "list", frozenset({"blood_pressure"}), "alerts", "detectedTime"),
)
HEART: Final = "/1/user/-/activities/heart/date"
"""The resting pulse is in the sums of a day, too: it is asked for alone only where those are not wanted."""
PROFILE: Final = "/1/user/-/profile.json"
PERIODS: Final = ((1, "1d"), (7, "7d"), (30, "30d"))

COLLECTIONS: Final[Mapping[str, frozenset[Kind]]] = {
    "activities": frozenset({"activity"}),
    "body": frozenset({"weight", "body_composition"}),
    "sleep": frozenset({"sleep"}),
}
SIGNATURE: Final = "x-fitbit-signature"
VERIFY: Final = "verify"
RESET: Final = "fitbit-rate-limit-reset"
CONFLICT: Final = 409
"""Subscribed already, under another id."""


class FitbitClient(Client):
    manifest = MANIFEST

    # -- grants -----------------------------------------------------------------------------------------------------

    def _client_form(self) -> dict[str, str]:
        return {"client_id": self.credentials["client_id"]}

    def _token_fault(self, answer: Answer, body: Any) -> VendorFault:
        kind, message = _error(body)
        if kind and answer.status < 500 and class_of(kind, message) == "grant_lost":
            return VendorFault("grant_lost", kind)
        return super()._token_fault(answer, {"error": kind} if kind else body)

    # -- data -------------------------------------------------------------------------------------------------------

    def fault_of(self, answer: Answer) -> VendorFault | None:
        """By the type of the error where it is one that is known, else by status."""
        fault = fault_of_status(answer)
        if fault is None:
            return None
        kind, message = _error(answer.json())
        known = class_of(kind, message) if kind.lower() in tables.ERRORS else fault.fault.fault_class
        wait = fault.fault.retry_after
        if known == "rate_limited" and wait is None:
            wait = _seconds(answer.headers.get(RESET, ""))
        return VendorFault(known, kind or answer.status, wait)

    async def pages(self, send: Send, ask: Ask) -> AsyncIterator[Page]:
        profile = await self._profile(send)
        zone = zone_of(timezone_in(profile)) or zone_of(ask.timezone) or UTC
        first = ask.since.astimezone(zone).date() - EARLIER
        last = ask.until.astimezone(zone).date()
        for call in CALLS:
            if not call.brings & ask.kinds or (call.path == HEART and "activity" in ask.kinds):
                continue
            if call.window == "list":
                async for page in self._list(send, call, first, last):
                    yield _with(profile, page)
                continue
            for path in _paths(call, first, last):
                payload = self.check(await send(_get(path)))
                if payload:
                    yield _with(profile, Page(endpoint=path, payload=payload))

    async def _profile(self, send: Send) -> Any:
        """Whose clock it is that all times are of. Nothing where the person does not show it."""
        answer = await send(_get(PROFILE))
        fault = self.fault_of(answer)
        if fault is not None and fault.fault.fault_class != "forbidden_scope":
            raise fault
        return answer.json() if fault is None else None

    async def _list(self, send: Send, call: Call, first: date, last: date) -> AsyncIterator[Page]:
        """Oldest first, until they say that nothing follows or what follows is later than asked. Their address of the
        next page is read for its question only: where that goes to is ours to say."""
        path = f"{call.path}.json"
        params = {"afterDate": first.isoformat(), "sort": "asc", "limit": LIMIT, "offset": "0"}
        asked: set[tuple[tuple[str, str], ...]] = set()
        for _ in range(PAGES_MAX):
            asked.add(tuple(sorted(params.items())))
            payload = self.check(await send(_get(path, params)))
            rows = payload.get(call.rows) if isinstance(payload, dict) else None
            if not isinstance(rows, list) or not rows:
                return
            yield Page(endpoint=path, payload=payload)
            newest = rows[-1].get(call.at) if isinstance(rows[-1], dict) else None
            params = _next(payload)
            if not params or (isinstance(newest, str) and newest[:10] > last.isoformat()):
                return
            if tuple(sorted(params.items())) in asked:
                return
        raise VendorFault("vendor_error", "endless_pages")

    # -- notifications ----------------------------------------------------------------------------------------------

    def receive(self, incoming: Incoming, secrets: Sequence[str]) -> Reply:
        """`secrets`: the subscriber's verification code. What is signed is signed with the client's own secret."""
        if incoming.method != "POST":
            given = incoming.params.get(VERIFY, "").encode(errors="replace")
            good = [hmac.compare_digest(given, secret.encode()) for secret in secrets if secret]
            return Reply(status=204 if any(good) else 404, outcome="challenge")
        given = incoming.headers.get(SIGNATURE, "").strip().encode(errors="replace")
        if not hmac.compare_digest(given, self._signature(incoming.body)):
            return Reply(status=404, outcome="bad_signature")
        if not _notes(incoming.body):
            return Reply(status=400, outcome="malformed")
        return Reply(status=204, accept=True, event_id=hint_id(incoming))

    def _signature(self, body: bytes) -> bytes:
        key = f"{self.credentials['client_secret']}&".encode()
        return base64.b64encode(hmac.new(key, body, hashlib.sha1).digest())

    def notifications(self, payload: bytes, content_type: str) -> list[Notification]:
        found = []
        for note in _notes(payload):
            user, about = str(note["ownerId"]), note.get("collectionType")
            if about == tables.REVOKED:
                found.append(Notification(user_id=user, gone=True))
            elif isinstance(about, str) and about in COLLECTIONS:
                since, until = around(note.get("date"))
                found.append(Notification(user_id=user, since=since, until=until, endpoint=about))
        return found

    def topics(self, kinds: frozenset[Kind]) -> list[str]:
        return [*(name for name, about in COLLECTIONS.items() if about & kinds), tables.REVOKED]

    async def subscriptions(self, send: Send) -> list[Subscription]:
        """Where they go to is set in the portal, and is not said here."""
        body = self.check(await send(_get("/1/user/-/apiSubscriptions.json")))
        rows = body.get("apiSubscriptions") if isinstance(body, dict) else None
        return [
            Subscription(topic=str(row.get("collectionType")), url="", id=str(row.get("subscriptionId")))
            for row in (rows if isinstance(rows, list) else [])
            if isinstance(row, dict)
        ]

    async def subscribe(self, send: Send, topic: str, url: str, secret: str) -> None:
        """Their names must differ among all people of the application."""
        answer = await send(_subscription("POST", topic, f"{USER}-{topic}"))
        if answer.status != CONFLICT:
            self.check(answer)

    async def unsubscribe(self, send: Send, subscription: Subscription) -> None:
        self.check(await send(_subscription("DELETE", subscription.topic, subscription.id)))


def _get(path: str, params: Mapping[str, str] | None = None) -> Request:
    return Request(method="GET", url=f"{BASE}{path}", params=params or {}, headers=LANGUAGE, endpoint=path)


def _with(profile: Any, page: Page) -> Page:
    """The page beside the profile, by which the mapping reads its clocks."""
    if not timezone_in(profile):
        return page
    answers = page.payload if isinstance(page.payload, list) else [page.payload]
    return Page(endpoint=page.endpoint, payload=[profile, *answers])


def _subscription(method: Literal["POST", "DELETE"], topic: str, id: str) -> Request:
    url = f"{BASE}/1/user/-/{topic}/apiSubscriptions/{id}.json"
    return Request(method=method, url=url, headers=LANGUAGE, endpoint="apiSubscriptions")


def _paths(call: Call, first: date, last: date) -> Iterator[str]:
    """What still grows is asked for when it has ended: it says no time of its change."""
    end = last if call.window == "range" else last - timedelta(days=1)
    step = 1 if call.window == "each" else DATES
    start = first
    while start <= end:
        stop = min(start + timedelta(days=step - 1), end)
        if call.window == "each":
            yield f"{call.path}/{start.isoformat()}.json"
        elif call.window == "period":
            yield f"{call.path}/{stop.isoformat()}/{_period((stop - start).days + 1)}.json"
        else:
            yield f"{call.path}/{start.isoformat()}/{stop.isoformat()}.json"
        start = stop + timedelta(days=1)


def _period(days: int) -> str:
    return next(name for length, name in PERIODS if days <= length)


def _next(payload: Any) -> dict[str, str]:
    """The question for the next page; empty where there is none."""
    pagination = payload.get("pagination") if isinstance(payload, dict) else None
    address = pagination.get("next") if isinstance(pagination, dict) else None
    try:
        return dict(parse_qsl(urlsplit(address).query)) if isinstance(address, str) else {}
    except ValueError:
        return {}


def _error(body: Any) -> tuple[str, str]:
    """Type and message of the first error; empty where there is none."""
    errors = body.get("errors") if isinstance(body, dict) else None
    first = errors[0] if isinstance(errors, list) and errors else None
    if not isinstance(first, dict):
        return "", ""
    return str(first.get("errorType") or ""), str(first.get("message") or "")


def _notes(body: bytes) -> list[dict[str, Any]]:
    """The notifications of an array that name somebody."""
    notes = decoded(body)
    rows = notes if isinstance(notes, list) else []
    return [row for row in rows if isinstance(row, dict) and isinstance(row.get("ownerId"), str) and row["ownerId"]]  # fmt: skip


def _seconds(text: str) -> float | None:
    text = text.strip()
    return float(text) if text.isascii() and text.isdecimal() and len(text) < 7 else None


CLIENT: Final = FitbitClient
