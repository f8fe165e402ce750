"""The clouds inside the simulator process: `/clouds/<host>/<path>` goes to the vendor of that host, `/clouds/control` to
whoever directs the play."""

from pathlib import Path
from typing import Any, Final

from litestar import asgi
from litestar.types import Receive, Scope, Send

from simulator.vendors import control
from simulator.vendors.alivecor import AliveCor
from simulator.vendors.cloud import Cloud, Hook
from simulator.vendors.consent import CSS
from simulator.vendors.dexcom import Dexcom
from simulator.vendors.fitbit import Fitbit
from simulator.vendors.garmin import Garmin
from simulator.vendors.google_fit import GoogleFit
from simulator.vendors.google_health import GoogleHealth
from simulator.vendors.ihealth import IHealth
from simulator.vendors.omron import Omron
from simulator.vendors.oura import Oura
from simulator.vendors.polar import Polar
from simulator.vendors.wire import Call, Reply, json_reply, read, write
from simulator.vendors.withings import Withings
from vendors import client_of, manifest_of

CLOUDS: Final[tuple[type[Cloud], ...]] = (
    Withings, Omron, Dexcom, Oura, GoogleFit, GoogleHealth, Garmin, Polar, IHealth, AliveCor, Fitbit,
)  # fmt: skip
"""In this order they are asked who takes a request: of the two of Google the second takes what the first leaves."""
PREFIX: Final = "/clouds"


def _registered(vendor: str, public_url: str, secrets: Path, is_fixed: bool) -> list[Hook]:
    """Where a vendor is told once, in its portal, where notifications go: it knows the platform's address already."""
    manifest = manifest_of(vendor)
    folder = secrets / "vendors" / vendor
    if manifest.capabilities.webhook == "none" or not folder.is_dir():
        return []
    given = {name: _text(folder / name) for name in manifest.credentials}
    if client_of(vendor)(given).topics(manifest.kinds) and not is_fixed:
        return []  # it is asked for notifications, by whoever wants them
    token = _text(folder / "path_token")
    url = f"{public_url.rstrip('/')}/webhooks/vendor/{vendor}" + (f"/{token}" if token else "")
    secret = _text(folder / "webhook_secret") or _text(folder / "webhook_secrets").partition("\n")[0]
    return [Hook(url=url, secret=secret)]


def _text(path: Path) -> str:
    return path.read_text().strip() if path.is_file() else ""


class Clouds:
    """A resource of the process; everything is in memory and ends with it."""

    def __init__(self, public_url: str, secrets: Path) -> None:
        self.by_name = {kind.name: kind(public_url) for kind in CLOUDS}
        for cloud in self.by_name.values():
            cloud.hooks += _registered(cloud.name, public_url, secrets, cloud.fixed_address)

    def _at(self, call: Call) -> Cloud | None:
        """The first that takes it of those at this host."""
        at_host = (cloud for cloud in self.by_name.values() if call.host in cloud.hosts)
        return next((cloud for cloud in at_host if cloud.takes(call)), None)

    async def start(self) -> None:
        for cloud in self.by_name.values():
            await cloud.sender.start()

    async def stop(self) -> None:
        for cloud in self.by_name.values():
            await cloud.sender.stop()

    def problem(self) -> str | None:
        return None

    def route(self) -> Any:
        @asgi(PREFIX, is_mount=True, copy_scope=True, opt={"public": True})
        async def clouds(scope: Scope, receive: Receive, send: Send) -> None:
            await self.serve(scope, receive, send)

        return clouds

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = str(scope["path"]).removeprefix(PREFIX).strip("/")
        host, _, rest = path.partition("/")
        call = await read(scope, receive, host, f"/{rest}")
        if call is None:
            return
        if host == "control":
            reply = await control.answer(self.by_name, call)
        elif host == "static":
            reply = Reply(body=CSS.encode(), headers={"content-type": "text/css; charset=utf-8"})
        elif (cloud := self._at(call)) is not None:
            reply = await cloud.answer(call)
        else:
            reply = json_reply({"error": "no cloud is at this host"}, 404)
        await write(reply, receive, send, head=call.method == "HEAD")
