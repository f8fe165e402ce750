"""How Google Fit tells records: streams of typed points whose values have a place and no name, times in nanoseconds, a
night as one session and the segments in it. Pure."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final, Literal, NamedTuple

from simulator.vendors.records import DAY, Record

PREFIX: Final = "com.google."
SESSION: Final = 72
MG_DL: Final = 18.0156
"""Of a millimole in a litre."""
STAGES: Final = (("awake_min", 1), ("light_min", 4), ("deep_min", 5), ("rem_min", 6))
BY_HAND: Final = "com.google.android.apps.fitness:user_input"


class Stream(NamedTuple):
    """Points of one type from one origin. `raw`: a device or a person wrote them; `derived`: all of them together."""

    type: str
    source: str
    scope: str
    sort: Literal["raw", "derived"]
    origin: str

    @property
    def id(self) -> str:
        return f"{self.sort}:{PREFIX}{self.type}:{self.origin}"

    def holds(self, record: Record) -> bool:
        is_hers = self.sort == "derived" or record.manual == (self.origin == BY_HAND)
        return record.source == self.source and is_hers


class Type(NamedTuple):
    source: str
    scope: str
    values: Callable[[Mapping[str, Any]], list[dict[str, Any]]]


def _fp(name: str, per: float = 1) -> Callable[[Mapping[str, Any]], list[dict[str, Any]]]:
    """One number; an object without one where it is missing."""
    return lambda told: [{"fpVal": told[name] / per, "mapVal": []} if name in told else {"mapVal": []}]


def _pressure(told: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Sitting, on the left upper arm."""
    pressure = told["blood_pressure"]
    numbers = [{"fpVal": float(pressure[side]), "mapVal": []} for side in ("systolic", "diastolic")]
    return [*numbers, {"intVal": 2, "mapVal": []}, {"intVal": 3, "mapVal": []}]


def _glucose(told: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Before a meal; what meal it was, nobody said."""
    [level] = _fp("glucose_mg_dL", MG_DL)(told)
    return [level, {"intVal": 3, "mapVal": []}, {}, {}, {"intVal": 2, "mapVal": []}]


def _steps(told: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"intVal": told["steps"], "mapVal": []}]


TYPES: Final[Mapping[str, Type]] = {
    "blood_pressure": Type("cuff", "blood_pressure", _pressure),
    "blood_glucose": Type("meter", "blood_glucose", _glucose),
    "oxygen_saturation": Type("oximeter", "oxygen_saturation", _fp("spo2_pct")),
    "body.temperature": Type("thermometer", "body_temperature", _fp("body_temperature_c")),
    "heart_rate.bpm": Type("wrist", "heart_rate", _fp("heart_rate_bpm")),
    "weight": Type("scale", "body", _fp("weight_kg")),
    "body.fat.percentage": Type("scale", "body", _fp("body_fat_pct")),
    "sleep.segment": Type("sleep", "sleep", lambda told: []),
    "step_count.delta": Type(DAY, "activity", _steps),
    "distance.delta": Type(DAY, "activity", _fp("distance_m")),
    "calories.expended": Type(DAY, "activity", _fp("total_energy_kcal")),
}
SUMS: Final[Mapping[str, Stream]] = {
    name: Stream(name, DAY, row.scope, "derived", "com.google.android.gms:aggregated")
    for name, row in TYPES.items()
    if row.source == DAY
}


def streams_of(records: list[Record]) -> list[Stream]:
    """What a person's devices and their own hand wrote, and what is made of both."""
    there = {(one.source, one.manual) for one in records}
    found = []
    for name, row in TYPES.items():
        origins = [f"com.example.{row.source}:"] if (row.source, False) in there else []
        origins += [BY_HAND] if (row.source, True) in there else []
        found += [Stream(name, row.source, row.scope, "raw", origin) for origin in origins]
        if origins:
            merged = "com.google.android.gms:merged"
            found.append(Stream(name, row.source, row.scope, "derived", merged))
    return found


def point(stream: Stream, record: Record) -> list[dict[str, Any]]:
    """A record as points of this stream: a night is as many as it has parts."""
    if stream.type == "sleep.segment":
        return _segments(stream, record)
    values = TYPES[stream.type].values(record.readings)
    return [_point(stream, record, record.at, record.end or record.at, values)]


def _segments(stream: Stream, record: Record) -> list[dict[str, Any]]:
    """One stage after the other: how long each was is all that is known here."""
    at, found = record.at, []
    for part, code in STAGES:
        end = at + timedelta(minutes=record.readings["sleep"][part])
        if end > at:
            found.append(_point(stream, record, at, end, [{"intVal": code, "mapVal": []}]))
        at = end
    return found


def _point(
    stream: Stream, record: Record, start: datetime, end: datetime, values: list[dict[str, Any]]
) -> dict[str, Any]:
    origin = BY_HAND if record.manual else f"com.example.{record.source}:"
    return {
        "startTimeNanos": _nanos(start),
        "endTimeNanos": _nanos(end),
        "dataTypeName": f"{PREFIX}{stream.type}",
        "originDataSourceId": f"raw:{PREFIX}{stream.type}:{origin}",
        "value": values,
        "modifiedTimeMillis": str(int(record.modified.timestamp() * 1000)),
    }


def session(record: Record) -> dict[str, Any]:
    return {
        "id": f"night-{record.id}",
        "name": "Sleep",
        "startTimeMillis": str(int(record.at.timestamp() * 1000)),
        "endTimeMillis": str(int((record.end or record.at).timestamp() * 1000)),
        "modifiedTimeMillis": str(int(record.modified.timestamp() * 1000)),
        "activityType": SESSION,
        "application": {"packageName": "com.example.sleep"},
    }


def _nanos(at: datetime) -> str:
    """19 digits, as text: more than a float can hold."""
    return f"{int(at.timestamp())}{at.microsecond * 1000:09}"
