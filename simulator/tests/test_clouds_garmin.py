"""Garmin over real sockets: the past is asked for and pushed, posts mix people, a withdrawal is told."""

from collections.abc import AsyncIterator, Iterable
from importlib import import_module
from pathlib import Path

import pytest

from proto.vendors.client import VendorFault
from proto.vendors.normalized import Context, Normalized
from tests.support.clouds import DAY, UNTIL, ZONE, Inbox, World, found, inbox_of, true, world_of


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with world_of("garmin", tmp_path) as made:
        yield made


def pushed(inbox: Inbox, user_id: str) -> Iterable[Normalized]:
    normalize = import_module("vendors.garmin.mapping").normalize
    for _, body, kind in inbox.kept:
        for told in inbox.client.notifications(body, kind):
            if told.user_id == user_id and told.payload is not None:
                yield normalize([told.payload], Context(endpoint=told.endpoint, timezone=ZONE))


async def test_the_past_comes_as_pushes(world: World) -> None:
    user = await world.create(days=60)
    tokens = await world.sign_in(user)
    since = UNTIL - 50 * DAY
    async with inbox_of(world.client, []) as (inbox, url):
        await world.control("/application", {"webhook_url": url})
        assert await world.look(tokens, since, UNTIL) == []
        sent = (await world.control("/statistics"))["endpoints"]["backfill"]
        assert sent == 18
        await inbox.until(9)
        expected = true(await world.truth(user, since, UNTIL))
        for count in range(10, 40):
            if found(pushed(inbox, user)) >= expected:
                break
            await inbox.until(count)
        assert found(pushed(inbox, user)) == expected
        assert len(expected) > 700
        assert await world.look(tokens, since, UNTIL) == []


async def test_new_summaries_are_pushed_and_tried_again(world: World) -> None:
    user = await world.create(days=3)
    tokens = await world.sign_in(user)
    assert await world.client.identify(world.sending(tokens), tokens) == user
    async with inbox_of(world.client, []) as (inbox, url):
        await world.control("/application", {"webhook_url": url})
        await world.control("/pace", {"factor": 0.001})
        inbox.answers = [503, 503]
        new = await world.add(user, kind="blood_pressure", manual=True)
        await inbox.until(1)
        assert found(pushed(inbox, user)) == true(new)

        await world.control("/notices", {"mode": "bad_signature"})
        await world.add(user, kind="weight")
        await inbox.until(4, judged=True)
        assert inbox.judged[-1].outcome == "bad_signature"


async def test_a_person_who_disconnects_is_deregistered(world: World) -> None:
    user = await world.create(days=1)
    tokens = await world.sign_in(user)
    async with inbox_of(world.client, []) as (inbox, url):
        await world.control("/application", {"webhook_url": url})
        await world.client.revoke(world.send, tokens)
        await inbox.until(1)
        (told,) = world.client.notifications(inbox.kept[0][1], "application/json")
        assert (told.user_id, told.gone) == (user, True)
    with pytest.raises(VendorFault) as lost:
        await world.refresh(tokens)
    assert lost.value.fault.fault_class == "grant_lost"


async def test_the_past_must_be_allowed(world: World) -> None:
    user = await world.create(days=1)
    tokens = await world.sign_in(user, scopes="HEALTH_EXPORT")
    with pytest.raises(VendorFault) as missing:
        await world.look(tokens, UNTIL - DAY, UNTIL)
    assert missing.value.fault.fault_class == "forbidden_scope"


async def test_a_verifier_that_does_not_fit_gives_no_token(world: World) -> None:
    user = await world.create(days=1)
    await world.sign_in(user)
    request = world.client.exchange_request("made-up", "http://localhost:8080/vendor/callback", "v" * 43)
    with pytest.raises(VendorFault) as lost:
        world.client.read_tokens(await world.send(request), UNTIL)
    assert lost.value.fault.fault_class == "grant_lost"
