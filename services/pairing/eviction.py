"""Ends live MQTT sessions of hubs whose right to be there has ended. Asked for in the hub's row, so that a crash forgets none."""

import asyncio
from contextlib import suppress
from datetime import timedelta
from typing import Final

import msgspec
from nats.errors import Error
from nats.errors import TimeoutError as NatsTimeout

from chassis.bus import Bus
from chassis.clock import now
from chassis.db import Database
from chassis.log import Log
from proto.errors import Unavailable
from services.pairing.store import hubs

log = Log("eviction")

EVERY_S: Final = 1.0
SILENCE_S: Final = 0.25
"""Every server of a cluster answers; after this long without an answer, all have."""
KICK_S: Final = 2.0
SETTLE: Final = timedelta(seconds=5)
"""A sign-in that was being answered when the hub was removed may appear this much later."""


class _Live(msgspec.Struct):
    cid: int
    mqtt_client: str = ""


class _Connz(msgspec.Struct):
    connections: list[_Live] = []


class _Server(msgspec.Struct):
    id: str


class _Answer(msgspec.Struct):
    server: _Server
    data: _Connz = msgspec.field(default_factory=_Connz)


_decode: Final = msgspec.json.Decoder(_Answer).decode


async def end_sessions(sys: Bus, client_id: str) -> int:
    """Ends the sessions with an MQTT client id, on whichever server they are; answers how many there were."""
    inbox = sys.nc.new_inbox()
    sub = await sys.nc.subscribe(inbox)
    ended = 0
    try:
        question = msgspec.json.encode({"mqtt_client": client_id})
        await sys.nc.publish("$SYS.REQ.SERVER.PING.CONNZ", question, reply=inbox)
        with suppress(NatsTimeout):
            while True:
                answer = _decode((await sub.next_msg(timeout=SILENCE_S)).data)
                for live in answer.data.connections:
                    if live.mqtt_client == client_id:  # whatever a server makes of the filter
                        kick = f"$SYS.REQ.SERVER.{answer.server.id}.KICK"
                        # Asked, not told: a server does nothing for who does not want to hear of it.
                        await sys.nc.request(kick, msgspec.json.encode({"cid": live.cid}), timeout=KICK_S)
                        ended += 1
    finally:
        await sub.unsubscribe()
    return ended


class Evictions:
    """Looks every second, and at once when woken. Two replicas doing the same is harmless."""

    def __init__(self, db: Database, sys: Bus) -> None:
        self._db = db
        self._sys = sys
        self._wake = asyncio.Event()
        self._stopping = False
        self._task: asyncio.Task[None] | None = None

    def wake(self) -> None:
        self._wake.set()

    async def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="evictions")

    async def stop(self) -> None:
        self._stopping = True
        self._wake.set()
        if self._task:
            await self._task

    def problem(self) -> str | None:
        return None

    async def _run(self) -> None:
        while not self._stopping:
            try:
                await self._turn()
            except (Error, Unavailable) as error:
                log.warning("evictions_wait", error=type(error).__name__)
            except Exception as error:
                log.failure("evictions_failed", error)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), EVERY_S)
            self._wake.clear()

    async def _turn(self) -> None:
        async with self._db.acquire() as conn:
            due = await hubs.select_to_evict(conn, now())
        for id, deleted_at, evict_at in due:
            ended = await end_sessions(self._sys, id)
            if ended:
                log.info("hub_session_ended", hub_id=id, count=ended)
            # After a rotation the hub comes back with its new secret; a removed one must not come back at all.
            if deleted_at is None or (ended == 0 and now() - evict_at > SETTLE):
                async with self._db.acquire() as conn:
                    await hubs.mark_evicted(conn, id, evict_at)
