"""The medical numbers behind the virtual bodies, each with its source. Facts only: no randomness, no time.

They make data that looks right to a person who reads charts every day. They are not a model of any disease.
"""

from typing import Final, Literal

import msgspec

Scenario = Literal["normal", "low", "high", "dropout", "artefact", "battery_low"]


class Spread(msgspec.Struct, frozen=True):
    """A quantity among people: drawn from a normal distribution, cut at `low` and `high`."""

    mean: float
    sd: float
    low: float
    high: float


PEOPLE: Final = {
    # The users of home monitoring are mostly in the second half of life; no single source, chosen for the product.
    "age": Spread(58, 14, 22, 88),
    # NCD Risk Factor Collaboration, eLife 2016;5:e13410: adult height in high-income countries, women and men.
    "height_m.female": Spread(1.64, 0.065, 1.45, 1.85),
    "height_m.male": Spread(1.77, 0.07, 1.55, 2.02),
    # WHO classes (overweight from 25): mean of European adults 26–27, NCD-RisC, Lancet 2016;387:1377.
    "bmi": Spread(26.8, 4.0, 18.5, 40),
    # Home blood pressure; hypertension at home starts at 135/85 (ESH guidelines 2023, J Hypertens 41:1874).
    "systolic": Spread(128, 11, 102, 158),
    "diastolic": Spread(79, 7, 60, 98),
    # Quer et al., PLoS ONE 2020;15:e0227709: daily resting heart rate of 92,457 wearers, mean 65.
    "resting_hr": Spread(65, 7.7, 45, 90),
    # Nunan et al., PACE 2010;33:1407: short-term norms, RMSSD 42 (15) ms, SDNN 50 (16) ms.
    "rmssd_ms": Spread(38, 13, 12, 95),
    "sdnn_ms": Spread(48, 14, 18, 110),
    # ADA Standards of Care: treated adults aim at 80–130 mg/dL before meals.
    "fasting_mg_dl": Spread(116, 13, 88, 150),
    # BTS oxygen guideline 2017 (Thorax 72 Suppl 1): 95–98 % is normal at rest, a little less with age.
    "spo2_pct": Spread(96.8, 0.9, 94, 99),
    # Obermeyer et al., BMJ 2017;359:j5468: 243,506 measurements of outpatients, mean 36.6 °C; person to person about 0.2.
    "temperature_c": Spread(36.6, 0.2, 36.1, 37.1),
    # Textbook range 12–20 a minute; sleeping values sit in its lower half.
    "respiratory_rate": Spread(14.5, 1.5, 11, 19),
    # Paluch et al., Lancet Public Health 2022;7:e219: middle quartiles of adults, 5,800–7,800 steps a day.
    "steps_a_day": Spread(6800, 2200, 1800, 14_000),
    # AASM and SRS consensus, Sleep 2015;38:843: adults seven hours or more.
    "sleep_h": Spread(7.1, 0.7, 5.2, 9),
    "bedtime_h": Spread(22.9, 0.7, 21, 24.8),
}

# --- through the day ----------------------------------------------------------------------------------------------

# Pressure falls by 10–20 % in sleep ("dippers": O'Brien et al., Lancet 1988;2:397).
NIGHT_DIP: Final = 0.13
# The rise in the first two hours after waking (Kario et al., Circulation 2003;107:1401; here the part seen at home).
MORNING_SURGE_MMHG: Final = 8.0
# The first value of a sitting is higher, which is why guidelines ask for a second one (ESH 2023).
FIRST_MEASUREMENT_MMHG: Final = 5.0
# Day-to-day standard deviation of home systolic pressure is near 8 mmHg (Ohasama: Kikuya et al., Hypertension 2008;52:1045).
DAY_TO_DAY_MMHG: Final = 8.0
# The heart is slower in sleep by roughly a tenth; exercise goes toward 208 − 0.7·age (Tanaka et al., JACC 2001;37:153).
SLEEP_HEART_RATE: Final = 0.89
MAX_HEART_RATE: Final = (208.0, 0.7)
# Oral temperature: lowest about 06:00, highest 16:00–18:00, 0.5 °C apart (Mackowiak et al., JAMA 1992;268:1578).
TEMPERATURE_SWING_C: Final = 0.25
TEMPERATURE_PEAK_H: Final = 17.0
# A small dip of saturation in sleep is normal (BTS 2017).
SLEEP_SPO2: Final = -1.0
# Weight is highest after the weekend and lowest on Friday (Orsama et al., Obes Facts 2014;7:36).
WEEKEND_WEIGHT_KG: Final = 0.3

# --- glucose ------------------------------------------------------------------------------------------------------

# After a meal the peak comes at about an hour and most is gone after three (ADA, Diabetes Care 2001;24:775).
MEAL_PEAK_MIN: Final = 65.0
MEAL_RISE_MG_DL: Final = Spread(62, 16, 20, 120)
# The dawn phenomenon: about 20 mg/dL toward breakfast (Monnier et al., Diabetes Care 2013;36:4057).
DAWN_MG_DL: Final = 18.0
# Sensors report 40–400 mg/dL; beyond that they say LOW or HIGH. Their error is near 9 % (MARD of current sensors).
SENSOR_RANGE_MG_DL: Final = (40, 400)
SENSOR_ERROR: Final = 0.04
# ISO 15197:2013 allows meters ±15 %; good ones keep within ±5 %.
METER_ERROR: Final = 0.04
# Pressure on the sensor in sleep reads falsely low ("compression low": Mensh et al., J Diabetes Sci Technol 2013;7:863).
COMPRESSION_LOW_MG_DL: Final = 45.0

# --- body, movement, sleep ----------------------------------------------------------------------------------------

# Deurenberg et al., Br J Nutr 1991;65:105: fat % = 1.20·BMI + 0.23·age − 10.8·(male) − 5.4.
BODY_FAT: Final = (1.20, 0.23, 10.8, 5.4)
# Fat-free tissue holds 73 % water (Wang et al., Am J Clin Nutr 1999;69:833); bone mineral about 5 % of it.
LEAN_WATER: Final = 0.73
LEAN_BONE: Final = 0.05
# Step length 0.415 of body height; net cost of walking about 0.5 kcal a kg and km (ACSM guidelines).
STEP_OF_HEIGHT: Final = 0.415
WALK_KCAL_KG_KM: Final = 0.5
# Mifflin–St Jeor, Am J Clin Nutr 1990;51:241: 10·kg + 6.25·cm − 5·age + 5 (men) or − 161 (women), kcal a day.
RESTING_ENERGY: Final = {"male": 5.0, "female": -161.0}
# Parts of a night (Ohayon et al., Sleep 2004;27:1255): light about 55 %, deep 18 %, REM 21 %; efficiency near 88 %.
SLEEP_PARTS: Final = {"deep": 0.18, "rem": 0.21}
SLEEP_EFFICIENCY: Final = 0.89
# FRIEND registry (Kaminsky et al., Mayo Clin Proc 2015;90:1515), roughly: men 55 − 0.4·age, women 43 − 0.3·age.
VO2MAX: Final = {"male": (55.0, 0.40), "female": (43.0, 0.30)}
# Reference values, Eur Heart J 2010;31:2338: about 6 m/s at 25 and 10 m/s at 75.
PULSE_WAVE: Final = (4.2, 0.075)

# --- breath -------------------------------------------------------------------------------------------------------

# ECSC equations (Quanjer et al., Eur Respir J 1993;6 Suppl 16:5): a·height − b·age + c; PEF and FEF in L/s.
SPIROMETRY: Final = {
    "male": {
        "fev1": (4.30, 0.029, -2.49),
        "fvc": (5.76, 0.026, -4.34),
        "pef": (6.14, 0.043, 0.15),
        "fef": (1.94, 0.043, 2.70),
    },
    "female": {
        "fev1": (3.95, 0.025, -2.60),
        "fvc": (4.43, 0.026, -2.89),
        "pef": (5.50, 0.030, -1.11),
        "fef": (1.25, 0.034, 2.92),
    },
}
# Peak flow is lowest in the early morning; up to 10 % through the day is normal (GINA 2023).
PEAK_FLOW_SWING: Final = 0.04
# Dry-powder inhalers want 30 L/min at least, 60 is good (Ghosh et al., J Aerosol Med 2017;30:381).
INHALATION_L_MIN: Final = Spread(62, 9, 32, 105)

# --- scenarios ----------------------------------------------------------------------------------------------------

TARGETS: Final[dict[str, dict[str, float]]] = {
    # Where a signal sits in the scenarios `low` and `high`; a share of its usual movement stays around it.
    # low: hypotension < 90/60; bradycardia < 50; hypoglycaemia level 2 < 54 mg/dL (ADA); SpO2 < 90 %; hypothermia
    # < 35 °C; bradypnoea < 12. high: grade 2–3 hypertension (ESH 2023); level 2 hyperglycaemia > 250 mg/dL (ADA);
    # fever; tachypnoea > 20. Weight: 4 kg away, as an alarm of heart failure or of loss would see it.
    "low": {
        "systolic": 84, "diastolic": 52, "heart_rate": 43, "glucose": 50, "spo2": 86, "temperature": 34.6,
        "respiratory_rate": 8, "lungs": 0.55, "steps": 0.15, "sleep_h": 4.2, "weight": -4, "hrv": 0.35,
        "inhalation": 0.45,
    },
    "high": {
        "systolic": 182, "diastolic": 110, "heart_rate": 128, "glucose": 295, "temperature": 39.3,
        "respiratory_rate": 28, "lungs": 1.08, "steps": 2.1, "sleep_h": 10.2, "weight": 4, "hrv": 1.8,
        "inhalation": 1.3,
    },
}  # fmt: skip
TARGET_MOVEMENT: Final = 0.35
"""How much of a signal's distance from its baseline stays in `low` and `high`."""
