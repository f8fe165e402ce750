"""Leaves a vendor alone that keeps failing, and tries it again by one account first. One for each process."""

import time
from collections.abc import Callable

import msgspec

from chassis import telemetry
from services.sync.domain import BREAKER_AFTER, breaker_s


class _Standing(msgspec.Struct):
    failures: int = 0
    opened: int = 0
    closed_until: float = 0.0


class Breaker:
    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._vendors: dict[str, _Standing] = {}

    def closed(self) -> list[str]:
        """The vendors that nobody shall ask now. Once the wait is over, one failure is enough to wait again."""
        now = self._clock()
        return [name for name, standing in self._vendors.items() if now < standing.closed_until]

    def succeeded(self, vendor: str) -> None:
        if self._vendors.pop(vendor, None) is not None:
            telemetry.VENDOR_BREAKER.labels(vendor).set(0)

    def failed(self, vendor: str) -> None:
        """Looks that were under way when it was left alone say nothing new: they would add up to a long wait at once."""
        standing = self._vendors.setdefault(vendor, _Standing())
        if self._clock() < standing.closed_until:
            return
        standing.failures += 1
        if standing.failures >= BREAKER_AFTER or standing.opened:
            standing.closed_until = self._clock() + breaker_s(standing.opened)
            standing.opened += 1
            telemetry.VENDOR_BREAKER.labels(vendor).set(1)
