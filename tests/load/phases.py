"""The measured phases: closed loops, whose clock stops when everything that was acknowledged is stored."""

import asyncio
import logging
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import aiomqtt
import asyncpg
import httpx2
import msgspec

from tests.load.calibration import Calibration
from tests.load.http import Connection
from tests.load.world import LATENCY_BEGAN, Cpu, Device, World

INGEST = "/api/v1/device-data/ingest"
WAIT_S = 60.0
QUIET = logging.getLogger("tests.load.mqtt")
QUIET.setLevel(logging.ERROR)  # many publishes under way are the point here, no warning
encode = msgspec.json.Encoder().encode


async def stored(world: World, since: datetime) -> int:
    """How many rows the devices have from that time on: an index range, so that asking costs the same in a large table."""
    conn = await asyncpg.connect(world.system.endpoints["postgres"])
    try:
        return int(
            await conn.fetchval(
                "SELECT count(*) FROM normalizer.device_data WHERE device_connection_id = ANY($1::uuid[])"
                " AND ts > $2 AND ts < $3",
                [device.connection_id for device in world.everybody],
                since,
                LATENCY_BEGAN,
            )
        )
    finally:
        await conn.close()


async def completed(world: World, since: datetime, wanted: int) -> float:
    """Waits until that many rows are there; answers the moment."""
    deadline = time.perf_counter() + WAIT_S
    while time.perf_counter() < deadline:
        if await stored(world, since) >= wanted:
            return time.perf_counter()
        await asyncio.sleep(0.1)
    missing = wanted - await stored(world, since)
    raise AssertionError(f"{missing} readings that were acknowledged are not stored after {WAIT_S} s")


async def measure(world: World, name: str, work: Callable[[float], Any], seconds: float) -> dict[str, Any]:
    """Runs `work(seconds)` (answers how many readings were acknowledged) and waits until all are stored."""
    since = world.now()
    before = await stored(world, since)
    cpu = Cpu(world.system)
    began = time.perf_counter()
    async with Calibration() as unit:
        accepted = await work(seconds)
        sent_s = time.perf_counter() - began
        took = await completed(world, since, before + accepted) - began
        taken = cpu.taken()
    spent_us = sum(taken.values()) / max(accepted, 1) * 1e6
    return {
        "phase": name,
        "readings": accepted,
        "took_s": round(took, 2),
        "acknowledged_per_s": round(accepted / sent_s),
        "stored_per_s": round(accepted / took),
        "cpu_us_per_reading": round(spent_us, 1),
        "cpu_units_per_reading": round(spent_us / unit.us(), 1),
        "unit_us": round(unit.us(), 2),
        "cpu_us_by_process": {
            process: round(used / max(accepted, 1) * 1e6, 1)
            for process, used in sorted(taken.items())
            if used > 0.01
        },
    }


async def over_http(world: World, base: str, per_post: int, connections: int, seconds: float) -> int:
    """As fast as the answers come, on that many connections; answers the readings acknowledged with 202."""
    end = time.perf_counter() + seconds
    accepted = 0

    async def sender(number: int) -> None:
        nonlocal accepted
        device = world.devices[number % len(world.devices)]
        connection = Connection(base, INGEST, f"Bearer {device.ingest_token}")
        while time.perf_counter() < end:
            body = (
                encode(world.message(device))
                if per_post == 1
                else encode([world.message(device) for _ in range(per_post)])
            )
            status = await connection.post(body)
            if status == 202:
                accepted += per_post
            elif status == 503:
                await asyncio.sleep(0.2)
            elif status != 0:
                raise AssertionError(f"the API answered {status}")
        connection.close()

    await asyncio.gather(*(sender(number) for number in range(connections)))
    return accepted


async def over_mqtt(
    world: World, hub: dict[str, Any], device: Device, per_publish: int, window: int, seconds: float
) -> int:
    """QoS 1 publishes in a window. Counts what the listener acknowledged; the phase then waits until it is stored."""
    accepted = 0
    end = time.perf_counter() + seconds
    async with hub_client(world, hub, window) as client:

        async def sender() -> None:
            nonlocal accepted
            topic = f"dc/v1/hubs/{hub['hub_id']}/up/readings"
            while time.perf_counter() < end:
                batch = [world.message(device) for _ in range(per_publish)]
                await client.publish(topic, encode(batch if per_publish > 1 else batch[0]), qos=1, timeout=30)
                accepted += per_publish

        await asyncio.gather(*(sender() for _ in range(window)))
    return accepted


def hub_client(world: World, hub: dict[str, Any], window: int) -> aiomqtt.Client:
    address = urlsplit(world.system.endpoints["mqtt"])
    return aiomqtt.Client(
        address.hostname or "127.0.0.1",
        address.port or 1883,
        identifier=hub["hub_id"],
        username=hub["hub_id"],
        password=hub["secret"],
        max_inflight_messages=window,
        max_concurrent_outgoing_calls=window * 2,
        logger=QUIET,
    )


def connect_hub(world: World) -> tuple[dict[str, Any], Device]:
    """A hub of the first patient and a device behind it."""
    first = world.devices[0]
    mine = {"authorization": f"Bearer {first.user_token}"}
    with httpx2.Client(base_url=world.gateway, timeout=20, headers=mine) as client:
        hub = client.post("/api/v1/hubs", json={"name": "Bench hub"}).json()
        model = client.get("/api/v1/devices?vendor=simulated").json()["items"][0]
        body = {"device_model_id": model["id"], "pairing_method": "hub", "hub_id": hub["hub_id"]}
        connection = client.post("/api/v1/device-connections/create", json=body).json()
        started = client.post(
            "/api/v1/device-connections/pair/start", json={"device_connection_id": connection["id"]}
        )
        version = client.get("/api/v1/consent-texts/current?locale=en").json()["version"]
        done = client.post(
            "/api/v1/device-connections/pair/complete",
            json={
                "pairing_token": started.json()["pairing_token"],
                "device_id": "C0:FF:EE:00:00:01",
                "consent": {"version": version, "data_kinds": model["capabilities"]},
            },
        )
        if done.status_code != 200:
            raise AssertionError(f"the hub's device was not paired: {done.text}")
    device = Device(
        connection["id"], first.patient_id, done.json()["ingest_token"], first.user_token, hub["hub_id"]
    )
    world.behind_hubs.append(device)
    return hub, device
