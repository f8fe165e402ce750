"""Polar's cloud: Basic authentication, tokens that never run out, nothing before a person is registered, 204 where there is
nothing, one webhook with a key that is shown once."""

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec

from simulator.vendors.cloud import Account, Cloud, Hook, Route, Trouble
from simulator.vendors.grants import Issued, Rules
from simulator.vendors.ledger import Limit, Taken
from simulator.vendors.notices import Notice
from simulator.vendors.records import DAY, RECOVERY_DAY, Habits, Record
from simulator.vendors.wire import Call, Reply, json_reply

LISTS: Final[Mapping[str, tuple[str, str]]] = {
    "sleep": ("sleep", "nights"),
    "nightly-recharge": (RECOVERY_DAY, "recharges"),
    "activities": (DAY, ""),
    "biosensing/spo2": ("oximeter", ""),
    "biosensing/ecg": ("", ""),
    "biosensing/bodytemperature": ("", ""),
    "biosensing/skintemperature": ("", ""),
}
"""Path → what it is made of, and the member that holds the list, if any."""
EVENTS: Final[Mapping[str, str]] = {"sleep": "SLEEP", DAY: "ACTIVITY_SUMMARY"}
NIGHT: Final[Mapping[str, str]] = {
    "light_min": "light_sleep", "deep_min": "deep_sleep", "rem_min": "rem_sleep",
    "awake_min": "total_interruption_duration",
}  # fmt: skip
TEN_YEARS_S: Final = 315_360_000


class Polar(Cloud):
    name = "polar"
    title = "Polar"
    hosts = ("flow.polar.com", "polarremote.com", "www.polaraccesslink.com")
    routes = (
        Route("GET", "/oauth2/authorization", "authorize", counted=False),
        Route("POST", "/oauth2/authorization", "authorize", counted=False),
        Route("POST", "/v2/oauth2/token", "token"),
        Route("POST", "/v3/users", "register"),
        Route("DELETE", "/v3/users/([0-9]+)", "leave"),
        Route("POST", "/v3/webhooks", "webhook"),
        Route("GET", "/v3/users/continuous-heart-rate/([0-9-]+)", "heart_rates"),
        Route("GET", "/v3/users/physical-info", "physical"),
        Route("GET", "/v3/users/([a-z0-9/-]+)", "listed"),
    )
    rules = Rules(access_s=TEN_YEARS_S)
    scopes = {"accesslink.read_all": "Everything that you upload from now on"}
    limits = (Limit(requests=520, per_s=900), Limit(requests=5100, per_s=86_400))
    habits = Habits(
        sources=("sleep", DAY, "oximeter", RECOVERY_DAY),
        quirks={"null": 0.05},
        quirky=frozenset({"oximeter"}),
    )
    fields = {
        "sleep": {
            "sleep.start": 0, "sleep.end": 0, "sleep.asleep_min": 0, "sleep.score": 0,
            **{f"sleep.{part}": 0 for part in NIGHT},
        },
        DAY: {"steps": 0, "distance_m": 1, "active_energy_kcal": 0, "total_energy_kcal": 0},
        "oximeter": {"spo2_pct": 0},
        RECOVERY_DAY: {"hrv_rmssd_ms": 0},
    }  # fmt: skip
    retries = (10, 60, 600, 3600, 21_600)

    def __init__(self, public_url: str) -> None:
        super().__init__(public_url)
        self._since: dict[str, datetime] = {}

    def user_id(self, seed: int) -> str:
        return str(9000 + seed)

    def trouble(self, trouble: Trouble) -> Reply:
        error = {
            "timestamp": self.now(),
            "status": trouble.status,
            "errorType": trouble.sort,
            "message": trouble.text,
        }
        return json_reply({"error": error}, trouble.status, trouble.headers)

    def limit_headers(self, taken: Taken) -> dict[str, str]:
        """Two windows in each header."""
        both = [budget.limit for budget in self.budgets]
        used = [limit.requests if limit is taken.limit else 0 for limit in both]
        return {
            "RateLimit-Usage": ", ".join(map(str, used)),
            "RateLimit-Limit": ", ".join(str(limit.requests) for limit in both),
            "RateLimit-Reset": ", ".join(str(taken.reset_s) for _ in both),
        }

    async def token(self, call: Call) -> Reply:
        client, secret = call.basic
        issued = self.issued({**call.form, "client_id": client, "client_secret": secret})
        return json_reply(self.token_body(issued))

    def token_body(self, issued: Issued) -> dict[str, Any]:
        return {
            "access_token": issued.access_token,
            "token_type": "bearer",
            "expires_in": issued.expires_in,
            "x_user_id": int(issued.grant.user_id),
        }

    async def register(self, call: Call) -> Reply:
        account = self.person(call)
        if account.user_id in self._since:
            raise Trouble("conflict", "the user is registered already")
        self._since[account.user_id] = self.now()
        return json_reply(
            {"polar-user-id": int(account.user_id), "member-id": (call.json or {}).get("member-id")}
        )

    async def leave(self, call: Call, user_id: str) -> Reply:
        if self.person(call).user_id != user_id:
            raise Trouble("forbidden", "another user")
        self.grants.revoke(user_id)
        self._since.pop(user_id, None)
        return Reply(status=204)

    # -- data -------------------------------------------------------------------------------------------------------

    def _uploaded(self, call: Call) -> list[Record]:
        """What came after the registration; nothing may be asked before it."""
        account = self.person(call)
        since = self._since.get(account.user_id)
        if since is None:
            raise Trouble("forbidden", "the user is not registered")
        return [one for one in account.seen(self.now()) if one.created >= since]

    async def listed(self, call: Call, path: str) -> Reply:
        if path not in LISTS:
            raise Trouble("not_found", "no such resource")
        source, member = LISTS[path]
        rows = [
            _told(one)
            for one in self._uploaded(call)
            if one.source == source
            and call.query.get("from", "") <= _day(one).isoformat() <= call.query.get("to", "9")
        ]
        if not rows:
            return Reply(status=204)
        return json_reply({member: rows} if member else rows)

    async def heart_rates(self, call: Call, day: str) -> Reply:
        self._uploaded(call)
        return Reply(status=204)

    async def physical(self, call: Call) -> Reply:
        """What was typed into the profile once."""
        self._uploaded(call)
        return json_reply({"weight": 70.0, "height": 172.0, "weight_source": "SOURCE_USER", "vo2_max": 45})

    # -- notifications ----------------------------------------------------------------------------------------------

    async def webhook(self, call: Call) -> Reply:
        """One for each application; tried with a PING; the key is in this answer and nowhere else."""
        client, secret = call.basic
        self.grants.know(client, secret)
        if self.hooks:
            raise Trouble("conflict", "there is a webhook")
        wanted = call.json if isinstance(call.json, dict) else {}
        url = str(wanted.get("url", ""))
        ping = msgspec.json.encode({"event": "PING", "timestamp": self.now()})
        status, _ = await self.sender.ask(
            "POST", url, body=ping, headers={"content-type": "application/json"}
        )
        if status != 200:
            raise Trouble("invalid_request", "the address did not answer a PING")
        key = hashlib.sha256(f"{client}{url}".encode()).hexdigest()
        self.hooks.append(Hook(url=url, secret=key, id=key[:8]))
        told = {"id": key[:8], "events": wanted.get("events"), "url": url, "signature_secret_key": key}
        return json_reply({"data": told}, 201)

    def announce(self, account: Account, changed: Iterable[Record], *, deleted: bool = False) -> None:
        for record in changed:
            event = EVENTS.get(record.source)
            if event is None or deleted or account.user_id not in self._since:
                continue
            day = _day(record).isoformat()
            path = "sleep" if event == "SLEEP" else "activities"
            body = {
                "event": event, "user_id": int(account.user_id), "date": day,
                "timestamp": self.now().strftime("%Y-%m-%dT%H:%M:%SZ"),
                "url": f"https://{self.hosts[2]}/v3/users/{path}/{day}",
            }  # fmt: skip
            for hook in self.hooks:
                self.sender.send(Notice(url=hook.url, body=msgspec.json.encode(body), secret=hook.secret))

    def sign(self, notice: Notice, bad: bool) -> Mapping[str, str]:
        key = f"{notice.secret}{'!' if bad else ''}".encode()
        return {"Polar-Webhook-Signature": hmac.new(key, notice.body, hashlib.sha256).hexdigest()}


def _day(record: Record) -> date:
    """A night belongs to the day on which it ends."""
    at = record.end if record.source == "sleep" and record.end else record.at
    return at.astimezone(ZoneInfo(record.zone)).date()


def _told(record: Record) -> dict[str, Any]:
    told = record.readings
    end = record.end or record.at
    if record.source == "oximeter":
        passed = "SPO2_TEST_PASSED" if told else "SPO2_TEST_INCONCLUSIVE_TOO_LOW_OVERALL_QUALITY"
        return {
            "source_device_id": "0000AAAA",
            "test_time": int(record.at.timestamp()),
            "time_zone_offset": int(record.offset.total_seconds() // 60),
            "test_status": passed,
            "blood_oxygen_percent": told.get("spo2_pct", 0),
        }
    if record.source == "sleep":
        night = told["sleep"]
        return {
            "date": _day(record).isoformat(),
            "sleep_start_time": record.local.isoformat(timespec="seconds"),
            "sleep_end_time": end.astimezone(ZoneInfo(record.zone)).isoformat(timespec="seconds"),
            **{name: night[part] * 60 for part, name in NIGHT.items()},
            "unrecognized_sleep_stage": 0,
            "sleep_score": night["score"],
        }
    if record.source == RECOVERY_DAY:
        return {"date": _day(record).isoformat(), "heart_rate_variability_avg": told["hrv_rmssd_ms"]}
    return {
        "start_time": record.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S"),
        "end_time": end.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S"),
        "steps": told["steps"],
        "calories": told["total_energy_kcal"],
        "active_calories": told["active_energy_kcal"],
        "distance_from_steps": told["distance_m"],
    }
