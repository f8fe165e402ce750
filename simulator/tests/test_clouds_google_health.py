"""Google Health over real sockets: points and sums, the handshake, secret and signature, a refresh token that stays."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from proto.vendors.client import VendorFault
from tests.support.clouds import DAY, UNTIL, World, found, inbox_of, true, world_of
from vendors.google_health.client import GoogleHealthClient

SECRET = "Bearer a secret of ours"


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with world_of("google_health", tmp_path) as made:
        yield made


async def test_the_client_brings_exactly_what_the_cloud_holds(world: World) -> None:
    user = await world.create(days=40)
    tokens = await world.sign_in(user)
    since = UNTIL - 35 * DAY

    pages = await world.look(tokens, since, UNTIL)

    answers = world.normalized(pages)
    expected = true(await world.truth(user, since, UNTIL))
    inside = {one for one in found(answers) if since.isoformat() <= one < UNTIL.isoformat()}
    assert inside == expected
    assert len(inside) > 1800
    assert not [fault for answer in answers for fault in answer.errors]
    assert await world.client.identify(world.sending(tokens), tokens) == user


async def test_a_refresh_brings_no_new_refresh_token_and_the_old_one_stays_good(world: World) -> None:
    user = await world.create(days=1)
    first = await world.sign_in(user)
    second = await world.refresh(first)
    assert (first.refresh_token is None, second.refresh_token) == (False, None)
    assert (await world.refresh(first)).access_token != second.access_token
    await world.client.revoke(world.send, first)
    with pytest.raises(VendorFault) as lost:
        await world.refresh(first)
    assert lost.value.fault.fault_class == "grant_lost"


async def subscribe(world: World, url: str) -> int:
    body: Any = {"endpointUri": url, "endpointAuthorization": {"secret": SECRET}}
    answer = await world.http.post(
        f"{world.gate}/health.googleapis.com/v4/projects/p1/subscribers",
        json=body,
        headers={"authorization": "Bearer service-account"},
    )
    return answer.status_code


async def test_an_event_needs_the_secret_and_the_signature(world: World) -> None:
    user = await world.create(days=3)
    tokens = await world.sign_in(user)
    keyset = await world.http.get(
        f"{world.gate}/www.gstatic.com/googlehealthapi/webhooks/webhooks_public_keyset.json"
    )
    world.client = GoogleHealthClient({**world.credentials(), "webhook_keyset": keyset.text})
    async with inbox_of(world.client, [SECRET]) as (inbox, url):
        assert await subscribe(world, url) == 200
        assert [reply.status for reply in inbox.judged] == [201, 401]

        await world.control("/notices", {"mode": "bad_signature"})
        new = await world.add(user, kind="weight")
        await inbox.until(1)
        assert sorted(reply.outcome for reply in inbox.judged[2:4]) == ["accepted", "bad_signature"]
        (hint,) = world.client.notifications(inbox.kept[0][1], "application/json")
        assert hint.user_id == user
        assert hint.since is not None
        assert hint.until is not None
        pages = await world.look(tokens, hint.since, hint.until, kinds=["weight", "body_composition"])
        assert found(world.normalized(pages)) == true(new)


async def test_an_address_that_takes_anything_is_not_subscribed(world: World) -> None:
    async with inbox_of(world.client, []) as (_, url):
        assert await subscribe(world, url) == 400


async def test_faults_have_their_own_words(world: World) -> None:
    user = await world.create(days=1)
    tokens = await world.sign_in(user)
    for injected, expected in (
        ({"way": "rate_limited"}, ("rate_limited", "RESOURCE_EXHAUSTED")),
        ({"way": "invalid_token"}, ("auth", "UNAUTHENTICATED")),
        ({"way": "status", "status": 503}, ("retry_later", "UNAVAILABLE")),
        ({"way": "status", "status": 500}, ("vendor_error", "INTERNAL")),
        ({"way": "status", "status": 403}, ("forbidden_scope", "PERMISSION_DENIED")),
    ):
        await world.control("/faults", injected)
        with pytest.raises(VendorFault) as fault:
            await world.look(tokens, UNTIL - DAY, UNTIL, kinds=["weight"])
        assert (fault.value.fault.fault_class, fault.value.fault.code) == expected


async def test_what_was_not_allowed_is_refused(world: World) -> None:
    user = await world.create(days=1)
    scope = "https://www.googleapis.com/auth/googlehealth.sleep.readonly"
    tokens = await world.sign_in(user, scopes=scope)
    await world.look(tokens, UNTIL - DAY, UNTIL, kinds=["sleep"])
    with pytest.raises(VendorFault) as missing:
        await world.look(tokens, UNTIL - DAY, UNTIL, kinds=["activity"])
    assert missing.value.fault.fault_class == "forbidden_scope"
