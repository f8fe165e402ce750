"""Commands to hubs: sent when the hub is there, repeated every 30 s until answered, dropped when they expire."""

from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from chassis.clock import now
from chassis.consume import DONE, Delivery, Reject, Retry, Verdict
from chassis.log import Log
from chassis.resource import Background
from proto.errors import Unavailable
from proto.events import HubAnswered, HubCommand, HubStateChanged
from services.ingest.bridge.uplink import Downlink

log = Log("commands")

REPEAT_S: Final = 30.0
NO_WAY_S: Final = 1.0
"""While there is no way down from here: another replica may have one, and takes what goes back."""
REMEMBERED: Final = 10_000


class Commands:
    """JOBS keeps a command; this keeps which are answered. Forgotten at a restart: a hub executes an id once."""

    def __init__(
        self, downlink: Downlink, background: Background, clock: Callable[[], datetime] = now
    ) -> None:
        self._downlink = downlink
        self._background = background
        self._now = clock
        self._answered: OrderedDict[tuple[str, UUID], datetime] = OrderedDict()
        """Hub and command: nobody answers for another hub."""
        self._pending: dict[str, dict[UUID, HubCommand]] = {}

    async def on_command(self, delivery: Delivery) -> Verdict:
        """Subject `hubs.command.v1.<hub>`."""
        try:
            command = msgspec.json.decode(delivery.data, type=HubCommand)
        except msgspec.DecodeError:
            return Reject("unreadable")
        hub_id = delivery.subject.rsplit(".", 1)[-1]
        left_s = (command.expires_at - self._now()).total_seconds()
        if (hub_id, command.id) in self._answered or left_s <= 0:
            self._forget(hub_id, command.id)
            return DONE
        self._pending.setdefault(hub_id, {})[command.id] = command
        try:
            await self._send(hub_id, command)
        except Unavailable:
            return Retry(NO_WAY_S)
        return Retry(min(REPEAT_S, left_s + 0.1))

    def on_state(self, state: HubStateChanged) -> None:
        """A hub that comes back gets at once what waits for it."""
        if state.state != "online":
            return
        at = self._now()
        for command in list(self._pending.get(state.hub_id, {}).values()):
            if command.expires_at > at:
                self._background.spawn(self._send(state.hub_id, command), "command")
            else:
                self._forget(state.hub_id, command.id)

    def on_answer(self, answer: HubAnswered) -> None:
        self._answered[(answer.hub_id, answer.command_id)] = answer.at
        self._forget(answer.hub_id, answer.command_id)
        while len(self._answered) > REMEMBERED:
            self._answered.popitem(last=False)

    def _forget(self, hub_id: str, command_id: UUID) -> None:
        pending = self._pending.get(hub_id, {})
        pending.pop(command_id, None)
        if not pending:
            self._pending.pop(hub_id, None)

    async def _send(self, hub_id: str, command: HubCommand) -> None:
        await self._downlink.send(hub_id, "commands", msgspec.json.encode(command))
        log.info("command_sent", hub_id=hub_id, command=command.command)
