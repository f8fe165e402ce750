"""What every cloud shares, shown at one of them: the page, seeds, faults of the line, and the books."""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import msgspec
import pytest

from chassis import clock
from proto.readings import ReadingMessage, check_relations
from simulator.vendors.mount import CLOUDS
from tests.support.clouds import BACK, DAY, UNTIL, VERIFIER, World, inbox_of, world_of


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with world_of("withings", tmp_path) as made:
        yield made


def asked(world: World) -> str:
    url = world.client.authorize_url(
        state="s t&ate", redirect_uri=BACK, kinds=world.kinds(), code_verifier=VERIFIER
    )
    return world.gated(url)


def told(answer: httpx2.Response) -> dict[str, list[str]]:
    assert answer.status_code == 302
    assert answer.headers["location"].startswith(f"{BACK}?")
    return parse_qs(urlsplit(answer.headers["location"]).query)


async def test_a_person_allows_a_part_on_a_page_without_script(world: World) -> None:
    user = await world.create(days=1)
    page = await world.http.get(asked(world))
    assert page.status_code == 200
    assert not re.search(r"<script|<style| style=| on\w+=", page.text)
    assert f"form-action 'self' {BACK.rsplit('/', 2)[0]}" in page.headers["content-security-policy"]

    action = re.findall(r'<form method="post" action="([^"]+)"', page.text)[0]
    hidden = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page.text)
    form = {unescape(name): unescape(text) for name, text in hidden}
    root = world.gate.removesuffix("/clouds")
    ticked = {**form, "user": user, "decide": "approve", "allow:user.metrics": "yes"}
    back = told(await world.http.post(f"{root}{action}", data=ticked))
    assert back["state"] == ["s t&ate"]
    tokens = world.client.read_tokens(
        await world.send(world.client.exchange_request(back["code"][0], BACK, VERIFIER)), UNTIL
    )
    assert (tokens.user_id, tokens.scopes) == (user, ("user.metrics",))
    assert (await world.http.get(f"{world.gate}/static/consent.css")).status_code == 200


async def test_a_refusal_goes_back_and_an_unknown_address_goes_nowhere(world: World) -> None:
    assert told(await world.http.get(f"{asked(world)}&decide=deny"))["error"] == ["access_denied"]
    away = asked(world).replace("localhost%3A8080", "evil.example")
    answer = await world.http.get(f"{away}&decide=approve")
    assert (answer.status_code, "location" in answer.headers) == (400, False)


async def test_two_who_sign_in_together_are_two(world: World) -> None:
    await asyncio.gather(*(world.http.get(f"{asked(world)}&decide=approve") for _ in range(3)))
    people = await world.control("/accounts")
    assert len({one["user_id"] for one in people}) == 3


async def test_a_code_works_once_and_only_in_its_time(world: World) -> None:
    await world.create(days=1)
    code = told(await world.http.get(f"{asked(world)}&decide=approve"))["code"][0]
    request = world.client.exchange_request(code, BACK, VERIFIER)
    assert (await world.send(request)).json()["status"] == 0
    assert (await world.send(request)).json()["status"] == 503

    late = told(await world.http.get(f"{asked(world)}&decide=approve"))["code"][0]
    await world.control("/clock", {"shift_s": 31})
    answer = await world.send(world.client.exchange_request(late, BACK, VERIFIER))
    assert answer.json() == {"status": 503, "error": "Invalid Params: invalid code"}


async def test_a_line_may_be_silent_or_stop_in_the_middle(world: World) -> None:
    user = await world.create(days=3)
    tokens = await world.sign_in(user)
    for way in ("timeout", "half_open"):
        await world.control("/faults", {"way": way, "endpoint": "/measure"})
        with pytest.raises(httpx2.ReadTimeout):
            await world.http.post(
                f"{world.gate}/wbsapi.withings.net/measure",
                data={"action": "getmeas"},
                headers={"authorization": f"Bearer {tokens.access_token}"},
                timeout=0.5,
            )
    await world.control("/faults", {"way": "slow", "wait_s": 0.2, "endpoint": "/measure"})
    assert await world.look(tokens, UNTIL - DAY, UNTIL, kinds=["weight"])


async def test_a_notification_may_overtake_another(world: World) -> None:
    user = await world.create(days=1)
    tokens = await world.sign_in(user)
    async with inbox_of(world.client, []) as (inbox, url):
        for topic in ("1", "4"):
            await world.client.subscribe(world.sending(tokens), topic, url, "")
        await world.control("/notices", {"mode": "reordered"})
        await world.add(user, kind="weight")
        await world.add(user, kind="blood_pressure")
        await inbox.until(2)
        assert ["appli=4" in body.decode() for _, body, _ in inbox.kept] == [True, False]


async def test_a_cloud_may_be_elsewhere_in_time_and_a_person_in_space(world: World) -> None:
    user = await world.create(days=1)
    tokens = await world.sign_in(user)
    await world.control(f"/accounts/{user}/zone", {"zone": "America/Denver"})
    await world.control("/clock", {"shift_s": 3000})
    (new,) = await world.add(user, kind="weight")
    ahead = msgspec.convert(new["timestamp"], datetime) - clock.now()
    assert timedelta(seconds=2900) < ahead < timedelta(seconds=3100)
    (page,) = await world.look(tokens, clock.now(), clock.now() + DAY, kinds=["weight"])
    assert page.payload["body"]["timezone"] == "America/Denver"


async def test_the_books_say_who_asked_how_often(world: World) -> None:
    user = await world.create(days=1)
    tokens = await world.sign_in(user)
    for _ in range(3):
        await world.look(tokens, UNTIL - DAY, UNTIL, kinds=["weight"])
    books = await world.control("/statistics")
    assert sum(books["per_minute"]["dc-app"].values()) == 4
    assert books["endpoints"] == {"authorize": 1, "oauth": 1, "measures": 3}
    assert books["busiest_second"]["dc-app"] >= 1


@pytest.mark.parametrize("kind", CLOUDS)
def test_a_seed_gives_the_same_valid_records(kind: Any) -> None:
    first, second = (kind("http://localhost:8080") for _ in range(2))
    one, same = (cloud.made(5, until=UNTIL, days=30) for cloud in (first, second))
    assert one.records == same.records
    assert one.records != first.made(6, until=UNTIL, days=30).records
    assert {record.source for record in one.records.values()} == set(kind.habits.sources)
    kinds = set()
    for record in one.records.values():
        if record.readings:
            row = record.told()
            kinds |= set(row["kinds"])
            message = {"timestamp": row["timestamp"], "readings": row["readings"], "meta": {}}
            whole = {"device_connection_id": "0197b1c2-0000-7000-8000-000000000001", **message}
            decoded = msgspec.json.decode(msgspec.json.encode(whole), type=ReadingMessage)
            assert check_relations(decoded.readings) is None
    assert kinds
    assert any(record.created - (record.end or record.at) > DAY for record in one.records.values())
