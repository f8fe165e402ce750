"""Changing a grant, whom a name means, and the log as it is asked for: by whom, about what, when."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from chassis.clock import now
from proto.state import PermissionState, permission_key
from services.access.tests.conftest import Scene, append, record
from tests.support.waiting import until


async def change(scene: Scene, given: Any, headers: dict[str, str], **wanted: Any) -> Any:
    return await scene.client.patch(f"/api/v1/permissions/{given['id']}", headers=headers, json=wanted)


async def test_a_grant_can_be_narrowed_and_ended_later_and_everybody_learns_of_it(scene: Scene) -> None:
    patient, _ = await scene.person()
    _, friend_name = await scene.person("caregiver")
    mine = scene.headers(patient)
    given = await scene.grant(patient, friend_name, "spo2", "weight")
    end = (now() + timedelta(days=7)).isoformat().replace("+00:00", "Z")

    async with scene.mirror("normalizer", "permissions", PermissionState) as permissions:
        key = permission_key(patient, UUID(given["id"]))
        narrowed = await change(scene, given, mine, data_kinds=["spo2"])
        await until(lambda: (state := permissions.get(key)) and state.kinds == {"spo2"})
        ended = await change(scene, given, mine, until=end)
        await until(lambda: (state := permissions.get(key)) and state.until is not None)
        open_again = await change(scene, given, mine, until=None)
        await until(lambda: (state := permissions.get(key)) and state.until is None)

    assert narrowed.json() == {**given, "data_kinds": ["spo2"]}
    assert ended.json() == {**given, "data_kinds": ["spo2"], "until": end}
    assert open_again.json() == narrowed.json()
    log = await scene.log_of(patient)
    assert [(row["action"], row["data_kinds"], row["other"]) for row in log[:4]] == [
        *[("permission.grant", ["spo2"], f"The caregiver {friend_name}")] * 3,
        ("permission.grant", ["weight", "spo2"], f"The caregiver {friend_name}"),
    ]


async def test_a_change_that_changes_nothing_is_no_row(scene: Scene) -> None:
    patient, _ = await scene.person()
    given = await scene.grant(patient, "caregiver-1", "spo2")
    rows = len(await scene.log_of(patient))

    same = await change(scene, given, scene.headers(patient), data_kinds=["spo2"], until=None)

    assert (same.status_code, same.json()) == (200, given)
    assert len(await scene.log_of(patient)) == rows


async def test_only_who_gave_may_change_and_not_after_taking_it_back(scene: Scene) -> None:
    patient, _ = await scene.person()
    friend, friend_name = await scene.person("caregiver")
    given = await scene.grant(patient, friend_name, "spo2")

    received = await change(scene, given, scene.headers(friend, "caregiver"), data_kinds=["weight"])
    stranger = await change(scene, given, scene.headers("admin-1", "admin"), data_kinds=["weight"])
    past = await change(scene, given, scene.headers(patient), until="2020-01-01T00:00:00Z")
    nothing = await change(scene, given, scene.headers(patient), data_kinds=[])
    await scene.revoke(given, scene.headers(patient))
    late = await change(scene, given, scene.headers(patient), data_kinds=["weight"])

    assert [
        (each.status_code, each.json()["code"]) for each in (received, stranger, past, nothing, late)
    ] == [
        (403, "forbidden_role"),
        (404, "not_found"),
        (422, "out_of_bounds"),
        (422, "wrong_type"),
        (404, "not_found"),
    ]
    denied = [row for row in await scene.log_of(patient) if row["outcome"] == "denied"]
    assert [(row["action"], row["actor"]["role"]) for row in denied] == [
        ("permission.grant", "admin"),
        ("permission.grant", "caregiver"),
    ]


async def test_a_name_is_told_to_a_patient_before_anything_is_shared(scene: Scene) -> None:
    patient, name = await scene.person()
    doctor, doctor_name = await scene.person("clinician")
    path, mine = "/api/v1/permissions/grantees", scene.headers(patient)

    found = await scene.client.post(path, headers=mine, json={"grantee": doctor_name})
    nobody = await scene.client.post(path, headers=mine, json={"grantee": "nobody-here"})
    oneself = await scene.client.post(path, headers=mine, json={"grantee": name})
    no_patient = await scene.client.post(
        path, headers=scene.headers(doctor, "clinician"), json={"grantee": name}
    )

    assert (found.status_code, found.json()) == (
        200,
        {"id": str(doctor), "display_name": f"The clinician {doctor_name}", "role": "clinician"},
    )
    assert [each.status_code for each in (nobody, oneself, no_patient)] == [404, 409, 403]


async def seen(scene: Scene, patient: UUID, **query: Any) -> list[str]:
    answer = await scene.client.get("/api/v1/audit", headers=scene.headers(patient), params=query)
    assert answer.status_code == 200, answer.text
    return [row["object_id"] for row in answer.json()["items"]]


async def test_the_log_narrows_to_whom_what_and_when(scene: Scene) -> None:
    patient, doctor, at = uuid4(), str(uuid4()), now()
    earlier = at - timedelta(days=40)
    await append(
        scene.pool,
        record(patient, object_id="1", actor_id=doctor, ts=earlier),
        record(patient, object_id="2", actor_id="hub:hallway-1", actor_role="hub", action="data.ingest"),
        record(patient, object_id="3", actor_id=str(patient), actor_role="patient", action="data.export"),
        record(patient, object_id="4", actor_id=doctor, action="data.export"),
        record(patient, object_id="5", outcome="denied"),
        record(patient, object_id="6", actor_id="system", actor_role="system", action="permission.grant"),
    )

    assert await seen(scene, patient) == ["6", "5", "4", "3", "2", "1"]
    assert await seen(scene, patient, by="others") == ["5", "4", "1"]
    assert await seen(scene, patient, by="self") == ["3"]
    assert await seen(scene, patient, by="system") == ["6", "2"]
    assert await seen(scene, patient, actor_id=doctor) == ["4", "1"]
    assert await seen(scene, patient, action=["data.export", "data.ingest"]) == ["4", "3", "2"]
    assert await seen(scene, patient, outcome="denied") == ["5"]
    day = (at - timedelta(days=1)).isoformat()
    assert await seen(scene, patient, by="others", **{"from": day}) == ["5", "4"]
    assert await seen(scene, patient, to=day) == ["1"]


async def test_the_summary_names_others_once_and_counts_what_devices_did(scene: Scene) -> None:
    patient, (doctor, doctor_name), (admin, _) = (
        uuid4(),
        await scene.person("clinician"),
        await scene.person(),
    )
    hub = {"actor_id": "hub:hallway-1", "actor_role": "hub", "action": "data.ingest"}
    await append(
        scene.pool,
        *(record(patient, actor_id=str(doctor)) for _ in range(3)),
        record(patient, actor_id=str(admin), actor_role="patient"),
        record(patient, actor_id=str(patient), actor_role="patient"),
        *(record(patient, **hub, ts=now() - timedelta(days=days)) for days in (0, 1, 40)),
    )
    month = {"from": (now() - timedelta(days=30)).isoformat()}
    path, mine = "/api/v1/audit/summary", scene.headers(patient)

    summary = (await scene.client.get(path, headers=mine, params=month)).json()
    whole = (await scene.client.get(path, headers=mine)).json()

    assert [(one["id"], one["role"]) for one in summary["people"]] == [
        (str(admin), "patient"),
        (str(doctor), "clinician"),
    ]
    assert summary["people"][1]["name"] == f"The clinician {doctor_name}"
    assert (summary["routine"], whole["routine"]) == (2, 3)


@pytest.mark.parametrize(
    ("query", "field", "code"),
    [
        ("by=friends", "by", "wrong_type"),
        ("action=data.guess", "action", "wrong_type"),
        ("outcome=perhaps", "outcome", "wrong_type"),
        ("from=yesterday", "from", "wrong_type"),
        ("to=2026-05-01T00:00:00", "to", "timestamp_no_offset"),
    ],
)
async def test_a_question_that_cannot_be_understood_is_named(
    scene: Scene, query: str, field: str, code: str
) -> None:
    answer = await scene.client.get(f"/api/v1/audit?{query}", headers=scene.headers("patient-1"))

    assert (answer.status_code, answer.json()["errors"]) == (422, [{"field": field, "code": code}])


async def test_the_summary_is_the_patients_and_the_admins_alone(scene: Scene) -> None:
    patient, _ = await scene.person()
    friend, _ = await scene.person("caregiver")
    path = f"/api/v1/audit/summary?patient_id={patient}"
    admin = scene.headers("admin-1", "admin")

    stranger = await scene.client.get(path, headers=scene.headers(friend, "caregiver"))

    assert stranger.status_code == 404
    assert (await scene.client.get(path, headers=admin)).status_code == 200
    assert (await scene.client.get("/api/v1/audit/summary", headers=admin)).status_code == 404
    looks = [(row["outcome"], row["object_type"]) for row in (await scene.log_of(patient))[:2]]
    assert looks == [("allowed", "audit_log"), ("denied", "audit_log")]
