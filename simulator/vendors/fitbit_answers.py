"""How Fitbit tells records: metric units, dates and clocks of the profile's zone, without a zone."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from simulator.vendors.records import Record

RESULTS: Final[Mapping[str, str]] = {
    "sinus_rhythm": "Normal Sinus Rhythm",
    "atrial_fibrillation": "Atrial Fibrillation",
    "inconclusive_high_hr": "Inconclusive: High heart rate",
    "inconclusive_low_hr": "Inconclusive: Low heart rate",
    "unreadable": "Unreadable",
}
STAGES: Final = {"deep": "deep_min", "light": "light_min", "rem": "rem_min", "wake": "awake_min"}


def day_of(record: Record, zone: ZoneInfo) -> date:
    """A night belongs to the day on which it ends."""
    at = record.end if record.source == "sleep" and record.end else record.at
    return at.astimezone(zone).date()


def _day(record: Record, zone: ZoneInfo) -> str:
    return day_of(record, zone).isoformat()


def _clock(at: datetime, zone: ZoneInfo) -> str:
    return at.astimezone(zone).strftime("%Y-%m-%dT%H:%M:%S.000")


def weights(rows: list[Record], zone: ZoneInfo) -> Any:
    return {"weight": [_weight(one, zone) for one in rows]}


def _weight(record: Record, zone: ZoneInfo) -> dict[str, Any]:
    told = record.readings
    local = record.at.astimezone(zone)
    return {
        "bmi": told["bmi"], "fat": told["body_fat_pct"], "weight": told["weight_kg"], "logId": record.id,
        "date": local.date().isoformat(), "time": local.strftime("%H:%M:%S"), "source": "Aria",
    }  # fmt: skip


def summary(sums: list[Record], rest: list[Record]) -> Any:
    told = sums[0].readings if sums else {}
    total = {"activity": "total", "distance": told.get("distance_m", 0) / 1000}
    found: dict[str, Any] = {
        "steps": told.get("steps", 0),
        "caloriesOut": told.get("total_energy_kcal", 0),
        "activityCalories": told.get("active_energy_kcal", 0),
        "floors": told.get("floors", 0),
        "distances": [total, {"activity": "tracker", "distance": total["distance"]}],
    }
    if rest:
        found["restingHeartRate"] = rest[0].readings["resting_heart_rate_bpm"]
    return {"activities": [], "goals": {"steps": 10_000, "floors": 10}, "summary": found}


def resting(rows: list[Record], zone: ZoneInfo) -> Any:
    value = "resting_heart_rate_bpm"
    return {
        "activities-heart": [
            {
                "dateTime": _day(one, zone),
                "value": {
                    "restingHeartRate": one.readings[value],
                    "heartRateZones": [],
                    "customHeartRateZones": [],
                },
            }
            for one in rows
        ]
    }


def variability(rows: list[Record], zone: ZoneInfo) -> Any:
    return {
        "hrv": [
            {
                "dateTime": _day(one, zone),
                "value": {
                    "dailyRmssd": one.readings["hrv_rmssd_ms"],
                    "deepRmssd": one.readings["hrv_rmssd_ms"],
                },
            }
            for one in rows
        ]
    }


def oxygen(rows: list[Record], zone: ZoneInfo) -> Any:
    """A bare list, where all others have a name for theirs."""
    return [
        {
            "dateTime": _day(one, zone),
            "value": {
                "avg": one.readings["spo2_pct"],
                "min": one.readings["spo2_pct"] - 2,
                "max": one.readings["spo2_pct"],
            },
        }
        for one in rows
    ]


def core(rows: list[Record], zone: ZoneInfo) -> Any:
    return {
        "tempCore": [
            {"dateTime": _clock(one.at, zone), "value": one.readings["body_temperature_c"]} for one in rows
        ]
    }


def skin(rows: list[Record], zone: ZoneInfo) -> Any:
    return {
        "tempSkin": [
            {
                "dateTime": _day(one, zone),
                "value": {"nightlyRelative": one.readings["skin_temperature_delta_c"]},
                "logType": "dedicated_temp_sensor",
            }
            for one in rows
        ]
    }


def nights(rows: list[Record], zone: ZoneInfo) -> Any:
    return {"sleep": [_night(one, zone) for one in rows]}


def _night(record: Record, zone: ZoneInfo) -> dict[str, Any]:
    sleep = record.readings["sleep"]
    end = record.end or record.at
    stages = {name: {"count": 4, "minutes": sleep[part]} for name, part in STAGES.items()}
    return {
        "dateOfSleep": _day(record, zone),
        "startTime": _clock(record.at, zone),
        "endTime": _clock(end, zone),
        "duration": int((end - record.at).total_seconds() * 1000),
        "minutesAsleep": sleep["asleep_min"],
        "minutesAwake": sleep["awake_min"],
        "timeInBed": sleep["in_bed_min"],
        "efficiency": sleep["efficiency_pct"],
        "isMainSleep": sleep["is_main"],
        "infoCode": 0,
        "type": "stages",
        "logType": "auto_detected",
        "logId": record.id,
        "levels": {"data": [], "shortData": [], "summary": stages},
    }


def ecg(record: Record, zone: ZoneInfo) -> dict[str, Any]:
    """Without the samples: nobody here reads them."""
    strip = record.readings["ecg"]
    return {
        "startTime": _clock(record.at, zone),
        "averageHeartRate": strip.get("avg_hr_bpm", 0),
        "resultClassification": RESULTS[strip["classification"]],
        "waveformSamples": [],
        "samplingFrequencyHz": strip["sampling_hz"],
        "numberOfWaveformSamples": strip["duration_s"] * strip["sampling_hz"],
        "scalingFactor": 10_922,
        "leadNumber": 1,
        "deviceName": "Sense",
        "firmwareVersion": "1.2.3",
    }
