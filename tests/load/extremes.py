"""What no simulated body shows in a day: sensors at the end of their range, edges of hours and days, doubtful readings.

One more patient with two devices sends it, so that it is compared like everything else.
"""

from datetime import UTC, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from simulator.physiology import Sample

ZONE: Final = "Pacific/Chatham"
"""Its midnight cuts a UTC hour in two, a quarter from the end."""
LOW: Final = {"glucose_mg_dL": 39, "glucose_out_of_range": "low"}
HIGH: Final = {"glucose_mg_dL": 401, "glucose_out_of_range": "high"}


def of_two_devices(until: datetime) -> tuple[list[Sample], list[Sample]]:
    """The samples of each. `until`: a whole hour, as everything here lies on hours and minutes before it."""
    return [*_glucose(until), *_no_numbers(until), *_doubtful(until), *_beside(until, 0)], _beside(until, 1)


def _at(until: datetime, hours: int, minutes: float, readings: dict[str, Any], **meta: Any) -> Sample:
    return Sample(until - timedelta(hours=hours) + timedelta(minutes=minutes), readings, meta)


def _glucose(until: datetime) -> list[Sample]:
    """Markers beside numbers, alone in their hour, without any number, and on both sides of a local midnight."""
    midnight = datetime.combine(until.astimezone(ZoneInfo(ZONE)).date(), time(), ZoneInfo(ZONE))
    if midnight > until - timedelta(hours=1):
        midnight -= timedelta(days=1)
    at_midnight = [
        Sample(midnight.astimezone(UTC) + timedelta(minutes=minutes), readings, {})
        for minutes, readings in (
            (-5, {"glucose_out_of_range": "high"}),
            (-4, {"glucose_mg_dL": 90}),
            (0, {"glucose_out_of_range": "low"}),
            (1, HIGH),
            (2, {"glucose_mg_dL": 210}),
        )
    ]
    return [
        _at(until, 22, 5, LOW),
        _at(until, 22, 10, HIGH),
        _at(until, 22, 20, {"glucose_mg_dL": 39}),  # without the word beside it: a number
        _at(until, 22, 25, {"glucose_mg_dL": 401, "glucose_trend": "double_up"}),
        _at(until, 21, 30, LOW),
        _at(until, 20, 30, {"glucose_out_of_range": "high"}),
        *at_midnight,
        _at(until, 1, 58, HIGH | {"glucose_trend": "flat", "glucose_trend_rate_mg_dL_min": -1.5}),
    ]


def _no_numbers(until: datetime) -> list[Sample]:
    return [
        _at(until, 19, 0, {"irregular_heartbeat": True}),
        _at(until, 19, 59.999, {"irregular_heartbeat": False, "rr_intervals_ms": [812, 790.5, 801]}),
        _at(until, 19, 5, {"ecg": {"classification": "unreadable", "lead": "I", "duration_s": 30}}),
        _at(until, 19, 6, {"stethoscope_findings": ["murmur", "crackles"]}),
        _at(until, 19, 7, {"inhaler_medication": "Salbutamol 100 µg", "inhalation_quality": "fair"}),
        _at(until, 18, 0, {"steps": 0, "skin_temperature_delta_c": -2.5}),
        _at(until, 18, 59.5, {"steps": 200_000, "skin_temperature_delta_c": 0.1}),
    ]


def _doubtful(until: datetime) -> list[Sample]:
    """Kept and listed, but in no sum and never the newest."""
    return [
        _at(until, 17, 10, {"weight_kg": 80.2}),
        _at(until, 17, 20, {"weight_kg": 31.4}, ambiguous_user=True),
        _at(until, 1, 50, {"weight_kg": 500}, clock_suspect=True),
    ]


def _beside(until: datetime, device: int) -> list[Sample]:
    """The same names from both devices in the same hour: each has the newest value of one."""
    first, second = ((10, 50), (40, 20))[device]
    return [
        _at(until, 2, first, {"heart_rate_bpm": 60 + 20 * device}),
        _at(until, 2, second, {"spo2_pct": 95 - 4 * device}),
        _at(until, 16, first, {"body_temperature_c": 36.6 + device}),
    ]
