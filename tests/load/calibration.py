"""What a microsecond of CPU is worth here and now: a fixed piece of work, done in small slices while something is measured.

The work is of the kind that a reading costs (decode, digest, encode). Its price is CPU time of this thread, not wall
time: waiting for a core costs nothing, a slower or shared core costs what it costs everybody.
"""

import asyncio
import time
from hashlib import blake2b
from types import TracebackType
from typing import Any, Final

import msgspec

MESSAGE: Final = msgspec.json.encode(
    {
        "device_connection_id": "0199d4c8-0000-7000-8000-000000000000",
        "timestamp": "2026-01-01T00:00:00+00:00",
        "event_id": "b-1",
        "readings": {"blood_pressure": {"systolic": 120, "diastolic": 70, "hr": 66}},
        "meta": {"battery_pct": 76, "rssi": -60},
    }
)
SLICE: Final = 200
EVERY_S: Final = 0.05


class Calibration:
    """`async with Calibration() as unit: …`, then `unit.us()`: CPU µs of one piece of work during the block."""

    def __init__(self) -> None:
        self._cpu_s = 0.0
        self._done = 0
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "Calibration":
        self._task = asyncio.create_task(self._run())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def us(self) -> float:
        if not self._done:
            self._slice()
        return self._cpu_s / self._done * 1e6

    async def _run(self) -> None:
        while True:
            self._slice()
            await asyncio.sleep(EVERY_S)

    def _slice(self) -> None:
        decode, encode = msgspec.json.Decoder(dict[str, Any]).decode, msgspec.json.Encoder().encode
        began = time.thread_time()
        for _ in range(SLICE):
            blake2b(encode(decode(MESSAGE)), digest_size=16).digest()
        self._cpu_s += time.thread_time() - began
        self._done += SLICE
