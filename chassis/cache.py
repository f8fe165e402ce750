"""Redis (or Valkey) for what may vanish at any moment: sessions, tickets, counters. Keys hold no health information."""

from typing import Final

import redis.asyncio as redis
from redis.backoff import ExponentialBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from chassis.config import Common
from chassis.log import Log

log = Log("cache")

TIMEOUT_S: Final = 2.0
DOWN: Final = (RedisError, OSError)


class Cache:
    """One client with a pool. Callers catch `DOWN` and refuse: sign-in and tickets fail closed, reads go on."""

    def __init__(self, settings: Common) -> None:
        password = settings.secrets_path / "redis/password"
        self.client: redis.Redis = redis.Redis.from_url(
            settings.redis_url,
            password=password.read_text().strip() if password.is_file() else None,
            socket_timeout=TIMEOUT_S,
            socket_connect_timeout=TIMEOUT_S,
            decode_responses=False,
            retry=Retry(ExponentialBackoff(cap=0.2, base=0.02), 2),
        )
        self._down: str | None = None

    async def start(self) -> None:
        try:
            await self.client.ping()
        except DOWN as error:
            log.warning("cache_not_reachable", error=type(error).__name__)

    async def stop(self) -> None:
        await self.client.aclose()

    def problem(self) -> str | None:
        return None  # losing it refuses sign-in, but everything else goes on: not a reason to leave service
