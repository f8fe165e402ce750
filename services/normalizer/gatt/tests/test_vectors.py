"""The conformance vectors: every value decodes as they say, malformed ones give the listed error."""

import json
from pathlib import Path
from typing import Any

import pytest

from services.normalizer.gatt import DecodeError, decode
from services.normalizer.gatt.cli import decode_one
from services.normalizer.gatt.primitives import crc16, medfloat, sfloat

VECTORS = Path(__file__).parents[4] / "tests/vectors/gatt"
OTHERS = {"racp_flows", "time_resolution", "writes"}
JUDGED = {
    "blood_pressure", "weight_kg", "bmi", "body_fat_pct", "glucose_mg_dL", "glucose_out_of_range", "spo2_pct",
    "pulse_rate_bpm", "body_temperature_c", "heart_rate_bpm", "rr_intervals_ms", "battery_pct",
}  # fmt: skip


def load(name: str) -> list[dict[str, Any]]:
    vectors: list[dict[str, Any]] = json.loads((VECTORS / f"{name}.json").read_text())
    return vectors


ALL = [
    pytest.param(vector, id=f"{path.stem}: {vector['name']}")
    for path in sorted(VECTORS.glob("*.json"))
    if path.stem not in OTHERS
    for vector in load(path.stem)
]


def answer_of(vector: dict[str, Any]) -> dict[str, Any]:
    data = bytes.fromhex(vector["hex"])
    if vector["characteristic"] in ("SFLOAT", "FLOAT", "CRC16"):
        return decode_one(vector["characteristic"], vector["hex"])
    try:
        return decode(vector["characteristic"], data, vector.get("context")).as_dict()
    except DecodeError as error:
        return {"error": error.code}


@pytest.mark.parametrize("vector", ALL)
def test_vector(vector: dict[str, Any]) -> None:
    compare(answer_of(vector), vector["expect"])


def compare(answer: dict[str, Any], expect: dict[str, Any]) -> None:
    assert answer.get("error") == expect.get("error")
    for key, wanted in expect.items():
        assert key in answer, f"{key} is missing"
        if key in ("records", "observations"):
            assert len(answer[key]) == len(wanted)
            for found, one in zip(answer[key], wanted, strict=True):
                compare(found, one)
        elif key == "readings":
            judge_readings(answer[key], wanted)
        elif key == "fields":
            for name, value in wanted.items():
                if name == "observations":
                    for found, one in zip(answer[key][name], value, strict=True):
                        same(found, one, "observation")
                else:
                    assert name in answer[key], f"field {name} is missing"
                    same(answer[key][name], value, name)
        else:
            same(answer[key], wanted, key)


def judge_readings(found: dict[str, Any], wanted: dict[str, Any]) -> None:
    assert {name for name in found if name in JUDGED} == set(wanted)
    for name, value in wanted.items():
        if name == "blood_pressure":
            assert set(found[name]) == set(value)
            for part, number in value.items():
                assert found[name][part] == pytest.approx(number, abs=0.51)
        elif name == "glucose_mg_dL":
            assert found[name] == pytest.approx(value, abs=0.51)
        elif isinstance(value, str):
            assert found[name] == value
        else:
            assert found[name] == pytest.approx(value, rel=5e-4, abs=0.001)


def same(found: Any, wanted: Any, name: str) -> None:
    if isinstance(wanted, float) and not isinstance(wanted, bool):
        assert found == pytest.approx(wanted, rel=5e-4, abs=1e-6), name
    elif isinstance(wanted, dict):
        for key, value in wanted.items():
            assert key in found, f"{name}.{key} is missing"
            same(found[key], value, f"{name}.{key}")
    elif isinstance(wanted, int) and isinstance(found, float):
        assert found == pytest.approx(wanted, rel=5e-4, abs=1e-6), name
    else:
        assert found == wanted, name


def test_there_are_all_vectors() -> None:
    assert len(ALL) > 300


def test_primitives_that_the_page_prints() -> None:
    assert sfloat(0x0072).value == 114
    assert sfloat(0xF800).value == pytest.approx(-204.8)
    assert sfloat(0xFFFF).value == pytest.approx(-0.1)
    assert medfloat(0xFF00016C).value == pytest.approx(36.4)
    assert crc16(b"123456789") == 0x6F91
