"""The encoders against values of the SIG structures that were composed elsewhere; the decoder reads the same ones."""

from datetime import datetime

import pytest

from simulator import gatt

AT = datetime(2026, 3, 14, 8, 5, 30)  # noqa: DTZ001 - a device's clock has no zone
EVE = datetime(2025, 12, 31, 23, 59, 59)  # noqa: DTZ001
NONE: frozenset[str] = frozenset()

VALUES = [
    ("7200", gatt.sfloat(114)),
    ("6cf1", gatt.sfloat(36.4)),
    ("83ef", gatt.sfloat(-1.25)),
    ("ff07", gatt.sfloat(gatt.NAN)),
    ("0008", gatt.sfloat(gatt.NRES)),
    ("fe07", gatt.sfloat(gatt.PLUS_INF)),
    ("0208", gatt.sfloat(gatt.MINUS_INF)),
    ("6c0100ff", gatt.float32(36.4)),
    ("b00e00fe", gatt.float32(37.60, -2)),
    ("f1ffffff", gatt.float32(-1.5)),
    ("ffff7f00", gatt.float32(gatt.NAN)),
    ("012f", gatt.crc16(bytes.fromhex("3e010203040506070809"))),
    ("00780050005d00", gatt.blood_pressure(120, 80, 93)),
    (
        "1e800054006300ea07030e08051e4800020400",
        gatt.blood_pressure(128, 84, 99, at=AT, pulse=72, user=2, status=frozenset({"irregular_pulse"})),
    ),
    ("05a0f06bf07cf04200", gatt.blood_pressure(16.0, 10.7, 12.4, pulse=66, kpa=True)),
    ("028d005b006c00e9070c1f173b3b", gatt.blood_pressure(141, 91, 108, at=EVE)),
    ("0876004c005a00ff", gatt.blood_pressure(118, 76, 90, user=255)),
    ("107a004f005d000000", gatt.blood_pressure(122, 79, 93, status=NONE)),
    ("0483005500ff074600", gatt.blood_pressure(131, 85, pulse=70)),
    ("005700ff07ff07", gatt.cuff_pressure(87)),
    ("00b036", gatt.weight(70.0)),
    ("0e433dea07030e08051e01f700f606", gatt.weight(78.415, at=AT, user=1, bmi=24.7, height_m=1.782)),
    ("06ffffea07030e08051e01", gatt.weight(None, at=AT, user=1)),
    ("0000d700", gatt.body_composition(21.5)),
    ("04009600ff", gatt.body_composition(15.0, user=255)),
    ("020100ea07030e08051e68b011", gatt.glucose(1, AT, 104, type_=1)),
    ("030300ea07030e08051ea6ff61b012", gatt.glucose(3, AT, 97, offset_min=-90)),
    ("1a0500ea07030e08051ed4b0f10100", gatt.glucose(5, AT, 212, type_=1, location=15, context_follows=True,
                                                    status=frozenset({"battery_low"}))),
    ("0a0900ea07030e08051efe07112000", gatt.glucose(9, AT, gatt.PLUS_INF, type_=1, status=frozenset({"result_too_high"}))),
    ("02ffffea07030e08051e58b039", gatt.glucose(65535, AT, 88, type_=9, location=3)),
    ("02060002", gatt.glucose_context(6, "postprandial")),
    ("060064000a00", gatt.cgm(100, 10)),
    ("0a037c000f00f4ff6100", gatt.cgm(124, 15, trend=-1.2, quality=97)),
    ("0720fb00190008", gatt.cgm(251, 25, warning=8)),
    ("08006f002800c6ef", gatt.cgm(111, 40, crc=True)),
    ("ea07030e08051e0400", gatt.session_start(AT, 60, 0)),
    ("ea07070409000" + "0ec04", gatt.session_start(datetime(2026, 7, 4, 9), -300, 60)),  # noqa: DTZ001
    ("ea07030e08051e1600", gatt.session_start(AT, 330, 0)),
    ("0061004800", gatt.spo2_spot(97, 72)),
    (
        "0f60005100ea07030e08051e80010000002df0",
        gatt.spo2_spot(96, 81, at=AT, status=0x0180, sensor_status=0, amplitude_pct=4.5),
    ),
    ("0162003c00e9070c1f173b3b", gatt.spo2_spot(98, 60, at=EVE)),
    ("08cff340000cf0", gatt.spo2_spot(97.5, 64, amplitude_pct=1.2)),
    ("0062004700", gatt.spo2_stream(98, 71)),
    ("03620047006100490062004600", gatt.spo2_stream(98, 71, fast=(97, 73), slow=(98, 70))),
    ("1c6000500020000000001ff0", gatt.spo2_stream(96, 80, status=0x20, sensor_status=0, amplitude_pct=3.1)),
    ("006c0100ff", gatt.temperature(36.4)),
    ("01da0300ff", gatt.temperature(98.6, fahrenheit=True)),
    ("027d0100ffe9070c1f173b3b", gatt.temperature(38.1, at=EVE)),
    ("046f0100ff06", gatt.temperature(36.7, site="mouth")),
    ("0048", gatt.heart_rate(72)),
    ("012c01", gatt.heart_rate(300)),
    ("0658", gatt.heart_rate(88, contact=True)),
    ("0400", gatt.heart_rate(0, contact=False)),
    ("085f7800", gatt.heart_rate(95, energy_kj=120)),
    ("103c0004", gatt.heart_rate(60, rr_ms=[1000])),
    ("4c", gatt.battery(76)),
]  # fmt: skip


@pytest.mark.parametrize(("wire", "value"), VALUES)
def test_bytes_are_those_of_the_specification(wire: str, value: bytes) -> None:
    assert value.hex() == wire


@pytest.mark.parametrize("number", [0, 1, 120, 120.5, -3.14159, 99999, 0.00104, 2045, 2046, 123456.0])
def test_a_number_that_needs_more_digits_is_rounded_not_refused(number: float) -> None:
    raw = int.from_bytes(gatt.sfloat(number), "little")
    mantissa = (raw & 0x0FFF) - ((raw & 0x0800) << 1)
    exponent = (raw >> 12) - ((raw >> 11) & 0x10)

    assert mantissa * 10.0**exponent == pytest.approx(number, rel=2.5e-3)


def test_a_number_beyond_the_format_is_refused() -> None:
    with pytest.raises(ValueError, match="does not fit"):
        gatt.sfloat(1e12)
