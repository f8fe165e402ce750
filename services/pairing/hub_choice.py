"""Which hub a connection goes through: the named one if it is the patient's, or the only one there is."""

from uuid import UUID

from chassis.db import Connection as Conn
from proto.errors import Refused
from services.pairing.store import hubs
from services.pairing.store.hubs import HubRow


async def choose_hub(conn: Conn, patient_id: UUID, hub_id: str | None) -> HubRow:
    """Raises 404 for a hub that is not there or not theirs, 422 `missing_field` when there is none or no telling which."""
    if hub_id is not None:
        hub = await hubs.select_hub(conn, hub_id)
        if hub is None or hub.patient_id != patient_id:
            raise Refused("not_found")
        return hub
    mine = await hubs.select_hubs(conn, patient_id, after="", limit=2)
    if len(mine) != 1:
        raise Refused("missing_field", field="hub_id")
    return mine[0]
