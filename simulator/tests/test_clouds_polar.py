"""Polar over real sockets: nothing before the registration, signed events with a key that is shown once."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import httpx2
import pytest

from chassis import clock
from proto.vendors.client import VendorFault
from tests.support.clouds import CREDENTIALS, DAY, UNTIL, World, found, inbox_of, true, world_of
from vendors.polar.client import PolarClient


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with world_of("polar", tmp_path) as made:
        yield made


async def test_only_what_is_uploaded_after_the_registration_is_told(world: World) -> None:
    user = await world.create(days=5)
    tokens = await world.sign_in(user)
    with pytest.raises(VendorFault) as missing:
        await world.look(tokens, UNTIL - DAY, UNTIL, kinds=["sleep"])
    assert missing.value.fault.fault_class == "forbidden_scope"

    assert await world.client.identify(world.sending(tokens), tokens) == user
    assert await world.client.identify(world.sending(tokens), tokens) == user
    nothing_yet = await world.look(tokens, UNTIL - 5 * DAY, UNTIL)
    assert [page.endpoint for page in nothing_yet] == ["physical-info"]
    new = [
        row
        for source in ("sleep", "day", "oximeter", "recovery_day")
        for row in await world.add(user, source=source, count=20, every_s=90_000)
    ]
    now = clock.now()
    pages = await world.look(tokens, now - 25 * DAY, now + DAY)
    assert found(world.normalized(pages)) == true(new)
    assert len(true(new)) > 80


async def test_an_event_is_signed_with_the_key_that_was_shown(world: World) -> None:
    user = await world.create(days=3)
    tokens = await world.sign_in(user)
    await world.client.identify(world.sending(tokens), tokens)
    async with inbox_of(world.client, []) as (inbox, url):
        made = await world.http.post(
            f"{world.gate}/www.polaraccesslink.com/v3/webhooks",
            json={"events": ["SLEEP"], "url": url},
            auth=httpx2.BasicAuth(CREDENTIALS["client_id"], CREDENTIALS["client_secret"]),
        )
        key = made.json()["data"]["signature_secret_key"]
        assert inbox.judged[0].outcome == "challenge"
        inbox.client = PolarClient({**CREDENTIALS, "webhook_secret": key})
        new = await world.add(user, kind="sleep")
        await inbox.until(1)
        (hint,) = inbox.client.notifications(inbox.kept[0][1], "application/json")
        assert (hint.user_id, hint.endpoint) == (user, "sleep")
        assert hint.since is not None
        assert hint.until is not None
        pages = await world.look(tokens, hint.since, hint.until, kinds=["sleep"])
        assert true(new) <= found(world.normalized(pages))

        await world.control("/notices", {"mode": "bad_signature"})
        await world.add(user, kind="sleep")
        await inbox.until(3, judged=True)
        assert inbox.judged[-1].outcome == "bad_signature"


async def test_leaving_ends_the_token(world: World) -> None:
    user = await world.create(days=1)
    tokens = await world.sign_in(user)
    assert tokens.refresh_token is None
    await world.client.revoke(world.send, tokens)
    with pytest.raises(VendorFault) as ended:
        await world.look(tokens, UNTIL - timedelta(hours=1), UNTIL)
    assert ended.value.fault.fault_class == "auth"
