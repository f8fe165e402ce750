"""Google Fit over real sockets: points by stream, sums by local days, nights of segments, a sign-in shared with Google
Health."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import httpx2
import pytest

from chassis import clock
from proto.vendors.client import VendorFault
from tests.support.clouds import DAY, UNTIL, World, found, true, world_of


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with world_of("google_fit", tmp_path) as made:
        yield made


async def test_the_client_brings_exactly_what_the_cloud_holds(world: World) -> None:
    user = await world.create(days=45)
    tokens = await world.sign_in(user)
    since, until = UNTIL - 40 * DAY, UNTIL - DAY

    pages = await world.look(tokens, since, UNTIL)

    answers = world.normalized(pages)
    inside = {one for one in found(answers) if since.isoformat() <= one < until.isoformat()}
    assert inside == true(await world.truth(user, since, until))
    assert len(inside) > 2000
    assert not [fault for answer in answers for fault in answer.errors]
    assert not [name for answer in answers for name in answer.unmapped]
    by_hand = [
        one for answer in answers for one in answer.readings if one.meta.get("recording_method") == "manual"
    ]
    assert by_hand
    assert world.asked.count("datasets") > 12


async def test_what_was_measured_since_is_found(world: World) -> None:
    user = await world.create(days=1)
    tokens = await world.sign_in(user)
    new = await world.add(user, kind="blood_pressure")
    now = clock.now()
    pages = await world.look(tokens, now - DAY, now + timedelta(hours=1), kinds=["blood_pressure"])
    assert true(new) <= found(world.normalized(pages))


async def test_a_person_allows_a_part(world: World) -> None:
    user = await world.create(days=3)
    tokens = await world.sign_in(user, scopes="openid https://www.googleapis.com/auth/fitness.body.read")
    assert tokens.user_id == user
    pages = await world.look(tokens, UNTIL - 3 * DAY, UNTIL, kinds=["weight", "blood_pressure"])
    names = {name for answer in world.normalized(pages) for one in answer.readings for name in one.readings}
    assert names == {"weight_kg"}
    with pytest.raises(VendorFault) as missing:
        await world.look(tokens, UNTIL - 3 * DAY, UNTIL, kinds=["activity"])
    assert missing.value.fault.fault_class == "forbidden_scope"


async def test_both_services_of_google_sign_in_at_one_address(world: World) -> None:
    user = await world.create(days=1)
    tokens = await world.sign_in(user)
    health = World("google_health", httpx2.URL(world.gate).port or 0, world.http)
    other = await health.create(days=1)
    others = await health.sign_in(other)
    assert await health.client.identify(health.sending(others), others) == other
    assert (await world.refresh(tokens)).access_token != tokens.access_token
    assert (await health.refresh(others)).access_token != others.access_token

    await world.client.revoke(world.send, tokens)
    with pytest.raises(VendorFault) as lost:
        await world.refresh(tokens)
    assert lost.value.fault.fault_class == "grant_lost"
    assert await health.client.identify(health.sending(others), others) == other


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ({"way": "rate_limited", "headers": {"Retry-After": "90"}}, ("rate_limited", 90.0)),
        ({"way": "invalid_token"}, ("auth", None)),
        ({"way": "status", "status": 503}, ("retry_later", None)),
        ({"way": "status", "status": 410}, ("vendor_retired", None)),
    ],
)
async def test_trouble_is_told_in_its_own_words(
    world: World, fault: dict[str, object], expected: tuple[str, float | None]
) -> None:
    user = await world.create(days=1)
    tokens = await world.sign_in(user)
    await world.control("/faults", {"endpoint": "/dataSources", **fault})
    with pytest.raises(VendorFault) as raised:
        await world.look(tokens, UNTIL - DAY, UNTIL, kinds=["weight"])
    assert (raised.value.fault.fault_class, raised.value.fault.retry_after) == expected
