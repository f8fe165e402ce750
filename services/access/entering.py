"""Somebody whom the identity provider vouches for becomes a profile, and follows the provider from then on."""

from uuid import UUID

from chassis.audit import AuditRecord
from chassis.auth import STRONGEST_FIRST
from chassis.clock import uuid7
from chassis.db import Tx
from proto.errors import Refused
from services.access import store
from services.access.buckets import say_profile
from services.access.domain import Person, Profile, changes


async def enter(tx: Tx, person: Person, fixed_id: UUID | None, *, actor: str = "") -> Profile:
    """The profile of a person, made or brought up to date. `fixed_id` is the id of a demo sign-in.

    Only what changed is audited: the sign-in itself is the session's, and its maker writes that row.
    Raises `Refused("duplicate")` when somebody else has the sign-in name: an account is never taken over by a name.
    """
    known = await _known(tx, person, fixed_id)
    if known is None:
        made = await store.insert_profile(tx.conn, fixed_id or uuid7(), person)
        if made is not None:
            say_profile(tx, made)
            tx.audit(_changed(made, ["created"], actor))
            return made
        known = await _known(tx, person, fixed_id)  # a twin of this sign-in was faster
    if known is None:
        raise Refused("duplicate", field="sign_in_name")
    newer = changes(known, person)
    updated = await store.update_identity(tx.conn, known.user_id, person) if newer else known
    if updated is None:
        raise LookupError("a profile that is locked is gone")
    if newer and changes(updated, person) != newer:  # equal: only a name, and that is somebody else's
        say_profile(tx, updated)
        tx.audit(_changed(updated, newer, actor))
    return updated


async def _known(tx: Tx, person: Person, fixed_id: UUID | None) -> Profile | None:
    if fixed_id is not None:
        return await store.select_profile(tx.conn, fixed_id, lock=True)
    return await store.lock_profile_of_identity(tx.conn, person.issuer, person.subject)


def _changed(profile: Profile, fields: list[str], actor: str) -> AuditRecord:
    """Names of fields only."""
    return AuditRecord(
        action="session.sign_in",
        actor_id=actor or str(profile.user_id),
        actor_role=actor or next((role for role in STRONGEST_FIRST if role in profile.roles), "patient"),
        object_type="profile",
        object_id=str(profile.user_id),
        patient_id=profile.patient_id,
        purpose="sign-in",
        details={"changed": fields},
    )
