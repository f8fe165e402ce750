"""HealthKit's types, units and words in words of ours. Data only."""

import re
from typing import Any, Final

from proto.vendors.quantities import MG_DL_PER_MMOL_L
from proto.vendors.units import Unit, unit_of

PREFIX: Final = re.compile(r"^HK(?:Quantity|Category|Correlation|Data)?Type(?:Identifier)?")
PRESSURE: Final = "BloodPressure"
HALVES: Final = {"BloodPressureSystolic": "systolic", "BloodPressureDiastolic": "diastolic"}
SLEEP: Final = "SleepAnalysis"
IRREGULAR: Final = "IrregularHeartRhythmEvent"
ECG: Final = frozenset({"Electrocardiogram", "HKElectrocardiogram", "HKElectrocardiogramType"})
GLUCOSE: Final = "glucose_mg_dL"

QUANTITIES: Final = {
    "HeartRate": "heart_rate_bpm",
    "RestingHeartRate": "resting_heart_rate_bpm",
    "HeartRateVariabilitySDNN": "hrv_sdnn_ms",
    "HeartRateVariabilityRMSSD": "hrv_rmssd_ms",
    "OxygenSaturation": "spo2_pct",
    "RespiratoryRate": "respiratory_rate_per_min",
    "BodyTemperature": "body_temperature_c",
    "AppleSleepingWristTemperature": "skin_temperature_c",
    "BloodGlucose": GLUCOSE,
    "BodyMass": "weight_kg",
    "BodyMassIndex": "bmi",
    "BodyFatPercentage": "body_fat_pct",
    "LeanBodyMass": "fat_free_mass_kg",
    "Height": "height_m",
    "StepCount": "steps",
    "DistanceWalkingRunning": "distance_m",
    "FlightsClimbed": "floors",
    "ActiveEnergyBurned": "active_energy_kcal",
    "VO2Max": "vo2max_ml_kg_min",
    "ForcedExpiratoryVolume1": "fev1_l",
    "ForcedVitalCapacity": "fvc_l",
    "PeakExpiratoryFlowRate": "pef_l_min",
    "InhalerUsage": "inhaler_puffs",
}
"""Everything else (walking averages, insulin, basal temperature and energy, falls, …) is named as unmapped."""

STAGE: Final = {
    "0": "in_bed",
    "1": "asleep",
    "2": "awake",
    "3": "core",
    "4": "deep",
    "5": "rem",
    "InBed": "in_bed",
    "Asleep": "asleep",
    "AsleepUnspecified": "asleep",
    "Awake": "awake",
    "AsleepCore": "core",
    "AsleepDeep": "deep",
    "AsleepREM": "rem",
}
STAGE_PREFIX: Final = "HKCategoryValueSleepAnalysis"

ECG_CLASS: Final = {
    "notset": "no_analysis",
    "sinusrhythm": "sinus_rhythm",
    "atrialfibrillation": "atrial_fibrillation",
    "inconclusivelowheartrate": "inconclusive_low_hr",
    "inconclusivehighheartrate": "inconclusive_high_hr",
    "inconclusivepoorreading": "unreadable",
    "inconclusiveother": "inconclusive",
    # As the export prints them in English (unverified).
    "lowheartrate": "inconclusive_low_hr",
    "highheartrate": "inconclusive_high_hr",
    "poorrecording": "unreadable",
    "inconclusive": "inconclusive",
    # The numbers of the enumeration (unverified).
    "0": "no_analysis",
    "1": "sinus_rhythm",
    "2": "atrial_fibrillation",
    "3": "inconclusive_low_hr",
    "4": "inconclusive_high_hr",
    "5": "unreadable",
    "6": "inconclusive",
}
"""By the word without spaces and case."""

MEAL: Final = {"1": "preprandial", "2": "postprandial"}
SENSOR_SITE: Final = {
    "1": "armpit",
    "2": "body",
    "3": "ear",
    "4": "finger",
    "5": "gastrointestinal_tract",
    "6": "mouth",
    "7": "rectum",
    "8": "toe",
    "9": "tympanum",
    "10": "temporal_artery",
    "11": "forehead",
}
"""`HKBodyTemperatureSensorLocation` (unverified)."""

OTHER_UNITS: Final[dict[str, dict[str, Unit]]] = {
    "kcal": {"cal": Unit(divisor=1000), "J": Unit(divisor=4184)},
    "mL/kg/min": {"ml/kg*min": Unit(), "mL/(kg*min)": Unit()},
}
"""Beside those that everybody writes. Apple's `cal` is the small one; `Cal` is the dietary."""
_MOLAR: Final = re.compile(r"^mmol<[\d.]+>/L$")
_PER_LITRE: Final = Unit(MG_DL_PER_MMOL_L)


def healthkit_unit(written: Any, target: str) -> Unit | None:
    """None where nobody knows it."""
    text = str(written or "")
    if target == "mg/dL" and _MOLAR.match(text):
        return _PER_LITRE
    return OTHER_UNITS.get(target, {}).get(text) or unit_of(written, target)


def plain_unit(written: Any) -> str:
    """Without the molar mass that Apple prints into it."""
    return "mmol/L" if _MOLAR.match(str(written)) else str(written)


def ecg_class(word: Any) -> str | None:
    """A result that nobody knows is `other`; nothing said is nothing."""
    if word is None or word == "":
        return None
    plain = "".join(char for char in str(word).casefold() if char.isalnum())
    return ECG_CLASS.get(plain, "other")
