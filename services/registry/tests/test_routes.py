"""The registry over HTTP: what anybody who is signed in may read, and what only an administrator may add."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest

from proto.words import DEVICE_TYPES, KINDS, PAIRING_METHODS
from services.registry.catalogue import ACCOUNT_MAKERS, ACCOUNTS, EVERYTHING, MAKERS, MODELS
from services.registry.tests.conftest import CUFF, Scene
from tests.support.waiting import until

DEVICES = "/api/v1/devices"
REGISTER = "/api/v1/devices/register"


async def heard(scene: Scene, id: str) -> Any:
    """The model as another service knows it, once its mirror has heard of it."""
    return await until(lambda: scene.models.get(id), 5)


async def test_the_catalogue_can_be_read_whole(scene: Scene) -> None:
    page = await scene.get(DEVICES, limit=1000)

    ids = {item["id"] for item in page["items"]}
    assert {str(model.id) for model in (*MODELS, *ACCOUNTS, EVERYTHING)} <= ids
    assert page["next_cursor"] is None
    assert {item["device_type"] for item in page["items"]} == set(DEVICE_TYPES)


async def test_a_vendors_account_is_found_like_a_device(scene: Scene) -> None:
    account = ACCOUNTS[0]

    found = (await scene.get(DEVICES, vendor=account.vendor_id, q="account"))["items"]

    assert [item["id"] for item in found] == [str(account.id)]
    assert found[0]["capabilities"] == list(account.kinds)
    assert found[0]["pairing_methods"] == ["vendor_oauth", "simulated"]  # the second in development alone


async def test_a_model_has_the_shape_of_the_contract(scene: Scene) -> None:
    model = next(model for model in MODELS if (model.vendor_id, model.model) == ("and", "ua-651ble"))

    answer = await scene.get(f"{DEVICES}/{model.id}")

    assert answer == {
        "id": str(model.id),
        "vendor_id": "and",
        "vendor_name": "A&D Medical",
        "model": "ua-651ble",
        "name": "A&D UA-651BLE",
        "device_type": "blood_pressure_cuff",
        "capabilities": ["blood_pressure"],
        "pairing_methods": ["hub", "web_bluetooth", "companion_app", "manual", "simulated"],
        "recommended_reason": model.reason,
        "native_required": False,
        "native_reason": None,
        "ble_services": ["1810"],
        "docs_url": "https://medical.andonline.com",
    }


async def test_the_simulated_model_has_every_kind_and_method(scene: Scene) -> None:
    answer = await scene.get(f"{DEVICES}/{EVERYTHING.id}")

    assert (answer["vendor_id"], answer["model"]) == ("simulated", "everything")
    assert set(answer["capabilities"]) == set(KINDS)
    assert set(answer["pairing_methods"]) == set(PAIRING_METHODS)


async def test_in_development_every_model_can_be_simulated(scene: Scene) -> None:
    everything = await scene.get(DEVICES, limit=1000)
    simulated = await scene.get(DEVICES, limit=1000, pairing_method="simulated")

    assert all("simulated" in item["pairing_methods"] for item in everything["items"])
    assert simulated == everything


@pytest.mark.parametrize(
    ("query", "key", "value"),
    [
        ({"device_type": "cgm"}, "device_type", "cgm"),
        ({"vendor": "withings"}, "vendor_id", "withings"),
    ],
)
async def test_filters_keep_what_fits(scene: Scene, query: dict[str, str], key: str, value: str) -> None:
    items = (await scene.get(DEVICES, limit=1000, **query))["items"]

    wanted = {str(m.id) for m in MODELS if value in (m.device_type, m.vendor_id)}
    assert wanted
    assert wanted <= {item["id"] for item in items}
    assert {item[key] for item in items} == {value}


async def test_filters_narrow_each_other(scene: Scene) -> None:
    items = (await scene.get(DEVICES, device_type="scale", vendor="and", pairing_method="hub", q="uc"))[
        "items"
    ]

    assert [item["model"] for item in items] == ["uc-352ble"]


@pytest.mark.parametrize(
    ("q", "model"),
    [
        ("contour", "contour-next-one"),
        ("ROCHE guide", "accu-chek-guide"),
        ("guide roche", "accu-chek-guide"),
        ("ua-651", "ua-651ble"),
        ("A&D ut", "ut-201ble"),
        ("vívosmart", "vivosmart-5"),
        ("  h10  ", "h10"),
    ],
)
async def test_search_finds_words_of_name_model_and_maker(scene: Scene, q: str, model: str) -> None:
    items = (await scene.get(DEVICES, q=q))["items"]

    assert [item["model"] for item in items] == [model]


@pytest.mark.parametrize("q", ["%", "_%", "\\", "' OR 1=1 --", "nothing is called this"])
async def test_search_takes_words_literally(scene: Scene, q: str) -> None:
    assert (await scene.get(DEVICES, q=q))["items"] == []


async def test_pages_follow_each_other_without_gap_or_double(scene: Scene) -> None:
    whole = (await scene.get(DEVICES, limit=1000, device_type="smart_watch"))["items"]

    seen, cursor = [], ""
    for _ in range(len(whole)):
        more = {"cursor": cursor} if cursor else {}
        page = await scene.get(DEVICES, limit=3, device_type="smart_watch", **more)
        assert len(page["items"]) <= 3
        seen += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            break

    assert seen == whole
    assert len(whole) > 3


async def test_makers_are_listed_in_pages(scene: Scene) -> None:
    first = await scene.get("/api/v1/vendors", limit=5)
    rest = await scene.get("/api/v1/vendors", limit=1000, cursor=first["next_cursor"])

    items = [*first["items"], *rest["items"]]
    assert len(first["items"]) == 5
    assert rest["next_cursor"] is None
    assert [item["vendor_id"] for item in items] == sorted(item["vendor_id"] for item in items)
    named = {item["vendor_id"]: item for item in items}
    for maker in (*MAKERS, *ACCOUNT_MAKERS):
        assert named[maker.vendor_id]["name"] == maker.name
        assert named[maker.vendor_id]["docs_url"] == maker.docs_url


@pytest.mark.parametrize(
    ("path", "field", "code"),
    [
        (f"{DEVICES}?device_type=toaster", "device_type", "wrong_type"),
        (f"{DEVICES}?pairing_method=magic", "pairing_method", "wrong_type"),
        (f"{DEVICES}?limit=0", "limit", "out_of_bounds"),
        (f"{DEVICES}?limit=1001", "limit", "out_of_bounds"),
        (f"{DEVICES}?limit=many", "limit", "wrong_type"),
        (f"{DEVICES}?cursor=nonsense", "cursor", "wrong_type"),
        (f"{DEVICES}?cursor=WyJhXHUwMDAwIiwiMDE4OTAwMDAtMDAwMC03MDAwLTgwMDAtMDAwMDAwMDAwMDAxIl0", "cursor", "wrong_type"),
        (f"{DEVICES}?q=%00", "q", "wrong_type"),
        (f"{DEVICES}?q={'a' * 201}", "q", "wrong_type"),
        (f"{DEVICES}?vendor=%00", "vendor", "wrong_type"),
        ("/api/v1/vendors?limit=0", "limit", "out_of_bounds"),
        ("/api/v1/vendors?cursor=WyJcdTAwMDAiXQ", "cursor", "wrong_type"),
    ],
)  # fmt: skip
async def test_a_bad_query_is_named(scene: Scene, path: str, field: str, code: str) -> None:
    answer = await scene.client.get(path, headers=scene.headers())

    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"] == [{"field": field, "code": code}]


@pytest.mark.parametrize("id", [str(uuid4()), "not-an-id", "simulated"])
async def test_what_is_not_there_is_not_found(scene: Scene, id: str) -> None:
    answer = await scene.client.get(f"{DEVICES}/{id}", headers=scene.headers())

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize("path", [DEVICES, f"{DEVICES}/{EVERYTHING.id}", "/api/v1/vendors"])
async def test_anonymous_reads_nothing(scene: Scene, path: str) -> None:
    answer = await scene.client.get(path)

    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
    assert "items" not in answer.json()


@pytest.mark.parametrize("role", ["patient", "caregiver", "clinician", "admin"])
async def test_everybody_who_is_signed_in_may_read(scene: Scene, role: Any) -> None:
    for path in (DEVICES, f"{DEVICES}/{EVERYTHING.id}", "/api/v1/vendors"):
        assert (await scene.client.get(path, headers=scene.headers(role))).status_code == 200


async def test_an_administrator_adds_a_model_that_everybody_finds_and_services_hear_of(scene: Scene) -> None:
    made = await scene.register({"docs_url": "https://acme.example/cuff"})

    assert made.status_code == 201, made.text
    model = made.json()
    assert model["vendor_name"] == "Acme Health"
    assert model["pairing_methods"] == ["hub", "manual", "simulated"]
    assert model["ble_services"] == ["1810"]
    assert model["docs_url"] == "https://acme.example/cuff"
    assert await scene.get(f"{DEVICES}/{model['id']}") == model
    found = await scene.get(DEVICES, q=model["model"])
    assert found["items"] == [model]
    state = await heard(scene, model["id"])
    assert (state.id, state.capabilities) == (UUID(model["id"]), {"blood_pressure"})
    assert state.pairing_methods == model["pairing_methods"]


@pytest.mark.parametrize("role", ["patient", "caregiver", "clinician"])
async def test_others_may_not_add_models(scene: Scene, role: Any) -> None:
    name = f"Forbidden {uuid4().hex}"

    answer = await scene.register({"model": name}, headers=scene.headers(role))

    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden_role")
    assert (await scene.get(DEVICES, q=name))["items"] == []


async def test_anonymous_may_not_add_models(scene: Scene) -> None:
    answer = await scene.client.post(REGISTER, json=dict(CUFF))

    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")


async def test_the_same_name_of_the_same_maker_is_a_duplicate_in_any_case(scene: Scene) -> None:
    first = (await scene.register()).json()

    again = await scene.register({"model": first["model"].upper()})
    elsewhere = await scene.register({"model": first["model"], "vendor_id": "acme_two"})
    known = await scene.register({"vendor_id": "and", "model": "UA-651BLE"})

    assert (again.status_code, again.json()["code"]) == (409, "duplicate")
    assert (known.status_code, known.json()["code"]) == (409, "duplicate")
    assert elsewhere.status_code == 201


async def test_a_refused_model_leaves_no_maker_behind(scene: Scene) -> None:
    vendor = f"v{uuid4().hex[:12]}"

    answer = await scene.register({"vendor_id": vendor, "device_type": "ecg", "pairing_methods": ["hub"]})

    assert answer.status_code == 422
    makers = (await scene.get("/api/v1/vendors", limit=1000))["items"]
    assert vendor not in {maker["vendor_id"] for maker in makers}


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"vendor_id": "Acme"}, "vendor_id", "wrong_type"),
        ({"vendor_id": "a"}, "vendor_id", "wrong_type"),
        ({"model": ""}, "model", "wrong_type"),
        ({"model": "x" * 65}, "model", "wrong_type"),
        ({"model": "a\x00b"}, "model", "wrong_type"),
        ({"name": "x" * 121}, "name", "wrong_type"),
        ({"name": " "}, "name", "wrong_type"),
        ({"name": 1}, "name", "wrong_type"),
        ({"device_type": "toaster"}, "device_type", "wrong_type"),
        ({"capabilities": []}, "capabilities", "wrong_type"),
        ({"capabilities": ["mood"]}, "capabilities", "wrong_type"),
        ({"pairing_methods": []}, "pairing_methods", "wrong_type"),
        ({"pairing_methods": ["magic"]}, "pairing_methods", "wrong_type"),
        ({"docs_url": "http://plain.example"}, "docs_url", "wrong_type"),
        ({"colour": "red"}, "colour", "unknown_field"),
    ],
)
async def test_a_wrong_registration_is_named(
    scene: Scene, change: dict[str, Any], field: str, code: str
) -> None:
    answer = await scene.register(change)

    assert (answer.status_code, answer.json()["code"]) == (422, code), answer.text
    assert answer.json()["errors"] == [{"field": field, "code": code}]


@pytest.mark.parametrize("field", sorted(CUFF))
async def test_a_missing_field_is_named(scene: Scene, field: str) -> None:
    body = {key: value for key, value in CUFF.items() if key != field}

    answer = await scene.client.post(REGISTER, headers=scene.headers("admin"), json=body)

    assert (answer.status_code, answer.json()["code"]) == (422, "missing_field")
    assert answer.json()["errors"] == [{"field": field, "code": "missing_field"}]


async def test_bodies_that_are_no_json_are_refused(scene: Scene) -> None:
    as_json = scene.headers("admin", **{"content-type": "application/json"})

    broken = await scene.client.post(REGISTER, headers=as_json, content=b"{")
    text = await scene.client.post(
        REGISTER, headers=scene.headers("admin", **{"content-type": "text/plain"}), content=b"{}"
    )

    assert (broken.status_code, broken.json()["code"]) == (400, "invalid_json")
    assert (text.status_code, text.json()["code"]) == (415, "unsupported_media_type")


async def test_models_are_neither_replaced_nor_removed(scene: Scene) -> None:
    for method in ("PUT", "DELETE"):
        answer = await scene.client.request(
            method, f"{DEVICES}/{EVERYTHING.id}", headers=scene.headers("admin"), json={}
        )
        assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")


async def test_a_key_makes_a_registration_repeatable(scene: Scene) -> None:
    headers = scene.headers("admin", **{"idempotency-key": uuid4().hex})
    change = {"model": f"Once {uuid4().hex[:8]}"}

    first = await scene.register(change, headers=headers)
    again = await scene.register(change, headers=headers)
    other = await scene.register({"model": "Another"}, headers=headers)

    assert first.status_code == again.status_code == 201
    assert first.json() == again.json()
    assert again.headers["idempotency-replayed"] == "true"
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_mismatch")


async def test_two_administrators_at_once_make_one_model(scene: Scene) -> None:
    name = f"Race {uuid4().hex[:8]}"

    answers = await asyncio.gather(*(scene.register({"model": name}) for _ in range(4)))

    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    assert len((await scene.get(DEVICES, q=name))["items"]) == 1
