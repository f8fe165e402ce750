"""Dexcom over real sockets: three months of a sensor in windows of thirty days, deletions, regions."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import pytest

from proto.vendors.client import VendorFault
from proto.vendors.instants import iso
from tests.support.clouds import DAY, UNTIL, World, found, true, world_of
from vendors.dexcom.client import DexcomClient


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with world_of("dexcom", tmp_path) as made:
        made.http.timeout = httpx2.Timeout(60)
        yield made


async def test_the_client_brings_exactly_what_the_cloud_holds(world: World) -> None:
    user = await world.create(days=40)
    tokens = await world.sign_in(user)
    since = UNTIL - 35 * DAY

    pages = await world.look(tokens, since, UNTIL)

    answers = world.normalized(pages)
    expected = true(await world.truth(user, since, UNTIL))
    assert found(answers) == expected
    assert len(expected) > 9000
    assert not [fault for answer in answers for fault in answer.errors]
    assert [page.endpoint for page in pages] == ["egvs", "egvs", "events", "events"]
    assert await world.client.identify(world.sending(tokens), tokens) == user


async def test_what_a_receiver_uploads_weeks_later_is_found_by_the_next_look(world: World) -> None:
    user = await world.create(days=1)
    tokens = await world.sign_in(user)
    now = datetime.now(UTC)
    looked_at = (now - timedelta(minutes=10)).strftime("%Y-%m-%dT%H:%M:%S")
    assert await world.look(tokens, now - DAY, now, cursor=looked_at) == []
    [late] = await world.add(user, kind="glucose", at=(now - 20 * DAY).isoformat())

    pages = await world.look(tokens, now - DAY, now + timedelta(minutes=1), cursor=looked_at)

    assert iso(late["timestamp"]) in {
        one.timestamp for answer in world.normalized(pages) for one in answer.readings
    }
    assert pages[-1].cursor is not None
    assert pages[-1].cursor > looked_at


async def test_a_question_about_less_than_a_second_is_a_good_one(world: World) -> None:
    """Somebody presses Sync just after a look."""
    user = await world.create(days=40)
    tokens = await world.sign_in(user)
    since = UNTIL + timedelta(milliseconds=100)
    assert await world.look(tokens, since, since + timedelta(milliseconds=300)) == []
    pages = await world.look(tokens, UNTIL - 30 * DAY + timedelta(milliseconds=700), since)
    assert {page.endpoint for page in pages} == {"egvs", "events"}


async def test_what_was_removed_is_told(world: World) -> None:
    user = await world.create(days=3)
    tokens = await world.sign_in(user)
    since = UNTIL - 2 * DAY
    strip = next(row for row in await world.truth(user, since, UNTIL) if row["source"] == "meter")
    await world.control(f"/accounts/{user}/records/{strip['id']}", {"action": "delete"})

    answers = world.normalized(await world.look(tokens, since, UNTIL))

    assert {one for answer in answers for one in answer.deleted} == {f"dexcom:{strip['id']}"}
    assert found(answers) == true(await world.truth(user, since, UNTIL))


async def test_a_longer_window_is_refused_and_nothing_is_an_answer(world: World) -> None:
    user = await world.create(days=1)
    tokens = await world.sign_in(user)
    params = {"startDate": "2026-01-01T00:00:00", "endDate": "2026-02-15T00:00:00"}
    bearer = {"authorization": f"Bearer {tokens.access_token}"}
    url = f"{world.gate}/api.dexcom.com/v3/users/self/egvs"
    assert (await world.http.get(url, params=params, headers=bearer)).status_code == 400
    assert await world.look(tokens, UNTIL - 300 * DAY, UNTIL - 290 * DAY) == []


async def test_an_account_of_another_region_is_spoken_to_there(world: World) -> None:
    user = await world.create(days=1)
    world.client = DexcomClient({**world.credentials(), "host": "api.dexcom.eu"})
    tokens = await world.sign_in(user)
    assert await world.look(tokens, UNTIL - DAY, UNTIL)


async def test_a_person_who_withdrew_must_be_asked_again(world: World) -> None:
    user = await world.create(days=1)
    tokens = await world.sign_in(user)
    await world.control(f"/accounts/{user}/tokens", {"action": "revoke"})
    with pytest.raises(VendorFault) as ended:
        await world.look(tokens, UNTIL - timedelta(hours=1), UNTIL)
    assert ended.value.fault.fault_class == "auth"
    with pytest.raises(VendorFault) as lost:
        await world.refresh(tokens)
    assert lost.value.fault.fault_class == "grant_lost"
