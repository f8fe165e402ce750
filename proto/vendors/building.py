"""Where a mapping puts what it reads: one place that drops what is no number, keeps identities unique, and stays valid.

What comes out is accepted at `…/ingest`: names and bounds are those of `proto.metrics`. A value outside its bounds is
left out and its name goes to `unmapped`: an impossible number is not a reading, and not a reason to lose the others.
"""

import hashlib
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

import msgspec

from proto.metrics import BY_NAME, METRICS, Metric
from proto.readings import AHEAD, ReadingMeta, Readings, check_relations
from proto.vendors.instants import PLAUSIBLE_FROM, Instant, rfc3339
from proto.vendors.normalized import Context, Fault, FaultClass, Normalized, Reading

_META_KEYS: Final = frozenset(ReadingMeta.__struct_fields__)
_PARTS: Final[dict[str, list[Metric]]] = {
    group.name: [part for part in METRICS if part.name.startswith(group.name + ".")]
    for group in METRICS
    if group.type == "group"
}
UNMAPPED_MAX: Final = 50
TEXT_MAX: Final = 120
RECORD_ID_MAX: Final = 200
TEXT_LENGTHS: Final = (200, 120, 64, 40, 20)
"""Ids may be long, model names shorter, units short: the longest that fits is kept."""
REVISION_BELOW: Final = 2**63
PART: Final = "#"
"""Between a record's id and what tells its samples apart: a deletion of the record is one of all its parts."""


class Builder:
    """Collects one `Normalized`. `vendor`: the manifest's name, put into every reading's meta. A time before 2010 or
    ahead of `context.now` comes of a clock that is wrong: kept, and marked."""

    def __init__(self, vendor: str, context: Context) -> None:
        self._vendor = vendor
        self._latest = None if context.now is None else context.now + AHEAD
        self._readings: dict[str, Reading] = {}
        self._deleted: dict[str, None] = {}
        self._unmapped: dict[str, None] = {}
        self._errors: list[Fault] = []

    def add(
        self,
        record_id: str,
        at: Instant | datetime | None,
        fields: dict[str, Any],
        *,
        end: datetime | None = None,
        revision: int | None = None,
        manual: bool | None = None,
        unmapped: Iterable[str] = (),
        **meta: Any,
    ) -> None:
        """One record. Nothing comes of it when it has no time or no field left. The highest revision of an id wins,
        among equals the later one. `manual`: True, False (a device) or None (nobody says); other `meta` as named."""
        names = [clean for name in unmapped if (clean := _plain(name)[:TEXT_MAX])]
        for name in names:
            self._unmapped[name] = None
        if at is None:
            return
        instant = at if isinstance(at, Instant) else Instant(at)
        kept, wrong = within_bounds(fields)
        for name in wrong:
            self._unmapped[name] = None
        if not kept:
            return
        record_id = self._identity(record_id)
        said = {
            "vendor": self._vendor,
            "vendor_record_id": record_id,
            "revision": revision if revision is None or 0 <= revision < REVISION_BELOW else None,
            "recording_method": None if manual is None else "manual" if manual else "automatic",
            "interval_end": rfc3339(end) if end is not None and end > instant.at else None,
            "clock_suspect": True if self._is_suspect(instant.at) else None,
            "unmapped": list(dict.fromkeys([*names, *wrong]))[:UNMAPPED_MAX] or None,
            **instant.meta,
            **meta,
        }
        reading = Reading(timestamp=instant.at, readings=kept, meta=_meta(said))
        old = self._readings.get(record_id)
        if old is None or (revision or 0) >= (old.meta.get("revision") or 0):
            self._readings[record_id] = reading
            self._deleted.pop(record_id, None)  # it is there again: what is said last counts

    def _identity(self, record_id: str) -> str:
        """An id that meta can carry; a longer or stranger one as a hash, since cut ones would be equal."""
        fits = len(record_id) <= RECORD_ID_MAX and _plain(record_id) == record_id
        return record_id if fits else record_hash(self._vendor, record_id)

    def _is_suspect(self, at: datetime) -> bool:
        return at < PLAUSIBLE_FROM or (self._latest is not None and at > self._latest)

    def delete(self, record_id: str) -> None:
        """The vendor says that this record is gone: it and what was read of it before, parts (`<id>#<part>`) too."""
        record_id = self._identity(record_id)
        self._deleted[record_id] = None
        parts = record_id + PART
        self._readings = {
            name: reading
            for name, reading in self._readings.items()
            if name != record_id and not name.startswith(parts)
        }

    def unknown(self, *names: str) -> None:
        """Raw types that nobody maps, where no reading carries them."""
        for name in names:
            if clean := _plain(name)[:TEXT_MAX]:
                self._unmapped[clean] = None

    def fault(self, fault_class: FaultClass, code: Any, retry_after: float | None = None) -> None:
        self._errors.append(
            Fault(fault_class=fault_class, code=str(code)[:TEXT_MAX], retry_after=retry_after)
        )

    def done(self) -> Normalized:
        return Normalized(
            readings=list(self._readings.values()),
            deleted=list(self._deleted),
            unmapped=list(self._unmapped),
            errors=self._errors,
        )


def within_bounds(fields: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The fields that are there and valid, and the names of those that are not. None is not there."""
    kept: dict[str, Any] = {}
    wrong: list[str] = []
    for name, value in fields.items():
        if value is None or value in ({}, []):
            continue
        metric = BY_NAME.get(name)
        if metric is None:
            wrong.append(name)
        elif metric.type == "group":
            group = _group(name, value, wrong)
            if group:
                kept[name] = group
        elif _is_valid(name, value):
            kept[name] = value
        else:
            wrong.append(name)
    return kept, wrong


def _group(name: str, value: dict[str, Any], wrong: list[str]) -> dict[str, Any]:
    """The valid parts of a group; nothing when a required part is missing or its parts contradict each other."""
    parts = {part.name.rsplit(".", 1)[-1]: part for part in _PARTS[name]}
    required = {
        short: value[short] for short, part in parts.items() if part.required and value.get(short) is not None
    }
    if len(required) < sum(part.required for part in parts.values()):
        return {}
    if required and not _is_valid(name, required):
        wrong.append(name)
        return {}
    kept = dict(required)
    for short, item in value.items():
        if short in required or item is None:
            continue
        if short in parts and _is_valid(name, {**required, short: item}):
            kept[short] = item
        else:
            wrong.append(f"{name}.{short}")
    return kept


def _is_valid(name: str, value: Any) -> bool:
    try:
        return check_relations(msgspec.convert({name: value}, Readings)) is None
    except msgspec.ValidationError:
        return False


def record_hash(vendor: str, *parts: Any) -> str:
    """An id for a record that has none, from what makes it itself: type, start, end, origin. Ten bytes are plenty for
    one person's records."""
    text = "\x1f".join("" if part is None else str(part) for part in parts)
    return f"{vendor}:{hashlib.blake2b(text.encode(errors='replace'), digest_size=10).hexdigest()}"


def _meta(said: dict[str, Any]) -> dict[str, Any]:
    """The keys that meta has and whose value it takes; text is made plain and cut to what fits."""
    kept: dict[str, Any] = {}
    for key, value in said.items():
        if value is None or key not in _META_KEYS:
            continue
        tries: list[Any] = [value]
        if isinstance(value, str):
            plain = _plain(value)
            tries = list(dict.fromkeys(plain[:length] for length in TEXT_LENGTHS))
        for candidate in tries:
            if candidate != "" and _fits(key, candidate):
                kept[key] = candidate
                break
    return kept


def _fits(key: str, value: Any) -> bool:
    try:
        msgspec.convert({key: value}, ReadingMeta)
    except msgspec.ValidationError:
        return False
    return True


def _plain(text: str) -> str:
    """Without control and direction characters."""
    if text.isprintable():  # nearly always: exports have millions of these
        return text.strip()
    return "".join(char if char.isprintable() else " " for char in text).strip()
