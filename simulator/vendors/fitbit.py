"""Fitbit's cloud as it was: PKCE with Basic, refresh tokens that are good once, the person's own dates and clock without a
zone, errors in a list, a subscriber that proves itself before it is told anything. Its end is a fault: status 410."""

import base64
import hashlib
import hmac
from collections.abc import Callable, Iterable, Mapping
from datetime import date, timedelta
from typing import Any, Final, NamedTuple
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import msgspec

from simulator.vendors import fitbit_answers as answers
from simulator.vendors.cloud import Account, Cloud, Hook, Route, Trouble
from simulator.vendors.grants import Issued, Refusal, Rules
from simulator.vendors.ledger import Limit, Taken
from simulator.vendors.notices import Notice
from simulator.vendors.records import DAY, RECOVERY_DAY, SKIN_DAY, SPO2_DAY, Habits, Record
from simulator.vendors.wire import Call, Reply, json_reply

DATES: Final = 30
PERIODS: Final = {"1d": 1, "7d": 7, "30d": 30}
LIST_MAX: Final = 10
COLLECTIONS: Final = {"scale": "body", DAY: "activities", "sleep": "sleep"}
REVOKED: Final = "userRevokedAccess"
GONE: Final = 410
_DATE: Final = r"(\d{4}-\d\d-\d\d)"
_MINE: Final = r"/1/user/-"


class Ranged(NamedTuple):
    """A call by dates: what it is made of, the scope that opens it, and how it is told."""

    source: str
    scope: str
    tell: Callable[[list[Record], ZoneInfo], Any]


RANGED: Final[Mapping[str, Ranged]] = {
    "body/log/weight": Ranged("scale", "weight", answers.weights),
    "hrv": Ranged(RECOVERY_DAY, "heartrate", answers.variability),
    "sleep": Ranged("sleep", "sleep", answers.nights),
    "spo2": Ranged(SPO2_DAY, "oxygen_saturation", answers.oxygen),
    "br": Ranged("", "respiratory_rate", lambda rows, zone: {"br": []}),
    "temp/core": Ranged("thermometer", "temperature", answers.core),
    "temp/skin": Ranged(SKIN_DAY, "temperature", answers.skin),
    "cardioscore": Ranged("", "cardio_fitness", lambda rows, zone: {"cardioScore": []}),
}
LISTED: Final[Mapping[str, tuple[str, str, str]]] = {
    "ecg": ("ecg", "electrocardiogram", "ecgReadings"),
    "irn/alerts": ("", "irregular_rhythm_notifications", "alerts"),
}
TYPES: Final[Mapping[str, str]] = {
    "invalid_token": "expired_token", "forbidden": "insufficient_scope", "rate_limited": "rate_limit",
    "invalid_request": "validation", "not_found": "not_found", "conflict": "conflict", "internal": "system",
    "unavailable": "system",
}  # fmt: skip


class Fitbit(Cloud):
    name = "fitbit"
    title = "Fitbit"
    hosts = ("www.fitbit.com", "api.fitbit.com")
    routes = (
        Route("GET", "/oauth2/authorize", "authorize", counted=False),
        Route("POST", "/oauth2/authorize", "authorize", counted=False),
        Route("POST", "/oauth2/token", "token"),
        Route("POST", "/oauth2/revoke", "revoke"),
        Route("GET", rf"{_MINE}/activities/date/{_DATE}\.json", "activity"),
        Route("GET", rf"{_MINE}/activities/heart/date/{_DATE}/(\w+)\.json", "heart"),
        Route("GET", rf"/1(?:\.2)?/user/-/([a-z0-9/]+)/date/{_DATE}/{_DATE}\.json", "ranged"),
        Route("GET", rf"{_MINE}/(ecg|irn/alerts)/list\.json", "listed"),
        Route("GET", rf"{_MINE}/profile\.json", "profile"),
        Route("GET", rf"{_MINE}/apiSubscriptions\.json", "subscriptions"),
        Route("POST", rf"{_MINE}/(\w+)/apiSubscriptions/([^/]+)\.json", "subscribe"),
        Route("DELETE", rf"{_MINE}/(\w+)/apiSubscriptions/([^/]+)\.json", "unsubscribe"),
    )
    rules = Rules(code_s=600, access_s=28_800, rotation="single_use", pkce=True)
    scopes = {
        "weight": "Weight and body fat",
        "activity": "Activity",
        "heartrate": "Heart rate",
        "sleep": "Sleep",
        "oxygen_saturation": "Blood oxygen",
        "respiratory_rate": "Breathing rate",
        "temperature": "Temperature",
        "cardio_fitness": "Cardio fitness",
        "electrocardiogram": "Electrocardiograms",
        "irregular_rhythm_notifications": "Irregular rhythm notifications",
        "profile": "Profile",
        "settings": "Settings",
    }
    limits = (Limit(requests=150, per_s=3600, scope="account"),)
    habits = Habits(
        sources=("scale", DAY, RECOVERY_DAY, "sleep", SPO2_DAY, SKIN_DAY, "thermometer", "ecg"),
        manual_sources=frozenset({"thermometer"}),
    )
    fields = {
        "scale": {"weight_kg": 1, "bmi": 2, "body_fat_pct": 1},
        DAY: {"steps": 0, "distance_m": -1, "floors": 0, "active_energy_kcal": 0, "total_energy_kcal": 0},
        RECOVERY_DAY: {"resting_heart_rate_bpm": 0, "hrv_rmssd_ms": 1},
        "sleep": {
            "sleep.start": 0, "sleep.end": 0, "sleep.in_bed_min": 0, "sleep.asleep_min": 0, "sleep.awake_min": 0,
            "sleep.light_min": 0, "sleep.deep_min": 0, "sleep.rem_min": 0, "sleep.efficiency_pct": 0,
            "sleep.is_main": 0,
        },
        SPO2_DAY: {"spo2_pct": 1},
        SKIN_DAY: {"skin_temperature_delta_c": 2},
        "thermometer": {"body_temperature_c": 1},
        "ecg": {"ecg.classification": 0, "ecg.avg_hr_bpm": 0, "ecg.duration_s": 0, "ecg.sampling_hz": 0},
    }  # fmt: skip
    retries = (10, 60)
    fixed_address = True

    def __init__(self, public_url: str) -> None:
        super().__init__(public_url)
        self._subscribed: dict[tuple[str, str], tuple[str, str]] = {}
        """Whose and about what → its name, and the application that asked."""

    def user_id(self, seed: int) -> str:
        return f"9Q{seed:04X}"

    def trim(self, source: str, readings: Mapping[str, Any]) -> dict[str, Any]:
        """Its ECG has one lead, and tells slow and fast hearts as inconclusive."""
        kept = super().trim(source, readings)
        if source == "ecg":
            said = kept["ecg"]["classification"]
            found = {"bradycardia": "inconclusive_low_hr", "tachycardia": "inconclusive_high_hr"}
            kept["ecg"] |= {"classification": found.get(said, said), "lead": "1"}
        return kept

    # -- trouble ----------------------------------------------------------------------------------------------------

    def trouble(self, trouble: Trouble) -> Reply:
        kind = "gone" if trouble.status == GONE else TYPES[trouble.sort]
        return _error(kind, trouble.text, trouble.status, trouble.headers)

    def refusal(self, refusal: Refusal) -> Reply:
        return _error(refusal.error, refusal.what, 401 if refusal.error == "invalid_client" else 400, {})

    def limit_headers(self, taken: Taken) -> dict[str, str]:
        return {
            "Retry-After": str(taken.reset_s),
            "Fitbit-Rate-Limit-Limit": str(taken.limit.requests),
            "Fitbit-Rate-Limit-Remaining": str(taken.left),
            "Fitbit-Rate-Limit-Reset": str(taken.reset_s),
        }

    # -- signing in -------------------------------------------------------------------------------------------------

    async def token(self, call: Call) -> Reply:
        client, secret = call.basic
        issued = self.issued({**call.form, "client_id": client, "client_secret": secret})
        return json_reply(self.token_body(issued))

    def token_body(self, issued: Issued) -> dict[str, Any]:
        return {**super().token_body(issued), "user_id": issued.grant.user_id}

    async def revoke(self, call: Call) -> Reply:
        self.grants.know(*call.basic)
        grant = self.grants.owner(call.form.get("token", ""))
        if grant is None:
            raise Refusal("invalid_request", "unknown token")
        grant.alive = False
        self._forget(grant.user_id)
        return Reply()

    # -- data -------------------------------------------------------------------------------------------------------

    def _rows(self, account: Account, source: str, first: date, last: date) -> list[Record]:
        """Of these dates, both included, on the clock of the profile."""
        zone = ZoneInfo(account.zone)
        return [
            one
            for one in account.seen(self.now())
            if one.source == source and first <= answers.day_of(one, zone) <= last
        ]

    async def ranged(self, call: Call, name: str, first: str, last: str) -> Reply:
        how = RANGED.get(name)
        if how is None:
            raise Trouble("not_found", "no such resource")
        account = self.person(call, how.scope)
        start, end = _date(first), _date(last)
        if not timedelta() <= end - start < timedelta(days=DATES):
            raise Trouble("invalid_request", "the range is empty or too long")
        return json_reply(how.tell(self._rows(account, how.source, start, end), ZoneInfo(account.zone)))

    async def activity(self, call: Call, day: str) -> Reply:
        """The sums of one day, all of them 0 where nothing was worn; and the pulse at rest, where there is one."""
        account = self.person(call, "activity")
        at = _date(day)
        sums = self._rows(account, DAY, at, at)
        rest = self._rows(account, RECOVERY_DAY, at, at)
        return json_reply(answers.summary(sums[-1:], rest[-1:]))

    async def heart(self, call: Call, day: str, period: str) -> Reply:
        account = self.person(call, "heartrate")
        if period not in PERIODS:
            raise Trouble("invalid_request", "unknown period")
        last = _date(day)
        rows = self._rows(account, RECOVERY_DAY, last - timedelta(days=PERIODS[period] - 1), last)
        return json_reply(answers.resting(rows, ZoneInfo(account.zone)))

    async def listed(self, call: Call, name: str) -> Reply:
        """Oldest first from a date on; where the next page is stands in an address."""
        source, scope, member = LISTED[name]
        account = self.person(call, scope)
        limit, offset = (call.query.get(key, "") for key in ("limit", "offset"))
        if not (limit.isdecimal() and 1 <= int(limit) <= LIST_MAX and offset.isdecimal()):
            raise Trouble("invalid_request", f"limit is 1 to {LIST_MAX}, and offset is needed")
        rows = self._rows(account, source, _date(call.query.get("afterDate", "")), date.max)
        end = int(offset) + int(limit)
        query = urlencode({**call.query, "offset": str(end)})
        following = f"https://{self.hosts[1]}{call.path}?{query}" if end < len(rows) else ""
        zone = ZoneInfo(account.zone)
        page = [answers.ecg(one, zone) for one in rows[int(offset) : end]]
        return json_reply({member: page, "pagination": {**call.query, "next": following, "previous": ""}})

    async def profile(self, call: Call) -> Reply:
        account = self.person(call, "profile")
        offset = self.now().astimezone(ZoneInfo(account.zone)).utcoffset() or timedelta()
        told = {
            "encodedId": account.user_id, "timezone": account.zone,
            "offsetFromUTCMillis": int(offset.total_seconds() * 1000),
        }  # fmt: skip
        return json_reply({"user": told})

    # -- notifications ----------------------------------------------------------------------------------------------

    async def subscriptions(self, call: Call) -> Reply:
        user = self.person(call).user_id
        rows = [
            _subscription(user, topic, name)
            for (owner, topic), (name, _) in self._subscribed.items()
            if owner == user
        ]
        return json_reply({"apiSubscriptions": rows})

    async def subscribe(self, call: Call, topic: str, name: str) -> Reply:
        """Names differ among all people of an application."""
        client, user = self.asker(call)
        self.person(call)
        if topic not in (*COLLECTIONS.values(), "foods", REVOKED):
            raise Trouble("not_found", "no such collection")
        await self._verify()
        known = self._subscribed.get((user, topic))
        taken = any(other == name and key != (user, topic) for key, (other, _) in self._subscribed.items())
        if taken or (known is not None and known[0] != name):
            raise Trouble("conflict", "subscribed already")
        self._subscribed[user, topic] = (name, client)
        return json_reply(_subscription(user, topic, name), 200 if known else 201)

    async def _verify(self) -> None:
        """The address must know the right code, and that a wrong one is wrong; until then nothing is sent there."""
        for hook in self.hooks:
            if not hook.id:
                right, _ = await self.sender.get(hook.url, {"verify": hook.secret})
                wrong, _ = await self.sender.get(hook.url, {"verify": f"{hook.secret}!"})
                hook.id = "verified" if (right, wrong) == (204, 404) else ""

    async def unsubscribe(self, call: Call, topic: str, name: str) -> Reply:
        user = self.person(call).user_id
        if self._subscribed.get((user, topic), ("", ""))[0] != name:
            raise Trouble("not_found", "no such subscription")
        del self._subscribed[user, topic]
        return Reply(status=204)

    def announce(self, account: Account, changed: Iterable[Record], *, deleted: bool = False) -> None:
        for record in changed:
            topic = COLLECTIONS.get(record.source)
            if topic is not None:
                day = answers.day_of(record, ZoneInfo(account.zone))
                self._say(account.user_id, topic, date=day.isoformat())

    def announce_end(self, account: Account) -> None:
        self._say(account.user_id, REVOKED)
        self._forget(account.user_id)

    def _forget(self, user_id: str) -> None:
        for key in [key for key in self._subscribed if key[0] == user_id]:
            del self._subscribed[key]

    def _say(self, user_id: str, topic: str, **about: str) -> None:
        name, client = self._subscribed.get((user_id, topic), ("", ""))
        if not name:
            return
        body = msgspec.json.encode([{**_owned(user_id, topic, name), **about}])
        for hook in self._verified():
            self.sender.send(Notice(url=hook.url, body=body, secret=f"{self.grants.apps[client]}&"))

    def _verified(self) -> list[Hook]:
        return [hook for hook in self.hooks if hook.id]

    def sign(self, notice: Notice, bad: bool) -> Mapping[str, str]:
        key = f"{notice.secret}{'!' if bad else ''}".encode()
        digest = hmac.new(key, notice.body, hashlib.sha1).digest()
        return {"X-Fitbit-Signature": base64.b64encode(digest).decode()}


def _error(kind: str, text: str, status: int, headers: Mapping[str, str]) -> Reply:
    return json_reply({"errors": [{"errorType": kind, "message": text}], "success": False}, status, headers)


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Trouble("invalid_request", "dates are yyyy-MM-dd") from None


def _owned(user: str, topic: str, name: str) -> dict[str, str]:
    return {"collectionType": topic, "ownerId": user, "ownerType": "user", "subscriptionId": name}


def _subscription(user: str, topic: str, name: str) -> dict[str, str]:
    return {**_owned(user, topic, name), "subscriberId": "1"}
