"""Sessions in a real Redis: idle and absolute ends, one that is watched, ends heard by another gateway."""

import asyncio
import time
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import pytest

from chassis.auth import TokenSigner, TokenVerifier
from chassis.cache import Cache
from gateway.session import ENDED, RECHECK_S, Sessions, is_csrf, key_of
from gateway.settings import Settings
from gateway.tests.conftest import person
from gateway.tickets import Ticket, Tickets
from gateway.tickets import _key as ticket_key
from proto.errors import Unavailable
from tests.support.waiting import until


@pytest.fixture
async def cache(settings: Settings) -> AsyncIterator[Cache]:
    cache = Cache(settings)
    yield cache
    await cache.stop()


def sessions_of(settings: Settings, cache: Cache, *, recheck_s: float = RECHECK_S, **times: Any) -> Sessions:
    signer = TokenSigner(settings.secrets_path / "keys/token_signing.pem")
    return Sessions(settings.with_(**times), cache, signer, recheck_s=recheck_s)


async def ttl(cache: Cache, sid: str) -> int:
    return int(await cache.client.ttl(key_of(sid)))


async def let_pass(cache: Cache, key: str) -> None:
    """Brings the end of a key to now, as if its time had passed."""
    await cache.client.pexpire(key, 1)
    await until(partial(is_gone, cache, key))


async def is_heard(cache: Cache, channel: str) -> bool:
    return bool((await cache.client.pubsub_numsub(channel))[0][1])


async def is_gone(cache: Cache, key: str) -> bool:
    return not await cache.client.exists(key)


async def test_a_session_is_found_by_its_id_alone(settings: Settings, cache: Cache) -> None:
    sessions = sessions_of(settings, cache)
    patient = person()

    new = await sessions.begin(patient, None)
    known = await sessions.find(new.sid)

    assert known is not None
    assert (known.principal.user_id, known.principal.patient_id) == (patient.user_id, patient.patient_id)
    assert is_csrf(known.session, new.csrf)
    assert not is_csrf(known.session, new.sid)
    assert not is_csrf(known.session, None)
    assert await sessions.find(new.sid + "x") is None
    stored = await cache.client.hget(key_of(new.sid), "session")
    assert stored is not None
    assert new.sid.encode() not in stored


async def test_use_begins_the_idle_time_anew_and_idleness_ends_it(settings: Settings, cache: Cache) -> None:
    sessions = sessions_of(settings, cache, session_idle_s=100, recheck_s=0)
    used, idle = await sessions.begin(person(), None), await sessions.begin(person(), None)
    for sid in (used.sid, idle.sid):
        assert await sessions.find(sid) is not None
        assert 90 < await ttl(cache, sid) <= 100
        await cache.client.expire(key_of(sid), 10)

    assert await sessions.find(used.sid) is not None
    assert await ttl(cache, used.sid) > 90
    assert await ttl(cache, idle.sid) <= 10
    await let_pass(cache, key_of(idle.sid))
    assert await sessions.find(idle.sid) is None


async def test_the_absolute_end_comes_for_a_busy_session_too(settings: Settings, cache: Cache) -> None:
    sessions = sessions_of(settings, cache, session_absolute_s=0.5)
    new = await sessions.begin(person(), None)
    known = await sessions.find(new.sid)
    assert known is not None

    await until(lambda: time.time() > known.session.ends_at)

    assert await sessions.find(new.sid) is None
    assert await sessions_of(settings, cache).find(new.sid) is None


async def test_an_end_is_heard_by_another_gateway_at_once(settings: Settings, cache: Cache) -> None:
    here, there = sessions_of(settings, cache), sessions_of(settings, cache)
    heard = asyncio.Event()
    there.on_end(lambda key: heard.set())
    await there.start()
    try:
        new = await here.begin(person(), None)
        assert await there.find(new.sid) is not None
        await until(partial(is_heard, cache, ENDED))

        await here.end(key_of(new.sid))
        await asyncio.wait_for(heard.wait(), 1)

        assert await there.find(new.sid) is None
    finally:
        await there.stop()


async def test_being_watched_is_not_being_used_except_for_a_clinician(
    settings: Settings, cache: Cache
) -> None:
    sessions = sessions_of(settings, cache, session_idle_s=100)
    new = await sessions.begin(person(), None)
    key = key_of(new.sid)
    await cache.client.expire(key, 10)

    assert await sessions.still_lives(key, waits_longer=False)
    assert await ttl(cache, new.sid) <= 10
    assert await sessions.still_lives(key, waits_longer=True)
    assert await ttl(cache, new.sid) > 90

    await cache.client.hset(key, "seen", 0)  # the last request is longer ago than even a clinician may wait
    await cache.client.expire(key, 10)
    assert await sessions.still_lives(key, waits_longer=True)
    assert await ttl(cache, new.sid) <= 10
    await cache.client.delete(key)
    assert not await sessions.still_lives(key, waits_longer=True)


async def test_the_inner_token_is_short_and_made_once(settings: Settings, cache: Cache) -> None:
    sessions = sessions_of(settings, cache)
    new = await sessions.begin(person(), None)
    known = await sessions.find(new.sid)
    assert known is not None

    first, second = sessions.bearer(known), sessions.bearer(known)
    principal = TokenVerifier(settings.secrets_path / "keys/token_verify.pem").verify(first[7:].decode())

    assert first == second
    assert principal.user_id == known.principal.user_id


async def test_without_redis_nobody_signs_in_but_who_was_just_seen_goes_on(
    settings: Settings, cache: Cache
) -> None:
    sessions = sessions_of(settings, cache, recheck_s=0)
    new = await sessions.begin(person(), None)
    await sessions.find(new.sid)
    gone = Cache(settings.with_(redis_url="redis://127.0.0.1:1"))
    sessions._cache = gone

    assert await sessions.find(new.sid) is not None
    with pytest.raises(Unavailable):
        await sessions.begin(person(), None)
    with pytest.raises(Unavailable):
        await sessions.find("another")
    await gone.stop()


async def test_a_ticket_is_for_one_use_and_thirty_seconds(settings: Settings, cache: Cache) -> None:
    patient = person()
    ticket = Ticket(user_id=patient.user_id, roles=patient.roles, patient_id=patient.patient_id, ends_at=1e12)
    tickets = Tickets(cache, 30)

    text, late = await tickets.issue(ticket), await tickets.issue(ticket)
    assert 25_000 < await cache.client.pttl(ticket_key(late)) <= 30_000
    await let_pass(cache, ticket_key(late))

    assert await tickets.spend(text) == ticket
    assert await tickets.spend(text) is None
    assert await tickets.spend(late) is None


async def test_a_ticket_ends_with_the_session_that_asked_for_it(settings: Settings, cache: Cache) -> None:
    patient = person()
    sessions, tickets = sessions_of(settings, cache), Tickets(cache, 30)
    begun = [await sessions.begin(patient, None) for _ in range(2)]
    keys = [key_of(session.sid) for session in begun]
    texts = [
        await tickets.issue(
            Ticket(
                user_id=patient.user_id, roles=patient.roles, patient_id=None, ends_at=1e12, session_key=key
            )
        )
        for key in keys
    ]
    await sessions.end(keys[0])

    assert [await tickets.spend(text) is None for text in texts] == [True, False]


async def test_all_sessions_of_a_person_end_and_nobody_elses(settings: Settings, cache: Cache) -> None:
    patient, other = person(), person()
    sessions = sessions_of(settings, cache)
    mine = [await sessions.begin(patient, None), await sessions.begin_app(patient)]
    theirs = await sessions.begin(other, None)

    ended = await sessions.end_all(patient.user_id)
    again = await sessions.end_all(patient.user_id)

    assert set(ended) == {key_of(session.sid) for session in mine}
    assert again == []
    assert await sessions.find(mine[0].sid) is None
    assert await sessions.find(mine[1].sid, "app") is None
    assert await sessions.find(theirs.sid) is not None
