"""Starting to pair at a vendor: consent first, then the address that `sync` gives, or words that say what else to do."""

import time
from typing import Any
from uuid import uuid4

import msgspec
import pytest

from proto.vendors.manifest import Manifest
from services.pairing.serving import WITH_SIGN_IN, serving
from services.pairing.tests.conftest import BROUGHT, DEVICE, EVERYTHING, Person, World
from services.pairing.texts import CURRENT

ONE = WITH_SIGN_IN[0]


def vendor(name: str, **change: Any) -> Manifest:
    return msgspec.structs.replace(
        ONE, **{"name": name, "makers": (), "status": "self_serve", "off_by_default": False, **change}
    )


def test_a_vendor_serves_its_own_devices_and_those_of_makers_that_it_names() -> None:
    one, other = vendor("acme"), vendor("hub", makers=("acme", "globex"))

    assert serving("acme", ONE.kinds, (other, one)) == [one, other]
    assert serving("globex", ONE.kinds, (other, one)) == [other]
    assert serving("initech", ONE.kinds, (other, one)) == []


def test_a_vendor_that_stays_comes_before_one_that_is_closing() -> None:
    closing = vendor("acme", status="legacy", notice="It closes.")
    off = vendor("off", makers=("acme",), off_by_default=True)
    stays = vendor("hub", makers=("acme",))

    assert serving("acme", ONE.kinds, (closing, off, stays)) == [stays, closing, off]


def test_a_vendor_that_brings_nothing_of_what_was_agreed_to_is_not_asked() -> None:
    one = vendor("acme", kinds=frozenset({"weight"}), oauth=None, pairing_method="partner_webhook")

    assert serving("acme", {"weight", "spo2"}, (one,)) == [one]
    assert serving("acme", {"spo2"}, (one,)) == []


@pytest.fixture
async def sync(world: World) -> Any:
    world.sync.asked.clear()
    world.sync.released.clear()
    yield world.sync
    world.sync.mood = "ready"
    world.sync.released.set()


async def agreed(patient: Person) -> str:
    id = await patient.create(DEVICE, "vendor_oauth")
    await patient.consent(id, *BROUGHT[:1])
    return id


async def test_the_person_is_sent_to_the_vendor_with_what_they_agreed_to(world: World, sync: Any) -> None:
    patient = world.person()
    id = await agreed(patient)

    started = await patient.start(id)

    assert started.status_code == 200
    assert started.json()["oauth"] == {"authorize_url": "https://vendor.example/authorize?state=1"}
    assert [step["id"] for step in started.json()["steps"]] == ["consent", "vendor_sign_in", "come_back"]
    best = serving(DEVICE.vendor_id, BROUGHT[:1])[0].name
    body = {"vendor": best, "device_connection_id": id, "data_kinds": BROUGHT[:1], "consent_version": CURRENT}
    assert sync.asked == [(body, patient.headers["authorization"])]
    assert (await patient.progress(id))["state"] == "waiting"
    assert (await world.audited(id, "pairing.start", actor=patient.id)) is not None


async def test_the_connection_to_sync_is_kept_and_a_key_gets_the_same_address(
    world: World, sync: Any
) -> None:
    patient = world.person()
    id = await agreed(patient)
    await patient.start(id)
    before = sync.connections
    path, body, key = "device-connections/pair/start", {"device_connection_id": id}, str(uuid4())

    first = await patient.call("POST", path, body, **{"idempotency-key": key})
    again = await patient.call("POST", path, body, **{"idempotency-key": key})

    assert first.json()["oauth"]["authorize_url"]
    assert again.json() == first.json()
    assert again.headers["idempotency-replayed"] == "true"
    assert sync.connections == before


async def test_without_consent_nobody_is_asked(world: World, sync: Any) -> None:
    patient, stranger = world.person(), world.person()
    id = await patient.create(DEVICE, "vendor_oauth")

    answer = await patient.start(id)
    foreign = await stranger.start(id)

    assert (answer.status_code, answer.json()["code"]) == (422, "consent_required")
    assert foreign.status_code == 404
    assert sync.asked == []


@pytest.mark.parametrize("mood", ["no_credentials", "conflict", "dying", "rambling"])
async def test_where_sync_has_no_address_the_person_is_told_what_else_to_do(
    world: World, sync: Any, mood: Any
) -> None:
    patient = world.person()
    id = await agreed(patient)
    sync.mood = mood

    answer = await patient.start(id)

    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert int(answer.headers["retry-after"]) > 0
    assert "Choose another way" in answer.json()["detail"] or "choose another way" in answer.json()["detail"]
    assert sync.asked
    assert (await patient.progress(id))["expires_at"] is None  # nothing has begun
    sync.mood = "ready"
    assert (await patient.start(id)).status_code == 200


async def test_a_sync_that_is_silent_is_waited_for_five_seconds_and_no_longer(
    world: World, sync: Any
) -> None:
    patient = world.person()
    id = await agreed(patient)
    sync.mood = "silent"
    began = time.monotonic()

    answer = await patient.start(id)

    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert 4.9 < time.monotonic() - began < 8
    assert (await patient.progress(id))["expires_at"] is None


async def test_a_device_that_no_vendor_serves_is_not_pretended(world: World, sync: Any) -> None:
    patient = world.person()
    id = await patient.create(EVERYTHING, "vendor_oauth")
    await patient.consent(id, "weight")

    answer = await patient.start(id)

    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert answer.headers["retry-after"] == "3600"
    assert "another way" in answer.json()["detail"]
    assert sync.asked == []


async def test_the_token_alone_does_not_complete_a_sign_in(world: World, sync: Any) -> None:
    patient = world.person()
    id = await agreed(patient)
    token = await patient.token(id)

    answer = await patient.complete(token, f"account:{uuid4()}")

    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert (await patient.connection(id))["status"] == "pairing"
    assert (await patient.progress(id))["state"] == "waiting"
