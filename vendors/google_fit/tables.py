"""What Google Fit's positional values mean: types, codes, errors."""

from decimal import Decimal
from typing import Final

from proto.vendors.normalized import FaultClass

PREFIX: Final = "com.google."
SUMMARY: Final = ".summary"
"""A summary holds mean, highest and lowest of what its type holds once: it is read by its means."""

FIELDS: Final[dict[str, tuple[int, str, Decimal, int]]] = {
    "oxygen_saturation": (0, "spo2_pct", Decimal(1), 3),
    "body.temperature": (0, "body_temperature_c", Decimal(1), 3),
    "heart_rate.bpm": (0, "heart_rate_bpm", Decimal(1), 3),
    "heart_rate": (0, "heart_rate_bpm", Decimal(1), 3),
    "weight": (0, "weight_kg", Decimal(1), 3),
    "height": (0, "height_m", Decimal(1), 3),
    "body.fat.percentage": (0, "body_fat_pct", Decimal(1), 3),  # unverified
    "step_count.delta": (0, "steps", Decimal(1), 0),
    "distance.delta": (0, "distance_m", Decimal(1), 3),  # unverified
    "calories.expended": (0, "total_energy_kcal", Decimal(1), 3),
}
"""Type → position, field, factor, decimals; the mean of a summary stands at the same position."""
SUMS: Final = frozenset({"step_count.delta", "distance.delta", "calories.expended"})
"""What a bucket adds up."""
SAME: Final = {"heart_rate": "heart_rate.bpm"}
"""Types whose summary has a shorter name."""
ZERO_IS_NONE: Final = frozenset({"spo2_pct", "heart_rate_bpm", "body_fat_pct"})
PRESSURE: Final = "blood_pressure"
GLUCOSE: Final = "blood_glucose"
SLEEP: Final = "sleep.segment"
NOT_READINGS: Final = frozenset({"activity.segment"})

PRESSURE_AT: Final = {False: (0, 1, 2, 3), True: (0, 3, 6, 7)}
"""Summary or not → systolic, diastolic, body position, place."""
GLUCOSE_AT: Final = {False: (0, 1), True: (0, 3)}
"""Summary or not → level, relation to a meal."""

BODY_POSITIONS: Final = {1: "standing", 2: "sitting", 3: "lying", 4: "semi_recumbent"}
SITES: Final = {1: "left_wrist", 2: "right_wrist", 3: "left_upper_arm", 4: "right_upper_arm"}
MEALS: Final = {1: "general", 2: "fasting", 3: "before_meal", 4: "after_meal"}

AWAKE: Final = 1
OUT_OF_BED: Final = 3
STAGES: Final = {2: "", 4: "light_min", 5: "deep_min", 6: "rem_min"}
"""Codes of sleep; 2 does not say how deep (codes unverified)."""
SLEEP_SESSION: Final = 72
"""`activityType` of a session."""
SESSION_GAP_MIN: Final = 30
"""Segments that lie closer together are one sleep, where no session says so: ours, not theirs."""

USER_INPUT: Final = ":user_input"

STATUSES: Final[dict[str, FaultClass]] = {
    "UNAUTHENTICATED": "auth",
    "PERMISSION_DENIED": "forbidden_scope",
    "RESOURCE_EXHAUSTED": "rate_limited",
    "UNAVAILABLE": "retry_later",
    "DEADLINE_EXCEEDED": "retry_later",
    "INVALID_ARGUMENT": "invalid_request",
    "FAILED_PRECONDITION": "invalid_request",
    "OUT_OF_RANGE": "invalid_request",
    "NOT_FOUND": "invalid_request",
}
REASONS: Final[dict[str, FaultClass]] = {
    "rateLimitExceeded": "rate_limited",
    "userRateLimitExceeded": "rate_limited",
    "dailyLimitExceeded": "rate_limited",
    "quotaExceeded": "rate_limited",
}
"""Old answers say with 403 what newer ones say with 429 (unverified)."""
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
OAUTH_ERRORS: Final[dict[str, FaultClass]] = {
    "invalid_grant": "grant_lost",
    "access_denied": "grant_lost",
    "invalid_token": "auth",
    "invalid_scope": "invalid_request",
    "invalid_client": "invalid_request",
    "invalid_request": "invalid_request",
    "unauthorized_client": "invalid_request",
}
