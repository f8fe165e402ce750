"""Speaks to Polar: access tokens that never run out, a registration before anything may be read, answers without a body
where there is nothing, and signed notifications.

The webhook is made once, by the operator: its key is shown then and never again (`webhook_secret`). It is tried with a
`PING` before anybody can know that key.
"""

import hashlib
import hmac
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
from vendors.polar.manifest import DATA_HOST, MANIFEST

BASE: Final = f"https://{DATA_HOST}/v3/users"
NOTHING: Final = (204, 404)
"""No data, or none of that date."""
REGISTERED: Final = 409
CALLS: Final[tuple[tuple[str, str, bool, frozenset[Kind]], ...]] = (
    ("sleep", "sleep", False, frozenset({"sleep"})),
    ("nightly-recharge", "nightly-recharge", False, frozenset({"heart_rate", "respiratory_rate"})),
    ("activities", "activities", True, frozenset({"activity"})),
    ("biosensing/spo2", "spo2", True, frozenset({"spo2"})),
    ("biosensing/ecg", "ecg", True, frozenset({"ecg"})),
    ("biosensing/bodytemperature", "bodytemperature", True, frozenset({"temperature"})),
    ("biosensing/skintemperature", "skintemperature", True, frozenset({"temperature"})),
    ("physical-info", "physical-info", False, frozenset({"weight"})),
)
"""Path, the mapping's word for it, whether it takes dates, and what it brings."""
HEART_RATES: Final = "continuous-heart-rate"
"""One question a day."""
EVENTS: Final[Mapping[str, str]] = {
    "SLEEP": "sleep",
    "CONTINUOUS_HEART_RATE": HEART_RATES,
    "ACTIVITY_SUMMARY": "activities",
    "PHYSICAL_INFORMATION": "physical-info",
}
PING: Final = "PING"


class PolarClient(Client):
    manifest = MANIFEST

    def _tokens(self, body: dict[str, Any], now: datetime) -> Tokens:
        user = body.get("x_user_id")
        return super()._tokens({**body, "user_id": user}, now)

    async def identify(self, send: Send, tokens: Tokens) -> str:
        """Registers the person: only what is uploaded afterwards can be read."""
        user = await super().identify(send, tokens)
        answer = await send(Request(method="POST", url=BASE, json={"member-id": user}, endpoint="register"))
        if answer.status != REGISTERED:
            self.check(answer)
        return user

    async def revoke(self, send: Send, tokens: Tokens) -> None:
        if tokens.user_id is None:
            raise VendorFault("invalid_request", "no_user_id")
        request = Request(method="DELETE", url=f"{BASE}/{tokens.user_id}", endpoint="revoke")
        self.check(await send(self.authorized(request, tokens)))

    def fault_of(self, answer: Answer) -> VendorFault | None:
        return None if answer.status in NOTHING else fault_of_status(answer)

    async def pages(self, send: Send, ask: Ask) -> AsyncIterator[Page]:
        first, last = _dates(ask)
        span = {"from": first.isoformat(), "to": last.isoformat()}
        for path, name, takes_dates, brings in CALLS:
            if brings & ask.kinds:
                payload = await self._ask(send, path, name, span if takes_dates else {})
                if payload:
                    yield Page(endpoint=name, payload=payload)
        day = first
        while "heart_rate" in ask.kinds and day <= last:
            payload = await self._ask(send, f"{HEART_RATES}/{day.isoformat()}", HEART_RATES, {})
            if payload:
                yield Page(endpoint=HEART_RATES, payload=payload)
            day += timedelta(days=1)

    async def _ask(self, send: Send, path: str, name: str, params: dict[str, str]) -> Any:
        answer = await send(Request(method="GET", url=f"{BASE}/{path}", params=params, endpoint=name))
        payload = self.check(answer)
        return None if answer.status in NOTHING else payload

    def receive(self, incoming: Incoming, secrets: Sequence[str]) -> Reply:
        event = _event(incoming.body)
        if event is not None and event["event"] == PING:
            return Reply(status=200, outcome="challenge")
        said = incoming.headers.get("polar-webhook-signature", "").lower().encode()
        keys = (*secrets, *filter(None, [self.credentials.get("webhook_secret", "")]))
        fits = [
            hmac.compare_digest(
                hmac.new(key.encode(), incoming.body, hashlib.sha256).hexdigest().encode(), said
            )
            for key in keys
        ]
        if not any(fits):
            return Reply(status=401, outcome="bad_signature")
        if event is None:
            return Reply(status=400, outcome="malformed")
        facts = (event.get(name, "") for name in ("event", "user_id", "entity_id", "date", "timestamp"))
        return Reply(status=200, accept=True, event_id=event_id_of(*facts))

    def notifications(self, payload: bytes, content_type: str) -> list[Notification]:
        """Where to look; the address that stands in it is not fetched."""
        event = _event(payload)
        user = event.get("user_id") if event else None
        if (
            event is None
            or event["event"] not in EVENTS
            or isinstance(user, bool)
            or not isinstance(user, int | str)
        ):
            return []
        since, until = _around(event.get("date"))
        if since is None and (at := iso(event.get("timestamp"))) is not None:
            since, until = at - timedelta(days=1), at + timedelta(days=1)
        return [Notification(user_id=str(user), since=since, until=until, endpoint=EVENTS[event["event"]])]


def _dates(ask: Ask) -> tuple[date, date]:
    """Local dates, a day wider: a night belongs to the day on which it ends."""
    zone = zone_of(ask.timezone) or UTC
    first = ask.since.astimezone(zone).date() - timedelta(days=1)
    return first, ask.until.astimezone(zone).date() + timedelta(days=1)


def _around(text: Any) -> tuple[datetime | None, datetime | None]:
    """A local date of an unknown zone: a day and a half to either side of its noon."""
    try:
        noon = datetime.combine(date.fromisoformat(str(text)), datetime.min.time(), UTC) + timedelta(hours=12)
        return noon - timedelta(hours=36), noon + timedelta(hours=36)
    except (ValueError, OverflowError):
        return None, None


def _event(body: bytes) -> dict[str, Any] | None:
    try:
        event = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return event if isinstance(event, dict) and isinstance(event.get("event"), str) else None


CLIENT: Final = PolarClient
