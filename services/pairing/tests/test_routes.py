"""Connections over HTTP, as the owner, a stranger, nobody, a caregiver, a clinician and an admin see them."""

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest

from chassis.config import load
from chassis.db import Database
from proto.access import ALL_KINDS
from proto.state import ConnectionsEntry
from services.pairing.changes import shadow
from services.pairing.settings import Settings
from services.pairing.tests.conftest import CUFF, EVERYTHING, World
from services.pairing.texts import CURRENT

pytestmark = pytest.mark.integration


async def test_a_connection_is_created_and_told(world: World) -> None:
    patient = world.person()

    answer = await patient.call(
        "POST",
        "device-connections/create",
        {"device_model_id": str(EVERYTHING.id), "pairing_method": "simulated"},
    )

    assert answer.status_code == 201
    made = answer.json()
    assert set(made) == {
        *("id", "patient_id", "device_model_id", "name", "device_type", "pairing_method", "hub_id", "status"),
        *("status_reason", "last_sync_at", "last_reading_at", "battery_pct", "consent", "created_at", "revoked_at"),
    }  # fmt: skip
    assert (made["status"], made["consent"], made["name"]) == ("pairing", None, "Everything")
    assert made["patient_id"] == str(patient.id)
    state = await world.connection_state(made["id"])
    assert (state.status, state.consent, state.token_sha256) == ("pairing", "missing", None)
    await world.said(patient, "status", device_connection_id=UUID(made["id"]), status="pairing")
    await world.audited(made["id"], "connection.create")


@pytest.mark.parametrize(
    ("body", "status", "code", "field"),
    [
        ({"device_model_id": str(uuid4()), "pairing_method": "hub"}, 404, "not_found", "device_model_id"),
        ({"device_model_id": str(CUFF.id), "pairing_method": "manual"}, 422, "wrong_type", "pairing_method"),
        ({"device_model_id": str(CUFF.id), "pairing_method": "magic"}, 422, "wrong_type", "pairing_method"),
        ({"device_model_id": str(CUFF.id), "pairing_method": "hub"}, 422, "missing_field", "hub_id"),
        ({"device_model_id": "x", "pairing_method": "hub"}, 422, "wrong_type", "device_model_id"),
        ({"pairing_method": "hub"}, 422, "missing_field", "device_model_id"),
        ({"device_model_id": str(CUFF.id), "pairing_method": "hub", "status": "connected"}, 422, "unknown_field", "status"),
        (
            {"device_model_id": str(CUFF.id), "pairing_method": "web_bluetooth", "hub_id": "hub-x"},
            422,
            "wrong_type",
            "hub_id",
        ),
    ],
)  # fmt: skip
async def test_what_cannot_be_created(
    world: World, body: dict[str, Any], status: int, code: str, field: str
) -> None:
    answer = await world.person().call("POST", "device-connections/create", body)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.json()["errors"] == [{"field": field, "code": code}]
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_hub_is_chosen_when_there_is_one_and_named_when_there_are_two(world: World) -> None:
    patient, stranger = world.person(), world.person()
    first = await patient.hub()
    foreign = await stranger.hub()

    alone = await patient.connection(await patient.create(CUFF, "hub"))
    second = await patient.hub()
    body = {"device_model_id": str(CUFF.id), "pairing_method": "hub"}
    unclear = await patient.call("POST", "device-connections/create", body)
    named = await patient.connection(await patient.create(CUFF, "hub", hub_id=second["hub_id"]))
    theirs = await patient.call("POST", "device-connections/create", {**body, "hub_id": foreign["hub_id"]})

    assert alone["hub_id"] == first["hub_id"]
    assert (unclear.status_code, unclear.json()["code"]) == (422, "missing_field")
    assert named["hub_id"] == second["hub_id"]
    assert (theirs.status_code, theirs.json()["code"]) == (404, "not_found")


async def test_the_same_key_creates_once(world: World) -> None:
    patient = world.person()
    body = {"device_model_id": str(EVERYTHING.id), "pairing_method": "simulated"}
    key = {"idempotency-key": uuid4().hex}

    first = await patient.call("POST", "device-connections/create", body, **key)
    again = await patient.call("POST", "device-connections/create", body, **key)
    other = await patient.call(
        "POST", "device-connections/create", {**body, "pairing_method": "manual"}, **key
    )

    assert again.json() == first.json()
    assert again.headers["idempotency-replayed"] == "true"
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_mismatch")
    assert len((await patient.call("GET", "device-connections")).json()["items"]) == 1


ROUTES = [
    ("GET", "device-connections/{id}", None),
    ("GET", "device-connections/{id}/pairing", None),
    ("PATCH", "device-connections/{id}", {"name": "Mine"}),
    ("DELETE", "device-connections/{id}", None),
    ("POST", "device-connections/{id}/reconnect", None),
    ("POST", "device-connections/pair/start", {"device_connection_id": "{id}"}),
    (
        "POST",
        "consents",
        {"device_connection_id": "{id}", "version": CURRENT, "data_kinds": ["weight"], "locale": "en"},
    ),
]


def filled(body: Any, id: str) -> Any:
    if body is None:
        return None
    return {name: id if value == "{id}" else value for name, value in body.items()}


@pytest.mark.parametrize(("method", "path", "body"), ROUTES)
async def test_a_stranger_and_an_admin_see_nothing_and_nobody_is_401(
    world: World, method: str, path: str, body: Any
) -> None:
    owner = world.person()
    id = (await owner.pair())["connection"]["id"]

    for person in (world.person(), world.person("admin"), world.person("clinician")):
        theirs = await person.call(method, path.format(id=id), filled(body, id))
        unknown = await person.call(method, path.format(id=uuid4()), filled(body, str(uuid4())))
        assert theirs.status_code == unknown.status_code == 404
        same = ("type", "title", "status", "detail", "code", "errors")
        assert [theirs.json()[name] for name in same] == [unknown.json()[name] for name in same]
        assert (await world.audited(id, DENIED[method, path], "denied", person.id))["patient_id"] == owner.id

    anonymous = await world.client.request(method, f"/api/v1/{path.format(id=id)}")
    assert (anonymous.status_code, anonymous.json()["code"]) == (401, "unauthenticated")
    assert (await owner.connection(id))["status"] == "connected"


DENIED = {
    (ROUTES[0][0], ROUTES[0][1]): "data.read",
    (ROUTES[1][0], ROUTES[1][1]): "data.read",
    (ROUTES[2][0], ROUTES[2][1]): "connection.create",
    (ROUTES[3][0], ROUTES[3][1]): "connection.revoke",
    (ROUTES[4][0], ROUTES[4][1]): "pairing.start",
    (ROUTES[5][0], ROUTES[5][1]): "pairing.start",
    (ROUTES[6][0], ROUTES[6][1]): "consent.give",
}


@pytest.mark.parametrize(("method", "path", "body"), ROUTES)
async def test_a_caregiver_with_a_grant_reads_and_may_change_nothing(
    world: World, method: str, path: str, body: Any
) -> None:
    owner, caregiver = world.person(), world.person("caregiver")
    id = (await owner.pair())["connection"]["id"]
    await world.grant(owner, caregiver, "blood_pressure")

    answer = await caregiver.call(method, path.format(id=id), filled(body, id))

    if method == "GET":
        assert answer.status_code == 200
    else:
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden_role")
        await world.audited(id, DENIED[method, path], "denied")
    assert (await owner.connection(id))["status"] == "connected"


async def test_a_caregivers_look_is_audited_and_ends_with_consent(world: World) -> None:
    owner, caregiver = world.person(), world.person("caregiver")
    id = (await owner.pair())["connection"]["id"]
    await world.grant(owner, caregiver, "blood_pressure")

    seen = await caregiver.call("GET", f"device-connections/{id}")
    listed = await caregiver.call("GET", "device-connections")
    consent_id = seen.json()["consent"]["id"]
    withdrawn = await owner.call("POST", f"consents/{consent_id}/revoke")
    after = await caregiver.call("GET", f"device-connections/{id}")
    list_after = await caregiver.call("GET", f"device-connections?patient_id={owner.id}")

    assert seen.status_code == 200
    assert [item["id"] for item in listed.json()["items"]] == [id]
    assert withdrawn.status_code == 200
    assert withdrawn.json()["revoked_at"]
    assert (after.status_code, after.json()["code"]) == (404, "not_found")
    assert list_after.json()["items"] == []
    mine = await owner.connection(id)
    assert (mine["status"], mine["consent"]) == ("connected", None)
    looked = await world.audited(id, "data.read")
    assert (looked["actor_id"], looked["patient_id"]) == (str(caregiver.id), owner.id)


async def test_a_grant_for_other_kinds_does_not_show_the_device(world: World) -> None:
    owner, caregiver = world.person(), world.person("caregiver")
    connection_id = await owner.create(CUFF, "web_bluetooth")
    await owner.complete(await owner.token(connection_id), f"cuff-{uuid4()}", "blood_pressure")
    await world.grant(owner, caregiver, "weight")

    alone = await caregiver.call("GET", f"device-connections/{connection_id}")
    listed = await caregiver.call("GET", f"device-connections?patient_id={owner.id}")

    assert alone.status_code == 404
    assert listed.json()["items"] == []


async def test_only_patients_create_and_only_for_themselves(world: World) -> None:
    owner, stranger = world.person(), world.person()
    caregiver, admin = world.person("caregiver"), world.person("admin")
    await world.grant(owner, caregiver, "weight")
    body = {"device_model_id": str(EVERYTHING.id), "pairing_method": "simulated"}
    for_owner = {**body, "patient_id": str(owner.id)}

    answers = [
        await person.call("POST", "device-connections/create", sent)
        for person, sent in (
            (owner, for_owner),
            (stranger, for_owner),
            (caregiver, for_owner),
            (caregiver, body),
            (admin, body),
        )
    ]

    assert [answer.status_code for answer in answers] == [201, 404, 403, 403, 403]
    row = await world.audited(str(owner.id), "connection.create", "denied")
    assert row["patient_id"] == owner.id


async def test_lists_are_paged_and_leave_out_what_was_removed(world: World) -> None:
    patient = world.person()
    ids = [await patient.create() for _ in range(3)]
    await patient.call("DELETE", f"device-connections/{ids[1]}")

    first = (await patient.call("GET", "device-connections?limit=1")).json()
    second = (await patient.call("GET", f"device-connections?limit=1&cursor={first['next_cursor']}")).json()
    everything = (await patient.call("GET", "device-connections?include_revoked=true")).json()

    assert [item["id"] for item in first["items"] + second["items"]] == [ids[0], ids[2]]
    assert second["next_cursor"] is None
    assert [item["id"] for item in everything["items"]] == ids
    for query in ("limit=0", "limit=1001", "limit=x", "cursor=x", "patient_id=x", "include_revoked=x"):
        answer = await patient.call("GET", f"device-connections?{query}")
        assert answer.status_code == 422, query
        assert answer.json()["errors"][0]["field"] == query.split("=")[0]


async def test_malformed_ids_are_404(world: World) -> None:
    patient = world.person()

    for path in ("device-connections/x", "device-connections/x/pairing", "consents/x/revoke"):
        method = "POST" if path.endswith("revoke") else "GET"
        assert (await patient.call(method, path)).status_code == 404


async def test_a_device_is_renamed_and_told(world: World) -> None:
    patient = world.person()
    id = await patient.create()

    renamed = await patient.call("PATCH", f"device-connections/{id}", {"name": "Kitchen cuff"})
    empty = await patient.call("PATCH", f"device-connections/{id}", {"name": ""})
    control = await patient.call("PATCH", f"device-connections/{id}", {"name": "a\0b"})
    more = await patient.call("PATCH", f"device-connections/{id}", {"name": "x", "status": "connected"})

    assert renamed.json()["name"] == "Kitchen cuff"
    assert [answer.json()["code"] for answer in (empty, control, more)] == [
        "wrong_type",
        "wrong_type",
        "unknown_field",
    ]
    await world.said(patient, "renamed")
    await world.connection_state(id, name="Kitchen cuff")


async def test_removing_ends_consent_keeps_the_token_recognised_and_may_be_repeated(world: World) -> None:
    patient = world.person()
    done = await patient.pair()
    id = done["connection"]["id"]

    gone = [await patient.call("DELETE", f"device-connections/{id}") for _ in range(2)]
    after = await patient.connection(id)
    restart = await patient.start(id)
    consent = await patient.call(
        "POST",
        "consents",
        {"device_connection_id": id, "version": CURRENT, "data_kinds": ["weight"], "locale": "en"},
    )

    assert [answer.status_code for answer in gone] == [204, 204]
    assert (after["status"], after["consent"]) == ("revoked", None)
    assert after["revoked_at"]
    state = await world.connection_state(id, status="revoked")
    assert (state.consent, state.consent_kinds) == ("revoked", frozenset())
    assert state.token_sha256
    assert (restart.status_code, restart.json()["code"]) == (409, "conflict")
    assert (consent.status_code, consent.json()["code"]) == (409, "conflict")
    await world.said(patient, "status", status="revoked")
    await world.audited(id, "connection.revoke")
    revoked = await world.owner.fetchval(
        "SELECT count(*) FROM access.audit_logs WHERE action = 'consent.revoke' AND patient_id = $1",
        patient.id,
    )
    assert revoked == 1


async def test_erasing_is_asked_for_once_also_later(world: World) -> None:
    patient = world.person()
    id = (await patient.pair())["connection"]["id"]

    await patient.call("DELETE", f"device-connections/{id}")
    await patient.call("DELETE", f"device-connections/{id}?erase=true")
    await world.said(patient, "erased", device_connection_id=UUID(id))
    version = (await world.connection_state(id)).version
    again = await patient.call("DELETE", f"device-connections/{id}?erase=true")

    assert again.status_code == 204
    assert (await world.connection_state(id)).version == version


async def test_the_model_has_every_kind(world: World) -> None:
    patient = world.person()
    id = await patient.create()

    answer = await patient.complete(await patient.token(id), f"sim-{uuid4()}", *sorted(ALL_KINDS))

    assert frozenset(answer.json()["connection"]["consent"]["data_kinds"]) == ALL_KINDS


async def test_the_bucket_can_be_filled_again_from_the_tables(
    world: World, service_environ: Callable[[str], dict[str, str]]
) -> None:
    patient = world.person()
    done = await patient.pair()
    hub = await patient.hub()
    db = Database(load(Settings, service_environ("pairing")), "pairing")
    await db.start()

    rows = dict(await shadow(db))

    await db.stop()
    id = done["connection"]["id"]
    connection = msgspec.json.decode(rows[id], type=ConnectionsEntry)
    known = msgspec.json.decode(rows[f"hub.{hub['hub_id']}"], type=ConnectionsEntry)
    assert connection == await world.connection_state(id, status="connected")
    assert known == await world.state(f"hub.{hub['hub_id']}")


async def test_the_schema_names_every_address(world: World) -> None:
    headers = world.person().headers
    document = (await world.client.get("/schema/openapi.json", headers=headers)).json()

    assert {
        *("/api/v1/device-connections", "/api/v1/device-connections/create"),
        *("/api/v1/device-connections/pair/start", "/api/v1/device-connections/pair/complete"),
        *("/api/v1/device-connections/{connection_id}", "/api/v1/device-connections/{connection_id}/pairing"),
        *("/api/v1/device-connections/pair/look", "/api/v1/device-connections/{connection_id}/reconnect"),
        *("/api/v1/hubs", "/api/v1/hubs/{hub_id}", "/api/v1/hubs/{hub_id}/rotate"),
        *("/api/v1/consents", "/api/v1/consents/{consent_id}/revoke"),
        *("/api/v1/consent-texts/current", "/api/v1/consent-texts/{version}"),
    } == set(document["paths"])
