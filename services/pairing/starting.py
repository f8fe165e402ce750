"""Starting to pair: a fresh token, what the person does next, and what the method needs (filters, code, scan)."""

import io
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlencode

import segno

from chassis.clock import uuid7
from chassis.db import Tx
from chassis.mirror import Mirror
from proto.errors import Refused, Unavailable
from proto.resources import CompanionLink, HubPairing, OAuthStart, PairStarted, QrCode, WebBluetooth
from proto.state import ModelState
from proto.words import PairingState
from services.pairing import changes, tokens
from services.pairing.attempts import void_attempt
from services.pairing.bluetooth import web_bluetooth
from services.pairing.consenting import require_consent
from services.pairing.domain import may_start
from services.pairing.hub_choice import choose_hub
from services.pairing.steps import STEPS
from services.pairing.store import connections, hubs, sessions
from services.pairing.store.connections import ConnectionRow

SCAN_S: Final = 20
ON_THE_PHONE: Final = frozenset({"companion_app", "healthkit", "health_connect"})
DEEP_LINK: Final = "deviceconnect://pair"


class Starter:
    """`ttl_s`: how long the token is good."""

    def __init__(self, models: Mirror[ModelState], ttl_s: int) -> None:
        self._models = models
        self._ttl = timedelta(seconds=ttl_s)

    async def start(
        self, tx: Tx, row: ConnectionRow, now: datetime, oauth: OAuthStart | None = None
    ) -> PairStarted:
        """`row` is locked and the caller's own. An earlier token is void from now on. `oauth`: where the person signs
        in, for a vendor."""
        if not may_start(row.status):
            raise Refused("conflict")
        model = self._models.get(str(row.device_model_id))
        if model is None:
            raise Unavailable("models", retry_after_s=2)
        if row.pairing_method == "vendor_oauth":
            require_consent(row)
            if oauth is None:  # the connection became another between the two looks at it
                raise Unavailable("vendor sign-in")
        await void_attempt(tx, row.id)
        token = tokens.pairing_token()
        expires_at = now + self._ttl
        hub = await self._scan(tx, row, model, now) if row.pairing_method == "hub" else None
        state: PairingState = "scanning" if hub else "waiting"
        await sessions.insert_session(
            tx.conn,
            id=uuid7(),
            device_connection_id=row.id,
            patient_id=row.patient_id,
            method=row.pairing_method,
            token_sha256=token.sha256,
            state=state,
            scan_command_id=hub.scan_command_id if hub else None,
            now=now,
            expires_at=expires_at,
        )
        row = await changes.happen(tx, row, "started", now)
        changes.tell(tx, row, "pairing", now)
        on_phone = row.pairing_method in ON_THE_PHONE
        return PairStarted(
            pairing_token=token.plain,
            expires_at=expires_at,
            method=row.pairing_method,
            steps=STEPS[row.pairing_method],
            qr=qr_code(token.plain) if on_phone else None,
            companion=CompanionLink(deep_link=deep_link(token.plain)) if on_phone else None,
            web_bluetooth=self._filters(row, model),
            oauth=oauth,
            hub=hub,
        )

    async def _scan(self, tx: Tx, row: ConnectionRow, model: ModelState, now: datetime) -> HubPairing:
        hub = await hubs.select_hub(tx.conn, row.hub_id) if row.hub_id else None
        if hub is None:  # it was removed since: another one may take its place
            hub = await choose_hub(tx.conn, row.patient_id, None)
            await connections.update_hub(tx.conn, row.id, hub.id)
            await changes.publish(tx, row.id, "status", now)
        command_id = changes.command(
            tx, hub.id, "scan", now + self._ttl, services=model.ble_services, duration_s=SCAN_S
        )
        return HubPairing(hub_id=hub.id, state=hub.state, scan_command_id=command_id)

    def _filters(self, row: ConnectionRow, model: ModelState) -> WebBluetooth | None:
        return web_bluetooth(model) if row.pairing_method == "web_bluetooth" else None


def deep_link(token: str) -> str:
    return f"{DEEP_LINK}?{urlencode({'token': token})}"


def qr_code(token: str) -> QrCode:
    """The deep link as SVG without colours or sizes of its own: the page decides those."""
    payload = deep_link(token)
    out = io.BytesIO()
    segno.make(payload, error="m", micro=False).save(
        out, kind="svg", xmldecl=False, svgns=True, omitsize=True, border=4, nl=False
    )
    return QrCode(payload=payload, svg=out.getvalue().decode())
