"""So many a minute for each vendor, in windows of a second, in this process."""

import time
from collections.abc import Callable


class Rate:
    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit = max(1, per_minute // 60)
        self._clock = clock
        self._window = 0
        self._used: dict[str, int] = {}

    def take(self, key: str) -> bool:
        """Whether there is room for one more."""
        window = int(self._clock())
        if window != self._window:
            self._window = window
            self._used.clear()
        used = self._used.get(key, 0)
        self._used[key] = used + 1
        return used < self._limit
