"""Sockets that we open, to vendors that push through them: each message is kept durably before it is acknowledged, and a
line that breaks is opened again, with growing and jittered waits."""

import asyncio
import random
from hashlib import sha256
from typing import Final

from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from chassis import telemetry
from chassis.log import Log
from proto.errors import Unavailable
from proto.vendors.client import Client, Dial
from services.sync.domain import backoff_s
from services.sync.parties import Vendors
from services.sync.webhooks import BODY_MAX, Mailbox

log = Log("dialling")
OPEN_S: Final = 10.0
LONGEST_S: Final = 300.0


class Dialler:
    """One line a vendor whose manifest says `dial` and whose operator has said where."""

    def __init__(self, vendors: Vendors, mailbox: Mailbox) -> None:
        self._vendors = vendors
        self._mailbox = mailbox
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        for name, manifest in self._vendors.manifests.items():
            client = self._vendors.client(name)
            if client is not None and manifest.capabilities.dial and (dial := client.dial()) is not None:
                self._tasks.append(asyncio.create_task(self._keep_open(client, dial), name=f"dial:{name}"))

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def problem(self) -> str | None:
        return None  # a vendor that is away is no reason to leave service

    async def _keep_open(self, client: Client, dial: Dial) -> None:
        vendor = client.manifest.name
        failures = 0
        while True:
            try:
                failures = 0 if await self._listen(client, dial) else failures + 1
            except (OSError, TimeoutError, WebSocketException, Unavailable) as error:
                failures += 1
                log.warning("line_lost", vendor=vendor, error=type(error).__name__, attempt=failures)
            await asyncio.sleep(min(LONGEST_S, backoff_s(failures, random.random())))  # noqa: S311 - jitter

    async def _listen(self, client: Client, dial: Dial) -> bool:
        """Until the line ends; whether anything came. What was not acknowledged comes again."""
        came = False
        async with connect(
            dial.url,
            additional_headers=dict(dial.headers),
            open_timeout=OPEN_S,
            max_size=BODY_MAX,
            compression=None,
            proxy=None,
        ) as line:
            async for frame in line:
                pushed = client.pushed(frame if isinstance(frame, bytes) else frame.encode())
                if pushed is None:
                    telemetry.WEBHOOKS.labels(client.manifest.name, "malformed").inc()
                    continue
                identity = sha256(pushed.id.encode() + b"\0" + pushed.payload).hexdigest()
                await self._mailbox.keep(client.manifest.name, identity, pushed.payload, "application/json")
                telemetry.WEBHOOKS.labels(client.manifest.name, "accepted").inc()
                await line.send(client.heard(pushed.id).decode())
                came = True
        return came
