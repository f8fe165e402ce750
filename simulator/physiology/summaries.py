"""Instruments that sum up a stretch of time: an hour of steps, a day's fitness, a night. Pure.

`at` is when the stretch is complete; the sample is stamped with its start and says `interval_end`.
"""

from datetime import datetime, timedelta
from typing import Any

from simulator.physiology import parameters as p
from simulator.physiology import signals
from simulator.physiology.body import Body, exertion, local, moment, night
from simulator.physiology.noise import dice
from simulator.physiology.parameters import Scenario
from simulator.physiology.samples import Sample, rfc3339, tidy


def pedometer(body: Body, at: datetime, scenario: Scenario) -> Sample:
    """The hour that ends at `at`."""
    start = at - timedelta(hours=1)
    quarter = timedelta(minutes=15)
    walked = sum(
        signals.steps_between(body, start + i * quarter, start + (i + 1) * quarter, scenario)
        for i in range(4)
    )
    if scenario == "artefact":  # the phone lay on a washing machine
        walked += 9000
    steps = int(tidy("steps", walked))
    metres = steps * body.height_m * p.STEP_OF_HEIGHT
    active = body.weight_kg * metres / 1000 * p.WALK_KCAL_KG_KM + exertion(body, at - quarter) * 300
    resting = 10 * body.weight_kg + 625 * body.height_m - 5 * body.age + p.RESTING_ENERGY[body.sex]
    readings: dict[str, Any] = {
        "steps": steps,
        "distance_m": tidy("distance_m", metres),
        "floors": steps // 900,
        "active_energy_kcal": tidy("active_energy_kcal", active),
        "total_energy_kcal": tidy("total_energy_kcal", active + max(600.0, resting) / 24),
    }
    return Sample(start, readings, {"interval_end": rfc3339(at), "recording_method": "automatic"})


def sleep_tracker(body: Body, at: datetime, scenario: Scenario) -> Sample:
    """The night that ended last before `at`."""
    today = local(body, at).date()
    last = night(body, today)
    if last.end > at:
        last = night(body, today - timedelta(days=1))
    rng = dice(body.seed, "sleep", int(last.end.timestamp()))
    hours = p.TARGETS.get(scenario, {}).get("sleep_h")
    in_bed = (last.end - last.start).total_seconds() / 60 if hours is None else hours * 60
    efficiency = min(0.98, max(0.6, p.SLEEP_EFFICIENCY + rng.gauss(0, 0.04)))
    if scenario == "artefact":  # the band lay on the table half of the night
        efficiency = 0.5
    whole = round(in_bed)
    asleep = round(in_bed * efficiency)
    deep = round(asleep * min(0.3, max(0.08, p.SLEEP_PARTS["deep"] + rng.gauss(0, 0.03))))
    rem = round(asleep * min(0.32, max(0.1, p.SLEEP_PARTS["rem"] + rng.gauss(0, 0.03))))
    start = last.end - timedelta(minutes=whole)
    score = 100 * min(1.0, asleep / 450) * (0.55 + 0.45 * efficiency)
    record = {
        "start": rfc3339(start),
        "end": rfc3339(last.end),
        "in_bed_min": whole,
        "asleep_min": asleep,
        "awake_min": whole - asleep,
        "light_min": asleep - deep - rem,
        "deep_min": deep,
        "rem_min": rem,
        "efficiency_pct": tidy("sleep.efficiency_pct", 100 * efficiency),
        "score": tidy("sleep.score", score),
        "is_main": True,
    }
    return Sample(
        start, {"sleep": record}, {"interval_end": rfc3339(last.end), "recording_method": "automatic"}
    )


def recovery(body: Body, at: datetime, scenario: Scenario) -> Sample:
    """What a wearable says in the morning about the night: resting heart rate and its variability."""
    day = local(body, at).date()
    rmssd, sdnn = signals.variability(body, day, scenario)
    if scenario == "artefact":
        rmssd, sdnn = rmssd * 4, sdnn * 4
    readings = {
        "resting_heart_rate_bpm": tidy(
            "resting_heart_rate_bpm", signals.resting_heart_rate(body, day, scenario)
        ),
        "hrv_rmssd_ms": tidy("hrv_rmssd_ms", rmssd),
        "hrv_sdnn_ms": tidy("hrv_sdnn_ms", sdnn),
    }
    return Sample(at, readings, {"recording_method": "automatic"})


def fitness(body: Body, at: datetime, scenario: Scenario) -> Sample:
    """Estimates that change slowly: oxygen uptake, stiffness of the vessels."""
    day = local(body, at).date()
    rng = dice(body.seed, "fitness", day.toordinal())
    top, slope = p.VO2MAX[body.sex]
    base, by_age = p.PULSE_WAVE
    uptake = (top - slope * body.age) * {"low": 0.7, "high": 1.2}.get(scenario, 1.0)
    systolic, _ = signals.pressure(body, moment(body, day, 9), scenario)
    wave = base + by_age * body.age + (systolic - 120) * 0.02
    readings = {
        "vo2max_ml_kg_min": tidy("vo2max_ml_kg_min", uptake + rng.gauss(0, 0.5)),
        "pulse_wave_velocity_m_s": tidy("pulse_wave_velocity_m_s", wave + rng.gauss(0, 0.2)),
    }
    return Sample(at, readings, {"recording_method": "automatic"})
