"""A person at a screen: headless Chromium, and what must never happen on any page that is looked at."""

import os
import re
import shutil
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any, Final, Literal

import msgspec
from playwright.async_api import Browser, ConsoleMessage, Locator, Page, Request, async_playwright, expect

from tests.e2e.driver import Json, Person
from tests.support.system import System

expect.set_options(timeout=15_000)
"""Most walks have other tests beside them on the same cores; what judges time says its own."""
ROOT: Final = Path(__file__).resolve().parents[2]
AXE: Final = ROOT / "ui/node_modules/axe-core/axe.min.js"
RULES: Final = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")
FLAGS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--enable-features=WebBluetooth",
)
NO_ENVIRON: Final[Mapping[str, str]] = {}
Size = Literal["phone", "desktop"]
VIEWPORTS: Final[dict[Size, Any]] = {
    "phone": {"width": 390, "height": 844},
    "desktop": {"width": 1280, "height": 800},
}
SCHEMES: Final[tuple[Literal["light", "dark"], ...]] = ("light", "dark")
_TELL: Final = """
addEventListener('securitypolicyviolation', (event) =>
  console.error('CSP: ' + event.effectiveDirective + ' ' + event.blockedURI + ' ' + event.sourceFile));
"""
_AXE_RUN: Final = """
(tags) => axe.run(document, { runOnly: { type: 'tag', values: tags }, resultTypes: ['violations'] })
"""
_TURN: Final = """
() => document.documentElement.dir = document.documentElement.dir === 'rtl' ? 'ltr' : 'rtl'
"""
_NEAR: Final = """
(wanted) => {
  const here = document.activeElement;
  if (here === wanted) return 'there';
  return wanted.type === 'radio' && here.type === 'radio' && here.name === wanted.name ? 'beside' : 'away';
}
"""
"""Of a group of radio buttons one alone is reached by Tab, and the others from there by arrows."""
_MARKED: Final = """
() => {
  const here = document.activeElement;
  const marked = [here.closest('[data-focus-visible]'), here].find((one) => {
    const style = one && getComputedStyle(one);
    return style && style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2;
  });
  if (!marked) return `no ring around ${here.outerHTML.slice(0, 200)}`;
  const [box] = marked.getClientRects();
  const above = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
  return marked.contains(above) || above?.contains(marked) ? '' : `hidden: ${here.outerHTML.slice(0, 200)}`;
}
"""
"""The focus has a ring of two pixels or more, and nothing lies over it (WCAG 2.4.7, 2.4.11)."""
FURTHEST: Final = 80
"""So often somebody presses Tab before giving up."""
_SETTLED: Final = """
() => document.fonts.status === 'loaded' && document.getAnimations().every((one) => one.playState !== 'running'
  || one.effect?.getComputedTiming().iterations === Infinity)
"""


def missing() -> str:
    """Why no browser can be used; empty when one can."""
    if executable() is None:
        return "there is no browser: install Debian's chromium, or set CHROME_BIN to one"
    if not AXE.exists() or not (ROOT / "ui/dist/index.html").exists():
        return "the UI is not built: run `make install`"
    return ""


def executable() -> str | None:
    """`$CHROME_BIN`, Debian's, or one that an npm package of the UI brought along."""
    named = os.environ.get("CHROME_BIN")  # noqa: TID251 - the name that browsers' tools share
    if named:
        return named if Path(named).exists() else None
    found = next((path for name in ("chromium", "google-chrome") if (path := shutil.which(name))), None)
    return found or next(
        (str(path) for path in (ROOT / "ui/node_modules").glob("**/chrome-linux*/chrome")), None
    )


def must_run() -> bool:
    return os.environ.get("CI", "").lower() == "true"  # noqa: TID251 - what every CI says of itself


def screens() -> Path | None:
    """Where pictures go; they are kept for people, so a test run makes none unless it is told to."""
    folder = os.environ.get("DC_SCREENS")  # noqa: TID251 - of the test run alone
    return Path(folder) if folder else None


class Screen:
    """One browser window of one person. `faults` collects what must not happen; `check` fails with it.

    `by_keyboard`: this person has no pointer; what `use`, `switch_on`, `choose` and `write` do is done with keys alone.
    """

    def __init__(self, page: Page, size: Size, system: System, looked_at: set[str]) -> None:
        self.page = page
        self.size = size
        self.system = system
        self.by_keyboard = False
        self.faults: list[str] = []
        self._looked_at = looked_at
        self._watch(page)

    def _watch(self, page: Page) -> None:
        page.on("console", self._on_console)
        page.on("pageerror", lambda error: self.faults.append(f"{page.url}: {error}"))
        page.on("requestfailed", self._on_failed)

    async def renew(self) -> None:
        """Goes on in another tab; the one before is closed, with whatever the browser itself asks there."""
        before, self.page = self.page, await self.page.context.new_page()
        self._watch(self.page)
        await before.close()

    async def open(self, path: str) -> None:
        await self.page.goto(self.system.gateway + path)

    def button(self, name: str, *, exact: bool = True) -> Locator:
        return self.page.get_by_role("button", name=name, exact=exact)

    def link(self, name: str, *, exact: bool = True) -> Locator:
        return self.page.get_by_role("link", name=name, exact=exact)

    async def press(self, name: str) -> None:
        await self.use(self.button(name))

    async def use(self, wanted: Locator) -> None:
        """A button or a link."""
        if not self.by_keyboard:
            return await wanted.click()
        await self._reach(wanted)
        await self.page.keyboard.press("Enter")

    async def switch_on(self, name: str, *, within: Locator) -> None:
        if not self.by_keyboard:
            return await within.get_by_text(name, exact=True).click()
        await self._reach(within.get_by_role("switch", name=name))
        await self.page.keyboard.press("Space")

    async def choose(self, name: str) -> None:
        """One of a group. The input itself is visually hidden: a pointer takes its label."""
        radio = self.page.get_by_role("radio", name=name)
        if not self.by_keyboard:
            return await self.page.locator("label").filter(has=radio).click()
        await self._reach(radio)

    async def write(self, label: str, text: str) -> None:
        field = self.page.get_by_label(label)
        if not self.by_keyboard:
            return await field.fill(text)
        await self._reach(field)
        await self.page.keyboard.press("ControlOrMeta+A")
        await self.page.keyboard.type(text)

    async def _reach(self, wanted: Locator) -> None:
        """Goes on by Tab until the focus is there, and looks whether it can be seen."""
        await wanted.wait_for(state="attached")
        for _ in range(FURTHEST):
            near = await wanted.evaluate(_NEAR)
            if near == "there":
                break
            await self.page.keyboard.press("Tab" if near == "away" else "ArrowDown")
        else:
            raise AssertionError(f"{wanted} cannot be reached by Tab")
        if unseen := await self.page.evaluate(_MARKED):
            self.faults.append(f"{self.page.url}: {unseen}")

    async def heading(self, name: str) -> None:
        """Waits for the page with this heading."""
        await expect(self.page.get_by_role("heading", name=name, exact=True)).to_be_visible()

    async def sign_in(self, person: Person, *, look: bool = True) -> None:
        """From the first page on. `look`: at each page of the way."""
        await self.open("/")
        if look:
            await self.link("Sign in").wait_for()
            await self.look("sign-in")
        await self.sign_in_from_here(person, look=look)

    async def sign_in_from_here(self, person: Person, *, look: bool = False) -> None:
        """Where the page offers it: the app's own first page does too."""
        await self.use(self.link("Sign in"))
        await self.heading("Who would you like to be?")
        if look:
            await self.look("identity-provider")
        await self.use(self.page.get_by_role("link", name=re.compile(rf"^\s*{person.me['display_name']}")))

    async def look(self, name: str, *, whole: bool = False) -> None:
        """The page as it is and dark, and dark also mirrored, as for those who read the other way: no finding of axe, nothing
        wider than the screen; a picture of light and dark.

        Once in each size, whoever walks by first. `whole`: the picture shows also what one must scroll to.
        """
        if f"{name}-{self.size}" in self._looked_at:
            return
        self._looked_at.add(f"{name}-{self.size}")
        for scheme in SCHEMES:
            await self.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            await self.page.wait_for_function(_SETTLED)
            if (folder := screens()) is not None:
                await self._picture(folder / f"{name}-{self.size}-{scheme}.png", whole=whole)
            if scheme == "light":
                await self._judge(f"{name} {scheme}")
        came = await self.page.evaluate(_TURN)
        await self.page.wait_for_function(_SETTLED)
        await self._judge(f"{name} dark, mirrored")
        assert await self.page.evaluate(_TURN) != came

    async def _judge(self, name: str) -> None:
        self.faults += [f"{name}: {finding}" for finding in await self._axe()]
        wide = await self.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        if wide > 0:
            self.faults.append(f"{name}: {wide} px wider than the screen")

    def check(self) -> None:
        assert self.faults == [], "\n".join(self.faults)

    async def _picture(self, path: Path, *, whole: bool) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        width, height = VIEWPORTS[self.size]["width"], VIEWPORTS[self.size]["height"]
        if whole:  # by a taller screen: what is fixed to its edges stays there
            content = await self.page.evaluate("document.documentElement.scrollHeight")
            await self.page.set_viewport_size({"width": width, "height": max(height, content)})
            await self.page.wait_for_function(_SETTLED)
        await self.page.screenshot(path=path, animations="disabled")
        if whole:
            await self.page.set_viewport_size({"width": width, "height": height})

    async def _axe(self) -> list[str]:
        if not await self.page.evaluate("'axe' in window"):
            await self.page.evaluate(AXE.read_text())
        found: Json = await self.page.evaluate(_AXE_RUN, list(RULES))
        return [
            f"{rule['id']}: {node['target']} {node['failureSummary']!r}"
            for rule in found["violations"]
            for node in rule["nodes"]
        ]

    def _on_console(self, message: ConsoleMessage) -> None:
        # A page that is left while its socket is still opening: the browser says so, whoever closed it.
        if (
            message.type in ("error", "warning")
            and "closed before the connection is established" not in message.text
        ):
            self.faults.append(f"{self.page.url}: {message.type}: {message.text}")

    def _on_failed(self, request: Request) -> None:
        if request.failure not in ("net::ERR_ABORTED", None):  # what a page that is left does not wait for
            self.faults.append(f"{request.method} {request.url}: {request.failure}")


AtScreen = Callable[[Size], AbstractAsyncContextManager[Screen]]
"""Opens a window of a size; when it is closed, nothing must have gone wrong in it."""


@asynccontextmanager
async def browser(
    environ: Mapping[str, str] = NO_ENVIRON, *, bluetooth: bool = True
) -> AsyncIterator[Browser]:
    """`environ` is added to this process's own. Without `bluetooth` it is like Firefox or Safari: its pages have none."""
    flags = [flag for flag in FLAGS if bluetooth or "Bluetooth" not in flag]
    async with async_playwright() as playwright:
        one = await playwright.chromium.launch(
            executable_path=executable(),
            headless=True,
            args=flags,
            env={**os.environ, **environ},  # noqa: TID251 - what any program that is started gets
        )
        try:
            yield one
        finally:
            await one.close()


@asynccontextmanager
async def screen(one: Browser, size: Size, system: System, looked_at: set[str]) -> AsyncIterator[Screen]:
    """`looked_at` is shared by the screens of a run."""
    context = await one.new_context(
        viewport=VIEWPORTS[size], has_touch=size == "phone", locale="en-GB", timezone_id="Europe/Berlin"
    )
    context.set_default_timeout(20_000)
    await context.add_init_script(_TELL)
    try:
        yield Screen(await context.new_page(), size, system, looked_at)
    finally:
        await context.close()


async def stored_secrets(page: Page) -> str:
    """Everything that the page has put down in this browser, as text; but where the server is and how far pages were
    scrolled, which are numbers of every kind."""
    kept: Json = await page.evaluate(
        "[{...localStorage}, {...sessionStorage}, location.href.slice(location.origin.length), document.title]"
    )
    return re.sub(r'(scroll[XY]\\*":)\d+', r"\1", msgspec.json.encode(kept).decode())
