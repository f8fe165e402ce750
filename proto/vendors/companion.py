"""What the companion app sends of a phone's health store, whichever phone it is: the envelope, sleep stages, and
pressures that come in two halves."""

from collections import OrderedDict
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, NamedTuple

from proto.vendors.instants import Instant, iso, local_text, offset_of, rfc3339, with_offset
from proto.vendors.partner import id_text, ids_in, part, rows
from proto.vendors.quantities import rounded

LISTS: Final = (
    "records",
    "samples",
    "correlations",
    "sleep",
    "ecg",
    "electrocardiograms",
    "workouts",
    "upsertionChanges",
)
ONE: Final = ("startDate", "recordType", "record")
"""What has one of these is a record itself, whatever lists it holds."""
ID_KEYS: Final = ("recordId", "id", "uuid")
STAGE: Final = {
    "in_bed": "in_bed_min",
    "asleep": "asleep_min",
    "sleeping": "asleep_min",
    "awake": "awake_min",
    "light": "light_min",
    "core": "light_min",
    "deep": "deep_min",
    "rem": "rem_min",
}
ASLEEP: Final = frozenset({"asleep_min", "light_min", "deep_min", "rem_min"})
UNSAID: Final = frozenset({"unknown", "out_of_bed", ""})
"""Stages of which no metric is made."""
WAITING_MAX: Final = 50_000
"""Halves of pressures that wait for the other one. Beyond, the oldest is given up."""


class Upload(NamedTuple):
    records: list[dict[str, Any]]
    deleted: list[str]


def unwrapped(payload: Any) -> Upload:
    """The body of an upload, its `data`, a page of changes, a list, or one record."""
    if isinstance(payload, list):
        return Upload([_inner(row) for row in rows(payload)], [])
    if not isinstance(payload, dict):
        return Upload([], [])
    if any(payload.get(key) is not None for key in ONE):
        return Upload([_inner(payload)], [])
    bodies = [payload, part(payload, "data")]
    found = [_inner(row) for body in bodies for name in LISTS for row in rows(body.get(name))]
    gone = [
        name
        for body in bodies
        for key in ("deletions", "deleted", "deletionChanges")
        for name in ids_in(body.get(key), ID_KEYS)
    ]
    listed = any(isinstance(body.get(name), list) for body in bodies for name in (*LISTS, "deletions"))
    return Upload(found if listed or gone else [_inner(payload)], gone)


def _inner(row: dict[str, Any]) -> dict[str, Any]:
    """A change wraps its record."""
    return part(row, "record") or row


def instant_of(text: Any, offset: Any, zone: str) -> Instant | None:
    """A time with its offset, or wall time with one beside it, or wall time in the person's zone; with the local time
    where an offset beside it says what that was."""
    beside = offset.get("totalSeconds", offset.get("id")) if isinstance(offset, dict) else offset
    at = iso(text) or with_offset(text, beside)
    if at is None:
        return local_text(text, zone)
    delta = offset_of(beside)
    try:
        local = None if delta is None else (at + delta).replace(tzinfo=None).isoformat(timespec="seconds")
    except OverflowError:
        local = None
    return Instant(at, {} if local is None else {"local_time": local})


def stage_fields(stage: str, start: datetime, end: datetime) -> dict[str, Any] | None:
    """One stage of a night as a sleep of its own; None for a word that nobody knows, empty for one without a metric."""
    name = STAGE.get(stage)
    if name is None:
        return {} if stage in UNSAID else None
    return {"sleep": {"start": rfc3339(start), "end": rfc3339(end), **minutes({name: seconds(start, end)})}}


def minutes(spent: dict[str, Decimal]) -> dict[str, Any]:
    """Seconds by metric → minutes, with those asleep summed up."""
    asleep = [time for name, time in spent.items() if name in ASLEEP]
    total = {"asleep_min": sum(asleep, Decimal(0))} if asleep else {}
    return {name: rounded(time / 60, 2) for name, time in {**spent, **total}.items()}


def seconds(start: datetime, end: datetime) -> Decimal:
    return Decimal(str((end - start).total_seconds()))


class Halves:
    """Systolic and diastolic that come as records of their own, waiting for each other."""

    def __init__(self) -> None:
        self._waiting: OrderedDict[tuple[str, ...], tuple[str, dict[str, Any]]] = OrderedDict()

    def pair(
        self, key: tuple[str, ...], side: str, record: dict[str, Any]
    ) -> tuple[dict[str, Any], dict[str, Any]] | None:
        """(systolic, diastolic) when this one completes a pair. `side`: `systolic` or `diastolic`."""
        other = self._waiting.pop(key, None)
        if other is None or other[0] == side:
            self._waiting[key] = (side, record)
            if len(self._waiting) > WAITING_MAX:
                self._waiting.popitem(last=False)
            return None
        return (record, other[1]) if side == "systolic" else (other[1], record)

    def left(self) -> Iterator[dict[str, Any]]:
        """Those whose other half never came."""
        for _, record in self._waiting.values():
            yield record


def key_of(record: dict[str, Any], source: str) -> tuple[str, ...]:
    """What the two halves share: their parent, or else source and start."""
    parent = id_text(record.get("parentId"))
    return ("parent", parent) if parent else ("start", source, str(record.get("startDate")))
