"""Vendors' accounts under everything that goes wrong: at the clouds, on the lines, and in two replicas of which one dies
every few seconds. At the end what is here is what the vendors have."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Any, Final

import asyncpg
import httpx2

from tests.faults.breaking import BACK_S, pause
from tests.faults.clouds import VENDORS, ZONE, Account, Control, Value, people, stored
from tests.faults.evidence import Nats, hours_text, hours_wrong
from tests.faults.stage import Scenario, Stage
from tests.load.world import RAISED
from tests.support.replica import Replica, environ_beside
from tests.support.waiting import until

SETTINGS: Final = {
    "DC_SYNC_LEASE_S": "4",
    "DC_LIMIT_SYNC_PER_MIN": "100000",
    "DC_LIMIT_WEBHOOKS_PER_MIN": "1000000",
}
"""A dead replica's accounts are taken soon: the run is short."""
IMPORTED_S: Final = 1200.0
QUIET_S: Final = 180.0
AT_ONCE: Final = 3
"""So many people sign in at one vendor at the same time."""
PACE: Final = 0.02
"""Vendors try to deliver again after a fiftieth of their waits."""
SHIFT_S: Final = 20.0
IN_FLIGHT_S: Final = 2.0
"""A refresh is over after this: one that was spent and not kept was in the hands of a process that died within it."""
ELSEWHERE: Final = ("America/New_York", "Asia/Tokyo", "Europe/London")


Difference = tuple[str, Value]
"""What is wrong with a value here, and the value."""


@dataclass(frozen=True)
class Size:
    patients: int
    chaos_s: float
    pause_s: float
    """Between two events of the schedule."""
    kill_s: tuple[float, float]
    withdrawn: int
    """Accounts of each vendor whose person withdraws, and whose refresh token is changed unheard: one of both."""


LONG: Final = Size(patients=40, chaos_s=120.0, pause_s=0.15, kill_s=(3.0, 6.0), withdrawn=4)
SHORT: Final = Size(patients=4, chaos_s=12.0, pause_s=0.1, kill_s=(3.0, 5.0), withdrawn=1)


@dataclass
class Run:
    """Everything that one run holds in hand."""

    stage: Stage
    size: Size
    http: httpx2.AsyncClient
    accounts: list[Account] = field(default_factory=list)
    controls: dict[str, Control] = field(default_factory=dict)
    kills: list[datetime] = field(default_factory=list)
    done: Counter[str] = field(default_factory=Counter)
    replica: Replica | None = None

    def pick(self, *, of: Any = None) -> Account:
        able = [one for one in self.accounts if not one.is_withdrawn and (of is None or of(one))]
        return self.stage.rng.choice(able)


async def work(stage: Stage) -> None:
    size = SHORT if stage.short else LONG
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(httpx2.AsyncClient(timeout=30, trust_env=False))
        run = Run(stage, size, http)
        await stack.enter_async_context(_second_replica(run))
        dead_before = await _dead_letters(stage)
        began = monotonic()
        await _everybody_signs_in(run)
        stage.note(f"{len(run.accounts)} accounts signed in after {monotonic() - began:.0f} s")
        killer = asyncio.create_task(_kill_in_turn(run), name="killer")
        try:
            await _chaos(run)
        finally:
            killer.cancel()
            await asyncio.gather(killer, return_exceptions=True)
        await _calm(run)
        await _imported(run)
        stage.note(f"everything imported after {monotonic() - began:.0f} s")
        await _judge_withdrawn(run)
        await _last_look(run)
        await _judge(run, dead_before)


# -- the stage ------------------------------------------------------------------------------------------------------------


@asynccontextmanager
async def _second_replica(run: Run) -> AsyncIterator[None]:
    """The same service on another port, with the same settings."""
    try:
        await _start_replica(run)
        yield
    finally:
        if run.replica is not None:
            run.replica.kill()


async def _start_replica(run: Run) -> None:
    system = run.stage.world.system
    given = {**RAISED, **SETTINGS}
    environ = environ_beside(system, "sync", given)
    log = system.home / f"log/sync-2-{len(run.kills)}.log"
    run.replica = Replica(environ, log, "sync")
    await run.replica.ready()


async def _everybody_signs_in(run: Run) -> None:
    world = run.stage.world
    told = world.system.endpoints
    for vendor in VENDORS:
        control = run.controls[vendor.name] = Control(run.http, told["idp"], vendor.name)
        await control.post("/pace", factor=PACE)
        if vendor.name == "google_health":  # its subscriber is made by hand, in the vendor's portal
            secret = world.system.home / "secrets/vendors/google_health/webhook_secret"
            url = f"{told['gateway']}/webhooks/vendor/google_health"
            await control.post("/application", webhook_url=url, webhook_secret=secret.read_text().strip())
    patients = await people(world, run.size.patients)
    for number, person in enumerate(patients):
        for vendor in VENDORS:
            control = run.controls[vendor.name]
            made = await control.post("/accounts", seed=1000 + number, zone=ZONE, days=vendor.days)
            run.accounts.append(Account(person, vendor, control, made["user_id"]))
    slots = {vendor.name: asyncio.Semaphore(AT_ONCE) for vendor in VENDORS}

    async def sign_in(account: Account) -> None:
        async with slots[account.vendor.name]:
            await account.sign_in(run.http)

    await asyncio.gather(*(sign_in(account) for account in run.accounts))


async def _kill_in_turn(run: Run) -> None:
    """kill -9 of one of the two, never of both at once; the supervisor starts one again, and this the other."""
    breaker = run.stage.breaker
    turn = 0
    while True:
        await pause(run.stage.rng.uniform(*run.size.kill_s))
        await breaker.ready("sync")
        if turn % 2 == 0:
            run.kills.append(datetime.now(UTC))
            await breaker.kill("sync")
        elif run.replica is not None:
            run.kills.append(datetime.now(UTC))
            run.replica.kill()
            breaker.kills += 1
            await _start_replica(run)
        turn += 1


# -- what goes wrong ------------------------------------------------------------------------------------------------------


async def _new(run: Run) -> None:
    account, rng = run.pick(), run.stage.rng
    await account.control.post(
        f"/accounts/{account.user_id}/readings",
        source=rng.choice(account.vendor.sources),
        count=rng.randint(1, 3),
        every_s=300,
        late=rng.random() < 0.2,
    )


async def _change(run: Run, action: str) -> None:
    def can(one: Account) -> bool:
        return bool(one.vendor.corrects if action == "correct" else one.vendor.deletes)

    account = run.pick(of=can)
    sources = account.vendor.corrects if action == "correct" else account.vendor.deletes
    records = await account.records(sources)
    if records:
        record = run.stage.rng.choice(records)
        account.touched.add(record)
        await account.control.post(f"/accounts/{account.user_id}/records/{record}", action=action)


async def _correct(run: Run) -> None:
    await _change(run, "correct")


async def _delete(run: Run) -> None:
    await _change(run, "delete")


async def _expire(run: Run) -> None:
    account = run.pick()
    await account.control.post(f"/accounts/{account.user_id}/tokens", action="expire")
    await account.ask_for_everything()


async def _fault(run: Run) -> None:
    """One call of one account fails, in any way but those that would take a token that is good once along."""
    account, rng = run.pick(), run.stage.rng
    way = rng.choice(WAYS)
    if way == "rate_limited" and account.vendor.limits_all:
        way = "status" if run.stage.short or run.done["limit of all"] else way
        run.done["limit of all"] += way == "rate_limited"
    more: dict[str, Any] = {"wait_s": rng.uniform(0.5, 3.0)}
    if way == "rate_limited":
        more["headers"] = {"retry-after": str(rng.randint(1, 3))}
    if way == "status":
        more["status"] = rng.choice((500, 502, 503, 504))
    endpoint = rng.choice(account.vendor.data)
    await account.control.post("/faults", way=way, endpoint=endpoint, user_id=account.user_id, **more)


async def _disorder(run: Run) -> None:
    account = run.pick(of=lambda one: one.vendor.disorders)
    mode = run.stage.rng.choice(account.vendor.disorders)
    await account.control.post("/notices", mode=mode, count=1, wait_s=run.stage.rng.uniform(0.2, 2.0))


async def _travel(run: Run) -> None:
    account = run.pick(of=lambda one: one.vendor.name != "oura")  # a night's day would be another one
    await account.control.post(f"/accounts/{account.user_id}/zone", zone=run.stage.rng.choice(ELSEWHERE))


async def _clock(run: Run) -> None:
    control = run.controls[run.stage.rng.choice(VENDORS).name]
    await control.post("/clock", shift_s=run.stage.rng.uniform(-SHIFT_S, SHIFT_S))


WAYS: Final = ("rate_limited", "status", "timeout", "half_open", "slow", "invalid_token")
EVENTS: Final = (
    (_new, 30),
    (_correct, 14),
    (_delete, 8),
    (_expire, 10),
    (_fault, 14),
    (_disorder, 14),
    (_travel, 4),
    (_clock, 2),
)


async def _chaos(run: Run) -> None:
    rng, size = run.stage.rng, run.size
    ends = monotonic() + size.chaos_s
    withdrawals = [vendor for vendor in VENDORS for _ in range(size.withdrawn)]
    rng.shuffle(withdrawals)
    every_s = size.chaos_s / 2 / max(1, len(withdrawals))
    due = monotonic() + every_s
    while monotonic() < ends:
        if withdrawals and monotonic() >= due:
            due += every_s
            await _withdraw(run, withdrawals.pop().name)
        (event,) = rng.choices([event for event, _ in EVENTS], [weight for _, weight in EVENTS])
        await event(run)
        run.done[event.__name__.strip("_")] += 1
        await pause(size.pause_s)


async def _withdraw(run: Run, vendor: str) -> None:
    """The person withdrew at the vendor; or what is stored is dead, and nobody was told."""
    account = run.pick(of=lambda one: one.vendor.name == vendor)
    account.is_withdrawn = True
    how = run.stage.rng.choice(("revoke", "rotate"))
    path = f"/accounts/{account.user_id}/tokens"
    await account.control.post(path, action=how)
    if how == "rotate":
        await account.control.post(path, action="expire")
    run.done[how] += 1


# -- quiet, and what is compared ------------------------------------------------------------------------------------------


async def _calm(run: Run) -> None:
    """Nothing breaks from here on. What was held back for being out of order goes with one more notification."""
    for vendor in VENDORS:
        control = run.controls[vendor.name]
        await control.call("DELETE", "/faults")
        await control.post("/clock", shift_s=0)
        for _ in range(2 if vendor.disorders else 0):
            account = run.pick(of=lambda one, name=vendor.name: one.vendor.name == name)
            await control.post(f"/accounts/{account.user_id}/readings", source=vendor.sources[0])
    await run.stage.breaker.ready("sync")
    if run.replica is not None:
        await run.replica.ready()


async def _select(run: Run, sql: str, *arguments: Any) -> list[Any]:
    conn = await asyncpg.connect(run.stage.world.system.endpoints["postgres"])
    try:
        return list(await conn.fetch(sql, *arguments))
    finally:
        await conn.close()


UNFINISHED: Final = """
SELECT a.vendor, a.state, a.failures, coalesce(a.last_fault, '') AS fault, a.lease_until > now() AS leased,
       a.next_due_at - now() AS due, count(j.id) AS jobs
FROM sync.vendor_accounts a
LEFT JOIN sync.sync_jobs j ON j.account_id = a.id AND j.finished_at IS NULL
WHERE a.state = 'active'
GROUP BY a.id
HAVING count(j.id) > 0 OR a.failures > 0 OR coalesce(a.lease_until > now(), false) OR a.next_due_at <= now()
"""


async def _imported(run: Run, within_s: float = IMPORTED_S) -> None:
    """Every account that can be asked has been: no job is open, nobody fails, nobody is looked at."""
    left: list[Any] = []

    async def is_quiet() -> bool:
        nonlocal left
        left = await _select(run, UNFINISHED)
        await asyncio.sleep(0.2)
        return not left

    try:
        await until(is_quiet, within_s)
    except TimeoutError:
        told = "; ".join(str(dict(row)) for row in left[:5])
        run.stage.expect(False, f"{len(left)} accounts are stuck after {within_s:.0f} s: {told}")


async def _judge_withdrawn(run: Run) -> None:
    """Exactly those whose grant has ended need their person, beside those that a kill cost a token that is good once."""
    withdrawn = {one.label for one in run.accounts if one.is_withdrawn}
    for account in run.accounts:
        if account.is_withdrawn:
            await account.ask_for_everything()

    async def need() -> set[str]:
        return {one.label for one in run.accounts if await _state(one) == "needs_reauth"}

    found: set[str] = set()

    async def all_known() -> bool:
        nonlocal found
        found = await need()
        return withdrawn <= found

    try:
        await until(all_known, QUIET_S)
    except TimeoutError:
        run.stage.expect(False, f"still taken for connected: {sorted(withdrawn - found)}")
    by_kill, unproven = await _lost_by_kills(run)
    others = found - withdrawn
    run.stage.expect(others <= by_kill, f"must sign in again for no reason: {sorted(others - by_kill)}")
    run.stage.expect(not unproven, f"a refresh token was spent twice, and nobody died: {unproven}")
    run.stage.note(
        f"{len(withdrawn)} withdrawn ({run.done['revoke']} by the person, {run.done['rotate']} unheard), all found;"
        f" {len(others)} more must sign in again because a kill came between the vendor's answer and the commit"
    )
    for account in run.accounts:
        if account.label in found:
            await account.sign_in(run.http)
    run.stage.expect(not await need(), "signing in again did not bring everybody back")


async def _state(account: Account) -> str:
    told: dict[str, Any] = await until(account.integration, 20)
    return str(told["state"])


async def _lost_by_kills(run: Run) -> tuple[set[str], list[str]]:
    """Whose token was spent a second time because the process that had spent it first died; and those without a death."""
    lost, unproven = set(), []
    for vendor in VENDORS:
        for reuse in (await run.controls[vendor.name].get("/statistics"))["reuses"]:
            label = f"{vendor.name}/{reuse['user_id']}"
            spent = datetime.fromisoformat(reuse["spent_at"])
            deaths = (
                kill for kill in run.kills if timedelta() <= kill - spent <= timedelta(seconds=IN_FLIGHT_S)
            )
            if any(deaths):
                lost.add(label)
            else:
                unproven.append(f"{label} at {reuse['spent_at']}")
    return lost, unproven


async def _last_look(run: Run) -> None:
    """What was not announced, or whose announcement was lost, is fetched when somebody asks."""
    early = await _differences(run)
    for account in run.accounts:
        await until(account.ask_for_everything, BACK_S)
    await _imported(run, QUIET_S)
    run.stage.note(f"{sum(map(len, early.values()))} values were only brought by the last look")


async def _differences(run: Run) -> dict[str, set[Difference]]:
    """Account → what is missing here or too much, with the vendor's books read before and after ours."""
    found: dict[str, set[Difference]] = {}
    conn = await asyncpg.connect(run.stage.world.system.endpoints["postgres"])
    try:
        for account in run.accounts:
            before = await account.truth()
            here, twice = await stored(conn, account)
            after = await account.truth()
            wrong = {("missing", value) for value in (before & after) - here}
            wrong |= {("too much", value) for value in here - (before | after)}
            if wrong or twice:
                found[account.label] = wrong
    finally:
        await conn.close()
    return found


async def _judge(run: Run, dead_before: int) -> None:
    wrong: dict[str, set[Difference]] = {}

    async def is_equal() -> bool:
        nonlocal wrong
        wrong = await _differences(run)
        for (
            account
        ) in run.accounts:  # what came to the vendor since the last look, a day and a half late, is asked for
            if any(how == "missing" for how, _ in wrong.get(account.label, ())):
                await account.ask_for_everything()
        return not wrong

    try:
        await until(is_equal, QUIET_S / 3)
    except TimeoutError:
        for label, some in sorted(wrong.items())[:10]:
            run.stage.expect(False, f"{label}: {len(some)} values differ, such as {sorted(some)[:2]}")
        run.stage.expect(False, f"{len(wrong)} of {len(run.accounts)} accounts differ from their vendors")
    stage = run.stage
    over = {}
    requests = 0
    for vendor in VENDORS:
        statistics = await run.controls[vendor.name].get("/statistics")
        requests += statistics["requests"]
        if statistics["over_limit"]:
            over[vendor.name] = statistics["over_limit"]
    stage.expect(not over, f"limits were exceeded: {over}")
    dead = await _dead_letters(stage) - dead_before
    stage.expect(dead == 0, f"{dead} dead letters")
    ended = await _select(run, "SELECT vendor, state FROM sync.vendor_accounts WHERE state <> 'active'")
    stage.expect(not ended, f"{len(ended)} accounts are not active at the end")
    conn = await asyncpg.connect(stage.world.system.endpoints["postgres"])
    try:
        hours = await hours_wrong(conn, {account.connection_id for account in run.accounts})
        rows = await conn.fetchval(
            "SELECT count(*) FROM normalizer.device_data WHERE device_connection_id = ANY($1::uuid[])",
            [account.connection_id for account in run.accounts],
        )
    finally:
        await conn.close()
    stage.expect(not hours, hours_text(hours))
    stage.note(f"{rows} readings of {len(run.accounts)} accounts compared; {requests} requests to vendors")
    stage.note(", ".join(f"{name} {count}" for name, count in sorted(run.done.items())))


async def _dead_letters(stage: Stage) -> int:
    async with Nats(stage.world.system) as js:
        count: int = (await js.stream_info("DLQ")).state.messages
    return count


SCENARIOS: Final = (
    Scenario(
        "vendors",
        work,
        delay_s=15.0,
        short=True,
        ground=lambda home: nullcontext(),
        settings=SETTINGS,
        rate=20.0,
    ),
)
