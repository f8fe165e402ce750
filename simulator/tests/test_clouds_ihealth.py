"""iHealth over real sockets: wall clocks as epochs, pages by number, one address for the page and for tokens."""

from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest

from chassis import clock
from proto.vendors.client import Request, VendorFault
from simulator.vendors.ihealth import KEYS, IHealth
from tests.support.clouds import BACK, CREDENTIALS, DAY, UNTIL, World, found, true, world_of
from vendors.ihealth.client import IHealthClient

KEPT = {**CREDENTIALS, **IHealth.portal, "sc": "a key", "redirect_uri": BACK}


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with world_of("ihealth", tmp_path) as made:
        made.client = IHealthClient(KEPT)
        yield made


async def test_the_client_brings_exactly_what_the_cloud_holds(world: World) -> None:
    user = await world.create(days=45)
    tokens = await world.sign_in(user)
    since = UNTIL - 40 * DAY

    pages = await world.look(tokens, since, UNTIL)

    answers = world.normalized(pages)
    inside = {one for one in found(answers) if since.isoformat() <= one < UNTIL.isoformat()}
    assert inside == true(await world.truth(user, since, UNTIL))
    assert len(inside) > 500
    assert not [fault for answer in answers for fault in answer.errors]
    assert world.asked.count("glucose") > 2
    assert (tokens.user_id, len(tokens.scopes)) == (user, 6)


async def test_what_was_measured_or_corrected_since_is_found_and_what_was_removed_is_not(
    world: World,
) -> None:
    user = await world.create(days=1)
    tokens = await world.sign_in(user)
    new = await world.add(user, kind="blood_pressure")
    changed = await world.control(f"/accounts/{user}/records/{new[0]['id']}", {"action": "correct"})
    now = clock.now()
    pages = await world.look(tokens, now - DAY, now + DAY, kinds=["blood_pressure"])
    assert true([changed]) <= found(world.normalized(pages))

    await world.control(f"/accounts/{user}/records/{new[0]['id']}", {"action": "delete"})
    pages = await world.look(tokens, now - DAY, now + DAY, kinds=["blood_pressure"])
    assert not true([changed]) & found(world.normalized(pages))


async def test_a_refresh_token_is_good_once(world: World) -> None:
    user = await world.create(days=1)
    first = await world.sign_in(user)
    second = await world.refresh(first)
    assert second.refresh_token != first.refresh_token
    with pytest.raises(VendorFault) as lost:
        await world.refresh(first)
    assert lost.value.fault.fault_class == "grant_lost"
    assert (await world.control("/statistics"))["refresh_reused"] == 1


async def test_a_person_allows_a_part(world: World) -> None:
    user = await world.create(days=3)
    tokens = await world.sign_in(user, scopes="OpenApiBP")
    assert tokens.scopes == ("OpenApiBP",)
    assert await world.look(tokens, UNTIL - DAY, UNTIL, kinds=["blood_pressure"])
    with pytest.raises(VendorFault):
        await world.look(tokens, UNTIL - DAY, UNTIL, kinds=["weight"])


async def test_a_key_of_another_call_and_another_persons_name_are_refused(world: World) -> None:
    user, other = await world.create(days=1), await world.create(8, days=1)
    tokens = await world.sign_in(user)
    url = world.client.authorize_url(
        state="s", redirect_uri=BACK, kinds=world.kinds(["weight"]), code_verifier=""
    )
    assert dict(parse_qsl(urlsplit(url).query))["APIName"] == "OpenApiWeight"
    for person, key in ((user, KEYS["bp"]), (other, KEYS["weight"])):
        address = f"https://api.ihealthlabs.com:8443/openapiv2/user/{person}/weight.json"
        asked = Request(method="GET", url=address, params={"sv": key}, endpoint="weight")
        answer = await world.send(world.client.authorized(asked, tokens))
        assert answer.status in (400, 403)
        assert world.client.fault_of(answer) is not None


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ({"way": "rate_limited", "headers": {"Retry-After": "90"}}, ("rate_limited", 90.0)),
        ({"way": "invalid_token"}, ("auth", None)),
        ({"way": "status", "status": 503}, ("retry_later", None)),
        ({"way": "status", "status": 500}, ("vendor_error", None)),
    ],
)
async def test_trouble_is_told_in_its_own_words(
    world: World, fault: dict[str, object], expected: tuple[str, float | None]
) -> None:
    user = await world.create(days=1)
    tokens = await world.sign_in(user)
    await world.control("/faults", {"endpoint": "/bp", **fault})
    with pytest.raises(VendorFault) as raised:
        await world.look(tokens, UNTIL - DAY, UNTIL, kinds=["blood_pressure"])
    assert (raised.value.fault.fault_class, raised.value.fault.retry_after) == expected


async def test_its_own_limit_says_how_long_to_wait(world: World) -> None:
    user = await world.create(days=1)
    tokens = await world.sign_in(user)
    for _ in range(IHealth.limits[0].requests):
        await world.look(tokens, UNTIL - DAY, UNTIL, kinds=["blood_pressure"])
    with pytest.raises(VendorFault) as raised:
        await world.look(tokens, UNTIL - DAY, UNTIL, kinds=["blood_pressure"])
    assert raised.value.fault.fault_class == "rate_limited"
    assert raised.value.fault.retry_after
