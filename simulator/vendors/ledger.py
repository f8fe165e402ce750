"""What a cloud counts: requests, bursts, budgets that were overdrawn, notifications. And the budgets themselves. Pure."""

from collections import Counter, deque
from datetime import datetime
from typing import Any, Final, Literal

import msgspec

MINUTES: Final = 24 * 60
"""How many minutes of requests are kept."""


class Limit(msgspec.Struct, frozen=True, kw_only=True):
    """At most `requests` in `per_s` seconds, by application, by access token or by account."""

    requests: int
    per_s: int
    scope: Literal["application", "account"] = "application"


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a request was within the budget. `reset_s`: until the next one is."""

    ok: bool
    limit: Limit
    left: int
    reset_s: int


class Budget:
    """One limit over a sliding window. A refused request costs nothing, but it is counted."""

    def __init__(self, limit: Limit) -> None:
        self.limit = limit
        self.refused: Counter[str] = Counter()
        self._seen: dict[str, deque[float]] = {}

    def take(self, key: str, now: datetime) -> Taken:
        moments = self._seen.setdefault(key, deque())
        at = now.timestamp()
        while moments and moments[0] <= at - self.limit.per_s:
            moments.popleft()
        ok = len(moments) < self.limit.requests
        if ok:
            moments.append(at)
        else:
            self.refused[key] += 1
        reset = max(1, round(moments[0] + self.limit.per_s - at)) if moments else self.limit.per_s
        return Taken(ok=ok, limit=self.limit, left=self.limit.requests - len(moments), reset_s=reset)


class Ledger:
    """The books of one cloud."""

    def __init__(self) -> None:
        self._minutes: dict[str, Counter[str]] = {}
        self._seconds: dict[str, tuple[int, int]] = {}
        self._burst: Counter[str] = Counter()
        self._endpoints: Counter[str] = Counter()
        self._statuses: Counter[str] = Counter()
        self._notices: Counter[str] = Counter()
        self._limited: Counter[str] = Counter()

    def asked(self, client: str, now: datetime) -> None:
        minutes = self._minutes.setdefault(client, Counter())
        minutes[now.strftime("%Y-%m-%dT%H:%M")] += 1
        if len(minutes) > MINUTES:
            del minutes[next(iter(minutes))]
        second = int(now.timestamp())
        last, count = self._seconds.get(client, (0, 0))
        count = count + 1 if last == second else 1
        self._seconds[client] = (second, count)
        self._burst[client] = max(self._burst[client], count)

    def answered(self, endpoint: str, status: int) -> None:
        self._endpoints[endpoint] += 1
        self._statuses[str(status)] += 1

    def limited(self, client: str) -> None:
        self._limited[client] += 1

    def notice(self, outcome: str) -> None:
        """`sent`, `dropped`, or how it was answered: `2xx`, `4xx`, `5xx`, `failed`."""
        self._notices[outcome] += 1

    def told(self) -> dict[str, Any]:
        return {
            "requests": sum(self._endpoints.values()),
            "per_minute": {client: dict(minutes) for client, minutes in self._minutes.items()},
            "busiest_second": dict(self._burst),
            "over_limit": dict(self._limited),
            "endpoints": dict(self._endpoints),
            "statuses": dict(self._statuses),
            "notices": dict(self._notices),
        }
