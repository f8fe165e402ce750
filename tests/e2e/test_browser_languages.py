"""The pages in Arabic, from right to left, in Spanish, and in made-up longer words: chosen once, seen everywhere at once."""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

import pytest
from playwright.async_api import expect

from tests.e2e.browser import AtScreen, Screen
from tests.e2e.driver import Device, Person, World, rfc3339

pytestmark = pytest.mark.timeout(150)
PLACES: Final = {"devices": "أجهزتك", "sharing": "المشاركة", "settings": "الإعدادات"}


async def test_arabic_is_chosen_once_and_runs_from_right_to_left_on_every_page(
    tidy: World, at_screen: AtScreen
) -> None:
    patient = await tidy.sign_in("patient-1")
    device = await _measured(patient)
    async with at_screen("phone") as screen:
        await _open(screen, patient)
        await screen.open("/settings")
        await screen.page.get_by_text("العربية").click()
        await screen.heading("الإعدادات")
        await expect(screen.page.locator("html")).to_have_attribute("dir", "rtl")
        await expect(screen.page.locator("html")).to_have_attribute("lang", "ar")
        await expect(screen.page.get_by_text("حُفظ.")).to_be_visible()
        await screen.look("ar-settings", whole=True)
        await _walk(screen, device)
        await screen.open("/pair/type")
        await screen.heading("ماذا لديك؟")
        await screen.look("ar-pair-type", whole=True)
        await screen.page.get_by_text("جهاز ضغط الدم", exact=True).click()
        await screen.heading("أي واحد؟")
        await screen.look("ar-pair-model")
    async with at_screen("desktop") as screen:
        await _open(screen, patient)
        await expect(screen.page.locator("html")).to_have_attribute("dir", "rtl")
        await _walk(screen, device)


async def test_spanish_and_longer_words_have_room(tidy: World, at_screen: AtScreen) -> None:
    patient = await tidy.sign_in("patient-2")
    await _measured(patient)
    for locale, title in (("es", "Ajustes"), ("en-XA", re.compile(r"^\[.+\]$"))):
        await patient.do("PATCH", "/api/v1/me", {"locale": locale})
        async with at_screen("phone") as screen:
            await _open(screen, patient)
            await screen.look(f"{locale}-devices", whole=True)
            await screen.open("/settings")
            await expect(screen.page.get_by_role("heading", level=1, name=title)).to_be_visible()
            await screen.look(f"{locale}-settings", whole=True)


async def _measured(patient: Person) -> Device:
    device = await patient.pair(kinds=["blood_pressure"])
    await patient.do("PATCH", device.path, {"name": "Kitchen cuff"})
    now = datetime.now(UTC)
    for hours, upper in ((9, 134), (4, 121), (0, 128)):
        readings = {"blood_pressure": {"systolic": upper, "diastolic": 84, "hr": 72}}
        at = rfc3339(now - timedelta(hours=hours))
        await device.ingest(device.message(readings, at), wait_s=10)
    return device


async def _open(screen: Screen, person: Person) -> None:
    await screen.sign_in(person, look=False)
    await expect(screen.page.get_by_role("article").first).to_be_visible()


async def _walk(screen: Screen, device: Device) -> None:
    await screen.open("/devices")
    await screen.heading(PLACES["devices"])
    await expect(screen.page.get_by_role("article").first).to_be_visible()
    await screen.look("ar-devices", whole=True)
    await screen.page.get_by_role("link", name="عرض القراءات").first.click()
    latest = screen.page.get_by_role("region", name="الأحدث")
    await expect(latest).to_contain_text("128/84 mmHg")
    back = screen.page.get_by_role("main").get_by_role("link", name="الأجهزة").locator("svg")
    await expect(back).to_have_css("transform", "matrix(-1, 0, 0, 1, 0, 0)")
    await screen.look("ar-device", whole=True)
    await screen.open("/sharing")
    await screen.heading(PLACES["sharing"])
    await screen.look("ar-sharing", whole=True)
    await screen.open("/sharing/log")
    await screen.heading("من رأى بياناتي")
    await expect(screen.page.get_by_text("لم ينظر أحد غيرك إلى بياناتك.")).to_be_visible()
    await screen.look("ar-sharing-log")
