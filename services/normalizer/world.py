"""What the normalizer knows without asking: connections, models, permissions and patients' time zones."""

import asyncio
from collections.abc import Iterable
from datetime import datetime
from typing import Final
from uuid import UUID

from chassis.mirror import Mirror
from proto.state import ConnectionsEntry, ConnectionState, ModelState, PermissionState, ProfileState

NOWHERE: Final = "UTC"


class World:
    """Over the mirrors, with an index of a patient's connections. `require` refuses what may be outdated."""

    def __init__(
        self,
        connections: Mirror[ConnectionsEntry],
        models: Mirror[ModelState],
        permissions: Mirror[PermissionState],
        profiles: Mirror[ProfileState],
    ) -> None:
        self._connections = connections
        self._models = models
        self._permissions = permissions
        self._profiles = profiles
        self._of_patient: dict[UUID, set[UUID]] = {}
        self._by_id: dict[UUID, ConnectionState] = {}
        self.sessions: dict[UUID, datetime] = {}
        """When each CGM's session began; kept in the database, loaded at start."""
        connections.on_change(self._index)

    def require(self) -> None:
        for mirror in (self._connections, self._models, self._permissions):
            mirror.require()

    async def catch_up(self) -> None:
        """Hears what is new of connections and permissions: before anything is refused by them. Then judge again."""
        await asyncio.gather(self._connections.catch_up(), self._permissions.catch_up())

    def connection(self, id: UUID) -> ConnectionState | None:
        return self._by_id.get(id)

    def connections_of(self, patient_id: UUID) -> list[ConnectionState]:
        found = (self.connection(id) for id in self._of_patient.get(patient_id, ()))
        return [state for state in found if state is not None]

    def model(self, id: UUID) -> ModelState | None:
        return self._models.get(str(id))

    def permissions(self) -> Iterable[PermissionState]:
        return self._permissions.values()

    def timezone(self, patient_id: UUID) -> str:
        profile = self._profiles.get(str(patient_id))
        return profile.timezone if profile else NOWHERE

    def session(self, connection_id: UUID) -> datetime | None:
        return self.sessions.get(connection_id)

    def _index(self, _: str, old: ConnectionsEntry | None, new: ConnectionsEntry | None) -> None:
        if isinstance(old, ConnectionState):
            self._of_patient.get(old.patient_id, set()).discard(old.id)
            self._by_id.pop(old.id, None)
        if isinstance(new, ConnectionState):
            self._of_patient.setdefault(new.patient_id, set()).add(new.id)
            self._by_id[new.id] = new
