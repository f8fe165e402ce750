"""What ingest knows without asking: connections, hubs, models and permissions, mirrored in memory with their indexes."""

from collections.abc import Iterable
from datetime import datetime
from hmac import compare_digest
from uuid import UUID

from chassis.crypto import token_digest
from chassis.mirror import Mirror
from proto.state import ConnectionsEntry, ConnectionState, HubState, ModelState, PermissionState, hub_key


class KnownWorld:
    """Implements `domain.Known` over the mirrors. `require` refuses when one of them may be outdated."""

    def __init__(
        self,
        connections: Mirror[ConnectionsEntry],
        models: Mirror[ModelState],
        permissions: Mirror[PermissionState] | None = None,
    ) -> None:
        self._connections = connections
        self._models = models
        self._permissions = permissions
        # By the number of an id: a UUID is hashed by Python code, and these are asked for with every reading.
        self._by_id: dict[int, ConnectionState] = {}
        self._model_by_id: dict[int, ModelState] = {}
        self._by_address: dict[tuple[str, str], UUID] = {}
        self._of_hub: dict[str, set[UUID]] = {}
        connections.on_change(self._index)
        models.on_change(self._index_model)

    def require(self) -> None:
        """Raises `Unavailable` when consent could have been withdrawn without us hearing."""
        self._connections.require()
        self._models.require()

    async def catch_up(self) -> None:
        """Hears what is new of connections and hubs, before a stranger is turned away. Then judge again."""
        await self._connections.catch_up()

    def connection(self, id: UUID | None) -> ConnectionState | None:
        return self._by_id.get(id.int) if id is not None else None

    def by_address(self, hub_id: str, address: str) -> ConnectionState | None:
        id = self._by_address.get((hub_id, address.lower()))
        return self.connection(id) if id else None

    def of_hub(self, hub_id: str) -> list[ConnectionState]:
        """The connections behind a hub that are not revoked."""
        states = (self.connection(id) for id in self._of_hub.get(hub_id, ()))
        return [state for state in states if state is not None and state.status != "revoked"]

    def hub(self, hub_id: str) -> HubState | None:
        entry = self._connections.get(hub_key(hub_id))
        return entry if isinstance(entry, HubState) else None

    def model(self, id: UUID) -> ModelState | None:
        return self._model_by_id.get(id.int)

    def permissions(self) -> Iterable[PermissionState]:
        return self._permissions.values() if self._permissions is not None else ()

    def is_hub_secret(self, hub_id: str, secret: str, now: datetime) -> bool:
        hub = self.hub(hub_id)
        if hub is None:
            return False
        digest = token_digest(secret)
        return any(
            compare_digest(known.sha256, digest)
            for known in hub.secrets
            if known.until is None or now < known.until
        )

    def _index(self, key: str, old: ConnectionsEntry | None, new: ConnectionsEntry | None) -> None:
        if isinstance(new, ConnectionState):
            self._by_id[new.id.int] = new
        elif isinstance(old, ConnectionState):
            self._by_id.pop(old.id.int, None)
        if isinstance(old, ConnectionState) and old.hub_id:
            self._of_hub.get(old.hub_id, set()).discard(old.id)
            address = (old.hub_id, old.device_id or "")
            if self._by_address.get(address) == old.id:
                del self._by_address[address]
        if isinstance(new, ConnectionState) and new.hub_id:
            self._of_hub.setdefault(new.hub_id, set()).add(new.id)
            if new.device_id and new.status != "revoked":
                self._by_address[(new.hub_id, new.device_id)] = new.id

    def _index_model(self, key: str, old: ModelState | None, new: ModelState | None) -> None:
        if new is not None:
            self._model_by_id[new.id.int] = new
        elif old is not None:
            self._model_by_id.pop(old.id.int, None)
