"""Units as senders write them."""

import pytest

from proto.metrics import METRICS
from proto.vendors.units import UNITS, converted, unit_of


@pytest.mark.parametrize(
    ("value", "written", "target", "expected"),
    [
        (172.4, "lb", "kg", 78.199),
        ("172.4", "LB", "kg", 78.199),
        (12, "st", "kg", 76.204),
        (98.6, "degF", "°C", 37),
        (100.9, "F", "°C", 38.278),
        (5.6, "mmol/L", "mg/dL", 101),
        (16, "kPa", "mmHg", 120),
        (6.05, "L/s", "L/min", 363),
        (1.2, "count/s", "bpm", 72),
        (0.965, "fraction", "%", 96.5),
        (1000, "kJ", "kcal", 239.006),
        (3.1, "mi", "m", 4988.966),
        (36, "km/h", "m/s", 10),
        (78.4, None, "kg", 78.4),
        (78.4, "", "kg", 78.4),
        (7, "index", "index", 7),
    ],
)
def test_a_value_comes_out_in_the_unit_of_the_metric(
    value: object, written: object, target: str, expected: float
) -> None:
    unit = unit_of(written, target)
    assert unit is not None
    assert converted(value, unit, target) == expected


@pytest.mark.parametrize(
    ("written", "target"), [("stones of sorts", "kg"), ("kg", "m"), ("cal", "kcal"), (7, "index")]
)
def test_an_unknown_unit_is_not_guessed(written: object, target: str) -> None:
    assert unit_of(written, target) is None


def test_every_unit_of_the_table_belongs_to_a_metric() -> None:
    assert set(UNITS) <= {metric.unit for metric in METRICS}
