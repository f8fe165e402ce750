"""A person connects an account at a maker and sees its history come in; the maker's cloud and its page are simulated."""

import re
from typing import Final

import pytest
from playwright.async_api import Locator, expect

from tests.e2e.browser import AtScreen, Screen
from tests.e2e.driver import Person, World, eventually

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
        await screen.open("/")
        await screen.sign_in(patient, look=False)
        await screen.link("Add your first device").click()
        await screen.press("Scale")
        await screen.heading("Which one?")
        await screen.button("Withings Body+", exact=False).click()
        await screen.heading("How should it connect?")
        await screen.button("Through its maker’s account", exact=False).click()
        dialog = screen.page.get_by_role("dialog")
        await dialog.get_by_text("Weight", exact=True).click()
        await dialog.get_by_role("button", name="Share these readings").click()
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


# --- steps ----------------------------------------------------------------------------------------------------------


def _card(screen: Screen) -> Locator:
    return screen.page.get_by_role("article", name="Withings")


async def _go(screen: Screen, place: str) -> None:
    """By the navigation that this size of screen has."""
    navigation = screen.page.get_by_role("navigation")
    await navigation.get_by_role("link", name=place).locator("visible=true").click()


async def _open_accounts(screen: Screen, patient: Person) -> None:
    await screen.open("/")
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
