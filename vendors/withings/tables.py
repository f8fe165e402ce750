"""What Withings' numbers mean: measure types, positions, results, models, statuses."""

from typing import Final

from proto.vendors.normalized import FaultClass

MEASURES: Final[dict[int, str]] = {
    1: "weight_kg",
    4: "height_m",
    5: "fat_free_mass_kg",
    6: "body_fat_pct",
    8: "fat_mass_kg",
    12: "body_temperature_c",
    54: "spo2_pct",
    71: "body_temperature_c",
    73: "skin_temperature_c",
    76: "muscle_mass_kg",
    77: "body_water_kg",
    88: "bone_mass_kg",
    91: "pulse_wave_velocity_m_s",
    123: "vo2max_ml_kg_min",
    170: "visceral_fat_index",
}
"""Measure type → field. Of two types with one field the higher number wins: 71 is the body, 12 what an old device calls
temperature."""
DIASTOLIC: Final = 9
SYSTOLIC: Final = 10
PULSE: Final = 11
ECG_RESULT: Final = 130
PPG_RESULT: Final = 139
BY_OWN_RULE: Final = frozenset({DIASTOLIC, SYSTOLIC, PULSE, ECG_RESULT, PPG_RESULT})
SEGMENTS: Final = frozenset({173, 174, 175})
"""Parts of a body only; the whole comes under its own type."""
BY_PART: Final = frozenset({1, 5, 6, 8, 76, 77, 88, 170}) | SEGMENTS
"""Types that a scale repeats for arms, legs and torso."""
WHOLE_BODY: Final = 7

GOAL: Final = 2
"""`category` of a wish, not of a measurement."""
AMBIGUOUS_USER: Final = 1
MANUAL: Final = frozenset({2, 4})
BY_DEVICE: Final = frozenset({0, 1, 3, 5, 7, 8, 15, 17})
"""`attrib`: who says so."""

ECG_RESULTS: Final[dict[int, str]] = {
    0: "sinus_rhythm",
    1: "atrial_fibrillation",
    2: "inconclusive",
    3: "unreadable",
    4: "other",
    5: "unreadable",
    6: "inconclusive_low_hr",
    7: "inconclusive_high_hr",
    8: "inconclusive",
    9: "sinus_rhythm",
    10: "sinus_rhythm",
    11: "atrial_fibrillation",
    12: "atrial_fibrillation",
    13: "no_analysis",
}
PPG_RESULTS: Final[dict[float, bool]] = {0: False, 1: True}

SITES: Final[dict[int, str]] = {
    0: "right_wrist",
    1: "left_wrist",
    2: "right_arm",
    3: "left_arm",
    4: "right_foot",
    5: "left_foot",
    6: "between_legs",
}

MODELS: Final[dict[int, str]] = {
    4: "Smart Body Analyzer",
    5: "Body+",
    6: "Body Cardio",
    7: "Body",
    9: "Body Pro",
    10: "Body Scan",
    13: "Sleep Analyzer",
    16: "Body Smart",
    18: "Body Comp",
    43: "BPM v3",
    44: "BPM Core",
    45: "BPM Connect",
    46: "BPM Connect Pro",
    47: "BPM Pro 2",
    48: "BPM Vision",
    63: "Aura Sensor v2",
    70: "Thermo",
    71: "BeamO",
    91: "Move ECG",
    92: "Move ECG",
    93: "ScanWatch",
    94: "ScanWatch 2",
    1055: "Google Fit",
    1057: "HealthKit",
    1058: "HealthKit",
    1059: "HealthKit",
    1060: "Health Connect",
    1061: "iGlucose",
}
SLEEP_MODELS: Final = {16: "Tracker", 32: "Sleep mat"}
"""`model` of a night, where `model_id` says nothing; another numbering."""

DAY: Final[dict[str, tuple[str, int]]] = {
    "steps": ("steps", 0),
    "distance": ("distance_m", 3),
    "elevation": ("floors", 3),
    "calories": ("active_energy_kcal", 3),
    "totalcalories": ("total_energy_kcal", 3),
    "hr_average": ("heart_rate_bpm", 3),
}
MOMENT: Final[dict[str, tuple[str, int]]] = {
    "heart_rate": ("heart_rate_bpm", 3),
    "spo2_auto": ("spo2_pct", 3),
    "rmssd": ("hrv_rmssd_ms", 3),
    "sdnn1": ("hrv_sdnn_ms", 3),
    "core_body_temperature": ("body_temperature_c", 3),
    "rr": ("respiratory_rate_per_min", 3),
    "steps": ("steps", 0),
    "distance": ("distance_m", 3),
    "elevation": ("floors", 3),
    "calories": ("active_energy_kcal", 3),
}
MOMENT_OTHER: Final = frozenset({"deviceid", "hash_deviceid", "model", "model_id", "modelid", "duration"})
NIGHT_SERIES: Final = {
    "hr": "heart_rate_bpm",
    "rr": "respiratory_rate_per_min",
    "sdnn_1": "hrv_sdnn_ms",
    "rmssd": "hrv_rmssd_ms",
}
"""Maps from epoch to value inside a stretch of sleep."""
NIGHT_MINUTES: Final = {
    "total_timeinbed": "in_bed_min",
    "total_sleep_time": "asleep_min",
    "wakeupduration": "awake_min",
    "lightsleepduration": "light_min",
    "deepsleepduration": "deep_min",
    "remsleepduration": "rem_min",
}
"""Seconds in the answer."""
NIGHT_MEANS: Final = {"hr_average": "heart_rate_bpm", "rr_average": "respiratory_rate_per_min"}
NIGHT_UNMAPPED: Final = ("apnea_hypopnea_index",)
ZERO_IS_NONE: Final = frozenset(
    {"heart_rate_bpm", "respiratory_rate_per_min", "hrv_sdnn_ms", "hrv_rmssd_ms", "spo2_pct"}
)
"""A living person has none of these at 0."""

_AUTH: Final = (100, 101, 102, 200, 401)
_SCOPE: Final = (214, 277, 2553, 2555)
_REQUEST_RANGES: Final = (
    *((201, 213), (216, 218), (220, 221), (223, 223), (225, 225), (227, 230), (234, 236), (238, 238)),
    *((240, 252), (254, 254), (260, 267), (271, 272), (275, 276), (283, 288), (290, 290), (293, 295)),
    *((297, 297), (300, 304), (321, 321), (323, 353), (380, 382), (400, 400), (501, 511), (523, 523)),
    *((532, 532), (2554, 2554), (3017, 3019)),
)
"""Parameters that are wrong, and (2554) what they have not built: asking again is of no use."""
STATUSES: Final[dict[int, FaultClass]] = {
    **{code: "invalid_request" for low, high in _REQUEST_RANGES for code in range(low, high + 1)},
    **dict.fromkeys(_AUTH, "auth"),
    **dict.fromkeys(_SCOPE, "forbidden_scope"),
    522: "retry_later",
    601: "rate_limited",
}
"""What is not here is their failure: try again, with growing waits."""
USER_EVENT: Final = 46
"""`appli` of what happens to an account, not to its data."""
GRANT_ENDS: Final = frozenset({"delete", "unlink"})
