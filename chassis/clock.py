"""The one place that asks for the time or makes an id. Rules take `now` as an argument instead."""

import os
import time
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

_VERSION_7: Final = 0x7000_8000_0000_0000_0000
_RANDOM: Final = 0x0FFF_3FFF_FFFF_FFFF_FFFF
"""The lower 80 bits of such a UUID: the version and the variant are fixed."""


def now() -> datetime:
    return datetime.now(UTC)


def uuid7() -> UUID:
    """A time-ordered UUID (RFC 9562 §5.7): 48 bits of milliseconds, then 74 random bits."""
    return uuid7s(1)[0]


def uuid7s(count: int) -> list[UUID]:
    """Many of one moment, for one look at the clock and one at the system's randomness."""
    since = (time.time_ns() // 1_000_000 & 0xFFFF_FFFF_FFFF) << 80 | _VERSION_7
    random = os.urandom(10 * count)
    return [
        UUID(int=since | int.from_bytes(random[at : at + 10], "big") & _RANDOM)
        for at in range(0, 10 * count, 10)
    ]
