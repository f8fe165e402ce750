"""Oura's cloud: collections, problem documents, two layers of limits, refresh tokens that are good once, signed events.
Page sizes, retries and lifetimes are ours; nobody published them."""

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec

from simulator.vendors.cloud import Account, Cloud, Hook, Route, Trouble
from simulator.vendors.consent import may_return_to
from simulator.vendors.grants import Refusal, Rules
from simulator.vendors.ledger import Limit, Taken
from simulator.vendors.notices import Notice
from simulator.vendors.records import DAY, SKIN_DAY, SPO2_DAY, Habits, Record
from simulator.vendors.wire import Call, Reply, json_reply

PAGE: Final = 100
LIVES: Final = timedelta(days=30)
COLLECTIONS: Final[Mapping[str, tuple[str, str]]] = {
    "sleep": ("sleep", "daily"),
    "daily_activity": (DAY, "daily"),
    "daily_spo2": (SPO2_DAY, "spo2Daily"),
    "daily_readiness": (SKIN_DAY, "daily"),
    "vO2_max": ("fitness", "daily"),
    "heartrate": ("wrist", "heartrate"),
}
"""Collection → what it is made of, and the scope that opens it."""
NAME_OF: Final = {source: name for name, (source, _) in COLLECTIONS.items()}
NIGHT: Final[Mapping[str, str]] = {
    "in_bed_min": "time_in_bed", "asleep_min": "total_sleep_duration", "awake_min": "awake_time",
    "light_min": "light_sleep_duration", "deep_min": "deep_sleep_duration", "rem_min": "rem_sleep_duration",
}  # fmt: skip
TITLES: Final[Mapping[str, str]] = {
    "invalid_token": "Unauthorized", "forbidden": "Forbidden", "rate_limited": "Too Many Requests",
    "invalid_request": "Bad Request", "not_found": "Not Found", "conflict": "Conflict",
    "internal": "Internal Server Error", "unavailable": "Service Unavailable",
}  # fmt: skip


class Oura(Cloud):
    name = "oura"
    title = "Oura"
    hosts = ("cloud.ouraring.com", "api.ouraring.com")
    routes = (
        Route("GET", "/oauth/authorize", "authorize", counted=False),
        Route("POST", "/oauth/authorize", "authorize", counted=False),
        Route("POST", "/oauth/token", "token"),
        Route("POST", "/oauth/revoke", "revoke"),
        Route("GET", "/v2/usercollection/personal_info", "personal"),
        Route("GET", "/v2/usercollection/([A-Za-z0-9_]+)", "collection"),
        Route("GET", "/v2/usercollection/([A-Za-z0-9_]+)/([^/]+)", "document"),
        Route("GET", "/v2/webhook/subscription", "subscriptions"),
        Route("POST", "/v2/webhook/subscription", "subscribe"),
        Route("PUT", "/v2/webhook/subscription/renew/([^/]+)", "renew"),
        Route("PUT", "/v2/webhook/subscription/([^/]+)", "change"),
        Route("DELETE", "/v2/webhook/subscription/([^/]+)", "unsubscribe"),
    )
    rules = Rules(access_s=86_400, rotation="single_use")
    scopes = {
        "personal": "Who you are",
        "daily": "Sleep, activity and readiness",
        "heartrate": "Heart rate",
        "spo2Daily": "Oxygen at night",
    }
    limits = (Limit(requests=5000, per_s=300), Limit(requests=1000, per_s=300, scope="account"))
    habits = Habits(
        sources=("sleep", DAY, SPO2_DAY, SKIN_DAY, "fitness", "wrist"),
        quirks={"null": 0.03},
        quirky=frozenset({"sleep", SPO2_DAY}),
        thin={"wrist": 6},
    )
    fields = {
        "sleep": {
            "sleep.start": 0, "sleep.end": 0, "sleep.efficiency_pct": 0, "sleep.is_main": 0,
            **{f"sleep.{part}": 0 for part in NIGHT},
        },
        DAY: {"steps": 0, "distance_m": 0, "active_energy_kcal": 0, "total_energy_kcal": 0},
        SPO2_DAY: {"spo2_pct": 1},
        SKIN_DAY: {"skin_temperature_delta_c": 2},
        "fitness": {"vo2max_ml_kg_min": 1},
        "wrist": {"heart_rate_bpm": 0},
    }  # fmt: skip
    retries = (60, 600, 3600)

    def user_id(self, seed: int) -> str:
        return f"ou-{seed}"

    def trouble(self, trouble: Trouble) -> Reply:
        """RFC 7807."""
        body = {"status": trouble.status, "title": TITLES[trouble.sort], "detail": trouble.text}
        headers = {"content-type": "application/problem+json", **trouble.headers}
        return json_reply(body, trouble.status, headers)

    def limit_headers(self, taken: Taken) -> dict[str, str]:
        return {
            "Retry-After": str(taken.reset_s),
            "X-RateLimit-Limit": str(taken.limit.requests),
            "X-RateLimit-Window": str(taken.limit.per_s),
            "X-RateLimit-Reset": str(int(self.now().timestamp()) + taken.reset_s),
            "X-RateLimit-Tier": "application" if taken.limit.scope == "application" else "access_token",
        }

    async def revoke(self, call: Call) -> Reply:
        grant = self.grants.owner(call.query.get("access_token", ""))
        if grant is None:
            raise Trouble("invalid_request", "unknown token")
        grant.alive = False
        return json_reply({"revoked": True})

    # -- data -------------------------------------------------------------------------------------------------------

    async def personal(self, call: Call) -> Reply:
        account = self.person(call, "personal")
        return json_reply({"id": account.user_id, "age": 40, "weight": None, "height": None})

    async def collection(self, call: Call, name: str) -> Reply:
        source, scope = _known(name)
        account = self.person(call, scope)
        found = [one for one in account.seen(self.now()) if one.source == source]
        rows = [one for one in found if _inside(one, name, call.query)]
        token = call.query.get("next_token", "")
        start = int(token.removeprefix("page")) if token.removeprefix("page").isdecimal() else 0
        more = f"page{start + PAGE}" if start + PAGE < len(rows) else None
        page = [_document(name, one) for one in rows[start : start + PAGE]]
        return json_reply({"data": page, "next_token": more})

    async def document(self, call: Call, name: str, record_id: str) -> Reply:
        source, scope = _known(name)
        account = self.person(call, scope)
        record = account.records.get(int(record_id)) if record_id.isdecimal() else None
        if record is None or record.deleted or record.source != source:
            raise Trouble("not_found", "no such document")
        return json_reply(_document(name, record))

    # -- notifications ----------------------------------------------------------------------------------------------

    async def subscriptions(self, call: Call) -> Reply:
        self._application(call)
        return json_reply([_told(hook) for hook in self.hooks if hook.topic])

    async def subscribe(self, call: Call) -> Reply:
        secret = self._application(call)
        wanted = call.json if isinstance(call.json, dict) else {}
        topic = f"{wanted.get('data_type')}.{wanted.get('event_type')}"
        if wanted.get("data_type") not in COLLECTIONS or topic.startswith("heartrate."):
            raise Trouble("invalid_request", "unknown data_type")
        if any(hook.topic == topic for hook in self.hooks):
            raise Trouble("conflict", "there is a subscription for it")
        await self._challenge(wanted)
        name = hashlib.sha256(topic.encode()).hexdigest()[:20]
        expires = self.now() + LIVES
        hook = Hook(url=wanted["callback_url"], topic=topic, secret=secret, id=name, expires=expires)
        self.hooks.append(hook)
        return json_reply(_told(hook), 201)

    async def _challenge(self, wanted: Mapping[str, Any]) -> None:
        """The address must say the word back that it alone was asked."""
        url, word = (
            str(wanted.get("callback_url", "")),
            hashlib.sha256(str(self.now()).encode()).hexdigest()[:16],
        )
        if not url.startswith("https://") and not may_return_to(url, self.public_url):
            raise Trouble("invalid_request", "callback_url must be https")
        params = {"verification_token": str(wanted.get("verification_token", "")), "challenge": word}
        status, body = await self.sender.get(url, params)
        try:
            said = msgspec.json.decode(body)
        except msgspec.DecodeError:
            said = None
        if status != 200 or said != {"challenge": word}:
            raise Trouble("invalid_request", "callback_url did not answer the challenge")

    async def renew(self, call: Call, name: str) -> Reply:
        self._application(call)
        hook = self._hook(name)
        hook.expires = self.now() + LIVES
        return json_reply(_told(hook))

    async def change(self, call: Call, name: str) -> Reply:
        self._application(call)
        hook = self._hook(name)
        wanted = call.json if isinstance(call.json, dict) else {}
        await self._challenge(wanted)
        hook.url = wanted["callback_url"]
        return json_reply(_told(hook))

    async def unsubscribe(self, call: Call, name: str) -> Reply:
        self._application(call)
        self.hooks.remove(self._hook(name))
        return Reply(status=204)

    def _hook(self, name: str) -> Hook:
        for hook in self.hooks:
            if hook.id == name:
                return hook
        raise Trouble("not_found", "no such subscription")

    def _application(self, call: Call) -> str:
        secret = call.headers.get("x-client-secret", "")
        try:
            self.grants.know(call.headers.get("x-client-id", ""), secret)
        except Refusal:
            raise Trouble("invalid_token", "unknown client") from None
        return secret

    def announce(self, account: Account, changed: Iterable[Record], *, deleted: bool = False) -> None:
        for record in changed:
            name = NAME_OF[record.source]
            event = "delete" if deleted else "create" if record.modified == record.created else "update"
            body = msgspec.json.encode(
                {
                    "event_type": event,
                    "data_type": name,
                    "object_id": str(record.id),
                    "event_time": record.modified.astimezone(ZoneInfo(account.zone)).isoformat(
                        timespec="seconds"
                    ),
                    "user_id": account.user_id,
                }
            )
            for hook in self.hooks_for(account.user_id, f"{name}.{event}"):
                if hook.topic and hook.expires is not None and hook.expires > self.now():
                    self.sender.send(Notice(url=hook.url, body=body, secret=hook.secret))

    def sign(self, notice: Notice, bad: bool) -> Mapping[str, str]:
        stamp = str(int(self.now().timestamp()))
        key = f"{notice.secret}{'!' if bad else ''}".encode()
        digest = hmac.new(key, stamp.encode() + notice.body, hashlib.sha256).hexdigest().upper()
        return {"x-oura-timestamp": stamp, "x-oura-signature": digest}


def _known(name: str) -> tuple[str, str]:
    if name not in COLLECTIONS:
        raise Trouble("not_found", "no such collection")
    return COLLECTIONS[name]


def _inside(record: Record, name: str, query: Mapping[str, str]) -> bool:
    """By instants, or by the local day that a document belongs to; both ends count for days."""
    try:
        if name == "heartrate":
            start, end = (datetime.fromisoformat(query[f"{side}_datetime"]) for side in ("start", "end"))
            return start <= record.at < end
        first, last = (date.fromisoformat(query[f"{side}_date"]) for side in ("start", "end"))
    except (KeyError, ValueError):
        raise Trouble("invalid_request", "start and end are needed") from None
    return first <= _day(record) <= last


def _day(record: Record) -> date:
    """A night belongs to the day on which it ends."""
    at = record.end if record.source == "sleep" and record.end else record.at
    return at.astimezone(ZoneInfo(record.zone)).date()


def _told(hook: Hook) -> dict[str, Any]:
    name, _, event = hook.topic.partition(".")
    expires = None if hook.expires is None else hook.expires.isoformat()
    return {
        "id": hook.id, "callback_url": hook.url, "event_type": event, "data_type": name, "expiration_time": expires,
    }  # fmt: skip


def _document(name: str, record: Record) -> dict[str, Any]:
    told = record.readings
    local = record.local.isoformat(timespec="seconds")
    head: dict[str, Any] = {"id": str(record.id), "day": _day(record).isoformat()}
    if name == "heartrate":
        return {"timestamp": local, "bpm": told["heart_rate_bpm"], "source": "awake"}
    if name == "sleep":
        return {**head, **_night(record)}
    if name == "daily_activity":
        return {
            **head,
            "timestamp": local,
            "steps": told["steps"],
            "active_calories": told["active_energy_kcal"],
            "total_calories": told["total_energy_kcal"],
            "equivalent_walking_distance": told["distance_m"],
        }
    if name == "daily_spo2":
        percentage = {"average": told["spo2_pct"]} if told else None
        return {**head, "spo2_percentage": percentage, "breathing_disturbance_index": 3}
    if name == "daily_readiness":
        return {**head, "temperature_deviation": told["skin_temperature_delta_c"], "score": 80}
    return {**head, "timestamp": local, "vo2_max": told["vo2max_ml_kg_min"]}


def _night(record: Record) -> dict[str, Any]:
    """A rest on the sofa has no values that count."""
    sleep = record.readings.get("sleep", {})
    zone = ZoneInfo(record.zone)
    end = record.end or record.at
    return {
        "type": "long_sleep" if sleep else "rest",
        "bedtime_start": record.local.isoformat(timespec="seconds"),
        "bedtime_end": end.astimezone(zone).isoformat(timespec="seconds"),
        **{name: sleep[part] * 60 for part, name in NIGHT.items() if part in sleep},
        "efficiency": sleep.get("efficiency_pct"),
        "average_heart_rate": None,
        "average_hrv": None,
        "average_breath": None,
        "hrv": None,
    }
