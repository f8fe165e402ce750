"""The companion app from its first screen: it finds its server, signs in through a browser, is connected by a code, and what
the phone's health store has is in the person's record a moment later."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Browser, expect

from tests.e2e import browser as browsers
from tests.e2e.browser import Screen
from tests.e2e.driver import Caller, Json, Person, World, new_world, rfc3339
from tests.e2e.phone import Phone, agreed_watch, app_pages
from tests.support.ports import free_port

pytestmark = pytest.mark.timeout(200)


@pytest.fixture(scope="module")
def app_port() -> int:
    return free_port()


@pytest.fixture(scope="module")
async def home(
    _needs_a_browser: None, app_port: int, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[World]:
    """A system that lets the app's pages in from one more origin, as development may."""
    settings = {"DC_DEV_APP_ORIGIN": f"http://127.0.0.1:{app_port}"}
    async with new_world(tmp_path_factory.mktemp("companion"), settings) as world:
        yield world


@pytest.fixture(scope="module")
async def origin(home: World, app_port: int, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    async with app_pages(app_port, tmp_path_factory.mktemp("dist-app")) as one:
        yield one


@pytest.fixture(scope="module")
async def chromium(home: World) -> AsyncIterator[Browser]:
    async with browsers.browser() as one:
        yield one


async def test_from_the_first_screen_to_readings_in_the_record(
    home: World, origin: str, chromium: Browser
) -> None:
    patient = await home.sign_in("patient-1")
    watch = await agreed_watch(patient)
    seen: set[str] = set()
    async with (
        browsers.screen(chromium, "phone", home.system, seen) as app,
        browsers.screen(chromium, "desktop", home.system, seen) as desk,
    ):
        phone = Phone(app, origin)
        await phone.power()
        phone.samples = [_weight("a", 81.4, hours=3), _weight("b", 81.9, hours=27)]

        await _find_the_server(phone)
        await _sign_in(phone, patient)
        token = await _code_on_the_desk(desk, patient, watch)
        await _connect(phone, token)
        await desk.heading("Your phone is connected")
        await _later(phone, desk, watch)
        await _sign_out(phone, home)
        app.check()
        desk.check()


def _weight(id: str, kg: float, *, hours: float) -> Json:
    at = rfc3339((datetime.now(UTC) - timedelta(hours=hours)).replace(microsecond=0))
    return {
        "dataType": "weight",
        "value": kg,
        "unit": "kilogram",
        "startDate": at,
        "endDate": at,
        "platformId": id,
        "sourceName": "Watch",
    }


async def _find_the_server(phone: Phone) -> None:
    app = phone.screen
    await phone.open_app()
    await app.heading("Where is your Device Connect?")
    await app.look("app-server")
    await app.page.get_by_label("Your Device Connect address").fill(app.system.gateway)
    await app.press("Go on")
    await app.link("Sign in").wait_for()
    await app.look("app-sign-in", whole=True)
    # That nobody is signed in is how the server is known; a browser calls it a fault of the page.
    _forgive(app, "401")


async def _sign_in(phone: Phone, patient: Person) -> None:
    app = phone.screen
    await app.sign_in_from_here(patient)
    await app.heading("You are signed in")
    await app.look("app-signed-in")
    link = await app.link("Open the app").get_attribute("href")
    assert link is not None
    assert "cookie" not in await app.page.evaluate("document.cookie")
    await phone.back_from_browser(link)
    # There is no app that this browser could have left for.
    _forgive(app, "deviceconnect://")
    await app.heading("Your devices")
    await app.link("Enter a code").wait_for()
    await app.look("app-devices", whole=True)
    assert (phone.kept("bearer") or "").startswith('"dca_')
    assert "dca_" not in await browsers.stored_secrets(app.page)


async def _code_on_the_desk(desk: Screen, patient: Person, watch: Json) -> str:
    await desk.sign_in(patient, look=False)
    await desk.heading("Your devices")
    await desk.open(f"/pair/connect?connection={watch['id']}")
    await desk.heading("Go on with your phone")
    link = await desk.link("Open the app on this phone").get_attribute("href")
    assert link is not None
    # The same link by https, where there is no app.
    await desk.open(f"/app/pair?{urlsplit(link).query}")
    await desk.heading("Open this on your phone, with the Device Connect app")
    await expect(desk.link("Open the app")).to_have_attribute("href", link)
    await desk.look("app-link-in-browser")
    await desk.page.go_back()
    await desk.heading("Go on with your phone")
    return await desk.link("Open the app on this phone").get_attribute("href") or ""


async def _connect(phone: Phone, link: str) -> None:
    app = phone.screen
    await phone.follow(link)
    await app.heading("Connect this phone")
    await expect(app.page.get_by_role("listitem").filter(has_text="Weight")).to_be_visible()
    await app.look("app-pair", whole=True)
    await app.press("Choose data to share")
    await app.heading("Your phone is connected")
    await expect(app.page.get_by_text("2 new readings sent.")).to_be_visible()
    await app.look("app-pair-done", whole=True)
    assert phone.sheets == [["weight"]]


async def _later(phone: Phone, desk: Screen, watch: Json) -> None:
    """Opened another day, the app sends what is new by itself, and the other screen shows it."""
    app = phone.screen
    await desk.open(f"/devices/{watch['id']}")
    await expect(desk.page.get_by_text("81.4").first).to_be_visible()
    phone.samples.append(_weight("c", 80.7, hours=0.1))
    await phone.open_app()
    await app.heading("Your devices")
    await expect(desk.page.get_by_text("80.7").first).to_be_visible()
    await app.look("app-devices-later", whole=True)
    await app.link("Settings").first.click()
    await app.link("See what is read").click()
    await app.heading("Health data of this phone")
    await expect(app.page.get_by_text("Reads weight from Apple Health.")).to_be_visible()
    await expect(app.page.get_by_text(re.compile("new reading sent|here already"))).to_be_visible()
    await app.look("app-health", whole=True)
    await app.press("Sync now")
    await expect(app.page.get_by_text("All readings were here already.")).to_be_visible()


async def _sign_out(phone: Phone, home: World) -> None:
    app = phone.screen
    bearer = (phone.kept("bearer") or "").strip('"')
    caller = Caller(home.http, f"Bearer {bearer}")
    assert (await caller.call("GET", "/api/v1/me")).status_code == 200
    await app.link("Settings").first.click()
    await app.press("Sign out")
    await app.heading("You are signed out")
    await app.link("Sign in again").wait_for()
    await app.look("app-signed-out")
    assert (await caller.call("GET", "/api/v1/me")).status_code == 401
    assert phone.kept("bearer") is None


def _forgive(screen: Screen, what: str) -> None:
    """What the browser counts as a fault and is none; nothing else is forgiven with it."""
    screen.faults = [fault for fault in screen.faults if what not in fault]
