"""The reader of tables, and the exported tables read by a second, independent interpreter: the page must be able to."""

import json
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.normalizer.gatt import BY_UUID, SPECIAL, DecodeError, decode
from services.normalizer.gatt.export import export
from services.normalizer.gatt.primitives import crc16
from services.normalizer.gatt.reader import PLANS_MAX, Reader
from services.normalizer.gatt.tests.test_vectors import same

TABLES: dict[str, Any] = json.loads(json.dumps(export()))
ROWS = sorted(set(BY_UUID) - set(SPECIAL))
CHANGED_BY_RULES = {("2a9d", "bmi"), ("2a9d", "height")}
"""An unsuccessful weighing takes these along."""


def preview(uuid: str, data: bytes) -> dict[str, Any] | None:
    """Fields by the exported JSON alone, written apart from the reader; None: truncated or out of range."""
    row = TABLES["characteristics"][uuid]
    start = {"": 0, "u8": 1, "u16": 2}[row["flags"]]
    if len(data) < start:
        return None
    flags, at, fields = int.from_bytes(data[:start], "little"), start, dict[str, Any]()
    for word in row.get("words", []):
        when = word.get("when", 0)
        fields[word["name"]] = word["values"][str(flags & word["mask"])] if flags & when == when else None
    if "flag_names" in row:
        fields["features"] = sorted(n for bit, n in row["flag_names"].items() if flags >> int(bit) & 1)
    for field in row["fields"]:
        when, unless = field.get("when", 0), field.get("unless", 0)
        if flags & when != when or flags & unless:
            for name in [part["name"] for part in field.get("parts", [])] or [field["name"]]:
                fields.setdefault(name, None)
            continue
        size = TABLES["sizes"][field["type"]]
        if at + size > len(data):
            return None
        if field["type"] == "u16s":
            fields[field["name"]] = [
                n[0] for n in struct.iter_unpack("<H", data[at : at + (len(data) - at) // 2 * 2])
            ]
            continue
        if not read_field(field, data[at : at + size], bool(flags & row.get("imperial", 0)), fields):
            return None
        at += size
    return fields


def read_field(field: dict[str, Any], octets: bytes, imperial: bool, fields: dict[str, Any]) -> bool:
    kind, name = field["type"], field["name"]
    raw = int.from_bytes(octets, "little", signed=kind.startswith("i"))
    if kind in ("time", "s1900", "s2000", "skip2") or field.get("into"):
        return True
    if kind in ("sfloat", "float"):
        bits = 12 if kind == "sfloat" else 24
        if raw in [(1 << bits - 1) + step for step in (-2, -1, 0, 1, 2)]:
            fields[name] = None
        else:
            mantissa, exponent = raw & (1 << bits) - 1, raw >> bits
            mantissa -= mantissa >> bits - 1 << bits
            width = len(octets) * 8 - bits
            exponent -= exponent >> width - 1 << width
            value = mantissa * 10.0**exponent if exponent < 300 else float("inf")
            fields[name] = None if abs(value) == float("inf") else value
        return True
    for part in field.get("parts", []):
        number = raw >> part["shift"] & (1 << part["width"]) - 1
        other = part.get("other") or f"reserved_{number}"
        fields[part["name"]] = part["codes"].get(str(number), other) if "codes" in part else number
    if "bits" in field:
        fields[name] = sorted(word for bit, word in field["bits"].items() if raw >> int(bit) & 1)
    elif "parts" not in field:
        if "absent" in field and raw == field["absent"][0]:
            fields[name] = None
        elif raw > field.get("maximum", raw):
            return False
        elif "codes" in field:
            fields[name] = field["codes"].get(str(raw), f"reserved_{raw}")
        else:
            per = field.get("per_imperial" if imperial and "per_imperial" in field else "per", 0)
            fields[name] = raw / per if per else raw
    return True


@given(st.sampled_from(ROWS), st.binary(max_size=34))
def test_the_exported_tables_say_what_the_decoder_says(uuid: str, data: bytes) -> None:
    seen = preview(uuid, data)

    try:
        fields = decode(uuid, data).fields
    except DecodeError:
        assert seen is None
        return
    assert seen is not None
    for name, value in (fields or {}).items():
        if (uuid, name) in CHANGED_BY_RULES or name in ("base_time", "user_facing_time"):
            continue
        if isinstance(value, float) and abs(value) > 1e300:
            continue  # powers of ten differ in the last digits there
        same(seen[name], value, name)


def test_a_record_of_a_notification_is_exported_too() -> None:
    octets = bytes.fromhex("09e03e001400020405")

    assert TABLES["characteristics"]["2aa7"]["records"] is True
    seen = preview("2aa7", octets[1:])
    assert seen is not None
    assert (seen["glucose_mg_dL"], seen["time_offset_min"]) == (62, 20)


@given(st.binary(max_size=64))
def test_the_checksum_is_the_one_computed_bit_by_bit(data: bytes) -> None:
    crc = 0xFFFF
    for octet in data:
        crc ^= octet
        for _ in range(8):
            crc = (crc >> 1) ^ 0x8408 if crc & 1 else crc >> 1

    assert crc16(data) == crc


def test_scaled_integers_are_the_nearest_number() -> None:
    fields = decode("2a53", bytes.fromhex("02000000" + (2146176211).to_bytes(4, "little").hex())).fields

    assert isinstance(fields, dict)
    assert fields["total_distance_m"] == 214617621.1


def test_somebody_who_tries_every_shape_does_not_fill_the_memory() -> None:
    reader = Reader(BY_UUID["2a9c"])
    for flags in range(0x2000):
        reader.read(flags.to_bytes(2, "little") + bytes(40))

    assert len(reader._plans) <= PLANS_MAX


def test_lists_of_two_answers_are_not_the_same_object() -> None:
    first, second = decode("2a60", b"\x0c\x00"), decode("2a60", b"\x0c\x00")
    assert isinstance(first.fields, dict)
    first.fields["features"].clear()

    assert second.fields == decode("2a60", b"\x0c\x00").fields
    assert decode("2a60", b"\x0c\x00").as_dict()["fields"]["features"] == [
        "spot_check_storage",
        "spot_check_timestamp",
    ]


def checked(octets: str) -> bytes:
    data = bytes.fromhex(octets)
    return data + crc16(data).to_bytes(2, "little")


def test_an_interval_of_two_octets_may_have_a_checksum() -> None:
    for data in (checked("0305"), checked("030500")):
        answer = decode("2aac", data, {"e2e_crc": True})

        assert answer.as_dict() == {
            "fields": {"op": "communication_interval", "interval_min": 5},
            "special": {},
            "crc_ok": True,
        }


def test_a_server_that_sends_status_octets_the_other_way_round() -> None:
    octets = bytes.fromhex("09e03e001400050402")

    answer = decode("2aa7", octets, {"cgm_status_order": "reversed"}).as_dict()

    assert answer["records"][0]["status"] == [
        "battery_low",
        "below_hypo",
        "below_patient_low",
        "calibration_recommended",
    ]


def test_a_blood_pressure_record_is_the_value_inside_it() -> None:
    inner = "1e7a004e005d00ea070b120714054600010000"

    plain = decode("2b36", bytes.fromhex("030700352a" + inner)).as_dict()
    summed = decode("2b36", checked("030700352a" + inner), {"e2e_crc": True}).as_dict()

    assert plain["readings"] == decode("2a35", bytes.fromhex(inner)).readings
    assert plain["fields"]["sequence"] == 7
    assert plain["fields"]["characteristic"] == "2a35"
    assert summed == plain | {"crc_ok": True}


@pytest.mark.parametrize(
    ("octets", "context", "code"),
    [
        ("030700352a00780050005d00", {"e2e_crc": True}, "bad_crc"),
        ("030700192a32", {}, "unsupported"),
        ("030700362b", {}, "unsupported"),
        ("030700352a0078", {}, "truncated"),
    ],
)
def test_a_record_that_cannot_be_used_says_why(octets: str, context: dict[str, Any], code: str) -> None:
    with pytest.raises(DecodeError) as caught:
        decode("2b36", bytes.fromhex(octets), context)

    assert caught.value.code == code


@pytest.mark.parametrize(
    ("octets", "device_time"),
    [
        ("0278005000 5d00 00000000", "1900-01-01T00:00:00"),
        ("4278005000 5d00 80510100", "2000-01-02T00:00:00"),
    ],
)
def test_seconds_count_from_the_epoch_of_the_flags(octets: str, device_time: str) -> None:
    assert decode("2b34", bytes.fromhex(octets)).device_time == device_time


def test_what_a_battery_says_about_itself() -> None:
    fields = decode("2bed", bytes.fromhex("06a3003204")).fields

    assert isinstance(fields, dict)
    assert fields["battery_level"] == 50
    assert fields["charge_state"] == "charging"
    assert fields["charge_level"] == "good"
    assert (fields["battery_present"], fields["wired_power"], fields["battery_fault"]) == (True, True, True)
