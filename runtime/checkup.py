"""When a server that runs, but says that it is unwell, is started again. Pure: the caller has clock, disk and process.

NATS is the case: after a failed write a stream stays frozen until the server restarts, also when there is space again.
"""

from typing import Final, Literal

UNWELL_S: Final = 5.0
"""What it has said for this long does not pass by itself."""
LONGEST_S: Final = 300.0
WELL_S: Final = 60.0
"""One that was well for this long has recovered: the next time is the first again."""
ENOUGH_FREE: Final = 64 * 1024 * 1024
"""Bytes; some of the blocks that NATS writes. With less, a new start would end in the same place."""


def patience_s(restarts: int) -> float:
    """How long to wait before the next start, after so many in a row that did not help."""
    return float(min(LONGEST_S, UNWELL_S * 3 ** min(restarts, 10)))


class Checkup:
    """What one server has said of itself lately. `now` is monotonic seconds."""

    def __init__(self) -> None:
        self._unwell_since: float | None = None
        self._well_since: float | None = None
        self._restarts = 0
        self._told = False

    def judge(self, ailment: str | None, free: int, now: float) -> Literal["tell", "restart"] | None:
        """`tell`: a person has to make space, and is told once. `restart`: there is space, so it may help."""
        if ailment is None:
            self._unwell_since, self._told = None, False
            self._well_since = now if self._well_since is None else self._well_since
            if now - self._well_since >= WELL_S:
                self._restarts = 0
            return None
        self._well_since = None
        self._unwell_since = now if self._unwell_since is None else self._unwell_since
        if now - self._unwell_since < patience_s(self._restarts):
            return None
        if free < ENOUGH_FREE:
            if self._told:
                return None
            self._told = True
            return "tell"
        self._unwell_since, self._told = None, False
        self._restarts += 1
        return "restart"
