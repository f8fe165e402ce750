"""Giving and withdrawing consent: a new record each time, the earlier one ended at the same moment."""

from collections.abc import Iterable
from datetime import datetime

from chassis.audit import AuditRecord
from chassis.auth import Principal
from chassis.clock import uuid7
from chassis.db import Tx
from proto.errors import Refused
from proto.resources import Consent
from proto.state import ModelState
from proto.words import AuditAction, Kind
from services.pairing.domain import consent_fault, ordered_kinds
from services.pairing.store import connections, consents
from services.pairing.store.connections import ConnectionRow
from services.pairing.texts import CURRENT, FALLBACK, find_text


def check_consent(version: str, kinds: Iterable[Kind], model: ModelState) -> None:
    """Raises 422 `consent_required` or `kind_not_supported`."""
    fault = consent_fault(version, kinds, CURRENT, model.capabilities)
    if fault is not None:
        raise Refused(fault, field="data_kinds" if fault == "kind_not_supported" else None)


async def give_consent(
    tx: Tx,
    row: ConnectionRow,
    principal: Principal,
    *,
    kinds: Iterable[Kind],
    locale: str | None,
    now: datetime,
    version: str = CURRENT,
) -> Consent:
    """Checked before. The caller publishes the connection. `version` is another than the current one only where
    somebody agreed before it was that: they are held to what they read."""
    text = find_text(version, locale)
    if text is None:
        raise LookupError("a consent text is missing")
    await consents.revoke_active(tx.conn, row.id, now)
    consent = Consent(
        id=uuid7(),
        device_connection_id=row.id,
        version=text.version,
        text_sha256=text.sha256,
        data_kinds=ordered_kinds(kinds),
        locale=locale or FALLBACK,
        given_at=now,
        revoked_at=None,
    )
    await consents.insert_consent(tx.conn, consent, patient_id=row.patient_id, actor_id=principal.user_id)
    await connections.touch(tx.conn, row.id)
    tx.audit(_audit("consent.give", principal, row, consent))
    return consent


def has_current_consent(row: ConnectionRow) -> bool:
    """Whether there is a stored one, to the text that is asked for now."""
    return row.consent_id is not None and row.consent_version == CURRENT


def require_consent(row: ConnectionRow) -> None:
    """Raises 422 `consent_required`."""
    if not has_current_consent(row):
        raise Refused("consent_required")


async def withdraw_consent(tx: Tx, row: ConnectionRow, principal: Principal, now: datetime) -> bool:
    """Ends the active consent, if there is one. The caller publishes the connection."""
    id = await consents.revoke_active(tx.conn, row.id, now)
    if id is None:
        return False
    await connections.touch(tx.conn, row.id)
    found = await consents.select_consent(tx.conn, id)
    if found is not None:
        tx.audit(_audit("consent.revoke", principal, row, found[0]))
    return True


def _audit(action: AuditAction, principal: Principal, row: ConnectionRow, consent: Consent) -> AuditRecord:
    return AuditRecord(
        action=action,
        actor_id=str(principal.user_id),
        actor_role=principal.role,
        object_type="consent",
        object_id=str(consent.id),
        patient_id=row.patient_id,
        details={
            "device_connection_id": str(row.id),
            "version": consent.version,
            "text_sha256": consent.text_sha256,
            "data_kinds": list(consent.data_kinds),
        },
    )
