"""The vendor's address where a person signs in. Only the service `sync` knows credentials, states and verifiers, so it is
asked, in the person's own name (ADR 0013).
"""

from typing import Final
from uuid import UUID

import httpx2
import msgspec

from chassis.auth import Principal
from chassis.db import Database
from chassis.log import Log
from chassis.mirror import Mirror
from proto.errors import Refused, Unavailable
from proto.resources import OAuthStart
from proto.state import ModelState
from services.pairing.consenting import require_consent
from services.pairing.domain import may_start
from services.pairing.serving import serving
from services.pairing.store import connections
from services.pairing.store.connections import ConnectionRow
from services.pairing.sync_calls import NOT_HERE_S, REFUSED_S, SyncCalls, away

log = Log("vendor_sign_in")

PATH: Final = "/internal/authorizations"
NOT_HERE: Final = (
    "Signing in at the maker of this device is not set up here. Choose another way to connect it."
)


class VendorSignIn:
    def __init__(self, db: Database, models: Mirror[ModelState], sync: SyncCalls) -> None:
        self._db = db
        self._models = models
        self._sync = sync

    async def begin(self, principal: Principal, connection_id: UUID) -> OAuthStart | None:
        """None for other methods, and for what will be refused anyway. Raises 422 `consent_required`, or 503.

        Before the pairing is started, outside any transaction: nothing waits for another service with locks held,
        and where there is no address, nothing was begun that had to be undone.
        """
        async with self._db.acquire() as conn:
            row = await connections.select_connection(conn, connection_id)
        if row is None or row.patient_id != principal.patient_id or row.pairing_method != "vendor_oauth":
            return None
        if not may_start(row.status):
            return None
        require_consent(row)
        model = self._models.get(str(row.device_model_id))
        if model is None:
            raise Unavailable("models", retry_after_s=2)
        vendors = serving(model.vendor_id, row.consent_kinds or ()) if self._sync.is_there else []
        for vendor in vendors:
            if (found := await self._ask(principal, row, vendor.name)) is not None:
                return found
        raise Refused("unavailable", retry_after_s=REFUSED_S if vendors else NOT_HERE_S, detail=NOT_HERE)

    async def _ask(self, principal: Principal, row: ConnectionRow, vendor: str) -> OAuthStart | None:
        """None when `sync` says that one cannot sign in there: another vendor may serve the same devices."""
        asked = {
            "vendor": vendor,
            "device_connection_id": row.id,
            "data_kinds": row.consent_kinds,
            "consent_version": row.consent_version,
        }
        answer = await self._sync.post(principal, PATH, asked)
        if answer.status_code == httpx2.codes.OK:
            try:
                return msgspec.json.decode(answer.content, type=OAuthStart)
            except msgspec.MsgspecError as error:
                raise away(type(error).__name__) from None
        log.warning("sign_in_refused", status=answer.status_code, vendor=vendor)
        return None
