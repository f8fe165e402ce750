"""Every rule of ingest at the HTTP edge."""

import asyncio
import base64
import time
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import msgspec
import pytest

from chassis.crypto import token_digest
from proto.raw import RawGatt, RawReading
from services.ingest.tests.conftest import SECRET, Scene

pytestmark = pytest.mark.integration


async def test_a_message_is_acknowledged_after_it_is_in_the_stream(scene: Scene) -> None:
    body = msgspec.json.encode(scene.message(event_id="e-1"))

    answer = await scene.post(body)

    assert answer.status_code == 202
    receipt = answer.json()
    assert (receipt["accepted"], receipt["duplicates"], receipt["rejected"]) == (1, 0, [])
    items = await scene.stored(receipt["receipt"])
    mine = [item for item in items if item.connection_id == scene.connection_id]
    assert isinstance(mine[0], RawReading)
    assert bytes(mine[0].message) == body


@pytest.mark.parametrize("kind", ["token", "hub"])
async def test_a_connection_and_its_hub_may_send_for_it(scene: Scene, kind: str) -> None:
    basic = base64.b64encode(f"{scene.hub_id}:{SECRET}".encode()).decode()
    credential = f"Bearer {scene.token}" if kind == "token" else f"Basic {basic}"

    answer = await scene.post(scene.message(), authorization=credential)

    assert answer.status_code == 202
    items = await scene.stored(answer.json()["receipt"])
    assert any(item.actor_id.startswith(("connection:", "hub:")) for item in items)


@pytest.mark.parametrize(
    "credential",
    [
        "",
        "Bearer nothing",
        "Bearer dci_00000000000000000000000000000000_x",
        "Basic !!!",
        "Basic aHViLTEyMzQ1Njc4OnNlY3JldA==",
        "Digest x",
    ],
)
async def test_unknown_credentials_are_401(scene: Scene, credential: str) -> None:
    answer = await scene.post(scene.message(), authorization=credential)

    assert answer.status_code == 401
    assert answer.json()["code"] == "unauthenticated"
    assert answer.headers["content-type"] == "application/problem+json"


async def test_order_of_refusals(scene: Scene) -> None:
    client, path = scene.client, "/api/v1/device-data/ingest"
    mine = scene.bearer()

    assert (await client.get(path)).status_code == 401
    assert (await client.get(path, headers=mine)).status_code == 405
    assert (
        await client.post(path, content=b"{}", headers={**mine, "content-type": "text/plain"})
    ).status_code == 415
    gzipped = {**mine, "content-type": "application/json", "content-encoding": "gzip"}
    assert (await client.post(path, content=b"{}", headers=gzipped)).status_code == 415


@pytest.mark.parametrize(
    ("change", "status", "code", "field"),
    [
        ({"readings": {"weight_kg": 1000}}, 422, "out_of_bounds", "readings.weight_kg"),
        ({"readings": {"mood": 1}}, 422, "unknown_metric", "readings.mood"),
        ({"readings": {}}, 422, "empty_readings", "readings"),
        ({"readings": {"blood_pressure": {"systolic": 70, "diastolic": 80}}}, 422, "out_of_bounds", "readings.blood_pressure"),
        ({"timestamp": "2009-12-31T23:59:59Z"}, 422, "timestamp_too_old", "timestamp"),
        ({"timestamp": "2100-01-01T00:00:00Z"}, 422, "timestamp_ahead", "timestamp"),
        ({"timestamp": "2026-05-01T08:30:00"}, 422, "timestamp_no_offset", "timestamp"),
        ({"timestamp": "yesterday"}, 422, "wrong_type", "timestamp"),
        ({"event_id": "no spaces"}, 422, "wrong_type", "event_id"),
        ({"colour": "red"}, 422, "unknown_field", "colour"),
        ({"meta": {"colour": "red"}}, 422, "unknown_field", "meta.colour"),
        ({"readings": {"stethoscope_audio_url": "s3://device-connect/objects/x/y"}}, 422, "unknown_object", "readings.stethoscope_audio_url"),
        ({"device_connection_id": "0190f1c2-0000-7000-8000-000000000001"}, 404, "not_found", None),
        ({"device_connection_id": "0190f1c2-0000-7000-8000-000000000001", "readings": {"mood": 1}}, 404, "not_found", None),
    ],
)  # fmt: skip
async def test_a_message_alone_has_its_own_status(
    scene: Scene, change: dict[str, Any], status: int, code: str, field: str | None
) -> None:
    answer = await scene.post(scene.message(**change))

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    if field:
        assert answer.json()["errors"][0] == {"field": field, "code": code}


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b'{"a":NaN}',
        b'{"readings":{"weight_kg":1e999}}',
        b"\xff\xfe",
        b"[" * 5000,
        b'{"a":' * 3000,
        b"[{},",
    ],
)
async def test_what_does_not_parse_is_400(scene: Scene, body: bytes) -> None:
    answer = await scene.post(body)

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_json")


@pytest.mark.parametrize("body", [b"", b"[]", b"  "])
async def test_nothing_is_422(scene: Scene, body: bytes) -> None:
    answer = await scene.post(body)

    assert (answer.status_code, answer.json()["code"]) == (422, "empty_readings")


async def test_a_batch_takes_the_good_and_lists_the_bad(scene: Scene) -> None:
    batch = [
        scene.message(event_id="b-1"),
        scene.message(readings={"mood": 1}),
        scene.message(device_connection_id=str(uuid4())),
        scene.message(event_id="b-4"),
    ]

    answer = await scene.post(batch)

    assert answer.status_code == 202
    assert answer.json()["accepted"] == 2
    assert answer.json()["rejected"] == [
        {"index": 1, "code": "unknown_metric", "field": "readings.mood"},
        {"index": 2, "code": "not_found", "field": None},
    ]


async def test_a_wholly_rejected_batch_is_422_with_the_lowest_index(scene: Scene) -> None:
    answer = await scene.post([scene.message(device_connection_id=str(uuid4())), scene.message(readings={})])

    assert answer.status_code == 422
    assert answer.json()["code"] == "not_found"
    assert [fault["index"] for fault in answer.json()["rejected"]] == [0, 1]


async def test_ndjson_skips_blank_lines_and_names_bad_ones(scene: Scene) -> None:
    line = msgspec.json.encode(scene.message())
    body = b"\n" + line + b"\n\n{broken\n"

    answer = await scene.post(body, **{"content-type": "application/x-ndjson"})

    assert answer.status_code == 202
    assert answer.json()["accepted"] == 1
    assert answer.json()["rejected"] == [{"index": 1, "code": "invalid_json", "field": None}]


async def test_limits_of_size_and_count(scene: Scene) -> None:
    big = scene.message(meta={"unmapped": ["x" * 120] * 50})
    padded = msgspec.json.encode(big)[:-1] + b" " * (256 * 1024) + b"}"
    assert (await scene.post(padded)).json()["code"] == "payload_too_large"
    assert (await scene.post(b"[" + b"1," * 1000 + b"1]")).json()["code"] == "too_many_items"
    assert (await scene.post(b"[" + b" " * (1024 * 1024) + b"]")).status_code == 413


async def test_thousand_messages_fit(scene: Scene) -> None:
    batch = [scene.message(event_id=f"k-{n}", readings={"weight_kg": 70 + n / 1000}) for n in range(1000)]
    small = [{key: item[key] for key in item if key != "meta"} for item in batch]

    answer = await scene.post(small)

    assert (answer.status_code, answer.json()["accepted"]) == (202, 1000)


@pytest.mark.parametrize(
    ("state", "code"),
    [
        ({"consent": "revoked"}, "consent_revoked"),
        ({"status": "revoked"}, "consent_revoked"),
        ({"consent": "missing"}, "consent_missing"),
    ],
)
async def test_without_consent_nothing_is_taken(scene: Scene, state: dict[str, Any], code: str) -> None:
    await scene.put_connection(**state)

    for credential in (scene.bearer()["authorization"], f"Bearer {scene.token}"):
        answer = await scene.post(scene.message(), authorization=credential)
        assert (answer.status_code, answer.json()["code"]) == (403, code)


async def test_disconnected_and_failed_devices_may_still_send(scene: Scene) -> None:
    for status in ("disconnected", "failed"):
        await scene.put_connection(status=status)
        assert (await scene.post(scene.message())).status_code == 202


async def test_kinds_must_be_consented(scene: Scene) -> None:
    await scene.put_connection(consent_kinds=frozenset({"weight"}))

    answer = await scene.post(scene.message())

    assert (answer.status_code, answer.json()["code"]) == (422, "kind_not_consented")
    assert answer.json()["errors"][0]["field"] == "readings.blood_pressure"


async def test_another_patient_gets_the_same_404_as_for_nothing(scene: Scene) -> None:
    stranger = scene.bearer(uuid4())["authorization"]

    foreign = await scene.post(scene.message(), authorization=stranger)
    unknown = await scene.post(scene.message(device_connection_id=str(uuid4())), authorization=stranger)

    assert foreign.status_code == unknown.status_code == 404
    assert {k: v for k, v in foreign.json().items() if k != "request_id"} == {
        k: v for k, v in unknown.json().items() if k != "request_id"
    }


async def test_an_ingest_token_is_for_its_connection_only(scene: Scene) -> None:
    other = Scene(scene.client, scene._owner, scene._registry, scene._signer)
    await other.put_connection()

    answer = await scene.post(other.message(), authorization=f"Bearer {scene.token}")

    assert answer.status_code == 404


async def test_a_remembered_device_is_judged_by_what_is_known_now(scene: Scene) -> None:
    mine = {"authorization": f"Bearer {scene.token}"}
    assert (await scene.post(scene.message(), **mine)).status_code == 202

    await scene.put_connection(consent="revoked")
    assert (await scene.post(scene.message(), **mine)).json()["code"] == "consent_revoked"

    await scene.put_connection(token_sha256=token_digest("another"))
    assert (await scene.post(scene.message(), **mine)).status_code == 401

    await scene.put_connection()
    assert (await scene.post(scene.message(), **mine)).status_code == 202


async def test_duplicates_are_counted_and_conflicts_refused(scene: Scene) -> None:
    first = scene.message(event_id="d-1")
    assert (await scene.post(first)).json()["accepted"] == 1

    again = await scene.post(first)
    other = await scene.post(scene.message(event_id="d-1", readings={"weight_kg": 80}))

    assert (again.status_code, again.json()["accepted"], again.json()["duplicates"]) == (202, 0, 1)
    assert (other.status_code, other.json()["code"]) == (409, "conflict")


async def test_a_higher_revision_amends_and_a_lower_is_a_duplicate(scene: Scene) -> None:
    def version(revision: int, weight: float) -> dict[str, Any]:
        meta = {"vendor_record_id": "v:1", "revision": revision}
        return scene.message(readings={"weight_kg": weight}, meta=meta)

    assert (await scene.post(version(2, 70))).json()["accepted"] == 1
    assert (await scene.post(version(3, 71))).json()["accepted"] == 1
    assert (await scene.post(version(1, 72))).json()["duplicates"] == 1


async def test_two_of_one_event_in_a_batch(scene: Scene) -> None:
    answer = await scene.post(
        [
            scene.message(event_id="t-1"),
            scene.message(event_id="t-1"),
            scene.message(event_id="t-1", readings={"weight_kg": 90}),
        ]
    )

    assert answer.json()["accepted"] == 1
    assert answer.json()["duplicates"] == 1
    assert answer.json()["rejected"] == [{"index": 2, "code": "conflict", "field": None}]


def gatt(scene: Scene, **changes: Any) -> dict[str, Any]:
    return {
        "device_connection_id": str(scene.connection_id),
        "service": "1810",
        "characteristic": "2a35",
        "value": "1e7a004e005d00ea070b120714054600010000",
        "received_at": "2026-05-01T08:30:01Z",
        **changes,
    }


async def test_gatt_octets_travel_untouched(scene: Scene) -> None:
    answer = await scene.post(gatt(scene, characteristic="0x2A35"), "gatt")

    assert answer.status_code == 202
    items = await scene.stored(answer.json()["receipt"])
    mine = next(item for item in items if item.connection_id == scene.connection_id)
    assert isinstance(mine, RawGatt)
    assert b"1e7a004e" in bytes(mine.message)


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"value": "1e7"}, "invalid_hex", "value"),
        ({"value": "zz"}, "invalid_hex", "value"),
        ({"value": ""}, "invalid_hex", "value"),
        ({"characteristic": "ffff"}, "unknown_characteristic", "characteristic"),
        ({"characteristic": "blood"}, "unknown_characteristic", "characteristic"),
        ({"service": "x"}, "wrong_type", "service"),
        ({"received_at": "2100-01-01T00:00:00Z"}, "timestamp_ahead", "received_at"),
        ({"received_at": None}, "wrong_type", "received_at"),
        ({"mood": 1}, "unknown_field", "mood"),
    ],
)
async def test_envelope_faults_are_told_at_once(
    scene: Scene, change: dict[str, Any], code: str, field: str
) -> None:
    answer = await scene.post(gatt(scene, **change), "gatt")

    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert answer.json()["errors"][0]["field"] == field


async def test_many_at_once_leave_in_few_groups(scene: Scene) -> None:
    committer = scene.client.app.state.committer
    item = b'{"n":%d}'

    sequences = await asyncio.gather(
        *(committer.commit([(scene.connection_id, item % n)], n) for n in range(600))
    )

    assert len(set(sequences)) <= 10
    stored = [
        await scene.client.app.state.reader.js.get_msg("INGEST", seq=seq) for seq in sorted(set(sequences))
    ]
    numbers = [entry["n"] for message in stored for entry in msgspec.json.decode(message.data)]
    assert sorted(numbers) == list(range(600))


async def test_a_busy_connection_is_told_to_wait_and_no_other(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    one_second = SimpleNamespace(monotonic=lambda: 1e6, perf_counter=time.perf_counter)
    monkeypatch.setattr("services.ingest.routes.time", one_second)  # however slow the machine is
    mine = {"authorization": f"Bearer {scene.token}"}
    answers = await asyncio.gather(*(scene.post(scene.message(), **mine) for _ in range(300)))
    statuses = {answer.status_code for answer in answers}

    assert statuses == {202, 429}
    assert {a.headers["retry-after"] for a in answers if a.status_code == 429} == {"1"}
    other = Scene(scene.client, scene._owner, scene._registry, scene._signer)
    await other.put_connection()
    assert (await other.post(other.message(), authorization=f"Bearer {other.token}")).status_code == 202
