"""Counting, in memory and per process: failed sign-ins, open live connections, frames. Takes `now`; knows no clock."""

from collections import Counter, deque
from collections.abc import Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)


class Window(Generic[K]):
    """At most `limit` events a key within `window_s`."""

    def __init__(self, limit: int, window_s: float, max_keys: int = 50_000) -> None:
        self._limit = limit
        self._window_s = window_s
        self._max_keys = max_keys
        self._events: dict[K, deque[float]] = {}

    def wait_s(self, key: K, now: float) -> float:
        """How long until one more is allowed; 0 = now."""
        events = self._recent(key, now)
        return events[0] + self._window_s - now if len(events) >= self._limit else 0.0

    def count(self, key: K, now: float) -> None:
        if len(self._events) >= self._max_keys:
            self._events = {k: e for k, e in self._events.items() if e and e[-1] > now - self._window_s}
        events = self._recent(key, now)
        events.append(now)
        if len(events) > self._limit:
            events.popleft()
        self._events[key] = events

    def _recent(self, key: K, now: float) -> deque[float]:
        events = self._events.get(key)
        if events is None:
            return deque()
        while events and events[0] <= now - self._window_s:
            events.popleft()
        if not events:
            del self._events[key]
        return events


class Bucket:
    """A token bucket: `rate` a second, and as many at once."""

    __slots__ = ("_at", "_left", "_rate")

    def __init__(self, rate: float, now: float) -> None:
        self._rate = rate
        self._left = rate
        self._at = now

    def take(self, now: float) -> bool:
        self._left = min(self._rate, self._left + (now - self._at) * self._rate)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True


class Seats(Generic[K]):
    """How many of something are open at once, per key."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._taken: Counter[K] = Counter()

    def take(self, key: K) -> bool:
        if self._taken[key] >= self._limit:
            return False
        self._taken[key] += 1
        return True

    def leave(self, key: K) -> None:
        self._taken[key] -= 1
        if self._taken[key] <= 0:
            del self._taken[key]
