"""What the companion sends of a phone's health store, over the API and into the stream."""

from typing import Any
from uuid import uuid4

import pytest

from services.sync.tests.test_exporting import beat, half
from services.sync.tests.test_importing import Owner, owner, storage
from tests.support.waiting import until

pytestmark = pytest.mark.integration
__all__ = ["owner", "storage"]
PATH = "/api/v1/healthkit/export"


async def send(owner: Owner, **body: Any) -> Any:
    return await owner.call("POST", PATH, {"device_connection_id": str(owner.connection_id), **body})


async def test_records_are_counted_and_the_anchor_comes_back(owner: Owner) -> None:
    await owner.pair()
    records = [
        beat("a"),
        beat("a"),
        half("Systolic", 133, id="u"),
        half("Diastolic", 85, id="l"),
        beat("b", 9000),
    ]
    answer = await send(owner, records=records, deletions=["gone"], anchor="42")
    assert answer.status_code == 202, answer.text
    assert answer.json() == {
        "accepted": 3,
        "duplicates": 1,
        "rejected": [{"index": 4, "code": "out_of_bounds", "field": None}],
        "anchor": "42",
    }
    await until(lambda: len(owner.readings()) == 2 and owner.deletions())
    assert owner.record_ids() == {"healthkit:a", "healthkit:u"}
    assert [one.record_id for one in owner.deletions()] == ["healthkit:gone"]
    [job_id] = {one.job_id for one in owner.readings()}
    assert job_id is not None  # old ones come as one frame: this one
    await until(
        lambda: [one for one in owner.stage.read if (one.job_id, one.done, one.total) == (job_id, 2, 2)]
    )


async def test_a_kind_without_consent_is_rejected_by_its_index(owner: Owner) -> None:
    await owner.pair(consent_kinds=frozenset({"blood_pressure"}))
    answer = await send(
        owner, records=[beat("a"), half("Systolic", 133, id="u"), half("Diastolic", 85, id="l")]
    )
    assert answer.json()["accepted"] == 2
    assert answer.json()["rejected"] == [{"index": 0, "code": "kind_not_consented", "field": None}]


async def test_limits_and_strangers(owner: Owner) -> None:
    await owner.pair()
    many = await send(owner, records=[beat("a")] * 1001)
    assert (many.status_code, many.json()["code"]) == (413, "too_many_items")
    large = await send(owner, records=[beat("a", note="x" * 1_100_000)])
    assert (large.status_code, large.json()["code"]) == (413, "payload_too_large")
    stranger = Owner(owner.stage, owner.cloud, owner.model, owner.storage)
    stranger.connection_id = owner.connection_id
    assert (await send(stranger)).status_code == 404
    unknown = await owner.call("POST", PATH, {"device_connection_id": str(uuid4())})
    assert unknown.status_code == 404
    other = {"device_connection_id": str(owner.connection_id)}
    assert (await owner.call("POST", "/api/v1/health-connect/export", other)).status_code == 409
