"""A phone finishes a pairing that a page began: the code on the page, and the page's word when the phone is done."""

from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.async_api import expect

from tests.e2e.browser import AtScreen, Size
from tests.e2e.driver import Json, Person, World

pytestmark = pytest.mark.timeout(200)


@pytest.mark.parametrize("size", ["phone", "desktop"])
async def test_the_page_shows_a_code_and_hears_of_the_phone(
    tidy: World, at_screen: AtScreen, size: Size
) -> None:
    patient = await tidy.sign_in("patient-1" if size == "phone" else "patient-2")
    model = await _model(patient, "companion_app")
    async with at_screen(size) as screen:
        screen.by_keyboard = size == "desktop"
        await screen.sign_in(patient, look=False)
        await screen.heading("Your devices")
        connection, _ = await patient.begin(model, "companion_app")
        await screen.open(f"/pair/connect?connection={connection['id']}")
        await screen.heading("Go on with your phone")
        await expect(screen.page.get_by_role("img", name="Code for your phone’s camera")).to_be_visible()
        await screen.look("pair-phone", whole=True)

        link = await screen.link("Open the app on this phone").get_attribute("href")
        assert link is not None
        assert link.startswith("deviceconnect://pair?")
        [token] = parse_qs(urlsplit(link).query)["token"]
        await patient.complete({"pairing_token": token}, f"phone-{size}", model["capabilities"])

        await screen.heading("Your phone is connected")
        await screen.look("pair-phone-done")
        await screen.press("Go on")
        await screen.heading("Take the first reading")


async def _model(patient: Person, method: str) -> Json:
    models = (await patient.get("/api/v1/devices", limit=1000))["items"]
    return next(one for one in models if method in one["pairing_methods"])
