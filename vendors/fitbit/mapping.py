"""Fitbit's answers → readings. The kind of answer is told by its keys.

Times are wall clocks without a zone, read in that of the profile, else of the person; units follow the language of the
request. Values of a night (oxygen, variability, breathing, skin) belong to the day on which it ended.
"""

import re
from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

from proto.vendors.building import Builder, record_hash
from proto.vendors.instants import Instant, day, in_zone, local_text, rfc3339, wall_clock, zone_of
from proto.vendors.normalized import Context, Normalized
from proto.vendors.quantities import celsius_of_fahrenheit, decimal_of, rounded, scaled
from vendors.fitbit import tables
from vendors.fitbit.faults import report

VENDOR: Final = "fitbit"
NUMBER: Final = re.compile(r"\d+(?:\.\d+)?")
DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}")


class Reader:
    """Reads one series of answers: `zone` and units are the same for all of them."""

    def __init__(self, out: Builder, context: Context, zone: str) -> None:
        language = re.split("[,;]", context.accept_language)[0].strip().replace("-", "_").lower()
        self.out = out
        self.zone = zone
        self.asked = DATE.findall(context.endpoint)
        self.weight_unit = tables.WEIGHT_UNITS.get(language, tables.KILOGRAM)
        self.distance_unit = tables.DISTANCE_UNITS.get(language, tables.KILOMETRE)
        self.is_fahrenheit = language in tables.FAHRENHEIT_IN

    def answer(self, answer: dict[str, Any]) -> None:
        report(self.out, answer)
        for key, rows in answer.items():
            read = READERS.get(key)
            if read is not None:
                for row in _rows(rows):
                    read(self, row)
            elif key in tables.DAYS:
                for row in _rows(rows):
                    self.daily(key, row)
            elif isinstance(rows, list | dict) and key not in tables.IGNORED:
                self.out.unknown(key)
        self.oxygen(answer)
        self.summary(answer)
        self.intraday(answer)

    def weight(self, row: dict[str, Any]) -> None:
        unit, factor = self.weight_unit
        fields = {
            "weight_kg": scaled(row.get("weight"), factor),
            "bmi": scaled(row.get("bmi")),
            "body_fat_pct": scaled(row.get("fat")),
        }
        converted = None if factor == 1 else unit
        self._logged("weight", row, fields, source_unit=converted)

    def fat(self, row: dict[str, Any]) -> None:
        self._logged("fat", row, {"body_fat_pct": scaled(row.get("fat"))})

    def _logged(self, kind: str, row: dict[str, Any], fields: dict[str, Any], **meta: Any) -> None:
        """An entry of the body log. Without a time it is its day's."""
        date, time, source = row.get("date"), row.get("time"), _text(row.get("source"))
        wall = wall_clock(f"{date}T{time}") if time else None
        span = day(date, self.zone) if wall is None else (in_zone(wall, self.zone), None)
        is_device = source.lower().startswith(tables.DEVICES)
        self.out.add(
            _id(kind, row) or record_hash(VENDOR, kind, date, time, source),
            None if span is None else span[0],
            _alive(fields),
            end=None if span is None else span[1],
            manual=False if is_device else True if time == tables.DATE_ONLY_TIME else None,
            device_model=source if is_device else None,
            local_time=None if wall is None else wall.isoformat(),
            **meta,
        )

    def daily(self, kind: str, row: dict[str, Any]) -> None:
        key, field, manual = tables.DAYS[kind]
        value = row.get("value")
        number = value.get(key) if isinstance(value, dict) else row.get(key)
        self._day(kind, row.get("dateTime"), {field: scaled(number)}, manual)

    def _day(self, kind: str, date: Any, fields: dict[str, Any], manual: bool | None, **meta: Any) -> None:
        span = day(date, self.zone)
        if span is not None:
            record_id = record_hash(VENDOR, kind, str(date)[:10])
            self.out.add(record_id, span[0], _alive(fields), end=span[1], manual=manual, **meta)

    def oxygen(self, answer: dict[str, Any]) -> None:
        """One night as an object of its own, or its minutes."""
        if "avg" in _dict(answer.get("value")):
            self.daily("spo2", answer)
        for row in _rows(answer.get("minutes")):
            at = row.get("minute")
            self.out.add(
                record_hash(VENDOR, "spo2", at),
                local_text(at, self.zone),
                _alive({"spo2_pct": scaled(row.get("value"))}),
                manual=False,
            )

    def skin(self, row: dict[str, Any]) -> None:
        """A difference: a degree Fahrenheit of it is five ninths."""
        relative = decimal_of(_dict(row.get("value")).get("nightlyRelative"))
        if relative is None:
            return
        value = rounded(relative * 5 / 9 if self.is_fahrenheit else relative, 3)
        unit = "°F" if self.is_fahrenheit else None
        self._day(
            "tempSkin", row.get("dateTime"), {"skin_temperature_delta_c": value}, False, source_unit=unit
        )

    def core(self, row: dict[str, Any]) -> None:
        """Entered by hand."""
        value, at = row.get("value"), row.get("dateTime")
        self.out.add(
            record_hash(VENDOR, "tempCore", at),
            local_text(at, self.zone),
            {"body_temperature_c": celsius_of_fahrenheit(value) if self.is_fahrenheit else scaled(value)},
            manual=True,
            source_unit="°F" if self.is_fahrenheit else None,
        )

    def fitness(self, row: dict[str, Any]) -> None:
        """Often a range, as text: its middle."""
        said = _dict(row.get("value")).get("vo2Max")
        numbers = [Decimal(part) for part in NUMBER.findall(str(said))[:2]]
        middle = rounded(sum(numbers, Decimal(0)) / len(numbers), 3) if numbers else None
        self._day("cardioScore", row.get("dateTime"), {"vo2max_ml_kg_min": middle}, False)

    def summary(self, answer: dict[str, Any]) -> None:
        """A day's sums. The answer does not say which day: the question did."""
        summary = _dict(answer.get("summary"))
        started = [date for row in _rows(answer.get("activities")) if (date := row.get("startDate"))]
        date = next(iter([*self.asked, *started]), None)
        if date is None or "sleep" in answer or "steps" not in summary:
            return
        unit, factor = self.distance_unit
        total = [
            row.get("distance") for row in _rows(summary.get("distances")) if row.get("activity") == "total"
        ]
        fields = {
            field: scaled(summary.get(key), 1, places) for key, (field, places) in tables.SUMMARY.items()
        }
        fields["distance_m"] = scaled(total[0], factor) if total else None
        converted = unit if total and unit == "mi" else None
        # A tracker that is late makes the day longer: of two sums the one with more steps is the newer.
        self._day("activities", date, fields, False, source_unit=converted, revision=fields["steps"])

    def intraday(self, answer: dict[str, Any]) -> None:
        """A heart in detail: only clocks, of the day that stands beside them."""
        days = [row.get("dateTime") for row in _rows(answer.get("activities-heart"))]
        date = next(iter([*days, *self.asked]), None)
        for row in _rows(_dict(answer.get("activities-heart-intraday")).get("dataset")):
            at = f"{date}T{row.get('time')}"
            self.out.add(
                record_hash(VENDOR, "heart", at),
                local_text(at, self.zone),
                {"heart_rate_bpm": scaled(row.get("value")) or None},
                manual=False,
            )

    def sleep(self, row: dict[str, Any]) -> None:
        start, end = local_text(row.get("startTime"), self.zone), local_text(row.get("endTime"), self.zone)
        if start is None:
            return
        length = decimal_of(row.get("duration"))
        if (
            length
            and 0 < length < 10**9
            and (end is None or "time_ambiguous" in end.meta or end.at <= start.at)
        ):
            end = Instant(start.at + timedelta(milliseconds=int(length)))
        if end is None:
            return
        stages = _dict(_dict(row.get("levels")).get("summary"))
        sleep = {
            "start": rfc3339(start.at),
            "end": rfc3339(end.at),
            "in_bed_min": scaled(row.get("timeInBed")),
            "asleep_min": scaled(row.get("minutesAsleep")),
            "awake_min": scaled(row.get("minutesAwake")),
            "efficiency_pct": scaled(row.get("efficiency")),
            "is_main": row["isMainSleep"] if isinstance(row.get("isMainSleep"), bool) else None,
        }
        sleep |= {
            part: scaled(_dict(stages.get(name)).get("minutes")) for name, part in tables.STAGES.items()
        }
        self.out.add(
            _id("sleep", row) or record_hash(VENDOR, "sleep", row.get("startTime"), row.get("endTime")),
            start,
            {"sleep": sleep},
            end=end.at,
            manual=tables.SLEEP_METHODS.get(_text(row.get("logType"))),
            local_time=row.get("startTime"),
        )

    def ecg(self, row: dict[str, Any]) -> None:
        said = _text(row.get("resultClassification"))
        found = tables.ECG_RESULTS.get(" ".join(re.findall("[a-z]+", said.lower())))
        samples, rate = (
            decimal_of(row.get("numberOfWaveformSamples")),
            decimal_of(row.get("samplingFrequencyHz")),
        )
        lead = row.get("leadNumber")
        ecg = {
            "classification": (found or "other") if said else None,
            "avg_hr_bpm": scaled(row.get("averageHeartRate")) or None,
            "duration_s": rounded(samples / rate, 3) if samples and rate else None,
            "sampling_hz": scaled(rate) or None,
            "lead": str(lead) if lead else None,
        }
        self.out.add(
            _id("ecg", row) or record_hash(VENDOR, "ecg", row.get("startTime")),
            local_text(row.get("startTime"), self.zone),
            {"ecg": ecg},
            manual=False,
            unmapped=[f"ecg:{said}"] if said and found is None else [],
            device_model=row.get("deviceName"),
            firmware=row.get("firmwareVersion"),
            local_time=row.get("startTime"),
        )

    def rhythm(self, row: dict[str, Any]) -> None:
        """An alert of an irregular rhythm, at the time when it was found."""
        at = row.get("detectedTime") or row.get("alertTime")
        record_id = record_hash(VENDOR, "irn", at)
        self.out.add(record_id, local_text(at, self.zone), {"irregular_heartbeat": True}, manual=False)


READERS: Final = {
    "weight": Reader.weight,
    "fat": Reader.fat,
    "sleep": Reader.sleep,
    "tempSkin": Reader.skin,
    "tempCore": Reader.core,
    "cardioScore": Reader.fitness,
    "ecgReadings": Reader.ecg,
    "alerts": Reader.rhythm,
}
"""Key of a list → how one row of it is read."""


def normalize(payloads: Sequence[Any], context: Context) -> Normalized:
    """Answers of any call, and notifications, which hold no data. A profile among them tells whose clock it is: that of
    the account, which need not be the one that the person has with us."""
    out = Builder(VENDOR, context)
    answers = [item for payload in payloads for item in (payload if isinstance(payload, list) else [payload])]
    known = [answer for answer in answers if isinstance(answer, dict)]
    zones = [zone for answer in known if (zone := timezone_in(answer))]
    reader = Reader(out, context, next(iter(zones), context.timezone))
    for answer in known:
        reader.answer(answer)
    return out.done()


def timezone_in(profile: Any) -> str:
    """Where the person is, as their profile has it now; empty where it does not say, or no place that is known."""
    said = _text(_dict(_dict(profile).get("user")).get("timezone"))
    return said if zone_of(said) is not None else ""


def _alive(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value or name not in tables.ZERO_IS_NONE}


def _id(kind: str, row: dict[str, Any]) -> str:
    """Empty where there is no id."""
    log = row.get("logId")
    usable = isinstance(log, int | str) and not isinstance(log, bool) and log != ""
    return f"{VENDOR}:{kind}:{log}" if usable else ""


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _rows(value: Any) -> list[dict[str, Any]]:
    """One object counts as a list of one: a single night of oxygen is told so."""
    rows = value if isinstance(value, list) else [value]
    return [row for row in rows if isinstance(row, dict)]
