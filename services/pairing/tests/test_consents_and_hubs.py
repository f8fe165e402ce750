"""Consents and hubs over HTTP: given, withdrawn, made, removed, and only by those whose they are."""

from typing import Any
from uuid import uuid4

import pytest

from services.pairing.tests.conftest import CUFF, World
from services.pairing.texts import CURRENT, find_text
from tests.support.waiting import until

pytestmark = pytest.mark.integration


async def test_consent_is_given_replaced_withdrawn_and_given_again(world: World) -> None:
    patient, stranger = world.person(), world.person()
    id = await patient.create()
    body = {"device_connection_id": id, "version": CURRENT, "data_kinds": ["weight"], "locale": "de-AT"}

    first = await patient.call("POST", "consents", body)
    second = await patient.call("POST", "consents", {**body, "data_kinds": ["spo2", "glucose", "spo2"]})
    theirs = await stranger.call("POST", f"consents/{second.json()['id']}/revoke")
    withdrawn = await patient.call("POST", f"consents/{second.json()['id']}/revoke")
    state = await world.connection_state(id, consent="revoked")
    again = await patient.call("POST", f"consents/{second.json()['id']}/revoke")
    third = await patient.call("POST", "consents", body)
    page = (await patient.call("GET", f"consents?device_connection_id={id}&limit=2")).json()
    rest = (
        await patient.call("GET", f"consents?device_connection_id={id}&cursor={page['next_cursor']}")
    ).json()

    german = find_text(CURRENT, "de")
    assert german is not None
    assert first.status_code == 201
    assert (first.json()["text_sha256"], first.json()["locale"]) == (german.sha256, "de-AT")
    assert second.json()["data_kinds"] == ["glucose", "spo2"]
    assert theirs.status_code == 404
    assert withdrawn.json()["revoked_at"] == again.json()["revoked_at"]
    assert state.consent_kinds == frozenset()
    shown = page["items"] + rest["items"]
    assert [item["id"] for item in shown] == [third.json()["id"], second.json()["id"], first.json()["id"]]
    assert [item["revoked_at"] is None for item in shown] == [True, False, False]
    await world.connection_state(id, consent="active", consent_kinds=frozenset({"weight"}))
    await world.said(patient, "consent_given")
    await world.audited(first.json()["id"], "consent.give")
    await world.audited(second.json()["id"], "consent.revoke")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"version": "1999-01"}, "consent_required"),
        ({"data_kinds": []}, "consent_required"),
        ({"data_kinds": ["blood_pressure", "ecg"]}, "kind_not_supported"),
        ({"data_kinds": ["mood"]}, "wrong_type"),
        ({"locale": "no locale"}, "wrong_type"),
    ],
)
async def test_consent_that_cannot_be_taken(world: World, change: dict[str, Any], code: str) -> None:
    patient = world.person()
    id = await patient.create(CUFF, "web_bluetooth")
    body = {
        "device_connection_id": id,
        "version": CURRENT,
        "data_kinds": ["blood_pressure"],
        "locale": "en",
        **change,
    }

    answer = await patient.call("POST", "consents", body)

    assert (answer.status_code, answer.json()["code"]) == (422, code)


async def test_consent_texts_are_there_for_everybody_signed_in(world: World) -> None:
    admin = world.person("admin")

    current = (await admin.call("GET", "consent-texts/current?locale=de-DE")).json()
    named = (await admin.call("GET", f"consent-texts/{CURRENT}")).json()
    unknown = await admin.call("GET", "consent-texts/1999-01")

    assert (current["version"], current["locale"]) == (CURRENT, "de")
    assert named["locale"] == "en"
    assert named["text"].startswith("# ")
    assert len(named["sha256"]) == 64
    assert unknown.status_code == 404
    assert (await world.client.get("/api/v1/consent-texts/current")).status_code == 401


async def test_hubs_are_made_listed_and_removed_by_their_owner(world: World) -> None:
    patient, stranger = world.person(), world.person()

    made = await patient.hub()
    listed = (await patient.call("GET", "hubs")).json()
    state = await world.state(f"hub.{made['hub_id']}")
    theirs = [
        await stranger.call("POST", f"hubs/{made['hub_id']}/rotate"),
        await stranger.call("DELETE", f"hubs/{made['hub_id']}"),
        await stranger.call("DELETE", "hubs/hub-000000000000"),
    ]
    denied = await world.audited(made["hub_id"], "hub.rotate", "denied")
    gone = [await patient.call("DELETE", f"hubs/{made['hub_id']}") for _ in range(2)]

    assert set(made["mqtt"]) == {"host", "port", "tls"}
    assert world.mqtt_url == f"mqtt://{made['mqtt']['host']}:{made['mqtt']['port']}"
    assert listed["items"] == [
        {"hub_id": made["hub_id"], "name": "Hallway", "state": "offline", "last_seen": None, "firmware": None}
    ]
    assert state.patient_id == patient.id
    assert made["secret"] not in repr(state)
    assert [answer.status_code for answer in theirs] == [404, 404, 404]
    assert denied["patient_id"] == patient.id
    assert [answer.status_code for answer in gone] == [204, 204]
    assert (await patient.call("GET", "hubs")).json()["items"] == []
    assert (await stranger.call("DELETE", f"hubs/{made['hub_id']}")).status_code == 404
    await world.audited(made["hub_id"], "hub.create")

    async def is_out_of_the_bucket() -> bool:
        return await world.state(f"hub.{made['hub_id']}") is None

    await until(is_out_of_the_bucket)


async def test_an_administrator_sees_every_hub_and_can_end_it_and_its_owner_learns_of_it(
    world: World,
) -> None:
    one, two, admin = world.person(), world.person(), world.person("admin")
    mine, theirs = await one.hub(), await two.hub()

    seen, cursor = [], ""
    while True:
        page = (await admin.call("GET", f"hubs?everybodys=true&limit=2{cursor}")).json()
        seen += page["items"]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    rotated = await admin.call("POST", f"hubs/{mine['hub_id']}/rotate")
    changed = await world.audited(mine["hub_id"], "hub.rotate")
    gone = [await admin.call("DELETE", f"hubs/{theirs['hub_id']}") for _ in range(2)]

    assert {mine["hub_id"], theirs["hub_id"]} <= {hub["hub_id"] for hub in seen}
    assert len(seen) == len({hub["hub_id"] for hub in seen})
    assert set(seen[0]) == {"hub_id", "name", "state", "last_seen", "firmware"}  # not whose it is
    assert rotated.status_code == 200
    assert rotated.json()["secret"] != mine["secret"]
    assert (changed["patient_id"], changed["actor_id"]) == (one.id, str(admin.id))
    assert [answer.status_code for answer in gone] == [204, 204]
    assert (await two.call("GET", "hubs")).json()["items"] == []


@pytest.mark.parametrize("role", ["patient", "caregiver", "clinician"])
async def test_nobody_else_sees_everybodys_hubs_or_changes_them(world: World, role: Any) -> None:
    owner, other = world.person(), world.person(role)
    hub = await owner.hub()

    listed = await other.call("GET", "hubs?everybodys=true")
    rotated = await other.call("POST", f"hubs/{hub['hub_id']}/rotate")
    removed = await other.call("DELETE", f"hubs/{hub['hub_id']}")

    assert (listed.status_code, listed.json()["code"]) == (403, "forbidden_role")
    assert {rotated.status_code, removed.status_code} <= {403, 404}
    assert [item["hub_id"] for item in (await owner.call("GET", "hubs")).json()["items"]] == [hub["hub_id"]]


async def test_a_secret_shown_again_to_the_same_key_rests_sealed(world: World) -> None:
    patient = world.person()
    key = {"idempotency-key": uuid4().hex}

    first = await patient.call("POST", "hubs", {"name": "Attic"}, **key)
    again = await patient.call("POST", "hubs", {"name": "Attic"}, **key)

    assert again.json() == first.json()
    kept = await world.owner.fetchval(
        "SELECT body FROM pairing.idempotency WHERE key = $1", key["idempotency-key"]
    )
    assert first.json()["secret"].encode() not in kept
    digests = await world.owner.fetch(
        "SELECT sha256 FROM pairing.hub_secrets WHERE hub_id = $1", first.json()["hub_id"]
    )
    assert len(digests) == 1
    assert digests[0]["sha256"] != first.json()["secret"]


async def test_who_is_no_patient_has_no_hubs_and_no_consents(world: World) -> None:
    caregiver = world.person("caregiver")

    for method, path, body in (
        ("GET", "hubs", None),
        ("POST", "hubs", {"name": "x"}),
        ("GET", "consents", None),
    ):
        answer = await caregiver.call(method, path, body)
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden_role")
