"""Google Health's data points and sums → readings. The type is told by the object that a point carries.

JSON of proto3: integers are text, durations end in `s`, and what is 0 or false may be missing. A missing number is none
here: it can as well mean that nobody wore the device.
"""

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

from proto.vendors.building import Builder, record_hash
from proto.vendors.instants import iso, rfc3339
from proto.vendors.normalized import Context, Normalized
from proto.vendors.quantities import decimal_of, glucose_fields, rounded, scaled
from vendors.google_health import spans, tables

VENDOR: Final = "google_health"
NAME: Final = re.compile(r"dataTypes/([^/]+)/dataPoints/([^/]+)$")


def normalize(payloads: Sequence[Any], context: Context) -> Normalized:
    """Answers of `dataPoints`, `:reconcile`, `:rollUp` and `:dailyRollUp`, errors. A notification names intervals and no
    records, also when they were deleted: what it names must be read again."""
    out = Builder(VENDOR, context)
    for payload in payloads:
        for answer in payload if isinstance(payload, list) else [payload]:
            if isinstance(answer, dict):
                _answer(out, answer, context)
    return out.done()


def _answer(out: Builder, answer: dict[str, Any], context: Context) -> None:
    if "error" in answer:
        _fault(out, answer["error"])
    for point in [*_rows(answer.get("dataPoints")), *([answer] if "dataSource" in answer else [])]:
        _point(out, point, context, "")
    for point in _rows(answer.get("rollupDataPoints")):
        _point(out, point, context, "sum")


def _point(out: Builder, point: dict[str, Any], context: Context, role: str) -> None:
    for kind, value in point.items():
        if not isinstance(value, dict) or kind in tables.NOT_TYPES:
            continue
        unmapped: list[str] = []
        fields = _fields(kind, value)
        if fields is None:
            out.unknown(kind)
            continue
        span = spans.span_of(point, value, context.timezone)
        if span is None:
            continue
        if kind == "sleep":
            fields = {"sleep": _sleep(value, span, unmapped)} if span.end else {}
        if kind == "electrocardiogram":
            fields = {"ecg": _ecg(value, span, unmapped)}
        _add(out, point, kind, value, span, fields, unmapped, role)


def _add(
    out: Builder,
    point: dict[str, Any],
    kind: str,
    value: dict[str, Any],
    span: spans.Span,
    fields: dict[str, Any],
    unmapped: list[str],
    role: str,
) -> None:
    source = _dict(point.get("dataSource"))
    device, application = _dict(source.get("device")), _dict(source.get("application"))
    origin = (source.get("platform"), device.get("displayName"), application.get("packageName"))
    updated = iso(value.get("updateTime"))
    out.add(
        _id(point) or record_hash(VENDOR, role, kind, span.key, *origin),
        span.at,
        fields,
        end=span.end,
        revision=None if updated is None else int(updated.timestamp() * 1000),
        manual=tables.METHODS.get(_text(source.get("recordingMethod"))),
        unmapped=unmapped,
        local_time=span.local_time,
        device_model=_text(device.get("displayName")) or None,
        meal_context=_said(value.get("measurementTiming")) or _said(value.get("mealType")),
        measurement_site=_said(value.get("measurementLocation")) or _said(value.get("specimen")),
    )


def _fields(kind: str, value: dict[str, Any]) -> dict[str, Any] | None:
    """None for a type that nobody maps; empty where the type needs its time as well."""
    if kind in ("sleep", "electrocardiogram"):
        return {}
    if kind == "irregularRhythmNotification":
        return {"irregular_heartbeat": True}
    if kind == "bloodGlucose":
        return glucose_fields(value.get("bloodGlucoseMilligramsPerDeciliter"))
    if kind == "dailySleepTemperatureDerivations":
        night, baseline = (
            decimal_of(value.get(tables.SKIN_NIGHT)),
            decimal_of(value.get(tables.SKIN_BASELINE)),
        )
        if night is None or baseline is None:
            return {}
        return {"skin_temperature_delta_c": rounded(night - baseline, 3)}
    if kind not in tables.FIELDS:
        return None
    fields: dict[str, Any] = {}
    for key, field, factor, places in tables.FIELDS[kind]:
        number = scaled(value.get(key), factor, places)
        if number is not None and (number or field not in tables.ZERO_IS_NONE):
            fields[field] = number
    return fields


def _sleep(value: dict[str, Any], span: spans.Span, unmapped: list[str]) -> dict[str, Any]:
    """The summary's minutes; a stage that it leaves out is summed up from the stages themselves."""
    summary, metadata = _dict(value.get("summary")), _dict(value.get("metadata"))
    minutes = _stage_minutes(value, summary, unmapped)
    asleep = [minutes[part] for part in tables.ASLEEP if part in minutes]
    parts: dict[str, Any] = {part: rounded(sum_, 1) for part, sum_ in minutes.items()}
    parts["asleep_min"] = rounded(sum(asleep, Decimal(0)), 1) if asleep else None
    said = {
        "in_bed_min": scaled(summary.get("minutesInSleepPeriod"), 1, 1),
        "asleep_min": scaled(summary.get("minutesAsleep"), 1, 1),
        "awake_min": scaled(summary.get("minutesAwake"), 1, 1),
        "is_main": bool(metadata.get("mainSleep")) if metadata else None,  # false is not written
    }
    parts |= {name: number for name, number in said.items() if number is not None}
    return {"start": rfc3339(span.at.at), "end": rfc3339(span.end or span.at.at), **parts}


def _stage_minutes(value: dict[str, Any], summary: dict[str, Any], unmapped: list[str]) -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    rows = [(row.get("type"), decimal_of(row.get("minutes"))) for row in _rows(summary.get("stagesSummary"))]
    for kind, minutes in rows or [(row.get("type"), _length(row)) for row in _rows(value.get("stages"))]:
        part = tables.STAGES.get(_text(kind))
        if part is None and _text(kind) not in tables.STAGES_OTHER:
            unmapped.append(f"sleep:{kind}")
        if part is not None and minutes is not None:
            found[part] = found.get(part, Decimal(0)) + minutes
    return found


def _length(stage: dict[str, Any]) -> Decimal | None:
    start, end = iso(stage.get("startTime")), iso(stage.get("endTime"))
    if start is None or end is None or end <= start:
        return None
    return Decimal(int((end - start).total_seconds())) / 60


def _ecg(value: dict[str, Any], span: spans.Span, unmapped: list[str]) -> dict[str, Any]:
    said = _text(value.get("resultClassification"))
    if said and said not in tables.ECG_RESULTS:
        unmapped.append(f"ecg:{said}")
    lead = value.get("leadNumber")
    return {
        "classification": tables.ECG_RESULTS.get(said, "other") if said else None,
        "avg_hr_bpm": scaled(value.get("beatsPerMinuteAvg")) or None,
        "duration_s": scaled((span.end - span.at.at).total_seconds()) or None if span.end else None,
        "sampling_hz": scaled(value.get("samplingFrequencyHertz")) or None,
        "lead": str(lead) if lead else None,
    }


def _fault(out: Builder, error: Any) -> None:
    """`{"code", "status", "details"}` of the data, or a word of the sign-in."""
    if not isinstance(error, dict):
        out.fault(tables.OAUTH_ERRORS.get(str(error), "vendor_error"), error)
        return
    code, status = decimal_of(error.get("code")), _text(error.get("status"))
    details = _rows(error.get("details"))
    reason = next((found for row in details if (found := _text(row.get("reason"))) in tables.REASONS), "")
    by_code = tables.CODES.get(int(code)) if code is not None else None
    delay = next((_seconds(row["retryDelay"]) for row in details if "retryDelay" in row), None)
    out.fault(
        tables.REASONS.get(reason) or by_code or tables.STATUSES.get(status, "vendor_error"),
        error.get("code", status),
        delay,
    )


def _seconds(duration: Any) -> float | None:
    number = decimal_of(duration.removesuffix("s")) if isinstance(duration, str) else None
    return None if number is None or number < 0 else float(number)


def _id(point: dict[str, Any]) -> str:
    """The type and the last part of its name: whose it is can be written in two ways. Empty where it has none."""
    name = _text(point.get("name")) or _text(point.get("dataPointName"))
    match = NAME.search(name)
    return f"{VENDOR}:{match[1]}:{match[2]}" if match else f"{VENDOR}:{name}" if name else ""


def _said(value: Any) -> str | None:
    """An enum member in small letters; nothing where it says that nobody said."""
    text = _text(value)
    return None if text.endswith(tables.SAYS_NOTHING) else text.lower() or None


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _rows(value: Any) -> list[dict[str, Any]]:
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []
