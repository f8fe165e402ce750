"""Directs the clouds: accounts, new readings, corrections, everything that goes wrong, and the books. JSON below
`/clouds/control/<vendor>/…`; README.md has the list."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from inspect import isawaitable
from typing import Annotated, Any, Final, Literal

import msgspec

from simulator.physiology.parameters import Scenario
from simulator.vendors.cloud import HISTORY_DAYS, ZONE, Account, Cloud, Hook, Trouble
from simulator.vendors.faults import Fault
from simulator.vendors.notices import Disorder
from simulator.vendors.records import LATE_S, Record
from simulator.vendors.wire import Call, Reply, json_reply


class NewAccount(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    seed: Annotated[int, msgspec.Meta(ge=0, lt=2**40)]
    zone: str = ZONE
    days: Annotated[int, msgspec.Meta(ge=0, le=365)] = HISTORY_DAYS
    until: datetime | None = None


class NewReadings(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """`at`: when the last was measured, now by default; `late`: it arrives now and is a day and a half old."""

    kind: str = ""
    source: str = ""
    count: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 1
    every_s: Annotated[int, msgspec.Meta(ge=1)] = 60
    at: datetime | None = None
    late: bool = False
    manual: bool = False
    scenario: Scenario = "normal"
    notify: bool = True


class Change(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """`correct`: the values of another moment take its place. `delete`: the person removed it at the vendor."""

    action: Literal["correct", "delete"]
    notify: bool = True


class TokenChange(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    action: Literal["expire", "revoke", "rotate"]


class ZoneChange(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    zone: str


class ClockChange(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    shift_s: float


class Pace(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    factor: Annotated[float, msgspec.Meta(gt=0, le=1)]


class Application(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What a vendor's portal would ask: the credentials, and for some the address of notifications."""

    client_id: str = ""
    client_secret: str = ""
    webhook_url: str = ""
    webhook_secret: str = ""


def _accounts(cloud: Cloud, _: Call) -> Any:
    return [
        {
            "user_id": one.user_id,
            "seed": one.seed,
            "zone": one.zone,
            "records": len(one.records),
            "grants": len(cloud.grants.of(one.user_id)),
        }
        for one in cloud.accounts.values()
    ]


async def _create(cloud: Cloud, call: Call) -> Any:
    wanted = msgspec.json.decode(call.body, type=NewAccount)
    account = await cloud.create(wanted.seed, zone=wanted.zone, days=wanted.days, until=wanted.until)
    return {"user_id": account.user_id, "seed": account.seed, "records": len(account.records)}


def _readings(cloud: Cloud, call: Call, user_id: str) -> Any:
    """What a mapping must give: everything that the cloud has by now. `since`, `until`, `deleted=yes`."""
    account = _account(cloud, user_id)
    since, until = (_moment(call.query.get(name)) for name in ("since", "until"))
    now = cloud.now()
    found = [
        one.told()
        for one in sorted(account.records.values(), key=lambda one: (one.at, one.id))
        if one.readings
        and one.created <= now
        and (not one.deleted or call.query.get("deleted") == "yes")
        and (since is None or one.at >= since)
        and (until is None or one.at < until)
    ]
    return {"readings": found}


def _add(cloud: Cloud, call: Call, user_id: str) -> Any:
    account, wanted = _account(cloud, user_id), msgspec.json.decode(call.body, type=NewReadings)
    source = wanted.source or cloud.source_of(wanted.kind)
    if source not in cloud.habits.sources:
        raise Trouble("invalid_request", f"no account here has a {source}")
    last = wanted.at or cloud.now() - (timedelta(seconds=LATE_S) if wanted.late else timedelta())
    new: list[Record] = []
    for index in reversed(range(wanted.count)):
        at = last - timedelta(seconds=wanted.every_s * index)
        new += cloud.add(account, source, at, wanted.scenario)
    for record in new:
        record.manual = wanted.manual
    if wanted.notify:
        cloud.announce(account, new)
    return {"readings": [record.told() for record in new]}


def _change(cloud: Cloud, call: Call, user_id: str, record_id: str) -> Any:
    account, wanted = _account(cloud, user_id), msgspec.json.decode(call.body, type=Change)
    record = account.records.get(int(record_id))
    if record is None:
        raise Trouble("not_found", "no such record")
    record.modified = cloud.now().replace(microsecond=0)
    if wanted.action == "delete":
        record.deleted = True
    else:
        cloud.correct(account, record)
    if wanted.notify:
        cloud.announce(account, [record], deleted=record.deleted)
    return record.told()


def _tokens(cloud: Cloud, call: Call, user_id: str) -> Any:
    account, wanted = _account(cloud, user_id), msgspec.json.decode(call.body, type=TokenChange)
    does = {"expire": cloud.grants.expire, "revoke": cloud.grants.revoke, "rotate": cloud.grants.rotate}
    changed = does[wanted.action](account.user_id)
    if wanted.action == "revoke":
        cloud.announce_end(account)
    return {"changed": changed}


def _zone(cloud: Cloud, call: Call, user_id: str) -> Any:
    account = _account(cloud, user_id)
    account.zone = msgspec.json.decode(call.body, type=ZoneChange).zone
    return {"zone": account.zone}


def _fault(cloud: Cloud, call: Call) -> Any:
    cloud.faults.waiting.append(msgspec.json.decode(call.body, type=Fault))
    return {"waiting": len(cloud.faults.waiting)}


def _no_faults(cloud: Cloud, _: Call) -> Any:
    cloud.faults.waiting.clear()
    cloud.sender.disorder.clear()
    return {"waiting": 0}


def _disorder(cloud: Cloud, call: Call) -> Any:
    cloud.sender.disorder.append(msgspec.json.decode(call.body, type=Disorder))
    return {"waiting": len(cloud.sender.disorder)}


def _pace(cloud: Cloud, call: Call) -> Any:
    cloud.sender.pace = msgspec.json.decode(call.body, type=Pace).factor
    return {"factor": cloud.sender.pace}


def _clock(cloud: Cloud, call: Call) -> Any:
    cloud.shift = timedelta(seconds=msgspec.json.decode(call.body, type=ClockChange).shift_s)
    return {"now": cloud.now()}


def _application(cloud: Cloud, call: Call) -> Any:
    wanted = msgspec.json.decode(call.body, type=Application)
    if wanted.client_id:
        cloud.grants.apps[wanted.client_id] = wanted.client_secret
    if wanted.webhook_url:
        cloud.hooks.append(Hook(url=wanted.webhook_url, secret=wanted.webhook_secret))
    return {"applications": len(cloud.grants.apps), "webhooks": len(cloud.hooks)}


def _statistics(cloud: Cloud, _: Call) -> Any:
    refused = {
        f"{budget.limit.requests}/{budget.limit.per_s}s": dict(budget.refused) for budget in cloud.budgets
    }
    reuses = cloud.grants.reuses
    return {**cloud.ledger.told(), "refused": refused, "refresh_reused": len(reuses), "reuses": reuses}


Act = Callable[..., Any]
_USER: Final = r"/accounts/([^/]+)"
ACTS: Final[tuple[tuple[str, re.Pattern[str], Act], ...]] = tuple(
    (method, re.compile(path), act)
    for method, path, act in (
        ("GET", r"/accounts", _accounts),
        ("POST", r"/accounts", _create),
        ("GET", rf"{_USER}/readings", _readings),
        ("POST", rf"{_USER}/readings", _add),
        ("POST", rf"{_USER}/records/(\d+)", _change),
        ("POST", rf"{_USER}/tokens", _tokens),
        ("POST", rf"{_USER}/zone", _zone),
        ("POST", r"/faults", _fault),
        ("DELETE", r"/faults", _no_faults),
        ("POST", r"/notices", _disorder),
        ("POST", r"/pace", _pace),
        ("POST", r"/clock", _clock),
        ("POST", r"/application", _application),
        ("GET", r"/statistics", _statistics),
    )
)


async def answer(clouds: Mapping[str, Cloud], call: Call) -> Reply:
    vendor, _, rest = call.path.lstrip("/").partition("/")
    if not vendor:
        return json_reply({name: {"hosts": cloud.hosts} for name, cloud in clouds.items()})
    cloud = clouds.get(vendor)
    if cloud is None:
        return json_reply({"error": "no such vendor"}, 404)
    for method, pattern, act in ACTS:
        match = pattern.fullmatch(f"/{rest}")
        if match is None or method != call.method:
            continue
        try:
            done = act(cloud, call, *match.groups())
            return json_reply(await done if isawaitable(done) else done)
        except Trouble as trouble:
            return json_reply({"error": trouble.text}, trouble.status)
        except (msgspec.DecodeError, ValueError, KeyError) as error:
            return json_reply({"error": str(error)}, 400)
    return json_reply({"error": "no such control"}, 404)


def _account(cloud: Cloud, user_id: str) -> Account:
    found = cloud.accounts.get(user_id)
    if found is None:
        raise Trouble("not_found", "no such account")
    return found


def _moment(text: str | None) -> datetime | None:
    return None if text is None else msgspec.convert(text, datetime)
