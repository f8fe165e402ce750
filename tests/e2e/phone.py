"""A phone around the companion app's pages: its key store, its health store, and the links that open the app.

The pages are the app's own build, served from an origin that is not the server's. What is played is what the shell puts below
Capacitor's plugins, and nothing above: every plugin's own code runs.
"""

import os
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from gateway.static import Static
from tests.e2e.browser import ROOT, Screen
from tests.e2e.driver import Json, Person
from tests.support.serving import served

BUILD_S: Final = 120
_BRIDGE: Final = """
(() => {
  if (location.origin !== ORIGIN) return;
  const listeners = {};
  const samplesOf = async ({ dataType, startDate, endDate }) => ({
    samples: (await phoneSamples()).filter((one) => one.dataType === dataType && one.startDate >= startDate && one.startDate < endDate),
  });
  const CALLS = {
    SecureStorage: {
      internalGetItem: ({ prefixedKey }) => phoneKey(prefixedKey, null, false).then((data) => ({ data })),
      internalSetItem: ({ prefixedKey, data }) => phoneKey(prefixedKey, data, false),
      internalRemoveItem: ({ prefixedKey }) => phoneKey(prefixedKey, null, true).then(() => ({ success: true })),
    },
    App: {
      getLaunchUrl: () => phoneLaunch().then((url) => (url ? { url } : undefined)),
      removeListener: ({ eventName, callbackId }) => { delete listeners[eventName]?.[callbackId]; },
    },
    Health: {
      isAvailable: async () => ({ available: true, platform: 'ios' }),
      requestAuthorization: ({ read }) => phoneAsked(read),
      readSamples: samplesOf,
    },
  };
  let count = 0;
  window.phoneSays = (event, value) => Object.values(listeners[event] ?? {}).forEach((hear) => hear(value));
  window.webkit = { messageHandlers: { bridge: { postMessage() {} } } };
  window.Capacitor = {
    PluginHeaders: Object.entries(CALLS).map(([name, methods]) => ({
      name,
      methods: [
        ...Object.keys(methods).map((method) => ({ name: method, rtype: 'promise' })),
        { name: 'addListener', rtype: 'callback' },
      ],
    })),
    nativePromise: async (plugin, method, options) => CALLS[plugin][method](options),
    nativeCallback: async (plugin, method, { eventName }, hear) => {
      const id = String((count += 1));
      (listeners[eventName] ??= {})[id] = hear;
      return id;
    },
  };
})();
"""


class Phone:
    """One phone, with the app on `screen`. What it keeps outlives the app."""

    def __init__(self, screen: Screen, origin: str) -> None:
        self.screen = screen
        self.origin = origin
        self.keys: dict[str, str] = {}
        self.samples: list[Json] = []
        self.sheets: list[list[str]] = []
        """What the sheet of the health store was opened with, each time."""
        self._link = ""

    async def power(self) -> None:
        context = self.screen.page.context
        await context.expose_function("phoneKey", self._key)
        await context.expose_function("phoneLaunch", self._launched_by)
        await context.expose_function("phoneSamples", lambda: self.samples)
        await context.expose_function("phoneAsked", self._asked)
        await context.add_init_script(_BRIDGE.replace("ORIGIN", repr(self.origin)))

    async def open_app(self, link: str = "") -> None:
        """Starts the app anew, as a tap on its picture does, or on a link while it is closed."""
        self._link = link
        await self.screen.page.goto(f"{self.origin}/index.html")

    async def back_from_browser(self, link: str) -> None:
        """The system's browser hands its link over. It is a program of its own, and stays behind: Chromium asks there whether
        the link may leave it, some time later, and takes no click in that tab while it asks."""
        await self.screen.renew()
        await self.open_app(link)

    async def follow(self, link: str) -> None:
        """A link that is opened while the app is open."""
        await self.screen.page.evaluate("(url) => phoneSays('appUrlOpen', { url })", link)

    def kept(self, name: str) -> str | None:
        return self.keys.get(f"capacitor-storage_{name}")

    def _key(self, name: str, text: str | None, is_removed: bool) -> str | None:
        if is_removed:
            self.keys.pop(name, None)
        elif text is not None:
            self.keys[name] = text
        return self.keys.get(name)

    def _asked(self, types: list[str]) -> None:
        self.sheets.append(types)

    def _launched_by(self) -> str:
        return self._link


@asynccontextmanager
async def app_pages(port: int, folder: Path) -> AsyncIterator[str]:
    """The app's own build at an origin of its own; the origin."""
    vite = ROOT / "ui/node_modules/vite/bin/vite.js"
    subprocess.run(  # noqa: ASYNC221 - nothing else is to be done meanwhile
        ["node", str(vite), "build", "--outDir", str(folder), "--emptyOutDir", "--logLevel", "error"],
        cwd=ROOT / "ui",
        env={**os.environ, "VITE_APP": "1"},  # noqa: TID251 - handed on to the command
        timeout=BUILD_S,
        check=True,
    )
    static = Static(folder)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            await static(scope, send)
            return
        for step in ("startup", "shutdown"):
            await receive()
            await send({"type": f"lifespan.{step}.complete"})

    async with served(app, port=port):
        yield f"http://127.0.0.1:{port}"


async def agreed_watch(patient: Person) -> Json:
    """One that comes through the Health app, with a yes to weight alone, as the wizard asks for it on another screen."""
    models = (await patient.get("/api/v1/devices", limit=1000))["items"]
    model = next(
        one for one in models if "healthkit" in one["pairing_methods"] and "weight" in one["capabilities"]
    )
    watch, _ = await patient.begin(model, "healthkit")
    agreed = await patient.consent(["weight"])
    await patient.post("/api/v1/consents", {"device_connection_id": watch["id"], "locale": "en", **agreed})
    return watch
