"""The Health app's export as a stream: constant memory, no entities, ZIPs, and what damaged and hostile files do."""

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from proto.vendors.normalized import Context, Normalized, Unreadable
from vendors.healthkit.export import DIRECTORY_MAX, ELEMENT_MAX, TABLE_MAX, batches
from vendors.healthkit.mapping import normalize, read

MEGABYTE = 1 << 20
HEAD = b'<?xml version="1.0" encoding="UTF-8"?>\n'
DAY = "2026-11-18 "
HEARTBEAT = (
    '<Record type="HKQuantityTypeIdentifierHeartRate" sourceName="Watch" unit="count/min" '
    'startDate="{at}" endDate="{at}" value="{value}"><MetadataEntry key="HKMetadataKeyHeartRateMotionContext" value="1"/>'
    "</Record>\n"
)
HALF = (
    '<Record type="HKQuantityTypeIdentifierBloodPressure{side}" sourceName="Cuff" unit="mmHg" '
    'startDate="{at}" endDate="{at}" value="{value}"/>\n'
)


class Generated(io.RawIOBase):
    """A file that is written while it is read: nothing of it is held."""

    def __init__(self, parts: Iterator[bytes]) -> None:
        self._parts = parts
        self._rest = memoryview(b"")
        self.sent = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._rest:
            self._rest = memoryview(next(self._parts, b""))
        size = min(len(buffer), len(self._rest))
        buffer[:size] = self._rest[:size]
        self._rest = self._rest[size:]
        self.sent += size
        return size


def heartbeat(number: int) -> str:
    at = f"{DAY}{number // 3600 % 24:02}:{number // 60 % 60:02}:{number % 60:02} +0100"
    return HEARTBEAT.format(at=at, value=50 + number % 100)


def export(inner: str, doctype: str = "") -> bytes:
    return HEAD + f'{doctype}<HealthData locale="en_US">\n{inner}</HealthData>'.encode()


def normalized(data: bytes, size: int = 500) -> list[Normalized]:
    return [normalize([batch], Context()) for batch in batches(io.BytesIO(data), size)]


def ids(found: list[Normalized]) -> list[str]:
    return [reading.meta["vendor_record_id"] for part in found for reading in part.readings]


def test_fifty_megabytes_take_no_more_memory_than_five() -> None:
    process = psutil.Process()
    block = "".join(heartbeat(number) for number in range(2000)).encode()

    def largest(megabytes: int) -> int:
        """The most memory that the process had while it read so many."""
        blocks = megabytes * MEGABYTE // len(block) + 1
        file = Generated(iter([HEAD, b"<HealthData>", *[block] * blocks, b"</HealthData>"]))
        records = most = 0
        for batch in batches(io.BufferedReader(file, MEGABYTE)):
            records += len(batch["records"])
            most = max(most, process.memory_info().rss)
        assert records == blocks * 2000
        assert file.sent > megabytes * MEGABYTE
        return most

    few = largest(5)
    assert largest(50) - few < 4 * MEGABYTE


@pytest.mark.parametrize(
    ("doctype", "inside"),
    [
        ('<!DOCTYPE HealthData [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>', "&b;"),
        ('<!DOCTYPE HealthData [<!ENTITY f SYSTEM "file://{path}">]>', "&f;"),
        ('<!DOCTYPE HealthData SYSTEM "file://{path}">', "&secret;"),
    ],
)
def test_entities_are_neither_expanded_nor_fetched(tmp_path: Path, doctype: str, inside: str) -> None:
    secret = tmp_path / "secret"
    secret.write_text('<!ENTITY secret "told">')
    data = export(heartbeat(1).replace('"Watch"', f'"{inside}"'), doctype.replace("{path}", str(secret)))
    with pytest.raises(ValueError, match="undefined entity"):
        list(batches(io.BytesIO(data)))


def test_a_broken_document_type_and_stray_bytes_stop_nothing() -> None:
    doctype = '<!DOCTYPE HealthData [\n<!ATTLIST VisionPrescription\n type CDATA #REQUIRED\n<!ELEMENT X EMPTY>"\n]>\n'
    found = normalized(export(heartbeat(1).replace("Watch", "Wa\x0btch"), doctype))
    assert len(ids(found)) == 1


def test_what_came_before_the_damage_stands() -> None:
    data = export("".join(heartbeat(number) for number in range(1200)))[:-2000]
    found: list[Any] = []
    with pytest.raises(ValueError, match="not well-formed"):
        found.extend(batches(io.BytesIO(data), 500))
    stream = batches(io.BytesIO(data), 500)
    assert len(next(stream)["records"]) == 500


@pytest.mark.parametrize(
    "data",
    [
        b"<Other/>",
        b"",
        b"PK\x03\x04 and nothing more",
        b"<" * 3 * MEGABYTE,
        HEAD + b"<HealthData>" + b"<a>" * 100,
        HEAD + b'<HealthData><Record type="' + b"x" * (ELEMENT_MAX + 1) + b'"/></HealthData>',
        HEAD + b"<HealthData><Workout>" + b"<a/>" * (ELEMENT_MAX // 4 + 1) + b"</Workout></HealthData>",
    ],
    ids=["other root", "empty", "no zip", "no root", "deep", "long attribute", "wide element"],
)
def test_what_is_no_export_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"export|element|ZIP"):
        list(batches(io.BytesIO(data)))


def test_the_offset_of_the_phone_on_the_day_of_the_export_changes_no_identity() -> None:
    at_home = export(HALF.format(side="Systolic", at=DAY + "07:05:00 +0100", value=133) + heartbeat(3600))
    abroad = at_home.replace(b"07:05:00 +0100", b"01:05:00 -0500").replace(
        b"01:00:00 +0100", b"00:00:00 +0000"
    )
    assert at_home != abroad
    assert ids(normalized(at_home)) == ids(normalized(abroad))


def test_halves_pages_apart_are_the_pressure_of_their_correlation() -> None:
    halves = [
        HALF.format(side=side, at=DAY + "07:05:00 +0100", value=value)
        for side, value in (("Systolic", 133), ("Diastolic", 85))
    ]
    between = "".join(heartbeat(number) for number in range(100))
    whole = (
        f'<Correlation type="HKCorrelationTypeIdentifierBloodPressure" sourceName="Cuff" '
        f'startDate="{DAY}07:05:00 +0100" endDate="{DAY}07:05:00 +0100">{"".join(halves)}</Correlation>'
    )
    apart = normalized(export(halves[0] + between + halves[1] + between + whole), size=10)
    pressures = [item for part in apart for item in part.readings if "blood_pressure" in item.readings]
    assert len(pressures) == 2
    assert pressures[0] == pressures[1]
    assert not any(part.unmapped for part in apart)


def test_a_zip_is_read_by_its_root_with_its_ecgs_and_without_names() -> None:
    strip = (
        'Name,Sam Sample\nDate of Birth,"Jan 1, 1970"\nRecorded Date,2026-11-18 07:30:00 +0100\n'
        'Classification,Sinus Rhythm\nSymptoms,\nSoftware Version,1.9\nDevice,"Watch6,2"\nSample Rate,512 hertz\n\n'
        "Lead,Lead I\nUnit,µV\n\n" + "-12,345\n17.5\n" * 256
    )
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(
            "apple_health_export/export_cda.xml", "<ClinicalDocument>" + " " * 9000 + "</ClinicalDocument>"
        )
        archive.writestr("apple_health_export/Exportieren.xml", export(heartbeat(1)))
        archive.writestr("apple_health_export/electrocardiograms/ecg_2026-11-18.csv", strip)
        archive.writestr("apple_health_export/electrocardiograms/other.csv", "a,b\n1,2\n")
    found = normalize([read(data.getvalue())], Context())
    assert [reading.readings for reading in found.readings] == [
        {"heart_rate_bpm": 51},
        {"ecg": {"classification": "sinus_rhythm", "sampling_hz": 512, "duration_s": 1, "lead": "I"}},
    ]
    assert found.readings[1].meta["device_model"] == "Watch6,2"
    assert "Sample" not in str(list(batches(io.BytesIO(data.getvalue()))))


def test_a_result_in_another_language_is_other_and_not_passed_on() -> None:
    strip = "名称,某人\n记录日期,2026-11-18 07:30:00 +0100\n分类,窦性心律\n采样率,512 赫兹\n\n1\n2\n"
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("apple_health_export/导出.xml", export(""))
        archive.writestr("apple_health_export/electrocardiograms/ecg.csv", strip)
    found = normalize([read(data.getvalue())], Context())
    assert found.readings[0].readings["ecg"]["classification"] == "other"
    assert "某人" not in str(found)


def test_a_zip_with_an_endless_list_of_files_is_refused() -> None:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("export.xml", export(heartbeat(1)))
        for number in range(DIRECTORY_MAX // 60_000 + 1):
            archive.writestr(f"{number:05}" + "x" * 60_000, b"")
    with pytest.raises(Unreadable, match="list of files") as refused:
        list(batches(io.BytesIO(data.getvalue())))
    assert refused.value.code == "export_oversized"


def test_a_table_that_is_too_large_for_an_ecg_is_not_read() -> None:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("export.xml", export(heartbeat(1)))
        archive.writestr(
            "ecg.csv", "Recorded Date,2026-11-18 07:30:00 +0100\nRate,512 hertz\n" + "1\n" * TABLE_MAX
        )
    [batch] = batches(io.BytesIO(data.getvalue()))
    assert len(batch["records"]) == 1
