"""The one reader of tables: octets and a row in, raw fields out. Total: it answers or raises `DecodeError`.

All sizes are known once the flags are, so the fields of each flags value are compiled into one `struct` format.
"""

import struct
from functools import lru_cache
from typing import Any, Final

from services.normalizer.gatt.codes import strict_code
from services.normalizer.gatt.primitives import bits, date_time, medfloat, sfloat
from services.normalizer.gatt.result import DecodeError
from services.normalizer.gatt.table import Characteristic, Field, Raw

_FORMAT: Final = {
    "u8": "B",
    "u16": "H",
    "u24": "3s",
    "u32": "I",
    "i8": "b",
    "i16": "h",
    "sfloat": "H",
    "float": "I",
    "time": "7s",
    "skip2": "2s",
}
_FLAG_SIZE: Final = {"": 0, "u8": 1, "u16": 2}


class Plan:
    """The fields that a flags value reveals, and how to take them at once."""

    __slots__ = ("absent", "fields", "size", "unpack")

    def __init__(self, row: Characteristic, flags: int) -> None:
        self.fields = [field for field in row.fields if not field.when or flags & field.when]
        self.absent = [field for field in row.fields if field.when and not flags & field.when]
        packed = struct.Struct("<" + "".join(_FORMAT[field.type] for field in self.fields))
        self.unpack = packed.unpack_from
        self.size = packed.size


@lru_cache(maxsize=4096)
def plan(uuid: str, flags: int) -> Plan:
    from services.normalizer.gatt.tables import BY_UUID

    return Plan(BY_UUID[uuid], flags)


def read(row: Characteristic, data: bytes) -> Raw:
    """Raw fields. A value that ends before a field that its own flags promise is `truncated`."""
    start = _FLAG_SIZE[row.flags]
    if len(data) < start:
        raise DecodeError("truncated")
    flags = int.from_bytes(data[:start], "little")
    way = plan(row.uuid, flags)
    if len(data) < start + way.size:
        raise DecodeError("truncated")
    out = Raw(flags, {}, {}, rest=data[start + way.size :])
    if row.unit is not None:
        mask, clear, set_ = row.unit
        out.fields["unit"] = set_ if flags & mask else clear
    imperial = bool(row.imperial and flags & row.imperial)
    for field in way.absent:
        _absent(field, out)
    for field, value in zip(way.fields, way.unpack(data, start), strict=True):
        _take(field, value, imperial, out)
    return out


def _absent(field: Field, out: Raw) -> None:
    if field.type == "time" or field.into or field.type == "skip2":
        return
    if field.low or field.high:
        for half in (field.low, field.high):
            if half:
                out.fields[half[0]] = None
        return
    out.fields[field.name] = None


def _take(field: Field, value: Any, imperial: bool, out: Raw) -> None:
    kind = field.type
    if kind == "sfloat" or kind == "float":
        number = sfloat(value) if kind == "sfloat" else medfloat(value)
        out.fields[field.name] = number.value
        if number.special is not None:
            out.special[field.name] = number.special
    elif kind == "time":
        out.device_time, out.time_status = date_time(value)
        if field.name != "device_time":
            out.fields[field.name] = out.device_time
    elif kind == "skip2":
        return
    elif field.into:
        raw = int.from_bytes(value, "little") if kind == "u24" else value
        if field.into == "status":
            out.status = bits(raw, field.bits or {})
            out.raw_status = raw
        else:
            out.sensor_status = bits(raw, field.bits or {})
    elif field.low or field.high:
        if field.low:
            out.fields[field.low[0]] = strict_code(field.low[1], value & 0x0F)
        if field.high:
            out.fields[field.high[0]] = strict_code(field.high[1], value >> 4)
    else:
        _take_integer(field, int.from_bytes(value, "little") if kind == "u24" else value, imperial, out)


def _take_integer(field: Field, value: int, imperial: bool, out: Raw) -> None:
    if field.absent is not None and value == field.absent[0]:
        out.fields[field.name] = None
        out.special[field.name] = field.absent[1]
    elif field.bits is not None:
        out.fields[field.name] = bits(value, field.bits)
    elif field.codes is not None:
        out.fields[field.name] = strict_code(field.codes, value)
    else:
        scale = field.scale_imperial if imperial and field.scale_imperial else field.scale
        out.fields[field.name] = value if scale is None else round(value * scale, 9)
