"""AliveCor over real sockets: a key and a code instead of a sign-in, recordings newest first, a callback that says whose."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from chassis import clock
from proto.vendors.client import Tokens, VendorFault
from tests.support.clouds import DAY, UNTIL, World, found, inbox_of, true, world_of
from vendors.alivecor.client import AliveCorClient

KEY = "the key of this team"


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with world_of("alivecor", tmp_path) as made:
        made.client = AliveCorClient({"api_key": KEY})
        yield made


async def grant(world: World, user: str) -> Tokens:
    """What the operator reads at AliveCor, and the person types."""
    answer = await world.http.get(f"{world.gate}/api.kardia.com/v1/patients/{user}/code", auth=(KEY, ""))
    code = answer.json()["code"]
    return world.client.granted({"patient_id": user, "code": code.lower().replace("-", " ")})


async def test_only_the_code_of_this_patient_proves_who_they_are(world: World) -> None:
    user, other = await world.create(days=1), await world.create(8, days=1)
    tokens, others = await grant(world, user), await grant(world, other)
    assert await world.client.identify(world.sending(tokens), tokens) == user
    guessed = Tokens(access_token=others.access_token, user_id=user)
    with pytest.raises(VendorFault) as wrong:
        await world.client.identify(world.sending(guessed), guessed)
    assert wrong.value.fault.fault_class == "grant_lost"


async def test_the_client_brings_exactly_what_the_cloud_holds(world: World) -> None:
    user = await world.create(days=200)
    tokens = await grant(world, user)
    answers = world.normalized(await world.look(tokens, UNTIL - 200 * DAY, UNTIL))
    assert found(answers) == true(await world.truth(user, UNTIL - 200 * DAY, UNTIL))
    assert world.asked.count("recordings") > 2
    assert not [fault for answer in answers for fault in answer.errors]

    world.asked.clear()
    await world.look(tokens, UNTIL - DAY, UNTIL)
    assert world.asked == ["recordings"]


async def test_a_patient_is_made_by_the_team(world: World) -> None:
    made = await world.http.post(
        f"{world.gate}/api.kardia.com/v1/patients",
        data={"mrn": "204", "email": "someone@example.org", "dob": "1960-02-03"},
        auth=(KEY, ""),
    )
    tokens = await grant(world, made.json()["id"])
    now = clock.now()
    assert found(world.normalized(await world.look(tokens, now - 20 * DAY, now)))


async def test_a_callback_says_whose_recording_is_new_and_who_left(world: World) -> None:
    user = await world.create(days=3)
    tokens = await grant(world, user)
    async with inbox_of(world.client, []) as (inbox, url):
        assert await world.client.subscriptions(world.sending(tokens)) == []
        await world.client.subscribe(world.sending(tokens), "all", url, "")
        assert inbox.judged[0].outcome == "challenge"
        assert [one.url for one in await world.client.subscriptions(world.sending(tokens))] == [url]

        new = await world.add(user, kind="ecg")
        await inbox.until(1)
        (hint,) = world.client.notifications(inbox.kept[0][1], "application/json")
        assert (hint.user_id, hint.gone) == (user, False)
        now = clock.now()
        pages = await world.look(tokens, now - DAY, now + timedelta(hours=1))
        assert true(new) <= found(world.normalized(pages))

        await world.control(f"/accounts/{user}/tokens", {"action": "revoke"})
        await inbox.until(2)
        (hint,) = world.client.notifications(inbox.kept[1][1], "application/json")
        assert (hint.user_id, hint.gone) == (user, True)
    with pytest.raises(VendorFault) as left:
        await world.look(tokens, UNTIL - DAY, UNTIL)
    assert left.value.fault.fault_class == "grant_lost"


async def test_another_key_is_the_operators_trouble(world: World) -> None:
    user = await world.create(days=1)
    tokens = await grant(world, user)
    world.client = AliveCorClient({"api_key": "another key"})
    with pytest.raises(VendorFault) as refused:
        await world.look(tokens, UNTIL - DAY, UNTIL)
    assert refused.value.fault.fault_class == "invalid_request"


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ({"way": "rate_limited", "headers": {"Retry-After": "90"}}, ("rate_limited", 90.0)),
        ({"way": "status", "status": 503}, ("retry_later", None)),
    ],
)
async def test_trouble_of_one_patient_is_not_anothers(
    world: World, fault: dict[str, object], expected: tuple[str, float | None]
) -> None:
    user, other = await world.create(days=1), await world.create(8, days=1)
    tokens = await grant(world, user)
    await world.control("/faults", {"user_id": user, **fault})
    others = await grant(world, other)
    await world.look(others, UNTIL - DAY, UNTIL)
    with pytest.raises(VendorFault) as raised:
        await world.look(tokens, UNTIL - DAY, UNTIL)
    assert (raised.value.fault.fault_class, raised.value.fault.retry_after) == expected
