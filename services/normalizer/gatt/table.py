"""How a characteristic is written down: flags, fields in order, units, status bits. Data only; `reader.py` reads it."""

from collections.abc import Callable
from typing import Any, Final, Literal

import msgspec

FieldType = Literal["u8", "u16", "u24", "u32", "i8", "i16", "sfloat", "float", "time", "skip2"]

SIZES: Final[dict[FieldType, int]] = {
    "u8": 1,
    "u16": 2,
    "u24": 3,
    "u32": 4,
    "i8": 1,
    "i16": 2,
    "sfloat": 2,
    "float": 4,
    "time": 7,
    "skip2": 2,
}


class Field(msgspec.Struct, frozen=True):
    """One field, in the order of the structure (which is not always the order of the flag bits).

    `when`: the flag mask that reveals it (0 = always). `scale` multiplies integers; `scale_imperial` replaces it when
    the characteristic's unit flag is set. `codes`: names of an enumeration, 0 included. `absent`: the raw value that
    stands for "no value", and the word for it. `bits`: this is a set of status bits and goes to `into`.
    `low`/`high`: names of the two halves of an octet, each with its codes.
    """

    name: str
    type: FieldType
    when: int = 0
    unit: str = ""
    scale: float | None = None
    scale_imperial: float | None = None
    codes: dict[int, str] | None = None
    absent: tuple[int, str] | None = None
    bits: dict[int, str] | None = None
    into: Literal["", "status", "sensor_status"] = ""
    low: tuple[str, dict[int, str]] | None = None
    high: tuple[str, dict[int, str]] | None = None


class Raw(msgspec.Struct):
    """What the reader found, before the characteristic's own rules."""

    flags: int
    fields: dict[str, Any]
    special: dict[str, str]
    device_time: str | None = None
    time_status: str = "absent"
    status: list[str] | None = None
    sensor_status: list[str] | None = None
    rest: bytes = b""
    raw_status: int | None = None


class Characteristic(msgspec.Struct, frozen=True):
    """One row: `flags` is the type of the leading flags; `unit` names the unit by a flag: (mask, clear, set).

    `finish` makes readings and says whether the value may be stored; `says` lists which parts the answer has.
    """

    uuid: str
    name: str
    flags: Literal["", "u8", "u16"]
    fields: tuple[Field, ...]
    finish: Callable[[Raw], Any]
    unit: tuple[int, str, str] | None = None
    imperial: int = 0
