"""One holder at a time: a key in the `leases` bucket, which vanishes unless it is renewed. Knows nothing of what it guards."""

import asyncio
import time
from typing import Final

from nats.errors import Error
from nats.js.errors import APIError, KeyNotFoundError, KeyWrongLastSequenceError
from nats.js.kv import KeyValue

from chassis.bus import Bus
from chassis.clock import uuid7
from chassis.log import Log
from chassis.resource import Job
from proto.errors import Unavailable
from proto.subjects import BUCKETS

log = Log("lease")

TURN_S: Final = 1.5
ANSWER_S: Final = 1.0


class Lease(Job):
    """Held from `wait()` until `lost()`. A holder that cannot renew gives up when its key may have expired, not before:
    a restart of NATS does not interrupt it. Stopping hands over at once."""

    def __init__(self, bus: Bus, bucket: str, key: str) -> None:
        super().__init__(f"lease:{key}", TURN_S, self._turn, at_start=True)
        self._bus = bus
        self._bucket = bucket
        self._key = key
        self._ttl_s = next(row.ttl_s for row in BUCKETS if row.name == bucket)
        self._me = uuid7().hex.encode()
        self._revision: int | None = None
        self._renewed_at = 0.0
        self._held = asyncio.Event()
        self._lost = asyncio.Event()

    @property
    def held(self) -> bool:
        return self._held.is_set()

    async def wait(self) -> None:
        await self._held.wait()

    async def lost(self) -> None:
        await self._lost.wait()

    async def stop(self) -> None:
        await super().stop()
        if not self.held:
            return
        self._let_go("stopped")
        try:
            async with asyncio.timeout(ANSWER_S):
                kv = await self._bus.js.key_value(self._bucket)
                await kv.delete(self._key, last=self._revision)
        except (Error, APIError, Unavailable, TimeoutError) as error:
            log.warning("lease_not_given_back", error=type(error).__name__)

    async def _turn(self) -> None:
        asked_at = time.monotonic()
        try:
            async with asyncio.timeout(ANSWER_S):
                kv = await self._bus.js.key_value(self._bucket)
                self._revision = await self._claim(kv)
        except KeyWrongLastSequenceError:
            if self.held:
                self._let_go("taken")
        except (Error, APIError, Unavailable, TimeoutError) as error:
            if self.held and time.monotonic() + TURN_S - self._renewed_at >= self._ttl_s:
                self._let_go(type(error).__name__)
        else:
            self._renewed_at = asked_at
            if not self.held:
                log.info("lease_taken", name=self._key)
                self._lost.clear()
                self._held.set()

    async def _claim(self, kv: KeyValue) -> int:
        """The revision under which the key is ours. Raises `KeyWrongLastSequenceError` when it is another's."""
        if self._revision is not None:
            try:
                return await kv.update(self._key, self._me, last=self._revision)
            except KeyWrongLastSequenceError:  # expired, another's, or ours by an answer that was not heard
                self._revision = None
        try:
            entry = await kv.get(self._key)
        except KeyNotFoundError:  # also when it was given back
            return await kv.create(self._key, self._me)
        if entry.value == self._me and entry.revision is not None:
            return await kv.update(self._key, self._me, last=entry.revision)
        raise KeyWrongLastSequenceError

    def _let_go(self, reason: str) -> None:
        log.warning("lease_lost", name=self._key, reason=reason)
        self._held.clear()
        self._lost.set()
