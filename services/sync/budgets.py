"""How often a vendor may be asked: one count for all replicas, in Valkey, and the waits that a vendor has imposed.

Each limit of a manifest is a bucket by the generic cell rate algorithm (ITU-T I.371): requests are spread evenly, with a
burst of a tenth; burst and pace together keep to the limit in every window of its length. Without Valkey each process keeps to half of every limit by itself: no vendor is hammered because
something of ours is down.
"""

import time
from collections.abc import Callable
from typing import Final

import msgspec

from chassis.cache import DOWN, Cache
from chassis.log import Log
from proto.vendors.manifest import Manifest, RateLimit

log = Log("budgets")

BURST: Final = 0.1
SHARE: Final = 0.9
"""Of a limit; the rest is for sign-ins, clocks that disagree, and an operator who tries something by hand."""
KEPT_FREE: Final = 0.05
"""Of a limit: people who are signing in wait for no import."""
_TAKE: Final = """
local now = redis.call('TIME')
local at = now[1] * 1000 + math.floor(now[2] / 1000)
local wait = 0
for i = 1, #KEYS do
  local kind = ARGV[i * 3 - 2]
  local known = tonumber(redis.call('GET', KEYS[i]) or '0')
  if kind == 'pause' then
    wait = math.max(wait, known - at)
  else
    wait = math.max(wait, known - at - tonumber(ARGV[i * 3]))
  end
end
if wait > 0 then return wait end
for i = 1, #KEYS do
  if ARGV[i * 3 - 2] == 'rate' then
    local step, slack = tonumber(ARGV[i * 3 - 1]), tonumber(ARGV[i * 3])
    local known = tonumber(redis.call('GET', KEYS[i]) or '0')
    redis.call('SET', KEYS[i], math.max(known, at) + step, 'PX', math.ceil(slack + step * 2 + 1000))
  end
end
return 0
"""
"""All buckets of a request are looked at first and only taken from together. Answers milliseconds to wait, 0 = go."""


def burst_of(limit: RateLimit) -> int:
    """So many requests may go at once after a pause."""
    return max(1, int(limit.requests * BURST))


def kept_free(manifest: Manifest) -> Manifest | None:
    """A vendor's limits as people who are signing in have them for themselves; None where so little is not kept apart."""
    limits = tuple(
        msgspec.structs.replace(limit, requests=int(limit.requests * KEPT_FREE)) for limit in manifest.limits
    )
    if not all(limit.requests for limit in limits):
        return None
    return msgspec.structs.replace(manifest, limits=limits)


def step_ms(limit: RateLimit) -> float:
    """The even pace: what the burst may take at once is not given a second time within the window."""
    return limit.per_s * 1000 / max(1.0, limit.requests * SHARE - burst_of(limit))


def slack_ms(limit: RateLimit) -> float:
    """How far a burst may run ahead of the even pace."""
    return step_ms(limit) * (burst_of(limit) - 1)


class Budgets:
    """One for each process."""

    def __init__(self, cache: Cache, clock: Callable[[], float] = time.monotonic) -> None:
        self._cache = cache
        self._take = cache.client.register_script(_TAKE)
        self._clock = clock
        self._local: dict[str, float] = {}

    async def take(self, manifest: Manifest, account: str, *, by_person: bool = False) -> float:
        """Seconds to wait before the next request may go; 0.0 = it was counted and may go now.

        `by_person`: somebody waits at the page; what is kept free for them is tried first.
        """
        free = kept_free(manifest) if by_person else None
        if free is not None and await self._take_from(free, account, ":people") == 0:
            return 0.0
        return await self._take_from(manifest, account, "")

    async def _take_from(self, manifest: Manifest, account: str, whose: str) -> float:
        keys, arguments = (
            [f"dc:vendor:{manifest.name}:pause", f"dc:vendor:{manifest.name}:{account}:pause"],
            [],
        )
        arguments += ["pause", "0", "0"] * 2
        for number, limit in enumerate(manifest.limits):
            keys.append(_key(manifest, limit, number, account) + whose)
            arguments += ["rate", repr(step_ms(limit)), repr(slack_ms(limit))]
        try:
            wait = int(await self._take(keys=keys, args=arguments)) / 1000
            if wait <= 0:
                self._spend(self._buckets(manifest, account, whose))
            return wait
        except DOWN as error:
            log.warning("budget_kept_locally", error=type(error).__name__, vendor=manifest.name)
            return self._take_locally(manifest, account, whose)

    async def pause(self, manifest: Manifest, account: str | None, seconds: float) -> None:
        """The vendor said to wait: everybody does (or, with an account, everybody who asks for it)."""
        key = f"dc:vendor:{manifest.name}:{account}:pause" if account else f"dc:vendor:{manifest.name}:pause"
        self._local[key] = self._clock() + seconds
        try:
            at = time.time_ns() // 1_000_000 + int(seconds * 1000)
            await self._cache.client.set(key, at, px=max(1, int(seconds * 1000)))
        except DOWN as error:
            log.warning("pause_kept_locally", error=type(error).__name__, vendor=manifest.name)

    def _take_locally(self, manifest: Manifest, account: str, whose: str) -> float:
        now = self._clock()
        pauses = (f"dc:vendor:{manifest.name}:pause", f"dc:vendor:{manifest.name}:{account}:pause")
        wait = max(0.0, *(self._local.get(key, 0.0) - now for key in pauses))
        buckets = self._buckets(manifest, account, whose)
        for key, limit in buckets:
            wait = max(wait, self._local.get(key, 0.0) - now - slack_ms(limit) / 1000)
        if wait > 0:
            return wait
        self._spend(buckets)
        return 0.0

    @staticmethod
    def _buckets(manifest: Manifest, account: str, whose: str) -> list[tuple[str, RateLimit]]:
        return [(_key(manifest, limit, n, account) + whose, limit) for n, limit in enumerate(manifest.limits)]

    def _spend(self, buckets: list[tuple[str, RateLimit]]) -> None:
        """Also what Valkey counted: when it is not heard of for a moment, no burst is given a second time."""
        now = self._clock()
        for key, limit in buckets:
            step = 2 * step_ms(limit) / 1000
            full = now + slack_ms(limit) / 1000 + step
            self._local[key] = min(full, max(self._local.get(key, 0.0), now) + step)


def _key(manifest: Manifest, limit: RateLimit, number: int, account: str) -> str:
    whose = account if limit.scope == "account" else "all"
    return f"dc:vendor:{manifest.name}:{number}:{whose}"
