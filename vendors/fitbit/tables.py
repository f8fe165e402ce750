"""What Fitbit's answers mean: units by language, rows, results, errors."""

from decimal import Decimal
from typing import Final

from proto.vendors.normalized import FaultClass
from proto.vendors.quantities import KG_PER_LB, KG_PER_STONE, M_PER_MILE

KILOGRAM: Final = ("kg", Decimal(1))
WEIGHT_UNITS: Final = {"en_us": ("lb", KG_PER_LB), "en_gb": ("st", KG_PER_STONE)}
KILOMETRE: Final = ("km", Decimal(1000))
DISTANCE_UNITS: Final = {"en_us": ("mi", M_PER_MILE)}
FAHRENHEIT_IN: Final = frozenset({"en_us"})
"""Units follow the `Accept-Language` of the request; every other language, and none, is metric."""

DAYS: Final[dict[str, tuple[str, str, bool | None]]] = {
    "hrv": ("dailyRmssd", "hrv_rmssd_ms", False),
    "br": ("breathingRate", "respiratory_rate_per_min", False),
    "spo2": ("avg", "spo2_pct", False),
    "activities-heart": ("restingHeartRate", "resting_heart_rate_bpm", False),
}
"""Rows `{dateTime, value: {…}}` → key in the value, field, whether by hand."""
SUMMARY: Final = {
    "steps": ("steps", 0),
    "caloriesOut": ("total_energy_kcal", 3),
    "activityCalories": ("active_energy_kcal", 3),
    "floors": ("floors", 3),
    "restingHeartRate": ("resting_heart_rate_bpm", 3),
}
ZERO_IS_NONE: Final = frozenset(
    {"hrv_rmssd_ms", "respiratory_rate_per_min", "spo2_pct", "resting_heart_rate_bpm", "body_fat_pct", "bmi"}
)
"""A living person has none of these at 0."""

DEVICES: Final = ("aria", "withings")
"""Beginnings of a `source` that weighs by itself; others are programs, of which nobody knows."""
DATE_ONLY_TIME: Final = "23:59:59"
"""The time of a weight whose owner typed a date alone (unverified)."""

STAGES: Final = {"deep": "deep_min", "light": "light_min", "rem": "rem_min"}
SLEEP_METHODS: Final = {"manual": True, "auto_detected": False}

ECG_RESULTS: Final = {
    "normal sinus rhythm": "sinus_rhythm",
    "atrial fibrillation": "atrial_fibrillation",
    "inconclusive": "inconclusive",
    "inconclusive high heart rate": "inconclusive_high_hr",
    "inconclusive low heart rate": "inconclusive_low_hr",
    "unreadable": "unreadable",  # spelling unverified
    "not analyzed": "no_analysis",  # spelling unverified
}
"""In small letters, words only."""

IGNORED: Final = frozenset(
    {
        "activities",
        "activities-heart-intraday",
        "apiSubscriptions",
        "error",
        "errors",
        "features",
        "goal",
        "goals",
        "meta",
        "minutes",
        "pagination",
        "summary",
        "user",
        "value",
    }
)
"""Parts of an answer that are read with another one, or hold no readings. Goals are wishes."""

REVOKED: Final = "userRevokedAccess"
PENDING: Final = "pending"
ERRORS: Final[dict[str, FaultClass]] = {
    "expired_token": "auth",
    "invalid_token": "auth",
    "invalid_grant": "grant_lost",
    "insufficient_scope": "forbidden_scope",
    "insufficient_permissions": "forbidden_scope",
    "invalid_request": "invalid_request",
    "invalid_client": "invalid_request",
    "validation": "invalid_request",
    "not_found": "invalid_request",
    "rate_limit": "rate_limited",  # unverified
    "system": "vendor_error",
    "gone": "vendor_retired",  # unverified
}
GONE: Final = 410
"""The body of an answer after the end is not known: the number, wherever it stands (unverified)."""
GONE_KEYS: Final = ("code", "status", "statusCode", "httpStatus")
MESSAGES: Final[tuple[tuple[str, FaultClass], ...]] = (
    ("too many requests", "rate_limited"),
    ("410 gone", "vendor_retired"),
    ("no longer available", "vendor_retired"),
    ("turned off", "vendor_retired"),
    ("shut down", "vendor_retired"),
)
"""Words of a message that say more than its type (unverified)."""
