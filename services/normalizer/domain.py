"""What a raw item becomes, and what a row adds to its hours. Pure: no clock, no client, no database.

A raw item ends as a `Candidate` (to be stored), a `Rejected` (with a code), or nothing to store (battery alone,
intermediate values): then only its signal, its live value and its receipt remain.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from proto.metrics import BY_NAME, METRICS, Metric
from proto.raw import RawItem
from proto.state import ConnectionState

EMPTY: Final = msgspec.Raw(b"{}")


# None of these is ever part of a circle (`gc=False`): the collector need not look at thousands of them a batch.
class Origin(msgspec.Struct, frozen=True, gc=False):
    """Where an item came from: what receipts, events and audit rows need."""

    item: RawItem
    connection: ConnectionState
    event_id: str | None


class Candidate(msgspec.Struct, kw_only=True, gc=False):
    """A reading that is ready to be stored. `values` are what the rollups take: metric id → value (None: present)."""

    origin: Origin
    id: UUID
    timestamp: datetime
    received_at: datetime
    key: UUID
    given: bool
    """Whether the identity needs a key row."""
    content: UUID
    revision: int | None
    readings: bytes
    meta: bytes
    suspect: bool
    values: list["Cell"]
    is_gatt: bool = False
    """The same GATT identity is a duplicate, never a conflict."""
    window: bool = False
    """No time of its own: the same octets within 10 s are the same measurement."""
    sequence: int | None = None


class Rejected(msgspec.Struct, frozen=True, kw_only=True):
    origin: Origin | None
    code: str
    field: str | None = None
    event_id: str | None = None
    key: UUID | None = None


class Discarded(msgspec.Struct, frozen=True, kw_only=True):
    """Finished, but not for storage."""

    origin: Origin


class Cell(msgspec.Struct, frozen=True, gc=False):
    """What one reading adds to one metric's hour. `value` None: a LOW/HIGH marker or a value that is no number."""

    metric: int
    value: float | None
    low: int = 0
    high: int = 0


_WHOLE: Final = {metric.name: metric for metric in METRICS}
_PARTS: Final[dict[str, dict[str, Metric]]] = {}
for _metric in METRICS:
    _group, _, _part = _metric.name.partition(".")
    _PARTS.setdefault(_group, {})[_part] = _metric


def cells_of(readings: dict[str, Any]) -> list[Cell]:
    """The cells of a reading's values, given as decoded JSON."""
    cells = []
    marker = readings.get("glucose_out_of_range")
    for name, value in readings.items():
        if isinstance(value, dict):
            parts = _PARTS.get(name, {})
            for part, inner in value.items():
                metric = parts.get(part)
                if metric is not None:
                    cells.append(Cell(metric.id, float(inner) if metric.rollup else None))
            continue
        metric = _WHOLE.get(name)
        if metric is None:
            continue
        if name == "glucose_mg_dL" and marker:
            cells.append(Cell(metric.id, None, int(marker == "low"), int(marker == "high")))
        elif metric.rollup:
            cells.append(Cell(metric.id, float(value)))
        else:
            cells.append(Cell(metric.id, None))
    if marker and "glucose_mg_dL" not in readings:
        glucose = BY_NAME["glucose_mg_dL"]
        cells.append(Cell(glucose.id, None, int(marker == "low"), int(marker == "high")))
    return cells


class Hour(msgspec.Struct, gc=False):
    """One rollup row. `n` counts numbers; for metrics without one it counts presences."""

    min: float | None = None
    max: float | None = None
    sum: float | None = None
    n: int = 0
    low: int = 0
    high: int = 0

    def add(self, cell: Cell) -> None:
        value = cell.value
        if value is None:
            self.low += cell.low
            self.high += cell.high
            self.n += 0 if cell.low or cell.high else 1
            return
        self.n += 1
        if self.min is None or value < self.min:
            self.min = value
        if self.max is None or value > self.max:
            self.max = value
        self.sum = value if self.sum is None else self.sum + value


HourKey = tuple[UUID, int, datetime]
"""Connection, metric, start of the hour: the order in which rows are locked."""


def hour_of(ts: datetime) -> datetime:
    return ts.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def roll_up(rows: Iterable[tuple[UUID, datetime, list[Cell]]]) -> dict[HourKey, Hour]:
    """The rollup rows that these readings make, from nothing. Storing and recomputing use this one function."""
    hours: dict[tuple[UUID, datetime], dict[int, Hour]] = {}
    for connection_id, ts, cells in rows:
        key = (connection_id, hour_of(ts))
        metrics = hours.get(key)
        if metrics is None:
            metrics = hours[key] = {}
        for cell in cells:
            hour = metrics.get(cell.metric)
            if hour is None:
                hour = metrics[cell.metric] = Hour()
            hour.add(cell)
    return {
        (connection_id, metric, t): hour
        for (connection_id, t), metrics in hours.items()
        for metric, hour in metrics.items()
    }


def without_doubles(candidates: list[Candidate]) -> tuple[list[Candidate], list[tuple[Candidate, Candidate]]]:
    """Splits a batch into the first of each identity and the later ones beside the one that they repeat."""
    first: dict[tuple[UUID, UUID], Candidate] = {}
    again: list[tuple[Candidate, Candidate]] = []
    for candidate in candidates:
        key = (candidate.origin.connection.id, candidate.key)
        earlier = first.get(key)
        if earlier is None:
            first[key] = candidate
        else:
            again.append((candidate, earlier))
    return list(first.values()), again
