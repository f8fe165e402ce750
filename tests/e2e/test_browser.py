"""A person walks from sign-in to a value on the dashboard and out again, on a phone by finger and at a desk by keys alone;
every page is looked at."""

import asyncio
import re
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.async_api import expect

from simulator.hub import Hub
from tests.e2e import browser as browsers
from tests.e2e.browser import AtScreen, Screen, Size
from tests.e2e.driver import Json, Person, World, eventually, rfc3339

pytestmark = pytest.mark.timeout(150)


@pytest.mark.parametrize(("size", "name"), [("phone", "patient-1"), ("desktop", "patient-2")])
async def test_a_simulated_scale_from_sign_in_to_sign_out(
    tidy: World, at_screen: AtScreen, size: Size, name: str
) -> None:
    patient = await tidy.sign_in(name)
    async with at_screen(size) as screen:
        screen.by_keyboard = size == "desktop"
        await screen.sign_in(patient)
        await _add(screen)
        await _choose(screen, "Scale", "scale", "Simulated device")
        await _consent(screen, ["Weight"], look="consent-scale")
        await screen.heading("Let’s find it")
        await screen.look("pair-connect-simulated")
        await screen.press("Connect it")
        await screen.heading("Take the first reading")
        await screen.look("pair-first")
        await screen.press("Take a simulated measurement")
        await screen.heading("Your first reading is here")
        await screen.look("pair-first-arrived")
        await screen.press("Yes, this is me")
        await _name(screen, "Bathroom scale")

        await _value_comes(screen, patient, "Bathroom scale", {"weight_kg": 81.7}, "81.7 kg")
        await screen.look("dashboard-scale", whole=True)
        await _leave(screen)


@pytest.mark.parametrize(("size", "name"), [("phone", "patient-2"), ("desktop", "patient-1")])
async def test_a_cuff_by_a_hub_from_sign_in_to_sign_out(
    tidy: World, at_screen: AtScreen, size: Size, name: str
) -> None:
    patient = await tidy.sign_in(name)
    async with at_screen(size) as screen, AsyncExitStack() as stack:
        screen.by_keyboard = size == "desktop"
        await screen.sign_in(patient)
        await _add(screen)
        await _choose(screen, "Blood pressure cuff", "cuff", "Through your home hub")
        await screen.heading("Which hub?")
        await screen.press("Add this hub")
        virtual = await _plug_in(screen, tidy, stack, patient)
        await expect(screen.page.get_by_text("The hub is online.")).to_be_visible()
        await screen.look("pair-hub")
        await screen.press("Use this hub")
        await _consent(screen, ["Blood pressure"], look="consent-cuff")
        await screen.heading("Get it ready")
        await screen.look("pair-ready")
        await screen.press("My light is blinking")
        await expect(screen.page.get_by_text("Choose your device")).to_be_visible()
        await screen.look("pair-choose")
        await screen.use(screen.button("This is mine", exact=False).first)
        await screen.heading("Take the first reading")
        address = (await eventually(lambda: _paired(virtual), bool))[0]
        await virtual.measure(address)
        await screen.heading("Your first reading is here")
        await screen.look("pair-first-arrived-cuff")
        await screen.press("Yes, this is me")
        await _name(screen, "Kitchen cuff")

        await _value_comes(
            screen,
            patient,
            "Kitchen cuff",
            {"blood_pressure": {"systolic": 143, "diastolic": 92, "hr": 77}},
            "143/92 mmHg",
            history=True,
        )
        await screen.look("dashboard-cuff", whole=True)
        await screen.choose("Table")
        await expect(screen.page.get_by_role("row", name="143/92 mmHg")).to_be_visible()
        await screen.look("dashboard-cuff-table", whole=True)
        await screen.use(screen.link("Something is wrong"))
        await screen.heading("Get it going")
        await expect(screen.page.get_by_text("Its hub", exact=True)).to_be_visible()
        await expect(screen.page.get_by_text("What it sent lately")).to_be_visible()
        await screen.look("fix", whole=True)
        await _leave(screen)


async def test_what_is_not_there_and_what_help_says_is_a_page_like_others(
    tidy: World, at_screen: AtScreen
) -> None:
    patient = await tidy.sign_in("patient-1")
    async with at_screen("phone") as screen:
        await screen.open("/nothing-here")
        await screen.heading("There is no page here")
        await screen.look("not-found")
        await screen.sign_in(patient, look=False)
        await screen.heading("Your devices")
        await screen.press("Help")
        await screen.heading("If you feel unwell")
        await screen.look("help")


async def test_a_caregiver_sees_what_is_shared_and_nothing_to_change(
    tidy: World, at_screen: AtScreen
) -> None:
    patient, caregiver = await tidy.sign_in("patient-1"), await tidy.sign_in("caregiver-1")
    device = await patient.pair(kinds=["spo2", "heart_rate"])
    await device.ingest(
        device.message({"spo2_pct": 97, "heart_rate_bpm": 61}, rfc3339(datetime.now(UTC))), wait_s=10
    )
    async with at_screen("desktop") as screen:
        await screen.sign_in(caregiver, look=False)
        await screen.heading("Devices shared with you")
        await expect(screen.page.get_by_role("article").first).to_be_visible()
        await expect(screen.link("Add a device")).to_have_count(0)
        await screen.look("devices-shared")


# --- steps ----------------------------------------------------------------------------------------------------------


async def _add(screen: Screen) -> None:
    """From the list of devices, empty or not, to the wizard."""
    await screen.heading("Your devices")
    add = screen.page.get_by_role("link", name=re.compile("^Add (a|your first) device$"))
    await add.wait_for()
    if await screen.link("Add your first device").count():
        await expect(screen.page.get_by_text("No devices yet")).to_be_visible()
        await screen.look("devices-empty")
    await screen.use(add)


async def _choose(screen: Screen, type_: str, picture: str, method: str) -> None:
    await screen.heading("What do you have?")
    await screen.look("pair-type")
    await screen.press(type_)
    await screen.heading("Which one?")
    await screen.look(f"pair-model-{picture}")
    await screen.use(screen.page.get_by_role("main").get_by_role("listitem").get_by_role("button").first)
    await screen.heading("How should it connect?")
    await screen.look(f"pair-method-{picture}")
    await screen.use(screen.button(method, exact=False))


async def _consent(screen: Screen, kinds: list[str], *, look: str) -> None:
    dialog = screen.page.get_by_role("dialog")
    await expect(dialog).to_be_visible()
    await screen.use(dialog.get_by_role("button", name="Share these readings"))
    await expect(
        dialog.get_by_text("Switch on at least one kind")
    ).to_be_visible()  # nothing was switched on for them
    for kind in kinds:
        await screen.switch_on(kind, within=dialog)
    await screen.look(look)
    await screen.use(dialog.get_by_role("button", name="Share these readings"))
    await expect(dialog).to_be_hidden()


async def _plug_in(screen: Screen, world: World, stack: AsyncExitStack, patient: Person) -> Hub:
    """Types what the page shows into a hub, as somebody would."""
    shown = screen.page.locator("dl dd")
    hub_id, secret, address = [(await shown.nth(index).inner_text()).strip() for index in range(3)]
    assert address == world.system.endpoints["mqtt"]
    await screen.look("pair-hub-secret")
    hub = {"hub_id": hub_id, "secret": secret}
    return await stack.enter_async_context(world.virtual_hub(hub, zone=patient.me["timezone"]))


async def _paired(virtual: Hub) -> list[str]:
    return list(virtual.desk.paired)


async def _name(screen: Screen, name: str) -> None:
    await screen.heading("Give it a name")
    await screen.write("Name", name)
    await screen.look("pair-name")
    await screen.press("Save the name")
    await screen.heading(f"{name} is connected")
    await screen.look("pair-done")
    await screen.use(screen.link("See its readings"))


async def _value_comes(
    screen: Screen,
    patient: Person,
    name: str,
    readings: Json,
    text: str,
    *,
    history: bool = False,
) -> None:
    """A reading that comes while the dashboard is open is on it without a reload."""
    await screen.heading(name)
    await expect(screen.page.get_by_text("Live", exact=True)).to_be_visible()
    connection_id = screen.page.url.partition("/devices/")[2].partition("?")[0]
    if history:
        await patient.ingest(_week(connection_id, ZoneInfo(patient.me["timezone"])), wait_s=10)
        drawn = screen.page.get_by_role("paragraph").filter(has_text="13 readings in 7 days")
        await expect(drawn).to_be_visible()  # the eye is on one reading, not behind a week of them
    message = {
        "device_connection_id": connection_id,
        "timestamp": rfc3339(datetime.now(UTC)),
        "readings": readings,
    }
    await patient.ingest(message, status=202)
    latest = screen.page.get_by_role("region", name="Latest")
    await expect(latest).to_contain_text(text)
    await asyncio.gather(*(expect(latest).to_contain_text(word) for word in ("just now", name)))


def _week(connection_id: str, zone: ZoneInfo) -> list[Json]:
    """Morning and evening of the six days before, where the patient is."""
    midnight = datetime.now(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    messages = []
    for day in range(1, 7):
        for hour, systolic in ((7, 128), (19, 134)):
            value = {
                "systolic": systolic + day % 3 * 4,
                "diastolic": 80 + day % 4 * 2,
                "hr": 64 + day % 5 * 3,
            }
            moment = rfc3339(midnight - timedelta(days=day) + timedelta(hours=hour))
            messages.append(
                {
                    "device_connection_id": connection_id,
                    "timestamp": moment,
                    "readings": {"blood_pressure": value},
                }
            )
    return messages


async def _leave(screen: Screen) -> None:
    """Out by the place where this size of screen has it; nothing of the person stays in the browser."""
    await screen.use(screen.link("Devices").last)
    await screen.heading("Your devices")
    await expect(screen.page.get_by_role("article").first).to_be_visible()
    await screen.look("devices")
    navigation = screen.page.get_by_role("navigation")
    await screen.use(navigation.get_by_role("link", name="Settings").locator("visible=true"))
    await screen.heading("Settings")
    await screen.look("settings", whole=True)
    home = f"{screen.system.gateway}/"
    entries = await screen.page.evaluate("history.length")
    addresses: list[str] = []
    screen.page.on("framenavigated", lambda frame: addresses.append(frame.url))
    async with screen.page.expect_response(
        lambda answer: answer.url == home
    ):  # back from the identity provider
        await screen.use(screen.button("Sign out").locator("visible=true").first)
    await screen.heading("You are signed out")
    assert addresses.count(f"{home}signed-out") == 1, addresses
    assert await screen.page.evaluate("history.length") == entries
    await screen.look("signed-out")
    kept = await browsers.stored_secrets(screen.page)
    assert not re.search(r"Patient|scale|cuff|81\.7|\b143\b", kept), kept
    await screen.open("/devices")
    await screen.link("Sign in").wait_for()
