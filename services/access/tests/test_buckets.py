"""Grants on their way to everybody: heard at once, and held to the table when a bucket went its own way."""

import statistics
import time
from collections.abc import AsyncIterator
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest

from chassis.bus import Bus
from chassis.db import Database
from chassis.mirror import DELETED
from proto.state import PermissionState, permission_key
from proto.subjects import kv_subject
from services.access.jobs import Clock
from services.access.tests.conftest import Scene
from services.access.verify import signing_key
from tests.support.waiting import until


async def test_a_grant_and_its_end_are_everywhere_within_a_second(scene: Scene) -> None:
    """The way of a revocation: commit, outbox, bucket, another process's mirror."""
    patient, _ = await scene.person()
    mine = scene.headers(patient)
    took = []
    async with scene.mirror("gateway", "permissions", PermissionState) as mirror:
        for _ in range(50):
            permission = await scene.grant(patient, "caregiver-1", "spo2")
            key = permission_key(patient, UUID(permission["id"]))
            await until(partial(mirror.get, key))

            began = time.perf_counter()
            assert await scene.revoke(permission, mine) == 204
            await until(partial(lambda key: mirror.get(key) is None, key))
            took.append(time.perf_counter() - began)

    print(
        f"revocation, request to mirror: p50 {statistics.median(took) * 1000:.1f} ms, p99 {max(took) * 1000:.1f} ms"
    )
    assert max(took) < 1.0


@pytest.fixture
async def bus(scene: Scene) -> AsyncIterator[Bus]:
    bus = Bus(scene.settings, "access")
    await bus.start()
    yield bus
    await bus.stop()


async def test_a_bucket_that_went_its_own_way_is_put_right(scene: Scene, bus: Bus) -> None:
    """A put that comes after the removal of its key, a value that is lost, one that nobody granted, an old one."""
    patient, _ = await scene.person()
    back, lost, old = [
        await scene.grant(patient, "caregiver-1", kind) for kind in ("spo2", "weight", "glucose")
    ]
    await scene.revoke(back, scene.headers(patient))

    async with scene.mirror("access", "permissions", PermissionState) as own:
        states = {name: UUID(each["id"]) for name, each in (("back", back), ("lost", lost), ("old", old))}
        keys = {name: permission_key(patient, id) for name, id in {**states, "never": uuid4()}.items()}
        await until(lambda: own.get(keys["old"]) and own.get(keys["lost"]) and not own.get(keys["back"]))
        right: dict[str, Any] = {key: own.get(key) for key in keys.values()}
        wrong = msgspec.structs.replace(right[keys["old"]], kinds=frozenset({"ecg"}))
        for name in ("back", "never", "old"):
            await bus.publish(kv_subject("permissions", keys[name]), msgspec.json.encode(wrong))
        await bus.publish(kv_subject("permissions", keys["lost"]), b"", headers=DELETED)
        await until(lambda: own.get(keys["never"]) and own.get(keys["back"]) and not own.get(keys["lost"]))

        db = Database(scene.settings, "access", bus)
        await db.start()
        key = signing_key(scene.settings.secrets_path / "keys/audit_checkpoint.pem")
        clock = Clock(db, key, own)
        await clock.compare()
        await until(lambda: {key: own.get(key) for key in keys.values()} == right)
        await db.stop()

    assert right[keys["back"]] is None
    assert right[keys["lost"]].kinds == {"weight"}
    assert right[keys["old"]].kinds == {"glucose"}
