"""Takes messages of a durable pull consumer: one request a fetch, and no task or timer a message.

The client's own `fetch` makes two tasks, a timer and a random name for every message; at 150 events a batch that cost
more than what is done with them. Here a request says "what is there, or else the first that comes, until …", and the
server ends it with a status line.
"""

import asyncio
from typing import Final
from uuid import uuid4

import msgspec
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.errors import Error

from chassis.bus import Bus
from chassis.log import Log
from proto import subjects
from proto.errors import Unavailable

log = Log("pull")

PATIENCE_S: Final = 1.0
"""How long beyond its time a request may go unanswered: then it is lost, and the next one is made."""
CLOSE_S: Final = 2.0
NOTHING: Final = frozenset({"404", "408"})
"""Status lines that only end a request: there is nothing, or its time is up."""


class Puller:
    """Fetches for one user of the consumer; one fetch at a time."""

    def __init__(self, bus: Bus, declared: subjects.Consumer) -> None:
        self._bus = bus
        self._next = f"$JS.API.CONSUMER.MSG.NEXT.{declared.stream}.{declared.durable}"
        self._inbox = f"{subjects.inbox_prefix(bus.user)}.{uuid4().hex}"
        self._sub: Subscription | None = None
        self._messages: list[Msg] = []
        self._asked = 0
        self._most = 0
        self._ended: asyncio.Future[str] | None = None

    async def fetch(self, most: int, wait_s: float) -> list[Msg]:
        """At most so many of what is there, else the first that comes in time; none when `wake` was called meanwhile.

        Raises `Unavailable` when the server refuses, and the client's errors when it cannot be asked.
        """
        self._most = most
        self._ended = ended = asyncio.get_running_loop().create_future()
        if self._sub is None:
            self._sub = await self._bus.nc.subscribe(
                f"{self._inbox}.*", cb=self._heard, pending_msgs_limit=-1, pending_bytes_limit=-1
            )
        status = "" if self._messages else await self._ask(ended, wait_s)
        if not self._messages and status and status not in NOTHING:
            raise Unavailable(f"consumer ({status})")
        taken, self._messages = self._messages[:most], self._messages[most:]
        return taken

    def wake(self) -> None:
        """Ends a fetch that waits: its server is gone, or we are going."""
        self._end("")

    async def close(self) -> None:
        """Takes back the request; what came all the same goes to whoever asks next."""
        if self._sub is None or not self._bus.connected:
            return
        try:
            await asyncio.wait_for(self._sub.drain(), CLOSE_S)  # type: ignore[no-untyped-call]
            for message in self._messages:
                await message.nak()
        except (Error, TimeoutError):
            log.debug("pull_not_closed")

    async def _ask(self, ended: "asyncio.Future[str]", wait_s: float) -> str:
        """Asks, and waits until the request has ended; answers its status line, or nothing."""
        self._asked += 1
        # Both words together: what is there ends the request at once, nothing lets it wait for the first.
        request = {"batch": self._most, "expires": int(wait_s * 1e9), "no_wait": True}
        await self._bus.nc.publish(
            self._next, msgspec.json.encode(request), reply=f"{self._inbox}.{self._asked}"
        )
        try:
            return await asyncio.wait_for(ended, wait_s + PATIENCE_S)
        except TimeoutError:
            return ""

    async def _heard(self, message: Msg) -> None:
        if message.reply:
            self._messages.append(message)
            if len(self._messages) >= self._most:
                self._end("")
        elif (
            message.subject == f"{self._inbox}.{self._asked}"
        ):  # an earlier request's end is none of this one
            self._end((message.headers or {}).get("Status", ""))

    def _end(self, status: str) -> None:
        if self._ended is not None and not self._ended.done():
            self._ended.set_result(status)
