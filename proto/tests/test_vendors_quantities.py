"""Numbers from outside that no arithmetic may trip over."""

import pytest

from proto.vendors.instants import epoch
from proto.vendors.quantities import decimal_of, scaled


@pytest.mark.parametrize("text", ["1e999999999999", "-1e400", "1e-400", "NaN", "Infinity"])
def test_a_number_beyond_all_measure_is_none(text: str) -> None:
    assert decimal_of(text) is None
    assert scaled(text, 60) is None
    assert epoch(text) is None


@pytest.mark.parametrize(("value", "found"), [("0", 0), ("0e-400", 0), ("1e15", 1e15), (0.1, 0.1)])
def test_ordinary_numbers_stay(value: object, found: float) -> None:
    assert scaled(value) == found
