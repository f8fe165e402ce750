"""What makes two readings one measurement, as tables: per kind the time, per name the rounding, per path the rank.

Numbers are compared after the rounding that units force on them: a scale says 179.0 lb, its cloud 81.19 kg, the phone
81.2. What is no number must be the same. Streams have a narrow time: a copy keeps the time of what it copies, while two
devices on one body tell the same number every other second.
"""

from datetime import timedelta
from typing import Final

from proto.metrics import METRICS
from proto.words import Kind, PairingMethod

WINDOW: Final[dict[Kind, timedelta]] = {
    "blood_pressure": timedelta(seconds=60),
    "weight": timedelta(seconds=60),
    "body_composition": timedelta(seconds=60),
    "glucose": timedelta(seconds=60),
    "spo2": timedelta(seconds=5),
    "heart_rate": timedelta(seconds=2),
    "activity": timedelta(seconds=5),
    "sleep": timedelta(seconds=60),
    "ecg": timedelta(seconds=60),
    "cardio_fitness": timedelta(seconds=60),
    "spirometry": timedelta(seconds=60),
    "inhaler": timedelta(seconds=5),
    "respiratory_rate": timedelta(seconds=5),
    "temperature": timedelta(seconds=60),
    "stethoscope": timedelta(seconds=60),
}
"""How far apart two copies of one measurement may say that it was taken."""

CUMULATIVE: Final[frozenset[Kind]] = frozenset({"activity"})
"""Kinds whose numbers are amounts over a stretch of time: they add up, so they are merged by time and not by value."""

_BY_UNIT: Final = {
    "kg": 0.1,
    "m": 1.0,
    "%": 0.1,
    "°C": 0.06,
    "mg/dL": 1.0,
    "L": 0.01,
    "L/s": 0.01,
    "kcal": 1.0,
}
_WHOLE: Final = 0.5
"""mmHg, beats, breaths, minutes: whole numbers on every display; below this they round to the same."""
_BY_NAME: Final = {
    "height_m": 0.01,
    "bmi": 0.1,
    "spo2_pct": _WHOLE,
    "fev1_fvc_pct": _WHOLE,
    "glucose_trend_rate_mg_dL_min": 0.1,
    "vo2max_ml_kg_min": 0.1,
    "pulse_wave_velocity_m_s": 0.1,
    "sleep.efficiency_pct": _WHOLE,
    "steps": 0.0,
    "inhaler_puffs": 0.0,
}
TOLERANCE: Final = {
    metric.name: _BY_NAME.get(metric.name, _BY_UNIT.get(metric.unit, _WHOLE))
    for metric in METRICS
    if metric.type in ("number", "integer")
}
"""Name, dotted for parts → the largest difference that rounding explains."""

NOT_COMPARED: Final = frozenset({"ecg.waveform_url", "ecg.lead", "sleep.is_main", "sleep.score"})
"""Parts that each path names in its own way."""

RANK: Final[dict[PairingMethod, int]] = {
    "hub": 0,
    "web_bluetooth": 0,
    "companion_app": 0,
    "simulated": 0,
    "vendor_oauth": 1,
    "partner_webhook": 1,
    "healthkit": 2,
    "health_connect": 2,
    "manual": 3,
}
"""Whose word is shown: the device itself, its vendor's cloud, the phone's health store, what was typed."""

FROM_THE_DEVICE: Final[frozenset[PairingMethod]] = frozenset({"hub", "web_bluetooth", "companion_app"})
"""Paths that end at one device: two of them with different models are two devices, whatever they measured."""
