"""iHealth's cloud: one address for the page and for tokens, everything in the address, wall clocks written as epochs,
pages by number, nothing announced. Error codes, lifetimes and limits are ours; nobody published them."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple
from urllib.parse import urlencode

import msgspec

from simulator.vendors.cloud import Account, Cloud, Route, Trouble
from simulator.vendors.grants import Issued, Refusal, Rules
from simulator.vendors.ledger import Limit
from simulator.vendors.records import DAY, Habits, Record
from simulator.vendors.wire import Call, Reply, json_reply

HOST: Final = "api.ihealthlabs.com"
PORT: Final = 8443
SIGN_IN: Final = "/OpenApiV2/OAuthv2/userauthorization"
PAGE: Final = 50
USUAL: Final = timedelta(days=92)
"""How far back an answer goes when nobody says."""
CODES: Final[Mapping[str, int]] = {
    "invalid_token": 4001, "forbidden": 4003, "rate_limited": 4009, "invalid_request": 5001, "not_found": 5004,
    "conflict": 5009,
}  # fmt: skip
"""Trouble beyond these is the machine's own, and has no body in JSON."""


class Listed(NamedTuple):
    """What a call lists: `scope` opens it, `unit` is the key that says the unit of all rows, always 0."""

    source: str
    scope: str
    rows: str
    unit: str = ""


CALLS: Final[Mapping[str, Listed]] = {
    "bp": Listed("cuff", "OpenApiBP", "BPDataList", "BPUnit"),
    "glucose": Listed("meter", "OpenApiBG", "BGDataList", "BGUnit"),
    "weight": Listed("scale", "OpenApiWeight", "WeightDataList", "WeightUnit"),
    "spo2": Listed("oximeter", "OpenApiSpO2", "BODataList"),
    "activity": Listed(DAY, "OpenApiActivity", "ARDataList", "DistanceUnit"),
    "sleep": Listed("sleep", "OpenApiSleep", "SRDataList"),
}
KEYS: Final = {name: f"sv-of-{name}" for name in CALLS}
"""The portal gives out one key for each call."""
NEEDED: Final = ("client_id", "client_secret", "redirect_uri", "sc", "sv")


class IHealth(Cloud):
    name = "ihealth"
    title = "iHealth"
    hosts = (f"{HOST}:{PORT}", HOST)
    routes = (
        Route("GET", SIGN_IN, "authorize", counted=False),
        Route("POST", SIGN_IN, "authorize", counted=False),
        Route("GET", f"{SIGN_IN}/token", "token"),
        Route("GET", r"/openapiv2/user/([^/]+)/([a-z0-9]+)\.json", "listed"),
    )
    rules = Rules(rotation="single_use")
    scopes = {
        "OpenApiBP": "Blood pressure",
        "OpenApiBG": "Blood glucose",
        "OpenApiWeight": "Weight and body composition",
        "OpenApiSpO2": "Blood oxygen",
        "OpenApiActivity": "Activity",
        "OpenApiSleep": "Sleep",
    }
    limits = (Limit(requests=120, per_s=60, scope="account"),)
    habits = Habits(
        sources=("cuff", "meter", "scale", "oximeter", DAY, "sleep"),
        quirks={"null": 0.04},
        quirky=frozenset({"meter", "oximeter"}),
        manual_sources=frozenset(
            {"meter", "scale"}
        ),  # a pressure that was typed in has no verdict on the rhythm
    )
    fields = {
        "cuff": {
            "blood_pressure.systolic": 0, "blood_pressure.diastolic": 0, "blood_pressure.hr": 0,
            "irregular_heartbeat": 0,
        },
        "meter": {"glucose_mg_dL": 0},
        "scale": {"weight_kg": 1, "bmi": 1, "body_fat_pct": 1, "bone_mass_kg": 1, "muscle_mass_kg": 1},
        "oximeter": {"spo2_pct": 0, "pulse_rate_bpm": 0},
        DAY: {"steps": 0, "distance_m": 0, "active_energy_kcal": 0},
        "sleep": {"sleep.start": 0, "sleep.end": 0, "sleep.asleep_min": 0, "sleep.efficiency_pct": 0},
    }  # fmt: skip
    portal = {"sv": "\n".join(f"{name}={key}" for name, key in KEYS.items())}

    def user_id(self, seed: int) -> str:
        return f"{seed:032x}"

    def trouble(self, trouble: Trouble) -> Reply:
        code = CODES.get(trouble.sort)
        if code is None:
            return Reply(status=trouble.status, body=b"Server Error", headers=trouble.headers)
        return self._error(code, trouble.sort, trouble.text, trouble.status, trouble.headers)

    def refusal(self, refusal: Refusal) -> Reply:
        code = CODES["invalid_token" if refusal.error == "invalid_grant" else "invalid_request"]
        return self._error(code, refusal.error, refusal.what, 400, {})

    @staticmethod
    def _error(code: int, word: str, text: str, status: int, headers: Mapping[str, str]) -> Reply:
        return json_reply({"Error": word, "ErrorCode": code, "ErrorDescription": text}, status, headers)

    # -- signing in -------------------------------------------------------------------------------------------------

    async def answer(self, call: Call) -> Reply:
        """The page, tokens and refreshes have one address: what is asked there tells them apart."""
        if call.path == SIGN_IN and "grant_type" in call.query:
            call = msgspec.structs.replace(call, path=f"{SIGN_IN}/token")
        return await super().answer(call)

    async def authorize(self, call: Call) -> Reply:
        """Names of calls, where others have scopes."""
        query = {"scope" if name == "APIName" else name: text for name, text in call.query.items()}
        return await super().authorize(msgspec.structs.replace(call, query=query))

    def token_body(self, issued: Issued) -> dict[str, Any]:
        return {
            "APIName": " ".join(issued.grant.scopes),
            "AccessToken": issued.access_token,
            "Expires": issued.expires_in,
            "RefreshToken": issued.refresh_token,
            "RefreshTokenExpires": self.rules.refresh_s,
            "UserID": issued.grant.user_id,
            "client_para": "",
        }

    def token_of(self, call: Call) -> str:
        return call.query.get("access_token", "")

    # -- data -------------------------------------------------------------------------------------------------------

    async def listed(self, call: Call, user_id: str, name: str) -> Reply:
        how = CALLS.get(name)
        if how is None:
            raise Trouble("not_found", "no such call")
        account = self._permitted(call, user_id, name, how)
        start, end = self._window(call)
        found = [one for one in account.seen(self.now()) if one.source == how.source]
        rows = [one for one in found if start <= _wall(one, one.at) < end]
        number = _number(call, "page_index", 1)
        page = rows[(number - 1) * PAGE : number * PAGE]
        more = number * PAGE < len(rows)
        return json_reply({
            how.rows: [_told(one) for one in page],
            **({how.unit: 0} if how.unit else {}),
            "CurrentRecordCount": len(page), "PageLength": PAGE, "PageNumber": number, "RecordCount": len(rows),
            "NextPageUrl": _page_url(call, number + 1) if more else "",
            "PrevPageUrl": _page_url(call, number - 1) if number > 1 else "",
        })  # fmt: skip

    def _permitted(self, call: Call, user_id: str, name: str, how: Listed) -> Account:
        """The application and its keys first, then the person."""
        missing = [field for field in NEEDED if not call.query.get(field)]
        if missing:
            raise Trouble("invalid_request", f"{missing[0]} is missing")
        try:
            self.grants.know(call.query["client_id"], call.query["client_secret"])
        except Refusal as refusal:
            raise Trouble("invalid_token", refusal.what) from None
        if call.query["sv"] != KEYS[name]:
            raise Trouble("invalid_request", "sv is of another call")
        account = self.person(call, how.scope)
        if account.user_id != user_id:
            raise Trouble("forbidden", "the token is of another user")
        return account

    def _window(self, call: Call) -> tuple[int, int]:
        """In the seconds of the wall clock, as the rows are."""
        now = int(self.now().timestamp())
        day = int(timedelta(days=1).total_seconds())
        start = _number(call, "start_time", now - int(USUAL.total_seconds()))
        return start, _number(call, "end_time", now + day)


def _number(call: Call, name: str, usual: int) -> int:
    text = call.query.get(name, "")
    if text and not text.isdecimal():
        raise Trouble("invalid_request", f"{name} is no number")
    return int(text) if text else usual


def _page_url(call: Call, number: int) -> str:
    query = urlencode({**call.query, "page_index": str(number)})
    return f"https://{HOST}:{PORT}{call.path}?{query}"


def _wall(record: Record, at: datetime) -> int:
    """What the clock on the wall showed, as if that were UTC."""
    return int((at + record.offset).timestamp())


def _told(record: Record) -> dict[str, Any]:
    head = {
        "DataID": f"{record.id:x}",
        "DataSource": "Manual" if record.manual else "FromDevice",
        "LastChangeTime": int(record.modified.timestamp()),
        "TimeZone": record.local.strftime("%z"),
        "Lat": 0, "Lon": 0, "Note": "",
    }  # fmt: skip
    if record.source == "sleep":
        return {**head, **_night(record)}
    return {**head, "MDate": _wall(record, record.at), **TELLS[record.source](record)}


def _night(record: Record) -> dict[str, Any]:
    sleep = record.readings["sleep"]
    return {
        "StartTime": _wall(record, record.at),
        "EndTime": _wall(record, record.end or record.at),
        "HoursSlept": sleep["asleep_min"],  # minutes, whatever it is called
        "SleepEfficiency": sleep["efficiency_pct"],
        "Awaken": 2,
        "FallSleep": 10,
    }


def _pressure(record: Record) -> dict[str, Any]:
    pressure = record.readings["blood_pressure"]
    verdict = 0 if record.manual else 2 if record.readings.get("irregular_heartbeat") else 1
    return {
        "HP": pressure["systolic"], "LP": pressure["diastolic"], "HR": pressure.get("hr", 0), "BPL": 1,
        "IsArr": verdict,
    }  # fmt: skip


def _glucose(record: Record) -> dict[str, Any]:
    return {
        "BG": record.readings.get("glucose_mg_dL", 0),
        "DinnerSituation": "Before_breakfast",
        "DrugSituation": "",
    }


def _body(record: Record) -> dict[str, Any]:
    told = record.readings
    return {
        "WeightValue": told.get("weight_kg", 0), "BMI": told.get("bmi", 0), "FatValue": told.get("body_fat_pct", 0),
        "BoneValue": told.get("bone_mass_kg", 0), "MuscaleValue": told.get("muscle_mass_kg", 0), "WaterValue": 0,
        "DCI": 0,
    }  # fmt: skip


def _oxygen(record: Record) -> dict[str, Any]:
    return {"BO": record.readings.get("spo2_pct", 0), "HR": record.readings.get("pulse_rate_bpm", 0)}


def _activity(record: Record) -> dict[str, Any]:
    told = record.readings
    return {
        "Steps": told["steps"], "Calories": told["active_energy_kcal"], "DistanceTraveled": told["distance_m"] / 1000,
    }  # fmt: skip


TELLS: Final = {
    "cuff": _pressure, "meter": _glucose, "scale": _body, "oximeter": _oxygen, DAY: _activity,
}  # fmt: skip
