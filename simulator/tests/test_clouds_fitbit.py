"""Fitbit over real sockets, as it was: the person's own clock, refresh tokens that are good once, a subscriber that proves
itself, and the end of it all."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from proto.vendors.client import VendorFault
from tests.support.clouds import DAY, UNTIL, World, found, inbox_of, true, world_of

WORD = "the code of the portal"


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with world_of("fitbit", tmp_path) as made:
        yield made


async def test_the_client_brings_exactly_what_the_cloud_holds(world: World) -> None:
    user = await world.create(days=70)
    tokens = await world.sign_in(user)
    since = UNTIL - 60 * DAY

    pages = await world.look(tokens, since, UNTIL)

    answers = world.normalized(pages)
    inside = {one for one in found(answers) if since.isoformat() <= one < (UNTIL - DAY).isoformat()}
    assert inside == true(await world.truth(user, since, UNTIL - DAY))
    assert len(inside) > 800
    assert not [fault for answer in answers for fault in answer.errors]
    assert tokens.user_id == user
    assert len([name for name in world.asked if "/ecg/list" in name]) > 5


async def test_clocks_are_those_of_the_profile_wherever_we_think_the_person_lives(world: World) -> None:
    user = await world.create(days=10, zone="America/New_York")
    since, until = UNTIL - 8 * DAY, UNTIL - DAY
    told = {one for one in true(await world.truth(user, since, until)) if " weight_kg " in one}
    assert told
    for scopes in ("weight profile", "weight"):
        tokens = await world.sign_in(user, scopes=scopes)
        values = found(world.normalized(await world.look(tokens, since, UNTIL, kinds=["weight"])))
        assert (told <= values) == ("profile" in scopes)


async def test_the_pulse_at_rest_is_told_without_the_activity(world: World) -> None:
    user = await world.create(days=20)
    tokens = await world.sign_in(user)
    since, until = UNTIL - 10 * DAY, UNTIL - DAY
    pages = await world.look(tokens, since, UNTIL, kinds=["heart_rate"])
    values = {one for one in found(world.normalized(pages)) if since.isoformat() <= one < until.isoformat()}
    told = {one for one in true(await world.truth(user, since, until)) if "heart_rate" in one or "hrv" in one}
    assert told
    assert values == told


async def test_a_notification_is_signed_and_says_which_day(world: World) -> None:
    user = await world.create(days=3)
    tokens = await world.sign_in(user)
    sending = world.sending(tokens)
    async with inbox_of(world.client, [WORD]) as (inbox, url):
        await world.control("/application", {"webhook_url": url, "webhook_secret": WORD})
        topics = world.client.topics(frozenset({"weight", "sleep"}))
        for topic in (*topics, topics[0]):
            await world.client.subscribe(sending, topic, url, WORD)
        assert [reply.status for reply in inbox.judged] == [204, 404]
        assert {one.topic for one in await world.client.subscriptions(sending)} == set(topics)

        new = await world.add(user, kind="weight")
        await world.add(user, kind="activity")  # nobody asked for those
        await inbox.until(1)
        (hint,) = world.client.notifications(inbox.kept[0][1], "application/json")
        assert (hint.user_id, hint.endpoint) == (user, "body")
        assert hint.since is not None
        assert hint.until is not None
        pages = await world.look(tokens, hint.since, hint.until, kinds=["weight"])
        assert true(new) <= found(world.normalized(pages))

        await world.control("/notices", {"mode": "bad_signature"})
        await world.add(user, kind="weight")
        await inbox.until(4, judged=True)
        assert inbox.judged[-1].outcome == "bad_signature"

        await world.control(f"/accounts/{user}/tokens", {"action": "revoke"})
        await inbox.until(2)
        (hint,) = world.client.notifications(inbox.kept[1][1], "application/json")
        assert (hint.user_id, hint.gone) == (user, True)


async def test_an_address_that_does_not_know_the_code_is_told_nothing(world: World) -> None:
    user = await world.create(days=1)
    sending = world.sending(await world.sign_in(user))
    async with inbox_of(world.client, ["another code"]) as (inbox, url):
        await world.control("/application", {"webhook_url": url, "webhook_secret": WORD})
        await world.client.subscribe(sending, "body", url, WORD)
        await world.add(user, kind="weight")
        assert (await world.control("/statistics"))["notices"] == {}
        assert [reply.status for reply in inbox.judged] == [404, 404]

        (one,) = await world.client.subscriptions(sending)
        await world.client.unsubscribe(sending, one)
        assert await world.client.subscriptions(sending) == []


async def test_a_refresh_token_is_good_once(world: World) -> None:
    user = await world.create(days=1)
    first = await world.sign_in(user)
    second = await world.refresh(first)
    assert second.refresh_token != first.refresh_token
    with pytest.raises(VendorFault) as lost:
        await world.refresh(first)
    assert lost.value.fault.fault_class == "grant_lost"


async def test_a_person_allows_a_part_and_ends_it(world: World) -> None:
    user = await world.create(days=3)
    tokens = await world.sign_in(user, scopes="weight")
    assert tokens.scopes == ("weight",)
    assert await world.look(tokens, UNTIL - DAY, UNTIL, kinds=["weight"])
    with pytest.raises(VendorFault) as missing:
        await world.look(tokens, UNTIL - DAY, UNTIL, kinds=["sleep"])
    assert missing.value.fault.fault_class == "forbidden_scope"
    await world.client.revoke(world.send, tokens)
    with pytest.raises(VendorFault) as ended:
        await world.look(tokens, UNTIL - DAY, UNTIL, kinds=["weight"])
    assert ended.value.fault.fault_class == "auth"


async def test_an_hour_holds_so_many_questions(world: World) -> None:
    user = await world.create(days=1)
    tokens = await world.sign_in(user)
    with pytest.raises(VendorFault) as limited:
        await world.look(tokens, UNTIL - 160 * DAY, UNTIL, kinds=["activity"])
    assert limited.value.fault.fault_class == "rate_limited"
    assert 3000 < (limited.value.fault.retry_after or 0) <= 3600


async def test_since_its_end_everything_is_gone(world: World) -> None:
    user = await world.create(days=1)
    tokens = await world.sign_in(user)
    await world.control("/faults", {"way": "status", "status": 410, "count": 2})
    with pytest.raises(VendorFault) as gone:
        await world.look(tokens, UNTIL - DAY, UNTIL, kinds=["weight"])
    assert gone.value.fault.fault_class == "vendor_retired"
    with pytest.raises(VendorFault) as gone:
        await world.refresh(tokens)
    assert gone.value.fault.fault_class == "vendor_retired"
