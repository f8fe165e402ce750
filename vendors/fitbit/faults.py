"""What Fitbit's answers say went wrong: errors, a night that is not ready, a grant that ended, the end of the service."""

from typing import Any

from proto.vendors.building import Builder
from proto.vendors.normalized import FaultClass
from proto.vendors.quantities import decimal_of
from vendors.fitbit import tables


def report(out: Builder, answer: dict[str, Any]) -> None:
    errors = answer.get("errors")
    for error in errors if isinstance(errors, list) else []:
        if isinstance(error, dict):
            kind, message = str(error.get("errorType") or "unknown"), str(error.get("message") or "")
            out.fault(class_of(kind, message), kind, _seconds(error.get("retryAfter"), 1))
    error = answer.get("error")
    if isinstance(error, str):
        out.fault(class_of(error, ""), error)
    if _is_gone(answer) or (isinstance(error, dict) and _is_gone(error)):
        out.fault("vendor_retired", tables.GONE)
    if answer.get("collectionType") == tables.REVOKED:
        out.fault("grant_lost", tables.REVOKED)
    meta = answer.get("meta")
    if isinstance(meta, dict) and meta.get("state") == tables.PENDING:
        out.fault("retry_later", tables.PENDING, _seconds(meta.get("retryDuration"), 1000))


def class_of(kind: str, message: str) -> FaultClass:
    """By the type of an error, and by words of its message that say more."""
    said = next((found for words, found in tables.MESSAGES if words in message.lower()), None)
    return said or tables.ERRORS.get(kind.lower(), "vendor_error")


def _is_gone(answer: dict[str, Any]) -> bool:
    return any(decimal_of(answer.get(key)) == tables.GONE for key in tables.GONE_KEYS)


def _seconds(value: Any, per_second: int) -> float | None:
    number = decimal_of(value)
    return None if number is None or number < 0 else float(number / per_second)
