"""The demo sign-ins and their grants, in development only. May run any number of times."""

from typing import Final

from chassis.audit import AuditRecord
from chassis.db import Tx
from proto.words import KINDS
from services.access import store
from services.access.buckets import say_permission
from services.access.domain import DEMO_GRANTS, DEMO_USERS, Person, demo_grant_id, demo_id
from services.access.entering import enter

SYSTEM: Final = "system"


async def seed_demo(tx: Tx, issuer: str) -> None:
    """A grant that was taken back stays so."""
    for demo in DEMO_USERS:
        id = demo_id(demo.name)
        person = Person(
            issuer=issuer,
            subject=str(id),
            sign_in_name=demo.name,
            display_name=demo.display_name,
            roles=[demo.role],
            timezone=demo.timezone,
        )
        await enter(tx, person, id, actor=SYSTEM)
    for patient, grantee in DEMO_GRANTS:
        id = demo_grant_id(patient, grantee)
        if not await store.insert_permission(tx.conn, id, demo_id(patient), demo_id(grantee), KINDS, None):
            continue
        if grant := await store.select_permission(tx.conn, id):
            say_permission(tx, grant)
            tx.audit(
                AuditRecord(
                    action="permission.grant",
                    actor_id=SYSTEM,
                    actor_role=SYSTEM,
                    object_type="permission",
                    object_id=str(id),
                    patient_id=grant.patient_id,
                    purpose="demo",
                    details={"grantee": str(grant.grantee_id)},
                )
            )
