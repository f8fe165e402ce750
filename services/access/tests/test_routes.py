"""`me`, `permissions` and `audit` over HTTP, for owners, receivers, strangers, admins and nobody."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from chassis.clock import now
from proto.state import ProfileState
from services.access.tests.conftest import Scene, append, record
from tests.support.waiting import until


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/v1/me"),
        ("PATCH", "/api/v1/me"),
        ("GET", "/api/v1/permissions"),
        ("POST", "/api/v1/permissions"),
        ("POST", "/api/v1/permissions/grantees"),
        ("PATCH", f"/api/v1/permissions/{uuid4()}"),
        ("DELETE", f"/api/v1/permissions/{uuid4()}"),
        ("GET", "/api/v1/audit"),
        ("GET", "/api/v1/audit/summary"),
    ],
)
async def test_nobody_is_told_anything_without_a_token(scene: Scene, method: str, path: str) -> None:
    assert (await scene.client.request(method, path)).status_code == 401


async def test_settings_can_be_changed_and_the_rest_stays(scene: Scene) -> None:
    id, _ = await scene.person(timezone="Europe/Berlin")
    mine = scene.headers(id)

    async with scene.mirror("normalizer", "profiles", ProfileState) as profiles:
        await until(lambda: profiles.get(str(id)))
        await scene.client.patch(
            "/api/v1/me", headers=mine, json={"units": {"glucose": "mmol/L"}, "locale": "de"}
        )
        changed = await scene.client.patch(
            "/api/v1/me", headers=mine, json={"timezone": "Asia/Kathmandu", "units": {"weight": "lb"}}
        )
        await until(lambda: (state := profiles.get(str(id))) and state.timezone == "Asia/Kathmandu")

    assert changed.json()["timezone"] == "Asia/Kathmandu"
    assert changed.json()["units"] == {"glucose": "mmol/L", "weight": "lb", "temperature": "C"}
    assert changed.json() == (await scene.client.get("/api/v1/me", headers=mine)).json()
    assert (changed.json()["locale"], changed.json()["env"]) == ("de", "development")


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"timezone": "Middle/Earth"}, "timezone", "wrong_type"),
        ({"units": {"glucose": "stone"}}, "units.glucose", "wrong_type"),
        ({"units": {"height": "m"}}, "units.height", "unknown_field"),
        ({"locale": "?"}, "locale", "wrong_type"),
        ({"roles": ["admin"]}, "roles", "unknown_field"),
    ],
)
async def test_wrong_settings_are_named(scene: Scene, change: dict[str, Any], field: str, code: str) -> None:
    id, _ = await scene.person()

    wrong = await scene.client.patch("/api/v1/me", headers=scene.headers(id), json=change)

    assert (wrong.status_code, wrong.json()["errors"]) == (422, [{"field": field, "code": code}])


async def test_changed_settings_are_in_the_log_by_name_and_only_when_they_changed(scene: Scene) -> None:
    id, _ = await scene.person()
    mine = scene.headers(id)

    for _ in range(2):
        await scene.client.patch("/api/v1/me", headers=mine, json={"timezone": "Asia/Tokyo", "locale": "de"})

    log = await scene.log_of(id)
    assert [(row["action"], row["object_type"]) for row in log] == [
        ("profile.change", "profile"),
        ("session.sign_in", "profile"),
    ]
    query = "SELECT details::text FROM access.audit_logs WHERE id = $1"
    assert await scene.pool.fetchval(query, UUID(log[0]["id"])) == '{"changed": ["timezone", "locale"]}'


async def test_a_token_of_an_account_that_is_gone_must_sign_in_again(scene: Scene) -> None:
    gone = scene.headers(uuid4())

    assert (await scene.client.get("/api/v1/me", headers=gone)).status_code == 401
    body = {"grantee": "caregiver-1", "data_kinds": ["spo2"]}
    assert (await scene.client.post("/api/v1/permissions", headers=gone, json=body)).status_code == 401


async def test_a_grant_shows_on_both_sides_until_it_is_taken_back(scene: Scene) -> None:
    patient, patient_name = await scene.person()
    friend, friend_name = await scene.person("caregiver")
    mine, theirs = scene.headers(patient), scene.headers(friend, "caregiver")
    until_ = (now() + timedelta(days=1)).isoformat()

    given = await scene.grant(patient, friend_name, "spo2", "weight", "spo2", until=until_)
    granted = (await scene.client.get("/api/v1/permissions", headers=mine)).json()["items"]
    received = (await scene.client.get("/api/v1/permissions?received=true", headers=theirs)).json()["items"]

    assert granted == [given]
    assert (given["grantee"], given["patient_id"]) == (str(friend), str(patient))
    assert given["data_kinds"] == ["weight", "spo2"]
    assert given["display_name"] == f"The caregiver {friend_name}"
    assert (given["role"], given["timezone"]) == ("caregiver", None)
    theirs_of_it = {"display_name": f"The patient {patient_name}", "role": "patient", "timezone": "UTC"}
    assert received == [{**given, **theirs_of_it}]

    assert [await scene.revoke(given, mine) for _ in range(2)] == [204, 204]
    assert (await scene.client.get("/api/v1/permissions", headers=mine)).json()["items"] == []
    assert (await scene.client.get("/api/v1/permissions?received=true", headers=theirs)).json()["items"] == []
    log = await scene.log_of(patient)
    assert [row["action"] for row in log] == ["permission.revoke", "permission.grant", "session.sign_in"]
    assert (log[0]["object_id"], log[0]["actor"]["name"]) == (given["id"], f"The patient {patient_name}")


async def test_a_grantee_may_be_named_by_id(scene: Scene) -> None:
    patient, _ = await scene.person()
    friend, _ = await scene.person("patient")

    assert (await scene.grant(patient, str(friend), "spo2"))["grantee"] == str(friend)


async def test_others_cannot_take_a_grant_back_and_the_owner_sees_that_they_tried(scene: Scene) -> None:
    patient, _ = await scene.person()
    friend, friend_name = await scene.person("patient")
    stranger, _ = await scene.person("clinician")
    given = await scene.grant(patient, friend_name, "spo2")

    assert await scene.revoke(given, scene.headers(friend)) == 403
    assert [await scene.revoke(given, scene.headers(stranger, "clinician")) for _ in range(3)] == [
        404,
        404,
        404,
    ]
    assert await scene.revoke(given, scene.headers("admin-1", "admin")) == 404
    assert await scene.revoke({"id": str(uuid4())}, scene.headers(stranger, "clinician")) == 404
    assert await scene.revoke({"id": "x"}, scene.headers(patient)) == 404

    denied = [row for row in await scene.log_of(patient) if row["outcome"] == "denied"]
    assert [(row["action"], row["actor"]["role"], row["object_id"]) for row in denied] == [
        ("permission.revoke", role, given["id"]) for role in ("admin", "clinician", "patient")
    ]
    assert (await scene.client.get("/api/v1/permissions", headers=scene.headers(patient))).json()["items"]


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"grantee": "nobody-here"}, 404, "not_found"),
        ({"grantee": str(uuid4())}, 404, "not_found"),
        ({"data_kinds": []}, 422, "wrong_type"),
        ({"data_kinds": ["mood"]}, 422, "wrong_type"),
        ({"until": "2020-01-01T00:00:00Z"}, 422, "out_of_bounds"),
        ({"until": "2030-01-01T00:00:00"}, 422, "timestamp_no_offset"),
        ({"mood": 1}, 422, "unknown_field"),
    ],
)
async def test_bad_grants_are_refused(scene: Scene, change: dict[str, Any], status: int, code: str) -> None:
    patient, _ = await scene.person()
    body = {"grantee": "caregiver-1", "data_kinds": ["spo2"], **change}

    answer = await scene.client.post("/api/v1/permissions", headers=scene.headers(patient), json=body)

    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_one_cannot_grant_to_oneself_nor_without_being_a_patient(scene: Scene) -> None:
    patient, name = await scene.person()
    body = {"grantee": name, "data_kinds": ["spo2"]}
    nobody = scene.headers("clinician-1", "clinician")

    self_ = await scene.client.post("/api/v1/permissions", headers=scene.headers(patient), json=body)
    other = await scene.client.post("/api/v1/permissions", headers=nobody, json=body)
    listed = await scene.client.get("/api/v1/permissions", headers=nobody)

    assert (self_.status_code, self_.json()["code"]) == (409, "conflict")
    assert [(each.status_code, each.json()["code"]) for each in (other, listed)] == [
        (403, "forbidden_role")
    ] * 2


async def test_the_same_key_grants_once(scene: Scene) -> None:
    patient, _ = await scene.person()
    headers = {**scene.headers(patient), "idempotency-key": "k1"}
    body = {"grantee": "caregiver-1", "data_kinds": ["spo2"]}

    first = await scene.client.post("/api/v1/permissions", headers=headers, json=body)
    again = await scene.client.post("/api/v1/permissions", headers=headers, json=body)
    other = await scene.client.post(
        "/api/v1/permissions", headers=headers, json={**body, "data_kinds": ["weight"]}
    )

    assert first.json() == again.json()
    assert again.headers["idempotency-replayed"] == "true"
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_mismatch")


@pytest.mark.parametrize(
    "path", ["/api/v1/permissions", "/api/v1/permissions?received=true", "/api/v1/audit"]
)
async def test_lists_come_whole_in_pages(scene: Scene, path: str) -> None:
    patient, name = await scene.person()
    other, other_name = await scene.person()
    for _ in range(3):
        await scene.grant(patient, other_name, "spo2")
        await scene.grant(other, name, "spo2")
    mine, sign = scene.headers(patient), "&" if "?" in path else "?"

    whole = (await scene.client.get(path, headers=mine)).json()
    pages: list[Any] = []
    rest: str | None = ""
    while rest is not None:
        page = (await scene.client.get(f"{path}{sign}limit=2{rest}", headers=mine)).json()
        assert 1 <= len(page["items"]) <= 2
        pages += page["items"]
        rest = page["next_cursor"] and f"&cursor={page['next_cursor']}"

    assert (pages, whole["next_cursor"]) == (whole["items"], None)
    assert len(pages) >= 3
    times = [row.get("at") or row["created_at"] for row in pages]
    assert times == sorted(times, reverse=True)


@pytest.mark.parametrize(
    ("query", "code", "field"),
    [
        ("limit=0", "out_of_bounds", "limit"),
        ("limit=1001", "out_of_bounds", "limit"),
        ("limit=x", "wrong_type", "limit"),
        ("cursor=x", "wrong_type", "cursor"),
        ("patient_id=x", "wrong_type", "patient_id"),
    ],
)
async def test_bad_queries_are_named(scene: Scene, query: str, code: str, field: str) -> None:
    answer = await scene.client.get(f"/api/v1/audit?{query}", headers=scene.headers("patient-1"))

    assert (answer.status_code, answer.json()["errors"]) == (422, [{"field": field, "code": code}])


async def test_the_log_is_the_patients_and_the_admins(scene: Scene) -> None:
    patient, _ = await scene.person()
    path = f"/api/v1/audit?patient_id={patient}"
    admin = scene.headers("admin-1", "admin")

    assert (await scene.client.get(path, headers=scene.headers(patient))).status_code == 200
    assert (await scene.client.get(path, headers=admin)).status_code == 200
    log = await scene.log_of(patient)
    seen = log[0]
    assert (seen["action"], seen["object_type"], seen["actor"]["name"]) == (
        "data.read",
        "audit_log",
        "Admin One",
    )
    everything = await scene.client.get("/api/v1/audit?limit=1000", headers=admin)
    assert {row["id"] for row in log} <= {row["id"] for row in everything.json()["items"]}


@pytest.mark.parametrize("role", ["patient", "caregiver", "clinician"])
async def test_others_get_nothing_of_it_and_the_patient_sees_that_they_asked(scene: Scene, role: str) -> None:
    patient, _ = await scene.person()
    other, other_name = await scene.person(role)
    await scene.grant(patient, other_name, "spo2")  # readings, not the log
    theirs = scene.headers(other, role)

    foreign = [
        await scene.client.get(f"/api/v1/audit?patient_id={patient}", headers=theirs) for _ in range(3)
    ]
    unknown = await scene.client.get(f"/api/v1/audit?patient_id={uuid4()}", headers=theirs)

    assert {answer.status_code for answer in (*foreign, unknown)} == {404}
    assert foreign[0].json()["detail"] == unknown.json()["detail"]
    denied = [row for row in await scene.log_of(patient) if row["outcome"] == "denied"]
    assert [(row["actor"]["id"], row["actor"]["name"], row["object_type"]) for row in denied] == [
        (str(other), f"The {role} {other_name}", "audit_log")
    ]


async def test_without_a_patient_only_patients_and_admins_have_a_log(scene: Scene) -> None:
    for role in ("caregiver", "clinician"):
        other, _ = await scene.person(role)
        assert (
            await scene.client.get("/api/v1/audit", headers=scene.headers(other, role))
        ).status_code == 404


async def test_devices_and_hubs_have_neutral_names(scene: Scene) -> None:
    patient, _ = await scene.person()
    await append(
        scene.pool,
        record(patient, actor_id="hub:hallway-1", actor_role="hub", action="data.ingest"),
        record(patient, actor_id=f"connection:{uuid4()}", actor_role="device", action="data.ingest"),
        record(patient, actor_id=str(uuid4())),
    )

    names = {row["actor"]["role"]: row["actor"]["name"] for row in (await scene.log_of(patient))[:3]}

    assert names == {"hub": "Home hub", "device": "Paired device", "clinician": "Unknown account"}
