"""What the chaos run over vendors' accounts compares once it is quiet: what they have with what is here, and who is connected."""

import asyncio
from datetime import datetime, timedelta
from typing import Any, Final

import asyncpg

from tests.faults.breaking import BACK_S
from tests.faults.clouds import VENDORS, Account, Run, Value, stored
from tests.faults.evidence import Nats, hours_text, hours_wrong
from tests.faults.stage import Stage
from tests.support.waiting import until

IMPORTED_S: Final = 1200.0
QUIET_S: Final = 180.0
IN_FLIGHT_S: Final = 2.0
"""A refresh is over after this: one that was spent and not kept was in the hands of a process that died within it."""

Difference = tuple[str, Value]
"""What is wrong with a value here, and the value."""


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


async def imported(run: Run, within_s: float = IMPORTED_S) -> None:
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


async def judge_left(run: Run) -> None:
    """Who disconnected has no grant at the vendor any more, and we have no token of theirs."""
    left: list[str] = []

    async def is_told() -> bool:
        nonlocal left
        left = [one.label for one in run.left if await one.grants()]
        kept = await _select(
            run,
            "SELECT FROM sync.vendor_accounts WHERE state = 'revoked' AND oauth_tokens_encrypted IS NOT NULL",
        )
        left += ["a token that is kept"] * len(kept)
        return not left

    try:
        await until(is_told, QUIET_S)
    except TimeoutError:
        run.stage.expect(False, f"disconnected here, and not at the vendor after {QUIET_S:.0f} s: {left}")
    run.stage.note(f"{len(run.left)} disconnected here, and are at their vendors too")


async def judge_withdrawn(run: Run) -> None:
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


async def last_look(run: Run) -> None:
    """What was not announced, or whose announcement was lost, is fetched when somebody asks."""
    early = await _differences(run)
    for account in run.accounts:
        await until(account.ask_for_everything, BACK_S)
    await imported(run, QUIET_S)
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


async def judge(run: Run, dead_before: int) -> None:
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
    dead = await dead_letters(stage) - dead_before
    stage.expect(dead == 0, f"{dead} dead letters")
    states = await _select(run, "SELECT state, count(*) FROM sync.vendor_accounts GROUP BY state")
    wanted = {"active": len(run.accounts), "revoked": len(run.left)}
    stage.expect(dict(states) == wanted, f"accounts at the end: {dict(states)}, not {wanted}")
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


async def dead_letters(stage: Stage) -> int:
    async with Nats(stage.world.system) as js:
        count: int = (await js.stream_info("DLQ")).state.messages
    return count
