"""The tables as JSON, for the page's preview: both sides read one truth."""

from typing import Any

from services.normalizer.gatt.table import SIZES, Field
from services.normalizer.gatt.tables import CHARACTERISTICS


def export() -> dict[str, Any]:
    """`{"sizes": {type: octets}, "characteristics": {uuid: {name, flags, unit, fields}}}`."""
    return {
        "sizes": dict(SIZES),
        "characteristics": {
            row.uuid: {
                "name": row.name,
                "flags": row.flags,
                "unit": list(row.unit) if row.unit else None,
                "imperial": row.imperial,
                "fields": [_field(field) for field in row.fields],
            }
            for row in CHARACTERISTICS
        },
    }


def _field(field: Field) -> dict[str, Any]:
    said: dict[str, Any] = {"name": field.name, "type": field.type}
    for name in ("when", "unit", "scale", "scale_imperial", "into"):
        if getattr(field, name):
            said[name] = getattr(field, name)
    if field.absent:
        said["absent"] = list(field.absent)
    for name in ("codes", "bits"):
        if getattr(field, name):
            said[name] = {str(key): text for key, text in getattr(field, name).items()}
    for name in ("low", "high"):
        half = getattr(field, name)
        if half:
            said[name] = {"name": half[0], "codes": {str(key): text for key, text in half[1].items()}}
    return said
