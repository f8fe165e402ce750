"""How a characteristic is written down: flags, fields in order, units, status bits. Data only; `reader.py` reads it."""

from collections.abc import Callable
from typing import Any, Final, Literal

import msgspec

FieldType = Literal[
    "u8", "u16", "u24", "u32", "i8", "i16", "sfloat", "float", "time", "s1900", "s2000", "skip2", "u16s"
]
"""`time` is a Date Time of seven octets, `s1900` and `s2000` count seconds from that year, `u16s` fills the rest."""

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
    "s1900": 4,
    "s2000": 4,
    "skip2": 2,
    "u16s": 2,
}
"""Octets; of `u16s` the least that a value must have."""


class Word(msgspec.Struct, frozen=True):
    """A field that the flags themselves say: `values` by what the masked flags are. None unless `when` is set."""

    name: str
    mask: int
    values: dict[int, Any]
    when: int = 0


class Part(msgspec.Struct, frozen=True):
    """Some bits of a field that form a number. An unknown code is `other`, or `reserved_<n>`; no codes: the number."""

    name: str
    shift: int
    width: int
    codes: dict[int, Any] | None = None
    other: str = ""


class Field(msgspec.Struct, frozen=True):
    """One field, in the order of the structure (which is not always the order of the flag bits).

    It is there when all bits of `when` are set and none of `unless`. `per`: so many of the raw integer are one
    `unit` (a division of integers is exact); `per_imperial` replaces it when the row's imperial flag is set. `codes`: names of an enumeration. `absent`: the raw
    value that stands for "no value", and the word for it. `maximum`: more is `out_of_range`. `bits`: names of single
    bits, with `ranges` among them that are numbers. `parts`: the field is only a frame for these. `into`: what it says
    goes there and not among the fields; a time other than `device_time` goes to both.
    """

    name: str
    type: FieldType
    when: int = 0
    unit: str = ""
    unless: int = 0
    per: int = 0
    per_imperial: int = 0
    codes: dict[int, Any] | None = None
    absent: tuple[int, str] | None = None
    maximum: int | None = None
    bits: dict[int, str] | None = None
    ranges: tuple[Part, ...] = ()
    parts: tuple[Part, ...] = ()
    into: Literal["", "status", "sensor_status", "device_time"] = ""


class Raw(msgspec.Struct):
    """What the reader found, before the characteristic's own rules. `size`: the octets that the fields took."""

    flags: int
    size: int
    fields: dict[str, Any]
    special: dict[str, str]
    device_time: str | None = None
    time_status: str = "absent"
    status: list[str] | None = None
    sensor_status: list[str] | None = None


class Characteristic(msgspec.Struct, frozen=True):
    """One row. `flags` is the type of the leading flags; `finish` makes readings and says whether they may be stored.

    `flag_names`: the flags are themselves a set of names, shown as `features`. `records`: the value holds several of
    these structures, each behind an octet with its size, and each perhaps with a checksum at its end.
    """

    uuid: str
    name: str
    flags: Literal["", "u8", "u16"]
    fields: tuple[Field, ...]
    finish: Callable[[Raw], Any]
    words: tuple[Word, ...] = ()
    imperial: int = 0
    flag_names: dict[int, str] | None = None
    records: bool = False
