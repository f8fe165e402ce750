"""Waiting, after a sign-in, until the connection that comes of it is there: pairing makes it a moment later."""

import asyncio
from typing import Final
from uuid import UUID

from chassis.mirror import Mirror
from proto.state import ConnectionsEntry, ConnectionState
from services.sync.domain import is_open
from services.sync.feeding import Known
from services.sync.parties import Vendors

WAIT_S: Final = 3.0


class Arrivals:
    def __init__(self, connections: Mirror[ConnectionsEntry], known: Known, vendors: Vendors) -> None:
        self._known = known
        self._vendors = vendors
        self._waiting: dict[UUID, list[asyncio.Event]] = {}
        connections.on_change(self._heard)

    def _heard(self, key: str, old: ConnectionsEntry | None, new: ConnectionsEntry | None) -> None:
        if isinstance(new, ConnectionState):
            for event in self._waiting.get(new.patient_id, ()):
                event.set()

    async def wait(self, patient_id: UUID, vendor: str) -> None:
        """Until an open, connected one is there, at most `WAIT_S`."""
        manifest = self._vendors.manifest(vendor)
        if manifest is None:
            return
        event = asyncio.Event()
        self._waiting.setdefault(patient_id, []).append(event)
        try:
            async with asyncio.timeout(WAIT_S):
                while not any(
                    is_open(state) and state.status == "connected"
                    for state, _ in self._known.connections_of(patient_id, manifest)
                ):
                    event.clear()
                    await event.wait()
        except TimeoutError:
            return
        finally:
            self._waiting[patient_id].remove(event)
            if not self._waiting[patient_id]:
                del self._waiting[patient_id]
