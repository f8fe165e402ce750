"""The contract that we offer partners who publish none (written down in `vendors/generic/README.md`), opened.

Who is meant (`data.user`) is the caller's to look up: one body speaks of one person.
"""

import hashlib
import json
from typing import Any, Final, NamedTuple

from proto.vendors.building import Builder, record_hash
from proto.vendors.instants import Instant, local_text
from proto.vendors.normalized import FaultClass
from proto.vendors.quantities import decimal_of

ID_LONGEST: Final = 150
CREATED: Final = "readings.created"
DELETED: Final = "readings.deleted"
STATUS_CLASS: Final[dict[int, FaultClass]] = {
    400: "invalid_request",
    401: "auth",
    403: "forbidden_scope",
    404: "invalid_request",
    408: "retry_later",
    410: "vendor_retired",
    422: "invalid_request",
    425: "retry_later",
    429: "rate_limited",
    503: "retry_later",
    504: "retry_later",
}
ERROR_CLASS: Final[dict[str, FaultClass]] = {
    "invalid_grant": "grant_lost",
    "access_denied": "grant_lost",
    "invalid_client": "auth",
    "invalid_token": "auth",
    "insufficient_scope": "forbidden_scope",
    "invalid_scope": "forbidden_scope",
    "temporarily_unavailable": "retry_later",
    "server_error": "vendor_error",
}
"""OAuth's words (RFC 6749, 6750); others are a request of ours that was wrong."""


class Page(NamedTuple):
    records: list[dict[str, Any]] = []
    deleted: list[str] = []
    """As the partner calls them, without the vendor's name before."""


def opened(out: Builder, payload: Any, *, ids: tuple[str, ...], lists: tuple[str, ...] = ("items",)) -> Page:
    """A body of the contract, a page of a list, or one record (told by its id). Faults go to `out`."""
    if isinstance(payload, list):
        return Page(rows(payload))
    if not isinstance(payload, dict):
        return Page()
    data = payload.get("data")
    if isinstance(payload.get("type"), str) and isinstance(data, dict) and "records" in data:
        return _of_event(out, payload["type"], data["records"], ids)
    found = next((name for name in lists if isinstance(payload.get(name), list)), None)
    if found is not None:
        return Page(rows(payload[found]))
    if any(id_text(payload.get(key)) for key in ids):
        return Page([payload])
    fault(out, payload)
    return Page()


def _of_event(out: Builder, kind: str, records: Any, ids: tuple[str, ...]) -> Page:
    if kind == CREATED:
        return Page(rows(records))
    if kind == DELETED:
        return Page(deleted=ids_in(records, ids))
    out.unknown(kind)
    return Page()


def fault(out: Builder, payload: dict[str, Any]) -> None:
    """A problem (RFC 9457: `status`) or an OAuth error (`error`). Anything else is no fault."""
    wait = decimal_of(payload.get("retry_after"))
    retry_after = None if wait is None or wait < 0 else float(wait)
    status, error = payload.get("status"), payload.get("error")
    if isinstance(status, int) and not isinstance(status, bool) and 400 <= status <= 599:
        known = STATUS_CLASS.get(status, "vendor_error" if status >= 500 else "invalid_request")
        out.fault(known, payload.get("code") or status, retry_after)
    elif isinstance(error, str) and error:
        out.fault(ERROR_CLASS.get(error, "invalid_request"), error, retry_after)


def rows(value: Any) -> list[dict[str, Any]]:
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def part(record: dict[str, Any], name: str) -> dict[str, Any]:
    """An object within a record; empty where there is none."""
    value = record.get(name)
    return value if isinstance(value, dict) else {}


def id_text(value: Any) -> str:
    """An id is text or a whole number; everything else is none."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    return str(value).strip()


def ids_in(value: Any, ids: tuple[str, ...]) -> list[str]:
    """Of a list of ids, or of records that carry one."""
    found: list[str] = []
    for item in value if isinstance(value, list) else []:
        keys = [item.get(key) for key in ids] if isinstance(item, dict) else [item]
        found += [text for text in map(id_text, keys) if text][:1]
    return found


def record_id(vendor: str, record: dict[str, Any], ids: tuple[str, ...]) -> str:
    """`<vendor>:<its id>`; a record without one is known by all that it says."""
    for text in map(id_text, map(record.get, ids)):
        if text:
            return named(vendor, text)
    return record_hash(vendor, json.dumps(record, sort_keys=True, default=str))


def named(vendor: str, text: str) -> str:
    """Ids of others are kept as they are, if they fit and can be printed."""
    return f"{vendor}:{text}" if len(text) <= ID_LONGEST and text.isprintable() else record_hash(vendor, text)


def revision_of(record: dict[str, Any]) -> int | None:
    value = record.get("revision")
    return value if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63 else None


def manual_of(record: dict[str, Any]) -> bool | None:
    return {"manual": True, "automatic": False}.get(str(record.get("recording_method")))


def device_meta(vendor: str, record: dict[str, Any]) -> dict[str, Any]:
    """`device {model, serial, firmware, battery_pct}` as meta keys. The serial itself is not kept."""
    device = part(record, "device")
    serial = id_text(device.get("serial"))
    return {
        "device_model": device.get("model"),
        "firmware": device.get("firmware"),
        "battery_pct": device.get("battery_pct"),
        "device_serial_hash": serial_hash(vendor, serial) if serial else None,
    }


def serial_hash(vendor: str, serial: str) -> str:
    return hashlib.blake2b(f"{vendor}\x1f{serial}".encode(errors="replace"), digest_size=10).hexdigest()


def moment(record: dict[str, Any], key: str, zone: str) -> Instant | None:
    """A time with an offset, or wall time in the zone that the record or else the caller names."""
    own = record.get("timezone")
    return local_text(record.get(key), own if isinstance(own, str) and own else zone)
