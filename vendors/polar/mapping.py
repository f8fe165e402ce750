"""Polar's answers → readings. Each endpoint has its own idea of time: offsets in texts, minutes beside an epoch, UTC
without a Z, or what the watch showed."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

import msgspec

from proto.vendors.building import Builder, record_hash
from proto.vendors.instants import (
    day,
    epoch,
    in_zone,
    iso,
    later,
    local_text,
    local_time,
    rfc3339,
    wall_clock,
)
from proto.vendors.normalized import Context, Normalized
from proto.vendors.quantities import decimal_of, rounded
from proto.vendors.shapes import Column, called, fields_of, first, oauth_fault, rows, text, told_by, value_of

PER_MINUTE: Final = Decimal(1) / 60
STAGES: Final = (
    Column("light_sleep", "light_min", PER_MINUTE),
    Column("deep_sleep", "deep_min", PER_MINUTE),
    Column("rem_sleep", "rem_min", PER_MINUTE),
)
UNKNOWN_STAGE: Final = "unrecognized_sleep_stage"
NIGHT: Final = (
    *STAGES,
    Column("total_interruption_duration", "awake_min", PER_MINUTE),
    Column("sleep_score", "score", zero=False),
)
RECHARGE: Final = (
    Column("heart_rate_variability_avg", "hrv_rmssd_ms", zero=False),
    Column("breathing_rate_avg", "respiratory_rate_per_min", zero=False),
)
ACTIVITY: Final = (
    Column("steps", "steps", places=0),
    Column("calories", "total_energy_kcal"),
    Column("active_calories", "active_energy_kcal"),
    Column("distance_from_steps", "distance_m"),
)
SKIN: Final = (Column("deviation_from_baseline_celsius", "skin_temperature_delta_c", signed=True),)
HEART_RATE: Final = Column("heart_rate", "heart_rate_bpm", zero=False)
ECG: Final = (Column("average_heart_rate_bpm", "avg_hr_bpm", zero=False),)
OXYGEN: Final = (Column("blood_oxygen_percent", "spo2_pct", zero=False),)
WEIGHT: Final = (Column("weight", "weight_kg", zero=False),)
PASSED: Final = "SPO2_TEST_PASSED"
INCONCLUSIVE: Final = "SPO2_TEST_INCONCLUSIVE"
"""What its statuses begin with."""
MEASURED: Final = "SOURCE_MEASURED"
THERMOMETERS: Final = {"TM_SKIN": "skin_temperature_c", "TM_CORE": "body_temperature_c"}
"""What a `measurement_type` begins with."""
MARKS: Final = (
    ("spo2", ("test_status", "blood_oxygen_percent")),
    ("bodytemperature", ("measurement_type",)),
    ("ecg", ("quality_measurements", "samples")),
    ("skintemperature", ("sleep_date", "deviation_from_baseline_celsius")),
    ("sleep", ("sleep_start_time", "sleep_end_time")),
    ("continuous-heart-rate", ("heart_rate_samples",)),
    ("nightly-recharge", ("heart_rate_variability_avg", "breathing_rate_avg", "ans_charge")),
    ("exercises", ("start_time_utc_offset", "start-time-utc-offset")),
    ("activities", ("distance_from_steps", "active_calories", "steps")),
    ("physical-info", ("weight_source", "vo2_max")),
)
"""What tells answers apart when nobody says which call it was."""
SILENT: Final = ("exercises", "available", "webhooks")
"""Trainings belong to no quantity of ours; lists of dates and subscriptions are about other answers."""


def read(body: bytes) -> Any:
    """JSON; 204 (no data) has no body."""
    return msgspec.json.decode(body) if body.strip() else None


def normalize(payloads: Sequence[Any], context: Context) -> Normalized:
    """Answers of every endpoint. Notifications only say what to fetch."""
    out = Builder("polar", context)
    endpoint = called(context.endpoint, [*READERS, *SILENT])
    for payload in payloads:
        if (fault := oauth_fault(payload)) is not None:
            out.fault(*fault)
            continue
        if isinstance(payload, dict) and "event" in payload:
            continue
        for item in _records(payload):
            kind = endpoint or told_by(item, MARKS)
            if kind in READERS:
                READERS[kind](out, item, context)
    return out.done()


def _records(payload: Any) -> Iterator[dict[str, Any]]:
    """A record, a list of them, or an object that holds such a list (`nights`, `recharges`)."""
    if isinstance(payload, list):
        yield from rows(payload)
    elif isinstance(payload, dict) and told_by(payload, (*MARKS, ("one", ("date", "start_time", "weight")))):
        yield payload
    elif isinstance(payload, dict):
        for value in payload.values():
            yield from rows(value)


def _sleep(out: Builder, item: dict[str, Any], context: Context) -> None:
    """A date has one night. The offsets of its ends may differ: clocks change at night."""
    start, end = (
        local_text(item.get(key), context.timezone) for key in ("sleep_start_time", "sleep_end_time")
    )
    if start is None or end is None:
        return
    parts = [decimal_of(item.get(key)) for key in (*(stage.source for stage in STAGES), UNKNOWN_STAGE)]
    slept = [seconds for seconds in parts if seconds is not None and seconds >= 0]
    sleep = {
        "start": rfc3339(start.at),
        "end": rfc3339(end.at),
        "asleep_min": rounded(sum(slept, Decimal(0)) * PER_MINUTE, 3) if slept else None,
        **fields_of(item, NIGHT),
    }
    out.add(
        record_hash("polar", "sleep", text(item.get("date")) or start.at),
        start,
        {"sleep": sleep},
        end=end.at,
        manual=False,
        local_time=item.get("sleep_start_time"),
    )


def _recharge(out: Builder, item: dict[str, Any], context: Context) -> None:
    _date(out, "nightly-recharge", item.get("date"), fields_of(item, RECHARGE), context)


def _skin(out: Builder, item: dict[str, Any], context: Context) -> None:
    _date(out, "skintemperature", item.get("sleep_date"), fields_of(item, SKIN), context)


def _date(out: Builder, kind: str, date: Any, fields: dict[str, Any], context: Context) -> None:
    found = day(date, context.timezone)
    if found is not None:
        start, end = found
        out.add(record_hash("polar", kind, text(date)), start, fields, end=end, manual=False)


def _heart_rates(out: Builder, item: dict[str, Any], context: Context) -> None:
    """`sample_time` is what the watch showed on that date."""
    for sample in rows(item.get("heart_rate_samples")):
        wall = wall_clock(f"{text(item.get('date'))}T{text(sample.get('sample_time'))}")
        if wall is not None:
            at = in_zone(wall, context.timezone)
            fields = fields_of(sample, (HEART_RATE,))
            record = record_hash("polar", "continuous-heart-rate", wall)
            out.add(record, at, fields, manual=False, local_time=wall.isoformat())


def _activity(out: Builder, item: dict[str, Any], context: Context) -> None:
    """A day so far: its end moves and its start stays, so the longer one is the newer."""
    start, end = (_utc(item.get(key)) for key in ("start_time", "end_time"))
    if start is not None:
        out.add(
            record_hash("polar", "activities", start),
            start,
            fields_of(item, ACTIVITY),
            end=end,
            revision=None if end is None else max(int((end - start).total_seconds()), 0),
            manual=False,
        )


def _oxygen(out: Builder, item: dict[str, Any], context: Context) -> None:
    status = text(item.get("test_status"))
    passed = status == PASSED
    if status and not passed and not status.startswith(INCONCLUSIVE):
        out.unknown(f"test_status:{status}")
    _test(out, "spo2", item, fields_of(item, OXYGEN) if passed else {})


def _ecg(out: Builder, item: dict[str, Any], context: Context) -> None:
    """A watch records and judges nothing."""
    _test(out, "ecg", item, {"ecg": {"classification": "no_analysis", **fields_of(item, ECG)}})


def _test(out: Builder, kind: str, item: dict[str, Any], fields: dict[str, Any]) -> None:
    at = epoch(item.get("test_time"))
    minutes = decimal_of(item.get("time_zone_offset"))
    out.add(
        record_hash("polar", kind, at, item.get("source_device_id")),
        at,
        fields,
        manual=False,
        local_time=None if at is None or minutes is None else local_time(at, minutes * 60),
        device_serial_hash=_device(item),
    )


def _device(item: dict[str, Any]) -> str | None:
    said = text(item.get("source_device_id"))
    return record_hash("polar", "device", said) if said else None


def _temperatures(out: Builder, item: dict[str, Any], context: Context) -> None:
    kind, start = text(item.get("measurement_type")), _utc(item.get("start_time"))
    field = next((field for prefix, field in THERMOMETERS.items() if kind.startswith(prefix)), None)
    if field is None:
        out.unknown(*([f"measurement_type:{kind}"] if kind else []))
        return
    column = Column("temperature_celsius", field, signed=True)
    for sample in rows(item.get("samples")) if start is not None else ():
        passed = decimal_of(first(sample, "recording_time_delta_milliseconds", "recording_time_delta_ms"))
        at = None if start is None or passed is None else later(start, passed / 1000)
        record = record_hash("polar", "bodytemperature", kind, at, item.get("source_device_id"))
        value = value_of(sample.get(column.source), column)
        out.add(record, at, {field: value}, manual=False, device_serial_hash=_device(item))


def _body(out: Builder, item: dict[str, Any], context: Context) -> None:
    """Most weights are what a person typed into a profile, once. One without a time of its own would be another each
    time that we ask, so it is none."""
    if text(item.get("weight_source")) != MEASURED:
        return
    said = first(item, "modified", "created", "date")
    at = local_text(said, context.timezone)
    out.add(
        record_hash("polar", "physical-info", said, item.get("weight")),
        at,
        fields_of(item, WEIGHT),
        manual=False,
    )


def _utc(value: Any) -> datetime | None:
    """Documented as UTC, and written without a Z."""
    wall = wall_clock(value)
    return iso(value) or (None if wall is None else wall.replace(tzinfo=UTC))


READERS: Final[dict[str, Callable[[Builder, dict[str, Any], Context], None]]] = {
    "sleep": _sleep,
    "nightly-recharge": _recharge,
    "continuous-heart-rate": _heart_rates,
    "activities": _activity,
    "spo2": _oxygen,
    "ecg": _ecg,
    "bodytemperature": _temperatures,
    "skintemperature": _skin,
    "physical-info": _body,
}
