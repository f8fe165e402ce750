"""Dexcom's records → readings. Times are `systemTime`, UTC also where it has no offset; `displayTime` is what a clock
showed, right or wrong, and is kept as local time only."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, Final

from proto.vendors.building import Builder, record_hash
from proto.vendors.instants import Instant, local_text
from proto.vendors.normalized import Context, FaultClass, Normalized
from proto.vendors.quantities import MG_DL_PER_MMOL_L, decimal_of, glucose_fields, scaled

VENDOR: Final = "dexcom"
MG_DL: Final = "mg/dl"
MMOL_L: Final = "mmol/l"
RATES: Final[dict[str, Decimal | int]] = {f"{MG_DL}/min": 1, f"{MMOL_L}/min": MG_DL_PER_MMOL_L}
TRENDS: Final = {
    "none": "none",
    "unknown": "unknown",
    "doubleup": "double_up",
    "singleup": "single_up",
    "fortyfiveup": "forty_five_up",
    "flat": "flat",
    "fortyfivedown": "forty_five_down",
    "singledown": "single_down",
    "doubledown": "double_down",
    "notcomputable": "not_computable",
    "rateoutofrange": "rate_out_of_range",
}
SHAPES: Final = {
    "eventType": "event",
    "alertName": "alert",
    "alertSchedules": "device",
    "lastUploadDate": "device",
    "trend": "egv",
    "trendRate": "egv",
    "status": "egv",
    "rateUnit": "egv",
}
"""A key that only one type of record has, for answers that do not say what they are."""
NO_READINGS: Final = frozenset({"device", "datarange"})
ENDPOINTS: Final = {
    "egvs": "egv",
    "events": "event",
    "calibrations": "calibration",
    "alerts": "alert",
    "devices": "device",
}
FAULT_WORDS: Final[tuple[tuple[str, FaultClass], ...]] = (
    ("invalid_grant", "grant_lost"),
    ("access_denied", "grant_lost"),
    ("scope", "forbidden_scope"),
    ("forbidden", "forbidden_scope"),
    ("quota", "rate_limited"),
    ("ratelimit", "rate_limited"),
    ("rate_limit", "rate_limited"),
    ("toomany", "rate_limited"),
    ("token", "auth"),
    ("unauthorized", "auth"),
    ("unavailable", "retry_later"),
    ("timeout", "retry_later"),
    ("invalid", "invalid_request"),
    ("badrequest", "invalid_request"),
    ("notfound", "invalid_request"),
    ("unsupported", "invalid_request"),
)
"""Error bodies are not published: words of their codes, the first that fits (unverified)."""


def normalize(payloads: Sequence[Any], context: Context) -> Normalized:
    out = Builder(VENDOR, context)
    for payload in payloads:
        if not isinstance(payload, dict):
            continue
        for code in _faults(payload):
            out.fault(_class_of(code), code)
        asked = context.endpoint.partition("?")[0].rstrip("/").rsplit("/", 1)[-1]
        said = _text(payload.get("recordType")).lower() or ENDPOINTS.get(asked, "")
        for record in _rows(payload.get("records")):
            kind = said or _shape(record)
            add = RECORDS.get(kind)
            if add is not None:
                add(out, record, context)
            elif kind not in NO_READINGS:
                out.unknown(kind)
    return out.done()


def _egv(out: Builder, record: dict[str, Any], context: Context) -> None:
    unmapped: list[str] = []
    fields = _glucose(record, _text(record.get("status")).lower(), unmapped)
    if "glucose_mg_dL" in fields:  # an arrow or a rate without a value says nothing
        factor = RATES.get(_text(record.get("rateUnit")).lower())
        fields["glucose_trend"] = _trend(record.get("trend"), unmapped)
        fields["glucose_trend_rate_mg_dL_min"] = (
            None if factor is None else scaled(record.get("trendRate"), factor)
        )
    _add(out, record, "egv", fields, unmapped, manual=False)


def _event(out: Builder, record: dict[str, Any], context: Context) -> None:
    """What a person entered. A finger prick is a reading; carbohydrates, insulin and sport have no name here. No time of
    an edit is told: it is when it was first seen."""
    kind, status = _text(record.get("eventType")), _text(record.get("eventStatus")).lower()
    if status == "deleted":
        out.delete(_id(record, "event"))
        return
    if kind.lower() != "bloodglucose":
        out.unknown(kind)
        return
    unmapped: list[str] = []
    fields = _glucose(record, "", unmapped)
    seen = 1 if context.now is None else int(context.now.timestamp() * 1000)
    revision = seen if status == "updated" else None
    _add(out, record, "event", fields, unmapped, manual=True, measurement_site="capillary", revision=revision)


def _glucose(record: dict[str, Any], marker: str, unmapped: list[str]) -> dict[str, Any]:
    """LOW and HIGH are told by the value. A status counts only where there is none: it can mean the person's own
    limits. A value without a unit that is known is no value."""
    unit, value = _text(record.get("unit")).lower(), decimal_of(record.get("value"))
    if value is not None and unit not in (MG_DL, MMOL_L):
        unmapped.append(f"unit:{record.get('unit')}")
        return {}
    return (
        glucose_fields(mmol_l=value, marker=marker)
        if unit == MMOL_L
        else glucose_fields(value, marker=marker)
    )


def _trend(said: Any, unmapped: list[str]) -> str | None:
    if not isinstance(said, str) or not said:
        return None
    found = TRENDS.get(said.lower())
    if found is None:
        unmapped.append(f"trend:{said}")
    return found or "unknown"


def _add(
    out: Builder,
    record: dict[str, Any],
    kind: str,
    fields: dict[str, Any],
    unmapped: list[str],
    **meta: Any,
) -> None:
    unit, generation = _text(record.get("unit")), _text(record.get("transmitterGeneration"))
    out.add(
        _id(record, kind),
        _at(record),
        fields,
        unmapped=unmapped,
        device_model=None if generation == "unknown" else generation,
        device_serial_hash=record.get("transmitterId"),
        local_time=record.get("displayTime"),
        source_unit=unit if unit.lower() == MMOL_L else None,
        **meta,
    )


def _at(record: dict[str, Any]) -> Instant | None:
    """Receivers write no offset: it is UTC nevertheless."""
    found = local_text(record.get("systemTime"), "UTC")
    return None if found is None else Instant(found.at)


def _calibration(out: Builder, record: dict[str, Any], context: Context) -> None:
    """A finger prick that a sensor was set by: part of how it was used, not of what it measured."""
    out.unknown("calibration")


def _id(record: dict[str, Any], kind: str) -> str:
    known = record.get("recordId")
    if isinstance(known, str | int) and not isinstance(known, bool) and known != "":
        return f"{VENDOR}:{known}"
    return record_hash(VENDOR, kind, record.get("systemTime"), record.get("transmitterId"))


def _shape(record: dict[str, Any]) -> str:
    return next(
        (kind for key, kind in SHAPES.items() if key in record), "calibration" if "value" in record else ""
    )


def _faults(payload: dict[str, Any]) -> list[str]:
    """Codes of `{"errors": […]}`, `{"fault": {…}}` and `{"error": "…"}`; each text or an object."""
    errors = payload.get("errors")
    found = [*(errors if isinstance(errors, list) else []), payload.get("fault"), payload.get("error")]
    return [_code(item) for item in found if item]


def _code(item: Any) -> str:
    if not isinstance(item, dict):
        return str(item)
    detail = item.get("detail")
    inner = detail.get("errorcode") if isinstance(detail, dict) else None
    return str(inner or item.get("code") or item.get("errorType") or item.get("faultstring") or "unknown")


def _class_of(code: str) -> FaultClass:
    plain = code.lower().replace(" ", "").replace("-", "_")
    return next((found for word, found in FAULT_WORDS if word in plain), "vendor_error")


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _rows(value: Any) -> list[dict[str, Any]]:
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


RECORDS: Final[dict[str, Callable[[Builder, dict[str, Any], Context], None]]] = {
    "egv": _egv,
    "event": _event,
    "calibration": _calibration,
}
"""What is done with each type of record. Devices and ranges hold no readings; others are named."""
