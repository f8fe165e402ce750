"""Puffs of smart inhalers → readings. Our own shape, and the one that tests of Teva's platform show.

Places of use are never read.
"""

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
    rows,
)
from proto.vendors.quantities import scaled

VENDOR: Final = "inhaler"
IDS: Final = ("event_id", "id")
TEVA: Final = "teva"
TEVA_IDS: Final = ("id",)
QUALITY: Final = {"good": "good", "fair": "fair", "low": "poor", "poor": "poor"}
NO_PUFF: Final = ("errorcode", "error", "noinhalation", "exhalation")
"""Categories of events in which nothing was inhaled, without case and separators; how the last two are written is
(unverified)."""


def normalize(payloads: Sequence[Any], context: Context) -> Normalized:
    """`/data/inhalation` of Teva's platform, and pages and bodies of our own. Lists of devices and keys hold no puff."""
    out = Builder(VENDOR, context)
    for payload in payloads:
        if isinstance(payload, dict) and "inhalations" in payload:
            for row in rows(payload["inhalations"]):
                _inhalation(out, row, context)
            continue
        page = opened(out, payload, ids=IDS, lists=("items", "events"))
        for record in page.records:
            _event(out, record, context)
        for name in page.deleted:
            out.delete(named(VENDOR, name))
    return out.done()


def _inhalation(out: Builder, row: dict[str, Any], context: Context) -> None:
    """One inhalation is one puff, unless its category says that there was none. L/min and L are (unverified)."""
    category = str(row.get("category") or "")
    if _is_no_puff(category):
        out.unknown(f"category:{category}")
        return
    out.add(
        record_id(TEVA, row, TEVA_IDS),
        moment(row, "time", context.timezone),
        {
            "inhaler_puffs": 1,
            "inhaler_medication": _name(row.get("drug")),
            "inhalation_peak_flow_l_min": _positive(row.get("peakFlow")),
            "inhalation_volume_l": _positive(row.get("volume")),
            "inhalation_quality": _quality(category),
        },
        manual=False,
        unmapped=_unknown(category),
    )


def _event(out: Builder, record: dict[str, Any], context: Context) -> None:
    """Puffs in a burst stay events of their own: whoever counts decides what a dose is. A test spray is none."""
    category = str(record.get("quality") or "")
    if record.get("test") is True or _is_no_puff(category):
        return
    medication = record.get("medication")
    name = medication.get("name") if isinstance(medication, dict) else medication
    measured = {
        "inhaler_puffs": _positive(scaled(record.get("puffs"), 1, 0)),
        "inhalation_peak_flow_l_min": _positive(part(record, "inhalation").get("peak_flow_l_min")),
        "inhalation_volume_l": _positive(part(record, "inhalation").get("volume_l")),
    }
    if not any(measured.values()):
        return
    out.add(
        record_id(VENDOR, record, IDS),
        moment(record, "actuated_at", context.timezone),
        {**measured, "inhaler_medication": _name(name), "inhalation_quality": _quality(category)},
        revision=revision_of(record),
        manual=manual_of(record),
        unmapped=_unknown(category),
        **device_meta(VENDOR, record),
    )


def _is_no_puff(category: str) -> bool:
    plain = "".join(char for char in category.casefold() if char.isalnum())
    return plain.startswith(NO_PUFF)


def _quality(category: str) -> str | None:
    return QUALITY.get(category.casefold(), "unknown") if category else None


def _unknown(category: str) -> tuple[str, ...]:
    return (f"category:{category}",) if category and category.casefold() not in QUALITY else ()


def _positive(value: Any) -> int | float | None:
    """0 and -1 say that nothing was measured."""
    number = scaled(value)
    return number if number is not None and number > 0 else None


def _name(value: Any) -> str | None:
    return id_text(value) or None
