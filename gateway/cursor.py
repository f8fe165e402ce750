"""Where somebody stands in the live stream, as an opaque text: incarnation of the stream, sequence, part of the message.

One message holds several readings and each is its own frame, so a cut in the middle resumes in the middle; and a stream
that was made anew counts from 1 again, so a sequence alone would lie.
"""

import base64
import binascii
import struct
from datetime import datetime
from typing import Final, NamedTuple

LAST: Final = 0xFFFF_FFFF
"""The part number of a message's last frame: whoever has it has the whole message."""
_FORM: Final = struct.Struct(">QQI")


class Position(NamedTuple):
    """Compared in order: (sequence, part)."""

    sequence: int
    part: int


class Cursor(NamedTuple):
    incarnation: int
    """When the stream was made, microseconds since 1970."""
    sequence: int
    part: int

    @property
    def position(self) -> Position:
        return Position(self.sequence, self.part)


def incarnation_of(created: datetime) -> int:
    return int(created.timestamp() * 1_000_000)


def encode(cursor: Cursor) -> str:
    return base64.urlsafe_b64encode(_FORM.pack(*cursor))[:27].decode("ascii")


def decode(text: str) -> Cursor | None:
    """None for anything that `encode` did not make."""
    if len(text) != 27:
        return None
    try:
        packed = base64.b64decode(text.encode("ascii") + b"=", altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        return None
    if len(packed) != _FORM.size:
        return None
    return Cursor(*_FORM.unpack(packed))


def is_lost(cursor: Cursor, incarnation: int, first_sequence: int) -> bool:
    """Whether the stream no longer holds what came after a cursor."""
    if cursor.incarnation != incarnation:
        return True
    next_needed = cursor.sequence + 1 if cursor.part == LAST else cursor.sequence
    return next_needed < first_sequence
