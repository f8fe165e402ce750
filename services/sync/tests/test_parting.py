"""Who disconnects is disconnected here at once, and at the vendor whatever happens on the way there."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest

from proto.vendors.normalized import Fault, FaultClass
from services.sync.domain import GOODBYE, goodbye_again_s, must_be_told
from services.sync.tests.conftest import VENDOR, Patient, result_of
from services.sync.tests.test_domain import MANIFEST
from tests.support.waiting import until

pytestmark = pytest.mark.integration
ADDRESS = f"/api/v1/integrations/{VENDOR}"


class Leaving:
    """One person, what the vendor still has of them, and what we have."""

    def __init__(self, patient: Patient) -> None:
        self.patient = patient

    async def grants(self, vendor_user: str = "") -> int:
        wanted = vendor_user or self.patient.vendor_user
        found = await self.patient.cloud.control("/accounts")
        return int(next(one["grants"] for one in found if one["user_id"] == wanted))

    async def rows(self) -> list[Any]:
        rows = await self.patient.stage.pool.fetch(
            "SELECT state, failures, last_fault, oauth_tokens_encrypted IS NOT NULL AS has_tokens"
            " FROM sync.vendor_accounts WHERE patient_id = $1 ORDER BY created_at",
            self.patient.id,
        )
        return [dict(row) for row in rows]

    async def is_gone(self) -> bool:
        return await self.grants() == 0 and not any(row["has_tokens"] for row in await self.rows())

    async def is_put_off(self) -> bool:
        [row] = await self.rows()
        return bool(row["failures"] > 0)

    async def vendor_fails(self, status: int, count: int) -> None:
        fault = {"way": "status", "status": status, "endpoint": "revoke", "count": count}
        await self.patient.cloud.control("/faults", fault)

    async def vendor_mended(self) -> None:
        await self.patient.cloud.control("/faults", method="DELETE")


@pytest.fixture
def leaving(patient: Patient) -> Leaving:
    return Leaving(patient)


@pytest.fixture
def connected(leaving: Leaving) -> Callable[[int], Any]:
    async def connect(seed: int) -> None:
        await leaving.patient.begin(seed=seed)
        await leaving.patient.authorize()
        await leaving.patient.imported()
        assert await leaving.grants() == 1

    return connect


async def test_disconnecting_ends_the_grant_at_the_vendor_too(
    patient: Patient, leaving: Leaving, connected: Callable[[int], Any]
) -> None:
    await connected(108)
    assert (await patient.call("DELETE", ADDRESS)).status_code == 204
    assert (await patient.call("DELETE", ADDRESS)).status_code == 204
    assert (await patient.integration())["state"] is None
    await until(leaving.is_gone, 15)
    account = patient.account()
    assert account is not None
    assert account.state == "revoked"


async def test_who_disconnects_in_the_middle_of_an_import_leaves_no_job_behind(
    patient: Patient, leaving: Leaving
) -> None:
    await leaving.patient.begin(seed=120)
    slow = {"way": "slow", "wait_s": 1.0, "count": 100, "endpoint": "/usercollection"}
    await patient.cloud.control("/faults", slow)
    await patient.authorize()
    await until(lambda: patient.job() is not None, 20)
    assert (await patient.call("DELETE", ADDRESS)).status_code == 204
    await leaving.vendor_mended()
    await until(lambda: (job := patient.job()) is not None and job.state == "failed", 15)
    job = patient.job()
    assert job is not None
    assert [(error.fault_class, error.code) for error in job.errors] == [("grant_lost", "patient")]
    await until(leaving.is_gone, 15)


async def test_a_vendor_that_fails_is_told_again(
    patient: Patient, leaving: Leaving, connected: Callable[[int], Any]
) -> None:
    await connected(121)
    await leaving.vendor_fails(500, 2)
    assert (await patient.call("DELETE", ADDRESS)).status_code == 204
    await until(leaving.is_put_off, 15)
    assert (await patient.integration())["state"] is None
    assert await leaving.grants() == 1
    await until(leaving.is_gone, 60)


async def test_what_a_dead_replica_had_in_hand_is_taken_up(
    patient: Patient, leaving: Leaving, connected: Callable[[int], Any]
) -> None:
    await connected(122)
    await patient.stage.pool.execute(
        "UPDATE sync.vendor_accounts SET state = 'revoked', ended_at = now(), next_due_at = now(), fence = fence + 1,"
        " lease_until = now() + interval '1 second' WHERE patient_id = $1",
        patient.id,
    )
    await until(leaving.is_gone, 15)


async def test_who_comes_back_before_the_vendor_was_told_keeps_the_new_grant(
    patient: Patient, leaving: Leaving, connected: Callable[[int], Any]
) -> None:
    await connected(123)
    await leaving.vendor_fails(503, 1000)
    assert (await patient.call("DELETE", ADDRESS)).status_code == 204
    await until(leaving.is_put_off, 15)
    assert result_of(await patient.authorize())["result"] == "connected"
    await leaving.vendor_mended()
    new = await patient.measures()
    await until(lambda: new in patient.record_ids(), 15)
    [row] = await leaving.rows()
    assert (row["state"], row["has_tokens"], row["failures"]) == ("active", True, 0)
    assert await leaving.grants() >= 1


async def test_an_account_whose_place_another_takes_is_ended_at_the_vendor(
    patient: Patient, leaving: Leaving, connected: Callable[[int], Any]
) -> None:
    await connected(124)
    first = patient.vendor_user
    await patient.begin(seed=125)
    assert result_of(await patient.authorize())["result"] == "connected"

    async def is_first_gone() -> bool:
        return await leaving.grants(first) == 0 and not (await leaving.rows())[0]["has_tokens"]

    await until(is_first_gone, 15)
    assert await leaving.grants() == 1
    assert [row["state"] for row in await leaving.rows()] == ["revoked", "active"]


async def test_somebody_elses_new_grant_for_the_same_account_is_not_ended(
    patient: Patient, leaving: Leaving, connected: Callable[[int], Any]
) -> None:
    await connected(126)
    await leaving.vendor_fails(503, 1000)
    assert (await patient.call("DELETE", ADDRESS)).status_code == 204
    await until(leaving.is_put_off, 15)
    partner = Patient(patient.stage, patient.cloud, patient.model)
    await partner.begin(seed=127)
    partner.vendor_user = patient.vendor_user
    assert result_of(await partner.authorize())["result"] == "connected"
    await leaving.vendor_mended()
    await due_now(patient.stage.pool, patient.id)

    async def is_forgotten() -> bool:
        return not (await leaving.rows())[0]["has_tokens"]

    await until(is_forgotten, 15)
    assert await leaving.grants() >= 1
    assert (await partner.integration())["state"] == "active"


async def due_now(pool: Any, patient_id: UUID) -> None:
    await pool.execute(
        "UPDATE sync.vendor_accounts SET next_due_at = now() WHERE patient_id = $1", patient_id
    )


@pytest.mark.parametrize("fault_class", ["rate_limited", "retry_later", "vendor_error"])
def test_what_may_pass_is_tried_for_a_day(fault_class: FaultClass) -> None:
    fault = Fault(fault_class=fault_class, code="x")
    wait_s = goodbye_again_s(fault, 3, timedelta(hours=23), 1.0)
    assert wait_s is not None
    assert 1 <= wait_s <= 3600
    assert goodbye_again_s(fault, 3, GOODBYE + timedelta(seconds=1), 1.0) is None


@pytest.mark.parametrize(
    "fault_class", ["grant_lost", "forbidden_scope", "invalid_request", "vendor_retired"]
)
def test_what_another_try_would_not_change_is_not_tried(fault_class: FaultClass) -> None:
    assert goodbye_again_s(Fault(fault_class=fault_class, code="x"), 0, timedelta(), 1.0) is None


def test_a_refused_token_is_tried_as_often_as_in_a_look() -> None:
    fault = Fault(fault_class="auth", code="401")
    waits = [goodbye_again_s(fault, failures, timedelta(), 1.0) for failures in range(4)]
    assert [wait is None for wait in waits] == [False, False, False, True]


@pytest.mark.parametrize(
    ("revokes", "subscribe", "stopped_for", "told"),
    [
        (True, "none", None, True),
        (False, "account", None, True),
        (False, "application", None, False),
        (True, "account", "auth", True),
        (True, "account", "grant_lost", False),
        (True, "account", "vendor_retired", False),
    ],
)
def test_a_vendor_is_told_what_it_still_holds(
    revokes: bool, subscribe: str, stopped_for: str | None, told: bool
) -> None:
    able = msgspec.structs.replace(MANIFEST.capabilities, revoke=revokes, subscribe=subscribe)
    assert must_be_told(msgspec.structs.replace(MANIFEST, capabilities=able), stopped_for) is told
