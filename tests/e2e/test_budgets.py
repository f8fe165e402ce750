"""What a page may cost, on the production build: how long until its largest part is painted on a slow phone, whether it
jumps, how even its frames are while readings pour in, and whether its memory grows.

Time on a machine that others use too is only ever too long, so a figure is the best of a few tries.
"""

import asyncio
import itertools
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from statistics import quantiles
from time import monotonic
from typing import Any, Final

import pytest
from playwright.async_api import CDPSession, Page, expect

from tests.e2e.browser import AtScreen, Screen
from tests.e2e.driver import Device, Json, World, eventually, rfc3339

pytestmark = pytest.mark.timeout(240)

LCP_MS: Final = 2500
CLS: Final = 0.05
FRAME_P95_MS: Final = 34
UPDATES_PER_S: Final = 500
HEAP_GROWTH: Final = 0.10
TRIES: Final = 3

SLOW_4G: Final = {
    "offline": False,
    "latency": 150,
    "downloadThroughput": 1.6e6 / 8,
    "uploadThroughput": 750e3 / 8,
}
CPU_SLOWER: Final = 4
KEPT: Final = 20_000
"""Live readings that a page keeps of a device (`ui/src/lib/live-cache.ts`): memory is level once there are so many."""
FILL_PER_S: Final = 1500
BATCH: Final = 100
FRAMES_S: Final = 6.0
MONTH: Final = 8640
"""A value each five minutes for 30 days."""
PAN_P50_MS: Final = 17.0
SOAK_S: Final = float(os.environ.get("DC_SOAK_S", "10"))  # noqa: TID251 - of the test run alone; 1800 is the long form

PAINTS: Final = """
window.paints = {lcp: 0, shift: 0, what: ''};
new PerformanceObserver((list) => {
  for (const one of list.getEntries()) {
    window.paints.lcp = one.startTime;
    window.paints.what = one.element?.tagName ?? '';
  }
}).observe({type: 'largest-contentful-paint', buffered: true});
new PerformanceObserver((list) => {
  for (const one of list.getEntries()) if (!one.hadRecentInput) window.paints.shift += one.value;
}).observe({type: 'layout-shift', buffered: true});
"""
FRAMES: Final = """seconds => new Promise((done) => {
  const spans = [];
  let before = performance.now();
  const ends = before + seconds * 1000;
  const frame = (now) => {
    spans.push(now - before);
    before = now;
    if (now < ends) requestAnimationFrame(frame); else done(spans.slice(1));
  };
  requestAnimationFrame(frame);
})"""

Say = Callable[[str], None]


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str]) -> Say:
    def print_it(text: str) -> None:
        with capsys.disabled():
            print(f"\n{text}", end="")

    return print_it


async def test_a_slow_phone_shows_the_first_page_and_the_devices_soon_and_nothing_jumps(
    tidy: World, at_screen: AtScreen, say: Say
) -> None:
    patient = await tidy.sign_in("patient-1")
    await patient.pair(kinds=["weight"])
    async with at_screen("phone") as screen:
        await screen.page.add_init_script(PAINTS)
        first = await _best(lambda: _painted(screen, "/", lambda page: _link(page, "Sign in")))
        await screen.open("/")
        await screen.sign_in(patient, look=False)
        await screen.heading("Your devices")
        devices = await _best(lambda: _painted(screen, "/devices", _card))
    for name, paints in (("signed out", first), ("devices", devices)):
        say(f"{name}: largest paint after {paints['lcp']:.0f} ms, layout shift {paints['shift']:.3f}")
    for paints in (first, devices):
        assert paints["lcp"] <= LCP_MS, paints
        assert paints["shift"] < CLS, paints


async def test_frames_stay_even_while_readings_pour_in_and_memory_does_not_grow(
    tidy: World, at_screen: AtScreen, say: Say
) -> None:
    patient = await tidy.sign_in("patient-2")
    device = await patient.pair(kinds=["heart_rate"])
    pour = _Pour(device)
    await pour.send(1)
    async with at_screen("desktop") as screen:
        await screen.open("/")
        await screen.sign_in(patient, look=False)
        await screen.heading("Your devices")
        await screen.open(f"/devices/{device.id}")
        await expect(screen.page.get_by_text("Live", exact=True)).to_be_visible()
        cdp = await screen.page.context.new_cdp_session(screen.page)
        seen = await _count_live(cdp)
        await pour.at(FILL_PER_S, KEPT)
        async with pour.going(UPDATES_PER_S):
            spans = min([await _frames(screen.page) for _ in range(TRIES)], key=_p95)
            before, shown = await _heap(cdp), seen()
            began = monotonic()
            await asyncio.sleep(SOAK_S)  # how long it is watched is what is measured
            after, spent = await _heap(cdp), monotonic() - began
            rate = (seen() - shown) / spent
    growth = after / before - 1
    say(
        f"{rate:.0f} live readings a second: frames p50 {quantiles(spans, n=100)[49]:.1f} ms, p95 {_p95(spans):.1f} ms;"
        f" heap {before / 1e6:.1f} MB, {spent:.0f} s later {after / 1e6:.1f} MB ({growth:+.1%})"
    )
    assert rate >= UPDATES_PER_S * 0.9
    assert _p95(spans) <= FRAME_P95_MS
    assert growth <= HEAP_GROWTH


async def test_a_month_of_a_sensor_follows_the_hand(tidy: World, at_screen: AtScreen, say: Say) -> None:
    patient = await tidy.sign_in("patient-1")
    device = await patient.pair(kinds=["glucose"])
    newest = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=5)
    month = [
        device.message(
            {"glucose_mg_dL": 90 + abs(number % 144 - 72)}, rfc3339(newest - timedelta(minutes=5 * number))
        )
        for number in range(MONTH)
    ]
    for start in range(0, MONTH, BATCH):
        await device.ingest(month[start : start + BATCH], status=202)
    await eventually(lambda: _count(device), lambda count: count == MONTH, within_s=60)
    async with at_screen("desktop") as screen:
        await screen.open("/")
        await screen.sign_in(patient, look=False)
        await screen.heading("Your devices")
        await screen.open(f"/devices/{device.id}?range=30d")
        await screen.press("Closer")
        box = await screen.page.get_by_role("slider").bounding_box()
        assert box is not None
        mouse, middle = screen.page.mouse, box["y"] + box["height"] / 2
        await mouse.move(box["x"] + box["width"] * 0.3, middle)
        await mouse.down()
        frames = asyncio.create_task(_frames(screen.page))
        for step in range(200):  # to and fro, faster than frames come
            await mouse.move(box["x"] + box["width"] * (0.3 + 0.5 * abs(step % 80 - 40) / 40), middle)
            if frames.done():
                break
        spans = await frames
        await mouse.up()
        await expect(screen.button("Later")).to_be_enabled()  # it has moved from its newest end
        await screen.look("chart-closer", whole=True)
    p50 = quantiles(spans, n=100)[49]
    say(f"{MONTH} values follow the hand: frames p50 {p50:.1f} ms, p95 {_p95(spans):.1f} ms")
    assert p50 <= PAN_P50_MS


async def _count(device: Device) -> int:
    return len(await device.stored())


# --- how it is measured ---------------------------------------------------------------------------------------------


class _Pour:
    """Readings of now, each of its own millisecond, as fast as wanted."""

    def __init__(self, device: Device) -> None:
        self._device = device
        self._numbers = itertools.count()
        self._begin = datetime.now(UTC) - timedelta(hours=1)

    def _message(self) -> Json:
        number = next(self._numbers)
        when = self._begin + timedelta(milliseconds=10 * number)
        return self._device.message({"heart_rate_bpm": 60 + number % 40}, rfc3339(when))

    async def send(self, count: int) -> None:
        await self._device.ingest([self._message() for _ in range(count)], status=202)

    async def at(self, per_s: float, count: float) -> None:
        """Open loop: each batch has its time, and one that is late does not hold up the next."""
        began, sent = monotonic(), 0
        async with asyncio.TaskGroup() as group:
            while sent < count:
                group.create_task(self.send(BATCH))
                sent += BATCH
                await asyncio.sleep(max(0.0, began + sent / per_s - monotonic()))

    @asynccontextmanager
    async def going(self, per_s: float) -> AsyncIterator[None]:
        task = asyncio.create_task(self.at(per_s, float("inf")))
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def _best(measure: Callable[[], Awaitable[dict[str, Any]]]) -> dict[str, Any]:
    found = [await measure()]
    while found[-1]["lcp"] > LCP_MS and len(found) < TRIES:
        found.append(await measure())
    return min(found, key=lambda paints: float(paints["lcp"]))


async def _painted(screen: Screen, path: str, shown: Callable[[Page], Awaitable[None]]) -> dict[str, Any]:
    """Opens a page as a slow phone with an empty cache does."""
    cdp = await screen.page.context.new_cdp_session(screen.page)
    try:
        await cdp.send("Network.enable")
        await cdp.send("Network.setCacheDisabled", {"cacheDisabled": True})
        await cdp.send("Network.emulateNetworkConditions", SLOW_4G)
        await cdp.send("Emulation.setCPUThrottlingRate", {"rate": CPU_SLOWER})
        await screen.open(path)
        await shown(screen.page)
        await screen.page.evaluate("() => new Promise(done => requestIdleCallback(() => done()))")
        paints: dict[str, Any] = await screen.page.evaluate("window.paints")
        return paints
    finally:
        await cdp.send("Emulation.setCPUThrottlingRate", {"rate": 1})
        await cdp.detach()


async def _link(page: Page, name: str) -> None:
    await page.get_by_role("link", name=name).wait_for()


async def _card(page: Page) -> None:
    await page.get_by_role("article").first.wait_for()


async def _frames(page: Page) -> list[float]:
    spans: list[float] = await page.evaluate(FRAMES, FRAMES_S / TRIES)
    return spans


def _p95(spans: list[float]) -> float:
    return quantiles(spans, n=100)[94]


async def _count_live(cdp: CDPSession) -> Callable[[], int]:
    """How many readings have come over the page's socket, counted as they arrive in the browser."""
    count = 0

    def on_frame(event: Any) -> None:
        nonlocal count
        count += event["response"]["payloadData"].count('"type":"reading"')

    cdp.on("Network.webSocketFrameReceived", on_frame)
    await cdp.send("Network.enable")
    return lambda: count


async def _heap(cdp: CDPSession) -> float:
    """Bytes in use after the garbage is gone. Between two collections readings come: the least of a few is closest."""
    used = []
    for _ in range(TRIES):
        await cdp.send("HeapProfiler.collectGarbage")
        used.append(float((await cdp.send("Runtime.getHeapUsage"))["usedSize"]))
    return min(used)
