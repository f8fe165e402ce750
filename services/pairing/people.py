"""Who may read or change a connection. Not there and not yours are the same 404; the second is audited."""

from uuid import UUID

from chassis.auth import Principal
from chassis.clock import now
from chassis.db import Connection as Conn
from chassis.mirror import Mirror
from proto.access import granted_kinds, visible_kinds
from proto.errors import Refused
from proto.state import ModelState, PermissionState
from proto.words import AuditAction
from services.pairing.notes import Notes
from services.pairing.shapes import state_of
from services.pairing.store import connections
from services.pairing.store.connections import ConnectionRow


class People:
    """Answers from the `permissions` mirror; refuses when it may be outdated."""

    def __init__(
        self, models: Mirror[ModelState], permissions: Mirror[PermissionState], notes: Notes
    ) -> None:
        self._models = models
        self._permissions = permissions
        self._notes = notes

    def may_read(self, principal: Principal, row: ConnectionRow) -> bool:
        """The owner always; others if one of the kinds that the device measures is granted to them."""
        if principal.patient_id == row.patient_id:
            return True
        self._permissions.require()
        kinds = visible_kinds(principal.user_id, state_of(row), self._permissions.values(), now())
        model = self._models.get(str(row.device_model_id))
        return bool(kinds if model is None else kinds & model.capabilities)

    def has_grant(self, principal: Principal, patient_id: UUID) -> bool:
        self._permissions.require()
        return bool(granted_kinds(principal.user_id, patient_id, self._permissions.values(), now()))

    def granting(self, principal: Principal) -> list[UUID]:
        """The patients who let this reader see something now."""
        self._permissions.require()
        at = now()
        return sorted(
            {
                permission.patient_id
                for permission in self._permissions.values()
                if permission.grantee_id == principal.user_id
                and (permission.until is None or at < permission.until)
            }
        )

    def note_refused(self, principal: Principal, action: AuditAction, row: ConnectionRow, code: str) -> None:
        self._notes.refused(principal, action, row, code)

    async def find_readable(self, conn: Conn, id: UUID, principal: Principal) -> ConnectionRow:
        row = await connections.select_connection(conn, id)
        if row is None:
            raise Refused("not_found")
        if not self.may_read(principal, row):
            await self._permissions.catch_up()
            if not self.may_read(principal, row):
                self._notes.refused(principal, "data.read", row, "not_found")
                raise Refused("not_found")
        return row

    async def lock_own(
        self,
        conn: Conn,
        id: UUID,
        principal: Principal,
        action: AuditAction,
        attempt: str | None = None,
    ) -> ConnectionRow:
        """A connection of one's own, locked. One who may only read it is told so."""
        row = await connections.lock_connection(conn, id)
        if row is None:
            raise Refused("not_found")
        if principal.patient_id != row.patient_id:
            code = "forbidden_role" if self.may_read(principal, row) else "not_found"
            self._notes.refused(principal, action, row, code, attempt)
            raise Refused(code)
        return row
