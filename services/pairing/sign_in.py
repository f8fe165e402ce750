"""Answers the NATS server when a hub or a real-time vendor signs in. A queue group: any replica answers; none means nobody new gets in."""

import asyncio
from datetime import datetime
from pathlib import Path
from typing import Final

import asyncpg
from nats.aio.msg import Msg

from chassis import telemetry
from chassis.audit import AuditRecord
from chassis.bus import Bus
from chassis.clock import now
from chassis.db import Database
from chassis.log import Log
from chassis.mirror import Mirror
from chassis.resource import Background
from proto.errors import Unavailable
from proto.state import ConnectionsEntry, HubState, hub_key
from services.pairing.admission import Admission
from services.pairing.callout import (
    SUBJECT,
    KeyPair,
    SignIn,
    Verdict,
    answer,
    judge,
    judge_vendor,
    read_question,
    vendor_of,
)
from services.pairing.notes import Notes
from services.pairing.shapes import hub_state_of
from services.pairing.store import hubs
from vendors import NAMES, manifest_of

log = Log("sign_in")

REAL_TIME: Final = frozenset(name for name in NAMES if manifest_of(name).capabilities.mqtt)
SOCKET_SECRETS: Final = "socket_secrets"
"""One a line, all good: who pushes in real time has the same one for MQTT and the socket."""
LOOK_UP_S: Final = 1.0
"""Well before the server gives up on the sign-in."""


class VendorSecrets:
    """Files below `<secrets>/vendors`, read at each sign-in: a changed one needs no restart."""

    def __init__(self, secrets: Path) -> None:
        self._folder = secrets / "vendors"

    def of(self, vendor: str) -> list[str]:
        """Empty for a vendor that does not push over MQTT, or whom nobody gave a secret."""
        if vendor not in REAL_TIME:
            return []
        try:
            text = (self._folder / vendor / SOCKET_SECRETS).read_text(encoding="utf-8")
        except OSError:
            return []
        return [line.strip() for line in text.splitlines() if line.strip()]


class HubSignIn:
    """The table is asked first, because a hub that was just made or removed must be known as that at once; the mirror of
    our own bucket answers while the database cannot."""

    def __init__(
        self,
        auth: Bus,
        db: Database,
        mirror: Mirror[ConnectionsEntry],
        vendors: VendorSecrets,
        key: KeyPair,
        notes: Notes,
        background: Background,
        admission: Admission,
    ) -> None:
        self._auth = auth
        self._db = db
        self._mirror = mirror
        self._vendors = vendors
        self._key = key
        self._notes = notes
        self._background = background
        self._admission = admission

    async def listen(self) -> None:
        await self._auth.listen(SUBJECT, self._take, queue="pairing")

    async def _take(self, msg: Msg) -> None:
        self._background.spawn(self._answer(msg), "sign_in")  # a slow look-up must not hold up the next hub

    async def _answer(self, msg: Msg) -> None:
        try:
            sign_in = read_question(msg.data)
        except ValueError:
            log.warning("sign_in_unreadable")
            return
        at = now()
        vendor = vendor_of(sign_in.user)
        if vendor is not None:
            await self._answer_vendor(msg, sign_in, vendor)
            return
        try:
            hub = await self.find(sign_in.user)
        except Unavailable:
            log.warning("sign_in_not_answered", reason="hubs cannot be looked up")
            return  # no answer is a refusal, and not one that says the secret is wrong
        verdict = judge(sign_in, hub, at)
        if verdict.allowed and not await self._admission.enter():
            log.warning("sign_in_not_answered", reason="too many hubs at once")
            return
        await msg.respond(answer(self._key, sign_in, verdict, at))
        self._note(sign_in, hub, verdict, at)

    async def _answer_vendor(self, msg: Msg, sign_in: SignIn, vendor: str) -> None:
        at = now()
        verdict = judge_vendor(sign_in, self._vendors.of(vendor))
        await msg.respond(answer(self._key, sign_in, verdict, at))
        # A name that is no vendor of ours is made up by whoever tries.
        known = vendor if vendor in REAL_TIME else "other"
        if verdict.allowed:
            log.info("vendor_signed_in", vendor=known)
        else:
            telemetry.AUTH_FAILURES.labels("vendor").inc()
            log.warning("vendor_refused", vendor=known, reason=verdict.reason)

    async def find(self, hub_id: str) -> HubState | None:
        """Raises `Unavailable` when neither the table nor the mirror can say."""
        if "\0" in hub_id:  # the database does not take it, and no hub is called that
            return None
        try:
            return await asyncio.wait_for(self._select(hub_id), LOOK_UP_S)
        except (Unavailable, TimeoutError, asyncpg.PostgresError):
            self._mirror.require()
            entry = self._mirror.get(hub_key(hub_id))
            return entry if isinstance(entry, HubState) else None

    async def _select(self, hub_id: str) -> HubState | None:
        async with self._db.acquire() as conn:
            row = await hubs.select_hub(conn, hub_id)
            return hub_state_of(row, await hubs.select_secrets(conn, hub_id)) if row else None

    def _note(self, sign_in: SignIn, hub: HubState | None, verdict: Verdict, at: datetime) -> None:
        if not verdict.allowed:
            telemetry.AUTH_FAILURES.labels("hub").inc()
            log.info("hub_refused", reason=verdict.reason, hub_id=hub.id if hub else None)
        # A name that is no hub of ours is made up by whoever tries: it is counted, never written down.
        name = hub.id if hub else "unknown"
        record = AuditRecord(
            action="hub.sign_in",
            actor_id=f"hub:{name}",
            actor_role="hub",
            object_type="hub",
            object_id=name,
            patient_id=hub.patient_id if hub else None,
            outcome="allowed" if verdict.allowed else "denied",
            details={"reason": verdict.reason} if verdict.reason else {},
            ts=at,
        )
        self._notes.note(record, ("hub.sign_in", name, verdict.allowed))
