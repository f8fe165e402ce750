"""Health Connect's types and numbers in words of ours. Data only."""

from decimal import Decimal
from typing import Final, NamedTuple

from proto.vendors.quantities import (
    KCAL_PER_KJ,
    KG_PER_LB,
    M_PER_FOOT,
    M_PER_INCH,
    M_PER_MILE,
    MG_DL_PER_MMOL_L,
)
from proto.vendors.units import SAME, Unit


class Field(NamedTuple):
    """Where a record keeps its number, and what it becomes."""

    key: str
    metric: str


FIELDS: Final = {
    "Weight": Field("weight", "weight_kg"),
    "Height": Field("height", "height_m"),
    "BodyFat": Field("percentage", "body_fat_pct"),
    "LeanBodyMass": Field("mass", "fat_free_mass_kg"),
    "BoneMass": Field("mass", "bone_mass_kg"),
    "BodyWaterMass": Field("mass", "body_water_kg"),
    "BodyTemperature": Field("temperature", "body_temperature_c"),
    "BasalBodyTemperature": Field("temperature", "body_temperature_c"),
    "OxygenSaturation": Field("percentage", "spo2_pct"),
    "RestingHeartRate": Field("beatsPerMinute", "resting_heart_rate_bpm"),
    "HeartRateVariabilityRmssd": Field("heartRateVariabilityMillis", "hrv_rmssd_ms"),
    "RespiratoryRate": Field("rate", "respiratory_rate_per_min"),
    "Vo2Max": Field("vo2MillilitersPerMinuteKilogram", "vo2max_ml_kg_min"),  # the key is (unverified)
    "Steps": Field("count", "steps"),
    "Distance": Field("distance", "distance_m"),
    "FloorsClimbed": Field("floors", "floors"),
    "ActiveCaloriesBurned": Field("energy", "active_energy_kcal"),
    "TotalCaloriesBurned": Field("energy", "total_energy_kcal"),
    "BloodGlucose": Field("level", "glucose_mg_dL"),
}
"""Records of one number. Those of several are in the mapping; everything else is named as unmapped."""

UNITS: Final[dict[str, dict[str, Unit]]] = {
    "kg": {
        "kilograms": SAME,
        "grams": Unit(divisor=1000),
        "milligrams": Unit(divisor=1_000_000),
        "pounds": Unit(KG_PER_LB),
        "ounces": Unit(KG_PER_LB, divisor=16),
    },
    "m": {
        "meters": SAME,
        "kilometers": Unit(Decimal(1000)),
        "miles": Unit(M_PER_MILE),
        "feet": Unit(M_PER_FOOT),
        "inches": Unit(M_PER_INCH),
    },
    "kcal": {
        "kilocalories": SAME,
        "calories": Unit(divisor=1000),
        "kilojoules": Unit(KCAL_PER_KJ),
        "joules": Unit(KCAL_PER_KJ, divisor=1000),
    },
    "°C": {"celsius": SAME, "fahrenheit": Unit(Decimal(5), -32, 9)},
    "mmHg": {"millimetersofmercury": SAME},
    "mg/dL": {"milligramsperdeciliter": SAME, "millimolesperliter": Unit(MG_DL_PER_MMOL_L)},
}
"""A metric's unit → the store's names for its kind, the metric's own first: `inPounds` of a result, `pounds` of a record
as written."""

DELTA: Final = {"celsius": SAME, "fahrenheit": Unit(Decimal(5), divisor=9)}
"""Between two temperatures the zero point does not matter."""

POSITION: Final = {1: "standing", 2: "sitting", 3: "lying", 4: "reclining"}
CUFF_SITE: Final = {1: "left_wrist", 2: "right_wrist", 3: "left_upper_arm", 4: "right_upper_arm"}
THERMOMETER_SITE: Final = {
    1: "armpit",
    2: "finger",
    3: "forehead",
    4: "mouth",
    5: "rectum",
    6: "temporal_artery",
    7: "toe",
    8: "ear",
    9: "wrist",  # (unverified)
    10: "vagina",
}
MEAL: Final = {1: "casual", 2: "fasting", 3: "preprandial", 4: "postprandial"}
STAGE: Final = {
    0: "unknown",
    1: "awake",
    2: "sleeping",
    3: "out_of_bed",
    4: "light",
    5: "deep",
    6: "rem",
    7: "awake",  # in bed (unverified)
}
MANUAL: Final[dict[str, bool]] = {
    "1": False,
    "2": False,
    "3": True,
    "manual": True,
    "manual_entry": True,
    "active": False,
    "automatic": False,
    "actively_recorded": False,
    "automatically_recorded": False,
}

SAMPLES: Final = {
    "HEART_RATE": "heart_rate_bpm",
    "RESTING_HEART_RATE": "resting_heart_rate_bpm",
    "HEART_RATE_VARIABILITY": "hrv_rmssd_ms",
    "HEART_RATE_VARIABILITY_RMSSD": "hrv_rmssd_ms",
    "STEPS": "steps",
    "STEP_COUNT": "steps",
    "DISTANCE": "distance_m",
    "FLOORS_CLIMBED": "floors",
    "ACTIVE_CALORIES_BURNED": "active_energy_kcal",
    "TOTAL_CALORIES_BURNED": "total_energy_kcal",
    "WEIGHT": "weight_kg",
    "HEIGHT": "height_m",
    "BODY_FAT": "body_fat_pct",
    "LEAN_BODY_MASS": "fat_free_mass_kg",
    "BLOOD_GLUCOSE": "glucose_mg_dL",
    "OXYGEN_SATURATION": "spo2_pct",
    "RESPIRATORY_RATE": "respiratory_rate_per_min",
    "BODY_TEMPERATURE": "body_temperature_c",
    "VO2_MAX": "vo2max_ml_kg_min",
}
"""The flat vocabulary of some companion kits; beyond heart rate variability, which on Android is RMSSD, (unverified)."""
HALVES: Final = {"BLOOD_PRESSURE_SYSTOLIC": "systolic", "BLOOD_PRESSURE_DIASTOLIC": "diastolic"}
