"""Connect, import, notify, take back, disconnect: the whole road of an account against a cloud that behaves."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest

from services.sync.tests.conftest import VENDOR, Patient, result_of
from tests.support.waiting import until

pytestmark = pytest.mark.integration


async def truth(patient: Patient) -> list[dict[str, Any]]:
    """Everything that the vendor has of the person, as the cloud's own books say it."""
    answer = await patient.cloud.control(f"/accounts/{patient.vendor_user}/readings", method="GET")
    return list(answer["readings"])


async def test_a_person_connects_and_the_history_arrives(patient: Patient) -> None:
    await patient.begin(seed=101)
    answer = result_of(await patient.authorize())
    assert answer == {"path": "/integrations", "vendor": VENDOR, "result": "connected"}

    job = await patient.imported()
    assert job.total is not None
    assert job.done == job.total
    assert job.accepted > 0
    assert (job.rejected, job.errors) == (0, [])
    shown = await patient.integration()
    assert shown["state"] == "active"
    assert shown["device_connection_ids"] == [str(patient.connection_id)]
    assert shown["last_sync_at"] is not None
    assert shown["job"]["state"] == "done"


async def test_a_look_that_comes_between_a_connection_and_its_import_shows_no_history_as_news(
    patient: Patient,
) -> None:
    """The bucket knows the connection before its event is heard; a busy worker may take the account just then."""
    pool = patient.stage.pool
    account = "FROM sync.vendor_accounts WHERE patient_id = $1"

    async def looked_at() -> None:
        known = patient.stage.app.state.known
        await until(lambda: known.connection(patient.connection_id) is not None, 5)
        await until(
            lambda: _is_released(patient, 0), 20
        )  # the look that a sign-in brings found nobody to look for
        fence = await pool.fetchval(f"SELECT fence {account}", patient.id)
        await pool.execute(
            "UPDATE sync.vendor_accounts SET next_due_at = now(), lease_until = NULL WHERE patient_id = $1",
            patient.id,
        )
        await until(lambda: _is_released(patient, fence), 20)

    patient.tells_late = looked_at
    await patient.begin(seed=113)
    await patient.cloud.add(patient.vendor_user, kind="sleep")
    await patient.authorize()
    job = await patient.imported()
    first: dict[str, Any] = {}
    for item in patient.readings():
        first.setdefault(msgspec.json.decode(item.message)["meta"]["vendor_record_id"], item.job_id)
    assert set(first.values()) == {job.job_id}


async def _is_released(patient: Patient, fence: int) -> bool:
    """Somebody took the account after `fence`, and is done with it."""
    row = await patient.stage.pool.fetchrow(
        "SELECT fence, lease_until FROM sync.vendor_accounts WHERE patient_id = $1", patient.id
    )
    return row["fence"] > fence and row["lease_until"] is None


async def test_what_arrives_is_what_the_vendor_has(patient: Patient) -> None:
    await patient.begin(seed=102)
    await patient.authorize()
    await patient.imported()
    there = {
        (row["timestamp"], msgspec.json.encode(row["readings"], order="sorted"))
        for row in await truth(patient)
    }
    here = set()
    for item in patient.readings():
        message = msgspec.json.decode(item.message)
        here.add((message["timestamp"], msgspec.json.encode(message["readings"], order="sorted")))
    assert here == there


async def test_a_notification_brings_what_is_new_within_seconds(patient: Patient) -> None:
    await patient.begin(seed=103)
    await patient.authorize()
    await patient.imported()
    new = await patient.measures()
    await until(lambda: new in patient.record_ids(), 10)


async def _is_subscribed(patient: Patient) -> bool:
    return bool(
        await patient.stage.pool.fetchval(
            "SELECT subscribed_at IS NOT NULL FROM sync.vendor_accounts WHERE patient_id = $1", patient.id
        )
    )


async def test_a_vendor_that_takes_no_subscription_is_looked_at_all_the_same(subscriber: Patient) -> None:
    """It tries our address before it takes one; that we are away just then must not cost an hour of readings."""
    await subscriber.begin(seed=111, days=2)
    await subscriber.cloud.control("/faults", {"way": "status", "status": 400, "endpoint": "/notify"})
    await subscriber.authorize()
    await subscriber.imported()
    row = await subscriber.stage.pool.fetchrow(
        "SELECT failures, state FROM sync.vendor_accounts WHERE patient_id = $1", subscriber.id
    )
    assert tuple(row) == (0, "active")
    await subscriber.call(
        "POST", "/api/v1/device/sync", {"device_connection_id": str(subscriber.connection_id)}
    )
    await until(lambda: _is_subscribed(subscriber), 20)


async def test_a_token_that_ends_early_is_refreshed_for_a_subscription_too(subscriber: Patient) -> None:
    await subscriber.begin(seed=112, days=2)
    await subscriber.cloud.control("/faults", {"way": "invalid_token", "endpoint": "/notify"})
    await subscriber.authorize()
    await until(lambda: _is_subscribed(subscriber), 40)
    assert (await subscriber.integration())["state"] == "active"


async def test_a_person_who_says_no_is_told_so_and_nothing_is_kept(patient: Patient) -> None:
    await patient.begin(seed=104)
    assert result_of(await patient.authorize(decide="deny"))["result"] == "declined"
    assert (await patient.integration())["state"] is None


async def test_a_state_is_good_once_and_for_one_person(patient: Patient, stage: Any) -> None:
    await patient.begin(seed=105)
    asked = await patient.call(
        "POST",
        f"/api/v1/integrations/{VENDOR}/authorize",
        {"data_kinds": ["sleep"], "consent_version": "2026-05"},
    )
    state = parse_qs(urlsplit(asked.json()["authorize_url"]).query)["state"][0]
    back = f"{patient.stage.url}/api/v1/integrations/{VENDOR}/callback?state={state}&code=x"
    other = Patient(patient.stage, patient.cloud, patient.model)
    stranger = await patient.stage.http.get(back, headers=patient.stage.bearer(other.id))
    assert result_of(stranger)["result"] == "error"
    again = await patient.stage.http.get(back, headers=patient.stage.bearer(patient.id))
    assert result_of(again)["result"] == "error"
    unknown = await patient.stage.http.get(
        f"{patient.stage.url}/api/v1/integrations/{VENDOR}/callback?state=nobodys&code=x",
        headers=patient.stage.bearer(patient.id),
    )
    assert result_of(unknown)["result"] == "error"


async def test_a_vendor_account_belongs_to_one_person(patient: Patient) -> None:
    await patient.begin(seed=106)
    await patient.authorize()
    await patient.imported()
    other = Patient(patient.stage, patient.cloud, patient.model)
    other.vendor_user = patient.vendor_user
    assert result_of(await other.authorize())["result"] == "error"
    assert (await patient.integration())["state"] == "active"


async def test_sync_now_is_a_job_that_can_be_watched(patient: Patient) -> None:
    await patient.begin(seed=107)
    await patient.authorize()
    await patient.imported()
    asked = await patient.call(
        "POST", "/api/v1/device/sync", {"device_connection_id": str(patient.connection_id)}
    )
    assert asked.status_code == 202
    job_id = asked.json()["job_id"]

    async def done() -> bool:
        answer = await patient.call("GET", f"/api/v1/device/sync/{job_id}")
        return bool(answer.json()["state"] == "done")

    await until(done, 20)
    other = Patient(patient.stage, patient.cloud, patient.model)
    assert (await other.call("GET", f"/api/v1/device/sync/{job_id}")).status_code == 404
    assert (
        await other.call("POST", "/api/v1/device/sync", {"device_connection_id": str(patient.connection_id)})
    ).status_code == 404


async def test_a_grant_that_was_taken_back_at_the_vendor_needs_the_person_once(patient: Patient) -> None:
    await patient.begin(seed=109)
    await patient.authorize()
    await patient.imported()
    await patient.cloud.control(f"/accounts/{patient.vendor_user}/tokens", {"action": "revoke"})
    await patient.call("POST", "/api/v1/device/sync", {"device_connection_id": str(patient.connection_id)})
    await until(lambda: (account := patient.account()) and account.state == "needs_reauth", 20)
    assert (await patient.integration())["state"] == "needs_reauth"

    assert result_of(await patient.authorize())["result"] == "connected"
    assert (await patient.integration())["state"] == "active"


async def test_an_expired_token_is_refreshed_and_nobody_notices(patient: Patient) -> None:
    await patient.begin(seed=110)
    await patient.authorize()
    await patient.imported()
    await patient.cloud.control(f"/accounts/{patient.vendor_user}/tokens", {"action": "expire"})
    new = await patient.measures()
    await until(lambda: new in patient.record_ids(), 15)
    assert (await patient.integration())["state"] == "active"
