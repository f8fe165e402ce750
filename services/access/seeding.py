"""The demo sign-ins and their grants, in development only. May run any number of times."""

from chassis.db import Tx
from proto import subjects
from proto.state import PermissionState, ProfileState, permission_key
from proto.words import KINDS
from services.access import store
from services.access.domain import DEMO_GRANTS, DEMO_USERS, demo_grant_id, demo_id
from services.access.store import Grant, Profile


async def seed_demo(tx: Tx, issuer: str) -> None:
    for demo in DEMO_USERS:
        id = demo_id(demo.name)
        profile, fresh = await store.upsert_profile(
            tx.conn,
            user_id=id,
            issuer=issuer,
            subject=str(id),
            sign_in_name=demo.name,
            display_name=demo.display_name,
            roles=[demo.role],
            patient_id=id if demo.role == "patient" else None,
            timezone=demo.timezone,
            locale="en",
        )
        if fresh:
            say_profile(tx, profile)
    for patient, grantee in DEMO_GRANTS:
        id = demo_grant_id(patient, grantee)
        if await store.insert_permission(tx.conn, id, demo_id(patient), demo_id(grantee), list(KINDS), None):
            grant = await store.select_permission(tx.conn, id)
            if grant is not None:
                say_permission(tx, grant)


def say_profile(tx: Tx, profile: Profile) -> None:
    """Patients' time zones go to the bucket; nobody else needs to be known by heart."""
    if profile.patient_id is not None:
        tx.emit(subjects.kv_subject("profiles", str(profile.patient_id)), profile_state(profile))


def profile_state(profile: Profile) -> ProfileState:
    return ProfileState(patient_id=profile.user_id, timezone=profile.timezone, version=profile.version)


def say_permission(tx: Tx, grant: Grant) -> None:
    key = permission_key(grant.patient_id, grant.id)
    tx.emit(subjects.kv_subject("permissions", key), permission_state(grant))


def permission_state(grant: Grant) -> PermissionState:
    return PermissionState(
        id=grant.id,
        patient_id=grant.patient_id,
        grantee_id=grant.grantee_id,
        kinds=frozenset(grant.data_kinds),
        until=grant.until,
        version=grant.version,
    )
