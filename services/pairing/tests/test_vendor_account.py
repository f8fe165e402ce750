"""Completing with what a partner knows the person by: `sync` proves it first, and what it says is what they are told."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from chassis.clock import now
from proto import subjects
from proto.events import AccountChanged
from services.pairing.serving import WITH_NUMBER, is_served, serving
from services.pairing.tests.conftest import CUFF, EVERYTHING, Person, World
from services.pairing.tests.sync_stand_in import Sync
from services.pairing.texts import CURRENT
from tests.support.waiting import until

pytestmark = pytest.mark.integration
NUMBER = {"number": "5e0f7a52-1c1f-4b6b-9d3c"}
PARTNER = serving(EVERYTHING.vendor_id, ["weight"], WITH_NUMBER)[0].name


@pytest.fixture
async def sync(world: World) -> AsyncIterator[Sync]:
    world.sync.asked.clear()
    world.sync.released.clear()
    world.sync.mood = "ready"
    yield world.sync
    world.sync.mood = "ready"
    world.sync.released.set()


async def begun(patient: Person) -> tuple[str, str]:
    id = await patient.create(EVERYTHING, "partner_webhook")
    return id, await patient.token(id)


async def paired(patient: Person) -> str:
    id, token = await begun(patient)
    answer = await patient.complete(token, f"cuff-{uuid4()}", "weight", credentials=NUMBER)
    assert answer.status_code == 200, answer.text
    return id


async def said(world: World, patient: Person, state: Any, **more: Any) -> None:
    """`sync` says what became of the account."""
    event = AccountChanged(
        account_id=uuid4(),
        patient_id=patient.id,
        user_id=patient.id,
        vendor=PARTNER,
        state=state,
        at=now() + timedelta(seconds=1),
        consent_version=CURRENT,
        data_kinds=["weight"],
        **more,
    )
    await world.say("sync", subjects.to(subjects.ACCOUNTS_CHANGED, patient.id), event)


async def shows(patient: Person, id: str, status: str, reason: str | None = None) -> None:
    async def it_does() -> bool:
        found = await patient.connection(id)
        return (found["status"], found.get("status_reason")) == (status, reason)

    await until(it_does)


async def test_what_was_typed_and_agreed_to_reaches_sync_before_the_pairing_is_complete(
    world: World, sync: Sync
) -> None:
    patient = world.person()
    id, token = await begun(patient)

    answer = await patient.complete(token, f"cuff-{uuid4()}", "weight", "spo2", credentials=NUMBER)

    assert answer.status_code == 200
    assert answer.json()["connection"]["status"] == "connected"
    body = {
        "vendor": PARTNER,
        "device_connection_id": id,
        "credentials": NUMBER,
        "data_kinds": ["weight", "spo2"],
        "consent_version": CURRENT,
    }
    assert sync.asked == [(body, patient.headers["authorization"])]


async def test_a_stored_consent_counts_as_well(world: World, sync: Sync) -> None:
    patient = world.person()
    id = await patient.create(EVERYTHING, "partner_webhook")
    await patient.consent(id, "spo2")
    answer = await patient.complete(await patient.token(id), f"cuff-{uuid4()}", credentials=NUMBER)

    assert answer.status_code == 200
    [(body, _)] = sync.asked
    assert (body["data_kinds"], body["consent_version"]) == (["spo2"], CURRENT)


async def test_a_device_that_was_there_before_is_asked_for_under_its_old_id(world: World, sync: Sync) -> None:
    patient, name = world.person(), f"cuff-{uuid4()}"
    old, token = await begun(patient)
    await patient.complete(token, name, "weight", credentials=NUMBER)
    _, token = await begun(patient)

    again = await patient.complete(token, name, "weight", credentials=NUMBER)

    assert again.json()["connection"]["id"] == old
    assert [body["device_connection_id"] for body, _ in sync.asked] == [old, old]


@pytest.mark.parametrize(
    ("mood", "status", "code", "field"),
    [("taken", 409, "already_paired", None), ("unusable", 422, "wrong_type", "credentials.number")],
)
async def test_what_is_wrong_with_it_is_told_and_is_a_try(
    world: World, sync: Sync, mood: Any, status: int, code: str, field: str | None
) -> None:
    patient = world.person()
    id, token = await begun(patient)
    sync.mood = mood

    answers = [
        await patient.complete(token, f"cuff-{uuid4()}", "weight", credentials=NUMBER) for _ in range(3)
    ]

    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(status, code)] * 3
    fields = [error["field"] for error in answers[0].json().get("errors", [])]
    assert fields == ([field] if field else [])
    await shows(patient, id, "failed", "too_many_tries")
    assert NUMBER["number"] not in "".join(answer.text for answer in answers)


@pytest.mark.parametrize("mood", ["no_credentials", "dying", "rambling"])
async def test_a_partner_that_cannot_be_used_costs_no_try(world: World, sync: Sync, mood: Any) -> None:
    patient = world.person()
    id, token = await begun(patient)
    sync.mood = mood

    for _ in range(4):
        answer = await patient.complete(token, f"cuff-{uuid4()}", "weight", credentials=NUMBER)
        assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
        assert int(answer.headers["retry-after"]) > 0

    assert (await patient.connection(id))["status"] == "pairing"
    sync.mood = "ready"
    done = await patient.complete(token, f"cuff-{uuid4()}", "weight", credentials=NUMBER)
    assert done.status_code == 200


async def test_nobody_is_asked_about_what_is_refused_anyway(world: World, sync: Sync) -> None:
    patient, stranger = world.person(), world.person()
    _, token = await begun(patient)
    name = f"cuff-{uuid4()}"
    await stranger.pair(name)

    no_consent = await patient.complete(token, "cuff", credentials=NUMBER)
    foreign = await stranger.complete(token, "cuff", "weight", credentials=NUMBER)
    unknown = await patient.complete("no-such-token", "cuff", "weight", credentials=NUMBER)
    taken = await patient.complete(token, name, "weight", credentials=NUMBER)

    assert [no_consent.json()["code"], foreign.json()["code"], unknown.json()["code"]] == [
        "consent_required",
        "not_found",
        "not_found",
    ]
    assert taken.json()["code"] == "already_paired"
    assert sync.asked == []


async def test_other_methods_keep_what_was_typed_to_themselves(world: World, sync: Sync) -> None:
    patient = world.person()
    id = await patient.create(EVERYTHING, "simulated")
    answer = await patient.complete(await patient.token(id), "device", "weight", credentials=NUMBER)
    assert answer.status_code == 200
    assert sync.asked == []


async def test_a_partner_device_without_anything_typed_pushes_with_its_own_token(
    world: World, sync: Sync
) -> None:
    patient = world.person()
    id, token = await begun(patient)
    answer = await patient.complete(token, f"cuff-{uuid4()}", "weight")
    assert answer.status_code == 200
    assert answer.json()["ingest_token"]
    assert sync.asked == []
    await said(world, patient, "revoked", ended_by="patient", connection_id=UUID(id))
    other = await paired(patient)
    await said(world, patient, "needs_reauth", connection_id=UUID(other))
    await shows(patient, other, "disconnected", "vendor_account")
    assert (await patient.connection(id))["status"] == "connected"


async def test_the_word_of_the_account_does_not_disturb_the_pairing(world: World, sync: Sync) -> None:
    patient = world.person()
    id, token = await begun(patient)
    await said(world, patient, "active", connection_id=UUID(id))
    done = await patient.complete(token, f"cuff-{uuid4()}", "weight", credentials=NUMBER)
    await said(world, patient, "active", connection_id=UUID(id))
    marker = await paired(patient)
    await said(world, patient, "needs_reauth", connection_id=UUID(marker))
    await shows(patient, marker, "disconnected", "vendor_account")  # so everything before was heard

    assert done.status_code == 200
    answer = await patient.call("GET", "device-connections")
    assert {item["id"] for item in answer.json()["items"]} == {id, marker}
    assert (await patient.progress(id))["state"] == "done"


async def test_connections_follow_their_account(world: World, sync: Sync) -> None:
    patient = world.person()
    id = await paired(patient)
    await said(world, patient, "needs_reauth", connection_id=UUID(id))
    await shows(patient, id, "disconnected", "vendor_account")
    await said(world, patient, "active", connection_id=UUID(id))
    await shows(patient, id, "connected")
    await said(world, patient, "revoked", ended_by="patient", connection_id=UUID(id))
    await shows(patient, id, "revoked")


def test_a_model_is_served_by_the_partner_of_its_maker_alone() -> None:
    assert is_served(PARTNER, EVERYTHING)
    assert not is_served(PARTNER, CUFF)
