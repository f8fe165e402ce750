"""The one reader of tables: octets and a row in, raw fields out. Total: it answers or raises `DecodeError`.

All sizes are known once the flags are, so the fields of each flags value are compiled once, into one `struct` format
and one small function a field.
"""

import struct
from collections.abc import Callable
from typing import Any, Final

from services.normalizer.gatt.codes import strict_code
from services.normalizer.gatt.primitives import bits, date_time, epoch_seconds, medfloat, sfloat
from services.normalizer.gatt.result import DecodeError
from services.normalizer.gatt.table import Characteristic, Field, FieldType, Part, Raw

Taker = Callable[[Any, Raw], None]

_FORMAT: Final[dict[FieldType, str]] = {
    "u8": "B",
    "u16": "H",
    "u24": "3s",
    "u32": "I",
    "i8": "b",
    "i16": "h",
    "sfloat": "H",
    "float": "I",
    "time": "7s",
    "s1900": "I",
    "s2000": "I",
    "skip2": "2x",
}
_FLAG_SIZE: Final = {"": 0, "u8": 1, "u16": 2}
PLANS_MAX: Final = 512
"""Of one row."""


class Reader:
    """Reads the values of one row. Reserved flag bits are ignored."""

    __slots__ = ("_known", "_plans", "_row", "_start")

    def __init__(self, row: Characteristic) -> None:
        self._row = row
        self._start = _FLAG_SIZE[row.flags]
        self._known = row.imperial
        for field in row.fields:
            self._known |= field.when | field.unless
        for word in row.words:
            self._known |= word.when | word.mask
        for bit in row.flag_names or ():
            self._known |= 1 << bit
        self._plans: dict[int, _Plan] = {}

    def read(self, data: bytes) -> Raw:
        """Raw fields. A value that ends before a field that its own flags promise is `truncated`."""
        start = self._start
        if len(data) < start:
            raise DecodeError("truncated")
        flags = int.from_bytes(data[:start], "little")
        plan = self._plans.get(flags & self._known) or self._compile(flags & self._known)
        end = start + plan.size
        if len(data) < end + plan.tail_size:
            raise DecodeError("truncated")
        out = Raw(flags, end, plan.template.copy(), {})
        for take, value in zip(plan.takers, plan.unpack(data, start), strict=True):
            take(value, out)
        if self._row.flag_names is not None:
            out.fields["features"] = bits(flags, self._row.flag_names)
        if plan.tail is not None:
            count = (len(data) - end) // 2  # an odd last octet is dropped
            out.fields[plan.tail] = list(struct.unpack_from(f"<{count}H", data, end))
            out.size += 2 * count
        return out

    def _compile(self, flags: int) -> "_Plan":
        if len(self._plans) >= PLANS_MAX:  # no device has so many shapes: somebody tries them all
            self._plans.clear()
        plan = self._plans[flags] = _Plan(self._row, flags)
        return plan


class _Plan:
    """The fields that a flags value reveals, and how to take them at once."""

    __slots__ = ("size", "tail", "tail_size", "takers", "template", "unpack")

    def __init__(self, row: Characteristic, flags: int) -> None:
        here = [f for f in row.fields if flags & f.when == f.when and not flags & f.unless]
        tail = [f for f in here if f.type == "u16s"]
        fixed = [f for f in here if f.type != "u16s"]
        packed = struct.Struct("<" + "".join(_FORMAT[field.type] for field in fixed))
        self.unpack = packed.unpack_from
        self.size = packed.size
        self.tail = tail[0].name if tail else None
        self.tail_size = 2 if tail else 0
        imperial = bool(flags & row.imperial)
        self.takers = [_taker(field, imperial) for field in fixed if field.type != "skip2"]
        self.template: dict[str, Any] = {name: None for field in row.fields for name in names_of(field)}
        for word in row.words:
            there = flags & word.when == word.when
            self.template[word.name] = word.values[flags & word.mask] if there else None


def names_of(field: Field) -> list[str]:
    """The keys among the fields that a field of the table fills."""
    if field.parts:
        named = [part.name for part in field.parts]
        return [*named, field.name] if field.bits else named
    if field.type == "skip2" or field.into in ("status", "sensor_status") or field.name == "device_time":
        return []
    return [field.name]


def _taker(field: Field, imperial: bool) -> Taker:
    """What to do with the raw value of a field."""
    if field.type in ("sfloat", "float"):
        return _float_taker(field)
    if field.type in ("time", "s1900", "s2000"):
        return _time_taker(field)
    take = _bits_taker(field) if field.bits is not None or field.parts else _number_taker(field, imperial)
    if field.type != "u24":
        return take
    return lambda value, out: take(int.from_bytes(value, "little"), out)


def _float_taker(field: Field) -> Taker:
    name, convert = field.name, sfloat if field.type == "sfloat" else medfloat

    def take(value: Any, out: Raw) -> None:
        number, special = convert(value)
        out.fields[name] = number
        if special is not None:
            out.special[name] = special

    return take


def _time_taker(field: Field) -> Taker:
    name, kind, is_device_time = field.name, field.type, field.into == "device_time"

    def take(value: Any, out: Raw) -> None:
        at, status = date_time(value) if kind == "time" else (epoch_seconds(value, kind == "s2000"), "ok")
        if is_device_time:
            out.device_time, out.time_status = at, status
        if name != "device_time":
            out.fields[name] = at

    return take


def _bits_taker(field: Field) -> Taker:
    name, into, named, ranges, parts = field.name, field.into, field.bits, field.ranges, field.parts

    def take(value: Any, out: Raw) -> None:
        for part in parts:
            out.fields[part.name] = _part(part, value)
        if named is None:
            return
        found = bits(value, named)
        for part in ranges:
            word = (part.codes or {}).get(value >> part.shift & (1 << part.width) - 1)
            if word is not None:
                found = sorted([*found, word])
        if into == "status":
            out.status = found if out.status is None else sorted([*out.status, *found])
        elif into == "sensor_status":
            out.sensor_status = found
        else:
            out.fields[name] = found

    return take


def _part(part: Part, value: int) -> Any:
    number = value >> part.shift & (1 << part.width) - 1
    if part.codes is None:
        return number
    return part.codes.get(number, part.other or f"reserved_{number}")


def _number_taker(field: Field, imperial: bool) -> Taker:
    name, absent, names, maximum = field.name, field.absent, field.codes, field.maximum
    per = field.per_imperial if imperial and field.per_imperial else field.per

    def take(value: Any, out: Raw) -> None:
        if absent is not None and value == absent[0]:
            out.special[name] = absent[1]
        elif maximum is not None and value > maximum:
            raise DecodeError("out_of_range")
        elif names is not None:
            out.fields[name] = strict_code(names, value)
        else:
            out.fields[name] = value / per if per else value

    return take
