"""How Google Health tells a record: one type object in a data point, or a member of a daily sum. proto3 as JSON: whole
numbers are text."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from simulator.vendors.records import DAY, RECOVERY_DAY, Record


class Type(NamedTuple):
    """`time`: what a filter names. `told`: the members of the type object beside its time."""

    source: str
    field: str
    time: str
    key: str
    told: Callable[[Mapping[str, Any]], dict[str, Any]]


SAMPLE: Final = "sample_time.physical_time"
TYPES: Final[Mapping[str, Type]] = {
    "weight": Type("scale", "weight_kg", SAMPLE, "weight", lambda it: {"weightGrams": _times(it["weight_kg"], 1000)}),
    "body-fat": Type("scale", "body_fat_pct", SAMPLE, "bodyFat", lambda it: {"percentage": it["body_fat_pct"]}),
    "heart-rate": Type(
        "wrist", "heart_rate_bpm", SAMPLE, "heartRate", lambda it: {"beatsPerMinute": str(it["heart_rate_bpm"])}
    ),
    "oxygen-saturation": Type(
        "oximeter", "spo2_pct", SAMPLE, "oxygenSaturation", lambda it: {"percentage": it["spo2_pct"]}
    ),
    "daily-resting-heart-rate": Type(
        RECOVERY_DAY, "resting_heart_rate_bpm", "date", "dailyRestingHeartRate",
        lambda it: {"beatsPerMinute": str(it["resting_heart_rate_bpm"])},
    ),
    "daily-heart-rate-variability": Type(
        RECOVERY_DAY, "hrv_rmssd_ms", "date", "dailyHeartRateVariability",
        lambda it: {"averageHeartRateVariabilityMilliseconds": it["hrv_rmssd_ms"]},
    ),
    "sleep": Type("sleep", "sleep", "interval.end_time", "sleep", lambda it: _sleep(it["sleep"])),
    "electrocardiogram": Type(
        "ecg", "ecg", "interval.start_time", "electrocardiogram", lambda it: _ecg(it["ecg"])
    ),
    "height": Type("", "", SAMPLE, "height", lambda _: {}),
    "daily-oxygen-saturation": Type("", "", "date", "dailyOxygenSaturation", lambda _: {}),
    "daily-respiratory-rate": Type("", "", "date", "dailyRespiratoryRate", lambda _: {}),
    "core-body-temperature": Type("", "", SAMPLE, "coreBodyTemperature", lambda _: {}),
    "daily-sleep-temperature-derivations": Type("", "", "date", "dailySleepTemperatureDerivations", lambda _: {}),
    "blood-glucose": Type("", "", SAMPLE, "bloodGlucose", lambda _: {}),
    "irregular-rhythm-notification": Type("", "", "interval.start_time", "irregularRhythmNotification", lambda _: {}),
}  # fmt: skip
"""Those without a source are known, and nobody here has any."""
SUMS: Final[Mapping[str, tuple[str, str, str, int]]] = {
    "steps": ("steps", "steps", "countSum", 1),
    "distance": ("distance", "distance_m", "millimetersSum", 1000),
    "floors": ("floors", "floors", "countSum", 1),
    "active-energy-burned": ("activeEnergyBurned", "active_energy_kcal", "kcalSum", 1),
    "total-calories": ("totalCalories", "total_energy_kcal", "kcalSum", 1),
}
WEBHOOKS: Final[Mapping[str, tuple[str, ...]]] = {
    "scale": ("weight", "body-fat"),
    "wrist": ("heart-rate",),
    DAY: ("steps", "distance", "floors", "total-calories"),
    RECOVERY_DAY: ("daily-resting-heart-rate", "daily-heart-rate-variability"),
    "sleep": ("sleep",),
}
"""What is announced; electrocardiograms and single oxygen values never are."""
CLASSES: Final[Mapping[str, str]] = {
    "sinus_rhythm": "NORMAL_SINUS_RHYTHM",
    "atrial_fibrillation": "ATRIAL_FIBRILLATION",
    "inconclusive_low_hr": "INCONCLUSIVE_LOW_HEART_RATE",
    "inconclusive_high_hr": "INCONCLUSIVE_HIGH_HEART_RATE",
}
STAGES: Final = (("AWAKE", "awake_min"), ("LIGHT", "light_min"), ("DEEP", "deep_min"), ("REM", "rem_min"))


def point(name: str, record: Record) -> list[dict[str, Any]]:
    """One, or the same twice; or with a type beside it that nobody knows."""
    kind = TYPES[name]
    value = {**_when(kind, record), **(kind.told(record.readings) if record.readings else {})}
    told = {
        "name": f"users/me/dataTypes/{name}/dataPoints/{record.id:x}",
        "dataSource": {
            "recordingMethod": "MANUAL" if record.manual else "ACTIVELY_MEASURED",
            "device": {
                "formFactor": "SCALE" if record.source == "scale" else "WATCH",
                "displayName": "Pixel Watch 4",
            },
            "platform": "FITBIT",
        },
        kind.key: value,
    }
    if record.quirk == "unknown":
        return [
            told,
            {
                **told,
                "name": f"{told['name']}-x",
                kind.key: {},
                "auraField": {"sampleTime": value["sampleTime"]},
            },
        ]
    return [told, told] if record.quirk == "duplicate" else [told]


def rollup(name: str, record: Record) -> dict[str, Any]:
    """Whole numbers as text, energies as numbers; a 0 is written."""
    key, field, member, factor = SUMS[name]
    number = _times(record.readings[field], factor)
    end = (record.end or record.at).astimezone(ZoneInfo(record.zone))
    return {
        "civilStartTime": _civil(record.local),
        "civilEndTime": _civil(end),
        key: {member: number if member == "kcalSum" else str(round(number))},
    }


def _when(kind: Type, record: Record) -> dict[str, Any]:
    if kind.time == "date":
        return {"date": _civil(record.local)["date"]}
    if kind.time.startswith("interval"):
        end = record.end or record.at + timedelta(
            seconds=record.readings.get("ecg", {}).get("duration_s", 30)
        )
        interval = {"startTime": _utc(record.at), "endTime": _utc(end)}
        if record.source != "ecg":  # old ones have no offsets
            interval |= {"startUtcOffset": _offset(record), "endUtcOffset": _offset(record)}
        return {"interval": interval}
    return {
        "sampleTime": {
            "physicalTime": _utc(record.at), "utcOffset": _offset(record), "civilTime": _civil(record.local),
        }
    }  # fmt: skip


def _sleep(night: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": "STAGES",
        "summary": {
            "minutesInSleepPeriod": str(night["in_bed_min"]),
            "minutesAsleep": str(night["asleep_min"]),
            "minutesAwake": str(night["awake_min"]),
            "stagesSummary": [
                {"type": name, "minutes": str(night[part]), "count": "3"} for name, part in STAGES
            ],
        },
        "metadata": {"stagesStatus": "SUCCEEDED", "processed": True, "mainSleep": night["is_main"]},
    }


def _ecg(strip: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "beatsPerMinuteAvg": str(strip["avg_hr_bpm"]),
        "resultClassification": CLASSES.get(strip["classification"], "UNREADABLE"),
        "samplingFrequencyHertz": strip["sampling_hz"],
        "waveformSamples": [],
    }


def _times(value: float, factor: int) -> float:
    number = Decimal(str(value)) * factor
    return int(number) if number == number.to_integral_value() else float(number)


def _utc(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _offset(record: Record) -> str:
    return f"{int(record.offset.total_seconds())}s"


def _civil(at: datetime) -> dict[str, Any]:
    """Midnight has no members."""
    parts = {"hours": at.hour, "minutes": at.minute, "seconds": at.second}
    return {
        "date": {"year": at.year, "month": at.month, "day": at.day},
        "time": {name: number for name, number in parts.items() if number},
    }
