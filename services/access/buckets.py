"""What the buckets `profiles` and `permissions` hold of a row, and how a transaction says it. Everybody else mirrors them."""

from chassis.db import Tx
from chassis.mirror import DELETED
from proto.state import PermissionState, ProfileState, permission_key
from proto.subjects import kv_subject
from services.access.domain import Grant, Profile

PROFILES = "profiles"
PERMISSIONS = "permissions"


def key_of(grant: Grant) -> str:
    return permission_key(grant.patient_id, grant.id)


def profile_state(profile: Profile) -> ProfileState:
    return ProfileState(patient_id=profile.user_id, timezone=profile.timezone, version=profile.version)


def permission_state(grant: Grant) -> PermissionState:
    return PermissionState(
        id=grant.id,
        patient_id=grant.patient_id,
        grantee_id=grant.grantee_id,
        kinds=frozenset(grant.data_kinds),
        until=grant.until,
        version=grant.version,
    )


def say_profile(tx: Tx, profile: Profile) -> None:
    """Patients' time zones; nobody else needs to be known by heart."""
    if profile.patient_id is not None:
        tx.emit(kv_subject(PROFILES, str(profile.patient_id)), profile_state(profile))


def say_permission(tx: Tx, grant: Grant) -> None:
    """A live one is put, a revoked one is taken out."""
    if grant.revoked_at is None:
        tx.emit(kv_subject(PERMISSIONS, key_of(grant)), permission_state(grant))
    else:
        unsay_permission(tx, key_of(grant))


def unsay_permission(tx: Tx, key: str) -> None:
    tx.emit(kv_subject(PERMISSIONS, key), b"", DELETED)
