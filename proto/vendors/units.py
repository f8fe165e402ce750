"""Units as senders write them, by the unit that a metric has. Factors: `proto.vendors.quantities`."""

from decimal import Decimal
from typing import Any, Final, NamedTuple

from proto.vendors.quantities import (
    HUNDRED,
    KCAL_PER_KJ,
    KG_PER_LB,
    KG_PER_STONE,
    M_PER_FOOT,
    M_PER_INCH,
    M_PER_MILE,
    MG_DL_PER_MMOL_L,
    MMHG_PER_KPA,
    decimal_of,
    rounded,
)


class Unit(NamedTuple):
    """`(value + shift) * factor / divisor` is the value in the metric's unit."""

    factor: Decimal = Decimal(1)
    shift: int = 0
    divisor: int = 1

    @property
    def converts(self) -> bool:
        return self != SAME


SAME: Final = Unit()
THOUSANDTH: Final = Unit(divisor=1000)
SIXTY: Final = Unit(Decimal(60))

UNITS: Final[dict[str, dict[str, Unit]]] = {
    "kg": {
        "kg": SAME,
        "g": THOUSANDTH,
        "lb": Unit(KG_PER_LB),
        "lbs": Unit(KG_PER_LB),
        "oz": Unit(KG_PER_LB, divisor=16),
        "st": Unit(KG_PER_STONE),
        "stone": Unit(KG_PER_STONE),
    },
    "m": {
        "m": SAME,
        "km": Unit(Decimal(1000)),
        "cm": Unit(divisor=100),
        "mm": THOUSANDTH,
        "mi": Unit(M_PER_MILE),
        "mile": Unit(M_PER_MILE),
        "ft": Unit(M_PER_FOOT),
        "yd": Unit(M_PER_FOOT * 3),
        "in": Unit(M_PER_INCH),
    },
    "mmHg": {"mmHg": SAME, "mm[Hg]": SAME, "kPa": Unit(MMHG_PER_KPA)},
    "mg/dL": {"mg/dL": SAME, "mmol/L": Unit(MG_DL_PER_MMOL_L)},
    "°C": {
        "°C": SAME,
        "C": SAME,
        "degC": SAME,
        "Cel": SAME,
        "celsius": SAME,
        "°F": Unit(Decimal(5), -32, 9),
        "F": Unit(Decimal(5), -32, 9),
        "degF": Unit(Decimal(5), -32, 9),
        "[degF]": Unit(Decimal(5), -32, 9),
        "fahrenheit": Unit(Decimal(5), -32, 9),
    },
    "%": {"%": SAME, "percent": SAME, "fraction": Unit(HUNDRED)},
    "bpm": {"bpm": SAME, "/min": SAME, "1/min": SAME, "count/min": SAME, "count/s": SIXTY, "Hz": SIXTY},
    "/min": {"/min": SAME, "1/min": SAME, "count/min": SAME, "bpm": SAME, "count/s": SIXTY, "Hz": SIXTY},
    "ms": {"ms": SAME, "s": Unit(Decimal(1000))},
    "s": {"s": SAME, "ms": THOUSANDTH, "min": SIXTY},
    "min": {"min": SAME, "s": Unit(divisor=60), "h": SIXTY, "hr": SIXTY},
    "kcal": {"kcal": SAME, "Cal": SAME, "kJ": Unit(KCAL_PER_KJ)},
    "L": {"L": SAME, "mL": THOUSANDTH, "dL": Unit(divisor=10)},
    "L/min": {"L/min": SAME, "L/s": SIXTY, "mL/s": Unit(Decimal(60), divisor=1000)},
    "L/s": {"L/s": SAME, "L/min": Unit(divisor=60), "mL/s": THOUSANDTH},
    "mL/kg/min": {
        "mL/kg/min": SAME,
        "mL/min·kg": SAME,
        "ml/(kg·min)": SAME,
        "mL/(kg·min)": SAME,
        "mL/(kg.min)": SAME,
    },
    "kg/m²": {"kg/m²": SAME, "kg/m2": SAME, "count": SAME},
    "m/s": {"m/s": SAME, "km/h": Unit(divisor=36, factor=Decimal(10))},
    "Hz": {"Hz": SAME, "kHz": Unit(Decimal(1000))},
    "steps": {"steps": SAME, "count": SAME},
    "floors": {"floors": SAME, "count": SAME},
    "puffs": {"puffs": SAME, "count": SAME},
}
"""A metric's unit → what may be written for it. A unit that is not here is its own only spelling."""

PLACES: Final = {"mg/dL": 0, "mmHg": 0, "steps": 0, "puffs": 0, "%": 2}
_FOLDED: Final = {
    target: {
        name.casefold(): unit for name, unit in units.items() if name != "Cal"
    }  # `cal` may be the small one
    for target, units in UNITS.items()
}


def unit_of(written: Any, target: str) -> Unit | None:
    """How to come from the unit as written to that of the metric. Nothing written = the metric's own; None = unknown."""
    if written is None or written in ("", target):
        return SAME
    text = str(written).strip()
    return UNITS.get(target, {}).get(text) or _FOLDED.get(target, {}).get(text.casefold())


def exact(value: Any, unit: Unit) -> Decimal | None:
    """In the metric's unit, not yet rounded. None when the value is no number."""
    number = decimal_of(value)
    return None if number is None else (number + unit.shift) * unit.factor / unit.divisor


def settled(number: Decimal | None, target: str) -> int | float | None:
    """Rounded as readings in this unit are."""
    return None if number is None else rounded(number, PLACES.get(target, 3))


def converted(value: Any, unit: Unit, target: str) -> int | float | None:
    return settled(exact(value, unit), target)
