"""What all clouds have: accounts, sign-in, budgets, faults, notifications, and a table of addresses. One file each says
what its vendor does otherwise, above all how a record is told and how trouble sounds."""

import asyncio
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, ClassVar, Final, Literal, NamedTuple

import msgspec

from chassis import clock
from simulator.physiology.body import Body, body_of
from simulator.physiology.devices import INSTRUMENTS
from simulator.physiology.parameters import Scenario
from simulator.physiology.samples import Sample
from simulator.vendors import consent, records
from simulator.vendors.faults import Faults, spoiled
from simulator.vendors.grants import Grants, Issued, Refusal, Rules
from simulator.vendors.ledger import Budget, Ledger, Limit, Taken
from simulator.vendors.notices import Notice, Sender
from simulator.vendors.records import DAILY, DAY, KINDS_OF_DAY, Habits, Record
from simulator.vendors.wire import Call, Reply, json_reply

HISTORY_DAYS: Final = 90
ZONE: Final = "Europe/Berlin"

Sort = Literal[
    "invalid_token", "forbidden", "rate_limited", "invalid_request", "not_found", "conflict", "internal",
    "unavailable",
]  # fmt: skip
STATUS: Final[Mapping[str, int]] = {
    "invalid_token": 401, "forbidden": 403, "rate_limited": 429, "invalid_request": 400, "not_found": 404,
    "conflict": 409, "internal": 500, "unavailable": 503,
}  # fmt: skip
SORT_OF: Final[Mapping[int, Sort]] = {
    401: "invalid_token", 403: "forbidden", 429: "rate_limited", 400: "invalid_request", 404: "not_found",
    409: "conflict", 503: "unavailable",
}  # fmt: skip


class Trouble(Exception):
    """A refusal of the cloud, before it is put into the vendor's words."""

    def __init__(
        self, sort: Sort, text: str = "", *, status: int = 0, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(sort)
        self.sort = sort
        self.text = text
        self.status = status or STATUS[sort]
        self.headers = dict(headers or {})


class Account(msgspec.Struct, kw_only=True):
    """A person at the vendor."""

    user_id: str
    seed: int
    zone: str
    name: str
    records: dict[int, Record] = {}

    def seen(self, now: datetime) -> list[Record]:
        """What the cloud has got by now, oldest first."""
        found = [one for one in self.records.values() if one.created <= now and not one.deleted]
        return sorted(found, key=lambda one: (one.at, one.id))


class Route(NamedTuple):
    """`handler`: the name of a method. `counted`: it costs of the budgets, and can be made to fail."""

    method: str
    path: str
    handler: str
    counted: bool = True


class Hook(msgspec.Struct, kw_only=True):
    """Where notifications go. `topic`: what about; empty = everything; `user_id`: whose; empty = everybody's."""

    url: str
    topic: str = ""
    user_id: str = ""
    secret: str = ""
    id: str = ""
    expires: datetime | None = None


class Cloud:
    """`public_url`: the platform, where browsers may be sent back to."""

    name: ClassVar[str]
    title: ClassVar[str]
    hosts: ClassVar[tuple[str, ...]]
    routes: ClassVar[tuple[Route, ...]]
    rules: ClassVar[Rules]
    scopes: ClassVar[Mapping[str, str]]
    """Scope → what the page says that it opens."""
    scope_separator: ClassVar[str] = " "
    limits: ClassVar[tuple[Limit, ...]] = ()
    habits: ClassVar[Habits]
    fields: ClassVar[Mapping[str, Mapping[str, int]]]
    """Source → what the vendor tells of it, with decimals. A dotted name is a part of a group."""
    retries: ClassVar[tuple[float, ...]] = ()
    """The waits between attempts to deliver a notification."""
    deadline_s: ClassVar[float] = 5.0
    """How long a notification may take to be answered."""
    portal: ClassVar[Mapping[str, str]] = {}
    """The credentials that its portal hands out in a form of its own; the others may be any secret."""
    fixed_address: ClassVar[bool] = False
    """Notifications are asked for, and yet go to the one address that its portal was told."""

    def __init__(self, public_url: str) -> None:
        self.public_url = public_url
        self.shift = timedelta()
        self.accounts: dict[str, Account] = {}
        self.grants = Grants(self.name, self.rules)
        self.faults = Faults()
        self.ledger = Ledger()
        self.budgets = [Budget(limit) for limit in self.limits]
        self.sender = Sender(self.sign, self.retries, self.ledger, self.deadline_s)
        self.hooks: list[Hook] = []
        self._seed = 0
        self._table = [(route, re.compile(route.path)) for route in self.routes]

    def now(self) -> datetime:
        return clock.now() + self.shift

    # -- answering --------------------------------------------------------------------------------------------------

    async def answer(self, call: Call) -> Reply:
        for route, pattern in self._table:
            match = pattern.fullmatch(call.path)
            if match is not None and route.method == call.method:
                reply = await self._judged(route, match, call)
                self.ledger.answered(route.handler, reply.status)
                return reply
        return self.trouble(Trouble("not_found", "no such resource"))

    async def _judged(self, route: Route, match: re.Match[str], call: Call) -> Reply:
        if not route.counted:
            return await self._handled(route, match, call)
        client, user_id = self.asker(call)
        self.ledger.asked(client, self.now())
        fault = self.faults.take(call, user_id)
        if fault is not None and fault.way in ("rate_limited", "status", "invalid_token"):
            status = {"rate_limited": 429, "invalid_token": 401}.get(fault.way, fault.status)
            sort = SORT_OF.get(status, "internal" if status >= 500 else "invalid_request")
            return self.trouble(Trouble(sort, "injected", status=status, headers=fault.headers))
        taken = self._taken(client, user_id)
        if taken is not None:
            self.ledger.limited(client)
            return self.trouble(Trouble("rate_limited", "too many", headers=self.limit_headers(taken)))
        reply = await self._handled(route, match, call)
        return reply if fault is None else spoiled(reply, fault)

    async def _handled(self, route: Route, match: re.Match[str], call: Call) -> Reply:
        try:
            reply: Reply = await getattr(self, route.handler)(call, *match.groups())
        except Trouble as trouble:
            return self.trouble(trouble)
        except Refusal as refusal:
            return self.refusal(refusal)
        return reply

    def takes(self, call: Call) -> bool:
        """Whether a request to its host is meant for it: two services of one company may share a sign-in."""
        return True

    def token_of(self, call: Call) -> str:
        """The access token, wherever the vendor wants it."""
        return call.bearer

    def asker(self, call: Call) -> tuple[str, str]:
        """Which application asks, and about whom; the latter is empty where nothing says it."""
        owner = self.grants.owner(self.token_of(call))
        if owner is not None:
            return owner.client_id, owner.user_id
        return call.form.get("client_id", "") or "nobody", ""

    def _taken(self, client: str, user_id: str) -> Taken | None:
        """The first budget that is used up."""
        for budget in self.budgets:
            key = user_id if user_id and budget.limit.scope == "account" else client
            taken = budget.take(key, clock.now())  # `shift` is of what it tells, not of how it counts
            if not taken.ok:
                return taken
        return None

    def limit_headers(self, taken: Taken) -> dict[str, str]:
        return {"retry-after": str(taken.reset_s)}

    def trouble(self, trouble: Trouble) -> Reply:
        """In the vendor's words."""
        raise NotImplementedError

    def refusal(self, refusal: Refusal) -> Reply:
        """Of the token endpoint, RFC 6749 §5.2."""
        status = 401 if refusal.error == "invalid_client" else 400
        return json_reply({"error": refusal.error, "error_description": refusal.what}, status)

    # -- signing in -------------------------------------------------------------------------------------------------

    async def authorize(self, call: Call) -> Reply:
        return await consent.authorize(self, call, self.public_url)

    async def token(self, call: Call) -> Reply:
        return json_reply(self.token_body(self.issued(call.form)), headers={"cache-control": "no-store"})

    def issued(self, form: Mapping[str, str]) -> Issued:
        client_id = form.get("client_id", "")
        self.grants.know(client_id, form.get("client_secret", ""))
        kind = form.get("grant_type", "")
        if kind == "authorization_code":
            code, back = form.get("code", ""), form.get("redirect_uri", "")
            return self.grants.redeem(code, client_id, back, form.get("code_verifier", ""), self.now())
        if kind == "refresh_token":
            return self.grants.refresh(form.get("refresh_token", ""), client_id, self.now())
        raise Refusal("unsupported_grant_type", "unsupported grant_type")

    def token_body(self, issued: Issued) -> dict[str, Any]:
        return {
            "access_token": issued.access_token,
            "token_type": "Bearer",
            "expires_in": issued.expires_in,
            "refresh_token": issued.refresh_token,
            "scope": " ".join(issued.grant.scopes),
        }

    def person(self, call: Call, *scopes: str) -> Account:
        """Whose token it is; the grant must hold one of these scopes, if any are named."""
        grant = self.grants.bearer(self.token_of(call), self.now())
        if grant is None or grant.user_id not in self.accounts:
            raise Trouble("invalid_token", "the access token is invalid or has expired")
        if scopes and not set(scopes) & set(grant.scopes):
            raise Trouble("forbidden", "the scope is missing")
        return self.accounts[grant.user_id]

    # -- accounts ---------------------------------------------------------------------------------------------------

    def user_id(self, seed: int) -> str:
        """The vendor's name for the person of this seed."""
        raise NotImplementedError

    def next_seed(self) -> int:
        """Of somebody new; taken at once, so that two who sign in together are two."""
        known = max((account.seed for account in self.accounts.values()), default=0)
        self._seed = 1 + max(self._seed, known)
        return self._seed

    def made(
        self, seed: int, *, zone: str = ZONE, days: int = HISTORY_DAYS, until: datetime | None = None
    ) -> Account:
        """The account of a seed. `until`: where its history ends, now by default."""
        end = (until or self.now()).replace(microsecond=0)
        start = end - timedelta(days=days)
        history = records.history(self.name, seed, zone, start, end, self.habits, self.trim, self.measured)
        return Account(
            user_id=self.user_id(seed),
            seed=seed,
            zone=zone,
            name=f"Person {seed}",
            records={record.id: record for record in history},
        )

    async def create(self, seed: int, **more: Any) -> Account:
        """Made anew, beside the loop: three months of a sensor are some seconds of work."""
        account = await asyncio.to_thread(self.made, seed, **more)
        self.accounts[account.user_id] = account
        return account

    def measured(self, body: Body, source: str, start: datetime, until: datetime) -> Iterator[Sample]:
        return records.samples(body, source, start, until, self.habits.thin.get(source, 1))

    def add(self, account: Account, source: str, at: datetime, scenario: Scenario = "normal") -> list[Record]:
        """One more record, as if just measured; the day's sums and the last night are told again instead."""
        body = body_of(account.seed, account.zone)
        if source in DAILY:
            found = list(records.samples(body, source, at - timedelta(days=2), at))[-1:]
        else:
            found = [INSTRUMENTS[source].measure(body, at, scenario)]
        new = []
        for sample in found:
            record = records.record_of(
                self.name, account.seed, source, sample, account.zone, self.habits, self.trim, self.now()
            )
            account.records[record.id] = record
            new.append(record)
        return new

    def correct(self, account: Account, record: Record) -> None:
        """Other values under the same id. Of a night and a day only one number changes: the rest would not fit."""
        if record.source == DAY:
            record.readings = {**record.readings, "steps": record.readings["steps"] + 100}
        elif record.source in DAILY:
            name, value = next(iter(record.readings.items()))
            record.readings = {**record.readings, name: value - 1}
        elif "sleep" in record.readings:
            night = record.readings["sleep"]
            record.readings = {**record.readings, "sleep": {**night, "deep_min": night["deep_min"] + 1}}
        else:
            measure = INSTRUMENTS[record.source].measure
            body = body_of(account.seed, account.zone)
            sample = measure(body, record.at + timedelta(hours=7, minutes=13), "normal")
            record.readings = self.trim(record.source, sample.readings)

    def source_of(self, kind: str) -> str:
        """The first source of the vendor that measures a kind."""
        for source in self.habits.sources:
            if kind == KINDS_OF_DAY.get(source) or (
                source not in DAILY and kind in INSTRUMENTS[source].kinds
            ):
                return source
        raise Trouble("invalid_request", f"no account here measures {kind}")

    def trim(self, source: str, readings: Mapping[str, Any]) -> dict[str, Any]:
        """What is told of a source's readings, by the table of the vendor."""
        kept: dict[str, Any] = {}
        for name, places in self.fields[source].items():
            group, _, part = name.partition(".")
            if part:
                value = readings.get(group, {}).get(part)
                if value is not None:
                    kept.setdefault(group, {})[part] = _exact(value, places)
            elif readings.get(name) is not None:
                kept[name] = _exact(readings[name], places)
        return kept

    # -- notifications ----------------------------------------------------------------------------------------------

    def sign(self, notice: Notice, bad: bool) -> Mapping[str, str]:
        return {}

    def announce(self, account: Account, changed: Iterable[Record], *, deleted: bool = False) -> None:
        """Tells the addresses that asked for it. Nothing where a vendor sends nothing."""

    def announce_end(self, account: Account) -> None:
        """Tells that the person withdrew, where the vendor does."""

    def hooks_for(self, user_id: str, topic: str) -> list[Hook]:
        return [hook for hook in self.hooks if hook.user_id in ("", user_id) and hook.topic in ("", topic)]


def _exact(value: Any, places: int) -> Any:
    """Rounded to what the vendor tells; whole numbers are integers. Texts and truths stay."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    fixed = round(value, places)
    return int(fixed) if fixed == int(fixed) else fixed
