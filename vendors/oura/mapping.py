"""Oura's collections → readings. Times carry their offset; `day` alone is the person's local date."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from proto.vendors.building import Builder, record_hash
from proto.vendors.instants import Instant, day, later, local_text, rfc3339, zone_of
from proto.vendors.normalized import Context, Normalized
from proto.vendors.quantities import decimal_of
from proto.vendors.shapes import (
    Column,
    called,
    fields_of,
    oauth_fault,
    rows,
    status_fault,
    text,
    told_by,
    value_of,
)

PER_MINUTE: Final = Decimal(1) / 60
NIGHT: Final = (
    Column("time_in_bed", "in_bed_min", PER_MINUTE),
    Column("total_sleep_duration", "asleep_min", PER_MINUTE),
    Column("awake_time", "awake_min", PER_MINUTE),
    Column("light_sleep_duration", "light_min", PER_MINUTE),
    Column("deep_sleep_duration", "deep_min", PER_MINUTE),
    Column("rem_sleep_duration", "rem_min", PER_MINUTE),
    Column("efficiency", "efficiency_pct", zero=False),
)
BESIDE_SLEEP: Final = (
    Column("average_hrv", "hrv_rmssd_ms", zero=False),
    Column("average_breath", "respiratory_rate_per_min", zero=False),
)
HRV: Final = Column("items", "hrv_rmssd_ms", zero=False)
"""The heart rates of a night come again in `heartrate`, and are read there."""
IS_MAIN: Final = {"long_sleep": True, "sleep": False, "late_nap": False}
GONE: Final = "deleted"
SKIPPED: Final = "rest"
COLUMNS: Final[dict[str, tuple[Column, ...]]] = {
    "heartrate": (Column("bpm", "heart_rate_bpm", zero=False),),
    "daily_activity": (
        Column("steps", "steps", places=0),
        Column("active_calories", "active_energy_kcal"),
        Column("total_calories", "total_energy_kcal"),
        Column("equivalent_walking_distance", "distance_m"),
    ),
    "daily_spo2": (Column("average", "spo2_pct", zero=False),),
    "daily_readiness": (Column("temperature_deviation", "skin_temperature_delta_c", signed=True),),
    "vO2_max": (Column("vo2_max", "vo2max_ml_kg_min", zero=False),),  # the key: (unverified)
}
DAILY: Final = ("daily_activity", "daily_spo2", "daily_readiness")
"""A day long; the others are moments."""
MARKS: Final = (
    ("heartrate", ("bpm",)),
    ("sleep", ("bedtime_start", "total_sleep_duration")),
    ("daily_spo2", ("spo2_percentage",)),
    ("daily_activity", ("steps", "equivalent_walking_distance", "active_calories")),
    ("daily_readiness", ("temperature_deviation",)),
    ("vO2_max", ("vo2_max",)),
    ("ring_battery_level", ("charging",)),
)
SILENT: Final = ("ring_battery_level", "ring_configuration", "personal_info", "subscription")
"""They say nothing about a body."""
UNREAD: Final = ("workout", "session", "enhanced_tag", "tag", "daily_sleep", "daily_stress", "sleep_time")


def normalize(payloads: Sequence[Any], context: Context) -> Normalized:
    """Pages of a collection, single documents and notifications, of which only a deletion says something."""
    out = Builder("oura", context)
    collection = called(context.endpoint, ["sleep", *COLUMNS, *SILENT, *UNREAD])
    for payload in payloads:
        if _fault(out, payload) or _notification(out, payload):
            continue
        for item in _documents(payload):
            _document(out, collection or told_by(item, MARKS), item, context)
    return out.done()


def _fault(out: Builder, payload: Any) -> bool:
    if (fault := oauth_fault(payload)) is not None:
        out.fault(*fault)
        return True
    status = decimal_of(payload.get("status")) if isinstance(payload, dict) else None
    if status is None or not 400 <= status <= 599:
        return False
    out.fault(status_fault(int(status)), int(status))
    return True


def _notification(out: Builder, payload: Any) -> bool:
    if not isinstance(payload, dict) or "event_type" not in payload:
        return False
    if payload["event_type"] == "delete" and (gone := text(payload.get("object_id"))):
        out.delete(f"oura:{gone}")
    return True


def _documents(payload: Any) -> Iterator[dict[str, Any]]:
    if isinstance(payload, dict) and "data" in payload:
        yield from rows(payload["data"])
    else:
        yield from rows(payload if isinstance(payload, list) else [payload])


def _document(out: Builder, collection: str, item: dict[str, Any], context: Context) -> None:
    if collection == "sleep":
        _sleep(out, item, context)
    elif collection in COLUMNS:
        _columns(out, collection, item, context)
    elif collection in UNREAD:
        out.unknown(collection)


def _columns(out: Builder, collection: str, item: dict[str, Any], context: Context) -> None:
    percentage = item.get("spo2_percentage")
    start, end = _span(item, context)
    out.add(
        _id(collection, item, start),
        start,
        fields_of(percentage if isinstance(percentage, dict) else item, COLUMNS[collection]),
        end=end if collection in DAILY else None,
        manual=False,
        local_time=item.get("timestamp"),
    )


def _span(item: dict[str, Any], context: Context) -> tuple[Instant | None, datetime | None]:
    """The instant that a document says and the same hour of the next day, or the whole local date."""
    start = local_text(item.get("timestamp"), context.timezone)
    if start is None:
        return day(item.get("day"), context.timezone) or (None, None)
    zone = zone_of(context.timezone) or UTC
    try:
        return start, (start.at.astimezone(zone) + timedelta(days=1)).astimezone(UTC)
    except OverflowError:
        return start, None


def _id(collection: str, item: dict[str, Any], start: Instant | None) -> str:
    said = text(item.get("id"))
    return f"oura:{said}" if said else record_hash("oura", collection, None if start is None else start.at)


def _sleep(out: Builder, item: dict[str, Any], context: Context) -> None:
    start, end = (local_text(item.get(key), context.timezone) for key in ("bedtime_start", "bedtime_end"))
    record, kind = _id("sleep", item, start), text(item.get("type"))
    if kind == GONE:
        out.delete(record)
    if kind in (GONE, SKIPPED) or start is None:
        return
    sleep = {
        "start": rfc3339(start.at),
        "end": None if end is None else rfc3339(end.at),
        "is_main": IS_MAIN.get(kind),
        **fields_of(item, NIGHT),
    }
    out.add(
        record,
        start,
        {"sleep": sleep, **fields_of(item, BESIDE_SLEEP)},
        end=None if end is None else end.at,
        manual=False,
        local_time=item.get("bedtime_start"),
        unmapped=[f"type:{kind}"] if kind and kind not in IS_MAIN else (),
    )
    for at, value in _series(item.get("hrv"), context):
        out.add(_hrv_id(record, at), at, {HRV.field: value_of(value, HRV)}, manual=False)


def _series(series: Any, context: Context) -> Iterator[tuple[datetime, Any]]:
    """Value i is at `timestamp + i * interval`."""
    if not isinstance(series, dict) or not isinstance(items := series.get("items"), list):
        return
    start, step = local_text(series.get("timestamp"), context.timezone), decimal_of(series.get("interval"))
    if start is None or step is None or step <= 0:
        return
    for index, value in enumerate(items):
        if (at := later(start.at, index * step)) is not None:
            yield at, value


def _hrv_id(record: str, at: datetime) -> str:
    return f"{record}#hrv:{rfc3339(at)}"
