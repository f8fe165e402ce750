"""Bluetooth devices without hardware: a BlueZ of our own on a private D-Bus, which Chromium takes for the system's.

What it knows is one table of objects, as BlueZ's object manager tells it; a device puts its services there when it is
connected and takes them away when it is gone. Needs `dbus-daemon` (Debian's `dbus`, which its chromium brings along).
"""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

from dbus_fast import Message, MessageType, Variant
from dbus_fast.aio import MessageBus

from tests.support.waiting import until

ADAPTER: Final = "/org/bluez/hci0"
MANAGER: Final = "org.freedesktop.DBus.ObjectManager"
PROPERTIES: Final = "org.freedesktop.DBus.Properties"
NOTIFIES: Final = "00002902-0000-1000-8000-00805f9b34fb"
"""The descriptor without which Chromium listens to nothing."""
_CONFIG: Final = """<busconfig><type>system</type><listen>unix:path={}</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*"/><allow receive_sender="*"/><allow own="*"/></policy>
</busconfig>"""

Objects = dict[str, dict[str, dict[str, Variant]]]
"""Path → interface → property → value."""


def missing() -> str:
    """Why there can be no such bus; empty when there can."""
    return "" if shutil.which("dbus-daemon") else "there is no dbus-daemon: install Debian's dbus"


def long_uuid(short: str) -> str:
    return f"0000{short}-0000-1000-8000-00805f9b34fb"


@dataclass
class Characteristic:
    """`flags` as BlueZ spells them: read, write, notify, indicate. `on_write` is what the device does then."""

    flags: list[str]
    value: bytes = b""
    on_write: Callable[["Peripheral", bytes], Awaitable[None]] | None = None
    path: str = ""


@dataclass
class Peripheral:
    """`services`: service → characteristic → what it is, by their four hex digits."""

    world: "Bluez"
    address: str
    name: str
    services: Mapping[str, Mapping[str, Characteristic]]
    way: Literal["ok", "refuses"] = "ok"
    """How it takes a connection."""
    is_asleep: bool = False
    writes: list[tuple[str, bytes]] = field(default_factory=list)
    listened: set[str] = field(default_factory=set)

    @property
    def path(self) -> str:
        return f"{ADAPTER}/dev_{self.address.replace(':', '_')}"

    @property
    def is_connected(self) -> bool:
        return bool(self.world.objects.get(self.path, {}).get("org.bluez.Device1", {})["Connected"].value)

    def wake(self) -> None:
        """Its button was pressed: it says that it is there."""
        self.is_asleep = False
        self.world.show(self)

    async def listens(self, characteristic: str) -> None:
        """Returns when somebody listens to it."""
        await until(lambda: characteristic in self.listened, 20)

    def say(self, characteristic: str, value: bytes) -> None:
        """A notification or indication. Nobody hears it who does not listen, as in the air."""
        if characteristic in self.listened:
            path = self._found(characteristic).path
            self.world.change(path, "org.bluez.GattCharacteristic1", Value=Variant("ay", value))

    def drop(self) -> None:
        """It is switched off, or out of range."""
        if not self.is_connected:
            return
        self.listened.clear()
        self.world.change(
            self.path,
            "org.bluez.Device1",
            Connected=Variant("b", False),
            ServicesResolved=Variant("b", False),
        )
        for path in [path for path in self.world.objects if path.startswith(f"{self.path}/")][::-1]:
            self.world.remove(path)

    def _found(self, characteristic: str) -> Characteristic:
        return next(
            one for rows in self.services.values() for name, one in rows.items() if name == characteristic
        )

    def connect(self) -> str | None:
        """The name of an error, or None."""
        if self.way == "refuses":
            return "org.bluez.Error.Failed"
        self.world.change(self.path, "org.bluez.Device1", Connected=Variant("b", True))
        asyncio.get_running_loop().call_later(0.03, self._tell_services)
        return None

    def _tell_services(self) -> None:
        if not self.is_connected:
            return
        for number, (service, rows) in enumerate(self.services.items()):
            at = f"{self.path}/service{number:04x}"
            self.world.add(
                at,
                "org.bluez.GattService1",
                UUID=Variant("s", long_uuid(service)),
                Device=Variant("o", self.path),
                Primary=Variant("b", True),
                Includes=Variant("ao", []),
            )
            for index, (uuid, one) in enumerate(rows.items()):
                one.path = f"{at}/char{index:04x}"
                self.world.add(
                    one.path,
                    "org.bluez.GattCharacteristic1",
                    UUID=Variant("s", long_uuid(uuid)),
                    Service=Variant("o", at),
                    Value=Variant("ay", one.value),
                    Notifying=Variant("b", False),
                    Flags=Variant("as", one.flags),
                )
                if {"notify", "indicate"} & set(one.flags):
                    self.world.add(
                        f"{one.path}/desc0000",
                        "org.bluez.GattDescriptor1",
                        UUID=Variant("s", NOTIFIES),
                        Characteristic=Variant("o", one.path),
                        Value=Variant("ay", b"\0\0"),
                    )
        self.world.change(self.path, "org.bluez.Device1", ServicesResolved=Variant("b", True))

    def characteristic_at(self, path: str) -> tuple[str, Characteristic] | None:
        return next(
            (
                (uuid, one)
                for rows in self.services.values()
                for uuid, one in rows.items()
                if one.path == path
            ),
            None,
        )


class Bluez:
    """The service `org.bluez`. `environ` is what a browser needs to find it."""

    def __init__(self, bus: MessageBus, environ: dict[str, str]) -> None:
        self._bus = bus
        self.environ = environ
        self.objects: Objects = {}
        self.peripherals: list[Peripheral] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self.objects["/org/bluez"] = {"org.bluez.AgentManager1": {}, "org.bluez.ProfileManager1": {}}
        self.plug()
        bus.add_message_handler(self._on_message)

    # -- the adapter and what is around it ----------------------------------------------------------------------------

    def plug(self) -> None:
        self.add(
            ADAPTER,
            "org.bluez.Adapter1",
            Address=Variant("s", "00:11:22:33:44:55"),
            Name=Variant("s", "adapter"),
            Alias=Variant("s", "adapter"),
            Class=Variant("u", 0),
            Powered=Variant("b", True),
            Discoverable=Variant("b", False),
            DiscoverableTimeout=Variant("u", 0),
            Pairable=Variant("b", False),
            PairableTimeout=Variant("u", 0),
            Discovering=Variant("b", False),
            UUIDs=Variant("as", []),
            Modalias=Variant("s", "usb:v1D6Bp0246d0540"),
            Roles=Variant("as", ["central"]),
        )

    def unplug(self) -> None:
        self.remove(ADAPTER)

    def device(
        self,
        address: str,
        name: str,
        services: Mapping[str, Mapping[str, Characteristic]],
        *,
        way: Literal["ok", "refuses"] = "ok",
        is_asleep: bool = False,
    ) -> Peripheral:
        one = Peripheral(self, address, name, services, way, is_asleep)
        self.peripherals.append(one)
        if self._is_scanning() and not is_asleep:
            self.show(one)
        return one

    def _is_scanning(self) -> bool:
        return bool(
            self.objects.get(ADAPTER, {})
            .get("org.bluez.Adapter1", {})
            .get("Discovering", Variant("b", False))
            .value
        )

    def show(self, one: Peripheral) -> None:
        if one.path in self.objects:
            self.change(one.path, "org.bluez.Device1", RSSI=Variant("n", -58))
            return
        self.add(
            one.path,
            "org.bluez.Device1",
            Address=Variant("s", one.address),
            AddressType=Variant("s", "public"),
            Name=Variant("s", one.name),
            Alias=Variant("s", one.name),
            Adapter=Variant("o", ADAPTER),
            Paired=Variant("b", False),
            Trusted=Variant("b", False),
            Blocked=Variant("b", False),
            LegacyPairing=Variant("b", False),
            RSSI=Variant("n", -58),
            TxPower=Variant("n", 0),
            Class=Variant("u", 0),
            Connected=Variant("b", False),
            ServicesResolved=Variant("b", False),
            UUIDs=Variant("as", [long_uuid(service) for service in one.services]),
        )

    # -- the table of objects -----------------------------------------------------------------------------------------

    def add(self, path: str, interface: str, **properties: Variant) -> None:
        self.objects[path] = {interface: properties}
        self._signal("/", MANAGER, "InterfacesAdded", "oa{sa{sv}}", [path, self.objects[path]])

    def remove(self, path: str) -> None:
        for interface in self.objects.pop(path, {}):
            self._signal("/", MANAGER, "InterfacesRemoved", "oas", [path, [interface]])

    def change(self, path: str, interface: str, **properties: Variant) -> None:
        self.objects[path][interface].update(properties)
        self._signal(path, PROPERTIES, "PropertiesChanged", "sa{sv}as", [interface, properties, []])

    def _signal(self, path: str, interface: str, member: str, signature: str, body: list[Any]) -> None:
        self._bus.send(
            Message(
                message_type=MessageType.SIGNAL, path=path, interface=interface, member=member,
                signature=signature, body=body,
            )
        )  # fmt: skip

    # -- calls --------------------------------------------------------------------------------------------------------

    def _on_message(self, message: Message) -> Message | bool | None:
        if message.message_type is not MessageType.METHOD_CALL:
            return None
        interface, path = message.interface or "", message.path or ""
        if interface == MANAGER:
            return Message.new_method_return(message, "a{oa{sa{sv}}}", [self.objects])
        if interface == PROPERTIES:
            return self._property(message, path)
        if not interface.startswith("org.bluez."):
            return None
        task = asyncio.get_running_loop().create_task(self._answer(message, path))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return True

    def _property(self, message: Message, path: str) -> Message:
        held = self.objects.get(path, {}).get(message.body[0])
        if held is None or (message.member == "Get" and message.body[1] not in held):
            return Message.new_error(message, "org.freedesktop.DBus.Error.UnknownProperty", "not here")
        if message.member == "Set":
            self.change(path, message.body[0], **{message.body[1]: message.body[2]})
            return Message.new_method_return(message)
        if message.member == "GetAll":
            return Message.new_method_return(message, "a{sv}", [held])
        return Message.new_method_return(message, "v", [held[message.body[1]]])

    async def _answer(self, message: Message, path: str) -> None:
        owner = next((one for one in self.peripherals if path.startswith(one.path)), None)
        reply = Message.new_method_return(message)
        if path == ADAPTER:
            self._adapter(message.member or "")
        elif owner is not None and path == owner.path:
            error = self._device(owner, message.member or "")
            reply = Message.new_error(message, error, "no") if error else reply
        elif owner is not None:
            reply = self._characteristic(owner, message, path)
        self._bus.send(reply)

    def _adapter(self, member: str) -> None:
        if member in ("StartDiscovery", "StopDiscovery"):
            self.change(ADAPTER, "org.bluez.Adapter1", Discovering=Variant("b", member == "StartDiscovery"))
        if member == "StartDiscovery":
            for one in self.peripherals:
                if not one.is_asleep:
                    asyncio.get_running_loop().call_later(0.1, self.show, one)

    def _device(self, one: Peripheral, member: str) -> str | None:
        if member in ("Connect", "ConnectLE"):
            return one.connect()
        if member in ("Disconnect", "DisconnectLE"):
            one.drop()
        return None

    def _characteristic(self, owner: Peripheral, message: Message, path: str) -> Message:
        found = owner.characteristic_at(path)
        done = Message.new_method_return(message)
        if found is None:  # a descriptor
            return (
                Message.new_method_return(message, "ay", [b"\0\0"]) if message.member == "ReadValue" else done
            )
        uuid, one = found
        if message.member == "ReadValue":
            return Message.new_method_return(message, "ay", [one.value])
        if message.member == "WriteValue":
            owner.writes.append((uuid, bytes(message.body[0])))
            if one.on_write is not None:
                task = asyncio.get_running_loop().create_task(
                    _after(one.on_write(owner, bytes(message.body[0])))
                )
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
        if message.member in ("StartNotify", "StopNotify"):
            is_on = message.member == "StartNotify"
            (owner.listened.add if is_on else owner.listened.discard)(uuid)
            self.change(path, "org.bluez.GattCharacteristic1", Notifying=Variant("b", is_on))
        return done


async def _after(work: Awaitable[None]) -> None:
    """What a device does after a write comes after its acknowledgement."""
    await asyncio.sleep(0)
    await work


@asynccontextmanager
async def bluez() -> AsyncIterator[Bluez]:
    folder = Path(tempfile.mkdtemp(prefix="bluez-"))
    socket, config = folder / "bus", folder / "bus.conf"
    config.write_text(_CONFIG.format(socket))
    daemon = await asyncio.create_subprocess_exec(
        "dbus-daemon", "--nofork", "--nopidfile", f"--config-file={config}", stderr=asyncio.subprocess.DEVNULL
    )
    try:
        await until(socket.exists, 10)
        address = f"unix:path={socket}"
        bus = await MessageBus(bus_address=address).connect()
        made = Bluez(bus, {"DBUS_SYSTEM_BUS_ADDRESS": address})
        await bus.request_name("org.bluez")
        try:
            yield made
        finally:
            await asyncio.gather(*made._tasks, return_exceptions=True)
            bus.disconnect()
    finally:
        daemon.terminate()
        await daemon.wait()
        shutil.rmtree(folder)
