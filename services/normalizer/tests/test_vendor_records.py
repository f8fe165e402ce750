"""What vendors bring through sync: taken back, narrowed by consent, counted for the job that asked."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest
from nats.js.errors import NotFoundError

from proto import subjects
from proto.events import SyncSettled
from proto.raw import RawDeletion, RawEmptied
from services.normalizer.tests.conftest import Patient
from tests.support.waiting import until

pytestmark = pytest.mark.integration


def record(
    patient: Patient, readings: dict[str, Any], id: str, at: str, revision: int | None = None, **extra: Any
) -> bytes:
    """As sync publishes it."""
    meta = {
        "vendor": "somebody",
        "vendor_record_id": id,
        **({} if revision is None else {"revision": revision}),
    }
    return msgspec.json.encode(
        {
            "type": "reading",
            "connection_id": str(patient.connection_id),
            "received_at": "2026-05-02T00:00:00Z",
            "source": "sync",
            "actor_id": "vendor:somebody",
            **extra,
            "message": {
                "device_connection_id": str(patient.connection_id),
                "timestamp": at,
                "readings": readings,
                "meta": meta,
            },
        }
    )


def deletion(patient: Patient, id: str) -> bytes:
    return msgspec.json.encode(
        RawDeletion(
            connection_id=patient.connection_id,
            received_at=datetime(2026, 5, 3, tzinfo=UTC),
            source="sync",
            actor_id="vendor:somebody",
            record_id=id,
        )
    )


async def test_a_record_that_its_source_took_back_leaves_lists_and_hours_and_stays_as_history(
    patient: Patient,
) -> None:
    at = "2026-05-01T08:10:00Z"
    await patient.send(
        record(patient, {"weight_kg": 70}, "s:1", at),
        record(patient, {"weight_kg": 90}, "s:2", "2026-05-01T08:20:00Z"),
        record(patient, {"weight_kg": 80}, "s:3", "2026-05-01T08:30:00Z"),
    )
    await patient.send(deletion(patient, "s:2"), deletion(patient, "s:2"), deletion(patient, "s:unknown"))

    assert await patient.rows() == 2
    points = await _hours(patient)
    assert [(p["min"], p["max"], p["mean"], p["count"]) for p in points] == [(70, 80, 75, 2)]
    latest = (await patient.get(f"/device-data/{patient.connection_id}/latest")).json()["latest"]
    assert latest["weight_kg"]["value"] == 80
    kept = await patient.stage.pool.fetch(
        "SELECT readings->>'weight_kg' AS weight, reason FROM normalizer.superseded WHERE device_connection_id = $1",
        patient.connection_id,
    )
    assert [tuple(row) for row in kept] == [("90", "deleted")]


async def test_the_last_one_of_an_hour_takes_the_hour_along(patient: Patient) -> None:
    await patient.send(record(patient, {"weight_kg": 70}, "l:1", "2026-05-01T08:10:00Z"))
    await patient.send(deletion(patient, "l:1"))
    assert await _hours(patient) == []


async def test_the_parts_of_a_record_go_with_it_and_others_of_a_like_name_stay(patient: Patient) -> None:
    await patient.send(
        *(
            record(patient, {"heart_rate_bpm": 60 + n}, f"p:1#{n}", f"2026-05-01T08:{10 + n}:00Z")
            for n in range(3)
        ),
        record(patient, {"heart_rate_bpm": 99}, "p:10", "2026-05-01T08:40:00Z"),
    )
    await patient.send(deletion(patient, "p:1"))
    assert await patient.rows() == 1


async def test_what_was_taken_back_does_not_come_again_with_an_overlapping_page(patient: Patient) -> None:
    first = record(patient, {"weight_kg": 70}, "o:1", "2026-05-01T08:10:00Z")
    await patient.send(first)
    await patient.send(deletion(patient, "o:1"))
    await patient.send(first)
    assert await patient.is_empty()


async def test_a_page_that_is_older_than_the_deletion_brings_nothing_back_and_a_newer_one_does(
    patient: Patient,
) -> None:
    """The deletion was heard on 3 May; `revision` is when the source was asked, or changed the record, in ms."""

    def version(weight: int, when: str) -> bytes:
        revision = int(datetime.fromisoformat(when).timestamp() * 1000)
        return record(patient, {"weight_kg": weight}, "q:1", "2026-05-01T08:10:00Z", revision=revision)

    await patient.send(version(70, "2026-05-02T00:00:00+00:00"))
    await patient.send(deletion(patient, "q:1"))
    await patient.send(
        version(71, "2026-05-02T23:00:00+00:00")
    )  # corrected, and read just before it was deleted
    assert await patient.is_empty()
    assert await _hours(patient) == []
    await patient.send(version(70, "2026-05-04T00:00:00+00:00"))  # its source has it again
    assert await patient.rows() == 1
    assert [(p["min"], p["count"]) for p in await _hours(patient)] == [(70, 1)]


async def test_what_a_vendor_has_no_longer_of_a_stretch_of_time_is_taken_back_and_the_rest_stays(
    patient: Patient,
) -> None:
    """The vendor was asked on 3 May, and said what it still has of the morning's weights."""

    def version(id: str, at: str, when: str = "2026-05-02T00:00:00+00:00", **what: float) -> bytes:
        revision = int(datetime.fromisoformat(when).timestamp() * 1000)
        return record(patient, what, id, f"2026-05-01T{at}:00Z", revision=revision)

    gone = version("e:gone", "08:10", weight_kg=70)
    await patient.send(
        gone,
        version("e:kept", "08:20", weight_kg=71),
        version("e:pulse", "08:10", heart_rate_bpm=60),
        version("e:later", "08:30", "2026-05-04T00:00:00+00:00", weight_kg=72),
        version("e:evening", "20:10", weight_kg=73),
    )
    emptied = RawEmptied(
        connection_id=patient.connection_id,
        received_at=datetime(2026, 5, 3, tzinfo=UTC),
        source="sync",
        actor_id="vendor:somebody",
        vendor="somebody",
        metric="weight_kg",
        since=datetime(2026, 5, 1, 8, tzinfo=UTC),
        until=datetime(2026, 5, 1, 9, tzinfo=UTC),
        kept=["e:kept"],
    )
    other = msgspec.structs.replace(emptied, vendor="another", kept=[])
    await patient.send(*(msgspec.json.encode(one) for one in (emptied, emptied, other)))
    left = await patient.stage.pool.fetch(
        "SELECT meta->>'vendor_record_id' AS id FROM normalizer.device_data WHERE device_connection_id = $1"
        " AND meta ? 'vendor'",
        patient.connection_id,
    )
    assert {row["id"] for row in left} == {"e:kept", "e:pulse", "e:later", "e:evening"}
    await patient.send(gone)  # a page that was read before
    assert await patient.rows() == 4
    await patient.send(version("e:gone", "08:10", "2026-05-05T00:00:00+00:00", weight_kg=70))
    assert await patient.rows() == 5


async def test_nobody_takes_back_what_belongs_to_another_device(patient: Patient) -> None:
    other = await Patient(patient.stage).ready()
    await patient.send(record(patient, {"weight_kg": 70}, "n:1", "2026-05-01T08:10:00Z"))
    await other.send(deletion(other, "n:1"))
    assert await patient.rows() == 1


async def test_names_without_consent_are_dropped_and_the_rest_is_stored(patient: Patient) -> None:
    await patient.connect(consent_kinds=frozenset({"weight", "temperature"}))
    await patient.send(
        record(patient, {"weight_kg": 70, "steps": 900}, "c:1", "2026-05-01T08:10:00Z"),
        record(patient, {"steps": 900}, "c:2", "2026-05-01T08:20:00Z"),
    )
    assert [msgspec.json.decode(one.readings) for one in patient.stored()] == [{"weight_kg": 70}]
    assert [(one.code, one.field) for one in patient.refused()] == [("kind_not_consented", "readings.steps")]


async def test_a_dropped_name_does_not_make_the_same_record_another_one(patient: Patient) -> None:
    await patient.connect(consent_kinds=frozenset({"weight", "temperature"}))
    item = record(patient, {"weight_kg": 70, "steps": 900}, "d:1", "2026-05-01T08:10:00Z")
    await patient.send(item)
    await patient.send(item)
    assert await patient.rows() == 1
    assert patient.refused() == []


async def test_a_sync_hears_what_was_new_what_was_known_and_what_was_refused(patient: Patient) -> None:
    job_id = uuid4()
    heard: list[SyncSettled] = []

    async def settled() -> bool:
        heard.extend(await _settled(patient, job_id, len(heard)))
        return sum(one.stored + one.duplicates + one.rejected for one in heard) >= 4

    await patient.connect(consent_kinds=frozenset({"weight", "temperature"}))
    known = record(patient, {"weight_kg": 70}, "j:1", "2026-05-01T08:10:00Z")
    await patient.send(known)
    extra: dict[str, Any] = {"job_id": str(job_id)}
    await patient.send(
        record(patient, {"weight_kg": 70}, "j:1", "2026-05-01T08:10:00Z", **extra),
        record(patient, {"weight_kg": 71}, "j:2", "2026-05-01T08:11:00Z", **extra),
        record(patient, {"weight_kg": 72}, "j:3", "2026-05-01T08:12:00Z", **extra),
        record(patient, {"steps": 9}, "j:4", "2026-05-01T08:13:00Z", **extra),
    )
    await until(settled, 10)
    assert sum(one.stored for one in heard) == 2
    assert sum(one.duplicates for one in heard) == 1
    assert sum(one.rejected for one in heard) == 1


async def test_what_a_job_brought_is_said_apart_so_that_its_past_is_not_shown_as_news(
    patient: Patient,
) -> None:
    job_id = uuid4()
    await patient.send(
        record(patient, {"weight_kg": 70}, "e:1", "2026-05-01T08:10:00Z", job_id=str(job_id)),
        record(patient, {"weight_kg": 71}, "e:2", "2026-05-01T08:11:00Z"),
    )
    said = {
        event.job_id: [msgspec.json.decode(one.readings).get("weight_kg") for one in event.readings]
        for event in patient.stage.recorded
        if event.patient_id == patient.id
    }
    assert said[job_id] == [70]
    assert 71 in said[None]


async def _settled(patient: Patient, job_id: UUID, known: int) -> list[SyncSettled]:
    """What JOBS holds for a job, in order; the service that takes it away does not run here."""
    js = patient.stage.admin.js
    found: list[SyncSettled] = []
    sequence = 0
    while True:
        try:
            message = await js.get_msg(
                "JOBS", seq=sequence + 1, next=True, subject=subjects.to(subjects.SYNC_SETTLED, job_id)
            )
        except NotFoundError:
            return found[known:]
        sequence = int(message.seq or 0)
        found.append(msgspec.json.decode(message.data or b"", type=SyncSettled))


async def _hours(patient: Patient) -> list[dict[str, Any]]:
    answer = await patient.get(
        f"/device-data/{patient.connection_id}",
        {
            "metric": "weight_kg",
            "resolution": "1h",
            "from": "2026-05-01T00:00:00Z",
            "to": "2026-05-02T00:00:00Z",
        },
    )
    points: list[dict[str, Any]] = answer.json()["points"]
    return points
