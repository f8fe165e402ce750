"""Garmin's cloud: PKCE, permissions that can be unticked, a refresh token that is good once, and pushes; the past comes as
pushes too. Bodies of errors, batches and retries are ours; nobody published them."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from simulator.vendors.cloud import Account, Cloud, Route, Trouble
from simulator.vendors.grants import Issued, Rules
from simulator.vendors.ledger import Limit
from simulator.vendors.notices import Notice
from simulator.vendors.records import DAY, Habits, Record
from simulator.vendors.wire import Call, Reply, json_reply

BATCH: Final = 50
WINDOW_S: Final = 90 * 86_400
REFRESH_S: Final = 7_775_998
HEALTH: Final = "HEALTH_EXPORT"
HISTORY: Final = "HISTORICAL_DATA_EXPORT"
TYPES: Final[Mapping[str, str]] = {
    "cuff": "bloodPressures", "scale": "bodyComps", DAY: "dailies", "sleep": "sleeps", "oximeter": "pulseox",
}  # fmt: skip
BACKFILLS: Final[Mapping[str, str]] = {
    "bloodPressures": "cuff", "bodyComps": "scale", "dailies": DAY, "sleeps": "sleep", "pulseOx": "oximeter",
    "respiration": "", "hrv": "", "userMetrics": "", "skinTemp": "", "stressDetails": "", "epochs": "",
}  # fmt: skip
"""The past is asked for by other names; those without a source are known, and nobody here has any."""


class Garmin(Cloud):
    name = "garmin"
    title = "Garmin Connect"
    hosts = ("connect.garmin.com", "diauth.garmin.com", "apis.garmin.com")
    routes = (
        Route("GET", "/oauth2Confirm", "authorize", counted=False),
        Route("POST", "/oauth2Confirm", "authorize", counted=False),
        Route("POST", "/di-oauth2-service/oauth/token", "token"),
        Route("GET", "/wellness-api/rest/user/id", "user"),
        Route("GET", "/wellness-api/rest/user/permissions", "permissions"),
        Route("DELETE", "/wellness-api/rest/user/registration", "deregister"),
        Route("GET", "/wellness-api/rest/backfill/([A-Za-z]+)", "backfill"),
    )
    rules = Rules(access_s=86_400, refresh_s=REFRESH_S, rotation="single_use", pkce=True)
    scopes = {HEALTH: "Daily health data", HISTORY: "Data of the past", "ACTIVITY_EXPORT": "Activities"}
    limits = (Limit(requests=100, per_s=60),)
    habits = Habits(
        sources=("cuff", "scale", DAY, "sleep", "oximeter"),
        quirks={"duplicate": 0.04, "null": 0.02},
        quirky=frozenset({"cuff", "scale", "oximeter"}),
        manual_sources=frozenset({"cuff"}),
    )
    fields = {
        "cuff": {"blood_pressure.systolic": 0, "blood_pressure.diastolic": 0, "blood_pressure.hr": 0},
        "scale": {
            "weight_kg": 3, "bmi": 1, "body_fat_pct": 1, "body_water_pct": 1, "muscle_mass_kg": 3, "bone_mass_kg": 3,
        },
        DAY: {"steps": 0, "distance_m": 1, "floors": 0, "active_energy_kcal": 0, "total_energy_kcal": 0},
        "sleep": {
            "sleep.start": 0, "sleep.end": 0, "sleep.asleep_min": 0, "sleep.awake_min": 0, "sleep.light_min": 0,
            "sleep.deep_min": 0, "sleep.rem_min": 0, "sleep.score": 0,
        },
        "oximeter": {"spo2_pct": 0},
    }  # fmt: skip
    retries = (30, 120, 600, 3600)
    deadline_s = 30.0

    def __init__(self, public_url: str) -> None:
        super().__init__(public_url)
        self._asked: set[tuple[str, str, str, str]] = set()

    def user_id(self, seed: int) -> str:
        return f"g-{seed:04x}"

    def trouble(self, trouble: Trouble) -> Reply:
        return json_reply({"errorMessage": trouble.text or trouble.sort}, trouble.status, trouble.headers)

    def limit_headers(self, taken: Any) -> dict[str, str]:
        return {}

    def token_body(self, issued: Issued) -> dict[str, Any]:
        more = {
            "token_type": "bearer",
            "scope": "PARTNER_READ CONNECT_READ CONNECT_WRITE",
            "jti": issued.access_token[-16:],
            "refresh_token_expires_in": REFRESH_S,
        }
        return {**super().token_body(issued), **more}

    async def user(self, call: Call) -> Reply:
        return json_reply({"userId": self.person(call).user_id})

    async def permissions(self, call: Call) -> Reply:
        self.person(call)
        grant = self.grants.owner(call.bearer)
        return json_reply({"permissions": list(grant.scopes if grant else ())})

    async def deregister(self, call: Call) -> Reply:
        account = self.person(call)
        self.grants.revoke(account.user_id)
        self.announce_end(account)
        return Reply(status=204)

    async def backfill(self, call: Call, name: str) -> Reply:
        """Accepted now, pushed later. Asked for the same again: a conflict."""
        account = self.person(call, HISTORY)
        start, end = (call.query.get(f"summary{side}TimeInSeconds", "") for side in ("Start", "End"))
        if name not in BACKFILLS or not start.isdecimal() or not end.isdecimal():
            raise Trouble("invalid_request", "unknown summary type or window")
        if not 0 < int(end) - int(start) <= WINDOW_S:
            raise Trouble("invalid_request", "the window is empty or too long")
        asked = (account.user_id, name, start, end)
        if asked in self._asked:
            raise Trouble("conflict", "duplicate backfill")
        self._asked.add(asked)
        found = [
            one
            for one in account.seen(self.now())
            if one.source == BACKFILLS[name] and int(start) <= one.at.timestamp() < int(end)
        ]
        for first in range(0, len(found), BATCH):
            self._push(account, found[first : first + BATCH])
        return Reply(status=202)

    def announce(self, account: Account, changed: Iterable[Record], *, deleted: bool = False) -> None:
        """What was deleted is not told. Nothing comes of a person who allowed nothing, or withdrew."""
        allowed = any(HEALTH in grant.scopes for grant in self.grants.of(account.user_id))
        if allowed and not deleted:
            self._push(account, list(changed))

    def announce_end(self, account: Account) -> None:
        self._post({"deregistrations": [{"userId": account.user_id}]})

    def _push(self, account: Account, found: list[Record]) -> None:
        by_type: dict[str, list[dict[str, Any]]] = {}
        for record in found:
            item = {"userId": account.user_id, **_summary(record)}
            times = 2 if record.quirk == "duplicate" else 1
            by_type.setdefault(TYPES[record.source], []).extend([item] * times)
        for name, items in by_type.items():
            self._post({name: items})

    def _post(self, body: Mapping[str, Any]) -> None:
        for hook in self.hooks:
            self.sender.send(Notice(url=hook.url, body=msgspec.json.encode(body)))

    def sign(self, notice: Notice, bad: bool) -> Mapping[str, str]:
        """No signature: the application's own name."""
        return {"garmin-client-id": "another" if bad else next(iter(self.grants.apps), "")}


def _summary(record: Record) -> dict[str, Any]:
    told = record.readings
    offset = int(record.offset.total_seconds())
    start = int(record.at.timestamp())
    identity = {"summaryId": f"x{record.id:x}"}
    if record.source in ("cuff", "scale"):
        when = {"measurementTimeInSeconds": start, "measurementTimeOffsetInSeconds": offset}
        return {**identity, **when, **(_pressure(record) if record.source == "cuff" else _composition(told))}
    end: datetime = record.end or record.at + timedelta(hours=1)
    when = {
        "startTimeInSeconds": start,
        "startTimeOffsetInSeconds": offset,
        "durationInSeconds": int(end.timestamp()) - start,
    }
    dated = {**identity, "calendarDate": record.local.date().isoformat(), **when}
    if record.source == "oximeter":
        return {**dated, "timeOffsetSpo2Values": {"0": told["spo2_pct"]} if told else {}, "onDemand": True}
    return {**dated, **(_night(told["sleep"]) if record.source == "sleep" else _day(told))}


def _pressure(record: Record) -> dict[str, Any]:
    pressure = record.readings.get("blood_pressure", {})
    return {
        "systolic": pressure.get("systolic"),
        "diastolic": pressure.get("diastolic"),
        "pulse": pressure.get("hr"),
        "sourceType": "MANUAL" if record.manual else "DEVICE",
    }


def _composition(told: Mapping[str, Any]) -> dict[str, Any]:
    grams = {
        "weightInGrams": "weight_kg",
        "muscleMassInGrams": "muscle_mass_kg",
        "boneMassInGrams": "bone_mass_kg",
    }
    shares = {
        "bodyFatInPercent": "body_fat_pct", "bodyMassIndex": "bmi", "bodyWaterInPercent": "body_water_pct",
    }  # fmt: skip
    return {
        **{key: round(told[name] * 1000) for key, name in grams.items() if name in told},
        **{key: told[name] for key, name in shares.items() if name in told},
    }


def _day(told: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "steps": told["steps"],
        "distanceInMeters": told["distance_m"],
        "activeKilocalories": told["active_energy_kcal"],
        "bmrKilocalories": told["total_energy_kcal"] - told["active_energy_kcal"],
        "floorsClimbed": told["floors"],
        "averageStressLevel": -1,
    }


def _night(night: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "deepSleepDurationInSeconds": night["deep_min"] * 60,
        "lightSleepDurationInSeconds": night["light_min"] * 60,
        "remSleepInSeconds": night["rem_min"] * 60,
        "awakeDurationInSeconds": night["awake_min"] * 60,
        "validation": "ENHANCED_FINAL",
        "overallSleepScore": {"value": night["score"], "qualifierKey": "FAIR"},
    }
