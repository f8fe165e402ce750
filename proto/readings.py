"""The normalized message and the raw GATT value as the edges accept them, and as they travel in INGEST.

The `Readings` struct is made from the metrics table, so bounds live once. Decoding refuses unknown keys, wrong types
and values out of bounds; the two rules that span fields are in `check_relations`.
"""

from datetime import datetime, timedelta
from typing import Annotated, Any, Final, Literal, Union
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from proto.base import Message
from proto.metrics import BY_NAME, METRICS, SLEEP_MAX_H, TOP_LEVEL, Metric
from proto.words import PHI, PLAIN_TEXT, EventId

OBJECT_URL_PATTERN: Final = r"^s3://[a-z0-9.-]{3,63}/[A-Za-z0-9/_.-]{1,200}$"
AHEAD: Final = timedelta(minutes=5)
"""A device's clock may be so far ahead of ours; a time beyond that is refused (422 `timestamp_ahead`) or suspect."""
AwareTime = Annotated[datetime, Meta(tz=True)]


def _number(metric: Metric) -> Any:
    if metric.low is None or metric.high is None:
        raise ValueError(f"{metric.name} is a number without bounds")
    if metric.type == "integer":
        return Annotated[int, Meta(ge=int(metric.low), le=int(metric.high))]
    return Annotated[float, Meta(ge=metric.low, le=metric.high)]


def _choice(metric: Metric) -> Any:
    return Literal.__getitem__(metric.choices)


def _or_unset(kind: Any) -> Any:
    return Union.__getitem__((kind, UnsetType))  # `|` does not take what is made at run time


def _annotation(metric: Metric) -> Any:
    if metric.type == "group":
        parts = [m for m in METRICS if m.name.startswith(metric.name + ".")]
        return _struct(metric.name.title().replace("_", ""), parts)
    if metric.name in ("sleep.start", "sleep.end"):
        return AwareTime
    match metric.type:
        case "number" | "integer":
            return _number(metric)
        case "boolean":
            return bool
        case "text":
            return Annotated[str, Meta(min_length=1, max_length=metric.max_length, pattern=PLAIN_TEXT)]
        case "enum":
            return _choice(metric)
        case "enum_list":
            return Annotated[list[_choice(metric)], Meta(min_length=1, max_length=metric.max_items)]  # type: ignore[misc]
        case "number_list":
            return Annotated[list[_number(metric)], Meta(min_length=1, max_length=metric.max_items)]  # type: ignore[misc]
        case _:
            return Annotated[str, Meta(pattern=OBJECT_URL_PATTERN)]


def _struct(name: str, metrics: list[Metric]) -> Any:
    fields: list[Any] = []
    for metric in metrics:
        short = metric.name.rsplit(".", 1)[-1]
        kind = _annotation(metric)
        fields.append((short, kind) if metric.required else (short, _or_unset(kind), UNSET))
    return msgspec.defstruct(
        name, fields, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
    )


Readings: Final[Any] = _struct("Readings", list(TOP_LEVEL))
"""`{"blood_pressure": {…}, "weight_kg": 78.4, …}`: every metric optional, names and bounds of `proto.metrics`."""


class ReadingMeta(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What is said about a reading besides the values. Vendors' mappers fill the rest of the keys."""

    battery_pct: Annotated[float, Meta(ge=0, le=100)] | UnsetType = UNSET
    rssi: Annotated[float, Meta(ge=-127, le=20)] | UnsetType = UNSET
    firmware: Annotated[str, Meta(max_length=64, pattern=PLAIN_TEXT)] | UnsetType = UNSET
    vendor: Annotated[str, Meta(max_length=40, pattern=PLAIN_TEXT)] | UnsetType = UNSET
    vendor_record_id: Annotated[str, Meta(min_length=1, max_length=200, pattern=PLAIN_TEXT)] | UnsetType = (
        UNSET
    )
    revision: int | UnsetType = UNSET
    recording_method: Literal["automatic", "manual", "unknown"] | UnsetType = UNSET
    device_model: Annotated[str, Meta(max_length=120, pattern=PLAIN_TEXT)] | UnsetType = UNSET
    device_serial_hash: Annotated[str, Meta(max_length=128, pattern=PLAIN_TEXT)] | UnsetType = UNSET
    interval_end: AwareTime | UnsetType = UNSET
    local_time: Annotated[str, Meta(max_length=40, pattern=PLAIN_TEXT)] | UnsetType = UNSET
    user_timezone: Annotated[str, Meta(max_length=64, pattern=PLAIN_TEXT)] | UnsetType = UNSET
    tz_assumed: Annotated[str, Meta(max_length=64, pattern=PLAIN_TEXT)] | UnsetType = UNSET
    time_ambiguous: bool | UnsetType = UNSET
    ambiguous_user: bool | UnsetType = UNSET
    clock_suspect: bool | UnsetType = UNSET
    body_position: Annotated[str, Meta(max_length=40, pattern=PLAIN_TEXT)] | UnsetType = UNSET
    measurement_site: Annotated[str, Meta(max_length=40, pattern=PLAIN_TEXT)] | UnsetType = UNSET
    meal_context: Annotated[str, Meta(max_length=40, pattern=PLAIN_TEXT)] | UnsetType = UNSET
    source_unit: Annotated[str, Meta(max_length=20, pattern=PLAIN_TEXT)] | UnsetType = UNSET
    unmapped: (
        Annotated[list[Annotated[str, Meta(max_length=120, pattern=PLAIN_TEXT)]], Meta(max_length=50)]
        | UnsetType
    ) = UNSET


class ReadingMessage(Message, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One moment (or interval) of one source record, as `POST …/ingest` and a hub's `up/readings` take it."""

    device_connection_id: UUID
    timestamp: AwareTime
    readings: Annotated[Readings, PHI]
    event_id: EventId | UnsetType = UNSET
    meta: ReadingMeta | UnsetType = UNSET


class GattMessage(Message, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One GATT value with its envelope, as `POST …/gatt` and a hub's `up/gatt` take it. `value` is hex.

    Over HTTP `device_connection_id` is required; a hub may name the device by `device_address` instead.
    """

    service: str
    characteristic: str
    value: Annotated[str, PHI]
    received_at: AwareTime
    device_connection_id: UUID | UnsetType = UNSET
    device_address: Annotated[str, Meta(min_length=1, max_length=128, pattern=PLAIN_TEXT)] | UnsetType = UNSET
    event_id: EventId | UnsetType = UNSET
    rssi: Annotated[float, Meta(ge=-127, le=20)] | UnsetType = UNSET
    battery_pct: Annotated[float, Meta(ge=0, le=100)] | UnsetType = UNSET
    context: dict[str, Any] | UnsetType = UNSET


def check_relations(readings: Any) -> str | None:
    """The rules that span two fields. Answers the dotted field that is out of bounds, or None."""
    pressure = readings.blood_pressure
    if pressure is not UNSET and pressure.systolic <= pressure.diastolic:
        return "readings.blood_pressure"
    sleep = readings.sleep
    if sleep is not UNSET:
        hours = (sleep.end - sleep.start).total_seconds() / 3600
        if not 0 < hours <= SLEEP_MAX_H:
            return "readings.sleep"
    return None


def is_known(name: str) -> bool:
    """Whether a reading name, dotted or not, is in the vocabulary."""
    return name in BY_NAME
