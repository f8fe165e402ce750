"""Temperatures of Kinsa thermometers → readings. The shape is ours until Kinsa supplies theirs."""

from collections.abc import Sequence
from typing import Any, Final

from proto.vendors.building import Builder
from proto.vendors.normalized import Context, Normalized
from proto.vendors.partner import (
    device_meta,
    id_text,
    manual_of,
    moment,
    named,
    opened,
    part,
    record_id,
    revision_of,
)
from proto.vendors.units import converted, unit_of

VENDOR: Final = "kinsa"
IDS: Final = ("reading_id", "id")
FIELD: Final = "body_temperature_c"
LOWEST: Final = 30
HIGHEST: Final = 45
"""What a living person can have, °C; outside it was the room or the tea."""


def normalize(payloads: Sequence[Any], context: Context) -> Normalized:
    """Pages and bodies of readings. Symptoms that come along are not read: nobody consented to them."""
    out = Builder(VENDOR, context)
    for payload in payloads:
        page = opened(out, payload, ids=IDS)
        for record in page.records:
            _temperature(out, record, context)
        for name in page.deleted:
            out.delete(named(VENDOR, name))
    return out.done()


def _temperature(out: Builder, record: dict[str, Any], context: Context) -> None:
    written = part(record, "temperature").get("unit")
    unit = unit_of(written, "°C")
    if unit is None:
        out.unknown(f"temperature:{written}")
        return
    value = converted(part(record, "temperature").get("value"), unit, "°C")
    plausible = value is None or LOWEST <= value <= HIGHEST
    out.add(
        record_id(VENDOR, record, IDS),
        moment(record, "taken_at", context.timezone),
        {FIELD: value if plausible else None},
        revision=revision_of(record),
        manual=manual_of(record),
        unmapped=() if plausible else (FIELD,),
        measurement_site=record.get("site"),
        source_unit=str(written) if unit.converts else None,
        # One thermometer serves a household: without a profile it may be anybody's.
        ambiguous_user=None if id_text(record.get("profile_ref")) else True,
        **device_meta(VENDOR, record),
    )
