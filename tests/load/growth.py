"""Whether a reading costs the same when there is more around it: more rows in the record, more devices in the mirrors."""

from typing import Any, Final
from uuid import uuid4

import msgspec
from nats.aio.client import Client

from proto.state import ConnectionState
from proto.subjects import inbox_prefix, kv_subject
from services.pairing import tokens
from tests.load import phases
from tests.load.fill import fill
from tests.load.http import Connection
from tests.load.world import Device, World
from tests.support.waiting import until

PART: Final = 256
HEARD_S: Final = 120.0


async def with_rows(world: World, rows: int, seconds: float) -> dict[str, Any]:
    """CPU per reading at 50 per POST with that many rows in the record."""
    return {"rows": await fill(world, rows), **await _cost(world, f"50 per POST, {rows:,} rows", seconds)}


async def with_connections(world: World, count: int, seconds: float) -> dict[str, Any]:
    """CPU per reading at 50 per POST with that many connections in the mirrors of every service."""
    await _connect(world, count)
    return {"connections": count, **await _cost(world, f"50 per POST, {count:,} connections", seconds)}


async def _cost(world: World, name: str, seconds: float) -> dict[str, Any]:
    async def work(s: float) -> int:
        return await phases.over_http(world, world.ingest, 50, 32, s)

    await phases.measure(world, "warm", work, 1.0)
    return await phases.measure(world, name, work, seconds)


async def _connect(world: World, count: int) -> None:
    """Puts connections into the bucket as pairing would, up to that many, and waits until they are known."""
    user = "admin"
    password = (world.system.home / f"secrets/nats/{user}").read_text()
    nc = Client()
    await nc.connect(
        world.system.endpoints["nats"], user=user, password=password, inbox_prefix=inbox_prefix(user).encode()
    )
    try:
        bucket = await nc.jetstream().key_value("connections")
        one = await bucket.get(world.devices[0].connection_id)
        if one.value is None:
            raise AssertionError("the first device is not in the bucket")
        model = msgspec.json.decode(one.value, type=ConnectionState)
        js = nc.jetstream(publish_async_max_pending=PART)
        there = (await bucket.status()).values
        last: tuple[ConnectionState, str] | None = None
        for number in range(there, count):
            last = _another(model, number)
            await js.publish_async(kv_subject("connections", str(last[0].id)), msgspec.json.encode(last[0]))
        await js.publish_async_completed()
        if last is not None:
            await _heard(world, *last)
    finally:
        await nc.close()


def _another(model: ConnectionState, number: int) -> tuple[ConnectionState, str]:
    """Another patient's device like this one, and its token."""
    id = uuid4()
    token = tokens.ingest_token(id)
    state = msgspec.structs.replace(
        model,
        id=id,
        patient_id=uuid4(),
        device_id=f"crowd-{number}",
        token_sha256=token.sha256,
        version=1,
    )
    return state, token.plain


async def _heard(world: World, state: ConnectionState, token: str) -> None:
    """Mirrors hear in order: where the last one is known, all are. Ingest lets it in and the normalizer stores it."""
    device = Device(str(state.id), str(state.patient_id), token, "")
    world.behind_hubs.append(device)
    since, before = world.now(), await phases.stored(world, world.now())
    sender = Connection(world.ingest, phases.INGEST, f"Bearer {token}")
    message = phases.encode(world.message(device))

    async def is_let_in() -> bool:
        return await sender.post(message) == 202

    await until(is_let_in, HEARD_S)
    sender.close()
    await phases.completed(world, since, before + 1)
