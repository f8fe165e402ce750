"""Google Fit's cloud: sums by local days, points by stream, nights as sessions and segments, nothing announced. It shares
its sign-in with Google Health: scopes, codes and tokens tell whose a request is."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from joserfc import jwt
from joserfc.jwk import OctKey

from simulator.vendors.cloud import Account, Cloud, Route, Trouble
from simulator.vendors.google_streams import PREFIX, SESSION, SUMS, Stream, point, session, streams_of
from simulator.vendors.grants import Issued, Rules
from simulator.vendors.ledger import Limit, Taken
from simulator.vendors.records import DAY, Habits, Record, midnight
from simulator.vendors.wire import Call, Reply, json_reply

SCOPE: Final = "https://www.googleapis.com/auth/fitness."
ISSUER: Final = "https://accounts.google.com"
PAGE: Final = 1000
SPAN: Final = timedelta(days=92)
"""The longest time that sums may be asked for; where Google's own limit is, nobody says."""
STATUSES: Final[Mapping[str, tuple[str, str]]] = {
    "invalid_token": ("UNAUTHENTICATED", "authError"),
    "forbidden": ("PERMISSION_DENIED", "insufficientPermissions"),
    "rate_limited": ("RESOURCE_EXHAUSTED", "rateLimitExceeded"),
    "invalid_request": ("INVALID_ARGUMENT", "invalidArgument"),
    "not_found": ("NOT_FOUND", "notFound"),
    "conflict": ("ALREADY_EXISTS", "duplicate"),
    "internal": ("INTERNAL", "backendError"),
    "unavailable": ("UNAVAILABLE", "backendError"),
}
_ME: Final = "/fitness/v1/users/me"


class GoogleFit(Cloud):
    name = "google_fit"
    title = "Google Fit"
    hosts = ("accounts.google.com", "oauth2.googleapis.com", "www.googleapis.com", "fitness.googleapis.com")
    routes = (
        Route("GET", "/o/oauth2/v2/auth", "authorize", counted=False),
        Route("POST", "/o/oauth2/v2/auth", "authorize", counted=False),
        Route("POST", "/token", "token"),
        Route("POST", "/revoke", "revoke"),
        Route("POST", f"{_ME}/dataset:aggregate", "aggregate"),
        Route("GET", f"{_ME}/dataSources", "sources"),
        Route("GET", f"{_ME}/dataSources/([^/]+)/datasets/([0-9]+)-([0-9]+)", "points"),
        Route("GET", f"{_ME}/sessions", "sessions"),
    )
    rules = Rules(access_s=3600, rotation="static")
    scopes = {
        "openid": "Who you are",
        f"{SCOPE}blood_pressure.read": "Blood pressure",
        f"{SCOPE}blood_glucose.read": "Blood glucose",
        f"{SCOPE}oxygen_saturation.read": "Blood oxygen",
        f"{SCOPE}body_temperature.read": "Body temperature",
        f"{SCOPE}heart_rate.read": "Heart rate",
        f"{SCOPE}body.read": "Weight and body fat",
        f"{SCOPE}activity.read": "Activity",
        f"{SCOPE}location.read": "Distance",
        f"{SCOPE}sleep.read": "Sleep",
    }
    limits = (Limit(requests=300, per_s=60, scope="account"), Limit(requests=120_000, per_s=60))
    habits = Habits(
        sources=("cuff", "meter", "oximeter", "thermometer", "wrist", "scale", DAY, "sleep"),
        quirks={"null": 0.04},
        quirky=frozenset({"scale", "oximeter"}),
        thin={"wrist": 6},
        manual_sources=frozenset({"cuff", "scale", "thermometer"}),
    )
    fields = {
        "cuff": {"blood_pressure.systolic": 0, "blood_pressure.diastolic": 0},
        "meter": {"glucose_mg_dL": 0},
        "oximeter": {"spo2_pct": 1},
        "thermometer": {"body_temperature_c": 1},
        "wrist": {"heart_rate_bpm": 0},
        "scale": {"weight_kg": 2, "body_fat_pct": 1},
        DAY: {"steps": 0, "distance_m": 1, "total_energy_kcal": 1},
        "sleep": {
            "sleep.start": 0, "sleep.end": 0, "sleep.asleep_min": 0, "sleep.awake_min": 0, "sleep.light_min": 0,
            "sleep.deep_min": 0, "sleep.rem_min": 0,
        },
    }  # fmt: skip

    def user_id(self, seed: int) -> str:
        return str(108_000_000_000_000_000_000 + seed)

    def takes(self, call: Call) -> bool:
        """Of the addresses that both Google services have: what asks for its scopes, or shows what it gave out."""
        if call.host not in self.hosts[:2]:
            return True
        if SCOPE in call.form.get("scope", ""):
            return True
        return any(self.grants.knows(call.form.get(name, "")) for name in ("code", "refresh_token", "token"))

    def trouble(self, trouble: Trouble) -> Reply:
        status, reason = STATUSES[trouble.sort]
        detail = {"message": trouble.text, "domain": "global", "reason": reason}
        error = {"code": trouble.status, "message": trouble.text, "errors": [detail], "status": status}
        return json_reply({"error": error}, trouble.status, trouble.headers)

    def limit_headers(self, taken: Taken) -> dict[str, str]:
        return {}

    # -- signing in -------------------------------------------------------------------------------------------------

    def token_body(self, issued: Issued) -> dict[str, Any]:
        """The refresh token comes with the first consent; who signed in, whenever they allowed to say it."""
        body = super().token_body(issued)
        if not issued.first:
            del body["refresh_token"]
        if "openid" in issued.grant.scopes:
            key = OctKey.import_key(self.grants.apps[issued.grant.client_id].ljust(32, "."))
            claims = {"iss": ISSUER, "sub": issued.grant.user_id, "aud": issued.grant.client_id}
            body["id_token"] = jwt.encode({"alg": "HS256"}, claims, key)
        return body

    async def revoke(self, call: Call) -> Reply:
        grant = self.grants.owner(call.form.get("token", ""))
        if grant is None or not grant.alive:
            said = {"error": "invalid_token", "error_description": "Token expired or revoked"}
            return json_reply(said, 400)
        grant.alive = False
        return json_reply({})

    # -- data -------------------------------------------------------------------------------------------------------

    async def aggregate(self, call: Call) -> Reply:
        """Every local day has its bucket, and every type that was named its data set, in that order."""
        account = self.person(call, f"{SCOPE}activity.read")
        asked = call.json if isinstance(call.json, dict) else {}
        start, end = (_moment(asked.get(f"{side}TimeMillis"), 1000) for side in ("start", "end"))
        if not timedelta() < end - start <= SPAN:
            raise Trouble("invalid_request", "the range is empty or too long")
        names = [str(row.get("dataTypeName")).removeprefix(PREFIX) for row in asked.get("aggregateBy", [])]
        if not names or not set(names) <= set(SUMS):
            raise Trouble("invalid_request", "aggregateBy is missing or names an unknown type")
        rows = [one for one in account.seen(self.now()) if one.source == DAY]
        days = _days(start, end, _zone(asked))
        return json_reply({"bucket": [_bucket(rows, names, *day) for day in days]})

    def _streams(self, call: Call) -> tuple[Account, list[Stream]]:
        """Those of the types that the person opened."""
        account = self.person(call)
        grant = self.grants.bearer(call.bearer, self.now())
        opened = set(grant.scopes) if grant else set()
        streams = streams_of(account.seen(self.now()))
        return account, [one for one in streams if f"{SCOPE}{one.scope}.read" in opened]

    async def sources(self, call: Call) -> Reply:
        _, streams = self._streams(call)
        return json_reply({
            "dataSource": [
                {"dataStreamId": one.id, "type": one.sort, "dataType": {"name": f"{PREFIX}{one.type}"}}
                for one in streams
            ]
        })  # fmt: skip

    async def points(self, call: Call, stream_id: str, start_ns: str, end_ns: str) -> Reply:
        """Newest first. Where there is none, the list is not written."""
        account, streams = self._streams(call)
        stream = next((one for one in streams if one.id == stream_id), None)
        if stream is None:
            raise Trouble("not_found", "no such stream")
        start, end = (_moment(text, 10**9) for text in (start_ns, end_ns))
        rows = [
            row
            for record in reversed(account.seen(self.now()))
            if stream.holds(record) and start <= record.at < end
            for row in point(stream, record)
        ]
        head = {"dataSourceId": stream.id, "minStartTimeNs": start_ns, "maxEndTimeNs": end_ns}
        limit = call.query.get("limit", "")
        return _paged("point", rows, head, call, int(limit) if limit.isdecimal() else PAGE)

    async def sessions(self, call: Call) -> Reply:
        """Those that lie in a time; `activityType` chooses."""
        account = self.person(call, f"{SCOPE}sleep.read")
        try:
            start, end = (datetime.fromisoformat(call.query[f"{side}Time"]) for side in ("start", "end"))
        except (KeyError, ValueError):
            raise Trouble("invalid_request", "startTime and endTime are needed") from None
        rows = [
            session(one)
            for one in account.seen(self.now())
            if one.source == "sleep" and start <= one.at and (one.end or one.at) <= end
        ]
        wanted = call.query.get("activityType", str(SESSION)) == str(SESSION)
        return _paged("session", rows if wanted else [], {"session": [], "deletedSession": []}, call, PAGE)


def _moment(said: Any, per_second: int) -> datetime:
    """int64 is text in this API, and a number is taken as well. Whole microseconds are enough here."""
    try:
        return datetime.fromtimestamp(0, UTC) + timedelta(microseconds=int(said) * 10**6 // per_second)
    except (TypeError, ValueError, OverflowError):
        raise Trouble("invalid_request", "unreadable time") from None


def _zone(asked: Mapping[str, Any]) -> ZoneInfo:
    try:
        period = asked["bucketByTime"]["period"]
        if (period["type"], period["value"]) != ("day", 1):
            raise Trouble("invalid_request", "only days are summed up here")
        return ZoneInfo(period["timeZoneId"])
    except (KeyError, TypeError, ValueError):
        raise Trouble("invalid_request", "bucketByTime.period is unreadable") from None


def _days(start: datetime, end: datetime, zone: ZoneInfo) -> list[tuple[datetime, datetime]]:
    """From midnight to midnight, 23 or 25 hours where clocks change."""
    found = []
    while start < end:
        following = midnight(start.astimezone(zone).date() + timedelta(days=1), zone)
        found.append((start, min(following, end)))
        start = following
    return found


def _bucket(rows: list[Record], names: list[str], start: datetime, end: datetime) -> dict[str, Any]:
    inside = [one for one in rows if start <= one.at < end]
    return {
        "type": "time",
        "startTimeMillis": str(int(start.timestamp() * 1000)),
        "endTimeMillis": str(int(end.timestamp() * 1000)),
        "dataset": [
            {
                "dataSourceId": SUMS[name].id,
                "point": [row for record in inside for row in point(SUMS[name], record)],
            }
            for name in names
        ],
    }


def _paged(name: str, rows: list[Any], head: Mapping[str, Any], call: Call, size: int) -> Reply:
    token = call.query.get("pageToken", "")
    start = int(token[1:]) if token[1:].isdecimal() else 0
    body = dict(head)
    if page := rows[start : start + size]:
        body[name] = page
    if start + size < len(rows):
        body["nextPageToken"] = f"p{start + size}"
    return json_reply(body)
