"""Omron over real sockets: pages by local date, pings, American units, and a refresh token that is good once."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from chassis import clock
from proto.vendors.client import VendorFault
from tests.support.clouds import DAY, UNTIL, World, found, inbox_of, true, world_of


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with world_of("omron", tmp_path) as made:
        yield made


async def test_the_client_brings_exactly_what_the_cloud_holds(world: World) -> None:
    user = await world.create()
    tokens = await world.sign_in(user)
    since = UNTIL - 80 * DAY

    pages = await world.look(tokens, since, UNTIL)

    answers = world.normalized(pages)
    inside = {one for one in found(answers) if since.isoformat() <= one < UNTIL.isoformat()}
    assert inside == true(await world.truth(user, since, UNTIL))
    assert len(inside) > 250
    assert not [fault for answer in answers for fault in answer.errors]
    assert {name for answer in answers for name in answer.unmapped} <= {"temperature"}
    assert len(pages) == 3
    assert (await world.client.identify(world.send, tokens), tokens.user_id) == (user, user)


async def test_a_day_that_is_longer_than_a_page_is_read_to_its_end(world: World) -> None:
    user = await world.create(days=0)
    tokens = await world.sign_in(user)
    at = UNTIL + timedelta(hours=1)
    many = await world.add(user, kind="blood_pressure", count=450, every_s=7, at=at.isoformat(), notify=False)
    more = await world.add(user, kind="blood_pressure", at=(at + DAY).isoformat(), notify=False)

    pages = await world.look(tokens, UNTIL - DAY, UNTIL + 3 * DAY, kinds=["blood_pressure"])

    assert found(world.normalized(pages)) == true([*many, *more])
    assert len(pages) == 3


async def test_a_ping_says_whose_and_the_records_are_asked_for(world: World) -> None:
    user = await world.create(days=1)
    tokens = await world.sign_in(user)
    async with inbox_of(world.client, []) as (inbox, url):
        await world.control("/application", {"webhook_url": url})
        await world.control("/notices", {"mode": "duplicate"})
        new = await world.add(user, kind="weight")
        await inbox.until(2)
        assert len({reply.event_id for reply, _, _ in inbox.kept}) == 1
        (hint,) = world.client.notifications(inbox.kept[0][1], "application/json")
        assert hint.user_id == user
        assert hint.since is not None
        pages = await world.look(tokens, hint.since, clock.now() + DAY, kinds=["weight"])
        assert true(new) <= found(world.normalized(pages))


async def test_a_refresh_token_is_good_once_and_the_second_time_ends_the_grant(world: World) -> None:
    user = await world.create(days=1)
    first = await world.sign_in(user)
    second = await world.refresh(first)
    assert second.user_id is None
    with pytest.raises(VendorFault) as lost:
        await world.refresh(first)
    assert lost.value.fault.fault_class == "grant_lost"
    with pytest.raises(VendorFault) as ended:
        await world.look(second, UNTIL - DAY, UNTIL)
    assert ended.value.fault.fault_class == "auth"
    assert (await world.control("/statistics"))["refresh_reused"] == 1


async def test_what_was_not_allowed_is_refused(world: World) -> None:
    user = await world.create(days=1)
    tokens = await world.sign_in(user, scopes="bloodpressure openid")
    assert await world.look(tokens, UNTIL - DAY, UNTIL, kinds=["blood_pressure"])
    with pytest.raises(VendorFault) as missing:
        await world.look(tokens, UNTIL - DAY, UNTIL, kinds=["weight"])
    assert missing.value.fault.fault_class == "forbidden_scope"
