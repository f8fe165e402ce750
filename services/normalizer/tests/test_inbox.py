"""Readings of an unknown person: kept, counted nowhere, and given to their person with one tap."""

from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from services.normalizer.tests.conftest import Patient
from services.normalizer.tests.test_merging import data, points

pytestmark = pytest.mark.integration


async def on_one_scale(patient: Patient) -> list[dict[str, Any]]:
    """A vendor's scale that doubts who stood on it, twice."""
    await patient.send(
        *(
            patient.reading(
                {"weight_kg": weight},
                f"2026-05-01T08:3{number}:00Z",
                meta={"vendor_record_id": f"withings:{number}", "ambiguous_user": True, "revision": 5},
            )
            for number, weight in enumerate((80.0, 64.0))
        )
    )
    items: list[dict[str, Any]] = (await patient.get(f"/patients/{patient.id}/ambiguous")).json()["items"]
    return items


async def say(patient: Patient, id: str, choice: str, **who: Any) -> Any:
    headers = patient.stage.bearer(who.get("user", patient.id), who.get("role", "patient"))
    path = f"/api/v1/patients/{patient.id}/ambiguous/{id}"
    return await patient.stage.client.post(path, headers=headers, json={"assign": choice})


async def test_me_makes_it_count_and_keeps_the_version_before(patient: Patient, postgres_url: str) -> None:
    items = await on_one_scale(patient)
    assert [item["readings"]["weight_kg"] for item in items] == [64.0, 80.0]
    latest = (await patient.get(f"/patients/{patient.id}/summary")).json()["latest"]
    assert "weight_kg" not in latest
    before = len(patient.stored())

    answer = await say(patient, items[1]["id"], "me")

    assert (answer.status_code, answer.json()) == (200, {"id": items[1]["id"], "assign": "me"})
    latest = (await patient.get(f"/patients/{patient.id}/summary")).json()["latest"]["weight_kg"]
    assert (latest["value"], latest["id"]) == (80.0, items[1]["id"])
    [point] = await points(patient, "weight_kg", "1h")
    assert (point["count"], point["mean"]) == (1, 80.0)
    left = (await patient.get(f"/patients/{patient.id}/ambiguous")).json()["items"]
    assert [item["id"] for item in left] == [items[0]["id"]]
    shown = {item["id"]: item["meta"] for item in (await data(patient, {"metric": "weight_kg"}))["items"]}
    assert "ambiguous_user" not in shown[items[1]["id"]]
    conn = await asyncpg.connect(postgres_url)
    kept = await conn.fetch("SELECT reason, version FROM normalizer.superseded WHERE id = $1", items[1]["id"])
    audited = await conn.fetchval(
        "SELECT details FROM access.audit_logs WHERE patient_id = $1 AND action = 'data.ingest' AND actor_id = $2",
        patient.id,
        str(patient.id),
    )
    await conn.close()
    assert [tuple(row) for row in kept] == [("assigned", 1)]
    assert "assigned:me" in audited
    await patient.send()  # what was said before this was heard
    assert len(patient.stored()) == before + 1
    assert (await say(patient, items[1]["id"], "me")).status_code == 404  # it waits for nobody any more


async def test_not_me_leaves_the_lists_for_good(patient: Patient) -> None:
    items = await on_one_scale(patient)

    assert (await say(patient, items[0]["id"], "not_me")).status_code == 200
    await patient.send(
        patient.reading(
            {"weight_kg": 65.0},
            "2026-05-01T08:31:00Z",
            meta={"vendor_record_id": "withings:1", "ambiguous_user": True, "revision": 9},
        )
    )

    listed = (await data(patient, {"metric": "weight_kg"}))["items"]
    assert [item["readings"]["weight_kg"] for item in listed] == [80.0]
    assert len((await patient.get(f"/patients/{patient.id}/ambiguous")).json()["items"]) == 1
    assert await points(patient, "weight_kg", "1h") == []


async def test_only_the_owner_has_an_inbox(patient: Patient) -> None:
    items = await on_one_scale(patient)
    caregiver, stranger = uuid4(), uuid4()
    await patient.grant(caregiver, frozenset({"weight"}))
    path = f"/patients/{patient.id}/ambiguous"

    for user, status in ((caregiver, 403), (stranger, 404)):
        assert (await patient.get(path, user=user, role="caregiver")).status_code == status
        assert (await say(patient, items[0]["id"], "me", user=user, role="caregiver")).status_code == status
    other = await Patient(patient.stage).ready()
    assert (await say(other, items[0]["id"], "me")).status_code == 404
    assert (await say(patient, items[0]["id"], "perhaps")).status_code == 422
    assert len((await patient.get(path)).json()["items"]) == 2
