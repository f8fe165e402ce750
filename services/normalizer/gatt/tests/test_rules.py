"""Properties and the vectors that are not single values: writes, times, stored-record flows."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proto.gatt import CHARACTERISTICS as TAKEN
from services.normalizer.gatt import BY_UUID, SPECIAL, DecodeError, decode
from services.normalizer.gatt.cli import decode_batch, decode_one
from services.normalizer.gatt.encode import encode
from services.normalizer.gatt.export import export
from services.normalizer.gatt.racp import Transfer, first_request, next_request
from services.normalizer.gatt.tests.test_vectors import load
from services.normalizer.gatt.times import resolve

EVERY = sorted({*BY_UUID, *SPECIAL})
ERRORS = {
    "unsupported", "truncated", "bad_crc", "missing_crc", "bad_size", "bad_length", "out_of_range",
    "unexpected_opcode", "invalid_operator",
}  # fmt: skip


def ids(vector: dict[str, Any]) -> str:
    return str(vector["name"])


@given(
    st.sampled_from(EVERY),
    st.binary(max_size=40),
    st.sampled_from([None, {"e2e_crc": True}, {"e2e_crc": False}]),
)
def test_any_octets_give_an_answer_or_a_listed_error(
    uuid: str, data: bytes, context: dict[str, Any] | None
) -> None:
    try:
        decoded = decode(uuid, data, context)
    except DecodeError as error:
        assert error.code in ERRORS
    else:
        assert isinstance(decoded.as_dict(), dict)


@given(st.text(max_size=40))
def test_any_name_is_a_characteristic_or_unsupported(name: str) -> None:
    try:
        decode(name, b"\x00" * 20)
    except DecodeError as error:
        assert error.code in ERRORS


@pytest.mark.parametrize("uuid", EVERY)
def test_what_is_decoded_is_taken_at_the_edge(uuid: str) -> None:
    if uuid not in ("2a8a", "2a90", "2a2a"):
        assert uuid in TAKEN


def test_names_in_any_form() -> None:
    for name in ("2A19", "0x2a19", "00002a19-0000-1000-8000-00805F9B34FB"):
        assert decode(name, b"\x32").readings == {"battery_pct": 50}


@pytest.mark.parametrize("vector", load("writes"), ids=ids)
def test_writes(vector: dict[str, Any]) -> None:
    uuid = vector["characteristic"].removeprefix("0x").lower()

    assert encode(uuid, vector["encode"]).hex() == vector["hex"]


@pytest.mark.parametrize("vector", load("time_resolution"), ids=ids)
def test_time_resolution(vector: dict[str, Any]) -> None:
    given_, expect = vector["input"], vector["expect"]

    resolved = resolve(
        given_["device_time"],
        given_["time_status"],
        datetime.fromisoformat(given_["received_at"]),
        ZoneInfo(given_["tz"]),
        given_.get("device_now"),
    )

    assert resolved.timestamp == datetime.fromisoformat(expect["timestamp"])
    assert (resolved.source, resolved.quality) == (expect["source"], expect["quality"])


@pytest.mark.parametrize("vector", load("racp_flows"), ids=ids)
def test_stored_record_flows(vector: dict[str, Any]) -> None:
    transfer = Transfer({(sequence, base) for sequence, base in vector["known"]})
    for step in vector["steps"]:
        uuid = step.get("char", "").removeprefix("0x").lower()
        data = bytes.fromhex(step.get("hex", ""))
        match step["dir"]:
            case "write":
                error = step.get("att_error")
                transfer.wrote(data, int(error, 16) if isinstance(error, str) else error)
            case "notify":
                transfer.notified(uuid, data)
            case "indicate":
                transfer.indicated(data)
            case "silence":
                transfer.silent(step["seconds"])
            case "disconnect":
                transfer.disconnected()

    expect = vector["expect"]
    assert transfer.outcome == expect["outcome"]
    assert transfer.error == expect.get("error")
    assert transfer.duplicates == expect["duplicates"]
    if "count" in expect:
        assert transfer.count == expect["count"]
    assert len(transfer.records) == len(expect["records"])
    for found, wanted in zip(transfer.records, expect["records"], strict=True):
        assert found.glucose_mg_dL == (
            None if wanted["glucose_mg_dL"] is None else pytest.approx(wanted["glucose_mg_dL"], abs=0.51)
        )
        for name in ("sequence", "device_time", "meal", "kind", "persist", "context_missing"):
            assert getattr(found, name) == wanted[name]


@given(
    st.lists(
        st.sampled_from(["write", "abort", "record", "context", "end", "garbage", "silence", "drop"]),
        max_size=12,
    )
)
def test_any_order_of_events_ends_in_a_named_outcome(events: list[str]) -> None:
    transfer = Transfer()
    for event in events:
        match event:
            case "write":
                transfer.wrote(b"\x01\x01")
            case "abort":
                transfer.wrote(b"\x03\x00")
            case "record":
                transfer.notified("2a18", bytes.fromhex("020100ea070301071e0064b011"))
            case "context":
                transfer.notified("2a34", bytes.fromhex("02010002"))
            case "end":
                transfer.indicated(bytes.fromhex("06000101"))
            case "garbage":
                transfer.indicated(b"\xff\xff")
            case "silence":
                transfer.silent(31)
            case "drop":
                transfer.disconnected()
    transfer.disconnected()

    assert transfer.outcome in ("complete", "no_records", "error", "aborted", "timeout", "disconnected")


RECORD = bytes.fromhex("120100ea070301071e0064b011")
AFTER_RESET = bytes.fromhex("120100ea07030a071e0058b011")
CONTEXT = bytes.fromhex("02010002")


def test_a_record_sent_twice_counts_once() -> None:
    transfer = Transfer()
    for _ in range(2):
        transfer.notified("2A18", RECORD)
    transfer.notified("0x2a34", CONTEXT)

    assert [(r.sequence, r.meal) for r in transfer.records] == [(1, "postprandial")]
    assert transfer.duplicates == 1


def test_the_context_of_a_known_record_is_not_given_to_another_with_its_number() -> None:
    transfer = Transfer([(1, "2026-03-01T07:30:00")])
    transfer.notified("2a18", AFTER_RESET)
    transfer.notified("2a18", RECORD)
    transfer.notified("2a34", CONTEXT)

    assert [(r.base_time, r.meal) for r in transfer.records] == [("2026-03-10T07:30:00", None)]


def test_records_without_a_date_are_not_taken_for_each_other() -> None:
    transfer = Transfer()
    for value in ("64b0", "65b0"):
        transfer.notified("2a18", bytes.fromhex("02010000000000000000" + value + "11"))

    assert [r.glucose_mg_dL for r in transfer.records] == [pytest.approx(100), pytest.approx(101)]


@pytest.mark.parametrize(
    ("last", "wanted"),
    [(None, "0101"), (41, "0103012a00"), (65535, "0103010000")],
    ids=["first", "later", "wrap"],
)
def test_what_to_ask_for(last: int | None, wanted: str) -> None:
    assert first_request(last).hex() == wanted


@pytest.mark.parametrize(
    ("code", "wanted"), [(4, b"\x01\x01"), (9, b"\x01\x01"), (6, None), (1, None), (10, None)]
)
def test_a_meter_that_knows_no_filter_is_asked_for_everything(code: int, wanted: bytes | None) -> None:
    transfer = Transfer()
    transfer.wrote(first_request(41))
    transfer.indicated(bytes([6, 0, 1, code]))

    assert next_request(transfer, 41) == wanted
    assert next_request(transfer, None) is None


def test_requests_by_the_time_that_a_meter_shows() -> None:
    words = {"op": "report", "operator": "gte", "filter": "user_facing_time", "value": "2026-03-14T08:05:30"}

    assert encode("0x2A52", words).hex() == "010302ea07030e08051e"


@pytest.mark.parametrize(
    ("received_at", "timezone"),
    [
        ("2026-07-15T06:00:20Z", "Europe"),
        ("2026-07-15T06:00:20Z", "Nowhere/Atall"),
        ("2026-07-15T06:00:20Z", "../etc"),
        ("2026-07-15T06:00:20", "UTC"),
        ("yesterday", "UTC"),
        ("0001-01-01T00:00:00+14:00", "UTC"),
    ],
)
def test_times_that_are_none_are_answered_and_not_raised(received_at: str, timezone: str) -> None:
    assert decode_one("2a35", "00780050005d00", received_at, timezone) == {"error": "invalid_time"}


def test_a_devices_own_clock_corrects_its_times() -> None:
    answer = decode_one(
        "2a35",
        "02780050005d00d00701010" + "00c00",
        "2026-07-15T06:00:20Z",
        "Europe/Berlin",
        {"device_now": "2000-01-01T00:15:00"},
    )

    assert answer["device_time"] == "2000-01-01T00:12:00"
    assert answer["timestamp"] == "2026-07-15T05:57:20Z"


def test_one_line_of_the_command() -> None:
    answer = decode_one(
        "2A35",
        "1e7a004e005d00ea070b1207140546000100 00".replace(" ", ""),
        "2026-11-18T07:00:00Z",
        "Europe/Berlin",
    )

    assert answer["readings"]["blood_pressure"] == {"systolic": 122, "diastolic": 78, "map": 93, "hr": 70}
    assert answer["timestamp"] == "2026-11-18T06:20:05Z"


def test_a_batch_answers_every_line_in_order() -> None:
    lines = ['{"characteristic":"2a19","hex":"32"}', "", "nonsense", '{"characteristic":"2a19","hex":"65"}']

    answers = list(decode_batch(lines))

    assert len(answers) == 3
    assert '"battery_pct":50' in answers[0]
    assert "invalid_json" in answers[1]
    assert "out_of_range" in answers[2]


def test_the_page_gets_every_row() -> None:
    assert set(export()["characteristics"]) == set(BY_UUID)
