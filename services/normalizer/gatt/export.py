"""The tables as JSON, for the page's preview: both sides read one truth.

How to read a row: take the flags (little endian, like everything), then the fields in order, each that has all bits of
`when` and none of `unless`; a value that ends too early is truncated, octets behind the last field are ignored.
`words` are fields that the flags themselves say, `parts` fields inside a field. Behind `records` stand several such
structures, each after an octet with its size. An integer divided by `per` is in `unit` (`per_imperial` instead, when
the flag `imperial` is set).
"""

from typing import Any

from services.normalizer.gatt.table import SIZES, Characteristic, Field, Part
from services.normalizer.gatt.tables import CHARACTERISTICS


def export() -> dict[str, Any]:
    """`{"sizes": {type: octets}, "characteristics": {uuid: {name, flags, words, fields, imperial?, …}}}`.

    Keys that say nothing are left out. Codes and bits are keyed by their number as text.
    """
    return {"sizes": dict(SIZES), "characteristics": {row.uuid: _row(row) for row in CHARACTERISTICS}}


def _row(row: Characteristic) -> dict[str, Any]:
    said: dict[str, Any] = {"name": row.name, "flags": row.flags, "fields": [_field(f) for f in row.fields]}
    if row.words:
        said["words"] = [
            {"name": word.name, "mask": word.mask, "values": _keyed(word.values)}
            | ({"when": word.when} if word.when else {})
            for word in row.words
        ]
    if row.imperial:
        said["imperial"] = row.imperial
    if row.flag_names is not None:
        said["flag_names"] = _keyed(row.flag_names)
    if row.records:
        said["records"] = True
    return said


def _field(field: Field) -> dict[str, Any]:
    said: dict[str, Any] = {"name": field.name, "type": field.type}
    for name in ("when", "unless", "unit", "per", "per_imperial", "maximum", "into"):
        if getattr(field, name):
            said[name] = getattr(field, name)
    if field.absent is not None:
        said["absent"] = list(field.absent)
    if field.codes is not None:
        said["codes"] = _keyed(field.codes)
    if field.bits is not None:
        said["bits"] = _keyed(field.bits)
    for name in ("ranges", "parts"):
        if getattr(field, name):
            said[name] = [_part(part) for part in getattr(field, name)]
    return said


def _part(part: Part) -> dict[str, Any]:
    said: dict[str, Any] = {"name": part.name, "shift": part.shift, "width": part.width}
    if part.codes is not None:
        said["codes"] = _keyed(part.codes)
    if part.other:
        said["other"] = part.other
    return said


def _keyed(names: dict[int, Any]) -> dict[str, Any]:
    return {str(key): value for key, value in names.items()}
