"""What goes on in a body at a moment: pressure, heart, glucose, breath, warmth. Pure functions of body, time, scenario.

No device error here: that is the instruments' part.
"""

import math
from datetime import date, datetime, timedelta

from simulator.physiology import parameters as p
from simulator.physiology.body import Body, asleep, exertion, hour_of, local, meals, night
from simulator.physiology.noise import smooth, uniform
from simulator.physiology.parameters import TARGET_MOVEMENT, TARGETS, Scenario


def minutes(at: datetime) -> float:
    return at.timestamp() / 60


def in_scenario(name: str, value: float, baseline: float, scenario: Scenario) -> float:
    """The value itself, or in `low` and `high` a value around that scenario's target."""
    target = TARGETS.get(scenario, {}).get(name)
    return value if target is None else target + (value - baseline) * TARGET_MOVEMENT


def factor(name: str, scenario: Scenario) -> float:
    """A multiplier for quantities that are scaled and not set."""
    return TARGETS.get(scenario, {}).get(name, 1.0)


def wave(hour: float, peak: float) -> float:
    """A cosine of 24 hours: 1 at the peak hour, −1 twelve hours later."""
    return math.cos(2 * math.pi * (hour - peak) / 24)


def hours_awake(body: Body, at: datetime) -> float:
    """Since this morning's waking; negative while still asleep."""
    return (at - night(body, local(body, at).date()).end).total_seconds() / 3600


def morning(body: Body, at: datetime) -> float:
    """1 at waking, 0 two hours later and in sleep."""
    since = hours_awake(body, at)
    return 1 - since / 2 if 0 <= since <= 2 else 0.0


def pressure(body: Body, at: datetime, scenario: Scenario = "normal") -> tuple[float, float]:
    """Systolic and diastolic in mmHg: at least 15 apart."""
    wander = (
        smooth(body.seed, "bp-day", minutes(at), 1440) * p.DAY_TO_DAY_MMHG
        + smooth(body.seed, "bp-hour", minutes(at), 97) * 4
    )
    rise = wander + morning(body, at) * p.MORNING_SURGE_MMHG + exertion(body, at) * 45
    systolic = body.systolic + rise
    diastolic = body.diastolic + wander * 0.6 + morning(body, at) * p.MORNING_SURGE_MMHG * 0.5
    if asleep(body, at):
        systolic *= 1 - p.NIGHT_DIP
        diastolic *= 1 - p.NIGHT_DIP
    systolic = in_scenario("systolic", systolic, body.systolic, scenario)
    diastolic = in_scenario("diastolic", diastolic, body.diastolic, scenario)
    return systolic, min(diastolic, systolic - 15)


def heart_rate(body: Body, at: datetime, scenario: Scenario = "normal") -> float:
    effort = exertion(body, at)
    value = body.resting_hr + 6 + wave(hour_of(body, at), 15) * 3
    value += smooth(body.seed, "hr", minutes(at), 18) * 5
    if asleep(body, at):
        value *= p.SLEEP_HEART_RATE
    value += effort * (body.max_hr - value)
    return max(36.0, in_scenario("heart_rate", value, body.resting_hr, scenario))


def resting_heart_rate(body: Body, day: date, scenario: Scenario = "normal") -> float:
    value = body.resting_hr + smooth(body.seed, "rhr", day.toordinal(), 5) * 4
    return max(36.0, in_scenario("heart_rate", value, body.resting_hr, scenario))


def variability(body: Body, day: date, scenario: Scenario = "normal") -> tuple[float, float]:
    """RMSSD and SDNN of a night, in ms."""
    day_form = 1 + smooth(body.seed, "hrv", day.toordinal(), 3) * 0.22
    return (
        body.rmssd_ms * day_form * factor("hrv", scenario),
        body.sdnn_ms * day_form * factor("hrv", scenario),
    )


def meal_curve(since_min: float) -> float:
    """0 at the first bite, 1 at the peak, near 0 after five hours: the shape of a gamma function."""
    if since_min <= 0:
        return 0.0
    x = since_min / p.MEAL_PEAK_MIN
    return float((x * math.exp(1 - x)) ** 2)


def glucose(body: Body, at: datetime, scenario: Scenario = "normal") -> float:
    """Interstitial or blood glucose in mg/dL, not yet cut to a sensor's range."""
    today = local(body, at).date()
    value = body.fasting_mg_dl + smooth(body.seed, "glucose-day", minutes(at), 600) * 13
    value += smooth(body.seed, "glucose", minutes(at), 45) * 7
    value += p.DAWN_MG_DL * max(0.0, wave(hour_of(body, at), 7.0)) ** 4
    for day in (today - timedelta(days=1), today):
        for meal in meals(body, day):
            since = (at - meal.at).total_seconds() / 60
            rise = p.MEAL_RISE_MG_DL.mean * (
                0.75 + 0.5 * uniform(body.seed, f"rise:{meal.name}", day.toordinal())
            )
            value += rise * meal.size * meal_curve(since)
    value -= exertion(body, at) * 35
    return max(25.0, in_scenario("glucose", value, body.fasting_mg_dl, scenario))


def glucose_rate(body: Body, at: datetime, scenario: Scenario = "normal") -> float:
    """mg/dL a minute over the last quarter of an hour."""
    earlier = glucose(body, at - timedelta(minutes=15), scenario)
    return (glucose(body, at, scenario) - earlier) / 15


def saturation(body: Body, at: datetime, scenario: Scenario = "normal") -> float:
    value = body.spo2_pct + smooth(body.seed, "spo2", minutes(at), 25) * 0.9
    if asleep(body, at):
        value += p.SLEEP_SPO2
    return min(100.0, in_scenario("spo2", value, body.spo2_pct, scenario))


def temperature(body: Body, at: datetime, scenario: Scenario = "normal") -> float:
    value = body.temperature_c + p.TEMPERATURE_SWING_C * wave(hour_of(body, at), p.TEMPERATURE_PEAK_H)
    value += smooth(body.seed, "temperature", minutes(at), 720) * 0.12
    return in_scenario("temperature", value, body.temperature_c, scenario)


def breaths(body: Body, at: datetime, scenario: Scenario = "normal") -> float:
    value = body.respiratory_rate + smooth(body.seed, "breaths", minutes(at), 240) * 1.2
    if asleep(body, at):
        value -= 1
    value += exertion(body, at) * 18
    return max(4.0, in_scenario("respiratory_rate", value, body.respiratory_rate, scenario))


def weight(body: Body, at: datetime, scenario: Scenario = "normal") -> float:
    """kg in light clothes: slow drift over months, days up and down, heavier after the weekend."""
    day = minutes(at) / 1440
    value = body.weight_kg * (1 + smooth(body.seed, "weight-drift", day, 75) * 0.02)
    value += smooth(body.seed, "weight-day", day, 1.3) * 0.45
    value += p.WEEKEND_WEIGHT_KG * math.cos(2 * math.pi * (local(body, at).isoweekday() % 7 - 0.5) / 7)
    return value + TARGETS.get(scenario, {}).get("weight", 0.0)


def steps_between(body: Body, start: datetime, end: datetime, scenario: Scenario = "normal") -> float:
    """Steps walked in a stretch of at most an hour."""
    if asleep(body, start):
        return 0.0
    middle = start + (end - start) / 2
    hours = (end - start).total_seconds() / 3600
    mood = 0.35 + 1.3 * uniform(body.seed, "steps", int(minutes(start) // 60))
    shape = max(0.15, 1 + 0.5 * wave(hour_of(body, middle), 13.5))
    walked = body.steps_a_day / 16 * mood * shape * hours * factor("steps", scenario)
    return float(walked + exertion(body, middle) * 7000 * hours)
