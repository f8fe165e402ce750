"""A model that is changed: by an administrator alone, for everybody at once, and for good."""

from typing import Any
from uuid import uuid4

import pytest

from chassis.bus import Bus
from chassis.db import Database
from services.registry.catalogue import MODELS
from services.registry.domain import CHOSEN_BY_HAND
from services.registry.seeding import seed
from services.registry.tests.conftest import Scene
from tests.support.waiting import until

DEVICES = "/api/v1/devices"


async def change(scene: Scene, id: str, body: Any, **headers: str) -> Any:
    return await scene.client.patch(f"{DEVICES}/{id}", headers=headers or scene.headers("admin"), json=body)


async def test_a_change_is_found_by_everybody_and_services_hear_of_it(scene: Scene) -> None:
    made = (await scene.register()).json()

    answer = await change(
        scene,
        made["id"],
        {
            "name": "Acme Cuff, new",
            "capabilities": ["blood_pressure", "heart_rate"],
            "pairing_methods": ["manual", "hub"],
            "docs_url": "https://acme.example/new",
        },
    )

    assert answer.status_code == 200, answer.text
    model = answer.json()
    assert model == {
        **made,
        "name": "Acme Cuff, new",
        "capabilities": ["blood_pressure", "heart_rate"],
        "pairing_methods": ["manual", "hub", "simulated"],
        "recommended_reason": CHOSEN_BY_HAND,
        "docs_url": "https://acme.example/new",
    }
    assert await scene.get(f"{DEVICES}/{made['id']}") == model
    state = await until(lambda: (now := scene.models.get(made["id"])) and now.version == 2 and now, 5)
    assert state.capabilities == {"blood_pressure", "heart_rate"}


async def test_what_is_left_out_stays_and_nothing_new_is_no_new_version(scene: Scene) -> None:
    made = (await scene.register({"docs_url": "https://acme.example/cuff"})).json()

    same = await change(scene, made["id"], {"name": made["name"]})
    empty = await change(scene, made["id"], {})
    bare = await change(scene, made["id"], {"docs_url": None})

    assert same.json() == empty.json() == made
    assert bare.json() == {**made, "docs_url": None}
    state = await until(lambda: (now := scene.models.get(made["id"])) and now.version > 1 and now, 5)
    assert state.version == 2


async def test_a_model_of_the_catalogue_keeps_the_change_when_the_catalogue_comes_again(scene: Scene) -> None:
    model = next(model for model in MODELS if (model.vendor_id, model.model) == ("and", "uc-352ble"))
    was = await scene.get(f"{DEVICES}/{model.id}")
    bus = Bus(scene.settings, "registry")
    db = Database(scene.settings, "registry", bus)

    answer = await change(scene, str(model.id), {"name": "The scale of our ward"})
    await bus.start()
    await db.start()
    try:
        async with db.transaction("seed") as tx:
            await seed(tx, development=True)
    finally:
        await db.stop()
        await bus.stop()

    assert answer.status_code == 200, answer.text
    assert await scene.get(f"{DEVICES}/{model.id}") == {**was, "name": "The scale of our ward"}
    assert (await change(scene, str(model.id), {"name": was["name"]})).json() == was


@pytest.mark.parametrize("role", ["patient", "caregiver", "clinician"])
async def test_others_may_not_change_models(scene: Scene, role: Any) -> None:
    made = (await scene.register()).json()

    answer = await change(scene, made["id"], {"name": "Mine"}, **scene.headers(role))
    anonymous = await scene.client.patch(f"{DEVICES}/{made['id']}", json={"name": "Mine"})

    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden_role")
    assert anonymous.status_code == 401
    assert await scene.get(f"{DEVICES}/{made['id']}") == made


async def test_a_model_that_is_not_there_cannot_be_changed(scene: Scene) -> None:
    answer = await change(scene, str(uuid4()), {"name": "Nobody's"})

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({"name": ""}, "name", "wrong_type"),
        ({"name": None}, "name", "wrong_type"),
        ({"name": "a\x00b"}, "name", "wrong_type"),
        ({"capabilities": []}, "capabilities", "wrong_type"),
        ({"capabilities": ["mood"]}, "capabilities", "wrong_type"),
        ({"pairing_methods": []}, "pairing_methods", "wrong_type"),
        ({"docs_url": "http://plain.example"}, "docs_url", "wrong_type"),
        ({"device_type": "scale"}, "device_type", "unknown_field"),
        ({"vendor_id": "acme_two"}, "vendor_id", "unknown_field"),
    ],
)
async def test_a_wrong_change_is_named_and_changes_nothing(
    scene: Scene, body: dict[str, Any], field: str, code: str
) -> None:
    made = (await scene.register()).json()

    answer = await change(scene, made["id"], body)

    assert (answer.status_code, answer.json()["code"]) == (422, code), answer.text
    assert answer.json()["errors"] == [{"field": field, "code": code}]
    assert await scene.get(f"{DEVICES}/{made['id']}") == made


async def test_a_type_without_bluetooth_values_cannot_get_a_hub(scene: Scene) -> None:
    made = (
        await scene.register({"device_type": "ecg", "capabilities": ["ecg"], "pairing_methods": ["manual"]})
    ).json()

    answer = await change(scene, made["id"], {"pairing_methods": ["hub"]})

    assert answer.status_code == 422
    assert answer.json()["errors"] == [{"field": "pairing_methods", "code": "wrong_type"}]
