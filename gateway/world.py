"""What the live hub knows of consent and permission: two mirrors, indexed by patient, and the questions asked of them."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import datetime
from uuid import UUID

from chassis.mirror import Mirror
from proto.access import granted_kinds, visible_kinds
from proto.errors import Unavailable
from proto.state import ConnectionsEntry, ConnectionState, PermissionState
from proto.words import Kind

OnPatient = Callable[[UUID, ConnectionState | None], None]
"""Called with the patient whose permissions changed, and the connection when it is one whose consent ended."""


class World:
    def __init__(self, connections: Mirror[ConnectionsEntry], permissions: Mirror[PermissionState]) -> None:
        self._connections = connections
        self._permissions = permissions
        self._of_patient: defaultdict[UUID, dict[UUID, PermissionState]] = defaultdict(dict)
        self._listeners: list[OnPatient] = []
        connections.on_change(self._connection_changed)
        permissions.on_change(self._permission_changed)

    def on_change(self, listener: OnPatient) -> None:
        self._listeners.append(listener)

    @property
    def is_fresh(self) -> bool:
        return self._connections.fresh and self._permissions.fresh

    def require(self) -> None:
        """Raises `Unavailable` when what is known may be outdated."""
        if not self.is_fresh:
            raise Unavailable("permissions", retry_after_s=2)

    async def catch_up(self) -> None:
        """Hears what is new, before a reader is refused who may have been let in a moment ago. Then judge again."""
        await asyncio.gather(self._connections.catch_up(), self._permissions.catch_up())

    def connection(self, connection_id: UUID) -> ConnectionState | None:
        entry = self._connections.get(str(connection_id))
        return entry if isinstance(entry, ConnectionState) else None

    def granted(self, reader: UUID, patient_id: UUID, now: datetime) -> frozenset[Kind]:
        return granted_kinds(reader, patient_id, self._permissions_of(patient_id), now)

    def visible(self, reader: UUID, connection_id: UUID, now: datetime) -> frozenset[Kind]:
        """The kinds of a connection that a reader may see; none for one that is not known."""
        connection = self.connection(connection_id)
        if connection is None:
            return frozenset()
        return visible_kinds(reader, connection, self._permissions_of(connection.patient_id), now)

    def _permissions_of(self, patient_id: UUID) -> Iterable[PermissionState]:
        known = self._of_patient.get(patient_id)
        return known.values() if known else ()

    def _permission_changed(self, _: str, old: PermissionState | None, new: PermissionState | None) -> None:
        if old is not None:
            self._of_patient[old.patient_id].pop(old.id, None)
        if new is not None:
            self._of_patient[new.patient_id][new.id] = new
        changed = new or old
        if changed is not None:
            self._tell(changed.patient_id, None)

    def _connection_changed(self, _: str, old: ConnectionsEntry | None, new: ConnectionsEntry | None) -> None:
        if not isinstance(old, ConnectionState) or old.consent != "active":
            return
        if not isinstance(new, ConnectionState) or new.consent != "active":
            self._tell(old.patient_id, old)

    def _tell(self, patient_id: UUID, connection: ConnectionState | None) -> None:
        for listener in self._listeners:
            listener(patient_id, connection)
