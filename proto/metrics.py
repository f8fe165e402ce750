"""The vocabulary of readings: one row a metric. Bounds, units, codes and labels come from here and nowhere else.

Bounds are device plausibility (what an instrument can show), not clinical limits; both ends are included.
LOINC codes: loinc.org; UCUM units: ucum.org. A metric without a LOINC code has none that fits exactly.
"""

from typing import Final, Literal

import msgspec

from proto.words import Kind

ValueType = Literal[
    "number", "integer", "boolean", "text", "enum", "enum_list", "number_list", "object_url", "group"
]


class Metric(msgspec.Struct, frozen=True, kw_only=True):
    """One measurable thing. `name` is dotted for the parts of a group (`blood_pressure.systolic`).

    `id` is a small number that never changes or returns: rollup rows carry it. `low`/`high` are the bounds in `unit`.
    `rollup`: whether hourly minimum, maximum, mean and count are kept. `precision`: decimals shown to people.
    """

    id: int
    name: str
    kind: Kind
    label: str
    type: ValueType = "number"
    unit: str = ""
    ucum: str = ""
    loinc: str = ""
    low: float | None = None
    high: float | None = None
    precision: int = 0
    rollup: bool = True
    required: bool = False
    """Within its group: must be there."""
    choices: tuple[str, ...] = ()
    max_items: int = 0
    max_length: int = 0


TREND: Final = (
    "double_up",
    "single_up",
    "forty_five_up",
    "flat",
    "forty_five_down",
    "single_down",
    "double_down",
    "not_computable",
    "rate_out_of_range",
    "none",
    "unknown",
)
ECG_CLASS: Final = (
    "sinus_rhythm",
    "atrial_fibrillation",
    "bradycardia",
    "tachycardia",
    "inconclusive",
    "inconclusive_low_hr",
    "inconclusive_high_hr",
    "unreadable",
    "no_analysis",
    "other",
)
INHALATION_QUALITY: Final = ("good", "fair", "poor", "unknown")
STETHOSCOPE_FINDINGS: Final = (
    "normal",
    "murmur",
    "innocent_murmur",
    "structural_murmur",
    "atrial_fibrillation",
    "bradycardia",
    "tachycardia",
    "low_ejection_fraction",
    "crackles",
    "wheeze",
    "noisy",
    "inconclusive",
    "other",
)
GLUCOSE_LOW_MARKER: Final = 39
GLUCOSE_HIGH_MARKER: Final = 401
"""Beside `glucose_out_of_range` these two numbers mark LOW and HIGH and are no measurements."""

_BP = "mm[Hg]"


def _m(
    id: int,
    name: str,
    kind: Kind,
    label: str,
    unit: str = "",
    ucum: str = "",
    low: float | None = None,
    high: float | None = None,
    precision: int = 0,
    loinc: str = "",
    type: ValueType = "number",
    rollup: bool | None = None,
    required: bool = False,
    choices: tuple[str, ...] = (),
    max_items: int = 0,
    max_length: int = 0,
) -> Metric:
    numeric = type in ("number", "integer")
    return Metric(
        id=id,
        name=name,
        kind=kind,
        label=label,
        unit=unit,
        ucum=ucum,
        low=low,
        high=high,
        precision=precision,
        loinc=loinc,
        type=type,
        rollup=numeric if rollup is None else rollup,
        required=required,
        choices=choices,
        max_items=max_items,
        max_length=max_length,
    )


# fmt: off
METRICS: Final = (
    _m(1, "blood_pressure", "blood_pressure", "Blood pressure", "mmHg", _BP, loinc="85354-9", type="group"),
    _m(2, "blood_pressure.systolic", "blood_pressure", "Systolic", "mmHg", _BP, 40, 300, 0, "8480-6", required=True),
    _m(3, "blood_pressure.diastolic", "blood_pressure", "Diastolic", "mmHg", _BP, 20, 200, 0, "8462-4", required=True),
    _m(4, "blood_pressure.map", "blood_pressure", "Mean arterial pressure", "mmHg", _BP, 25, 250, 0, "8478-0"),
    _m(5, "blood_pressure.hr", "blood_pressure", "Pulse", "bpm", "/min", 20, 300, 0, "8867-4"),
    _m(6, "irregular_heartbeat", "blood_pressure", "Irregular heartbeat", type="boolean"),
    _m(10, "weight_kg", "weight", "Weight", "kg", "kg", 0.5, 500, 1, "29463-7"),
    _m(11, "height_m", "weight", "Height", "m", "m", 0.3, 2.75, 2, "8302-2"),
    _m(12, "bmi", "weight", "Body mass index", "kg/m²", "kg/m2", 5, 150, 1, "39156-5"),
    _m(20, "body_fat_pct", "body_composition", "Body fat", "%", "%", 1, 80, 1, "41982-0"),
    _m(21, "body_water_pct", "body_composition", "Body water", "%", "%", 1, 80, 1),
    _m(22, "fat_mass_kg", "body_composition", "Fat mass", "kg", "kg", 0.1, 400, 1, "73708-0"),
    _m(23, "fat_free_mass_kg", "body_composition", "Fat-free mass", "kg", "kg", 0.1, 400, 1),
    _m(24, "muscle_mass_kg", "body_composition", "Muscle mass", "kg", "kg", 0.1, 400, 1, "73964-9"),
    _m(25, "body_water_kg", "body_composition", "Body water mass", "kg", "kg", 0.1, 400, 1),
    _m(26, "bone_mass_kg", "body_composition", "Bone mass", "kg", "kg", 0.1, 20, 1),
    _m(27, "visceral_fat_index", "body_composition", "Visceral fat", "index", "1", 0, 60, 0),
    _m(30, "glucose_mg_dL", "glucose", "Glucose", "mg/dL", "mg/dL", 10, 1000, 0, "2339-0"),
    _m(31, "glucose_trend", "glucose", "Glucose trend", type="enum", choices=TREND),
    _m(32, "glucose_trend_rate_mg_dL_min", "glucose", "Glucose rate of change", "mg/dL/min", "mg/dL/min", -30, 30, 1,
       rollup=False),
    _m(33, "glucose_out_of_range", "glucose", "Glucose out of range", type="enum", choices=("low", "high")),
    _m(40, "spo2_pct", "spo2", "Oxygen saturation", "%", "%", 30, 100, 0, "59408-5"),
    _m(41, "pulse_rate_bpm", "spo2", "Pulse rate", "bpm", "/min", 20, 300, 0, "8889-8"),
    _m(50, "heart_rate_bpm", "heart_rate", "Heart rate", "bpm", "/min", 20, 300, 0, "8867-4"),
    _m(51, "resting_heart_rate_bpm", "heart_rate", "Resting heart rate", "bpm", "/min", 20, 300, 0, "40443-4"),
    _m(52, "rr_intervals_ms", "heart_rate", "Beat-to-beat intervals", "ms", "ms", 200, 3000, 0, "8637-3",
       type="number_list", max_items=64),
    _m(53, "hrv_rmssd_ms", "heart_rate", "Heart rate variability (RMSSD)", "ms", "ms", 0, 500, 0),
    _m(54, "hrv_sdnn_ms", "heart_rate", "Heart rate variability (SDNN)", "ms", "ms", 0, 500, 0, "80404-7"),
    _m(60, "steps", "activity", "Steps", "steps", "{steps}", 0, 200_000, 0, "55423-8", type="integer"),
    _m(61, "floors", "activity", "Floors", "floors", "{floors}", 0, 1000, 0, type="number"),
    _m(62, "distance_m", "activity", "Distance", "m", "m", 0, 500_000, 0, "55430-3"),
    _m(63, "active_energy_kcal", "activity", "Active energy", "kcal", "kcal", 0, 20_000, 0, "55424-6"),
    _m(64, "total_energy_kcal", "activity", "Total energy", "kcal", "kcal", 0, 20_000, 0),
    _m(70, "sleep", "sleep", "Sleep", loinc="93832-4", type="group"),
    _m(71, "sleep.start", "sleep", "Sleep start", type="text", required=True),
    _m(72, "sleep.end", "sleep", "Sleep end", type="text", required=True),
    _m(73, "sleep.in_bed_min", "sleep", "Time in bed", "min", "min", 0, 2880),
    _m(74, "sleep.asleep_min", "sleep", "Time asleep", "min", "min", 0, 2880, loinc="93832-4"),
    _m(75, "sleep.awake_min", "sleep", "Time awake", "min", "min", 0, 2880),
    _m(76, "sleep.light_min", "sleep", "Light sleep", "min", "min", 0, 2880),
    _m(77, "sleep.deep_min", "sleep", "Deep sleep", "min", "min", 0, 2880),
    _m(78, "sleep.rem_min", "sleep", "REM sleep", "min", "min", 0, 2880),
    _m(79, "sleep.efficiency_pct", "sleep", "Sleep efficiency", "%", "%", 0, 100),
    _m(80, "sleep.score", "sleep", "Sleep score", "", "1", 0, 100),
    _m(81, "sleep.is_main", "sleep", "Main sleep", type="boolean"),
    _m(90, "ecg", "ecg", "ECG", loinc="11524-6", type="group"),
    _m(91, "ecg.classification", "ecg", "ECG result", type="enum", choices=ECG_CLASS),
    _m(92, "ecg.avg_hr_bpm", "ecg", "Average heart rate", "bpm", "/min", 20, 300, 0, "8867-4"),
    _m(93, "ecg.duration_s", "ecg", "Duration", "s", "s", 1, 86_400, 0, rollup=False),
    _m(94, "ecg.sampling_hz", "ecg", "Sampling rate", "Hz", "Hz", 50, 4000, 0, rollup=False),
    _m(95, "ecg.lead", "ecg", "Lead", type="text", max_length=40),
    _m(96, "ecg.waveform_url", "ecg", "Waveform", type="object_url"),
    _m(100, "vo2max_ml_kg_min", "cardio_fitness", "VO₂ max", "mL/kg/min", "mL/(kg.min)", 5, 100, 1, "94122-9"),
    _m(101, "pulse_wave_velocity_m_s", "cardio_fitness", "Pulse wave velocity", "m/s", "m/s", 1, 40, 1, "77196-4"),
    _m(110, "fev1_l", "spirometry", "FEV1", "L", "L", 0.1, 12, 2, "20150-9"),
    _m(111, "fvc_l", "spirometry", "FVC", "L", "L", 0.1, 15, 2, "19868-9"),
    _m(112, "fev1_fvc_pct", "spirometry", "FEV1/FVC", "%", "%", 5, 100, 0, "19926-5"),
    _m(113, "pef_l_min", "spirometry", "Peak flow", "L/min", "L/min", 20, 1200, 0, "19935-6"),
    _m(114, "fef2575_l_s", "spirometry", "FEF25–75", "L/s", "L/s", 0.05, 15, 2, "69972-8"),
    _m(120, "inhaler_puffs", "inhaler", "Inhaler puffs", "puffs", "{puff}", 0, 200, 0, type="integer"),
    _m(121, "inhaler_medication", "inhaler", "Inhaler medication", type="text", max_length=120),
    _m(122, "inhalation_peak_flow_l_min", "inhaler", "Inhalation peak flow", "L/min", "L/min", 0, 400, 0),
    _m(123, "inhalation_volume_l", "inhaler", "Inhaled volume", "L", "L", 0, 10, 2),
    _m(124, "inhalation_quality", "inhaler", "Inhalation quality", type="enum", choices=INHALATION_QUALITY),
    _m(130, "respiratory_rate_per_min", "respiratory_rate", "Respiratory rate", "/min", "/min", 2, 80, 0, "9279-1"),
    _m(140, "body_temperature_c", "temperature", "Body temperature", "°C", "Cel", 25, 45, 1, "8310-5"),
    _m(141, "skin_temperature_c", "temperature", "Skin temperature", "°C", "Cel", 10, 50, 1, "39106-0"),
    _m(142, "skin_temperature_delta_c", "temperature", "Skin temperature change", "°C", "Cel", -10, 10, 1),
    _m(150, "stethoscope_audio_url", "stethoscope", "Stethoscope sound", type="object_url"),
    _m(151, "stethoscope_findings", "stethoscope", "Findings", type="enum_list", choices=STETHOSCOPE_FINDINGS,
       max_items=16),
)
# fmt: on

BY_NAME: Final = {metric.name: metric for metric in METRICS}
TOP_LEVEL: Final = tuple(metric for metric in METRICS if "." not in metric.name)
KIND_OF: Final[dict[str, Kind]] = {metric.name: metric.kind for metric in TOP_LEVEL}
"""Reading name → kind, for consent and capability checks."""

SLEEP_MAX_H: Final = 48
"""A sleep longer than this is a clock fault."""
