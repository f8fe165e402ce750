"""Accounts without a sign-in: typed, proved, kept, pushed for, and ended with the connection."""

import time
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest

from proto.vendors.client import NotUsable, VendorFault
from services.sync.enrolling import refusal_of
from services.sync.tests.conftest import CONSENT, Stage
from services.sync.tests.partner import PARTNER, Enrolled, somebody
from tests.support.clouds import World
from tests.support.waiting import until

pytestmark = pytest.mark.integration


@pytest.fixture
async def person(stage: tuple[Stage, World]) -> Enrolled:
    return await somebody(*stage)


async def test_what_was_typed_is_kept_sealed_for_its_connection(person: Enrolled) -> None:
    answer = await person.enrol(data_kinds=["weight", "spo2"])

    assert answer.status_code == 200, answer.text
    [row] = await person.rows()
    assert row["id"] == UUID(answer.json()["account_id"])
    assert (row["state"], row["connection_id"], row["data_kinds"], row["consent_version"]) == (
        "active",
        person.connection_id,
        ["weight", "spo2"],
        CONSENT,
    )
    assert person.number.encode() not in row["oauth_tokens_encrypted"]
    assert person.number not in row["vendor_user_index"]
    await until(lambda: person.account() is not None)
    said = person.account()
    assert said is not None
    assert (said.state, said.connection_id, said.user_id) == ("active", person.connection_id, person.id)
    assert (await person.shown())["state"] == "active"

    async def is_audited() -> bool:
        found = await person.stage.owner.fetchrow(
            "SELECT actor_id, patient_id FROM access.audit_logs WHERE object_id = $1 AND action = 'vendor.connect'",
            answer.json()["account_id"],
        )
        return found is not None and tuple(found) == (str(person.id), person.id)

    await until(is_audited)


async def test_the_same_again_is_the_same_account_and_another_number_takes_its_place(
    person: Enrolled,
) -> None:
    first = (await person.enrol()).json()["account_id"]
    again = (await person.enrol()).json()["account_id"]
    person.number = str(uuid4())
    other = (await person.enrol()).json()["account_id"]

    assert first == again != other
    assert {str(row["id"]): row["state"] for row in await person.rows()} == {
        first: "revoked",
        other: "active",
    }


async def test_a_number_belongs_to_one_person(person: Enrolled) -> None:
    other = Enrolled(person.stage, person.cloud, person.model)
    other.number = person.number
    await person.enrol()

    refused = await other.enrol()

    assert (refused.status_code, refused.json()["code"]) == (409, "already_paired")
    assert await other.rows() == []
    assert [row["state"] for row in await person.rows()] == ["active"]


@pytest.mark.parametrize(
    ("changes", "status", "code", "field"),
    [
        ({"credentials": {"number": "P-4"}}, 422, "wrong_type", "credentials.number"),
        ({"credentials": {"name": "x" * 20}}, 422, "missing_field", "credentials.number"),
        ({"credentials": {}}, 422, "wrong_type", "credentials"),
        ({"vendor": "nobody"}, 404, "not_found", None),
        ({"vendor": "withings"}, 404, "not_found", None),
        ({"vendor": "kinsa"}, 503, "unavailable", None),
    ],
)
async def test_who_is_not_enrolled(
    person: Enrolled, changes: dict[str, Any], status: int, code: str, field: str | None
) -> None:
    answer = await person.enrol(**changes)

    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert [error["field"] for error in answer.json().get("errors", [])] == ([field] if field else [])
    assert await person.rows() == []


async def test_nobody_but_a_patient_has_an_account(person: Enrolled) -> None:
    answer = await person.stage.http.post(
        f"{person.stage.url}/internal/accounts",
        json={
            "vendor": PARTNER,
            "device_connection_id": str(uuid4()),
            "credentials": {"number": person.number},
            "data_kinds": ["weight"],
            "consent_version": CONSENT,
        },
        headers=person.stage.bearer(uuid4(), "clinician"),
    )
    assert answer.status_code in (403, 404)


async def test_what_the_partner_pushes_reaches_the_connection(person: Enrolled) -> None:
    await person.paired()
    began = time.monotonic()

    assert (await person.push("r-1", 78.4)).status_code == 204
    await until(lambda: len(person.readings()) == 1, 10)

    print(f"pushed → in the stream: {(time.monotonic() - began) * 1000:.0f} ms")
    [reading] = person.readings()
    assert msgspec.json.decode(reading.message)["readings"] == {"weight_kg": 78.4}


async def test_removing_the_connection_ends_the_account(person: Enrolled) -> None:
    await person.paired()
    await person.connect(pairing_method="partner_webhook", status="revoked", consent="revoked")

    async def is_ended() -> bool:
        [row] = await person.rows()
        return row["state"] == "revoked" and row["oauth_tokens_encrypted"] is None

    async def is_said() -> bool:  # after the row: the outbox publishes what was committed
        said = person.account()
        return said is not None and (said.state, said.ended_by) == ("revoked", "patient")

    await until(is_ended, 10)
    await until(is_said, 10)
    assert (await person.shown())["state"] is None
    assert (await person.push("r-9", 80.0)).status_code == 204
    free = Enrolled(person.stage, person.cloud, person.model)
    free.number = person.number
    assert (await free.enrol()).status_code == 200
    assert person.record_ids() == set()


@pytest.mark.parametrize(
    ("fault", "typed", "code", "field"),
    [
        (NotUsable("code", "x"), {"code": "  "}, "missing_field", "credentials.code"),
        (NotUsable("code", "x"), {"code": "1"}, "wrong_type", "credentials.code"),
        (VendorFault("grant_lost", 404), {}, "wrong_type", "credentials"),
        (VendorFault("auth", 401), {}, "wrong_type", "credentials"),
        (VendorFault("invalid_request", 401), {}, "unavailable", None),
        (VendorFault("retry_later", "ConnectError"), {}, "unavailable", None),
    ],
)
def test_what_a_person_is_told(
    fault: VendorFault, typed: dict[str, str], code: str, field: str | None
) -> None:
    refused = refusal_of(fault, typed)
    assert (refused.code, [one.field for one in refused.faults]) == (code, [field] if field else [])
