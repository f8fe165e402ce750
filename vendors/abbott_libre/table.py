"""LibreView's table of a person's own download → rows. How its columns and times are written is (unverified)."""

import csv
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final, NamedTuple

TIME: Final = "Device Timestamp"
SERIAL: Final = "Serial Number"
DEVICE: Final = "Device"
KIND: Final = "Record Type"
VALUES: Final = {"0": "Historic Glucose", "1": "Scan Glucose", "2": "Strip Glucose"}
"""What a record type measures; insulin, food and notes are none."""
CLOCKS: Final = ("%m-%d-%Y %I:%M %p", "%d-%m-%Y %H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S")
MARKER: Final = {"lo": "low", "low": "low", "hi": "high", "high": "high"}


class Row(NamedTuple):
    wall: datetime
    kind: str
    value: str
    unit: str
    marker: str
    device: str
    serial: str


def rows_of(text: str) -> Iterator[Row]:
    """The rows that hold a glucose. Title lines before the head are passed over."""
    lines = csv.reader(text.replace("\x00", "").splitlines())
    head: list[str] = []
    try:
        for cells in lines:
            if head:
                row = _row(dict(zip(head, (cell.strip() for cell in cells), strict=False)))
                if row is not None:
                    yield row
            elif TIME in cells:
                head = [cell.strip() for cell in cells]
    except csv.Error:  # a cell larger than any that is real
        return


def _row(cells: dict[str, Any]) -> Row | None:
    kind, wall = cells.get(KIND, ""), _wall(cells.get(TIME, ""))
    name = VALUES.get(kind)
    if name is None or wall is None:
        return None
    column = next((title for title in cells if title.startswith(name)), "")
    value = cells.get(column, "").replace(",", ".")
    return Row(
        wall=wall,
        kind=kind,
        value=value,
        unit=column.removeprefix(name).strip(),
        marker=MARKER.get(value.casefold(), ""),
        device=cells.get(DEVICE, ""),
        serial=cells.get(SERIAL, ""),
    )


def _wall(text: str) -> datetime | None:
    for clock in CLOCKS:
        try:
            return datetime.strptime(text, clock)  # noqa: DTZ007 - wall time, its zone is the person's
        except ValueError:
            continue
    return None
