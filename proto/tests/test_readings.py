"""The vocabulary as msgspec enforces it: codes and fields for every way to be wrong, bounds on both ends."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proto.errors import fault_of
from proto.metrics import BY_NAME, METRICS, TOP_LEVEL
from proto.readings import ReadingMessage, Readings, check_relations

PRINTED = b"""{"device_connection_id": "0190f1c2-0000-7000-8000-000000000001", "timestamp": "2026-05-01T08:30:00Z",
 "readings": {"blood_pressure": {"systolic": 120, "diastolic": 80, "hr": 72}, "weight_kg": 78.4, "glucose_mg_dL": 104,
 "spo2_pct": 97, "stethoscope_audio_url": "s3://device-connect/objects/a/b"},
 "meta": {"battery_pct": 76, "rssi": -60, "firmware": "1.2.3"}}"""


def fault(readings: str) -> tuple[str, str | None]:
    body = PRINTED[: PRINTED.index(b'"readings":')] + b'"readings": ' + readings.encode() + b"}"
    with pytest.raises(msgspec.ValidationError) as caught:
        msgspec.json.decode(body, type=ReadingMessage)
    found = fault_of(caught.value)
    return found.code, found.field


def test_the_printed_message_is_accepted() -> None:
    message = msgspec.json.decode(PRINTED, type=ReadingMessage)

    assert message.readings.blood_pressure.systolic == 120
    assert message.readings.weight_kg == 78.4
    assert check_relations(message.readings) is None


@pytest.mark.parametrize(
    ("readings", "code", "field"),
    [
        ('{"heartbeat": 1}', "unknown_metric", "readings.heartbeat"),
        (
            '{"blood_pressure": {"systolic": 120, "diastolic": 80, "mood": 1}}',
            "unknown_metric",
            "readings.blood_pressure.mood",
        ),
        ('{"blood_pressure": {"systolic": 120}}', "missing_field", "readings.blood_pressure.diastolic"),
        (
            '{"blood_pressure": {"systolic": 301, "diastolic": 80}}',
            "out_of_bounds",
            "readings.blood_pressure.systolic",
        ),
        ('{"weight_kg": 0.4}', "out_of_bounds", "readings.weight_kg"),
        ('{"weight_kg": null}', "wrong_type", "readings.weight_kg"),
        ('{"weight_kg": "78"}', "wrong_type", "readings.weight_kg"),
        ('{"weight_kg": 1e999}', "invalid_json", "readings.weight_kg"),
        ('{"steps": 1.5}', "wrong_type", "readings.steps"),
        ('{"steps": -1}', "out_of_bounds", "readings.steps"),
        ('{"glucose_trend": "sideways"}', "wrong_type", "readings.glucose_trend"),
        ('{"rr_intervals_ms": []}', "wrong_type", "readings.rr_intervals_ms"),
        ('{"rr_intervals_ms": [199]}', "out_of_bounds", "readings.rr_intervals_ms"),
        ('{"inhaler_medication": "a\\u0000b"}', "wrong_type", "readings.inhaler_medication"),
        ('{"stethoscope_audio_url": "https://elsewhere/x"}', "wrong_type", "readings.stethoscope_audio_url"),
        (
            '{"sleep": {"start": "2026-01-01T00:00:00", "end": "2026-01-01T07:00:00Z"}}',
            "timestamp_no_offset",
            "readings.sleep.start",
        ),
        ("[]", "wrong_type", "readings"),
    ],
)
def test_what_is_wrong_is_named_by_code_and_field(readings: str, code: str, field: str) -> None:
    assert fault(readings) == (code, field)


def test_unknown_keys_outside_readings_are_unknown_fields() -> None:
    body = PRINTED.replace(b'"rssi": -60', b'"rssi": -60, "mood": 1')

    with pytest.raises(msgspec.ValidationError) as caught:
        msgspec.json.decode(body, type=ReadingMessage)

    assert fault_of(caught.value) == fault_of(caught.value)
    assert (fault_of(caught.value).code, fault_of(caught.value).field) == ("unknown_field", "meta.mood")


@pytest.mark.parametrize("metric", [m for m in TOP_LEVEL if m.type == "number"], ids=lambda m: m.name)
def test_bounds_include_both_ends(metric: object) -> None:
    assert isinstance(metric, type(METRICS[0]))
    assert metric.low is not None
    assert metric.high is not None
    for value in (metric.low, metric.high):
        msgspec.json.decode(msgspec.json.encode({metric.name: value}), type=Readings)
    span = metric.high - metric.low
    for value in (metric.low - span / 1000 - 1e-6, metric.high + span / 1000 + 1e-6):
        with pytest.raises(msgspec.ValidationError):
            msgspec.json.decode(msgspec.json.encode({metric.name: value}), type=Readings)


@pytest.mark.parametrize(
    ("readings", "field"),
    [
        ({"blood_pressure": {"systolic": 80, "diastolic": 80}}, "readings.blood_pressure"),
        ({"blood_pressure": {"systolic": 81, "diastolic": 80}}, None),
        ({"sleep": {"start": "2026-01-02T00:00:00Z", "end": "2026-01-01T00:00:00Z"}}, "readings.sleep"),
        ({"sleep": {"start": "2026-01-01T00:00:00Z", "end": "2026-01-03T00:00:01Z"}}, "readings.sleep"),
        ({"sleep": {"start": "2026-01-01T00:00:00Z", "end": "2026-01-03T00:00:00Z"}}, None),
    ],
)
def test_rules_that_span_fields(readings: dict[str, object], field: str | None) -> None:
    decoded = msgspec.json.decode(msgspec.json.encode(readings), type=Readings)

    assert check_relations(decoded) == field


def test_no_value_survives_repr() -> None:
    message = msgspec.json.decode(PRINTED, type=ReadingMessage)

    assert "120" not in repr(message)
    assert "78.4" not in repr(message)


def test_the_vocabulary_is_sound() -> None:
    ids = [metric.id for metric in METRICS]
    assert len(ids) == len(set(ids))
    assert len(BY_NAME) == len(METRICS)
    for metric in METRICS:
        if metric.type in ("number", "integer"):
            assert metric.low is not None
            assert metric.high is not None
            assert metric.low < metric.high
            assert metric.unit or metric.name in ("sleep.score",)
        if "." in metric.name:
            assert metric.name.split(".")[0] in BY_NAME


@given(st.binary(max_size=200))
def test_any_bytes_give_a_message_or_a_decode_error(data: bytes) -> None:
    try:
        msgspec.json.decode(data, type=ReadingMessage)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return
