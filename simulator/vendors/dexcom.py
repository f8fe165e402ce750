"""Dexcom's cloud: a value every five minutes that arrives hours late, LOW and HIGH, gaps, receivers without an offset;
windows of at most thirty days. Bodies of errors are ours; nobody published them."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Final

from proto.metrics import GLUCOSE_HIGH_MARKER, GLUCOSE_LOW_MARKER
from simulator.physiology.body import Body
from simulator.physiology.devices import INSTRUMENTS
from simulator.physiology.noise import uniform
from simulator.physiology.samples import Sample
from simulator.vendors.cloud import Account, Cloud, Route, Trouble
from simulator.vendors.grants import Issued, Rules
from simulator.vendors.ledger import Limit
from simulator.vendors.records import Habits, Record
from simulator.vendors.wire import Call, Reply, json_reply

WINDOW: Final = timedelta(days=30)
TRENDS: Final[Mapping[str, str]] = {
    "double_up": "doubleUp", "single_up": "singleUp", "forty_five_up": "fortyFiveUp", "flat": "flat",
    "forty_five_down": "fortyFiveDown", "single_down": "singleDown", "double_down": "doubleDown",
    "not_computable": "notComputable", "rate_out_of_range": "rateOutOfRange", "none": "none",
}  # fmt: skip
KNOT_S: Final = 1800
LOWEST: Final = 40
HIGHEST: Final = 400
GAP: Final = 0.03
"""Share of the two-hour stretches without a signal."""


class Dexcom(Cloud):
    name = "dexcom"
    title = "Dexcom"
    hosts = ("api.dexcom.com", "api.dexcom.eu", "api.dexcom.jp", "sandbox-api.dexcom.com")
    routes = (
        Route("GET", "/v[23]/oauth2/login", "authorize", counted=False),
        Route("POST", "/v[23]/oauth2/login", "authorize", counted=False),
        Route("POST", "/v[23]/oauth2/token", "token"),
        Route("GET", "/v3/users/self/(egvs|events|calibrations|alerts)", "records_of"),
        Route("GET", "/v3/users/self/dataRange", "data_range"),
        Route("GET", "/v3/users/self/devices", "devices"),
    )
    rules = Rules(code_s=60, access_s=7200, rotation="single_use")
    scopes = {"offline_access": "Glucose, also while you are away"}
    limits = (Limit(requests=60_000, per_s=3600),)
    habits = Habits(
        sources=("cgm", "meter"),
        quirks={"null": 0.002, "no_offset": 0.01},
        quirky=frozenset({"cgm"}),
        manual=1.0,
        manual_sources=frozenset({"meter"}),
        late=0.01,
        edited=0.0,
    )
    fields = {
        "cgm": {
            "glucose_mg_dL": 0, "glucose_trend": 0, "glucose_trend_rate_mg_dL_min": 1, "glucose_out_of_range": 0,
        },
        "meter": {"glucose_mg_dL": 0, "glucose_out_of_range": 0},
    }  # fmt: skip

    def user_id(self, seed: int) -> str:
        return f"u-{seed:06x}"

    def measured(self, body: Body, source: str, start: datetime, until: datetime) -> Iterator[Sample]:
        """The sensor's curve through a point every half hour: three months of it must not take a minute."""
        if source != "cgm":
            yield from super().measured(body, source, start, until)
            return
        for at in INSTRUMENTS["cgm"].schedule(body, start, until):
            if uniform(body.seed, "gap", int(at.timestamp() // 7200)) >= GAP:
                yield _between(body, at)

    def trim(self, source: str, readings: Mapping[str, Any]) -> dict[str, Any]:
        """A strip without a number gives nothing; one beyond the range of a sensor is LOW or HIGH."""
        kept = super().trim(source, readings)
        if source == "meter":
            return _judged(kept["glucose_mg_dL"]) if "glucose_mg_dL" in kept else {}
        return kept

    def token_body(self, issued: Issued) -> dict[str, Any]:
        more = {"refresh_expires_in": 0, "not-before-policy": 0, "session_state": issued.access_token[-12:]}
        return {**super().token_body(issued), **more}

    def trouble(self, trouble: Trouble) -> Reply:
        if trouble.sort == "invalid_token":
            detail = {"errorcode": "oauth.v2.InvalidAccessToken"}
            body: dict[str, Any] = {"fault": {"faultstring": "Invalid Access Token", "detail": detail}}
        else:
            body = {"errors": [{"code": trouble.sort, "description": trouble.text}]}
        return json_reply(body, trouble.status, trouble.headers)

    def limit_headers(self, taken: Any) -> dict[str, str]:
        return {}

    async def records_of(self, call: Call, name: str) -> Reply:
        account = self.person(call)
        start, end = (_utc(call.query.get(side, "")) for side in ("startDate", "endDate"))
        if end <= start or end - start > WINDOW:
            raise Trouble("invalid_request", "the window is empty or longer than 30 days")
        source = {"egvs": "cgm", "events": "meter"}.get(name)
        found = [one for one in account.seen(self.now()) if one.source == source and start <= one.at < end]
        rows = [_egv(one) if source == "cgm" else _event(one) for one in found]
        if name == "events":
            rows += [_gone(one) for one in self._removed(account) if start <= one.at < end]
        return json_reply(
            _answer(account, {"egvs": "egv", "events": "event"}.get(name, name[:-1]), records=rows)
        )

    async def data_range(self, call: Call) -> Reply:
        """With `lastSyncTime` only of what was uploaded after it."""
        account, last = self.person(call), call.query.get("lastSyncTime")
        after = _utc(last) if last else None
        ends: dict[str, Any] = {"calibrations": None, "egvs": None, "events": None}
        for name, source in (("egvs", "cgm"), ("events", "meter")):
            seen = account.seen(self.now())
            rows = [one for one in seen if one.source == source and (after is None or one.modified > after)]
            if rows:
                ends[name] = {"start": _times(rows[0]), "end": _times(rows[-1])}
        return json_reply(_answer(account, "dataRange", **ends))

    async def devices(self, call: Call) -> Reply:
        account = self.person(call)
        last = account.seen(self.now())[-1:]
        device: dict[str, Any] = {
            "lastUploadDate": _text(last[0].created) if last else None,
            "transmitterId": f"{account.seed:064x}",
            "transmitterGeneration": "g7",
            "displayDevice": "iOS",
            "displayApp": "G7",
            "alertSchedules": [],
        }
        return json_reply(_answer(account, "device", records=[device]))

    @staticmethod
    def _removed(account: Account) -> list[Record]:
        return [one for one in account.records.values() if one.deleted and one.source == "meter"]


@lru_cache(maxsize=20_000)
def _knot(body: Body, second: int) -> Mapping[str, Any]:
    return INSTRUMENTS["cgm"].measure(body, datetime.fromtimestamp(second, UTC), "normal").readings


def _between(body: Body, at: datetime) -> Sample:
    second = int(at.timestamp())
    left = second // KNOT_S * KNOT_S
    before, after = _knot(body, left), _knot(body, left + KNOT_S)
    start, end = before["glucose_mg_dL"], after["glucose_mg_dL"]
    value = round(start + (end - start) * (second - left) / KNOT_S)
    arrow = {name: before[name] for name in ("glucose_trend", "glucose_trend_rate_mg_dL_min")}
    return Sample(at, {**_judged(value), **arrow}, {})


def _judged(value: int) -> dict[str, Any]:
    if value < LOWEST:
        return {"glucose_mg_dL": GLUCOSE_LOW_MARKER, "glucose_out_of_range": "low"}
    if value > HIGHEST:
        return {"glucose_mg_dL": GLUCOSE_HIGH_MARKER, "glucose_out_of_range": "high"}
    return {"glucose_mg_dL": value}


def _utc(text: str) -> datetime:
    try:
        return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S").replace(tzinfo=UTC)
    except ValueError:
        raise Trouble("invalid_request", "startDate and endDate are yyyy-MM-ddThh:mm:ss") from None


def _text(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _answer(account: Account, kind: str, **more: Any) -> dict[str, Any]:
    return {"recordType": kind, "recordVersion": "3.0", "userId": account.user_id, **more}


def _times(record: Record) -> dict[str, str]:
    """A receiver knows no offsets."""
    if record.quirk == "no_offset":
        return {
            "systemTime": record.at.strftime("%Y-%m-%dT%H:%M:%S"),
            "displayTime": record.local.strftime("%Y-%m-%dT%H:%M:%S"),
        }
    return {"systemTime": _text(record.at), "displayTime": record.local.isoformat(timespec="seconds")}


def _common(record: Record) -> dict[str, Any]:
    return {
        "recordId": str(record.id),
        **_times(record),
        "transmitterId": "c1f0",
        "displayDevice": "receiver" if record.quirk == "no_offset" else "iOS",
        "transmitterGeneration": "g7",
    }


def _egv(record: Record) -> dict[str, Any]:
    told = record.readings
    value = told.get("glucose_mg_dL")
    return {
        **_common(record),
        "transmitterTicks": int(record.at.timestamp()) % 10_000_000,
        "value": value,
        "status": "unknown" if value is None else told.get("glucose_out_of_range", "ok"),
        "trend": TRENDS.get(told.get("glucose_trend", ""), "none"),
        "trendRate": told.get("glucose_trend_rate_mg_dL_min"),
        "unit": "mg/dL",
        "rateUnit": "mg/dL/min",
        "displayApp": "G7",
    }


def _event(record: Record) -> dict[str, Any]:
    """`value` is text."""
    return {
        **_common(record),
        "eventStatus": "updated" if record.modified != record.created else "created",
        "eventType": "bloodGlucose",
        "eventSubType": None,
        "value": None if not record.readings else str(record.readings["glucose_mg_dL"]),
        "unit": "mg/dL",
    }


def _gone(record: Record) -> dict[str, Any]:
    return {**_event(record), "eventStatus": "deleted"}
