"""Speaks to Withings: forms in, HTTP 200 out with the truth in `status`, comma scopes, and a revocation that is signed.

Notifications are not signed: what they say is a hint, and their address holds a secret part that is checked before.
"""

import hashlib
import hmac
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import parse_qsl

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
    seconds_of,
)
from proto.vendors.instants import epoch, zone_of
from proto.words import Kind
from vendors.withings.manifest import API_HOST, MANIFEST
from vendors.withings.tables import GRANT_ENDS, STATUSES, USER_EVENT

BASE: Final = f"https://{API_HOST}"
PAGES_MAX: Final = 1000
"""Of one call; a person's measurements of ten years are some hundred pages."""
MARGIN: Final = timedelta(minutes=5)
"""How far an incremental look goes back behind their clock: a group is stamped before it can be seen."""
LAPSED: Final = 503
"""`Invalid Params: invalid code` or `… invalid refresh_token`: what the token endpoint says of a grant that is over."""

MEASURES: Final[frozenset[Kind]] = frozenset(
    {
        "blood_pressure",
        "weight",
        "body_composition",
        "temperature",
        "spo2",
        "heart_rate",
        "cardio_fitness",
    }
)
CALLS: Final[tuple[tuple[str, str, str, frozenset[Kind]], ...]] = (
    ("getmeas", "/measure", "epoch", MEASURES),
    ("getactivity", "/v2/measure", "date", frozenset({"activity"})),
    ("getsummary", "/v2/sleep", "date", frozenset({"sleep", "respiratory_rate"})),
    ("list", "/v2/heart", "epoch", frozenset({"ecg"})),
)
"""Action, path, how it takes a window of time, and what it brings."""
BY_CHANGE: Final = frozenset({"getmeas", "getactivity", "getsummary"})
"""These can be asked for what changed since; hearts only for when they were measured."""
SLEEP_FIELDS: Final = (
    "total_timeinbed,total_sleep_time,wakeupduration,lightsleepduration,deepsleepduration,remsleepduration,"
    "sleep_efficiency,sleep_score,hr_average,rr_average,apnea_hypopnea_index"
)
ROWS: Final = ("measuregrps", "activities", "series")

APPLI: Final[Mapping[int, tuple[str, tuple[Kind, ...]]]] = {
    1: ("getmeas", ("weight", "body_composition", "cardio_fitness")),
    2: ("getmeas", ("temperature",)),
    4: ("getmeas", ("blood_pressure", "heart_rate", "spo2")),
    16: ("getactivity", ("activity",)),
    44: ("getsummary", ("sleep", "respiratory_rate")),
    54: ("list", ("ecg",)),
}
"""What a notification is about, and what to ask then."""
TEXT_MAX: Final = 64


class WithingsClient(Client):
    manifest = MANIFEST

    # -- grants -----------------------------------------------------------------------------------------------------

    def _token_request(self, form: dict[str, str]) -> Request:
        return super()._token_request({"action": "requesttoken", **form})

    def read_tokens(self, answer: Answer, now: datetime) -> Tokens:
        body = answer.json()
        status = body.get("status") if isinstance(body, dict) else None
        inner = body.get("body") if isinstance(body, dict) else None
        if status == 0 and isinstance(inner, dict):
            token = inner.get("access_token")
            if isinstance(token, str) and token:
                return self._tokens(inner, now)
        if answer.status >= 400:
            raise fault_of_status(answer) or VendorFault("vendor_error", answer.status)
        if status == LAPSED or STATUSES.get(_whole(status)) == "auth":
            raise VendorFault("grant_lost", status)
        raise VendorFault(STATUSES.get(_whole(status), "vendor_error"), status)

    async def revoke(self, send: Send, tokens: Tokens) -> None:
        """Signed with the secret instead of carrying it, over a nonce that is asked for first."""
        if tokens.user_id is None:
            raise VendorFault("invalid_request", "no_user_id")
        stamp = str(int(time.time()))
        asked = self._signed({"action": "getnonce", "timestamp": stamp})
        body = _body(self.check(await send(_post("/v2/signature", asked, "signature"))))
        revoked = {
            **self._signed({"action": "revoke", "nonce": str(body.get("nonce"))}),
            "userid": tokens.user_id,
        }
        self.check(await send(_post("/v2/oauth2", revoked, "revoke")))

    def _signed(self, fields: Mapping[str, str]) -> dict[str, str]:
        """The values in the order of their names, joined by commas; HMAC-SHA256 in hex."""
        named = {**fields, "client_id": self.credentials["client_id"]}
        text = ",".join(named[name] for name in sorted(named))
        key = self.credentials["client_secret"].encode()
        return {**named, "signature": hmac.new(key, text.encode(), hashlib.sha256).hexdigest()}

    # -- data -------------------------------------------------------------------------------------------------------

    def fault_of(self, answer: Answer) -> VendorFault | None:
        fault = fault_of_status(answer)
        if fault is not None:
            return fault
        body = answer.json()
        status = body.get("status") if isinstance(body, dict) else None
        if status == 0:
            return None
        if status is None:
            return VendorFault("vendor_error", "no_status")
        return VendorFault(STATUSES.get(_whole(status), "vendor_error"), status)

    async def pages(self, send: Send, ask: Ask) -> AsyncIterator[Page]:
        """The last page carries the cursor: their clock when the look began, so that nothing falls between two."""
        cursor: str | None = None
        held: Page | None = None
        for action, path, window, brings in CALLS:
            if not brings & ask.kinds:
                continue
            async for page, at in self._call(send, path, _question(action, window, ask)):
                cursor = cursor or at
                if held is not None:
                    yield held
                held = page
        if held is not None:
            yield Page(endpoint=held.endpoint, payload=held.payload, cursor=cursor)

    async def _call(
        self, send: Send, path: str, question: dict[str, str]
    ) -> AsyncIterator[tuple[Page, str | None]]:
        """Page by page; ends when they say so, when an offset does not grow, or when a page is empty."""
        offset = 0
        for _ in range(PAGES_MAX):
            form = {**question, "offset": str(offset)} if offset else question
            answer = await send(_post(path, form, question["action"]))
            payload = self.check(answer)
            body = _body(payload)
            yield Page(endpoint=question["action"], payload=payload), _clock(answer, body)
            following = _whole(body.get("offset"))
            if not body.get("more") or following <= offset or not any(body.get(name) for name in ROWS):
                return
            offset = following
        raise VendorFault("vendor_error", "endless_pages")

    # -- notifications ----------------------------------------------------------------------------------------------

    def receive(self, incoming: Incoming, secrets: Sequence[str]) -> Reply:
        """They ask with HEAD whether somebody is there. The facts of a notification are its identity."""
        if incoming.method in ("HEAD", "GET"):
            return Reply(status=200, outcome="challenge")
        form = _form(incoming.body)
        if not form.get("userid") or not form.get("appli"):
            # Also 200: they try the address with an empty form, and stop sending to one that refuses.
            return Reply(status=200, outcome="challenge" if not form else "malformed")
        facts = (f"{name}={form[name]}" for name in sorted(form))
        return Reply(status=200, accept=True, event_id=event_id_of(*facts))

    def notifications(self, payload: bytes, content_type: str) -> list[Notification]:
        form = _form(payload)
        user, appli = form.get("userid", ""), _whole(form.get("appli"))
        if not user:
            return []
        if appli == USER_EVENT:
            return [Notification(user_id=user, gone=True)] if form.get("action") in GRANT_ENDS else []
        if appli not in APPLI:
            return []
        since, until = epoch(form.get("startdate")), epoch(form.get("enddate"))
        if since is None:
            since, until = _day(form.get("date", ""))
        return [Notification(user_id=user, since=since, until=until, endpoint=APPLI[appli][0])]

    def topics(self, kinds: frozenset[Kind]) -> list[str]:
        return [
            *(str(appli) for appli, (_, about) in APPLI.items() if kinds.intersection(about)),
            str(USER_EVENT),
        ]

    async def subscriptions(self, send: Send) -> list[Subscription]:
        body = _body(self.check(await send(_post("/notify", {"action": "list"}, "notify_list"))))
        profiles = body.get("profiles")
        return [
            Subscription(
                topic=str(row.get("appli")),
                url=str(row.get("callbackurl")),
                expires_at=epoch(row.get("expires")) if row.get("expires") else None,
            )
            for row in (profiles if isinstance(profiles, list) else [])
            if isinstance(row, dict)
        ]

    async def subscribe(self, send: Send, topic: str, url: str, secret: str) -> None:
        form = {"action": "subscribe", "callbackurl": url, "appli": topic}
        self.check(await send(_post("/notify", form, "notify_subscribe")))

    async def unsubscribe(self, send: Send, subscription: Subscription) -> None:
        form = {"action": "revoke", "callbackurl": subscription.url, "appli": subscription.topic}
        self.check(await send(_post("/notify", form, "notify_revoke")))


def _post(path: str, form: Mapping[str, str], endpoint: str) -> Request:
    return Request(method="POST", url=f"{BASE}{path}", form=form, endpoint=endpoint)


def _question(action: str, window: str, ask: Ask) -> dict[str, str]:
    """What changed since the cursor; or a window, a day wider where they count in local dates."""
    asked = {"action": action}
    if action == "getsummary":
        asked["data_fields"] = SLEEP_FIELDS
    if action == "getmeas":
        asked["category"] = "1"
    since = epoch(ask.cursor)
    if since is not None and action in BY_CHANGE:
        return {**asked, "lastupdate": str(seconds_of(since))}
    if window == "epoch":
        return {**asked, "startdate": str(seconds_of(ask.since)), "enddate": str(seconds_of(ask.until))}
    zone = zone_of(ask.timezone) or UTC
    first = ask.since.astimezone(zone).date() - timedelta(days=1)
    last = ask.until.astimezone(zone).date() + timedelta(days=1)
    return {**asked, "startdateymd": first.isoformat(), "enddateymd": last.isoformat()}


def _clock(answer: Answer, body: Mapping[str, Any]) -> str | None:
    """Their time, less the margin."""
    at = epoch(body.get("updatetime")) or http_date(answer.headers.get("date", ""))
    return None if at is None else str(seconds_of(at - MARGIN))


def _body(payload: Any) -> dict[str, Any]:
    body = payload.get("body") if isinstance(payload, dict) else None
    return body if isinstance(body, dict) else {}


def _form(data: bytes) -> dict[str, str]:
    """A form's fields; nothing for what is none."""
    try:
        pairs = parse_qsl(data.decode(), keep_blank_values=True, max_num_fields=50)
    except ValueError:
        return {}
    return {name: text[:TEXT_MAX] for name, text in pairs}


def _day(text: str) -> tuple[datetime | None, datetime | None]:
    """A local date of an unknown zone: a day and a half to either side of its noon. It may be an epoch as well."""
    exact = epoch(text)
    if exact is not None:
        return exact, None
    try:
        noon = datetime.strptime(text, "%Y-%m-%d").replace(hour=12, tzinfo=UTC)
    except ValueError:
        return None, None
    return noon - timedelta(hours=36), noon + timedelta(hours=36)


def _whole(value: Any) -> int:
    """-1 for what is no whole number."""
    if isinstance(value, bool):
        return -1
    if isinstance(value, int):
        return value
    return int(value) if isinstance(value, str) and value.isdecimal() and len(value) < 12 else -1


CLIENT: Final = WithingsClient
