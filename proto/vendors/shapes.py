"""What answers have in common: rows, columns, which call answered, and what an error says."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any, Final, NamedTuple

from proto.vendors.normalized import FaultClass
from proto.vendors.quantities import decimal_of, rounded

OAUTH_FAULTS: Final[dict[str, FaultClass]] = {
    "invalid_grant": "grant_lost",
    "access_denied": "grant_lost",
    "invalid_token": "auth",
    "expired_token": "auth",
    "insufficient_scope": "forbidden_scope",
    "invalid_request": "invalid_request",
    "invalid_client": "invalid_request",
    "invalid_scope": "invalid_request",
    "unauthorized_client": "invalid_request",
    "unsupported_grant_type": "invalid_request",
    "temporarily_unavailable": "retry_later",
}
"""RFC 6749 §4.1.2.1 and §5.2, RFC 6750 §3.1."""
STATUS_FAULTS: Final[dict[int, FaultClass]] = {
    401: "auth",
    403: "forbidden_scope",
    408: "retry_later",
    410: "vendor_retired",
    429: "rate_limited",
    503: "retry_later",
    504: "retry_later",
}


class Column(NamedTuple):
    """A vendor's key and the field that it becomes: times `factor`, at most `places` decimals. Negative numbers mean
    "none" unless the quantity is `signed`; so does 0 where `zero` is False."""

    source: str
    field: str
    factor: Decimal | int = 1
    places: int = 3
    signed: bool = False
    zero: bool = True


def fields_of(item: dict[str, Any], columns: Iterable[Column]) -> dict[str, Any]:
    """The columns that have a number."""
    found = {column.field: value_of(item.get(column.source), column) for column in columns}
    return {field: value for field, value in found.items() if value is not None}


def value_of(value: Any, column: Column) -> int | float | None:
    number = decimal_of(value)
    if number is None or (number < 0 and not column.signed) or (number == 0 and not column.zero):
        return None
    return rounded(number * column.factor, column.places)


def rows(value: Any) -> list[dict[str, Any]]:
    """The objects of a list; nothing when it is none."""
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def text(value: Any) -> str:
    """A text, or an integer as one (ids come as both); empty for everything else."""
    if isinstance(value, str):
        return value.strip()
    return (
        str(value) if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**30 else ""
    )


def first(item: dict[str, Any], *keys: str) -> Any:
    """The value of the first key that has one: vendors rename keys, and null is no value."""
    return next((item[key] for key in keys if item.get(key) is not None), None)


def called(endpoint: str, names: Iterable[str]) -> str:
    """The last part of an address or word that is one of `names`, in any case; empty when none is."""
    known = {name.lower(): name for name in names}
    parts = endpoint.split("?")[0].lower().split("/")
    return next((known[part] for part in reversed(parts) if part in known), "")


def told_by(item: dict[str, Any], marks: Sequence[tuple[str, Sequence[str]]]) -> str:
    """The first name one of whose keys the item has; empty when none is."""
    return next((name for name, keys in marks if any(key in item for key in keys)), "")


def oauth_fault(payload: Any) -> tuple[FaultClass, str] | None:
    """What `{"error": …}` of an authorization server says."""
    error = payload.get("error") if isinstance(payload, dict) else None
    if not isinstance(error, str) or not error:
        return None
    return OAUTH_FAULTS.get(error, "vendor_error"), error


def status_fault(status: int) -> FaultClass:
    """What an HTTP status of 400 or above means, where a body repeats it."""
    return STATUS_FAULTS.get(status, "invalid_request" if status < 500 else "vendor_error")
