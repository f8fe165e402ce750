"""The gateway's side door: who comes in, as whom, and what an identity provider may change later."""

import asyncio
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from litestar.testing import AsyncTestClient

from proto.state import ProfileState
from services.access.app import create_app
from services.access.domain import DEMO_USERS, demo_id
from services.access.tests.conftest import Scene
from tests.support.waiting import until


@pytest.mark.parametrize("demo", DEMO_USERS, ids=lambda demo: demo.name)
async def test_the_demo_sign_ins_exist(scene: Scene, demo: Any) -> None:
    me = (await scene.client.get("/api/v1/me", headers=scene.headers(demo.name, demo.role))).json()

    assert me["user_id"] == str(demo_id(demo.name))
    assert me["timezone"] == demo.timezone
    assert me["roles"] == [demo.role]
    assert (me["patient_id"] is not None) == (demo.role == "patient")


async def test_a_demo_patient_is_made_when_it_first_signs_in(scene: Scene) -> None:
    """As the gateway says it: what the provider did not tell is null."""
    body = {
        "issuer": scene.settings.oidc_issuer,
        "subject": str(demo_id("sim-000042")),
        "sign_in_name": "sim-000042",
        "display_name": "Simulated Patient 000042",
        "roles": ["patient"],
        "timezone": None,
        "locale": None,
    }

    first, twin = await asyncio.gather(scene.sign_in(**body), scene.sign_in(**body))

    assert first.json() == twin.json()
    assert first.json()["user_id"] == first.json()["patient_id"] == str(demo_id("sim-000042"))


async def test_a_demo_sign_in_stays_the_same_user_when_its_provider_moves(scene: Scene) -> None:
    me = str(demo_id("clinician-1"))
    body = {
        "subject": me,
        "sign_in_name": "clinician-1",
        "display_name": "Clinician One",
        "roles": ["clinician"],
    }

    moved = await scene.sign_in(issuer="http://127.0.0.1:1", **body)

    assert (moved.status_code, moved.json()["user_id"]) == (200, me)


async def test_the_same_identity_is_the_same_user_and_a_new_one_is_not(scene: Scene) -> None:
    one, name = await scene.person(timezone="Europe/Berlin", locale="de_DE")
    same = await scene.sign_in(
        issuer="https://id.example",
        subject=name,
        sign_in_name=name,
        display_name="New Name",
        roles=["patient"],
    )
    me = (await scene.client.get("/api/v1/me", headers=scene.headers(one))).json()

    assert same.json()["user_id"] == str(one)
    assert (me["display_name"], me["timezone"], me["locale"]) == ("New Name", "Europe/Berlin", "de-DE")
    assert one.version == 7


async def test_an_account_is_not_taken_over_by_its_name(scene: Scene) -> None:
    one, name = await scene.person()
    body = {
        "issuer": "https://elsewhere",
        "subject": "x",
        "sign_in_name": name,
        "display_name": "X",
        "roles": ["admin"],
    }

    answer = await scene.sign_in(**body)

    assert (answer.status_code, answer.json()["code"]) == (409, "duplicate")
    assert (await scene.client.get("/api/v1/me", headers=scene.headers(one))).json()["roles"] == ["patient"]


async def test_a_name_that_is_taken_does_not_lock_its_second_owner_out(scene: Scene) -> None:
    _, taken = await scene.person()
    two, name = await scene.person("caregiver")

    again = await scene.sign_in(
        issuer="https://id.example", subject=name, sign_in_name=taken, display_name="B", roles=["caregiver"]
    )

    assert again.json()["user_id"] == str(two)


async def test_roles_follow_the_provider_and_a_new_patient_is_known_to_others(scene: Scene) -> None:
    user, name = await scene.person("caregiver")

    async with scene.mirror("normalizer", "profiles", ProfileState) as profiles:
        answer = await scene.sign_in(
            issuer="https://id.example", subject=name, sign_in_name=name, display_name="C",
            roles=["patient", "caregiver"],
        )  # fmt: skip
        await until(lambda: profiles.get(str(user)))

    assert answer.json()["patient_id"] == str(user)
    rows = await scene.log_of(user)
    assert [(row["action"], row["object_type"], row["actor"]["role"]) for row in rows] == [
        ("session.sign_in", "profile", "caregiver")
    ]


async def test_a_sign_in_that_changes_nothing_writes_nothing(scene: Scene) -> None:
    user, name = await scene.person()
    before = await scene.pool.fetchrow("SELECT * FROM access.profiles WHERE user_id = $1", user)

    await scene.sign_in(
        issuer="https://id.example", subject=name, sign_in_name=name, display_name=f"The patient {name}",
        roles=["patient"],
    )  # fmt: skip

    assert await scene.pool.fetchrow("SELECT * FROM access.profiles WHERE user_id = $1", user) == before
    assert len(await scene.log_of(user)) == 1


@pytest.mark.parametrize("secret", ["", "wrong", "ünï"])
async def test_the_side_door_needs_the_shared_secret(scene: Scene, secret: str) -> None:
    name = uuid4().hex
    body = {"issuer": "i", "subject": name, "sign_in_name": name, "display_name": "N", "roles": ["admin"]}

    headers = {b"x-internal-token": secret.encode()} if secret else {}
    answer = await scene.client.post("/internal/sign-in", headers=headers, json=body)

    assert answer.status_code == 401
    assert not await scene.pool.fetchval("SELECT count(*) FROM access.profiles WHERE sign_in_name = $1", name)


async def test_a_users_token_does_not_open_the_side_door(scene: Scene) -> None:
    answer = await scene.client.post(
        "/internal/sign-in", headers=scene.headers("admin-1", "admin"), json={"issuer": "i"}
    )

    assert answer.status_code == 401


@pytest.mark.parametrize(
    "change",
    [{"roles": []}, {"roles": ["king"]}, {"sign_in_name": ""}, {"display_name": "a\u0000b"}, {"subject": ""}],
)
async def test_nobody_comes_in_without_role_name_or_identity(scene: Scene, change: dict[str, Any]) -> None:
    name = uuid4().hex
    body = {"issuer": "i", "subject": name, "sign_in_name": name, "display_name": "N", "roles": ["patient"]}

    assert (await scene.sign_in(**{**body, **change})).status_code == 422


async def test_starting_again_changes_nothing_and_what_was_taken_back_stays_so(
    scene: Scene, service_environ: Callable[[str], dict[str, str]]
) -> None:
    query = "SELECT * FROM access.permissions WHERE patient_id = $1 ORDER BY id"
    patient = demo_id("patient-2")
    mine = scene.headers(patient)
    granted = (await scene.client.get("/api/v1/permissions", headers=mine)).json()["items"]
    assert [(row["grantee"], row["until"]) for row in granted] == [(str(demo_id("clinician-1")), None)]
    await scene.revoke(granted[0], mine)
    before = await scene.pool.fetch(query, patient)

    async with AsyncTestClient(create_app(scene.settings)):
        after = await scene.pool.fetch(query, patient)
    await scene.pool.execute(
        "UPDATE access.permissions SET revoked_at = NULL WHERE id = $1", UUID(granted[0]["id"])
    )

    assert before == after
    assert before[0]["revoked_at"] is not None
