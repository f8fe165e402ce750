"""Google Health's cloud: points by filter, newest first; sums of days; proto3 as JSON; events with a secret and a Tink
signature, whose key is this process' own and served where Google serves theirs."""

import base64
import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

from simulator.vendors.cloud import Account, Cloud, Hook, Route, Trouble
from simulator.vendors.google_points import SUMS, TYPES, WEBHOOKS, point, rollup
from simulator.vendors.grants import Issued, Rules
from simulator.vendors.ledger import Limit
from simulator.vendors.notices import Notice
from simulator.vendors.records import DAILY, DAY, RECOVERY_DAY, Habits, Record
from simulator.vendors.wire import Call, Reply, json_reply

PREFIX: Final = "https://www.googleapis.com/auth/googlehealth."
METRICS: Final = f"{PREFIX}health_metrics_and_measurements.readonly"
ACTIVITY: Final = f"{PREFIX}activity_and_fitness.readonly"
SCOPE_OF: Final[Mapping[str, str]] = {
    "sleep": f"{PREFIX}sleep.readonly",
    "electrocardiogram": f"{PREFIX}ecg.readonly",
    **dict.fromkeys(SUMS, ACTIVITY),
}
"""The other types are of METRICS."""
PAGE: Final = 1440
PAGE_MAX: Final = 10_000
PAGE_OF: Final = {"sleep": 25}
WINDOW_DAYS: Final = {"total-calories": 14}
CLAUSE: Final = re.compile(r'([a-z_.]+) (>=|<) "([^"]+)"')
KEY_ID: Final = 1_794_000_001
STATUSES: Final[Mapping[str, tuple[str, str]]] = {
    "invalid_token": ("UNAUTHENTICATED", "ACCESS_TOKEN_INVALID"),
    "forbidden": ("PERMISSION_DENIED", "ACCESS_TOKEN_SCOPE_INSUFFICIENT"),
    "rate_limited": ("RESOURCE_EXHAUSTED", "RATE_LIMIT_EXCEEDED"),
    "invalid_request": ("INVALID_ARGUMENT", "INVALID_DATA_POINT_FILTER"),
    "not_found": ("NOT_FOUND", "INVALID_PARENT_DATA_TYPE_COLLECTION"),
    "conflict": ("ALREADY_EXISTS", "ALREADY_EXISTS"),
    "internal": ("INTERNAL", "INTERNAL"),
    "unavailable": ("UNAVAILABLE", "UNAVAILABLE"),
}


class GoogleHealth(Cloud):
    name = "google_health"
    title = "Google Health"
    hosts = ("accounts.google.com", "oauth2.googleapis.com", "health.googleapis.com", "www.gstatic.com")
    routes = (
        Route("GET", "/o/oauth2/v2/auth", "authorize", counted=False),
        Route("POST", "/o/oauth2/v2/auth", "authorize", counted=False),
        Route("POST", "/token", "token"),
        Route("POST", "/revoke", "revoke"),
        Route("GET", "/v4/users/me/identity", "identity"),
        Route("GET", "/v4/users/me/dataTypes/([a-z-]+)/dataPoints", "points"),
        Route("POST", "/v4/users/me/dataTypes/([a-z-]+)/dataPoints:dailyRollUp", "sums"),
        Route("POST", "/v4/projects/[^/]+/subscribers", "subscriber"),
        Route("GET", "/googlehealthapi/webhooks/webhooks_public_keyset.json", "keyset", counted=False),
    )
    rules = Rules(access_s=3600, rotation="static")
    scopes = {
        ACTIVITY: "Activity and fitness",
        METRICS: "Health metrics and measurements",
        f"{PREFIX}sleep.readonly": "Sleep",
        f"{PREFIX}ecg.readonly": "Electrocardiograms",
        f"{PREFIX}irn.readonly": "Irregular rhythm notifications",
        f"{PREFIX}profile.readonly": "Profile",
        f"{PREFIX}settings.readonly": "Settings",
    }
    limits = (Limit(requests=300, per_s=60, scope="account"), Limit(requests=120_000, per_s=60))
    habits = Habits(
        sources=("scale", "wrist", "oximeter", DAY, RECOVERY_DAY, "sleep", "ecg"),
        quirks={"duplicate": 0.03, "unknown": 0.03, "null": 0.02},
        quirky=frozenset({"scale", "oximeter"}),
        thin={"wrist": 6},
    )
    fields = {
        "scale": {"weight_kg": 3, "body_fat_pct": 1},
        "wrist": {"heart_rate_bpm": 0},
        "oximeter": {"spo2_pct": 1},
        DAY: {"steps": 0, "distance_m": 3, "floors": 0, "active_energy_kcal": 1, "total_energy_kcal": 1},
        RECOVERY_DAY: {"resting_heart_rate_bpm": 0, "hrv_rmssd_ms": 1},
        "sleep": {
            "sleep.start": 0, "sleep.end": 0, "sleep.in_bed_min": 0, "sleep.asleep_min": 0, "sleep.awake_min": 0,
            "sleep.light_min": 0, "sleep.deep_min": 0, "sleep.rem_min": 0, "sleep.is_main": 0,
        },
        "ecg": {"ecg.classification": 0, "ecg.avg_hr_bpm": 0, "ecg.duration_s": 0, "ecg.sampling_hz": 0},
    }  # fmt: skip
    retries = (1, 10, 60, 600, 3600, 21_600, 86_400, 172_800, 259_200)

    def __init__(self, public_url: str) -> None:
        super().__init__(public_url)
        seed = int.from_bytes(hashlib.sha256(b"the simulated signing key").digest(), "big") >> 8
        self._key = ec.derive_private_key(seed, ec.SECP256R1())

    def user_id(self, seed: int) -> str:
        return str(7_712_000_000 + seed)

    def trim(self, source: str, readings: Mapping[str, Any]) -> dict[str, Any]:
        """Its ECG tells slow and fast hearts as inconclusive."""
        kept = super().trim(source, readings)
        if source == "ecg":
            found = {"bradycardia": "inconclusive_low_hr", "tachycardia": "inconclusive_high_hr"}
            kept["ecg"]["classification"] = found.get(
                kept["ecg"]["classification"], kept["ecg"]["classification"]
            )
        return kept

    def trouble(self, trouble: Trouble) -> Reply:
        status, reason = STATUSES[trouble.sort]
        info = {
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            "reason": reason,
            "domain": "health.googleapis.com",
        }
        error = {"code": trouble.status, "message": trouble.text, "status": status, "details": [info]}
        return json_reply({"error": error}, trouble.status, trouble.headers)

    def limit_headers(self, taken: Any) -> dict[str, str]:
        return {}

    # -- sign-in ----------------------------------------------------------------------------------------------------

    def token_body(self, issued: Issued) -> dict[str, Any]:
        """The refresh token comes once, with the first consent."""
        body = super().token_body(issued)
        return (
            body if issued.first else {name: text for name, text in body.items() if name != "refresh_token"}
        )

    async def revoke(self, call: Call) -> Reply:
        grant = self.grants.owner(call.form.get("token", ""))
        if grant is None or not grant.alive:
            return json_reply(
                {"error": "invalid_token", "error_description": "Token expired or revoked"}, 400
            )
        grant.alive = False
        return json_reply({})

    async def identity(self, call: Call) -> Reply:
        account = self.person(call)
        return json_reply(
            {
                "name": "users/me/identity",
                "healthUserId": account.user_id,
                "legacyUserId": f"F{account.seed:05}",
            }
        )

    # -- data -------------------------------------------------------------------------------------------------------

    async def points(self, call: Call, name: str) -> Reply:
        if name not in TYPES:
            raise Trouble("not_found", f"{name} is no data type of points")
        account = self.person(call, SCOPE_OF.get(name, METRICS))
        inside = _filtered(name, call.query.get("filter", ""))
        kind = TYPES[name]
        found = [
            one
            for one in account.seen(self.now())
            if one.source == kind.source
            and inside(one)
            and (one.quirk == "null" or kind.field in one.readings)
        ]
        rows = [row for record in reversed(found) for row in point(name, record)]
        return _paged("dataPoints", rows, call.query, PAGE_OF.get(name, PAGE))

    async def sums(self, call: Call, name: str) -> Reply:
        if name not in SUMS:
            raise Trouble("not_found", f"{name} has no daily sums")
        account = self.person(call, SCOPE_OF[name])
        asked = call.json if isinstance(call.json, dict) else {}
        start, end = (_date(asked, side) for side in ("start", "end"))
        if not timedelta() < end - start <= timedelta(days=WINDOW_DAYS.get(name, 90)):
            raise Trouble("invalid_request", "the range is empty or too long")
        found = [
            one for one in account.seen(self.now()) if one.source == DAY and start <= one.local.date() < end
        ]
        page = {"pageToken": str(asked.get("pageToken", "")), "pageSize": str(asked.get("pageSize", ""))}
        return _paged("rollupDataPoints", [rollup(name, one) for one in found], page, PAGE)

    # -- notifications ----------------------------------------------------------------------------------------------

    async def subscriber(self, call: Call) -> Reply:
        """Made by the project's own account. The address must confirm our secret and refuse its absence."""
        if not call.bearer:
            raise Trouble("invalid_token", "a service account is needed")
        wanted = call.json if isinstance(call.json, dict) else {}
        url = str(wanted.get("endpointUri", ""))
        secret = str((wanted.get("endpointAuthorization") or {}).get("secret", ""))
        body, kind = b'{"type":"verification"}', {"content-type": "application/json"}
        with_it, _ = await self.sender.ask("POST", url, body=body, headers={**kind, "authorization": secret})
        without, _ = await self.sender.ask("POST", url, body=body, headers=kind)
        if with_it not in (200, 201) or without not in (401, 403):
            raise Trouble("invalid_request", "the endpoint did not pass the verification")
        self.hooks.append(Hook(url=url, secret=secret))
        return json_reply({"name": call.path, "endpointUri": url, "state": "ACTIVE"})

    async def keyset(self, call: Call) -> Reply:
        """As Tink writes it: an EcdsaPublicKey message in base64."""
        numbers = self._key.public_key().public_numbers()
        x, y = (number.to_bytes(33, "big") for number in (numbers.x, numbers.y))
        params = b"\x12\x06\x08\x03\x10\x02\x18\x02"
        value = params + b"\x1a" + bytes([len(x)]) + x + b"\x22" + bytes([len(y)]) + y
        key = {
            "keyData": {
                "typeUrl": "type.googleapis.com/google.crypto.tink.EcdsaPublicKey",
                "value": base64.b64encode(value).decode(),
                "keyMaterialType": "ASYMMETRIC_PUBLIC",
            },
            "status": "ENABLED",
            "keyId": KEY_ID,
            "outputPrefixType": "TINK",
        }
        return json_reply({"primaryKeyId": KEY_ID, "key": [key]})

    def announce(self, account: Account, changed: Iterable[Record], *, deleted: bool = False) -> None:
        for record in changed:
            for name in WEBHOOKS.get(record.source, ()):
                body = msgspec.json.encode({"data": _event(account, record, name, deleted)})
                for hook in self.hooks_for(account.user_id, ""):
                    self.sender.send(Notice(url=hook.url, body=body, secret=hook.secret))

    def sign(self, notice: Notice, bad: bool) -> Mapping[str, str]:
        signed = notice.body + b" " if bad else notice.body
        der = self._key.sign(signed, ec.ECDSA(SHA256()))
        raw = b"\x01" + KEY_ID.to_bytes(4, "big") + der
        secret = f"{notice.secret}!" if bad else notice.secret
        return {"authorization": secret, "x-healthapi-signature": base64.b64encode(raw).decode()}


def _event(account: Account, record: Record, name: str, deleted: bool) -> dict[str, Any]:
    end = record.end or record.at + timedelta(seconds=1)
    zone = ZoneInfo(record.zone)
    times = {"startTime": record.at, "endTime": end}
    return {
        "version": "1",
        "clientProvidedSubscriptionName": "dc-main",
        "healthUserId": account.user_id,
        "operation": "DELETE" if deleted else "UPSERT",
        "dataType": name,
        "intervals": [
            {
                "physicalTimeInterval": {
                    side: at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") for side, at in times.items()
                },
                "civilIso8601TimeInterval": {
                    side: at.astimezone(zone).strftime("%Y-%m-%dT%H:%M:%S") for side, at in times.items()
                },
            }
        ],
    }


def _filtered(name: str, text: str) -> Callable[[Record], bool]:
    """A predicate from an AIP-160 text; every clause names the type's own time."""
    kind = TYPES[name]
    member = f"{name.replace('-', '_')}.{kind.time}"
    clauses = [CLAUSE.fullmatch(part) for part in text.split(" AND ")] if text else []
    bounds = []
    for clause in clauses:
        if clause is None or clause[1] != member or (name == "electrocardiogram" and clause[2] == "<"):
            raise Trouble("invalid_request", f"the filter of {name} is {member}")
        bounds.append((clause[2], clause[3]))

    def inside(record: Record) -> bool:
        at = record.end if kind.time.endswith("end_time") and record.end else record.at
        try:
            for sign, said in bounds:
                left: Any = record.local.date() if record.source in DAILY else at
                right: Any = (
                    date.fromisoformat(said) if record.source in DAILY else datetime.fromisoformat(said)
                )
                if not (left >= right if sign == ">=" else left < right):
                    return False
        except (ValueError, TypeError):
            raise Trouble("invalid_request", "unreadable time") from None
        return True

    return inside


def _date(asked: Mapping[str, Any], side: str) -> date:
    try:
        day = asked["range"][side]["date"]
        return date(day["year"], day["month"], day["day"])
    except (KeyError, TypeError, ValueError):
        raise Trouble("invalid_request", "range.start.date and range.end.date are needed") from None


def _paged(name: str, rows: list[dict[str, Any]], asked: Mapping[str, str], usual: int) -> Reply:
    """An empty list is not written, nor is an empty token."""
    size = min(int(asked["pageSize"]), PAGE_MAX) if asked.get("pageSize", "").isdecimal() else usual
    token = asked.get("pageToken", "")
    start = int(token[1:]) if token[1:].isdecimal() else 0
    body: dict[str, Any] = {}
    if page := rows[start : start + size]:
        body[name] = page
    if start + size < len(rows):
        body["nextPageToken"] = f"p{start + size}"
    return json_reply(body)
