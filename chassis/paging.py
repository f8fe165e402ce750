"""What list queries share. Cursors are opaque to clients, a base64url of the last row's sort key for us."""

import base64
import binascii
from datetime import datetime
from typing import Any, TypeVar

import msgspec

from proto.errors import Refused

T = TypeVar("T")
DEFAULT_LIMIT = 100
MAX_LIMIT = 1000


def encode_cursor(*key: Any) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(key)).decode().rstrip("=")


def decode_cursor(cursor: str, type_: type[T]) -> T:
    """The sort key of a cursor, `type_` being a tuple type. Raises 422 `wrong_type` on `cursor`."""
    try:
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        return msgspec.json.decode(raw, type=type_)
    except (binascii.Error, ValueError, msgspec.DecodeError):
        raise Refused("wrong_type", field="cursor") from None


def check_limit(limit: int) -> int:
    """1–1,000, else 422 `out_of_bounds` on `limit`."""
    if not 1 <= limit <= MAX_LIMIT:
        raise Refused("out_of_bounds", field="limit")
    return limit


def moment(text: str | None, field: str) -> datetime | None:
    """An RFC 3339 time of a query with its offset, else 422 `wrong_type` or `timestamp_no_offset` on `field`."""
    if text is None:
        return None
    try:
        # A `+` that was not percent-encoded arrives as a space.
        at = msgspec.convert(text.replace(" ", "+"), datetime)
    except msgspec.ValidationError:
        raise Refused("wrong_type", field=field) from None
    if at.tzinfo is None:
        raise Refused("timestamp_no_offset", field=field)
    return at
