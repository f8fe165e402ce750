"""Omron's partner cloud: American units, local times with an offset, a name in the `id_token`, pages by date. Lifetimes,
page size and retries are ours; nobody published them."""

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

import msgspec
from joserfc import jwt
from joserfc.jwk import OctKey

from simulator.vendors.cloud import Account, Cloud, Route, Trouble
from simulator.vendors.grants import Issued, Rules
from simulator.vendors.ledger import Limit
from simulator.vendors.notices import Notice
from simulator.vendors.records import DAY, Habits, Record
from simulator.vendors.wire import Call, Reply, json_reply

PAGE: Final = 100
KG: Final = Decimal("0.45359237")
MILE: Final = Decimal("1609.344")
TYPES: Final[Mapping[str, tuple[str, str]]] = {
    "bloodpressure": ("bloodPressure", "cuff"),
    "activity": ("activity", DAY),
    "weight": ("weight", "scale"),
}
MODELS: Final[Mapping[str, str]] = {"cuff": "BP7350", DAY: "HeartGuide", "scale": "BCM-500"}


class Omron(Cloud):
    name = "omron"
    title = "OMRON connect"
    hosts = ("prd-oauth-website.ohiomron.com", "prd-oauth.ohiomron.com")
    routes = (
        Route("GET", "/connect/authorize", "authorize", counted=False),
        Route("POST", "/connect/authorize", "authorize", counted=False),
        Route("POST", "/prd/connect/token", "token"),
        Route("POST", "/prd/api/measurement", "measurement"),
    )
    rules = Rules(access_s=3600, rotation="single_use")
    scopes = {
        "bloodpressure": "Blood pressure",
        "activity": "Activity",
        "weight": "Weight",
        "openid": "Who you are",
        "offline_access": "Reading while you are away",
    }
    limits = (Limit(requests=60, per_s=60, scope="account"),)
    habits = Habits(
        sources=("cuff", DAY, "scale"),
        quirks={"duplicate": 0.05, "null": 0.02, "unknown": 0.03},
        quirky=frozenset({"cuff", "scale"}),
        manual=0.0,
    )
    fields = {
        "cuff": {"blood_pressure.systolic": 0, "blood_pressure.diastolic": 0, "blood_pressure.hr": 0},
        DAY: {"steps": 0, "distance_m": 3, "active_energy_kcal": 0},
        "scale": {"weight_kg": 3, "bmi": 1},
    }
    retries = (30, 300, 3600)

    def user_id(self, seed: int) -> str:
        return str(uuid5(NAMESPACE_URL, f"omron:{seed}"))

    def trim(self, source: str, readings: Mapping[str, Any]) -> dict[str, Any]:
        """Pounds to a tenth and miles to a hundredth: what they show is all that comes."""
        kept = super().trim(source, readings)
        if "weight_kg" in kept:
            kept["weight_kg"] = _back(_in(kept["weight_kg"], KG, 1), KG)
        if "distance_m" in kept:
            kept["distance_m"] = _back(_in(kept["distance_m"], MILE, 2), MILE)
        return kept

    def trouble(self, trouble: Trouble) -> Reply:
        """Plain text."""
        text = {"invalid_token": "Unauthorized", "rate_limited": "Too many requests"}.get(
            trouble.sort, trouble.text
        )
        headers = {"content-type": "text/plain", **trouble.headers}
        return Reply(status=trouble.status, body=(text or "error").encode(), headers=headers)

    def limit_headers(self, taken: Any) -> dict[str, str]:
        return {}

    def token_body(self, issued: Issued) -> dict[str, Any]:
        body = super().token_body(issued)
        if issued.first and "openid" in issued.grant.scopes:
            claims = {
                "sub": issued.grant.user_id,
                "aud": issued.grant.client_id,
                "iss": f"https://{self.hosts[0]}",
            }
            key = OctKey.import_key(self.grants.apps[issued.grant.client_id].ljust(32, "."))
            body["id_token"] = jwt.encode({"alg": "HS256"}, claims, key)
        return body

    async def measurement(self, call: Call) -> Reply:
        form = call.form
        kind = form.get("type", "")
        if kind not in TYPES:
            return json_reply({"status": 1, "error": "unknown type"})
        account = self.person(call, kind)
        try:
            since = date.fromisoformat(form.get("since", ""))
            limit = min(int(form.get("limit", PAGE)), 10_000)
        except ValueError:
            raise Trouble("invalid_request", "since must be yyyy-MM-dd") from None
        name, source = TYPES[kind]
        found = [
            one for one in account.seen(self.now()) if one.source == source and one.local.date() >= since
        ]
        rows = [row for record in sorted(found, key=lambda one: one.local) for row in _items(record)]
        if form.get("sortOrder", "asc") == "desc":
            rows.reverse()
        page = rows[:limit]
        result: dict[str, Any] = {
            "truncated": len(rows) > limit,
            "bloodPressure": [],
            "activity": [],
            "weight": [],
            name: page,
            "nextPaginationKey": "0",
            "measurementCount": len(page),
        }
        if any(record.quirk == "unknown" for record in found):
            result["temperature"] = [{"id": 1, "temperature": 98.6}]
        return json_reply({"status": 0, "result": result})

    def announce(self, account: Account, changed: Iterable[Record], *, deleted: bool = False) -> None:
        stamp = self.now().strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        body = msgspec.json.encode({"id": account.user_id, "timestamp": stamp})
        for hook in self.hooks_for(account.user_id, ""):
            self.sender.send(Notice(url=hook.url, body=body))


def _in(value: float, unit: Decimal, places: int) -> Decimal:
    return (Decimal(str(value)) / unit).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


def _back(value: Decimal, unit: Decimal) -> float:
    number = (value * unit).quantize(Decimal("0.001"), ROUND_HALF_UP)
    return int(number) if number == number.to_integral_value() else float(number)


def _items(record: Record) -> list[dict[str, Any]]:
    """One, or the same twice. A record without its values is there as well."""
    offset = record.local.strftime("%z")
    item = {
        "id": record.id,
        "dateTime": record.at.strftime("%Y-%m-%dT%H:%M:%S"),
        "dateTimeLocal": record.local.strftime("%Y-%m-%dT%H:%M:%S"),
        "dateTimeUtcOffset": (f"{offset[:3]}:{offset[3:]}", offset)[record.id % 2],
        "deviceType": MODELS[record.source],
        **_values(record),
    }
    return [item, item] if record.quirk == "duplicate" else [item]


def _values(record: Record) -> dict[str, Any]:
    told = record.readings
    if record.source == "cuff":
        pressure = told.get("blood_pressure", {})
        return {
            "systolic": pressure.get("systolic"),
            "diastolic": pressure.get("diastolic"),
            "bloodPressureUnits": "mmHg",
            "pulse": pressure.get("hr", 0),
            "pulseUnits": "bpm",
        }
    if record.source == "scale":
        kg = told.get("weight_kg")
        pounds = None if kg is None else float(_in(kg, KG, 1))
        return {"weight": pounds, "weightUnits": "lb", "bmi": told.get("bmi")}
    return {
        "steps": told["steps"],
        "aerobicSteps": told["steps"] // 5,
        "calories": told["active_energy_kcal"],
        "caloriesUnits": "kcal",
        "distance": float(_in(told["distance_m"], MILE, 2)),
        "distanceUnits": "mi",
        "aerobicWalkingTime": 12,
        "aerobicWalkingTimeUnits": "min",
    }
