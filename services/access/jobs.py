"""What the clock starts: signed checkpoints of the audit log, and the bucket of permissions held to its table."""

from typing import Final
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from chassis.db import Database
from chassis.idempotency import forget_old
from chassis.log import Log
from chassis.mirror import Mirror
from chassis.resource import Job
from proto.state import PermissionState
from services.access import store
from services.access.buckets import PERMISSIONS, key_of, permission_state, say_permission, unsay_permission
from services.access.verify import write_checkpoints

log = Log("access")

CHECKPOINT_S: Final = 60
COMPARE_S: Final = 30
FORGET_S: Final = 600


class Clock:
    def __init__(self, db: Database, key: Ed25519PrivateKey, permissions: Mirror[PermissionState]) -> None:
        self._db = db
        self._key = key
        self._permissions = permissions

    def jobs(self) -> list[Job]:
        return [
            Job("checkpoint", CHECKPOINT_S, self.checkpoint),
            Job("compare", COMPARE_S, self.compare),
            Job("idempotency", FORGET_S, self.forget),
        ]

    async def checkpoint(self) -> None:
        async with self._db.transaction("checkpoint") as tx:
            await write_checkpoints(tx.conn, self._key)

    async def forget(self) -> None:
        await forget_old(self._db)

    async def compare(self) -> None:
        """Says again what the bucket has otherwise than the table: a put that was delayed past the removal of its
        key would let somebody see what was taken back, and a lost bucket would hide what was granted.

        What is said again is read under the row's lock, so that it is the truth whatever happens meanwhile.
        """
        if not self._permissions.fresh:
            return
        async with self._db.acquire() as conn:
            live = {
                key_of(grant): permission_state(grant) for grant in await store.select_live_permissions(conn)
            }
        held = {key: state for key in self._permissions if (state := self._permissions.get(key))}
        wrong = [key for key in {**held, **live} if held.get(key) != live.get(key)]
        for key in wrong:
            async with self._db.transaction("compare") as tx:
                grant = await store.select_permission(tx.conn, UUID(key.partition(".")[2]), lock=True)
                if grant is None or key_of(grant) != key:
                    unsay_permission(tx, key)
                else:
                    say_permission(tx, grant)
        if wrong:
            log.warning("bucket_corrected", bucket=PERMISSIONS, count=len(wrong))
