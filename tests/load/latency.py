"""From the moment at which a reading was meant to leave to the WebSocket frame at its patient, at a steady rate."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import httpx2
import msgspec
import websockets

from tests.load.http import Connection
from tests.load.phases import INGEST, encode, hub_client
from tests.load.world import LATENCY_BEGAN, Device, World
from tests.support.waiting import until

WATCHED: Final = 4
SENDERS: Final = 64
PATIENCE_S: Final = 10.0
"""How long a frame may be missing before it counts as not seen."""

Send = Callable[[Device, bytes], Awaitable[None]]


class Watch:
    """Some patients at their screens: when was what they see meant to leave?"""

    def __init__(self, devices: list[Device]) -> None:
        self.devices = devices
        self.due: dict[str, float] = {}
        self.took: list[float] = []

    async def look(self, world: World, device: Device, ready: "asyncio.Future[None]") -> None:
        mine = {"authorization": f"Bearer {device.user_token}"}
        async with httpx2.AsyncClient(base_url=world.gateway, headers=mine) as client:
            ticket = (await client.post("/api/v1/live/ticket")).json()["ticket"]
        url = f"{world.gateway.replace('http', 'ws')}/ws/live?ticket={ticket}"
        async with websockets.connect(url, max_size=None, compression=None) as socket:
            await socket.send(json.dumps({"type": "subscribe", "patient_id": device.patient_id}))
            async for frame in socket:
                message = msgspec.json.decode(frame)
                if message["type"] == "subscribed":
                    ready.set_result(None)
                elif message["type"] == "reading":
                    intended = self.due.get(_stamp(message["reading"]["timestamp"]))
                    if intended is not None:
                        self.took.append(time.perf_counter() - intended)

    def report(self, rate: float) -> dict[str, Any]:
        took = sorted(self.took)
        return {
            "rate_per_s": round(rate),
            "watched": len(self.due),
            "seen": len(took),
            "p50_ms": round(took[len(took) // 2] * 1000, 1) if took else None,
            "p99_ms": round(took[int(len(took) * 0.99)] * 1000, 1) if took else None,
            "max_ms": round(took[-1] * 1000, 1) if took else None,
        }


async def over_http(world: World, base: str, rate: float, seconds: float) -> dict[str, Any]:
    """POST → frame. Every reading is another patient's than the one before; four of the patients watch."""
    connections: dict[str, asyncio.Queue[Connection]] = {
        device.connection_id: asyncio.Queue() for device in world.devices
    }
    for number in range(max(SENDERS, len(world.devices))):
        device = world.devices[number % len(world.devices)]
        connections[device.connection_id].put_nowait(
            Connection(base, INGEST, f"Bearer {device.ingest_token}")
        )

    async def send(device: Device, body: bytes) -> None:
        connection = await connections[device.connection_id].get()
        try:
            await connection.post(body)
        finally:
            connections[device.connection_id].put_nowait(connection)

    return await _open_loop(world, world.devices, world.devices[:WATCHED], send, rate, seconds)


async def over_mqtt(
    world: World, hub: dict[str, Any], device: Device, rate: float, seconds: float
) -> dict[str, Any]:
    """Hub's publish → frame: one reading a publish, of one patient, who watches."""
    topic = f"dc/v1/hubs/{hub['hub_id']}/up/readings"
    async with hub_client(world, hub, SENDERS) as client:

        async def send(_: Device, body: bytes) -> None:
            await client.publish(topic, body, qos=1, timeout=30)

        return await _open_loop(world, [device], [device], send, rate, seconds)


async def _open_loop(
    world: World, devices: list[Device], watched: list[Device], send: Send, rate: float, seconds: float
) -> dict[str, Any]:
    watch = Watch(watched)
    async with AsyncExitStack() as stack:
        for device in watched:
            await _open_eyes(stack, watch, world, device)
        seen = {device.connection_id for device in watched}
        running: set[asyncio.Future[None]] = set()
        began = time.perf_counter()
        for number in range(int(rate * seconds)):
            intended = began + number / rate
            if (early := intended - time.perf_counter()) > 0.001:
                await asyncio.sleep(early)
            device = devices[number % len(devices)]
            message = world.message(device, LATENCY_BEGAN + timedelta(milliseconds=world.sent))
            if device.connection_id in seen:
                watch.due[_stamp(message["timestamp"])] = intended
            task = asyncio.ensure_future(send(device, encode(message)))
            running.add(task)
            task.add_done_callback(running.discard)
        await asyncio.gather(*running)
        try:
            await until(lambda: len(watch.took) >= len(watch.due), PATIENCE_S)
        except TimeoutError:
            print(f"  {len(watch.due) - len(watch.took)} readings were not seen within {PATIENCE_S:.0f} s")
    return watch.report(rate)


async def _open_eyes(stack: AsyncExitStack, watch: Watch, world: World, device: Device) -> None:
    """Returns when the patient is subscribed; one that could not says why."""
    ready = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(watch.look(world, device, ready))
    stack.push_async_callback(_close_eyes, task)
    await asyncio.wait({task, ready}, return_when=asyncio.FIRST_COMPLETED)
    if task.done():
        task.result()


async def _close_eyes(task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def _stamp(timestamp: str) -> str:
    return datetime.fromisoformat(timestamp).astimezone(UTC).isoformat()
