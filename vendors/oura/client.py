"""Speaks to Oura: collections with a `next_token`, problem documents, and notifications that are signed over their time.

Subscriptions are the application's, one for each collection and event. The secret given to `subscribe` comes back in the
challenge; events are signed with the client secret.
"""

import hashlib
import hmac
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
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
    Subscription,
    Tokens,
    VendorFault,
    event_id_of,
    fault_of_status,
    http_date,
)
from proto.vendors.instants import epoch, iso, rfc3339, zone_of
from proto.words import Kind
from vendors.oura.manifest import DATA_HOST, MANIFEST

BASE: Final = f"https://{DATA_HOST}"
COLLECTIONS: Final[Mapping[str, frozenset[Kind]]] = {
    "sleep": frozenset({"sleep", "respiratory_rate", "heart_rate"}),
    "daily_activity": frozenset({"activity"}),
    "daily_spo2": frozenset({"spo2"}),
    "daily_readiness": frozenset({"temperature"}),
    "vO2_max": frozenset({"cardio_fitness"}),
    "heartrate": frozenset({"heart_rate"}),
}
BY_INSTANT: Final = "heartrate"
"""Takes instants and at most thirty days; is never announced. The others take local dates."""
WINDOW: Final = timedelta(days=30)
PAGES_MAX: Final = 1000
EVENTS: Final = ("create", "update", "delete")
CONFLICT: Final = 409
REPLAY: Final = timedelta(minutes=5)
BEHIND: Final = timedelta(days=3)
"""How far before an event its document may begin: a night that was synchronized late."""


class OuraClient(Client):
    manifest = MANIFEST

    # -- grants -----------------------------------------------------------------------------------------------------

    async def identify(self, send: Send, tokens: Tokens) -> str:
        body = self.check(await send(_get("personal_info", {})))
        user = body.get("id") if isinstance(body, dict) else None
        if not isinstance(user, str) or not user:
            raise VendorFault("vendor_error", "no_user_id")
        return user

    async def revoke(self, send: Send, tokens: Tokens) -> None:
        params = {"access_token": tokens.access_token}
        url = f"{BASE}/oauth/revoke"
        self.check(await send(Request(method="POST", url=url, params=params, endpoint="revoke")))

    # -- data -------------------------------------------------------------------------------------------------------

    def fault_of(self, answer: Answer) -> VendorFault | None:
        """By status; how long to wait also stands in `X-RateLimit-Reset`, as their clock shows it then."""
        fault = fault_of_status(answer)
        if fault is None or fault.fault.fault_class != "rate_limited" or fault.fault.retry_after is not None:
            return fault
        reset, said = (
            epoch(answer.headers.get("x-ratelimit-reset")),
            http_date(answer.headers.get("date", "")),
        )
        if reset is None or said is None:
            return fault
        return VendorFault("rate_limited", answer.status, max((reset - said).total_seconds(), 0.0))

    async def pages(self, send: Send, ask: Ask) -> AsyncIterator[Page]:
        for name, brings in COLLECTIONS.items():
            if not brings & ask.kinds:
                continue
            for params in _windows(ask) if name == BY_INSTANT else [_dates(ask)]:
                async for page in self._collection(send, name, params):
                    yield page

    async def _collection(self, send: Send, name: str, params: dict[str, str]) -> AsyncIterator[Page]:
        seen: set[str] = set()
        token: Any = None
        for _ in range(PAGES_MAX):
            asked = {**params, "next_token": token} if token else params
            payload = self.check(await send(_get(name, asked)))
            if isinstance(payload, dict) and payload.get("data"):
                yield Page(endpoint=name, payload=payload)
            token = payload.get("next_token") if isinstance(payload, dict) else None
            if not isinstance(token, str) or not token:
                return
            if token in seen:
                break
            seen.add(token)
        raise VendorFault("vendor_error", "endless_pages")

    # -- notifications ----------------------------------------------------------------------------------------------

    def receive(self, incoming: Incoming, secrets: Sequence[str]) -> Reply:
        if incoming.method == "GET":
            return _challenge(incoming, secrets)
        event = _event(incoming.body)
        if not self._is_signed(incoming, secrets):
            return Reply(status=401, outcome="bad_signature")
        stamp = incoming.headers.get("x-oura-timestamp", "")
        at = epoch(stamp) or iso(stamp)
        if at is None or abs(at - incoming.received_at) > REPLAY:
            return Reply(status=401, outcome="replayed")
        if event is None:
            return Reply(status=400, outcome="malformed")
        facts = (
            event.get(name) for name in ("user_id", "data_type", "event_type", "object_id", "event_time")
        )
        return Reply(status=200, accept=True, event_id=event_id_of(*facts))

    def _is_signed(self, incoming: Incoming, secrets: Sequence[str]) -> bool:
        """Upper-case hex of HMAC-SHA256 over time and raw body. Every secret is tried, whichever fits."""
        said = incoming.headers.get("x-oura-signature", "").encode()
        signed = incoming.headers.get("x-oura-timestamp", "").encode() + incoming.body
        fits = [
            hmac.compare_digest(
                hmac.new(key.encode(), signed, hashlib.sha256).hexdigest().upper().encode(), said
            )
            for key in (self.credentials["client_secret"], *secrets)
        ]
        return any(fits)

    def notifications(self, payload: bytes, content_type: str) -> list[Notification]:
        """A deletion is the data itself: what is gone cannot be fetched."""
        event = _event(payload)
        if event is None or not isinstance(event.get("user_id"), str) or not event["user_id"]:
            return []
        name = str(event.get("data_type"))
        if name not in COLLECTIONS:
            return []
        at = iso(event.get("event_time"))
        return [
            Notification(
                user_id=event["user_id"],
                since=None if at is None else at - BEHIND,
                until=None if at is None else at + timedelta(days=1),
                endpoint=name,
                payload=event if event.get("event_type") == "delete" else None,
            )
        ]

    def topics(self, kinds: frozenset[Kind]) -> list[str]:
        return [
            f"{name}.{event}"
            for name, brings in COLLECTIONS.items()
            if name != BY_INSTANT and brings & kinds
            for event in EVENTS
        ]

    async def subscriptions(self, send: Send) -> list[Subscription]:
        found = self.check(await send(self._application("GET", "")))
        return [
            Subscription(
                topic=f"{row.get('data_type')}.{row.get('event_type')}",
                url=str(row.get("callback_url")),
                id=str(row.get("id")),
                expires_at=iso(row.get("expiration_time")),
            )
            for row in (found if isinstance(found, list) else [])
            if isinstance(row, dict)
        ]

    async def subscribe(self, send: Send, topic: str, url: str, secret: str) -> None:
        """What there is already is sent to our address and renewed instead."""
        name, _, event = topic.partition(".")
        wanted = {
            "callback_url": url, "verification_token": secret, "event_type": event, "data_type": name,
        }  # fmt: skip
        answer = await send(self._application("POST", "", wanted))
        if answer.status != CONFLICT:
            self.check(answer)
            return
        for old in await self.subscriptions(send):
            if old.topic == topic:
                if old.url != url:
                    self.check(await send(self._application("PUT", f"/{old.id}", wanted)))
                self.check(await send(self._application("PUT", f"/renew/{old.id}")))

    async def unsubscribe(self, send: Send, subscription: Subscription) -> None:
        self.check(await send(self._application("DELETE", f"/{subscription.id}")))

    def _application(self, method: Any, rest: str, body: Any = None) -> Request:
        """Signed with the application's own credentials; no person is behind it."""
        headers = {f"x-client-{part}": self.credentials[f"client_{part}"] for part in ("id", "secret")}
        url = f"{BASE}/v2/webhook/subscription{rest}"
        return Request(method=method, url=url, json=body, headers=headers, endpoint="subscription")


def _get(name: str, params: dict[str, str]) -> Request:
    return Request(method="GET", url=f"{BASE}/v2/usercollection/{name}", params=params, endpoint=name)


def _dates(ask: Ask) -> dict[str, str]:
    """Local dates, a day wider on both sides: a night belongs to the day on which it ends."""
    zone = zone_of(ask.timezone) or UTC
    first = ask.since.astimezone(zone).date() - timedelta(days=1)
    last = ask.until.astimezone(zone).date() + timedelta(days=1)
    return {"start_date": first.isoformat(), "end_date": last.isoformat()}


def _windows(ask: Ask) -> list[dict[str, str]]:
    windows = []
    start: datetime = ask.since
    while start < ask.until:
        end = min(start + WINDOW, ask.until)
        windows.append({"start_datetime": rfc3339(start), "end_datetime": rfc3339(end)})
        start = end
    return windows


def _challenge(incoming: Incoming, secrets: Sequence[str]) -> Reply:
    """They ask whether the address is ours, with the word that we gave them."""
    token = incoming.params.get("verification_token", "").encode()
    challenge = incoming.params.get("challenge", "")
    if not any([hmac.compare_digest(secret.encode(), token) for secret in secrets]) or not challenge:  # noqa: C419
        return Reply(status=401, outcome="bad_signature")
    body = msgspec.json.encode({"challenge": challenge})
    return Reply(status=200, body=body, content_type="application/json", outcome="challenge")


def _event(body: bytes) -> dict[str, Any] | None:
    try:
        event = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return event if isinstance(event, dict) and isinstance(event.get("data_type"), str) else None


CLIENT: Final = OuraClient
