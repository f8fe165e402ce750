"""What Google Health's types mean: data points and sums, meals, results, errors."""

from decimal import Decimal
from typing import Final

from proto.vendors.normalized import FaultClass

ONE: Final = Decimal(1)
MILLI: Final = Decimal("0.001")

FIELDS: Final[dict[str, tuple[tuple[str, str, Decimal, int], ...]]] = {
    "weight": (("weightGrams", "weight_kg", MILLI, 3), ("weightGramsAvg", "weight_kg", MILLI, 3)),
    "height": (("heightMillimeters", "height_m", MILLI, 3),),
    "bodyFat": (("percentage", "body_fat_pct", ONE, 3), ("bodyFatPercentageAvg", "body_fat_pct", ONE, 3)),
    "heartRate": (
        ("beatsPerMinute", "heart_rate_bpm", ONE, 3),
        ("beatsPerMinuteAvg", "heart_rate_bpm", ONE, 3),
    ),
    "dailyRestingHeartRate": (("beatsPerMinute", "resting_heart_rate_bpm", ONE, 3),),
    "heartRateVariability": (
        ("rootMeanSquareOfSuccessiveDifferencesMilliseconds", "hrv_rmssd_ms", ONE, 3),
        ("standardDeviationMilliseconds", "hrv_sdnn_ms", ONE, 3),
    ),
    "dailyHeartRateVariability": (("averageHeartRateVariabilityMilliseconds", "hrv_rmssd_ms", ONE, 3),),
    "oxygenSaturation": (("percentage", "spo2_pct", ONE, 3),),
    "dailyOxygenSaturation": (("averagePercentage", "spo2_pct", ONE, 3),),
    "dailyRespiratoryRate": (("breathsPerMinute", "respiratory_rate_per_min", ONE, 3),),
    "coreBodyTemperature": (
        ("temperatureCelsius", "body_temperature_c", ONE, 3),
        ("temperatureCelsiusAvg", "body_temperature_c", ONE, 3),
    ),
    "steps": (("count", "steps", ONE, 0), ("countSum", "steps", ONE, 0)),
    "distance": (("millimeters", "distance_m", MILLI, 3), ("millimetersSum", "distance_m", MILLI, 3)),
    "floors": (("count", "floors", ONE, 3), ("countSum", "floors", ONE, 3)),
    "activeEnergyBurned": (
        ("kcal", "active_energy_kcal", ONE, 3),
        ("kcalSum", "active_energy_kcal", ONE, 3),
    ),
    "totalCalories": (("kcal", "total_energy_kcal", ONE, 3), ("kcalSum", "total_energy_kcal", ONE, 3)),
}
"""Type object → (its key, field, factor, decimals): of a data point, and of a sum over several."""
ZERO_IS_NONE: Final = frozenset(
    {
        "heart_rate_bpm",
        "resting_heart_rate_bpm",
        "hrv_rmssd_ms",
        "hrv_sdnn_ms",
        "spo2_pct",
        "respiratory_rate_per_min",
    }
)
"""A living person has none of these at 0."""
SKIN_NIGHT: Final = "nightlyTemperatureCelsius"
SKIN_BASELINE: Final = "baselineTemperatureCelsius"
"""The difference is not in the answer: both must be there (key names unverified)."""

NOT_TYPES: Final = frozenset({"dataSource", "civilStartTime", "civilEndTime"})
METHODS: Final = {
    "MANUAL": True,
    "PASSIVELY_MEASURED": False,
    "ACTIVELY_MEASURED": False,
    "DERIVED": False,
}
SAYS_NOTHING: Final = ("UNSPECIFIED", "UNKNOWN")
"""Endings of enum members that mean that nobody said."""

STAGES: Final = {
    "AWAKE": "awake_min",
    "LIGHT": "light_min",
    "DEEP": "deep_min",
    "REM": "rem_min",
    "ASLEEP": "asleep_min",
}
STAGES_OTHER: Final = frozenset({"RESTLESS"})
ASLEEP: Final = ("light_min", "deep_min", "rem_min", "asleep_min")

ECG_RESULTS: Final = {
    "NORMAL_SINUS_RHYTHM": "sinus_rhythm",
    "ATRIAL_FIBRILLATION": "atrial_fibrillation",
    "INCONCLUSIVE": "inconclusive",
    "INCONCLUSIVE_HIGH_HEART_RATE": "inconclusive_high_hr",
    "INCONCLUSIVE_LOW_HEART_RATE": "inconclusive_low_hr",
    "UNREADABLE": "unreadable",
    "NOT_ANALYZED": "no_analysis",
}

METRICS_OF: Final[dict[str, frozenset[str]]] = {
    "weight": frozenset({"weight_kg"}),
    "height": frozenset({"height_m"}),
    "body-fat": frozenset({"body_fat_pct"}),
    "heart-rate": frozenset({"heart_rate_bpm"}),
    "daily-resting-heart-rate": frozenset({"resting_heart_rate_bpm"}),
    "daily-heart-rate-variability": frozenset({"hrv_rmssd_ms"}),
    "daily-oxygen-saturation": frozenset({"spo2_pct"}),
    "daily-respiratory-rate": frozenset({"respiratory_rate_per_min"}),
    "daily-sleep-temperature-derivations": frozenset({"skin_temperature_delta_c"}),
    "blood-glucose": frozenset({"glucose_mg_dL"}),
    "sleep": frozenset({"sleep"}),
}
"""What a deletion of a type takes away. Only types that are read point by point: the sum of a day becomes another one."""

REASONS: Final[dict[str, FaultClass]] = {"ACCOUNT_NOT_LINKED": "grant_lost"}
STATUSES: Final[dict[str, FaultClass]] = {
    "UNAUTHENTICATED": "auth",
    "PERMISSION_DENIED": "forbidden_scope",
    "RESOURCE_EXHAUSTED": "rate_limited",
    "UNAVAILABLE": "retry_later",
    "DEADLINE_EXCEEDED": "retry_later",
    "ABORTED": "retry_later",
    "INVALID_ARGUMENT": "invalid_request",
    "FAILED_PRECONDITION": "invalid_request",
    "OUT_OF_RANGE": "invalid_request",
    "NOT_FOUND": "invalid_request",
    "UNIMPLEMENTED": "invalid_request",
}
CODES: Final[dict[int, FaultClass]] = {
    400: "invalid_request",
    401: "auth",
    403: "forbidden_scope",
    404: "invalid_request",
    408: "retry_later",
    410: "vendor_retired",
    429: "rate_limited",
    503: "retry_later",
    504: "retry_later",
}
"""A code says more than a status where they differ; what neither names is their failure."""
OAUTH_ERRORS: Final[dict[str, FaultClass]] = {
    "invalid_grant": "grant_lost",
    "access_denied": "grant_lost",
    "invalid_token": "auth",
    "invalid_scope": "invalid_request",
    "invalid_client": "invalid_request",
    "invalid_request": "invalid_request",
    "unauthorized_client": "invalid_request",
    "unsupported_grant_type": "invalid_request",
}
