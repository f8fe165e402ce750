"""How a hub answers commands: each id is executed once, an expired one not at all. Pure; knows no broker."""

from collections import OrderedDict
from datetime import datetime
from typing import Any
from uuid import UUID

from proto.events import HubCommand
from proto.words import DeviceType
from simulator.devices import VirtualDevice

REMEMBERED = 1000
"""Answers kept, so that a repeated command gets the same one. The platform repeats for minutes, not for ever."""

Answer = dict[str, Any]


class Desk:
    """What a hub knows of the devices around it: who is near, and who is paired to which connection."""

    def __init__(self, nearby: list[VirtualDevice], paired: dict[str, str | None] | None = None) -> None:
        self.nearby = {device.address.upper(): device for device in nearby}
        self.paired: dict[str, str | None] = dict(paired or {})
        """Address → connection id, as far as the platform told it."""
        self._answers: OrderedDict[UUID, Answer] = OrderedDict()

    def answer(self, command: HubCommand, now: datetime) -> tuple[Answer, bool]:
        """The answer, and whether the command was executed by this call (not repeated, not expired)."""
        known = self._answers.get(command.id)
        if known is not None:
            return known, False
        if command.expires_at <= now:
            return {"ok": False, "error": "expired"}, False
        answer = self._execute(command, now)
        self._answers[command.id] = answer
        while len(self._answers) > REMEMBERED:
            self._answers.popitem(last=False)
        return answer, True

    def device_of(self, connection_id: str, device_type: DeviceType) -> VirtualDevice | None:
        """The near, paired device that sends for a connection: the named one, or one of its type without a name."""
        unnamed = None
        for address, owner in self.paired.items():
            device = self.nearby.get(address)
            if device is not None and owner == connection_id:
                return device
            if device is not None and owner is None and device.device_type == device_type:
                unnamed = device
        return unnamed

    def _execute(self, command: HubCommand, now: datetime) -> Answer:
        if command.command == "scan":
            return {"ok": True, "devices": self._scan(command.services, now)}
        address = (command.device_address or "").upper()
        device = self.nearby.get(address)
        if command.command == "forget":
            self.paired.pop(address, None)
            return {"ok": True}
        if command.command == "sync_time" and not address:
            return {"ok": True}  # the hub's own clock
        if device is None:
            return {"ok": False, "error": "device_not_found"}
        if command.command == "pair":
            if device.refuses:
                return {"ok": False, "error": "bonding_failed"}
            self.paired[address] = str(command.device_connection_id) if command.device_connection_id else None
            return {"ok": True}
        return {"ok": True} if address in self.paired else {"ok": False, "error": "not_paired"}

    def _scan(self, services: list[str], now: datetime) -> list[dict[str, Any]]:
        """Everything near, or what advertises one of the services; strongest first."""
        wanted = {short(service) for service in services}
        found = [
            device.advertisement(now)
            for device in self.nearby.values()
            if not wanted or wanted.intersection(device.services)
        ]
        found.sort(key=lambda one: one.rssi or -127, reverse=True)
        return [
            {"address": one.address, "name": one.name, "services": one.services, "rssi": one.rssi}
            for one in found
        ]


def short(service: str) -> str:
    """`0x1810`, `1810` and the 128-bit form are the same service."""
    text = service.lower().removeprefix("0x")
    return text[4:8] if text.endswith("-0000-1000-8000-00805f9b34fb") else text
