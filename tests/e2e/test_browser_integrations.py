"""A person connects an account at a maker and sees its history come in; the maker's cloud and its page are simulated."""

import io
import re
import zipfile
from asyncio import Event
from pathlib import Path
from random import randbytes
from typing import Final

import pytest
from playwright.async_api import Locator, Route, expect

from tests.e2e.browser import AtScreen, Screen
from tests.e2e.driver import Person, World, eventually
from tests.e2e.phone import agreed_watch

pytestmark = pytest.mark.timeout(400)
IMPORT_MS: Final = 240_000
"""Ten years in windows of a month: more questions than the maker answers in one minute."""
BACK_MS: Final = 20_000
"""The way back ends when the connection is there to be seen."""


async def test_an_account_from_its_consent_through_its_history_to_its_end(
    tidy: World, at_screen: AtScreen
) -> None:
    patient = await tidy.sign_in("patient-1")
    async with at_screen("phone") as screen:
        await _open_accounts(screen, patient)
        card = _card(screen)
        await expect(card).to_contain_text("Not connected")
        await screen.look("integrations")
        await _consent(screen, look="integrations-consent")
        await _at_the_maker(screen, "Allow", look="vendor-consent")

        banner = await _result(screen, "Withings is connected")
        await expect(banner.get_by_role("link", name=re.compile("^See readings of "))).to_be_visible()
        history = card.get_by_role("progressbar")
        await expect(history).to_be_visible()
        await screen.look("integrations-importing")
        await expect(history).to_be_hidden(timeout=IMPORT_MS)
        await expect(card).to_contain_text(re.compile(r"The last look brought [1-9][\d,]* new readings?\."))
        await expect(card).to_contain_text("Last new reading")
        await expect(card).to_contain_text("Reads: Weight")

        connection = await _connection(patient)
        await banner.get_by_role("link", name=f"See readings of {connection}").click()
        await screen.heading(connection)
        await expect(screen.page.get_by_role("region", name="Latest")).to_contain_text(re.compile(r"\d kg"))

        await _go(screen, "Apps")
        await screen.page.reload()
        await expect(card).to_contain_text("Connected")
        await expect(screen.page.get_by_role("group", name="Withings is connected")).to_have_count(0)
        await screen.look("integrations-connected", whole=True)
        await _disconnect(screen)
        await expect(card).to_contain_text("Not connected")
        await eventually(lambda: _names(patient), lambda names: connection not in names)
        await _go(screen, "Devices")
        await screen.heading("Your devices")
        await expect(screen.page.get_by_role("article", name=connection)).to_have_count(0)


async def test_a_no_at_the_maker_changes_nothing(tidy: World, at_screen: AtScreen) -> None:
    patient = await tidy.sign_in("patient-2")
    async with at_screen("desktop") as screen:
        await _open_accounts(screen, patient)
        await screen.look("integrations")
        await _consent(screen, look="integrations-consent")
        await _at_the_maker(screen, "Refuse", look="vendor-consent")

        await _result(screen, "You said no at Withings")
        await expect(_card(screen)).to_contain_text("Not connected")
        await screen.look("integrations-declined")
        assert await _names(patient) == []


async def test_a_scale_is_added_by_signing_in_at_its_maker(tidy: World, at_screen: AtScreen) -> None:
    patient = await tidy.sign_in("patient-2")
    async with at_screen("desktop") as screen:
        screen.by_keyboard = True
        await screen.sign_in(patient, look=False)
        await screen.use(screen.link("Add your first device"))
        await screen.press("Scale")
        await screen.heading("Which one?")
        await screen.use(screen.button("Withings Body+", exact=False))
        await screen.heading("How should it connect?")
        await screen.use(screen.button("Through its maker’s account", exact=False))
        dialog = screen.page.get_by_role("dialog")
        await screen.switch_on("Weight", within=dialog)
        await screen.use(dialog.get_by_role("button", name="Share these readings"))
        await screen.heading("Sign in at Withings")
        await screen.look("pair-vendor")
        step = screen.page.url
        await screen.press("Go to Withings")
        await _at_the_maker(screen, "Allow", look="vendor-consent")

        banner = await _result(screen, "Withings is connected")
        connection = await _connection(patient)
        await expect(banner.get_by_role("link", name=f"See readings of {connection}")).to_be_visible()
        await screen.page.goto(step)
        await screen.heading(f"{connection} is connected")
        await screen.press("Go on")
        await screen.heading("Give it a name")


async def test_the_history_of_a_phone_comes_in_as_a_file(
    tidy: World, at_screen: AtScreen, tmp_path: Path
) -> None:
    patient = await tidy.sign_in("patient-1")
    watch = await agreed_watch(patient)
    export, other = tmp_path / "export.zip", tmp_path / "report.pdf"
    export.write_bytes(_export())
    other.write_bytes(b"%PDF-1.7")
    async with at_screen("phone") as screen:
        await _open_accounts(screen, patient)
        apple = screen.page.get_by_role("article", name="Apple Health")
        await apple.get_by_role("link", name="Bring in your whole history").click()
        await screen.heading("Bring in your whole history")
        await screen.look("history", whole=True)
        await _choose(screen, other)
        await expect(screen.page.get_by_role("alert")).to_contain_text("not an export of the Health app")
        await screen.look("history-refused", whole=True)

        let_go = await _hold_the_file(screen)
        await _choose(screen, export)
        await screen.heading("Sending the file")
        await screen.look("history-sending", whole=True)
        let_go.set()
        end = screen.page.get_by_role("status").filter(has_text="Your history is here")
        await expect(end).to_be_visible(timeout=IMPORT_MS)
        await expect(end).to_contain_text("3 readings brought in")
        await expect(end).to_contain_text("You have not agreed to share these kinds of readings")
        await screen.look("history-end", whole=True)

        await screen.page.reload()
        await expect(end).to_contain_text("3 readings brought in")
        await screen.press("Bring in another file")
        await _choose(screen, export)
        await expect(screen.page.get_by_text("3 were here already")).to_be_visible(timeout=IMPORT_MS)
        await screen.link(f"See readings of {watch['name']}").click()
        await screen.heading(watch["name"])
        await expect(screen.page.get_by_text("81.4").first).to_be_visible()
    async with at_screen("desktop") as screen:
        await screen.sign_in(patient, look=False)
        await screen.heading("Your devices")
        await screen.open("/integrations/import")
        await screen.heading("How to get the file")
        await screen.look("history")


# --- steps ----------------------------------------------------------------------------------------------------------


def _card(screen: Screen) -> Locator:
    return screen.page.get_by_role("article", name="Withings")


async def _go(screen: Screen, place: str) -> None:
    """By the navigation that this size of screen has."""
    navigation = screen.page.get_by_role("navigation")
    await navigation.get_by_role("link", name=place).locator("visible=true").click()


async def _open_accounts(screen: Screen, patient: Person) -> None:
    await screen.sign_in(patient, look=False)
    await screen.heading("Your devices")
    await _go(screen, "Apps")
    await screen.heading("Apps and accounts")


async def _consent(screen: Screen, *, look: str) -> None:
    await screen.press("Connect Withings")
    dialog = screen.page.get_by_role("dialog", name="Share readings from Withings?")
    await dialog.get_by_role("button", name="Go on to Withings").click()
    await expect(dialog.get_by_text("Switch on at least one kind")).to_be_visible()
    await dialog.get_by_text("Weight", exact=True).click()
    await screen.look(look)
    await dialog.get_by_role("button", name="Go on to Withings").click()


async def _at_the_maker(screen: Screen, answer: str, *, look: str) -> None:
    """Everybody has an account of their own there: one account feeds one person."""
    await screen.heading("May Device Connect read your Withings data?")
    await screen.page.get_by_label("Someone new").check()
    await screen.look(look)
    await screen.press(answer)


async def _result(screen: Screen, title: str) -> Locator:
    """The banner has the focus, and a reload would not say it again."""
    banner = screen.page.get_by_role("group", name=title)
    await expect(banner).to_be_focused(timeout=BACK_MS)
    await expect(screen.page).to_have_url(f"{screen.system.gateway}/integrations")
    return banner


async def _disconnect(screen: Screen) -> None:
    await screen.press("Disconnect Withings")
    dialog = screen.page.get_by_role("alertdialog", name="Disconnect Withings?")
    await expect(dialog).to_contain_text("You still see the readings that are here")
    await screen.look("integrations-disconnect")
    await dialog.get_by_role("button", name="Disconnect").click()
    await expect(screen.page.get_by_text("Withings is disconnected.")).to_be_visible()
    await expect(dialog).to_be_hidden()


async def _names(patient: Person) -> list[str]:
    found = await patient.get("/api/v1/device-connections", patient_id=patient.patient_id)
    return [item["name"] for item in found["items"] if item["status"] != "revoked"]


async def _connection(patient: Person) -> str:
    names = await eventually(lambda: _names(patient), lambda found: len(found) == 1)
    return names[0]


def _export() -> bytes:
    """As the phone makes it: three weights of spring, steps that nobody agreed to, and a walk that is not read."""
    record = (
        '<Record type="HKQuantityTypeIdentifier{type}" sourceName="Watch" unit="{unit}" '
        'startDate="2026-0{month}-01 07:00:00 +0100" endDate="2026-0{month}-01 07:05:00 +0100" value="{value}"/>'
    )
    weights = [
        record.format(type="BodyMass", unit="kg", month=3 + n, value=value)
        for n, value in enumerate((82.6, 81.9, 81.4))
    ]
    steps = record.format(type="StepCount", unit="count", month=3, value=900)
    document = f'<?xml version="1.0"?><HealthData locale="en_US">{"".join(weights)}{steps}</HealthData>'
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("apple_health_export/export.xml", document)
        archive.writestr("apple_health_export/workout-routes/route.gpx", randbytes(6_000_000))
    return file.getvalue()


async def _choose(screen: Screen, file: Path) -> None:
    async with screen.page.expect_file_chooser() as chooser:
        await screen.press("Choose the file")
    await (await chooser.value).set_files(file)


async def _hold_the_file(screen: Screen) -> Event:
    """The next file is on its way until the event is set: what is small would be there before anybody looks."""
    let_go = Event()

    async def hold(route: Route) -> None:
        await let_go.wait()
        await route.continue_()

    await screen.page.route(re.compile("/quarantine/"), hold, times=1)
    return let_go
