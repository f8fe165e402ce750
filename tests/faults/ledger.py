"""The independent book: what was handed over, what was acknowledged, and what live clients saw. Knows no database."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from time import monotonic
from typing import NamedTuple

Reading = tuple[str, datetime]
"""A connection and a time; every reading of these tests has a time of its own."""


class Refusal(NamedTuple):
    """An answer to a request that was not a 202. Status 0: none came; `sent`: although the request had been sent."""

    at: float
    edge: str
    """Where it was asked."""
    status: int
    took_s: float
    sent: bool
    retry_after: bool
    """Whether it says when to come back."""


class Wait(NamedTuple):
    """How long somebody waited for an answer, whatever it was, and when that had an end."""

    at: float
    edge: str
    took_s: float


@dataclass
class Sight:
    """What one live client saw of its patient, in the order in which it came."""

    patient_id: str
    name: str
    ids: list[str] = field(default_factory=list)
    at: dict[Reading, float] = field(default_factory=dict)
    gaps: int = 0
    connections: int = 0
    codes: Counter[int] = field(default_factory=Counter)
    """Close codes of its sockets."""

    def see(self, id: str, reading: Reading) -> None:
        self.ids.append(id)
        self.at.setdefault(reading, monotonic())


@dataclass
class Ledger:
    """Moments are monotonic seconds."""

    handed: dict[Reading, float] = field(default_factory=dict)
    acknowledged: dict[Reading, float] = field(default_factory=dict)
    """A 202 by HTTP, a receipt `stored` at a hub."""
    rejected: list[tuple[Reading, str]] = field(default_factory=list)
    answers: Counter[int] = field(default_factory=Counter)
    """Every HTTP answer by status; 0: none came."""
    refusals: list[Refusal] = field(default_factory=list)
    waits: list[Wait] = field(default_factory=list)
    sights: list[Sight] = field(default_factory=list)

    def hand(self, reading: Reading) -> None:
        self.handed.setdefault(reading, monotonic())

    def acknowledge(self, reading: Reading) -> None:
        self.acknowledged.setdefault(reading, monotonic())

    def answer(
        self, edge: str, status: int, took_s: float, *, sent: bool = True, retry_after: bool = False
    ) -> None:
        self.answers[status] += 1
        self.waits.append(Wait(monotonic(), edge, took_s))
        if status != 202:
            self.refusals.append(Refusal(monotonic(), edge, status, took_s, sent, retry_after))

    def mute(self) -> int:
        """Answers 503 that do not say when to come back."""
        return sum(answer.status == 503 and not answer.retry_after for answer in self.refusals)

    def longest_wait(self, devices: set[str]) -> float:
        """From the moment a reading of one of these connections was handed over to its acknowledgement, seconds."""
        waits = (
            self.acknowledged[each] - self.handed[each] for each in self.acknowledged if each[0] in devices
        )
        return max(waits, default=0.0)

    def delays(self) -> list[float]:
        """From the acknowledgement to the first live client that saw it, seconds."""
        first: dict[Reading, float] = {}
        for sight in self.sights:
            for reading, moment in sight.at.items():
                first[reading] = min(moment, first.get(reading, moment))
        return [
            max(0.0, first[reading] - moment)
            for reading, moment in self.acknowledged.items()
            if reading in first
        ]

    def unseen(self) -> set[Reading]:
        """Acknowledged, and not shown to anybody yet."""
        return set(self.acknowledged) - {reading for sight in self.sights for reading in sight.at}

    def catch_up(self, since: float) -> float | None:
        """How many times faster than they arrived the readings were shown while a backlog was worked off.

        None where there was none worth the name. `since`: the moment of the break.
        """
        seen = sorted(moment for sight in self.sights for moment in sight.at.values() if moment >= since)
        arrived = sorted(moment for moment in self.acknowledged.values() if moment >= since)
        if len(arrived) < 2 or len(seen) < 2:
            return None
        rate = len(arrived) / max(arrived[-1] - arrived[0], 0.001)
        window = 0.5
        most = start = 0
        for end, moment in enumerate(seen):
            while seen[start] < moment - window:
                start += 1
            most = max(most, end - start + 1)
        return most / window / rate if max(self.delays(), default=0.0) > window else None
