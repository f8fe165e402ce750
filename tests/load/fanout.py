"""One patient's readings to very many sockets, and what a socket costs that only waits."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import msgspec

from tests.load.crowd import Count
from tests.load.http import Connection
from tests.load.phases import INGEST, encode
from tests.load.world import Cpu, Device, World, memory

PROCESSES: Final = 2
GOAL_PER_S: Final = 40_000
PRESSURE: Final = 1.5
"""Readings are sent at a pace that asks for this many times the goal: what comes out is what the gateway can."""
MOST_READINGS: Final = 900
"""Fewer than a socket's queue holds, so that none is dropped for the pace."""
QUIET_S: Final = 10.0
"""After so long without a single delivery the rest is missing."""
SPARE_FILES: Final = 500
OPENING_S: Final = 120.0
"""What is not open by then is done without, and said."""


class Crowd:
    """The client processes."""

    def __init__(self, clients: list[asyncio.subprocess.Process]) -> None:
        self._clients = clients

    async def counts(self) -> list[Count]:
        return await asyncio.gather(*(_count(client) for client in self._clients))


async def _count(client: asyncio.subprocess.Process) -> Count:
    line = await _say(client, b"count\n")
    return msgspec.json.decode(line, type=Count)


async def _say(client: asyncio.subprocess.Process, text: bytes) -> bytes:
    if client.stdin is None or client.stdout is None:
        raise AssertionError("a client without pipes")
    client.stdin.write(text)
    line = await client.stdout.readline()
    if not line:
        raise AssertionError("a client of the crowd ended; it said why above")
    return line


@asynccontextmanager
async def crowd(world: World, device: Device, sockets: int) -> AsyncIterator[Crowd]:
    """That many sockets, subscribed to the patient; fewer when time is up."""
    clients: list[asyncio.subprocess.Process] = []
    try:
        for number in range(PROCESSES):
            share = (sockets + number) // PROCESSES
            client = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "tests.load.crowd"),
                *(world.gateway, device.patient_id, str(share), str(OPENING_S)),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
            )
            clients.append(client)
        token = f"{device.user_token}\n".encode()
        await asyncio.gather(*(_say(client, token) for client in clients))
        yield Crowd(clients)
    finally:
        for client in clients:
            if client.returncode is None:
                client.kill()
            await client.wait()


def _open(counts: list[Count], wanted: int) -> int:
    sockets = sum(count.sockets for count in counts)
    if sockets < wanted:
        print(f"  ONLY {sockets:,} of {wanted:,} sockets were open after {OPENING_S:.0f} s")
    return sockets


def pace_of(sockets: int, seconds: float) -> tuple[float, int]:
    """Readings a second, and how many."""
    rate = GOAL_PER_S * PRESSURE / sockets
    return rate, max(1, min(MOST_READINGS, int(rate * seconds)))


async def fan_out(world: World, sockets: int, seconds: float) -> dict[str, Any]:
    device = world.devices[0]
    rate, readings = pace_of(sockets, seconds)
    async with crowd(world, device, sockets) as there:
        before = await there.counts()
        sockets = _open(before, sockets)
        wanted = sockets * readings
        cpu = Cpu(world.system)
        await _send(world, device, rate, readings)
        counts = await _received(there, wanted)
        gateway_s = cpu.taken()["gateway"]
    delivered = sum(count.readings for count in counts)
    took = max(count.last for count in counts) - min(count.first for count in counts)
    return {
        "sockets": sockets,
        "readings": readings,
        "wanted": wanted,
        "delivered": delivered,
        "gaps": sum(count.gaps for count in counts),
        "deliveries_per_s": round(delivered / max(took, 1e-3)),
        "asked_per_s": round(rate * sockets),
        "gateway_cpu_us_per_delivery": round(gateway_s / max(delivered, 1) * 1e6, 2),
        "clients_cpu_us_per_delivery": round(
            (sum(count.cpu_s for count in counts) - sum(count.cpu_s for count in before))
            / max(delivered, 1)
            * 1e6,
            2,
        ),
    }


async def _send(world: World, device: Device, rate: float, readings: int) -> None:
    """One reading a POST, each at its time, however long the answers take."""
    free: asyncio.LifoQueue[Connection] = asyncio.LifoQueue()
    for _ in range(16):
        free.put_nowait(Connection(world.ingest, INGEST, f"Bearer {device.ingest_token}"))

    async def one(due: float) -> None:
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        connection = await free.get()
        status = await connection.post(encode(world.message(device)))
        free.put_nowait(connection)
        if status != 202:
            raise AssertionError(f"the API answered {status}")

    began = time.perf_counter()
    await asyncio.gather(*(one(began + number / rate) for number in range(readings)))


async def _received(there: Crowd, wanted: int) -> list[Count]:
    """Waits until everything has come, or nothing comes any more."""
    seen, moved_at = -1, time.monotonic()
    while True:
        counts = await there.counts()
        now = sum(count.readings for count in counts)
        if now > seen:
            seen, moved_at = now, time.monotonic()
        if now >= wanted or time.monotonic() - moved_at > QUIET_S:
            return counts
        await asyncio.sleep(0.1)


async def idle(world: World, sockets: int, files: int) -> dict[str, Any] | None:
    """What sockets that only wait cost the gateway; None, said loudly, where so many files may not be open."""
    if files < sockets + SPARE_FILES:
        print(f"  NOT MEASURED: {sockets:,} idle sockets need {sockets + SPARE_FILES:,} open files, and {files:,}"
              " are allowed (ulimit -Hn)")  # fmt: skip
        return None
    before, began = memory(world.system, "gateway"), time.perf_counter()
    async with crowd(world, world.devices[0], sockets) as there:
        opened_s = time.perf_counter() - began
        after = memory(world.system, "gateway")
        counts = await there.counts()
        sockets = _open(counts, sockets)
    return {
        "sockets": sockets,
        "lost": sum(count.lost for count in counts),
        "opened_per_s": round(sockets / opened_s),
        "gateway_before": before,
        "gateway_with": after,
        "kib_per_socket": round((after["pss_mib"] - before["pss_mib"]) * 1024 / sockets, 1),
    }
