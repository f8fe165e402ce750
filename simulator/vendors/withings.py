"""Withings' public cloud: forms in, HTTP 200 out whatever happens, exponents, groups that come twice, unsigned
notifications. Page sizes are ours; nobody published them."""

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final
from urllib.parse import urlencode, urlsplit
from zoneinfo import ZoneInfo

from simulator.physiology.noise import uniform
from simulator.vendors.cloud import Account, Cloud, Hook, Route, Trouble
from simulator.vendors.consent import may_return_to
from simulator.vendors.grants import Issued, Refusal, Rules
from simulator.vendors.ledger import Limit
from simulator.vendors.notices import Notice
from simulator.vendors.records import DAY, Habits, Record
from simulator.vendors.wire import FORM, Call, Reply, json_reply

PAGE: Final = 50
NONCE_S: Final = 1800
URL_MAX: Final = 255

MEASURES: Final[Mapping[str, int]] = {
    "weight_kg": 1, "fat_free_mass_kg": 5, "body_fat_pct": 6, "fat_mass_kg": 8, "body_temperature_c": 71,
    "spo2_pct": 54, "muscle_mass_kg": 76, "body_water_kg": 77, "bone_mass_kg": 88,
}  # fmt: skip
PRESSURE: Final[Mapping[str, int]] = {"diastolic": 9, "systolic": 10, "hr": 11}
UNKNOWN: Final = {"value": 17, "type": 9999, "unit": 0, "algo": 0, "fm": 3}
GOAL: Final = {"value": 70_000, "type": 1, "unit": -3, "algo": 0, "fm": 3}
MODELS: Final[Mapping[str, tuple[int, str, str]]] = {
    "cuff": (45, "BPM Connect", "d4c1a5"),
    "scale": (18, "Body Comp", "77e0b2"),
    "thermometer": (70, "Thermo", "5b02cd"),
    "oximeter": (94, "ScanWatch 2", "91aa03"),
    DAY: (94, "ScanWatch 2", "91aa03"),
    "sleep": (13, "Sleep Analyzer", "0c77de"),
    "ecg": (94, "ScanWatch 2", "91aa03"),
}
UNKNOWN_MODEL: Final = (4711, "Body Next")
MEASURED: Final = frozenset({"cuff", "scale", "thermometer", "oximeter"})
AFIB: Final[Mapping[str, int]] = {"sinus_rhythm": 0, "atrial_fibrillation": 1}
NIGHT: Final[Mapping[str, str]] = {
    "in_bed_min": "total_timeinbed", "asleep_min": "total_sleep_time", "awake_min": "wakeupduration",
    "light_min": "lightsleepduration", "deep_min": "deepsleepduration", "rem_min": "remsleepduration",
}  # fmt: skip
APPLI: Final[Mapping[str, int]] = {
    "scale": 1, "thermometer": 2, "cuff": 4, "oximeter": 4, DAY: 16, "sleep": 44, "ecg": 54,
}  # fmt: skip
SCOPE_OF: Final[Mapping[int, str]] = {
    1: "user.metrics", 2: "user.metrics", 4: "user.metrics", 54: "user.metrics", 16: "user.activity",
    44: "user.activity", 46: "user.info", 50: "user.sleepevents", 51: "user.sleepevents",
}  # fmt: skip
USER_EVENT: Final = 46
STATUS: Final[Mapping[str, tuple[int, str]]] = {
    "invalid_token": (401, "XRequestID: Not provided invalid_token: The access token provided is invalid"),
    "forbidden": (214, "Invalid scope"),
    "rate_limited": (601, "Too Many Requests"),
    "invalid_request": (503, "Invalid Params"),
    "not_found": (2554, "Not implemented"),
    "conflict": (294, "Already exists"),
    "internal": (2556, "Internal error"),
    "unavailable": (522, "Timeout"),
}


class Withings(Cloud):
    name = "withings"
    title = "Withings"
    hosts = ("account.withings.com", "wbsapi.withings.net")
    routes = (
        Route("GET", "/oauth2_user/authorize2", "authorize", counted=False),
        Route("POST", "/oauth2_user/authorize2", "authorize", counted=False),
        Route("POST", "/v2/oauth2", "oauth"),
        Route("POST", "/v2/signature", "signature"),
        Route("POST", "/measure", "measures"),
        Route("POST", "/v2/measure", "activity"),
        Route("POST", "/v2/sleep", "sleep"),
        Route("POST", "/v2/heart", "heart"),
        Route("POST", "/v2/user", "user"),
        Route("POST", "/notify", "notify"),
    )
    rules = Rules(code_s=30, access_s=10_800, rotation="grace", grace_s=8 * 3600, secret=False)
    scopes = {
        "user.info": "Devices and account",
        "user.metrics": "Measurements and heart",
        "user.activity": "Activity and sleep",
        "user.sleepevents": "In and out of bed",
    }
    scope_separator = ","
    limits = (Limit(requests=120, per_s=60),)
    habits = Habits(
        sources=("cuff", "scale", "thermometer", "oximeter", DAY, "sleep", "ecg"),
        quirks={"duplicate": 0.05, "unknown": 0.04, "goal": 0.02, "ambiguous": 0.02},
        quirky=MEASURED,
    )
    fields = {
        "cuff": {"blood_pressure.systolic": 0, "blood_pressure.diastolic": 0, "blood_pressure.hr": 0},
        "scale": {name: 2 for name in MEASURES if name.endswith(("_kg", "_pct")) and name != "spo2_pct"},
        "thermometer": {"body_temperature_c": 2},
        "oximeter": {"spo2_pct": 0},
        DAY: {
            "steps": 0, "distance_m": 1, "floors": 0, "active_energy_kcal": 1, "total_energy_kcal": 1,
        },
        "sleep": {
            "sleep.start": 0, "sleep.end": 0, "sleep.efficiency_pct": 0, "sleep.score": 0,
            **{f"sleep.{part}": 0 for part in NIGHT},
        },
        "ecg": {"ecg.classification": 0, "ecg.avg_hr_bpm": 0},
    }  # fmt: skip
    retries = (10, 60, 3600, 14_400)
    deadline_s = 2.0

    def __init__(self, public_url: str) -> None:
        super().__init__(public_url)
        self._nonces: dict[str, tuple[str, float]] = {}

    def user_id(self, seed: int) -> str:
        return str(41_000_000 + seed)

    def trim(self, source: str, readings: Mapping[str, Any]) -> dict[str, Any]:
        """Its ECG knows three results."""
        kept = super().trim(source, readings)
        if source == "ecg" and kept["ecg"]["classification"] not in AFIB:
            kept["ecg"]["classification"] = "inconclusive"
        return kept

    # -- answers ----------------------------------------------------------------------------------------------------

    def trouble(self, trouble: Trouble) -> Reply:
        """The line's own failures keep their HTTP status; everything else is a number in the body."""
        if trouble.sort in ("internal", "unavailable"):
            return Reply(status=trouble.status, body=b"upstream failure", headers=trouble.headers)
        status, text = STATUS[trouble.sort]
        said = f"{text}: {trouble.text}" if trouble.sort == "invalid_request" and trouble.text else text
        return json_reply({"status": status, "body": {}, "error": said}, headers=trouble.headers)

    def refusal(self, refusal: Refusal) -> Reply:
        return json_reply({"status": 503, "error": f"Invalid Params: {refusal.what}"})

    def limit_headers(self, taken: Any) -> dict[str, str]:
        return {}

    # -- sign-in ----------------------------------------------------------------------------------------------------

    async def oauth(self, call: Call) -> Reply:
        form = call.form
        if form.get("action") == "revoke":
            self._check_signature(form)
            ended = self.grants.revoke(form.get("userid", ""))
            self.hooks = [hook for hook in self.hooks if hook.user_id != form.get("userid")]
            return _ok({"revoked": ended > 0})
        if form.get("action") != "requesttoken":
            raise Trouble("not_found")
        if "client_secret" not in form:
            self._check_signature(form)
            form = {**form, "client_secret": self.grants.apps.get(form.get("client_id", ""), "")}
        return _ok(self.token_body(self.issued(form)))

    def token_body(self, issued: Issued) -> dict[str, Any]:
        """`userid` is a number in the first answer and text in later ones: both were seen."""
        user: int | str = int(issued.grant.user_id) if issued.first else issued.grant.user_id
        return {
            "userid": user,
            "access_token": issued.access_token,
            "refresh_token": issued.refresh_token,
            "expires_in": issued.expires_in,
            "scope": ",".join(issued.grant.scopes),
            "csrf_token": issued.access_token[-8:],
            "token_type": "Bearer",
        }

    async def signature(self, call: Call) -> Reply:
        form = call.form
        client, stamp = form.get("client_id", ""), form.get("timestamp", "")
        fresh = stamp.isdecimal() and abs(int(stamp) - self.now().timestamp()) < NONCE_S
        genuine = self._signed(client, f"{form.get('action')},{client},{stamp}", form.get("signature", ""))
        if not fresh or not genuine:
            raise Trouble("invalid_request", "invalid signature")
        nonce = hashlib.sha256(f"{client}{stamp}{len(self._nonces)}".encode()).hexdigest()[:40]
        self._nonces[nonce] = (client, self.now().timestamp() + NONCE_S)
        return _ok({"nonce": nonce})

    def _check_signature(self, form: Mapping[str, str]) -> None:
        """A nonce is good once, for the application that asked for it."""
        nonce, client = form.get("nonce", ""), form.get("client_id", "")
        owner, until = self._nonces.pop(nonce, ("", 0.0))
        text = f"{form.get('action')},{client},{nonce}"
        good = owner == client and until >= self.now().timestamp()
        if not good or not self._signed(client, text, form.get("signature", "")):
            raise Trouble("invalid_request", "invalid signature")

    def _signed(self, client: str, text: str, signature: str) -> bool:
        secret = self.grants.apps.get(client)
        if secret is None:
            return False
        expected = hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()
        return hmac.compare_digest(expected, signature)

    # -- data -------------------------------------------------------------------------------------------------------

    async def measures(self, call: Call) -> Reply:
        if call.form.get("action") != "getmeas":
            raise Trouble("not_found")
        account = self.person(call, "user.metrics")
        rows = self._rows(account, call.form, MEASURED)
        groups = [group for record in rows for group in _groups(account, record)]
        wanted = {int(part) for part in _list(call.form, "meastypes", "meastype")}
        if wanted:
            groups = [one for one in groups if wanted & {measure["type"] for measure in one["measures"]}]
        if "category" in call.form:
            groups = [one for one in groups if str(one["category"]) == call.form["category"]]
        page, more, offset = _page(groups, call.form)
        return _ok(
            {
                "updatetime": int(self.now().timestamp()),
                "timezone": account.zone,
                "measuregrps": page,
                **({"more": 1, "offset": offset} if more else {"more": 0, "offset": 0}),
            }
        )

    async def activity(self, call: Call) -> Reply:
        if call.form.get("action") != "getactivity":
            raise Trouble("not_found")
        account = self.person(call, "user.activity")
        return _listed("activities", [_activity(one) for one in self._rows(account, call.form, {DAY})], call)

    async def sleep(self, call: Call) -> Reply:
        if call.form.get("action") != "getsummary":
            raise Trouble("not_found")
        account = self.person(call, "user.activity")
        return _listed("series", [_night(one) for one in self._rows(account, call.form, {"sleep"})], call)

    async def heart(self, call: Call) -> Reply:
        if call.form.get("action") != "list":
            raise Trouble("not_found")
        account = self.person(call, "user.metrics")
        return _listed("series", [_heart(one) for one in self._rows(account, call.form, {"ecg"})], call)

    async def user(self, call: Call) -> Reply:
        if call.form.get("action") != "getdevice":
            raise Trouble("not_found")
        account = self.person(call, "user.info")
        devices = [
            {
                "type": "Scale" if source == "scale" else "Monitor", "model": name, "model_id": number,
                "battery": "medium", "deviceid": device, "hash_deviceid": device, "timezone": account.zone,
            }
            for source, (number, name, device) in MODELS.items()
            if source in ("scale", "cuff", "thermometer", "sleep")
        ]  # fmt: skip
        return _ok({"devices": devices})

    def _rows(
        self, account: Account, form: Mapping[str, str], sources: frozenset[str] | set[str]
    ) -> list[Record]:
        """By what changed, by epochs or by local dates, as the question says."""
        found = [one for one in account.seen(self.now()) if one.source in sources]
        try:
            if "lastupdate" in form:
                since = int(form["lastupdate"])
                return [one for one in found if one.modified.timestamp() >= since]
            if "startdateymd" in form:
                first, last = (date.fromisoformat(form[name]) for name in ("startdateymd", "enddateymd"))
                return [one for one in found if first <= _local_day(one) <= last]
            start, end = int(form.get("startdate", 0)), int(form.get("enddate", 2**40))
        except (ValueError, KeyError):
            raise Trouble("invalid_request", "invalid date") from None
        return [one for one in found if start <= one.at.timestamp() <= end]

    # -- notifications ----------------------------------------------------------------------------------------------

    async def notify(self, call: Call) -> Reply:
        form = call.form
        account = self.person(call)
        does = {
            "subscribe": self._subscribe, "list": self._profiles, "get": self._profiles,
            "revoke": self._unsubscribe, "update": self._move,
        }.get(form.get("action", ""))  # fmt: skip
        if does is None:
            raise Trouble("not_found")
        return await does(call, account, form)

    async def _subscribe(self, call: Call, account: Account, form: Mapping[str, str]) -> Reply:
        url, topic = form.get("callbackurl", ""), form.get("appli", "")
        grant = self.grants.owner(call.bearer)
        if not topic.isdecimal() or int(topic) not in SCOPE_OF:
            raise Trouble("invalid_request", "invalid appli")
        if grant is None or SCOPE_OF[int(topic)] not in grant.scopes:
            raise Trouble("forbidden")
        self._check_url(url)
        status, _ = await self.sender.get(url, {}, "HEAD")
        if not 200 <= status < 300:
            raise Trouble("invalid_request", "callback URL is not reachable")
        self.hooks = [one for one in self.hooks if not _is(one, account, url, topic)]
        expires = self.now() + timedelta(days=3650)
        self.hooks.append(Hook(url=url, topic=topic, user_id=account.user_id, expires=expires))
        return _ok({})

    def _check_url(self, url: str) -> None:
        """HTTPS with a public name; this machine stands in for it here."""
        if len(url) > URL_MAX or (
            urlsplit(url).scheme != "https" and not may_return_to(url, self.public_url)
        ):
            raise Trouble("invalid_request", "invalid callbackurl")

    async def _profiles(self, call: Call, account: Account, form: Mapping[str, str]) -> Reply:
        profiles = [
            {
                "appli": int(hook.topic), "callbackurl": hook.url, "comment": "",
                "expires": int(hook.expires.timestamp()) if hook.expires else 0,
            }
            for hook in self.hooks
            if hook.user_id == account.user_id and form.get("appli", hook.topic) == hook.topic
        ]  # fmt: skip
        if form["action"] == "get":
            if not profiles:
                raise Trouble("invalid_request", "no such subscription")
            return _ok(profiles[0])
        return _ok({"profiles": profiles})

    async def _unsubscribe(self, call: Call, account: Account, form: Mapping[str, str]) -> Reply:
        url, topic = form.get("callbackurl", ""), form.get("appli", "")
        self.hooks = [one for one in self.hooks if not _is(one, account, url, topic)]
        return _ok({})

    async def _move(self, call: Call, account: Account, form: Mapping[str, str]) -> Reply:
        for hook in self.hooks:
            if _is(hook, account, form.get("callbackurl", ""), form.get("appli", "")):
                hook.url = form.get("new_callbackurl", hook.url)
                hook.topic = form.get("new_appli", hook.topic)
        return _ok({})

    def announce(self, account: Account, changed: Iterable[Record], *, deleted: bool = False) -> None:
        by_appli: dict[int, list[Record]] = {}
        for record in changed:
            by_appli.setdefault(APPLI[record.source], []).append(record)
        for appli, rows in by_appli.items():
            first, last = min(one.at for one in rows), max(one.at for one in rows)
            span = {"startdate": int(first.timestamp()), "enddate": int(last.timestamp()) + 1}
            day = {"date": first.astimezone(ZoneInfo(rows[0].zone)).date().isoformat()}
            self._notify(account, appli, day if appli in (16, 44) else span)

    def announce_end(self, account: Account) -> None:
        self._notify(account, USER_EVENT, {"action": "unlink"})

    def _notify(self, account: Account, appli: int, more: Mapping[str, Any]) -> None:
        body = urlencode({"userid": account.user_id, "appli": appli, **more}).encode()
        for hook in self.hooks_for(account.user_id, str(appli)):
            self.sender.send(Notice(url=hook.url, body=body, content_type=FORM))


def _local_day(record: Record) -> date:
    """A day's own date; a night belongs to the day on which it ends."""
    at = record.at if record.source == DAY else record.end or record.at
    return at.astimezone(ZoneInfo(record.zone)).date()


def _is(hook: Hook, account: Account, url: str, topic: str) -> bool:
    return (hook.user_id, hook.url, hook.topic) == (account.user_id, url, topic)


def _ok(body: Mapping[str, Any]) -> Reply:
    return json_reply({"status": 0, "body": body})


def _list(form: Mapping[str, str], *names: str) -> list[str]:
    return [part for name in names for part in form.get(name, "").split(",") if part.isdecimal()]


def _page(rows: list[Any], form: Mapping[str, str]) -> tuple[list[Any], bool, int]:
    text = form.get("offset", "0")
    start = int(text) if text.isdecimal() else 0
    return rows[start : start + PAGE], start + PAGE < len(rows), start + PAGE


def _listed(name: str, rows: list[Any], call: Call) -> Reply:
    page, more, offset = _page(rows, call.form)
    return _ok({name: page, "more": more, "offset": offset if more else 0})


def _groups(account: Account, record: Record) -> list[dict[str, Any]]:
    """One, or the same twice (`attrib` 0 and 8). A goal is a group of another category."""
    number, model, device = MODELS[record.source]
    if record.quirk == "unknown":
        number, model = UNKNOWN_MODEL
    group = {
        "grpid": record.id,
        "attrib": 2 if record.manual else 1 if record.quirk == "ambiguous" else 0,
        "date": int(record.at.timestamp()),
        "created": int(record.created.timestamp()),
        "modified": int(record.modified.timestamp()),
        "category": 2 if record.quirk == "goal" else 1,
        "deviceid": None if record.manual else device,
        "hash_deviceid": None if record.manual else device,
        "measures": [GOAL] if record.quirk == "goal" else _measures(account, record),
        "modelid": None if record.manual else number,
        "model": None if record.manual else model,
        "comment": None,
    }
    return [group, {**group, "attrib": 8}] if record.quirk == "duplicate" else [group]


def _measures(account: Account, record: Record) -> list[dict[str, Any]]:
    values = {MEASURES[name]: value for name, value in record.readings.items() if name in MEASURES}
    pressure = record.readings.get("blood_pressure", {})
    values |= {PRESSURE[part]: value for part, value in pressure.items()}
    rows = [{**_scaled(account, record, kind, value), "algo": 0, "fm": 3} for kind, value in values.items()]
    if record.source == "scale":
        rows.append({"value": 980, "type": 175, "unit": -2, "algo": 3, "fm": 3, "position": 10})
    return [*rows, UNKNOWN] if record.quirk == "unknown" else rows


def _scaled(account: Account, record: Record, kind: int, value: float) -> dict[str, int]:
    """The same number under whatever power of ten: 80 is 8·10¹, 80·10⁰ or 8000·10⁻²."""
    number = Decimal(str(value))
    unit = -int(uniform(account.seed, f"unit:{kind}", record.id) * 3)
    while number.scaleb(-unit) != number.scaleb(-unit).to_integral_value():
        unit -= 1
    if unit == 0 and number % 10 == 0 and number:
        unit = 1
    return {"value": int(number.scaleb(-unit)), "type": kind, "unit": unit}


def _activity(record: Record) -> dict[str, Any]:
    number, model, device = MODELS[DAY]
    told = record.readings
    return {
        "date": record.local.date().isoformat(),
        "timezone": record.zone,
        "steps": told["steps"],
        "distance": told["distance_m"],
        "elevation": told["floors"],
        "soft": 3120,
        "moderate": 960,
        "intense": 0,
        "active": 960,
        "calories": told["active_energy_kcal"],
        "totalcalories": told["total_energy_kcal"],
        "deviceid": None,
        "hash_deviceid": device,
        "brand": 1,
        "is_tracker": True,
        "modelid": number,
        "model": model,
        "modified": int(record.modified.timestamp()),
    }


def _night(record: Record) -> dict[str, Any]:
    number, _, device = MODELS["sleep"]
    sleep = record.readings["sleep"]
    end = record.end or record.at
    return {
        "id": record.id,
        "timezone": record.zone,
        "model": 32,
        "model_id": number,
        "hash_deviceid": device,
        "startdate": int(record.at.timestamp()),
        "enddate": int(end.timestamp()),
        "date": end.astimezone(ZoneInfo(record.zone)).date().isoformat(),
        "created": int(record.created.timestamp()),
        "modified": int(record.modified.timestamp()),
        "completed": True,
        "data": {
            **{name: sleep[part] * 60 for part, name in NIGHT.items()},
            "sleep_efficiency": sleep["efficiency_pct"] / 100,
            "sleep_score": sleep["score"],
        },
    }


def _heart(record: Record) -> dict[str, Any]:
    number, _, device = MODELS["ecg"]
    ecg = record.readings["ecg"]
    return {
        "deviceid": device,
        "model": number,
        "ecg": {"signalid": record.id, "afib": AFIB.get(ecg["classification"], 2)},
        "heart_rate": ecg["avg_hr_bpm"],
        "timestamp": int(record.at.timestamp()),
        "modified": int(record.modified.timestamp()),
    }
