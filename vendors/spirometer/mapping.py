"""Sessions of spirometers → readings. Our own shape, and the one that NuvoAir's launcher hands back."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

from proto.vendors.building import Builder
from proto.vendors.normalized import Context, Normalized
from proto.vendors.partner import (
    device_meta,
    manual_of,
    moment,
    named,
    opened,
    part,
    record_id,
    revision_of,
    rows,
)
from proto.vendors.quantities import HUNDRED, decimal_of, percent_of_fraction, rounded, scaled

VENDOR: Final = "spirometer"
IDS: Final = ("session_id", "id")
LITRES: Final = ("fev1_l", "fvc_l", "fef2575_l_s")
BLOW_FIELDS: Final = (*LITRES, "pef_l_min", "pef_l_s")
SECONDS: Final = 60
PEF_L_S_HIGHEST: Final = 20
"""Nobody blows 20 L/s, and 20 L/min is no blow: a peak flow without a unit is told by its size."""
NUVOAIR: Final = {"feV1": "fev1_l", "fvc": "fvc_l", "ratio": "fev1_fvc", "pef": "pef"}
NUVOAIR_TIMES: Final = ("performed_at", "date", "createdAt", "timestamp")
"""(unverified): no source shows how the launcher names the time of a session."""


def normalize(payloads: Sequence[Any], context: Context) -> Normalized:
    out = Builder(VENDOR, context)
    for payload in payloads:
        launched = part(payload, "measurement") if isinstance(payload, dict) else {}
        if "sessions" in launched:
            for session in rows(launched["sessions"]):
                _session(out, _of_nuvoair(session), context)
            continue
        page = opened(out, payload, ids=IDS)
        for record in page.records:
            _session(out, record, context)
        for name in page.deleted:
            out.delete(named(VENDOR, name))
    return out.done()


def _of_nuvoair(session: dict[str, Any]) -> dict[str, Any]:
    """A session of the launcher in our words."""
    at = next((session[key] for key in NUVOAIR_TIMES if session.get(key)), None)
    best = {ours: session.get(theirs) for theirs, ours in NUVOAIR.items()}
    return {**session, "performed_at": at, "best": best}


def _session(out: Builder, record: dict[str, Any], context: Context) -> None:
    """The session's value is that of its best blow; `predicted` values are nobody's breath."""
    best = part(record, "best") or _best_of(rows(record.get("blows")))
    fields: dict[str, Any] = {name: _positive(best.get(name)) for name in LITRES}
    fields["pef_l_min"] = _peak_flow(best)
    fields["fev1_fvc_pct"] = _ratio(best)
    out.add(
        record_id(VENDOR, record, IDS),
        moment(record, "performed_at", context.timezone),
        fields,
        revision=revision_of(record),
        manual=manual_of(record),
        **device_meta(VENDOR, record),
    )


def _best_of(blows: list[dict[str, Any]]) -> dict[str, Any]:
    """The largest values of the acceptable blows, as ATS/ERS choose them."""
    good = [blow for blow in blows if blow.get("acceptable") is True]
    best: dict[str, Any] = {}
    for name in BLOW_FIELDS:
        values = [number for number in (decimal_of(blow.get(name)) for blow in good) if number is not None]
        if values:
            best[name] = max(values)
    return best


def _peak_flow(best: dict[str, Any]) -> int | float | None:
    per_minute, per_second = _positive(best.get("pef_l_min")), decimal_of(best.get("pef_l_s"))
    if per_minute is not None:
        return per_minute
    if per_second is not None:
        return _positive(per_second * SECONDS)
    bare = decimal_of(best.get("pef"))
    return None if bare is None else _positive(bare * SECONDS if bare < PEF_L_S_HIGHEST else bare)


def _ratio(best: dict[str, Any]) -> int | float | None:
    """As given, a fraction or a percentage; else of the two volumes."""
    given = decimal_of(best.get("fev1_fvc"))
    if given is not None:
        return percent_of_fraction(given) if given > 0 else None
    volume, capacity = decimal_of(best.get("fev1_l")), decimal_of(best.get("fvc_l"))
    if not volume or not capacity or not Decimal(0) < volume <= capacity:
        return None
    return rounded(volume / capacity * HUNDRED, 1)


def _positive(value: Any) -> int | float | None:
    """0 is no blow."""
    return scaled(value) or None
