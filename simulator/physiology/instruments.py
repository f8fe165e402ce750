"""Instruments that answer at a moment: what they show of the body, with their own error and artefacts. Pure."""

from datetime import datetime, timedelta
from typing import Any, Final

from proto.metrics import GLUCOSE_HIGH_MARKER, GLUCOSE_LOW_MARKER
from simulator.physiology import parameters as p
from simulator.physiology import signals
from simulator.physiology.body import Body, asleep, exertion, hour_of, local, meals
from simulator.physiology.noise import dice, smooth, uniform
from simulator.physiology.parameters import Scenario
from simulator.physiology.samples import Sample, tidy


def _second(at: datetime) -> int:
    return int(at.timestamp())


def cuff(body: Body, at: datetime, scenario: Scenario) -> Sample:
    """An oscillometric cuff on the upper arm (ISO 81060-2: error of 5 ± 8 mmHg at most)."""
    rng = dice(body.seed, "cuff", _second(at))
    systolic, diastolic = signals.pressure(body, at, scenario)
    alerting = abs(rng.gauss(0, 1)) * p.FIRST_MEASUREMENT_MMHG
    systolic += alerting + rng.gauss(0, 3)
    diastolic += alerting * 0.4 + rng.gauss(0, 2)
    pulse = signals.heart_rate(body, at, scenario) + rng.gauss(0, 2)
    irregular = rng.random() < 0.03
    if scenario == "artefact":  # the arm moved: the cuff catches the wrong oscillations
        systolic += rng.choice((-38, 42, 55))
        diastolic += rng.choice((-18, 20))
        irregular = True
    top = tidy("blood_pressure.systolic", systolic)
    bottom = tidy("blood_pressure.diastolic", min(diastolic, top - 12))
    values = {
        "systolic": top,
        "diastolic": bottom,
        "map": tidy("blood_pressure.map", bottom + (top - bottom) / 3),  # the textbook estimate
        "hr": tidy("blood_pressure.hr", pulse),
    }
    return Sample(
        at,
        {"blood_pressure": values, "irregular_heartbeat": irregular},
        {"measurement_site": "left_upper_arm", "body_position": "sitting"},
    )


def scale(body: Body, at: datetime, scenario: Scenario) -> Sample:
    """A bathroom scale with foot electrodes. `artefact`: somebody else stepped on it."""
    rng = dice(body.seed, "scale", _second(at))
    kg = signals.weight(body, at, scenario) + rng.gauss(0, 0.08)
    meta: dict[str, Any] = {}
    if scenario == "artefact":
        kg *= rng.choice((0.62, 1.31))
        meta["ambiguous_user"] = True
    kg = max(20.0, kg)
    by_bmi, by_age, male, offset = p.BODY_FAT
    bmi = kg / body.height_m**2
    fat_pct = by_bmi * bmi + by_age * body.age - (male if body.sex == "male" else 0) - offset
    fat_pct = min(60.0, max(5.0, fat_pct + rng.gauss(0, 0.4)))
    fat = kg * fat_pct / 100
    lean = kg - fat
    bone = lean * p.LEAN_BONE
    readings = {
        "weight_kg": tidy("weight_kg", kg),
        "height_m": body.height_m,
        "bmi": tidy("bmi", bmi),
        "body_fat_pct": tidy("body_fat_pct", fat_pct),
        "fat_mass_kg": tidy("fat_mass_kg", fat),
        "fat_free_mass_kg": tidy("fat_free_mass_kg", lean),
        "muscle_mass_kg": tidy("muscle_mass_kg", lean - bone),
        "bone_mass_kg": tidy("bone_mass_kg", bone),
        "body_water_kg": tidy("body_water_kg", lean * p.LEAN_WATER),
        "body_water_pct": tidy("body_water_pct", 100 * lean * p.LEAN_WATER / kg),
        "visceral_fat_index": tidy("visceral_fat_index", max(1.0, (bmi - 18) * 0.8)),
    }
    return Sample(at, readings, meta)


# Slower than ±1 mg/dL a minute is drawn flat, 2 and 3 are the next steps: the arrows of today's sensors.
_ARROWS: Final = (
    (-3.0, "double_down"), (-2.0, "single_down"), (-1.0, "forty_five_down"),
    (1.0, "flat"), (2.0, "forty_five_up"), (3.0, "single_up"),
)  # fmt: skip


def arrow(rate: float) -> str:
    return next((name for limit, name in _ARROWS if rate < limit), "double_up")


def cgm(body: Body, at: datetime, scenario: Scenario) -> Sample:
    """A sensor under the skin: a value each five minutes, LOW and HIGH outside its range."""
    value = signals.glucose(body, at, scenario)
    value *= 1 + smooth(body.seed, "sensor", signals.minutes(at), 33) * p.SENSOR_ERROR
    rate = signals.glucose_rate(body, at, scenario)
    if scenario == "artefact" or (scenario == "normal" and _lies_on_it(body, at)):
        value -= p.COMPRESSION_LOW_MG_DL
    low, high = p.SENSOR_RANGE_MG_DL
    readings: dict[str, Any] = {
        "glucose_mg_dL": round(value),
        "glucose_trend": arrow(rate),
        "glucose_trend_rate_mg_dL_min": tidy("glucose_trend_rate_mg_dL_min", rate),
    }
    if value < low:
        readings |= {"glucose_mg_dL": GLUCOSE_LOW_MARKER, "glucose_out_of_range": "low"}
    elif value > high:
        readings |= {"glucose_mg_dL": GLUCOSE_HIGH_MARKER, "glucose_out_of_range": "high"}
    return Sample(at, readings, {"measurement_site": "upper_arm", "recording_method": "automatic"})


def _lies_on_it(body: Body, at: datetime) -> bool:
    half_hour = int(at.timestamp() // 1800)
    return asleep(body, at) and uniform(body.seed, "lies-on-sensor", half_hour) < 0.02


def meter(body: Body, at: datetime, scenario: Scenario) -> Sample:
    """A strip meter. `artefact`: sugar on the finger, or too little blood."""
    rng = dice(body.seed, "meter", _second(at))
    value = signals.glucose(body, at, scenario) * (1 + rng.gauss(0, p.METER_ERROR))
    if scenario == "artefact":
        value *= rng.choice((0.6, 1.7))
    readings: dict[str, Any] = {"glucose_mg_dL": tidy("glucose_mg_dL", value)}
    if value > 600:  # common meters print HI above 600 mg/dL
        readings = {"glucose_out_of_range": "high"}
    return Sample(at, readings, {"meal_context": meal_context(body, at), "measurement_site": "finger"})


def meal_context(body: Body, at: datetime) -> str:
    """By what was eaten today: the words of the Bluetooth glucose profile."""
    today = [meal for meal in meals(body, local(body, at).date()) if meal.name != "snack"]
    eaten = [meal for meal in today if meal.at <= at]
    if any(at - meal.at <= timedelta(hours=3) for meal in eaten):
        return "postprandial"
    if hour_of(body, at) >= 21:
        return "bedtime"
    return "preprandial" if eaten else "fasting"


def oximeter(body: Body, at: datetime, scenario: Scenario) -> Sample:
    """A finger clip (ISO 80601-2-61 allows 4 % root mean square). `artefact`: cold hands, a moving finger."""
    rng = dice(body.seed, "oximeter", _second(at))
    value = signals.saturation(body, at, scenario) + rng.gauss(0, 0.7)
    pulse = signals.heart_rate(body, at, scenario) + rng.gauss(0, 1.5)
    if scenario == "artefact":
        value -= rng.uniform(9, 22)
        pulse *= rng.choice((0.5, 2.0))  # the classic halving and doubling of a poor pulse wave
    return Sample(
        at,
        {"spo2_pct": tidy("spo2_pct", value), "pulse_rate_bpm": tidy("pulse_rate_bpm", pulse)},
        {"measurement_site": "finger"},
    )


def thermometer(body: Body, at: datetime, scenario: Scenario) -> Sample:
    """An oral thermometer (ISO 80601-2-56: ± 0.3 °C). `artefact`: just after a cold drink."""
    rng = dice(body.seed, "thermometer", _second(at))
    value = signals.temperature(body, at, scenario) + rng.gauss(0, 0.08)
    if scenario == "artefact":
        value -= rng.uniform(1.5, 3)
    return Sample(
        at, {"body_temperature_c": tidy("body_temperature_c", value)}, {"measurement_site": "mouth"}
    )


def chest_strap(body: Body, at: datetime, scenario: Scenario) -> Sample:
    """Heart rate with the last beats. `artefact`: a dry electrode counts twice."""
    rng = dice(body.seed, "strap", _second(at))
    rate = signals.heart_rate(body, at, scenario)
    if scenario == "artefact":
        rate = min(220.0, rate * rng.choice((0.5, 2.0)))
    rate = max(30.0, rate)
    jitter = (
        signals.variability(body, local(body, at).date(), scenario)[0] * (1 - 0.8 * exertion(body, at)) / 2
    )
    beats = [tidy("rr_intervals_ms", 60_000 / rate + rng.gauss(0, jitter)) for _ in range(4)]
    return Sample(
        at,
        {"heart_rate_bpm": tidy("heart_rate_bpm", rate), "rr_intervals_ms": beats},
        {"measurement_site": "chest"},
    )


def wrist(body: Body, at: datetime, scenario: Scenario) -> Sample:
    """Optical heart rate at the wrist. `artefact`: it locks on to the step rate."""
    rng = dice(body.seed, "wrist", _second(at))
    rate = signals.heart_rate(body, at, scenario) + rng.gauss(0, 2.5)
    if scenario == "artefact":
        rate = rng.uniform(155, 185)
    return Sample(at, {"heart_rate_bpm": tidy("heart_rate_bpm", rate)}, {"recording_method": "automatic"})


def breath_counter(body: Body, at: datetime, scenario: Scenario) -> Sample:
    rng = dice(body.seed, "breath", _second(at))
    value = signals.breaths(body, at, scenario) + rng.gauss(0, 0.6)
    if scenario == "artefact":
        value += rng.uniform(10, 20)
    return Sample(at, {"respiratory_rate_per_min": tidy("respiratory_rate_per_min", value)}, {})


def ecg(body: Body, at: datetime, scenario: Scenario) -> Sample:
    """A 30 s strip, lead I, 300 samples a second: two fingers on a pocket device."""
    rng = dice(body.seed, "ecg", _second(at))
    rate = signals.heart_rate(body, at, scenario) + rng.gauss(0, 2)
    fibrillates = rng.random() < 0.02
    if scenario == "artefact":
        found = "unreadable"
    elif rate < 50:  # the usual limits of such classifiers: 50 and 100 a minute
        found = "bradycardia"
    elif rate > 100:
        found = "tachycardia"
    else:
        found = "atrial_fibrillation" if fibrillates else "sinus_rhythm"
    strip: dict[str, Any] = {"classification": found, "duration_s": 30, "sampling_hz": 300, "lead": "I"}
    if found != "unreadable":
        strip["avg_hr_bpm"] = tidy("ecg.avg_hr_bpm", rate)
    return Sample(at, {"ecg": strip}, {"body_position": "sitting"})


def spirometer(body: Body, at: datetime, scenario: Scenario) -> Sample:
    """The best of three blows. `artefact`: a cough in the first second."""
    rng = dice(body.seed, "spirometer", _second(at))
    age = max(25.0, body.age)  # the equations hold from 25 years on
    health = 0.82 + 0.2 * uniform(body.seed, "lungs", 0)
    health *= signals.factor("lungs", scenario) * (
        1 + smooth(body.seed, "airways", signals.minutes(at), 2880) * 0.04
    )
    effort = 1 + rng.gauss(0, 0.015)
    best = {
        name: max(0.4, (by_height * body.height_m - by_age * age + offset) * health * effort)
        for name, (by_height, by_age, offset) in p.SPIROMETRY[body.sex].items()
    }
    best["pef"] *= 1 + p.PEAK_FLOW_SWING * signals.wave(hour_of(body, at), 16)
    if scenario == "artefact":
        best["pef"] *= 0.45
        best["fev1"] *= 0.7
    if scenario == "low":  # obstruction: the first second suffers more than the whole breath
        best["fvc"] *= 1.35
    fev1 = min(best["fev1"], best["fvc"] * 0.97)
    readings = {
        "fev1_l": tidy("fev1_l", fev1),
        "fvc_l": tidy("fvc_l", best["fvc"]),
        "fev1_fvc_pct": tidy("fev1_fvc_pct", 100 * fev1 / best["fvc"]),
        "pef_l_min": tidy("pef_l_min", best["pef"] * 60),
        "fef2575_l_s": tidy("fef2575_l_s", best["fef"]),
    }
    return Sample(at, readings, {"body_position": "sitting"})


def inhaler(body: Body, at: datetime, scenario: Scenario) -> Sample:
    """One use of a dry-powder inhaler. `high`: an attack, with many puffs; `artefact`: breathed out into it."""
    rng = dice(body.seed, "inhaler", _second(at))
    flow = min(
        p.INHALATION_L_MIN.high,
        max(p.INHALATION_L_MIN.low, rng.gauss(p.INHALATION_L_MIN.mean, p.INHALATION_L_MIN.sd)),
    )
    flow *= signals.factor("inhalation", scenario)
    relief = scenario == "high" or uniform(body.seed, "relief", _second(at) // 3600) < 0.12
    if scenario == "artefact":
        flow = 8.0
    quality = "good" if flow >= 45 else "fair" if flow >= 30 else "poor"
    readings = {
        "inhaler_puffs": rng.randint(4, 8) if scenario == "high" else 2,
        "inhaler_medication": "Salbutamol 100 µg" if relief else "Budesonide 200 µg",
        "inhalation_peak_flow_l_min": tidy("inhalation_peak_flow_l_min", flow),
        "inhalation_volume_l": tidy("inhalation_volume_l", max(0.2, flow / 60 * rng.uniform(1.6, 2.4))),
        "inhalation_quality": quality,
    }
    return Sample(at, readings, {})


def stethoscope(body: Body, at: datetime, scenario: Scenario) -> Sample:
    """What the listening software found. The sound itself is a file and goes through an upload."""
    rng = dice(body.seed, "stethoscope", _second(at))
    rate = signals.heart_rate(body, at, scenario) + rng.gauss(0, 2)
    innocent = uniform(body.seed, "murmur", 0) < 0.15  # a body keeps its murmur
    found = {
        "low": ["bradycardia"],
        "high": ["tachycardia", "wheeze"],
        "artefact": ["noisy", "inconclusive"],
    }.get(scenario, ["innocent_murmur" if innocent else "normal"])
    return Sample(
        at,
        {"stethoscope_findings": found, "heart_rate_bpm": tidy("heart_rate_bpm", rate)},
        {
            "measurement_site": rng.choice(("aortic", "pulmonic", "tricuspid", "mitral")),
            "body_position": "sitting",
        },
    )


def skin_patch(body: Body, at: datetime, scenario: Scenario) -> Sample:
    """Skin at the wrist: some three degrees below the core at night (peripheral warmth leads sleep)."""
    core = signals.temperature(body, at, scenario)
    usual = core - 2.8 + smooth(body.seed, "skin", signals.minutes(at), 200) * 0.5
    if scenario == "artefact":
        usual -= 6
    delta = usual - (body.temperature_c - 2.8)
    return Sample(
        at,
        {
            "skin_temperature_c": tidy("skin_temperature_c", usual),
            "skin_temperature_delta_c": tidy("skin_temperature_delta_c", delta),
        },
        {"measurement_site": "wrist"},
    )
