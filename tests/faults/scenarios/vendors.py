"""Vendors' accounts under everything that goes wrong: at the clouds, on the lines, and in two replicas of which one dies
every few seconds. At the end what is here is what the vendors have."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, nullcontext
from datetime import UTC, datetime
from time import monotonic
from typing import Any, Final

import httpx2

from tests.faults.breaking import BACK_S, pause
from tests.faults.clouds import VENDORS, ZONE, Account, Control, Run, Size, Vendor, people
from tests.faults.stage import Scenario, Stage
from tests.faults.vendor_books import dead_letters, imported, judge, judge_left, judge_withdrawn, last_look
from tests.load.world import RAISED
from tests.support.replica import Replica, environ_beside
from tests.support.waiting import until

SETTINGS: Final = {
    "DC_SYNC_LEASE_S": "4",
    "DC_LIMIT_SYNC_PER_MIN": "100000",
    "DC_LIMIT_WEBHOOKS_PER_MIN": "1000000",
}
"""A dead replica's accounts are taken soon: the run is short."""
AT_ONCE: Final = 3
"""So many people sign in at one vendor at the same time."""
PACE: Final = 0.02
"""Vendors try to deliver again after a fiftieth of their waits."""
SHIFT_S: Final = 20.0
ELSEWHERE: Final = ("America/New_York", "Asia/Tokyo", "Europe/London")


LONG: Final = Size(patients=40, chaos_s=120.0, pause_s=0.15, kill_s=(3.0, 6.0), withdrawn=4, left=3)
SHORT: Final = Size(patients=4, chaos_s=12.0, pause_s=0.1, kill_s=(3.0, 5.0), withdrawn=1, left=1)


async def work(stage: Stage) -> None:
    size = SHORT if stage.short else LONG
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(httpx2.AsyncClient(timeout=30, trust_env=False))
        run = Run(stage, size, http)
        await stack.enter_async_context(_second_replica(run))
        dead_before = await dead_letters(stage)
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
        await imported(run)
        stage.note(f"everything imported after {monotonic() - began:.0f} s")
        await judge_left(run)
        await judge_withdrawn(run)
        await last_look(run)
        await judge(run, dead_before)


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
    ending = [(_withdraw, vendor) for vendor in VENDORS for _ in range(size.withdrawn)]
    ending += [(_leave, vendor) for vendor in VENDORS if vendor.revokes for _ in range(size.left)]
    rng.shuffle(ending)
    every_s = size.chaos_s / 2 / len(ending)
    due = monotonic() + every_s
    while monotonic() < ends:
        if ending and monotonic() >= due:
            due += every_s
            end, vendor = ending.pop()
            await end(run, vendor)
        (event,) = rng.choices([event for event, _ in EVENTS], [weight for _, weight in EVENTS])
        await event(run)
        run.done[event.__name__.strip("_")] += 1
        await pause(size.pause_s)


async def _withdraw(run: Run, vendor: Vendor) -> None:
    """The person withdrew at the vendor; or what is stored is dead, and nobody was told."""
    account = run.pick(of=lambda one: one.vendor is vendor)
    account.is_withdrawn = True
    how = run.stage.rng.choice(("revoke", "rotate"))
    path = f"/accounts/{account.user_id}/tokens"
    await account.control.post(path, action=how)
    if how == "rotate":
        await account.control.post(path, action="expire")
    run.done[how] += 1


async def _leave(run: Run, vendor: Vendor) -> None:
    """The person disconnects here. The vendor fails at first, and whoever tells it may die over it."""
    account = run.pick(of=lambda one: one.vendor is vendor)
    await account.control.post("/faults", way="status", status=500, endpoint=vendor.revokes)
    await until(account.leave, BACK_S)
    run.accounts.remove(account)
    run.left.append(account)
    run.done["leave"] += 1


# -- quiet -----------------------------------------------------------------------------------------------------------------


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
