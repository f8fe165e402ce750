"""What a hub has not been told to forget yet. Pure bookkeeping: takes `now`, sends nothing, reads no clock.

A reading stays until a receipt names it. It is due at once, again after `resend_s` without a receipt, and again soon
after a reconnect; jitter keeps a thousand hubs from doing so in the same second.
"""

import random
from collections.abc import Iterable
from typing import Any, Protocol

import msgspec


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """One message of a branch (`up/gatt`, `up/readings`) in the form in which it goes out."""

    event_id: str
    topic: str
    message: dict[str, Any]


class Journal(Protocol):
    """Where an outbox outlives its process."""

    def added(self, kept: Kept) -> None: ...
    def forgotten(self, event_ids: Iterable[str]) -> None: ...


class Counters(msgspec.Struct):
    """`sent`: messages given to the broker for the first time; `resent`: again. The others count event ids."""

    sent: int = 0
    resent: int = 0
    receipts: int = 0
    rejected: int = 0


class _Entry(msgspec.Struct):
    kept: Kept
    due: float
    tries: int = 0


class Outbox:
    """The queue of one hub. Times are seconds of any clock that does not go back."""

    def __init__(self, resend_s: float, rng: random.Random, journal: Journal | None = None) -> None:
        self._resend_s = resend_s
        self._rng = rng
        self._journal = journal
        self._entries: dict[str, _Entry] = {}
        self.counters = Counters()

    def __len__(self) -> int:
        return len(self._entries)

    def restore(self, kept: Iterable[Kept], now: float) -> None:
        """What an earlier process left behind; it may have been sent already."""
        for one in kept:
            self._entries[one.event_id] = _Entry(one, now, tries=1)

    def add(self, kept: Kept, now: float) -> None:
        if kept.event_id in self._entries:
            return
        self._entries[kept.event_id] = _Entry(kept, now)
        if self._journal:
            self._journal.added(kept)

    def due(self, now: float, limit: int = 50) -> list[Kept]:
        """The oldest messages that shall go out now, all for one topic."""
        ready: list[Kept] = []
        for entry in self._entries.values():
            if entry.due <= now and (not ready or ready[0].topic == entry.kept.topic):
                ready.append(entry.kept)
                if len(ready) == limit:
                    break
        return ready

    def next_due(self) -> float | None:
        return min((entry.due for entry in self._entries.values()), default=None)

    def sent(self, event_ids: Iterable[str], now: float) -> None:
        """They are on their way to the broker; the platform may never see them."""
        for event_id in event_ids:
            entry = self._entries.get(event_id)
            if entry is None:
                continue
            if entry.tries:
                self.counters.resent += 1
            else:
                self.counters.sent += 1
            entry.tries += 1
            entry.due = now + self._resend_s * self._rng.uniform(1.0, 1.2)

    def receipt(self, event_ids: Iterable[str], status: str) -> list[str]:
        """Forgets what is settled, and says which ids of the receipt were waited for."""
        known = [event_id for event_id in event_ids if self._entries.pop(event_id, None) is not None]
        if status == "rejected":
            self.counters.rejected += len(known)
        else:
            self.counters.receipts += len(known)
        if known and self._journal:
            self._journal.forgotten(known)
        return known

    def reconnected(self, now: float) -> None:
        """A receipt may have been missed meanwhile: everything unsettled is sent again, spread over a moment."""
        spread = min(5.0, self._resend_s / 10)
        for entry in self._entries.values():
            if entry.tries:
                entry.due = now + self._rng.uniform(0, spread)
