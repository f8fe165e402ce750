"""People with accounts at simulated vendors, for the chaos run: how they sign in, what their vendors hold, what is here."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

import asyncpg
import httpx2
import msgspec

from proto.metrics import KIND_OF
from tests.e2e.driver import Json, Person, World, rfc3339
from tests.faults.stage import Stage
from tests.support.replica import Replica
from tests.support.waiting import until

ZONE: Final = "Europe/Berlin"
SIGN_INS: Final = 12
"""So often a person tries to sign in at a vendor while processes die under them."""
BUSY: Final = (502, 503, 504)

Value = tuple[str, str, str]
"""A time, the name of a value, and the value: all that must be the same here and there."""


@dataclass(frozen=True)
class Vendor:
    """What the run asks of a vendor, and what may happen to its records so that it tells of it."""

    name: str
    kinds: tuple[str, ...]
    sources: tuple[str, ...]
    """What people measure while the run lasts."""
    days: int = 14
    corrects: tuple[str, ...] = ()
    deletes: tuple[str, ...] = ()
    data: tuple[str, ...] = ()
    """Parts of the paths of its data: lines break here. A token that is good once must not be lost on one."""
    disorders: tuple[str, ...] = ("lost", "duplicate", "late", "reordered", "bad_signature")
    """What happens to its notifications."""
    limits_all: bool = False
    """Told to wait, nobody may ask it for a minute: that happens once in a run, and not in a short one."""
    revokes: str = ""
    """Part of the path at which it takes back a grant, if it does."""


VENDORS: Final = (
    Vendor(
        "withings",
        kinds=("blood_pressure", "weight"),
        sources=("cuff", "scale"),
        corrects=("cuff", "scale"),
        data=("/measure", "/v2/oauth2"),  # the old pair goes on until the new one is used
        limits_all=True,
        revokes="/v2/oauth2",
    ),
    Vendor(
        "dexcom",
        kinds=("glucose",),
        sources=("cgm", "meter"),
        days=2,
        corrects=("meter",),
        deletes=("meter",),
        data=("/egvs", "/events"),
        disorders=(),  # it announces nothing
    ),
    Vendor(
        "google_health",
        kinds=("weight",),
        sources=("scale",),
        corrects=("scale",),
        deletes=("scale",),
        data=("/dataTypes", "/token"),
        disorders=("duplicate", "late", "reordered"),  # a deletion is said once, as below
        revokes="/revoke",
    ),
    Vendor(
        "omron",
        kinds=("blood_pressure", "weight"),
        sources=("cuff", "scale"),
        corrects=("cuff", "scale"),
        data=("/measurement",),
    ),
    Vendor(
        "oura",
        kinds=("activity", "spo2", "sleep"),
        sources=("sleep",),
        corrects=("day", "spo2_day", "sleep"),
        deletes=("day", "spo2_day", "sleep"),
        data=("/usercollection",),
        disorders=("duplicate", "late", "reordered"),  # a deletion is said once, and cannot be asked for
        revokes="/oauth/revoke",
    ),
)


class Control:
    """Directs one cloud."""

    def __init__(self, http: httpx2.AsyncClient, idp: str, vendor: str) -> None:
        self._http = http
        self._root = f"{idp}/clouds/control/{vendor}"

    async def call(self, method: str, path: str, body: Any = None, **query: str) -> Any:
        answer = await self._http.request(method, self._root + path, json=body, params=query or None)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text[:300]}"
        return answer.json()

    async def get(self, path: str, **query: str) -> Any:
        return await self.call("GET", path, **query)

    async def post(self, path: str, **body: Any) -> Any:
        return await self.call("POST", path, body)


@dataclass
class Account:
    """One person's account at one vendor."""

    person: Person
    vendor: Vendor
    control: Control
    user_id: str
    connection_id: str = ""
    touched: set[str] = field(default_factory=set)
    """Records that were corrected or deleted: a vendor's clock has seconds, so each is changed once."""
    is_withdrawn: bool = False

    @property
    def label(self) -> str:
        return f"{self.vendor.name}/{self.user_id}"

    async def integration(self) -> Json | None:
        """The page's words about it; None while nobody answers."""
        try:
            answer = await self.person.call("GET", "/api/v1/integrations")
        except httpx2.HTTPError:
            return None
        if not answer.is_success:
            return None
        items = msgspec.json.decode(answer.content)["items"]
        return next(one for one in items if one["vendor"] == self.vendor.name)

    async def sign_in(self, http: httpx2.AsyncClient) -> None:
        """As a person does it, and as often as it needs until the page says that it is connected."""
        consent = await self.person.consent(self.vendor.kinds)
        for _ in range(SIGN_INS):
            try:
                if await self._try(http, consent):
                    self.is_withdrawn = False
                    break
            except (httpx2.HTTPError, KeyError):
                pass
            await asyncio.sleep(0.5)
        else:
            raise AssertionError(f"{self.label} could not sign in")

        async def connection() -> str:
            told = await self.integration()
            found = told["device_connection_ids"] if told else []
            return str(found[0]) if found else ""

        self.connection_id = await until(connection, 40)

    async def _try(self, http: httpx2.AsyncClient, consent: Json) -> bool:
        asked = await self.person.call(
            "POST",
            f"/api/v1/integrations/{self.vendor.name}/authorize",
            {"data_kinds": consent["data_kinds"], "consent_version": consent["version"]},
        )
        if asked.status_code in BUSY:
            return False
        assert asked.status_code == 200, asked.text
        parts = urlsplit(msgspec.json.decode(asked.content)["authorize_url"])
        there = await http.get(
            f"{parts.scheme}://{parts.netloc}{parts.path}",
            params={**dict(parse_qsl(parts.query)), "decide": "approve", "user": self.user_id},
        )
        back = await self.person.call("GET", there.headers["location"])
        return "result=connected" in back.headers.get("location", "")

    async def leave(self) -> bool:
        try:
            answer = await self.person.call("DELETE", f"/api/v1/integrations/{self.vendor.name}")
        except httpx2.HTTPError:
            return False
        return answer.status_code == 204

    async def grants(self) -> int:
        """How many the vendor has of this person."""
        return int(
            next(
                one["grants"] for one in await self.control.get("/accounts") if one["user_id"] == self.user_id
            )
        )

    async def ask_for_everything(self) -> str:
        """`POST device/sync` over all that the run may have touched; the job's id, empty when nobody took it."""
        since = rfc3339(datetime.now(UTC) - timedelta(days=self.vendor.days + 2))
        try:
            answer = await self.person.call(
                "POST", "/api/v1/device/sync", {"device_connection_id": self.connection_id, "since": since}
            )
        except httpx2.HTTPError:
            return ""
        return str(msgspec.json.decode(answer.content)["job_id"]) if answer.status_code == 202 else ""

    async def truth(self) -> set[Value]:
        """What the vendor has by now, of the kinds that the person agreed to."""
        told = (await self.control.get(f"/accounts/{self.user_id}/readings"))["readings"]
        return {
            value
            for row in told
            for value in values(datetime.fromisoformat(row["timestamp"]), row["readings"], self.vendor.kinds)
        }

    async def records(self, sources: Iterable[str]) -> list[str]:
        """Ids of records of these sources that nobody changed yet."""
        wanted = frozenset(sources)
        told = (await self.control.get(f"/accounts/{self.user_id}/readings"))["readings"]
        return [row["id"] for row in told if row["source"] in wanted and row["id"] not in self.touched]


def values(at: datetime, readings: Mapping[str, Any], kinds: Iterable[str]) -> Iterator[Value]:
    allowed = frozenset(kinds)
    when = at.astimezone(UTC).isoformat()
    for name, value in readings.items():
        if KIND_OF[name] in allowed:
            yield when, name, msgspec.json.encode(_plain(value), order="sorted").decode()


def _plain(value: Any) -> Any:
    """Numbers alike, however they were written."""
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    return float(value)


async def stored(conn: "asyncpg.Connection[Any]", account: Account) -> tuple[set[Value], int]:
    """What is here of an account, and how many of its records are here more than once."""
    rows = await conn.fetch(
        "SELECT ts, readings, meta->>'vendor_record_id' AS record FROM normalizer.device_data"
        " WHERE device_connection_id = $1::uuid",
        account.connection_id,
    )
    found: set[Value] = set()
    for row in rows:
        found.update(values(row["ts"], msgspec.json.decode(row["readings"]), account.vendor.kinds))
    records = Counter(row["record"] for row in rows)
    return found, sum(count - 1 for count in records.values())


async def people(world: World, count: int) -> list[Person]:
    """Patients nobody has seen before, in the zone in which their vendors count days."""
    found = []
    for _ in range(count):
        person = await world.newcomer()
        await person.do("PATCH", "/api/v1/me", {"timezone": ZONE})
        found.append(person)
    return found


@dataclass(frozen=True)
class Size:
    patients: int
    chaos_s: float
    pause_s: float
    """Between two events of the schedule."""
    kill_s: tuple[float, float]
    withdrawn: int
    """Accounts of each vendor whose person withdraws, and whose refresh token is changed unheard: one of both."""
    left: int
    """Accounts of each vendor that takes a goodbye whose person disconnects here."""


@dataclass
class Run:
    """Everything that one run holds in hand."""

    stage: Stage
    size: Size
    http: httpx2.AsyncClient
    accounts: list[Account] = field(default_factory=list)
    left: list[Account] = field(default_factory=list)
    controls: dict[str, Control] = field(default_factory=dict)
    kills: list[datetime] = field(default_factory=list)
    done: Counter[str] = field(default_factory=Counter)
    replica: Replica | None = None

    def pick(self, *, of: Any = None) -> Account:
        able = [one for one in self.accounts if not one.is_withdrawn and (of is None or of(one))]
        return self.stage.rng.choice(able)
