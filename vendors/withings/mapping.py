"""Withings' answers → readings. Which call answered is told by the shape of its body, whatever it was called.

Every answer is HTTP 200; `status` 0 alone is success. Epochs are UTC; `timezone` of measures is where the person is
now, not where they were, and is not kept. Only dates are local, in the zone that stands beside them.
"""

from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import parse_qsl

import msgspec

from proto.vendors.building import Builder, record_hash
from proto.vendors.instants import day, epoch, rfc3339
from proto.vendors.normalized import Context, Normalized
from proto.vendors.quantities import decimal_of, percent_of_fraction, rounded, scaled, with_exponent
from vendors.withings import tables

VENDOR: Final = "withings"
WORKOUTS: Final = "workouts"


def read(data: bytes) -> Any:
    """Answers are JSON, notifications a form. Raises `ValueError` for what is neither."""
    try:
        return msgspec.json.decode(data)
    except msgspec.DecodeError:
        form = _form(data.decode())  # UnicodeDecodeError is a ValueError
        if not form:
            raise
        return form


def normalize(payloads: Sequence[Any], context: Context) -> Normalized:
    out = Builder(VENDOR, context)
    for payload in payloads:
        answer = _form(payload) if isinstance(payload, str) else payload
        if not isinstance(answer, dict):
            continue
        if "appli" in answer:
            _notification(out, answer)
        elif "status" in answer and (status := _whole(answer["status"])) != 0:
            fault = "vendor_error" if status is None else tables.STATUSES.get(status, "vendor_error")
            out.fault(fault, answer["status"])
        else:
            body = answer.get("body") if "body" in answer else answer
            if isinstance(body, dict):
                _body(out, body, context)
    return out.done()


def _body(out: Builder, body: dict[str, Any], context: Context) -> None:
    for group in _rows(body.get("measuregrps")):
        _group(out, group)
    for row in _rows(body.get("activities")):
        _day(out, row, _text(body.get("timezone")) or context.timezone)
    series = body.get("series")
    if isinstance(series, dict):
        for at, row in series.items():
            if isinstance(row, dict):
                _moment(out, at, row)
    for row in _rows(series):
        _series_row(out, row, context)


def _notification(out: Builder, form: dict[str, Any]) -> None:
    """Says where to look, and holds no data. One kind says that the patient has gone."""
    action = _text(form.get("action"))
    if _whole(form["appli"]) == tables.USER_EVENT and action in tables.GRANT_ENDS:
        out.fault("grant_lost", action)


def _group(out: Builder, group: dict[str, Any]) -> None:
    """One step on a scale, one cycle of a cuff. A group comes twice (`attrib` 0 and 8): it has one id."""
    if _whole(group.get("category")) == tables.GOAL:
        return
    values, site, unmapped = _measures(group)
    attrib = _whole(group.get("attrib"))
    at = group.get("date")
    out.add(
        _id("", group.get("grpid"))
        or record_hash(VENDOR, "measures", at, group.get("deviceid"), sorted(values)),
        epoch(at),
        _fields_of(values, unmapped),
        revision=_revision(group),
        manual=True if attrib in tables.MANUAL else False if attrib in tables.BY_DEVICE else None,
        unmapped=unmapped,
        ambiguous_user=True if attrib == tables.AMBIGUOUS_USER else None,
        measurement_site=site,
        device_model=_model(group, "modelid"),
        device_serial_hash=_device(group),
    )


def _measures(group: dict[str, Any]) -> tuple[dict[int, int | float], str | None, list[str]]:
    """Type → value of the whole body, where it was measured, and the types that nobody maps."""
    values: dict[int, int | float] = {}
    site: str | None = None
    unmapped: list[str] = []
    for measure in _rows(group.get("measures")):
        kind, position = _whole(measure.get("type")), _whole(measure.get("position"))
        if kind not in tables.MEASURES and kind not in tables.BY_OWN_RULE:
            if kind not in tables.SEGMENTS and measure.get("type") is not None:
                unmapped.append(str(measure["type"]))
            continue
        if kind in tables.BY_PART and position not in (None, tables.WHOLE_BODY):
            continue
        value = with_exponent(measure.get("value"), measure.get("unit"))
        if value is not None:
            values.setdefault(kind, value)
            site = site or tables.SITES.get(-1 if position is None else position)
    return values, site, unmapped


def _fields_of(values: dict[int, int | float], unmapped: list[str]) -> dict[str, Any]:
    fields: dict[str, Any] = {
        field: value for kind, value in sorted(values.items()) if (field := tables.MEASURES.get(kind))
    }
    pulse = values.get(tables.PULSE) or None  # 0 = none was found
    if tables.SYSTOLIC in values and tables.DIASTOLIC in values:
        fields["blood_pressure"] = {
            "systolic": values[tables.SYSTOLIC],
            "diastolic": values[tables.DIASTOLIC],
            "hr": pulse,
        }
    else:
        fields["heart_rate_bpm"] = pulse
    if tables.ECG_RESULT in values:
        fields["ecg"] = {"classification": _ecg_result(values[tables.ECG_RESULT], unmapped)}
    fields["irregular_heartbeat"] = tables.PPG_RESULTS.get(values.get(tables.PPG_RESULT, -1))
    return {name: value for name, value in fields.items() if value or name not in tables.ZERO_IS_NONE}


def _ecg_result(value: Any, unmapped: list[str]) -> str:
    code = _whole(value)
    found = None if code is None else tables.ECG_RESULTS.get(code)
    if found is None:
        unmapped.append(f"ecg:{value}")
    return found or "other"


def _day(out: Builder, row: dict[str, Any], zone: str) -> None:
    """A local day's sums. A row has no id: the date and who counted are its identity, in whatever zone it is told."""
    span = day(row.get("date"), _text(row.get("timezone")) or zone)
    if span is None:
        return
    out.add(
        record_hash(VENDOR, "activity", str(row["date"])[:10], _device(row), row.get("brand")),
        span[0],
        _table(row, tables.DAY),
        end=span[1],
        revision=_revision(row),
        manual=False,
        device_model=_model(row, "modelid"),
        device_serial_hash=_device(row),
    )


def _moment(out: Builder, at: Any, row: dict[str, Any]) -> None:
    """One entry of a day in detail; its key is when it began."""
    start, duration = epoch(at), decimal_of(row.get("duration"))
    known = tables.MOMENT.keys() | tables.MOMENT_OTHER
    out.add(
        record_hash(VENDOR, "intraday", _whole(at), _device(row)),
        start,
        _table(row, tables.MOMENT),
        end=epoch((decimal_of(at) or 0) + duration) if start and duration and duration > 0 else None,
        manual=False,
        unmapped=[name for name in row if name not in known],
        device_model=_model(row, "model_id"),
        device_serial_hash=_device(row),
    )


def _series_row(out: Builder, row: dict[str, Any], context: Context) -> None:
    """Of hearts, of sleep in detail, of nights, of workouts: a workout's sums are in its day already."""
    if "timestamp" in row:
        _heart(out, row)
    elif "state" in row:
        _stretch(out, row)
    elif WORKOUTS in context.endpoint or "category" in row:
        out.unknown(WORKOUTS)
    elif "startdate" in row:
        _night(out, row)


def _heart(out: Builder, row: dict[str, Any]) -> None:
    ecg, pressure = _dict(row.get("ecg")), _dict(row.get("bloodpressure"))
    unmapped = ["stetho"] if row.get("stetho") else []
    pulse = scaled(row.get("heart_rate")) or None
    fields: dict[str, Any] = {}
    if ecg.get("afib") is not None:
        fields["ecg"] = {"classification": _ecg_result(ecg["afib"], unmapped), "avg_hr_bpm": pulse}
    if pressure:
        fields["blood_pressure"] = {
            "systolic": scaled(pressure.get("systole")),
            "diastolic": scaled(pressure.get("diastole")),
            "hr": pulse,
        }
    if not fields:
        fields["heart_rate_bpm"] = pulse
    out.add(
        _id("ecg:", ecg.get("signalid"))
        or record_hash(VENDOR, "heart", _whole(row["timestamp"]), _device(row)),
        epoch(row["timestamp"]),
        fields,
        revision=_revision(row),
        manual=False,
        unmapped=unmapped,
        device_model=_model(row, "model"),
        device_serial_hash=_device(row),
    )


def _stretch(out: Builder, row: dict[str, Any]) -> None:
    """A stretch of sleep: what was sampled in it. Its stages are summed up by the night's summary."""
    samples: dict[str, dict[str, Any]] = {}
    for name, field in tables.NIGHT_SERIES.items():
        for at, value in _dict(row.get(name)).items():
            samples.setdefault(at, {})[field] = scaled(value) or None
    for at, fields in samples.items():
        out.add(
            record_hash(VENDOR, "sleep", _whole(at), _device(row)),
            epoch(at),
            fields,
            manual=False,
            device_serial_hash=_device(row),
        )


def _night(out: Builder, row: dict[str, Any]) -> None:
    start, end, data = epoch(row["startdate"]), epoch(row.get("enddate")), _dict(row.get("data"))
    if start is None or end is None:
        return
    sleep: dict[str, Any] = {"start": rfc3339(start), "end": rfc3339(end)}
    for name, part in tables.NIGHT_MINUTES.items():
        seconds = decimal_of(data.get(name))
        sleep[part] = None if seconds is None or seconds < 0 else rounded(seconds / 60, 1)
    sleep["efficiency_pct"] = percent_of_fraction(data.get("sleep_efficiency"))
    sleep["score"] = scaled(data.get("sleep_score"))
    means = {field: scaled(data.get(name)) or None for name, field in tables.NIGHT_MEANS.items()}
    model = _whole(row.get("model"))
    out.add(
        _id("sleep:", row.get("id")) or record_hash(VENDOR, "night", row["startdate"], _device(row)),
        start,
        {"sleep": sleep, **means},
        end=end,
        revision=_revision(row),
        manual=False,
        unmapped=[name for name in tables.NIGHT_UNMAPPED if data.get(name) is not None],
        user_timezone=_text(row.get("timezone")) or None,
        device_model=_model(row, "model_id") or tables.SLEEP_MODELS.get(-1 if model is None else model),
        device_serial_hash=_device(row),
    )


def _table(row: dict[str, Any], table: dict[str, tuple[str, int]]) -> dict[str, Any]:
    fields = {field: scaled(row.get(name), 1, places) for name, (field, places) in table.items()}
    return {name: value for name, value in fields.items() if value or name not in tables.ZERO_IS_NONE}


def _revision(row: dict[str, Any]) -> int | None:
    modified = _whole(row.get("modified"))
    return None if modified is None else modified * 1000


def _model(row: dict[str, Any], key: str) -> str | None:
    """Its name, or the name behind its number."""
    number = _whole(row.get(key))
    name = _text(row.get("model"))
    return name or (None if number is None else tables.MODELS.get(number))


def _device(row: dict[str, Any]) -> str | None:
    return _text(row.get("hash_deviceid")) or _text(row.get("deviceid")) or None


def _id(prefix: str, value: Any) -> str:
    """Empty where there is no id."""
    usable = isinstance(value, int | str) and not isinstance(value, bool) and value != ""
    return f"{VENDOR}:{prefix}{value}" if usable else ""


def _whole(value: Any) -> int | None:
    number = decimal_of(value)
    return None if number is None or number != number.to_integral_value() else int(number)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _dict(value: Any) -> dict[str, Any]:
    """PHP writes an empty map as `[]`."""
    return value if isinstance(value, dict) else {}


def _rows(value: Any) -> list[dict[str, Any]]:
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def _form(text: str) -> dict[str, str]:
    form = dict(parse_qsl(text.strip()))
    return form if "appli" in form or "userid" in form else {}
