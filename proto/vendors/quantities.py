"""Numbers from outside: decimal arithmetic, the exact unit factors, and the roundings that readings have.

Factors: NIST SP 811 (pound, mile, kilopascal); glucose 18.0156 g/mol per 0.1 (molar mass 180.156); 4.184 J per cal.
"""

from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any, Final

KG_PER_LB: Final = Decimal("0.45359237")
KG_PER_STONE: Final = Decimal("6.35029318")
M_PER_MILE: Final = Decimal("1609.344")
MMHG_PER_KPA: Final = Decimal("7.50062")
MG_DL_PER_MMOL_L: Final = Decimal("18.0156")
KCAL_PER_KJ: Final = Decimal("0.239006")
M_PER_FOOT: Final = Decimal("0.3048")
M_PER_INCH: Final = Decimal("0.0254")
HUNDRED: Final = Decimal(100)
LARGEST_POWER: Final = 40
GLUCOSE_LOWEST: Final = 40
GLUCOSE_HIGHEST: Final = 400
"""What sensors can show, mg/dL; outside they say LOW and HIGH."""


def decimal_of(value: Any) -> Decimal | None:
    """A number that is one: int, float (by its shortest form) or numeric text. None for everything else, NaN too, and
    for one so large or small that arithmetic with it fails."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, str) and not value.strip():
        return None
    if not isinstance(value, int | float | str | Decimal):
        return None
    try:
        number = Decimal(str(value).strip())
    except (InvalidOperation, ValueError):  # Python does not print integers of thousands of digits
        return None
    return number if number.is_finite() and (not number or abs(number.adjusted()) <= LARGEST_POWER) else None


def rounded(number: Decimal, places: int) -> int | float:
    """Half up, as people round. Whole numbers come back as int, so that 120 stays 120."""
    if abs(number) >= Decimal(10) ** 15:
        return float(number)
    fixed = number.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)
    return int(fixed) if fixed == fixed.to_integral_value() else float(fixed)


def scaled(value: Any, factor: Decimal | int = 1, places: int = 3) -> int | float | None:
    """`value * factor`, rounded; None when the value is no number."""
    number = decimal_of(value)
    return None if number is None else rounded(number * factor, places)


def with_exponent(value: Any, exponent: Any, places: int = 3) -> int | float | None:
    """`value * 10^exponent`. None when either is no number or the exponent is absurd."""
    number, power = decimal_of(value), decimal_of(exponent)
    if number is None or power is None or power != power.to_integral_value() or abs(power) > 30:
        return None
    return rounded(number.scaleb(int(power)), places)


def celsius_of_fahrenheit(value: Any, places: int = 3) -> int | float | None:
    number = decimal_of(value)
    return None if number is None else rounded((number - 32) * 5 / 9, places)


def percent_of_fraction(value: Any, places: int = 2) -> int | float | None:
    """0.97 → 97; what is above 1 is a percentage already."""
    number = decimal_of(value)
    if number is None:
        return None
    return rounded(number * HUNDRED if number <= 1 else number, places)


def glucose_fields(mg_dl: Any = None, *, mmol_l: Any = None, marker: str = "") -> dict[str, Any]:
    """`glucose_mg_dL` and `glucose_out_of_range`: a value beyond what a sensor shows becomes its marker.

    `marker`: the vendor's own word, `low`, `high` or empty. A marker without a value gives no number. Nothing and less
    than nothing are no concentrations but ways to say "none".
    """
    number = decimal_of(mg_dl)
    if number is None and (molar := decimal_of(mmol_l)) is not None:
        number = molar * MG_DL_PER_MMOL_L
    if number is None or number <= 0:
        return {"glucose_out_of_range": marker} if marker in ("low", "high") else {}
    if number < GLUCOSE_LOWEST:
        return {"glucose_mg_dL": GLUCOSE_LOWEST - 1, "glucose_out_of_range": "low"}
    if number > GLUCOSE_HIGHEST:
        return {"glucose_mg_dL": GLUCOSE_HIGHEST + 1, "glucose_out_of_range": "high"}
    return {"glucose_mg_dL": rounded(number, 0)}
