"""The Health app's export, read as a stream: `export.xml`, or `export.zip` without unpacking it to disk.

Memory stays the same for gigabytes: each element is let go when it was read, and one larger than `ELEMENT_MAX` is
refused. The document type is cut off before the parser sees it: Apple prints broken ones, and without one there are no
entities, neither inner ones that grow nor outer ones that are fetched. Stray control bytes, which XML forbids and
exports contain, become blanks.
"""

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from typing import IO, Any, Final, cast
from xml.etree.ElementTree import Element, ParseError, iterparse

from proto.vendors.companion import Halves, key_of
from proto.vendors.normalized import Unreadable
from vendors.healthkit.ecg_file import ecg_of

ROOT: Final = b"<HealthData"
ZIP: Final = b"PK\x03\x04"
BATCH: Final = 500
CHUNK: Final = 1 << 18
"""Large, because the parser reads an unfinished tag again with each chunk."""
DAMAGES: Final = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    ValueError,
    OSError,
    struct.error,
)
"""What `zipfile` makes of files that are none, that end early, or whose numbers point nowhere."""
PROLOGUE_MAX: Final = 1 << 20
ELEMENT_MAX: Final = 8 << 20
NODES_MAX: Final = 100_000
"""Of one element at the top, in bytes and in elements inside it. Workouts with hours of heartbeats have a few MB."""
DEPTH_MAX: Final = 16
RATIO_MAX: Final = 200
SMALL: Final = 256 << 20
UNPACKED_MAX: Final = 32 << 30
"""A ZIP that unpacks to more than this, or to more than is small and so many times its own size, is a trap: real ones
shrink to a thirtieth."""
TABLE_MAX: Final = 4 << 20
"""Of an ECG file; one has 30 s in some hundred kB. What is larger is something else."""
DIRECTORY_MAX: Final = 4 << 20
"""Of a ZIP's list of its files, which is read in one go. Tens of thousands of workout routes fit."""
DOCUMENTS_MAX: Final = 8
"""Of the largest XML files, how many are looked into for the root."""
BLANKED: Final = bytes(32 if byte < 32 and byte not in b"\t\n\r" else byte for byte in range(256))
SYSTOLIC: Final = "HKQuantityTypeIdentifierBloodPressureSystolic"
HALVES: Final = {SYSTOLIC: "systolic", "HKQuantityTypeIdentifierBloodPressureDiastolic": "diastolic"}
PRESSURE: Final = "HKCorrelationTypeIdentifierBloodPressure"
IGNORED: Final = frozenset({"ExportDate", "Me"})
"""When it was exported, and who the person is: nobody asked for that."""


def is_export(data: bytes) -> bool:
    return data.startswith(ZIP) or data.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"<"


def batches(file: IO[bytes], size: int = BATCH) -> Iterator[dict[str, Any]]:
    """Uploads as `mapping.normalize` takes them, `size` records each. A file that is no export, damaged or hostile is
    `Unreadable`; what came before stands. One that is gone stays a `FileNotFoundError`. A ZIP must be seekable."""
    head = file.read(len(ZIP))
    batch: list[dict[str, Any]] = []
    try:
        for record in _zipped(file) if head == ZIP else _records(_Source(file, head)):
            batch.append(record)
            if len(batch) >= size:
                yield {"records": batch}
                batch = []
    except (Unreadable, FileNotFoundError):
        raise
    except ParseError as error:
        raise Unreadable("export_damaged", f"the export is not well-formed: {error}") from error
    except DAMAGES as error:
        raise Unreadable("export_damaged", f"the ZIP cannot be read: {error}") from error
    if batch:
        yield {"records": batch}


class _Source:
    """The file from its root element on, clean, and counting what the parser takes in one go."""

    def __init__(self, file: IO[bytes], head: bytes = b"") -> None:
        self._file = file
        self._head = head
        self.taken = 0
        while (at := self._head.find(ROOT)) < 0:
            more = file.read(CHUNK)
            if not more or len(self._head) > PROLOGUE_MAX:
                raise Unreadable(
                    "export_unknown", "this is no export of the Health app: it has no HealthData"
                )
            self._head += more
        self._head = self._head[at:]

    def read(self, size: int = CHUNK, /) -> bytes:
        """At least what is asked for, as long as there is some."""
        data = self._head or self._file.read(max(size, CHUNK))
        self._head = b""
        self.taken += len(data)
        if self.taken > ELEMENT_MAX:
            raise Unreadable("export_oversized", "one element of the export is larger than any that is real")
        return data.translate(BLANKED)


def _zipped(file: IO[bytes]) -> Iterator[dict[str, Any]]:
    """The document that has the root (its name is in the phone's language), then the ECG files."""
    with zipfile.ZipFile(cast(IO[bytes], _Careful(file))) as archive:
        members = sorted(archive.infolist(), key=lambda member: -member.file_size)
        documents = [member for member in members if member.filename.lower().endswith(".xml")]
        found = next((one for one in documents[:DOCUMENTS_MAX] if _has_root(archive, one)), None)
        if found is None:
            raise Unreadable("export_unknown", "the ZIP holds no export of the Health app")
        tables = [member for member in members if _is_table(member)]
        _check_size(file, [found, *tables])
        with archive.open(found) as document:
            yield from _records(_Source(document))
        for member in sorted(tables, key=lambda member: member.filename):
            with archive.open(member) as table:
                strip = ecg_of(table)
            if strip is not None:
                yield strip


class _Careful:
    """The file as `zipfile` uses it, which takes the whole list of files into memory however long it says it is."""

    def __init__(self, file: IO[bytes]) -> None:
        self.seek = file.seek
        self.tell = file.tell
        self.seekable = file.seekable
        self._read = file.read

    def read(self, size: int = -1, /) -> bytes:
        data = self._read(size if 0 <= size <= DIRECTORY_MAX else DIRECTORY_MAX + 1)
        if len(data) > DIRECTORY_MAX:
            raise Unreadable("export_oversized", "the ZIP's list of files is longer than any that is real")
        return data


def _is_table(member: zipfile.ZipInfo) -> bool:
    return member.filename.lower().endswith(".csv") and member.file_size <= TABLE_MAX


def _check_size(file: IO[bytes], members: list[zipfile.ZipInfo]) -> None:
    """`zipfile` reads no more of a member than it claims to hold, so the claims can be judged; those of the packed size
    cannot, because several members may share their bytes."""
    claimed = sum(member.file_size for member in members)
    if claimed > min(UNPACKED_MAX, max(SMALL, RATIO_MAX * file.seek(0, io.SEEK_END))):
        raise Unreadable("export_oversized", "the ZIP unpacks to more than any export that is real")


def _has_root(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bool:
    with archive.open(member) as document:
        return ROOT in document.read(PROLOGUE_MAX)


def _records(source: _Source) -> Iterator[dict[str, Any]]:
    """Top-level elements as records. Halves of a pressure come when both are there, as the correlation they were."""
    halves = Halves()
    for element in _elements(source):
        record = _record(element)
        side = HALVES.get(record.get("type", ""))
        if side is None:
            yield record
            continue
        pair = halves.pair(key_of(record, record.get("sourceName", "")), side, record)
        if pair is not None:
            yield {**pair[0], "type": PRESSURE, "records": list(pair)}
    yield from halves.left()


def _elements(source: _Source) -> Iterator[Element]:
    """Each child of the root when it is complete; afterwards it is let go."""
    depth = nodes = 0
    root: Element | None = None
    for event, element in iterparse(source, events=("start", "end")):  # noqa: S314 - see above
        if event == "start":
            depth += 1
            nodes += 1
            root = element if root is None else root
            if depth > DEPTH_MAX or nodes > NODES_MAX:
                raise Unreadable(
                    "export_oversized", "one element of the export holds more than any that is real"
                )
            continue
        depth -= 1
        if depth == 1 and root is not None:
            source.taken = nodes = 0
            if element.tag not in IGNORED:
                yield element
            root.clear()


def _record(element: Element) -> dict[str, Any]:
    """Attributes are keys; metadata and the records of a correlation are inside. Other elements are named by what they
    are: their sums are already in the records."""
    record: dict[str, Any] = dict(element.attrib)
    metadata = {entry.get("key", ""): entry.get("value") for entry in element.iterfind("MetadataEntry")}
    if metadata:
        record["metadata"] = metadata
    if element.tag == "Correlation":
        record["records"] = [_record(inner) for inner in element.iterfind("Record")]
    elif element.tag != "Record":
        return {"type": record.get("workoutActivityType") or element.tag}
    return record
