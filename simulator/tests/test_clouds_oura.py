"""Oura over real sockets: collections page by page, signed events with a challenge, and limits in two layers."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from chassis import clock
from proto.vendors.client import VendorFault
from tests.support.clouds import DAY, UNTIL, World, found, inbox_of, true, world_of

WORD = "a word that only we know"


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with world_of("oura", tmp_path) as made:
        yield made


async def test_the_client_brings_exactly_what_the_cloud_holds(world: World) -> None:
    user = await world.create(days=45)
    tokens = await world.sign_in(user)
    since = UNTIL - 40 * DAY

    pages = await world.look(tokens, since, UNTIL)

    answers = world.normalized(pages)
    inside = {one for one in found(answers) if since.isoformat() <= one < UNTIL.isoformat()}
    assert inside == true(await world.truth(user, since, UNTIL))
    assert len(inside) > 2000
    assert not [fault for answer in answers for fault in answer.errors]
    assert await world.client.identify(world.sending(tokens), tokens) == user


async def test_an_event_is_signed_and_says_where_to_look(world: World) -> None:
    user = await world.create(days=3)
    tokens = await world.sign_in(user)
    async with inbox_of(world.client, [WORD]) as (inbox, url):
        topics = world.client.topics(frozenset({"sleep", "activity"}))
        for topic in topics:
            await world.client.subscribe(world.send, topic, url, WORD)
        await world.client.subscribe(world.send, topics[0], f"{url}/moved", WORD)
        told = await world.client.subscriptions(world.send)
        assert {one.topic for one in told} == set(topics)
        assert next(one.url for one in told if one.topic == topics[0]) == f"{url}/moved"

        new = await world.add(user, kind="activity")
        await inbox.until(1)
        (hint,) = world.client.notifications(inbox.kept[0][1], "application/json")
        assert (hint.user_id, hint.endpoint) == (user, "daily_activity")
        assert hint.since is not None
        assert hint.until is not None
        pages = await world.look(tokens, hint.since, hint.until, kinds=["activity"])
        assert true(new) <= found(world.normalized(pages))

        await world.control(f"/accounts/{user}/records/{new[0]['id']}", {"action": "delete"})
        await inbox.until(2)
        (gone,) = world.client.notifications(inbox.kept[1][1], "application/json")
        assert gone.payload["object_id"] == new[0]["id"]


async def test_a_wrong_signature_and_an_old_one_are_refused(world: World) -> None:
    user = await world.create(days=3)
    async with inbox_of(world.client, [WORD]) as (inbox, url):
        await world.client.subscribe(world.send, "daily_activity.create", url, WORD)
        await world.control("/notices", {"mode": "bad_signature"})
        await world.add(user, kind="activity")
        await inbox.until(2, judged=True)
        await world.control("/clock", {"shift_s": -400})
        await world.control("/notices", {"mode": "duplicate"})
        await world.add(user, kind="activity")
        await inbox.until(4, judged=True)
        outcomes = [reply.outcome for reply in inbox.judged]
        assert outcomes == ["challenge", "bad_signature", "replayed", "replayed"]
        assert not inbox.kept


async def test_an_address_that_does_not_know_the_word_is_not_subscribed(world: World) -> None:
    async with inbox_of(world.client, ["another word"]) as (_, url):
        with pytest.raises(VendorFault) as fault:
            await world.client.subscribe(world.send, "sleep.create", url, WORD)
    assert fault.value.fault.fault_class == "invalid_request"


async def test_a_refresh_token_is_good_once(world: World) -> None:
    user = await world.create(days=1)
    first = await world.sign_in(user)
    second = await world.refresh(first)
    with pytest.raises(VendorFault) as lost:
        await world.refresh(first)
    assert lost.value.fault.fault_class == "grant_lost"
    with pytest.raises(VendorFault) as dead:
        await world.refresh(second)
    assert dead.value.fault.fault_class == "grant_lost"
    assert (await world.control("/statistics"))["refresh_reused"] == 1


async def test_a_limit_says_how_long_to_wait(world: World) -> None:
    user = await world.create(days=1)
    tokens = await world.sign_in(user)
    headers = {"X-RateLimit-Reset": str(int(clock.now().timestamp()) + 90)}
    await world.control("/faults", {"way": "rate_limited", "headers": headers})
    with pytest.raises(VendorFault) as fault:
        await world.look(tokens, UNTIL - timedelta(hours=1), UNTIL, kinds=["heart_rate"])
    assert fault.value.fault.fault_class == "rate_limited"


async def test_a_withdrawal_ends_the_grant(world: World) -> None:
    user = await world.create(days=1)
    tokens = await world.sign_in(user)
    await world.client.revoke(world.send, tokens)
    with pytest.raises(VendorFault) as ended:
        await world.look(tokens, UNTIL - DAY, UNTIL)
    assert ended.value.fault.fault_class == "auth"
