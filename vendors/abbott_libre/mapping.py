"""Libre sensors → readings: the shape that LibreLinkUp shows, and our own contract until Abbott supplies theirs.

The factory time is UTC; the other one is the phone's, without a zone, and is not used.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from proto.metrics import TREND as TRENDS
from proto.vendors.building import Builder, record_hash
from proto.vendors.instants import in_zone, rfc3339
from proto.vendors.normalized import Context, FaultClass, Normalized
from proto.vendors.partner import STATUS_CLASS as HTTP_CLASS
from proto.vendors.partner import (
    device_meta,
    id_text,
    manual_of,
    moment,
    named,
    opened,
    part,
    record_id,
    revision_of,
    rows,
    serial_hash,
)
from proto.vendors.quantities import (
    GLUCOSE_HIGHEST,
    GLUCOSE_LOWEST,
    MG_DL_PER_MMOL_L,
    decimal_of,
    glucose_fields,
)
from proto.vendors.units import exact, unit_of
from vendors.abbott_libre.table import rows_of

VENDOR: Final = "abbott_libre"
IDS: Final = ("id", "reading_id")
CLOCK: Final = "%m/%d/%Y %I:%M:%S %p"
TREND: Final[dict[Any, str]] = {
    1: "single_down",
    2: "forty_five_down",
    3: "flat",
    4: "forty_five_up",
    5: "single_up",
}
MMOL: Final = 0
"""`GlucoseUnits` of a value in mmol/L; 1 is mg/dL."""
CURRENT: Final = 1
STATUS_CLASS: Final[dict[int, FaultClass]] = {
    2: "auth",
    4: "grant_lost",  # the person must accept terms first
    430: "rate_limited",  # (unverified)
    920: "invalid_request",  # (unverified): the version that we claim is too old
}
PATIENT: Final = re.compile(r"connections/([^/?]+)/")


def read(data: bytes) -> Any:
    """JSON, or the table of LibreView as text."""
    text = data.decode("utf-8-sig", errors="replace")
    return msgspec.json.decode(text) if text.lstrip()[:1] in ("{", "[") else text


def normalize(payloads: Sequence[Any], context: Context) -> Normalized:
    """Answers of `/llu/…`, and pages and bodies of the contract. A login or a redirection holds no reading."""
    out = Builder(VENDOR, context)
    for payload in payloads:
        if isinstance(payload, str):
            _table(out, payload, context)
            continue
        if isinstance(payload, dict) and "status" in payload and ("data" in payload or "error" in payload):
            _answer(out, payload, context)
            continue
        page = opened(out, payload, ids=IDS)
        for record in page.records:
            _record(out, record, context)
        for name in page.deleted:
            out.delete(named(VENDOR, name))
    return out.done()


def _answer(out: Builder, payload: dict[str, Any], context: Context) -> None:
    status, data = payload["status"], payload.get("data")
    if status not in (0, None):
        known = {**HTTP_CLASS, **STATUS_CLASS}.get(status) if isinstance(status, int) else None
        out.fault(known or "vendor_error", status)
        return
    named_in_path = PATIENT.search(context.endpoint)
    patient = named_in_path[1] if named_in_path else ""
    if isinstance(data, list):
        _connections(out, rows(data), patient)
    elif isinstance(data, dict):
        connection = part(data, "connection")
        patient = id_text(connection.get("patientId")) or patient
        for item in rows(data.get("graphData")):
            _glucose(out, item, patient, connection)
        _current(out, connection, patient)


def _table(out: Builder, text: str, context: Context) -> None:
    """History, scans and strips. The times are the device's wall clock: the person's zone."""
    for row in rows_of(text):
        unit = unit_of(row.unit, "mg/dL")
        if unit is None:
            out.unknown(f"glucose:{row.unit}")
            continue
        out.add(
            record_hash(VENDOR, "table", row.serial, row.kind, row.wall.isoformat()),
            in_zone(row.wall, context.timezone),
            glucose_fields(exact(row.value, unit), marker=row.marker),
            manual=False,
            device_model=row.device,
            device_serial_hash=serial_hash(VENDOR, row.serial) if row.serial else None,
            local_time=row.wall.isoformat(),
            source_unit=row.unit if unit.converts else None,
        )


def _connections(out: Builder, items: list[dict[str, Any]], patient: str) -> None:
    """The people that an account follows, or one person's logbook. Of several people nobody knows which is meant."""
    people = {id_text(item.get("patientId")) for item in items if "glucoseMeasurement" in item}
    for item in items:
        if "glucoseMeasurement" in item:
            _current(out, item, id_text(item.get("patientId")), ambiguous=len(people) > 1)
        else:
            _glucose(out, item, patient, {}, current=True)


def _current(out: Builder, connection: dict[str, Any], patient: str, *, ambiguous: bool = False) -> None:
    for name in ("glucoseMeasurement", "glucoseItem"):
        _glucose(out, part(connection, name), patient, connection, ambiguous=ambiguous)


def _glucose(
    out: Builder,
    item: dict[str, Any],
    patient: str,
    connection: dict[str, Any],
    *,
    current: bool = False,
    ambiguous: bool = False,
) -> None:
    """The current value comes back later as history, without its arrow: the one with the arrow is the higher revision."""
    at = _factory_time(item.get("FactoryTimestamp"))
    if at is None:
        return
    arrow = item.get("TrendArrow")
    trend = None if not arrow else TREND.get(decimal_of(arrow), "unknown")
    fields = dict(_value(item))
    if fields:
        fields["glucose_trend"] = trend
    serial = id_text(part(connection, "sensor").get("sn"))
    out.add(
        record_hash(VENDOR, patient, rfc3339(at)),
        at,
        fields,
        revision=1 if current or item.get("type") == CURRENT else 0,
        manual=False,
        unmapped=(f"TrendArrow:{arrow}"[:40],) if trend == "unknown" else (),
        ambiguous_user=True if ambiguous else None,
        device_serial_hash=serial_hash(VENDOR, serial) if serial else None,
    )


def _value(item: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """A value at the sensor's edge that is flagged is a marker; a flag elsewhere is about a person's targets."""
    number = decimal_of(item.get("ValueInMgPerDl"))
    if number is None and (given := decimal_of(item.get("Value"))) is not None:
        number = given * MG_DL_PER_MMOL_L if item.get("GlucoseUnits") == MMOL else given
    if number is None or number <= 0:
        return
    if item.get("isLow") is True and number <= GLUCOSE_LOWEST:
        number -= 1
    elif item.get("isHigh") is True and number >= GLUCOSE_HIGHEST:
        number += 1
    yield from glucose_fields(number).items()


def _factory_time(text: Any) -> datetime | None:
    try:
        return datetime.strptime(str(text).strip(), CLOCK).replace(tzinfo=UTC)
    except ValueError:
        return None


def _record(out: Builder, record: dict[str, Any], context: Context) -> None:
    """Of the contract: `timestamp`, `glucose {value, unit}`, `trend`, `out_of_range`."""
    given = record.get("glucose")
    glucose = given if isinstance(given, dict) else {"value": given}
    unit = unit_of(glucose.get("unit"), "mg/dL")
    if unit is None:
        out.unknown(f"glucose:{glucose.get('unit')}")
        return
    trend = record.get("trend")
    fields = glucose_fields(exact(glucose.get("value"), unit), marker=str(record.get("out_of_range") or ""))
    known = trend is None or trend in TRENDS
    out.add(
        record_id(VENDOR, record, IDS),
        moment(record, "timestamp", context.timezone),
        {**fields, "glucose_trend": (trend if known else "unknown") if fields else None},
        revision=revision_of(record),
        manual=manual_of(record),
        unmapped=() if known else (f"trend:{trend}"[:40],),
        source_unit=str(glucose["unit"]) if unit.converts else None,
        **device_meta(VENDOR, record),
    )
