"""Google Fit's points → readings. Values are told by their position; times are nanoseconds since 1970, UTC, as text.

A point has no id: its type, start, end and origin are what it is. The same point comes in its own stream and in merged
ones, which name its origin, and a summary of one point is that point. What a bucket sums up is known by the bucket: it
grows when somebody uploads late, and then the larger sum is the newer.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from proto.vendors.building import Builder, record_hash
from proto.vendors.instants import epoch
from proto.vendors.normalized import Context, Normalized
from proto.vendors.quantities import decimal_of, glucose_fields, scaled
from vendors.google_fit import tables
from vendors.google_fit.faults import class_of
from vendors.google_fit.sleep import Segment, Session, put_nights

VENDOR: Final = "google_fit"


class Reader:
    """Reads one series of answers; nights are put together when all of them are there."""

    def __init__(self, context: Context) -> None:
        self.out = Builder(VENDOR, context)
        self.segments: list[Segment] = []
        self.sessions: list[Session] = []

    def answer(self, answer: dict[str, Any]) -> None:
        if "error" in answer:
            self.fault(answer["error"])
        for bucket in _rows(answer.get("bucket")):
            self.session(_dict(bucket.get("session")))
            for dataset in _rows(bucket.get("dataset")):
                self.dataset(dataset, (bucket.get("startTimeMillis"), bucket.get("endTimeMillis")))
        self.dataset(answer)
        self.changes(answer)
        for session in _rows(answer.get("session")):
            self.session(session)
        for session in _rows(answer.get("deletedSession")):
            self.sessions = [known for known in self.sessions if known.id != str(session.get("id"))]
            self.out.delete(f"{VENDOR}:{session.get('id')}")

    def changes(self, answer: dict[str, Any]) -> None:
        """A point that was edited is in both lists: what was put in stays."""
        source = str(answer.get("dataSourceId") or "")
        for point in _rows(answer.get("deletedDataPoint")):
            kind, _ = _kind(point, source)
            self.out.delete(_id(point, kind, source))
        for point in _rows(answer.get("insertedDataPoint")):
            self.point(point, source)

    def dataset(self, dataset: dict[str, Any], span: tuple[Any, Any] = (None, None)) -> None:
        for point in _rows(dataset.get("point")):
            self.point(point, str(dataset.get("dataSourceId") or ""), span)

    def point(self, point: dict[str, Any], source: str, span: tuple[Any, Any] = (None, None)) -> None:
        """`span`: of the bucket that it sums up."""
        kind, is_summary = _kind(point, source)
        start, end = epoch(point.get("startTimeNanos"), "ns"), epoch(point.get("endTimeNanos"), "ns")
        if kind in tables.NOT_READINGS or start is None:
            return
        values = _values(point)
        if kind == tables.SLEEP:
            self.segment(start, end, _at(values, 0), _origin(point, source))
            return
        fields, meta = _fields(kind, values, is_summary)
        if fields is None:
            self.out.unknown(_type(point, source))
            return
        is_sum = kind in tables.SUMS and None not in span
        modified = decimal_of(_at(values, 0) if is_sum else point.get("modifiedTimeMillis"))
        self.out.add(
            record_hash(VENDOR, kind, *span) if is_sum else _id(point, kind, source),
            start,
            fields,
            end=end if end is not None and end > start else None,
            revision=None if modified is None else int(modified),
            manual=True if tables.USER_INPUT in _origin(point, source) else None,
            **meta,
        )

    def segment(self, start: datetime, end: datetime | None, code: Any, origin: str) -> None:
        number = decimal_of(code)
        if end is None or end <= start or number is None:
            return
        if number not in (*tables.STAGES, tables.AWAKE, tables.OUT_OF_BED):
            self.out.unknown(f"{tables.SLEEP}:{code}")
        self.segments.append(Segment(start=start, end=end, code=int(number), origin=origin))

    def session(self, session: dict[str, Any]) -> None:
        start, end = epoch(session.get("startTimeMillis"), "ms"), epoch(session.get("endTimeMillis"), "ms")
        is_sleep = decimal_of(session.get("activityType")) == tables.SLEEP_SESSION
        if is_sleep and start is not None and end is not None and session.get("id"):
            modified = decimal_of(session.get("modifiedTimeMillis"))
            revision = None if modified is None else int(modified)
            known = Session(id=str(session["id"]), start=start, end=end, revision=revision)
            self.sessions = [*(old for old in self.sessions if old.id != known.id), known]

    def fault(self, error: Any) -> None:
        found, code = class_of(error)
        self.out.fault(found, code)


def normalize(payloads: Sequence[Any], context: Context) -> Normalized:
    """Answers of aggregates, data sets, changes of points, sessions, and errors."""
    reader = Reader(context)
    for payload in payloads:
        if isinstance(payload, dict):
            reader.answer(payload)
    put_nights(reader.out, VENDOR, reader.sessions, reader.segments)
    return reader.out.done()


def _fields(kind: str, values: list[Any], is_summary: bool) -> tuple[dict[str, Any] | None, dict[str, Any]]:
    """None for a type that nobody maps, and what is said beside the values."""
    if kind == tables.PRESSURE:
        systolic, diastolic, position, site = (_at(values, at) for at in tables.PRESSURE_AT[is_summary])
        pressure = {"systolic": scaled(systolic), "diastolic": scaled(diastolic)}
        meta = {
            "body_position": _name(tables.BODY_POSITIONS, position),
            "measurement_site": _name(tables.SITES, site),
        }
        return {"blood_pressure": pressure}, meta
    if kind == tables.GLUCOSE:
        level, meal = (_at(values, at) for at in tables.GLUCOSE_AT[is_summary])
        glucose = glucose_fields(mmol_l=level)
        return glucose, {"meal_context": _name(tables.MEALS, meal), "source_unit": "mmol/L"}
    if kind not in tables.FIELDS:
        return None, {}
    at, field, factor, places = tables.FIELDS[kind]
    number = scaled(_at(values, at), factor, places)
    return {field: number if number or field not in tables.ZERO_IS_NONE else None}, {}


def _values(point: dict[str, Any]) -> list[Any]:
    """By position. An object without a number is a gap, not 0."""
    values = point.get("value")
    rows = values if isinstance(values, list) else []
    return [_number(row) if isinstance(row, dict) else None for row in rows]


def _number(value: dict[str, Any]) -> Any:
    return value["fpVal"] if value.get("fpVal") is not None else value.get("intVal")


def _at(values: list[Any], position: int) -> Any:
    return values[position] if position < len(values) else None


def _name(names: dict[int, str], value: Any) -> str | None:
    number = decimal_of(value)
    return None if number is None or number != number.to_integral_value() else names.get(int(number))


def _kind(point: dict[str, Any], source: str) -> tuple[str, bool]:
    """Its type without what all of them share, and whether it is a summary of several."""
    plain = _type(point, source).removeprefix(tables.PREFIX)
    kind = plain.removesuffix(tables.SUMMARY)
    return tables.SAME.get(kind, kind), kind != plain


def _type(point: dict[str, Any], source: str) -> str:
    """A stream's name holds its type behind the first colon."""
    said = point.get("dataTypeName")
    return said if isinstance(said, str) and said else source.partition(":")[2].partition(":")[0]


def _origin(point: dict[str, Any], source: str) -> str:
    said = point.get("originDataSourceId")
    return said if isinstance(said, str) and said else source


def _id(point: dict[str, Any], kind: str, source: str) -> str:
    start, end = point.get("startTimeNanos"), point.get("endTimeNanos")
    return record_hash(VENDOR, kind, start, end, _origin(point, source))


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _rows(value: Any) -> list[dict[str, Any]]:
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []
