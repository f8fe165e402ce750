"""Uploads of exports: verified once, said once, and only for a device that brings its readings this way."""

from hashlib import sha256
from typing import Any
from uuid import UUID, uuid4

import httpx2
import msgspec
import pytest

from chassis.storage import CHUNK
from proto import subjects
from proto.events import VerifiedUpload
from proto.state import ModelState
from services.ingest.tests.conftest import PATIENT, Scene
from tests.support.others import EVERYTHING
from tests.support.waiting import until

pytestmark = pytest.mark.integration
EXPORT = b'<?xml version="1.0"?><HealthData locale="en_US"></HealthData>'
APPLE: ModelState = msgspec.structs.replace(EVERYTHING, id=uuid4(), pairing_methods=["healthkit"])


@pytest.fixture
async def heard(scene: Scene) -> list[VerifiedUpload]:
    """Verified uploads as they are said."""
    found: list[VerifiedUpload] = []

    async def on_upload(msg: Any) -> None:
        found.append(msgspec.json.decode(msg.data, type=VerifiedUpload))

    reader = scene.client.app.state.reader
    await reader.listen(f"{subjects.UPLOADS_VERIFIED}.*", on_upload)
    await reader.nc.flush()
    return found


async def presign(scene: Scene, content: bytes, kind: str, content_type: str) -> Any:
    body = {
        "device_connection_id": str(scene.connection_id),
        "kind": kind,
        "content_type": content_type,
        "size": len(content),
        "sha256": sha256(content).hexdigest(),
    }
    return await scene.client.post("/api/v1/uploads/presign", json=body, headers=scene.bearer())


async def complete(scene: Scene, upload_id: str, user_id: UUID = PATIENT) -> Any:
    return await scene.client.post(f"/api/v1/uploads/{upload_id}/complete", headers=scene.bearer(user_id))


async def put(presigned: Any, content: bytes) -> None:
    async with httpx2.AsyncClient(trust_env=False) as http:
        answer = await http.put(presigned["url"], content=content, headers=presigned["headers"])
    assert answer.is_success, answer.text


async def of_apple(scene: Scene) -> None:
    await scene.put_model(APPLE)
    await scene.put_connection(device_model_id=APPLE.id)


async def test_an_export_is_said_once_however_often_it_is_completed(
    scene: Scene, heard: list[VerifiedUpload]
) -> None:
    await of_apple(scene)
    presigned = (await presign(scene, EXPORT, "apple_export", "application/xml")).json()
    upload_id = presigned["upload_id"]
    assert (await complete(scene, upload_id)).status_code == 422  # not there yet
    await put(presigned, EXPORT)
    assert (await complete(scene, upload_id, uuid4())).status_code == 404
    answers = [await complete(scene, upload_id) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 200]

    again = (await presign(scene, EXPORT, "apple_export", "application/xml")).json()
    await put(again, EXPORT)
    assert (await complete(scene, again["upload_id"])).status_code == 200
    await until(lambda: [one for one in heard if str(one.upload_id) == again["upload_id"]])
    [said] = [one for one in heard if str(one.upload_id) == upload_id]
    assert (said.kind, said.size, said.object_url) == ("apple_export", len(EXPORT), presigned["object_url"])
    assert (said.patient_id, said.device_connection_id) == (PATIENT, scene.connection_id)


async def test_an_export_of_several_parts_is_compared_whole_and_in_order(scene: Scene) -> None:
    await of_apple(scene)
    content = EXPORT + b"".join(number.to_bytes(4) for number in range(CHUNK // 2))
    assert 2 * CHUNK < len(content) < 3 * CHUNK
    presigned = (await presign(scene, content, "apple_export", "application/xml")).json()
    await put(presigned, content)
    answer = await complete(scene, presigned["upload_id"])
    assert answer.status_code == 200, answer.text


async def test_an_export_with_another_content_is_refused_and_not_said(
    scene: Scene, heard: list[VerifiedUpload]
) -> None:
    await of_apple(scene)
    presigned = (await presign(scene, EXPORT, "apple_export", "application/xml")).json()
    await put(presigned, EXPORT.replace(b"en_US", b"de_DE"))
    answer = await complete(scene, presigned["upload_id"])
    assert (answer.status_code, answer.json()["code"]) == (422, "checksum_mismatch")
    good = (await presign(scene, EXPORT, "apple_export", "application/xml")).json()
    await put(good, EXPORT)
    assert (await complete(scene, good["upload_id"])).status_code == 200
    await until(lambda: heard)
    assert [str(one.upload_id) for one in heard] == [good["upload_id"]]


async def test_an_export_needs_a_device_that_comes_through_the_health_app(scene: Scene) -> None:
    answer = await presign(scene, EXPORT, "apple_export", "application/xml")
    assert (answer.status_code, answer.json()["code"]) == (422, "kind_not_supported")
