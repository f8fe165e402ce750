"""Cursors: opaque to clients, a base64url of the last row's sort key for us."""

import base64
import binascii
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
