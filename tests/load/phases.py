"""The measured phases: closed loops on completion, and latency from the intended send time at half load."""

import asyncio
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import aiomqtt
import asyncpg
import httpx2
import msgspec
import websockets

from tests.load.http import Connection
from tests.load.world import Cpu, Device, World

INGEST = "/api/v1/device-data/ingest"
WAIT_S = 60.0
encode = msgspec.json.Encoder().encode


async def stored(world: World) -> int:
    conn = await asyncpg.connect(world.system.endpoints["postgres"])
    try:
        return int(await conn.fetchval("SELECT count(*) FROM normalizer.device_data"))
    finally:
        await conn.close()


async def completed(world: World, wanted: int) -> float:
    """Waits until that many rows are there; answers the moment."""
    deadline = time.perf_counter() + WAIT_S
    while time.perf_counter() < deadline:
        count = await stored(world)
        if count >= wanted:
            return time.perf_counter()
        await asyncio.sleep(0.1)
    raise AssertionError(
        f"{wanted - await stored(world)} readings that were acknowledged are not stored after {WAIT_S} s"
    )


async def measure(world: World, name: str, work: Callable[[float], Any], seconds: float) -> dict[str, Any]:
    """Runs `work(seconds)` (answers how many readings were acknowledged) and waits until all are stored."""
    before = await stored(world)
    cpu = Cpu(world.system)
    began = time.perf_counter()
    accepted = await work(seconds)
    sent_s = time.perf_counter() - began
    took = await completed(world, before + accepted) - began
    taken = cpu.taken()
    return {
        "phase": name,
        "readings": accepted,
        "acknowledged_per_s": round(accepted / sent_s),
        "stored_per_s": round(accepted / took),
        "cpu_us_per_reading": round(sum(taken.values()) / max(accepted, 1) * 1e6, 1),
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
    address = urlsplit(world.system.endpoints["mqtt"])
    accepted = 0
    end = time.perf_counter() + seconds
    async with aiomqtt.Client(
        address.hostname or "127.0.0.1",
        address.port or 1883,
        identifier=hub["hub_id"],
        username=hub["hub_id"],
        password=hub["secret"],
        max_inflight_messages=window,
        max_concurrent_outgoing_calls=window * 2,
    ) as client:

        async def sender() -> None:
            nonlocal accepted
            topic = f"dc/v1/hubs/{hub['hub_id']}/up/readings"
            while time.perf_counter() < end:
                batch = [world.message(device) for _ in range(per_publish)]
                await client.publish(topic, encode(batch if per_publish > 1 else batch[0]), qos=1, timeout=30)
                accepted += per_publish

        await asyncio.gather(*(sender() for _ in range(window)))
    return accepted


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
    return hub, Device(
        connection["id"], first.patient_id, done.json()["ingest_token"], first.user_token, hub["hub_id"]
    )


async def latency(world: World, base: str, rate: float, seconds: float, watched: int = 4) -> dict[str, Any]:
    """POST → WebSocket frame at a steady rate, from the moment at which the POST was meant to leave."""
    due: dict[str, float] = {}
    took: list[float] = []
    devices = world.devices[:watched]
    sockets = [asyncio.create_task(_watch(world, device, due, took)) for device in devices]
    await asyncio.sleep(0)
    for task in sockets:
        await _subscribed(task, took)
    pool: asyncio.Queue[tuple[Connection, Device]] = asyncio.Queue()
    for number in range(64):
        device = world.devices[number % len(world.devices)]
        pool.put_nowait((Connection(base, INGEST, f"Bearer {device.ingest_token}"), device))
    began = time.perf_counter()
    total = int(rate * seconds)
    running: set[asyncio.Task[None]] = set()

    async def one(intended: float) -> None:
        connection, device = await pool.get()
        message = world.message(device, datetime(2026, 2, 1, tzinfo=UTC) + timedelta(milliseconds=world.sent))
        if device in devices:
            due[_stamp(message["timestamp"])] = intended
        await connection.post(encode(message))
        pool.put_nowait((connection, device))

    for number in range(total):
        intended = began + number / rate
        delay = intended - time.perf_counter()
        if delay > 0.001:
            await asyncio.sleep(delay)
        task = asyncio.create_task(one(intended))
        running.add(task)
        task.add_done_callback(running.discard)
    await asyncio.gather(*running)
    deadline = time.perf_counter() + 10
    while len(took) < len(due) and time.perf_counter() < deadline:
        await asyncio.sleep(0.05)
    for task in sockets:
        task.cancel()
    await asyncio.gather(*sockets, return_exceptions=True)
    took.sort()
    return {
        "rate_per_s": round(total / seconds),
        "watched": len(due),
        "seen": len(took),
        "p50_ms": round(took[len(took) // 2] * 1000, 1) if took else None,
        "p99_ms": round(took[int(len(took) * 0.99)] * 1000, 1) if took else None,
        "max_ms": round(took[-1] * 1000, 1) if took else None,
    }


def _stamp(timestamp: str) -> str:
    return datetime.fromisoformat(timestamp).astimezone(UTC).isoformat()


async def _subscribed(task: "asyncio.Task[None]", took: list[float]) -> None:
    """A watcher is ready when it has waited for its first frame; one that ended early tells why."""
    for _ in range(100):
        await asyncio.sleep(0.02)
        if task.done():
            task.result()
        if getattr(task, "ready", True):
            return


async def _watch(world: World, device: Device, due: dict[str, float], took: list[float]) -> None:
    mine = {"authorization": f"Bearer {device.user_token}"}
    async with httpx2.AsyncClient(base_url=world.gateway, headers=mine) as client:
        ticket = (await client.post("/api/v1/live/ticket")).json()["ticket"]
    url = f"{world.gateway.replace('http', 'ws')}/ws/live?ticket={ticket}"
    async with websockets.connect(url, max_size=None) as socket:
        await socket.send(json.dumps({"type": "subscribe", "patient_id": device.patient_id}))
        async for frame in socket:
            message = msgspec.json.decode(frame)
            if message["type"] != "reading":
                continue
            intended = due.get(_stamp(message["reading"]["timestamp"]))
            if intended is not None:
                took.append(time.perf_counter() - intended)
