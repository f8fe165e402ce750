"""A broker that is not ours in front of a system, and what became of everything that it acknowledged.

A PUBACK of such a broker promises less than a receipt. So each one is followed to INGEST: what is missing there although
the broker was not killed since is our loss, what is missing because it was is the broker's, and its hub sends it again.
"""

import asyncio
import math
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from time import monotonic
from typing import Final
from uuid import uuid4

from tests.e2e.driver import World
from tests.faults.evidence import Books
from tests.faults.stage import Stage
from tests.faults.traffic import Household, move_in
from tests.load.world import RAISED
from tests.support.mosquitto import BRIDGE, Mosquitto
from tests.support.replica import Replica, environ_beside
from tests.support.system import System
from tests.support.waiting import until

HANDED_ON_S: Final = 5.0
"""What the broker has not handed on so long after the last receipt, it has no more: its queue is first in, first out."""

RESEND_S: Final = 10.0
"""Such a broker saves its whole queue on every change. Were everything that waits sent again faster than that goes, the hubs
of the test would be what breaks it."""


class Outside:
    """The broker of one system, and the account of its acknowledgements. The test owns its process."""

    def __init__(self, broker: Mosquitto) -> None:
        self.broker = broker
        self.promises_since = -math.inf
        """Its acknowledgements count from here: when it answered again after the last kill -9."""
        self._next = 1

    async def move_in(self, world: World) -> Household:
        """As everybody; the keeper of the broker lets the new hub in."""
        return replace(await move_in(world, self.broker.admit), resend_s=RESEND_S)

    async def kill(self, stage: Stage) -> None:
        """kill -9, and a new start on what it had written."""
        stage.breaker.broken_at = monotonic()
        stage.breaker.kills += 1
        self.broker.kill()
        await asyncio.to_thread(self.broker.start)
        self.promises_since = monotonic()

    async def restart(self, stage: Stage) -> None:
        """SIGTERM: it writes everything first, so nothing that it acknowledged may be missing afterwards."""
        stage.breaker.broken_at = monotonic()
        await asyncio.to_thread(self.broker.stop)
        await asyncio.to_thread(self.broker.start)

    def standby(self, system: System) -> Replica:
        """One more process of the bridge, beside that of the system."""
        return Replica(
            environ_beside(system, "ingest-bridge", {"DC_MQTT_URL": self.broker.url}),
            system.home / "log/standby.log",
        )

    async def account(self, stage: Stage) -> None:
        """Follows every acknowledgement of the broker to INGEST; one for a reading that was sent twice counts twice."""
        taken = stage.traffic.taken
        books = Books(stage.world.system)
        arrived: Counter[str] = Counter()

        def missing(since: float) -> int:
            return sum(
                max(0, sum(moment > since for moment in moments) - arrived[event_id])
                for event_id, moments in taken.items()
            )

        async def all_arrived() -> bool:
            found, self._next = await books.brought_by_hubs(self._next)
            arrived.update(found)
            return not missing(-math.inf)

        with suppress(TimeoutError):
            await until(all_arrived, HANDED_ON_S)
        ours = missing(self.promises_since)
        theirs = missing(-math.inf) - ours
        stage.expect(ours == 0, f"{ours} that the broker acknowledged and kept never came to INGEST")
        total = sum(map(len, taken.values()))
        again = sum(hub.counters.resent for hub in stage.traffic.hubs)
        stage.note(
            f"Mosquitto acknowledged {total} and lost {theirs}; hubs sent {again} again, without a receipt"
        )


@contextmanager
def system_behind_mosquitto(folder: Path) -> Iterator[tuple[System, Outside]]:
    """A system, not started yet, whose hubs are to speak with a Mosquitto of its own."""
    home = folder / "home"
    (folder / "mosquitto").mkdir()
    broker = Mosquitto(folder / "mosquitto", {BRIDGE: uuid4().hex})
    secret = home / "secrets/mqtt/password"
    secret.parent.mkdir(parents=True, mode=0o700)
    secret.write_text(broker.passwords[BRIDGE])
    system = System(home, {**RAISED, "DC_MQTT_URL": broker.url})
    broker.start()
    try:
        yield system, Outside(broker)
    finally:
        system.stop()
        broker.stop()
