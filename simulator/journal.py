"""An outbox's memory as a file: one JSON line for each reading kept or forgotten, made short again when opened."""

import os
from collections.abc import Iterable
from pathlib import Path

import msgspec

from simulator.outbox import Kept


class _Line(msgspec.Struct, omit_defaults=True):
    add: Kept | None = None
    forget: list[str] = []


class FileJournal:
    """Opened once by one process. A torn last line (a power cut while writing) is ignored."""

    def __init__(self, path: Path) -> None:
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self.kept = _read(path)
        _rewrite(path, self.kept)
        self._file = path.open("ab", buffering=0)

    def added(self, kept: Kept) -> None:
        self._file.write(msgspec.json.encode(_Line(add=kept)) + b"\n")
        os.fsync(
            self._file.fileno()
        )  # the device forgets it now; a forgotten one that comes back only goes again

    def forgotten(self, event_ids: Iterable[str]) -> None:
        self._file.write(msgspec.json.encode(_Line(forget=list(event_ids))) + b"\n")

    def close(self) -> None:
        self._file.close()


def _read(path: Path) -> list[Kept]:
    left: dict[str, Kept] = {}
    if path.exists():
        for raw in path.read_bytes().splitlines():
            try:
                line = msgspec.json.decode(raw, type=_Line)
            except msgspec.DecodeError:
                continue
            if line.add is not None:
                left[line.add.event_id] = line.add
            for event_id in line.forget:
                left.pop(event_id, None)
    return list(left.values())


def _rewrite(path: Path, kept: list[Kept]) -> None:
    fresh = path.with_suffix(".new")
    fresh.touch(mode=0o600)
    with fresh.open("wb") as file:
        file.write(b"".join(msgspec.json.encode(_Line(add=one)) + b"\n" for one in kept))
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
