"""Commands to hubs: sent when the hub is there, repeated every 30 s until answered, dropped when they expire."""

from datetime import timedelta
from typing import Final
from uuid import UUID

import msgspec

from chassis.clock import now
from chassis.consume import DONE, Delivery, Reject, Retry, Verdict
from chassis.log import Log
from chassis.resource import Background
from proto.events import HubAnswered, HubCommand, HubStateChanged
from services.ingest.bridge.uplink import Downlink

log = Log("commands")

REPEAT_S: Final = 30.0
REMEMBER: Final = timedelta(minutes=15)


class Commands:
    """JOBS keeps a command; this keeps which are answered. Forgotten at a restart: a hub executes an id once."""

    def __init__(self, downlink: Downlink, background: Background) -> None:
        self._downlink = downlink
        self._background = background
        self._answered: dict[UUID, object] = {}
        self._pending: dict[str, dict[UUID, HubCommand]] = {}

    async def on_command(self, delivery: Delivery) -> Verdict:
        """Subject `hubs.command.v1.<hub>`."""
        try:
            command = msgspec.json.decode(delivery.data, type=HubCommand)
        except msgspec.DecodeError:
            return Reject("unreadable")
        hub_id = delivery.subject.rsplit(".", 1)[-1]
        pending = self._pending.setdefault(hub_id, {})
        left_s = (command.expires_at - now()).total_seconds()
        if command.id in self._answered or left_s <= 0:
            pending.pop(command.id, None)
            return DONE
        pending[command.id] = command
        await self._send(hub_id, command)
        return Retry(min(REPEAT_S, left_s + 0.1))

    def on_state(self, state: HubStateChanged) -> None:
        """A hub that comes back gets at once what waits for it."""
        if state.state != "online":
            return
        at = now()
        for command in list(self._pending.get(state.hub_id, {}).values()):
            if command.expires_at > at and command.id not in self._answered:
                self._background.spawn(self._send(state.hub_id, command), "command")

    def on_answer(self, answer: HubAnswered) -> None:
        self._answered[answer.command_id] = answer.at
        self._pending.get(answer.hub_id, {}).pop(answer.command_id, None)
        while len(self._answered) > 10_000:
            del self._answered[next(iter(self._answered))]

    async def _send(self, hub_id: str, command: HubCommand) -> None:
        await self._downlink.send(hub_id, "commands", msgspec.json.encode(command))
        log.info("command_sent", hub_id=hub_id, command=command.command)
