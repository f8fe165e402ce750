"""Withings over real sockets: what its client brings from the cloud is what the cloud holds, whatever goes wrong."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from chassis import clock
from proto.vendors.client import VendorFault
from tests.support.clouds import DAY, UNTIL, World, found, inbox_of, true, world_of


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with world_of("withings", tmp_path) as made:
        yield made


async def test_the_client_brings_exactly_what_the_cloud_holds(world: World) -> None:
    user = await world.create()
    tokens = await world.sign_in(user)
    since = UNTIL - 60 * DAY

    pages = await world.look(tokens, since, UNTIL)

    answers = world.normalized(pages)
    expected = true(await world.truth(user, since, UNTIL))
    inside = {one for one in found(answers) if since.isoformat() <= one < UNTIL.isoformat()}
    assert inside == expected
    assert len(expected) > 300
    assert not [fault for answer in answers for fault in answer.errors]
    assert {name for answer in answers for name in answer.unmapped} == {"9999"}
    assert tokens.user_id == user
    assert len(pages) > len({page.endpoint for page in pages}) == 4


async def test_an_incremental_look_brings_late_uploads_and_corrections(world: World) -> None:
    user = await world.create()
    tokens = await world.sign_in(user)
    cursor = (await world.look(tokens, UNTIL - DAY, UNTIL))[-1].cursor
    assert cursor is not None

    late = await world.add(user, kind="weight", late=True)
    old = (await world.truth(user, UNTIL - 20 * DAY, UNTIL - 10 * DAY))[0]
    changed = await world.control(f"/accounts/{user}/records/{old['id']}", {"action": "correct"})
    pages = await world.look(tokens, clock.now() - DAY / 24, clock.now(), cursor=cursor)

    assert true([*late, changed]) <= found(world.normalized(pages))
    assert len(found(world.normalized(pages))) < 20


async def test_a_notification_says_where_to_look(world: World) -> None:
    user = await world.create()
    tokens = await world.sign_in(user)
    async with inbox_of(world.client, []) as (inbox, url):
        send = world.sending(tokens)
        for topic in world.client.topics(frozenset({"blood_pressure"})):
            await world.client.subscribe(send, topic, url, "")
        assert {one.topic for one in await world.client.subscriptions(send)} == {"4", "46"}

        inbox.answers = [500]
        await world.control("/pace", {"factor": 0.001})
        new = await world.add(user, kind="blood_pressure")
        await inbox.until(1)
        reply, body, kind = inbox.kept[0]
        (hint,) = world.client.notifications(body, kind)
        assert (hint.user_id, hint.endpoint, reply.accept) == (user, "getmeas", True)
        assert hint.since is not None
        assert hint.until is not None
        pages = await world.look(tokens, hint.since, hint.until, kinds=["blood_pressure"])
        assert found(world.normalized(pages)) == true(new)

        await world.control(f"/accounts/{user}/tokens", {"action": "revoke"})
        await inbox.until(2)
        (end,) = world.client.notifications(inbox.kept[1][1], kind)
        assert (end.user_id, end.gone) == (user, True)
    counted = (await world.control("/statistics"))["notices"]
    assert (counted["5xx"], counted["2xx"]) == (1, 2)


async def test_duplicates_have_one_identity_and_lost_ones_never_come(world: World) -> None:
    user = await world.create()
    tokens = await world.sign_in(user)
    async with inbox_of(world.client, []) as (inbox, url):
        await world.client.subscribe(world.sending(tokens), "1", url, "")
        await world.control("/notices", {"mode": "duplicate"})
        await world.add(user, kind="weight")
        await inbox.until(2)
        assert len({reply.event_id for reply, _, _ in inbox.kept}) == 1

        await world.control("/notices", {"mode": "lost"})
        await world.add(user, kind="weight")
        await world.add(user, kind="weight")
        await inbox.until(3)
    assert (await world.control("/statistics"))["notices"]["dropped"] == 1


async def test_the_old_refresh_token_works_until_the_new_pair_is_used(world: World) -> None:
    user = await world.create(days=1)
    first = await world.sign_in(user)
    second = await world.refresh(first)
    third = await world.refresh(first)
    assert len({first.refresh_token, second.refresh_token, third.refresh_token}) == 3

    await world.look(third, UNTIL - DAY, UNTIL, kinds=["weight"])
    with pytest.raises(VendorFault) as lost:
        await world.refresh(first)
    assert lost.value.fault.fault_class == "grant_lost"
    assert (await world.control("/statistics"))["refresh_reused"] == 1


async def test_clocks_run_out(world: World) -> None:
    user = await world.create(days=1)
    tokens = await world.sign_in(user)
    await world.control("/clock", {"shift_s": 10_801})
    with pytest.raises(VendorFault) as ended:
        await world.look(tokens, UNTIL - DAY, UNTIL)
    assert ended.value.fault.fault_class == "auth"

    fresh = await world.refresh(tokens)
    assert await world.look(fresh, UNTIL - DAY, UNTIL)
    await world.control("/clock", {"shift_s": 10_801 + 366 * 86_400})
    with pytest.raises(VendorFault) as lost:
        await world.refresh(fresh)
    assert lost.value.fault.fault_class == "grant_lost"


async def test_the_signed_revocation_ends_the_grant(world: World) -> None:
    user = await world.create(days=1)
    tokens = await world.sign_in(user)
    await world.client.revoke(world.send, tokens)
    with pytest.raises(VendorFault) as ended:
        await world.look(tokens, UNTIL - DAY, UNTIL)
    assert ended.value.fault.fault_class == "auth"


async def test_what_was_not_allowed_is_refused(world: World) -> None:
    user = await world.create(days=1)
    tokens = await world.sign_in(user, scopes="user.info user.metrics")
    assert set(tokens.scopes) == {"user.info", "user.metrics"}
    assert await world.look(tokens, UNTIL - DAY, UNTIL, kinds=["weight"])
    with pytest.raises(VendorFault) as missing:
        await world.look(tokens, UNTIL - DAY, UNTIL, kinds=["sleep"])
    assert missing.value.fault.fault_class == "forbidden_scope"


FAULTS: list[tuple[dict[str, Any], str]] = [
    ({"way": "rate_limited"}, "rate_limited"),
    ({"way": "status", "status": 500}, "vendor_error"),
    ({"way": "status", "status": 503}, "retry_later"),
    ({"way": "invalid_token"}, "auth"),
]


@pytest.mark.parametrize(("injected", "expected"), FAULTS)
async def test_faults_are_told_apart(world: World, injected: dict[str, Any], expected: str) -> None:
    user = await world.create(days=1)
    tokens = await world.sign_in(user)
    await world.control("/faults", {**injected, "endpoint": "/measure"})
    with pytest.raises(VendorFault) as fault:
        await world.look(tokens, UNTIL - DAY, UNTIL)
    assert fault.value.fault.fault_class == expected
    assert await world.look(tokens, UNTIL - DAY, UNTIL)


async def test_the_121st_request_in_a_minute_is_one_too_many(world: World) -> None:
    user = await world.create(days=1)
    tokens = await world.sign_in(user)
    for _ in range(119):  # signing in was one
        await world.look(tokens, UNTIL - timedelta(hours=1), UNTIL, kinds=["weight"])
    with pytest.raises(VendorFault) as fault:
        await world.look(tokens, UNTIL - timedelta(hours=1), UNTIL, kinds=["weight"])
    assert (fault.value.fault.fault_class, fault.value.fault.code) == ("rate_limited", "601")
    assert (await world.control("/statistics"))["over_limit"] == {"dc-app": 1}
