"""An export of the Health app, from a verified object to readings: large, cut off in the middle, damaged, hostile."""

import asyncio
import io
import zipfile
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import msgspec
import psutil
import pytest

from chassis.config import load
from chassis.storage import Storage
from proto import subjects
from proto.access import ALL_KINDS
from proto.events import SyncJob, VerifiedUpload
from proto.state import ModelState
from proto.vendors.normalized import Context
from services.sync.importing import Parts
from services.sync.settings import Settings
from services.sync.tests.conftest import Patient, Stage
from tests.support.clouds import World
from tests.support.waiting import until
from vendors.healthkit.export import batches
from vendors.healthkit.mapping import normalize

pytestmark = pytest.mark.integration
MEGABYTE = 1 << 20
HEARTBEAT = (
    '<Record type="HKQuantityTypeIdentifierHeartRate" sourceName="Watch" unit="count/min" '
    'startDate="{at}" endDate="{at}" value="{value}"><MetadataEntry key="HKMetadataKeyHeartRateMotionContext" value="1"/>'
    "</Record>\n"
)
PRESSURE = "".join(
    f'<Record type="HKQuantityTypeIdentifierBloodPressure{side}" sourceName="Cuff" unit="mmHg" '
    f'startDate="2025-03-01 07:05:00 +0100" endDate="2025-03-01 07:05:00 +0100" value="{value}"/>\n'
    for side, value in (("Systolic", 133), ("Diastolic", 85))
)


def heartbeat(number: int) -> str:
    day, second = divmod(number * 5, 86_400)
    at = f"2025-{day // 28 + 1:02}-{day % 28 + 1:02} {second // 3600:02}:{second // 60 % 60:02}:{second % 60:02} +0100"
    return HEARTBEAT.format(at=at, value=50 + number % 100)


def export(megabytes: float) -> bytes:
    count = int(megabytes * MEGABYTE / len(heartbeat(0)))
    inside = "".join(heartbeat(number) for number in range(count))
    return f'<?xml version="1.0"?>\n<HealthData locale="en_US">\n{PRESSURE}{inside}</HealthData>'.encode()


def zipped(content: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("apple_health_export/Exportieren.xml", content)
    return file.getvalue()


def ids_of(content: bytes) -> set[str]:
    made = (normalize([batch], Context()) for batch in batches(io.BytesIO(content)))
    return {str(reading.meta["vendor_record_id"]) for one in made for reading in one.readings}


class Owner(Patient):
    """A person with Apple Health, and what they upload."""

    def __init__(self, stage: Stage, cloud: World, model: ModelState, storage: Storage) -> None:
        super().__init__(stage, cloud, model)
        self.storage = storage

    async def pair(self, **changes: Any) -> None:
        await self.connect(pairing_method="healthkit", **changes)
        body = {"device_connection_id": str(self.connection_id)}

        async def is_known() -> bool:
            return (await self.call("POST", "/api/v1/healthkit/export", body)).status_code == 202

        await until(is_known)

    def key(self, upload_id: UUID) -> str:
        return f"objects/{self.connection_id}/{upload_id}"

    async def put(self, content: bytes) -> UUID:
        upload_id = uuid4()
        url = await self.storage.sign_put(self.key(upload_id), 60)
        answer = await self.stage.http.put(url, content=content, headers={"content-type": "application/zip"})
        assert answer.is_success, answer.text
        return upload_id

    async def say(self, upload_id: UUID, size: int) -> None:
        """As ingest does when a file is verified."""
        upload = VerifiedUpload(
            upload_id=upload_id,
            device_connection_id=self.connection_id,
            patient_id=self.id,
            kind="apple_export",
            object_url=self.storage.url_of(self.key(upload_id)),
            size=size,
        )
        await self.stage.buses["ingest"].publish(
            subjects.to(subjects.UPLOADS_VERIFIED, upload.kind), msgspec.json.encode(upload)
        )

    async def upload(self, content: bytes) -> UUID:
        upload_id = await self.put(content)
        await self.say(upload_id, len(content))
        return upload_id

    async def progress_of(self, upload_id: UUID) -> SyncJob | None:
        answer = await self.call("GET", f"/api/v1/device/sync/{upload_id}")
        return msgspec.json.decode(answer.content, type=SyncJob) if answer.status_code == 200 else None

    async def over(self, upload_id: UUID, within_s: float = 120) -> SyncJob:
        """The import when it has ended and its file is gone."""

        async def found() -> SyncJob | None:
            job = await self.progress_of(upload_id)
            ended = job is not None and job.state in ("done", "failed")
            return job if ended and await self.storage.size(self.key(upload_id)) is None else None

        job: SyncJob = await until(found, within_s)
        return job

    async def error(self, upload_id: UUID) -> str:
        job = await self.over(upload_id)
        assert job.state == "failed"
        [fault] = job.errors
        return fault.code


@pytest.fixture(scope="module")
def storage(s3: Any, service_environ: Callable[[str], dict[str, str]]) -> Storage:
    return Storage(load(Settings, service_environ("sync")))


@pytest.fixture
async def owner(stage: tuple[Stage, World], storage: Storage) -> Owner:
    model = ModelState(
        id=uuid4(),
        vendor_id="healthkit",
        name="Apple Health",
        device_type="smart_watch",
        capabilities=ALL_KINDS,
        pairing_methods=["healthkit"],
        version=1,
    )
    await stage[0].put("registry", "models", str(model.id), model)
    return Owner(*stage, model, storage)


async def test_an_export_becomes_readings_and_is_deleted(owner: Owner) -> None:
    await owner.pair()
    content = export(0.2)
    packed = zipped(content)
    upload_id = await owner.upload(packed)
    job = await owner.over(upload_id)

    assert (job.state, job.errors, job.rejected) == ("done", [], 0)
    assert job.done == job.total == len(packed)
    assert owner.record_ids() == ids_of(content)
    assert job.accepted == len(owner.readings()) == len(ids_of(content))
    assert {one.job_id for one in owner.readings()} == {upload_id}
    assert job.job_id == upload_id
    assert job.device_connection_id == owner.connection_id
    kept = await owner.stage.pool.fetchval(
        "SELECT object_url FROM sync.imports WHERE upload_id = $1", upload_id
    )
    assert kept is None
    said = [one for one in owner.stage.read if one.upload_id == upload_id]
    assert (said[-1].done, said[-1].total) == (len(packed), len(packed))


async def test_hearing_of_it_twice_reads_it_once(owner: Owner) -> None:
    await owner.pair()
    content = export(0.1)
    upload_id = await owner.put(content)
    await owner.say(upload_id, len(content))
    await owner.over(upload_id)
    await owner.say(upload_id, len(content))
    marker = await owner.upload(content)  # what was said before is heard before
    assert (await owner.over(marker)).state == "done"
    job = await owner.over(upload_id)
    assert (job.state, job.accepted) == ("done", len(ids_of(content)))


async def test_cut_off_in_the_middle_it_begins_again_and_nothing_is_missing(owner: Owner) -> None:
    await owner.pair()
    content = export(4)
    upload_id = await owner.upload(zipped(content))
    await until(lambda: len(owner.readings()) > 1000, 30)
    importer = owner.stage.app.state.importer
    await importer.stop()
    cut = await owner.progress_of(upload_id)
    assert cut is not None
    assert cut.state == "running"
    before = owner.record_ids()
    await importer.start()

    job = await owner.over(upload_id)
    assert job.state == "done"
    assert before < owner.record_ids() == ids_of(content)
    assert len(owner.readings()) > len(ids_of(content))  # some came twice: the record key makes them one


async def test_progress_is_told_at_most_twice_a_second(owner: Owner) -> None:
    await owner.pair()
    loop = asyncio.get_running_loop()
    began = loop.time()
    upload_id = await owner.upload(export(4))
    await owner.over(upload_id)
    said = [one.done for one in owner.stage.read if one.upload_id == upload_id]
    assert said == sorted(said)
    assert 2 <= len(said) <= (loop.time() - began) * 2 + 1


@pytest.mark.parametrize("pack", [bytes, zipped], ids=["xml", "zip"])
async def test_twenty_megabytes_take_a_few_of_memory(owner: Owner, pack: Callable[[bytes], bytes]) -> None:
    content = export(20)
    assert len(content) > 19 * MEGABYTE
    count, packed = content.count(b'HeartRate"') + 1, pack(content)
    upload_id, size = await owner.put(packed), len(packed)
    del content, packed
    parts = Parts(owner.storage.file(owner.key(upload_id), size), batches, normalize, Context())
    process = psutil.Process()
    before = process.memory_info().rss
    most = found = 0
    while (part := await asyncio.to_thread(parts.next)) is not None:
        found += len(part.normalized.readings)
        most = max(most, process.memory_info().rss)
    await owner.storage.delete(owner.key(upload_id))
    assert found == count
    assert most - before < 10 * MEGABYTE


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (zipped(b"<Other/>"), "export_unknown"),
        (b"<?xml version='1.0'?><Other/>", "export_unknown"),
        (export(0.1)[:-2000], "export_damaged"),
        (zipped(export(0.1))[:-40], "export_damaged"),
        (b"PK\x03\x04 and nothing more", "export_damaged"),
    ],
    ids=["other zip", "other xml", "cut xml", "cut zip", "no zip"],
)
async def test_what_cannot_be_read_ends_with_a_code(owner: Owner, content: bytes, code: str) -> None:
    await owner.pair()
    assert await owner.error(await owner.upload(content)) == code


async def test_a_zip_bomb_is_refused_without_unpacking_it(owner: Owner) -> None:
    await owner.pair()
    file = io.BytesIO()
    with (
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("export.xml", "w") as inside,
    ):
        inside.write(b"<HealthData>")
        block = HEARTBEAT.encode() * 5000
        while file.tell() * 200 > inside._file_size or inside._file_size < 300 * MEGABYTE:  # type: ignore[attr-defined]
            inside.write(block)
    assert len(file.getvalue()) < 3 * MEGABYTE
    assert await owner.error(await owner.upload(file.getvalue())) == "export_oversized"
    assert owner.readings() == []


async def test_an_object_that_is_gone_ends_it(owner: Owner) -> None:
    await owner.pair()
    upload_id = uuid4()
    await owner.say(upload_id, 1000)
    assert await owner.error(upload_id) == "unknown_object"


async def test_without_consent_nothing_is_read(owner: Owner) -> None:
    await owner.pair()
    await owner.connect(pairing_method="healthkit", consent="revoked")
    body = {"device_connection_id": str(owner.connection_id)}

    async def is_heard() -> bool:
        return (await owner.call("POST", "/api/v1/healthkit/export", body)).status_code == 403

    await until(is_heard)
    assert await owner.error(await owner.upload(export(0.1))) == "consent_revoked"
    assert owner.readings() == []


async def test_consent_that_is_withdrawn_meanwhile_ends_it(owner: Owner) -> None:
    await owner.pair()
    content = export(4)
    upload_id = await owner.upload(content)
    await until(lambda: len(owner.readings()) > 200, 30)
    await owner.connect(pairing_method="healthkit", consent="revoked")
    assert await owner.error(upload_id) == "consent_revoked"
    assert owner.record_ids() < ids_of(content)


async def test_kinds_without_consent_are_left_out_and_counted(owner: Owner) -> None:
    await owner.pair(consent_kinds=frozenset({"blood_pressure"}))
    content = export(0.05)
    job = await owner.over(await owner.upload(content))
    assert (job.state, job.accepted, job.rejected) == ("done", 1, len(ids_of(content)) - 1)
    assert [fault.code for fault in job.errors] == ["kind_not_consented"]


async def test_nobody_else_sees_how_far_it_is(owner: Owner, storage: Storage) -> None:
    await owner.pair()
    upload_id = await owner.upload(export(0.01))
    await owner.over(upload_id)
    other = Owner(owner.stage, owner.cloud, owner.model, storage)
    assert (await other.call("GET", f"/api/v1/device/sync/{upload_id}")).status_code == 404
    assert (await owner.call("GET", f"/api/v1/device/sync/{uuid4()}")).status_code == 404
