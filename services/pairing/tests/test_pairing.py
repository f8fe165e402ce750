"""An attempt to pair, from start to complete: tokens, tries, consent, who owns a device, and the way back to an old one."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from chassis.crypto import LocalKeyRing, open_sealed, token_digest
from proto.words import PAIRING_METHODS, PairingMethod
from services.pairing.bluetooth import long_uuid
from services.pairing.steps import STEPS
from services.pairing.tests.conftest import CUFF, EVERYTHING, World
from services.pairing.texts import CURRENT
from tests.support.waiting import until

pytestmark = pytest.mark.integration


def device() -> str:
    return f"AA:BB:{uuid4()}"


@pytest.mark.parametrize("method", [m for m in PAIRING_METHODS if m not in ("hub", "vendor_oauth")])
async def test_every_method_starts_with_its_steps(world: World, method: PairingMethod) -> None:
    patient = world.person()
    id = await patient.create(EVERYTHING, method)
    began = datetime.now(UTC)

    started = (await patient.start(id)).json()

    assert started["method"] == method
    assert [step["id"] for step in started["steps"]] == [step.id for step in STEPS[method]]
    left = datetime.fromisoformat(started["expires_at"]) - began
    assert timedelta(seconds=595) < left < timedelta(seconds=610)
    on_phone = method in ("companion_app", "healthkit", "health_connect")
    assert ("qr" in started, "companion" in started) == (on_phone, on_phone)
    assert ("web_bluetooth" in started) == (method == "web_bluetooth")
    if on_phone:
        assert started["qr"]["payload"] == started["companion"]["deep_link"]
        assert started["pairing_token"] in started["qr"]["payload"]
        assert started["qr"]["svg"].startswith("<svg")
    if method == "web_bluetooth":
        assert {"services": [long_uuid("1810")]} in started["web_bluetooth"]["filters"]
        assert {"namePrefix": "Cuff"} in started["web_bluetooth"]["filters"]
    assert (await patient.progress(id))["state"] == "waiting"


async def test_complete_connects_and_shows_the_token_once(world: World, home: Any) -> None:
    patient = world.person()
    id = await patient.create()
    token = await patient.token(id)
    name = device()

    answer = await patient.complete(
        token, name, "weight", credentials={"key": "0123", "user": "7"}, firmware="1.2.3"
    )

    assert answer.status_code == 200
    done = answer.json()
    assert (done["connection"]["status"], done["connection"]["consent"]["data_kinds"]) == (
        "connected",
        ["weight"],
    )
    state = await world.connection_state(id, status="connected")
    assert state.token_sha256 == token_digest(done["ingest_token"])
    assert state.device_id == name.lower()
    row = await world.owner.fetchrow("SELECT * FROM pairing.device_connections WHERE id = $1", UUID(id))
    assert row is not None
    assert row["firmware"] == "1.2.3"
    assert b"0123" not in row["credentials_encrypted"]
    opened = open_sealed(
        LocalKeyRing(home / "secrets/keys/keyring.json"),
        row["credentials_encrypted"],
        table="pairing.device_connections",
        column="credentials_encrypted",
        row=id,
        patient=str(patient.id),
    )
    assert opened == b'{"key":"0123","user":"7"}'
    kept = await world.owner.fetchval(
        "SELECT row_to_json(s)::text FROM pairing.pairing_sessions s WHERE device_connection_id = $1",
        UUID(id),
    )
    assert token not in kept
    assert (await patient.progress(id))["state"] == "done"
    await world.said(patient, "status", status="connected", device_connection_id=UUID(id))
    await world.audited(id, "pairing.start")
    await world.audited(id, "pairing.complete")


async def test_a_token_works_once(world: World) -> None:
    patient = world.person()
    token = await patient.token(await patient.create())
    name = device()

    answers = [await patient.complete(token, name, "weight") for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 409]
    assert answers[1].json()["code"] == "pairing_used"


async def test_a_lost_answer_is_given_again_to_the_same_key(world: World) -> None:
    patient = world.person()
    token = await patient.token(await patient.create())
    body = {
        "pairing_token": token,
        "device_id": device(),
        "consent": {"version": CURRENT, "data_kinds": ["weight"]},
    }
    key = {"idempotency-key": uuid4().hex}

    first = await patient.call("POST", "device-connections/pair/complete", body, **key)
    again = await patient.call("POST", "device-connections/pair/complete", body, **key)

    assert first.status_code == again.status_code == 200
    assert again.json() == first.json()


async def test_of_many_at_once_one_completes(world: World) -> None:
    patient = world.person()
    token = await patient.token(await patient.create())
    name = device()

    answers = await asyncio.gather(*(patient.complete(token, name, "weight") for _ in range(6)))

    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409, 409, 409]


async def test_of_two_people_one_gets_the_device(world: World) -> None:
    people = [world.person() for _ in range(4)]
    tokens = [await person.token(await person.create()) for person in people]
    name = device()

    answers = await asyncio.gather(
        *(
            person.complete(token, name.upper() if number % 2 else name.lower(), "weight")
            for number, (person, token) in enumerate(zip(people, tokens, strict=True))
        )
    )

    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"already_paired"}


async def test_what_a_token_is_for_is_shown_to_its_person_and_changes_nothing(world: World) -> None:
    patient, other = world.person(), world.person()
    id = await patient.create()
    await patient.consent(id, "weight")
    token = await patient.token(id)

    async def look(who: Any, token: str) -> Any:
        return await who.call("POST", "device-connections/pair/look", {"pairing_token": token})

    seen, foreign, made_up = (
        await look(patient, token),
        await look(other, token),
        await look(patient, "x" * 22),
    )
    done = await patient.complete(token, device())
    used = await look(patient, token)

    assert (seen.status_code, seen.json()["id"], seen.json()["status"]) == (200, id, "pairing")
    assert seen.json()["consent"]["data_kinds"] == ["weight"]
    assert [foreign.status_code, made_up.status_code] == [404, 404]
    assert done.status_code == 200
    assert (used.status_code, used.json()["code"]) == (409, "pairing_used")


async def test_a_new_start_voids_the_token_before(world: World) -> None:
    patient = world.person()
    id = await patient.create()
    first = await patient.token(id)
    second = await patient.token(id)

    old = await patient.complete(first, device(), "weight")
    new = await patient.complete(second, device(), "weight")

    assert (old.status_code, old.json()["code"]) == (410, "pairing_expired")
    assert new.status_code == 200


async def test_an_expired_token_is_410_and_the_connection_goes_on_pairing(world: World) -> None:
    patient = world.person()
    id = await patient.create()
    token = await patient.token(id)
    await world.owner.execute(
        "UPDATE pairing.pairing_sessions SET expires_at = now() WHERE token_sha256 = $1", token_digest(token)
    )

    answer = await patient.complete(token, device(), "weight")
    progress = await patient.progress(id)

    assert (answer.status_code, answer.json()["code"]) == (410, "pairing_expired")
    assert progress["state"] == "expired"
    assert (await patient.connection(id))["status"] == "pairing"

    async def written_down() -> bool:
        return bool(
            await world.owner.fetchval(
                "SELECT state = 'expired' FROM pairing.pairing_sessions WHERE token_sha256 = $1",
                token_digest(token),
            )
        )

    await until(written_down)
    await world.said(patient, "pairing")
    assert (await patient.complete(await patient.token(id), device(), "weight")).status_code == 200


async def test_a_token_in_the_wrong_hands_is_404_and_still_good(world: World) -> None:
    patient, stranger, caregiver = world.person(), world.person(), world.person("caregiver")
    id = await patient.create()
    token = await patient.token(id)

    theirs = await stranger.complete(token, device(), "weight")
    carers = await caregiver.complete(token, device(), "weight")
    unknown = await stranger.complete("x" * 22, device(), "weight")
    mine = await patient.complete(token, device(), "weight")

    assert [answer.status_code for answer in (theirs, carers, unknown, mine)] == [404, 404, 404, 200]
    assert theirs.json()["detail"] == unknown.json()["detail"]
    row = await world.audited(id, "pairing.complete", "denied", stranger.id)
    assert row["patient_id"] == patient.id


@pytest.mark.parametrize(
    ("consent", "code"),
    [
        (None, "consent_required"),
        ({"version": "1999-01", "data_kinds": ["blood_pressure"]}, "consent_required"),
        ({"version": CURRENT, "data_kinds": []}, "consent_required"),
        ({"version": CURRENT, "data_kinds": ["blood_pressure", "weight"]}, "kind_not_supported"),
    ],
)
async def test_no_pairing_without_consent(world: World, consent: Any, code: str) -> None:
    patient = world.person()
    id = await patient.create(CUFF, "web_bluetooth")
    token = await patient.token(id)
    name = device()

    refused = await patient.complete(token, name, **({"consent": consent} if consent else {}))
    accepted = await patient.complete(token, name, "blood_pressure")

    assert (refused.status_code, refused.json()["code"]) == (422, code)
    assert accepted.status_code == 200  # only a success uses the token up


async def test_a_stored_consent_is_enough(world: World) -> None:
    patient = world.person()
    id = await patient.create()
    body = {"device_connection_id": id, "version": CURRENT, "data_kinds": ["spo2"], "locale": "en"}
    consent = (await patient.call("POST", "consents", body)).json()

    answer = await patient.complete(await patient.token(id), device())

    assert answer.status_code == 200
    assert answer.json()["connection"]["consent"]["id"] == consent["id"]


async def test_the_third_failed_try_ends_the_attempt_and_a_new_start_helps(world: World) -> None:
    patient = world.person()
    id = await patient.create()
    token = await patient.token(id)

    tries = [await patient.complete(token, device()) for _ in range(4)]
    failed = await patient.connection(id)
    progress = await patient.progress(id)
    token = await patient.token(id)
    restarted = await patient.connection(id)
    done = await patient.complete(token, device(), "weight")

    assert [answer.status_code for answer in tries] == [422, 422, 422, 410]
    assert (failed["status"], failed["status_reason"]) == ("failed", "too_many_tries")
    assert (progress["state"], progress["error"]) == ("failed", "too_many_tries")
    assert (restarted["status"], restarted["status_reason"]) == ("pairing", None)
    assert done.status_code == 200


async def test_a_connected_device_stays_connected_through_another_attempt(world: World) -> None:
    patient = world.person()
    name = device()
    first = await patient.pair(name)
    id = first["connection"]["id"]
    token = await patient.token(id)

    during = await patient.connection(id)
    tries = [
        await patient.complete(token, name, consent={"version": "x", "data_kinds": []}) for _ in range(3)
    ]
    after = await patient.connection(id)
    again = await patient.complete(await patient.token(id), name)

    assert during["status"] == after["status"] == "connected"
    assert {answer.status_code for answer in tries} == {422}
    assert again.status_code == 200
    assert again.json()["connection"]["id"] == id
    assert again.json()["ingest_token"] != first["ingest_token"]
    await world.connection_state(id, token_sha256=token_digest(again.json()["ingest_token"]))


async def test_somebody_elses_device_is_refused_until_they_give_it_up(world: World) -> None:
    owner, other = world.person(), world.person()
    name = device()
    mine = (await owner.pair(name))["connection"]
    token = await other.token(await other.create())

    unasked = await other.complete(token, name)
    refused = await other.complete(token, name.swapcase(), "weight")
    await owner.call("DELETE", f"device-connections/{mine['id']}")
    accepted = await other.complete(token, name, "weight")

    assert unasked.json()["code"] == "consent_required"  # what is wrong with the request comes first
    assert (refused.status_code, refused.json()["code"]) == (409, "already_paired")
    assert str(owner.id) not in refused.text
    assert accepted.status_code == 200
    assert accepted.json()["connection"]["id"] != mine["id"]


@pytest.mark.parametrize("removed", [True, False])
async def test_the_same_device_again_gets_its_old_id_and_history(world: World, removed: bool) -> None:
    patient = world.person()
    name = device()
    first = await patient.pair(name)
    old = first["connection"]["id"]
    await patient.call("PATCH", f"device-connections/{old}", {"name": "Kitchen"})
    if removed:
        await patient.call("DELETE", f"device-connections/{old}")
    fresh = await patient.create()
    body = {"device_connection_id": fresh, "version": CURRENT, "data_kinds": ["spo2"], "locale": "en"}
    consent = (await patient.call("POST", "consents", body)).json()
    token = await patient.token(fresh)

    answer = await patient.complete(token, name.swapcase())

    assert answer.status_code == 200
    done = answer.json()
    assert done["connection"]["id"] == old
    assert (done["connection"]["status"], done["connection"]["name"]) == ("connected", "Kitchen")
    assert done["connection"]["revoked_at"] is None
    assert done["connection"]["consent"] == {
        "id": consent["id"],
        "version": CURRENT,
        "data_kinds": ["spo2"],
    }
    assert done["ingest_token"].split("_")[1] == UUID(old).hex
    gone = await patient.call("GET", f"device-connections/{fresh}")
    assert gone.status_code == 404
    assert [i["id"] for i in (await patient.call("GET", "device-connections")).json()["items"]] == [old]
    state = await world.connection_state(old, token_sha256=token_digest(done["ingest_token"]))
    assert (state.status, state.consent, state.consent_kinds) == ("connected", "active", frozenset({"spo2"}))

    async def out_of_the_bucket() -> bool:
        return await world.state(fresh) is None

    await until(out_of_the_bucket)
    used = await patient.complete(token, name)
    assert (used.status_code, used.json()["code"]) == (409, "pairing_used")


async def test_a_device_that_another_connection_of_mine_has_leaves_this_one_as_it_is(world: World) -> None:
    patient = world.person()
    first, second = device(), device()
    a = (await patient.pair(first))["connection"]["id"]
    b = (await patient.pair(second))["connection"]["id"]

    answer = await patient.complete(await patient.token(b), first, "weight")

    assert answer.json()["connection"]["id"] == a
    assert (await patient.connection(b))["status"] == "connected"


async def test_progress_is_the_same_after_a_reload(world: World) -> None:
    patient = world.person()
    id = await patient.create()

    nothing = await patient.progress(id)
    await patient.start(id)
    started = [await patient.progress(id) for _ in range(2)]

    assert nothing == {"state": "waiting", "found": [], "expires_at": None}
    assert started[0] == started[1]
    assert started[0]["expires_at"]


async def test_a_removed_connections_token_is_410(world: World) -> None:
    patient = world.person()
    id = await patient.create()
    token = await patient.token(id)
    await patient.call("DELETE", f"device-connections/{id}")

    answer = await patient.complete(token, device(), "weight")

    assert (answer.status_code, answer.json()["code"]) == (410, "pairing_expired")


async def test_reconnect_is_for_devices_on_a_hub(world: World) -> None:
    patient = world.person()
    id = (await patient.pair())["connection"]["id"]

    answer = await patient.call("POST", f"device-connections/{id}/reconnect")

    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")


async def test_an_attempt_that_nobody_finishes_fails_after_a_day(world: World) -> None:
    patient = world.person()
    id = await patient.create()
    await world.owner.execute(
        "UPDATE pairing.device_connections SET pairing_since = now() - interval '25 hours' WHERE id = $1",
        UUID(id),
    )

    await world.said(patient, "status", status="failed", status_reason="pairing_timeout")

    assert (await patient.connection(id))["status"] == "failed"
