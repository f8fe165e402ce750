"""`device-connect simulate`: one virtual hub in the foreground, or many patients with a history. JSON lines on stdout."""

import argparse
import asyncio
import hashlib
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args
from urllib.parse import urlsplit

import aiomqtt
import msgspec

from chassis.log import setup
from proto.errors import Refused
from proto.words import DEVICE_TYPES
from simulator.demo import HUBS
from simulator.devices import VirtualDevice
from simulator.front_door import FrontDoor
from simulator.hub import Hub, HubConfig
from simulator.journal import FileJournal
from simulator.load import Load, Plan
from simulator.physiology import Scenario

DEFAULT_HOME = "./.device-connect"


class _Endpoints(msgspec.Struct):
    gateway: str = ""
    mqtt: str = ""


def main(argv: Sequence[str], environ: Mapping[str, str] | None = None) -> int:
    """The exit code: 0 done, 1 something failed, 2 wrong usage or no running system."""
    told = os.environ if environ is None else environ  # noqa: TID251 - the edge of a command
    arguments = _parser(told.get("DC_HOME", DEFAULT_HOME)).parse_args(argv)
    setup("simulate", "info" if arguments.verbose else "warning")
    try:
        if arguments.hub:
            return asyncio.run(_hub(arguments))
        if arguments.patients:
            return asyncio.run(_patients(arguments))
    except (Refused, LookupError) as error:
        print(f"device-connect simulate: {error}", file=sys.stderr)
        return 1
    except FileNotFoundError as error:
        print(f"device-connect simulate: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    print("device-connect simulate: say --hub ID --secret S, or --patients N", file=sys.stderr)
    return 2


def _parser(home: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="device-connect simulate", description="Devices, hubs and patients for development and load."
    )
    parser.add_argument("--home", default=home, help="where endpoints.json of the running system is")
    parser.add_argument("--url", help="gateway of the running system, instead of endpoints.json")
    parser.add_argument("-v", "--verbose", action="store_true", help="log to stderr what happens")

    hub = parser.add_argument_group("one hub")
    hub.add_argument("--hub", metavar="ID", help="run this hub in the foreground")
    hub.add_argument("--secret", help="its secret, as shown once when it was made")
    hub.add_argument("--mqtt", metavar="URL", help="mqtt://host:port, instead of endpoints.json")
    hub.add_argument(
        "--timezone", default="UTC", help="what the clocks of its devices show (the patient's zone)"
    )
    hub.add_argument("--measure-every", type=float, metavar="S", help="measure by itself; otherwise on Enter")
    hub.add_argument("--scenario", choices=get_args(Scenario), default="normal")
    hub.add_argument(
        "--resend", type=float, default=300, metavar="S", help="send again without a receipt after"
    )
    hub.add_argument("--queue", type=Path, metavar="FILE", help="keep unreceipted readings in this file")
    hub.add_argument(
        "--paired", action="append", default=[], metavar="ADDRESS=CONNECTION", help="a device paired earlier"
    )

    load = parser.add_argument_group("many patients")
    load.add_argument("--patients", type=int, metavar="N", help="sim-000001 … with a simulated device each")
    load.add_argument("--days", type=float, default=1, metavar="D", help="days of history each")
    load.add_argument(
        "--until", type=_moment, metavar="T", help="RFC 3339 with offset: where it ends; default: now"
    )
    load.add_argument(
        "--rate", type=float, default=0, metavar="R", help="readings a second in all; 0 = no limit"
    )
    load.add_argument(
        "--per-post", type=int, default=50, metavar="K", help="readings a request (at most 500)"
    )
    load.add_argument("--device-type", choices=DEVICE_TYPES, help="the same for all; default: all in turn")
    load.add_argument(
        "--scenarios", nargs="+", choices=get_args(Scenario), default=["normal"], help="handed out in turn"
    )
    load.add_argument("--seed", type=int, help="other bodies than the names give")
    return parser


def _moment(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise argparse.ArgumentTypeError("it needs an offset, as in 2026-01-15T00:00:00Z")
    return at.astimezone(UTC).replace(microsecond=0)


def tell(line: dict[str, Any]) -> None:
    sys.stdout.write(msgspec.json.encode(line).decode() + "\n")
    sys.stdout.flush()


def _endpoints(home: str) -> _Endpoints:
    path = Path(home) / "endpoints.json"
    try:
        return msgspec.json.decode(path.read_bytes(), type=_Endpoints)
    except (OSError, msgspec.MsgspecError):
        raise FileNotFoundError(
            f"no running system: {path} cannot be read; start one or say --url/--mqtt"
        ) from None


async def _patients(arguments: argparse.Namespace) -> int:
    door = FrontDoor(arguments.url or _endpoints(arguments.home).gateway)
    plan = Plan(
        patients=arguments.patients,
        days=arguments.days,
        until=arguments.until,
        rate=arguments.rate,
        per_post=max(1, min(500, arguments.per_post)),
        device_type=arguments.device_type,
        scenarios=tuple(arguments.scenarios),
        seed=arguments.seed,
    )
    try:
        totals = await Load(door, plan, tell).run()
    finally:
        await door.stop()
    return 1 if totals.failed or totals.rejected else 0


async def _hub(arguments: argparse.Namespace) -> int:
    if not arguments.secret:
        raise LookupError("--hub needs --secret")
    mqtt = arguments.mqtt or _endpoints(arguments.home).mqtt
    if urlsplit(mqtt).hostname is None:
        raise LookupError("--mqtt wants mqtt://host:port")
    journal = FileJournal(arguments.queue) if arguments.queue else None
    config = HubConfig(
        hub_id=arguments.hub,
        secret=arguments.secret,
        mqtt_url=mqtt,
        zone=arguments.timezone,
        resend_s=arguments.resend,
    )

    def on_paired(paired: dict[str, str | None]) -> None:
        tell({"event": "paired", "devices": paired})

    paired: dict[str, str | None] = {}
    for pair in arguments.paired:
        address, _, connection = pair.partition("=")
        paired[address.upper()] = connection or None
    hub = Hub(config, near(arguments.hub), paired=paired, journal=journal, on_paired=on_paired)
    await hub.start()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    measuring = asyncio.create_task(_measure(hub, arguments))
    try:
        tell({"event": "connecting", "hub_id": arguments.hub, "nearby": [*hub.desk.nearby]})
        await hub.online()
        tell({"event": "online"})
        await stop.wait()
    except TimeoutError:
        print(
            "device-connect simulate: the hub cannot sign in; look at its id, secret and address",
            file=sys.stderr,
        )
        return 1
    finally:
        measuring.cancel()
        await hub.stop()
        tell({"event": "stopped", "waiting": hub.waiting, **msgspec.to_builtins(hub.counters)})
    return 0


def near(hub_id: str) -> list[VirtualDevice]:
    """The demo's five devices, with addresses of this hub's own: no two hubs may have the same device near."""
    own = hashlib.sha256(hub_id.encode()).digest()
    seed = int.from_bytes(own[:4], "big")
    return [
        msgspec.structs.replace(device, address=f"C0:{own[:4].hex(':').upper()}:{index:02X}", seed=seed)
        for index, device in enumerate(HUBS[0].devices, 1)
    ]


async def _measure(hub: Hub, arguments: argparse.Namespace) -> None:
    """Every paired device measures, by the clock or when Enter is pressed."""
    while True:
        if arguments.measure_every:
            await asyncio.sleep(arguments.measure_every)
        elif not await _enter():
            return
        for address in [*hub.desk.paired]:
            with suppress(LookupError, aiomqtt.MqttError):
                event_ids = await hub.measure(address, scenario=arguments.scenario, live=True)
                tell({"event": "measured", "device": address, "event_ids": event_ids})
        if not hub.desk.paired:
            tell({"event": "nothing_paired"})


async def _enter() -> bool:
    """Waits for a line on stdin; False at its end. A reader of the loop, since a blocked thread would not let it end."""
    loop = asyncio.get_running_loop()
    line: asyncio.Future[bool] = loop.create_future()

    def readable() -> None:
        if not line.done():
            line.set_result(bool(sys.stdin.buffer.readline()))

    try:
        loop.add_reader(sys.stdin.fileno(), readable)
    except (OSError, ValueError):  # a file or nothing at all: there is no key to wait for
        return False
    try:
        return await line
    finally:
        loop.remove_reader(sys.stdin.fileno())
