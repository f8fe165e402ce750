"""Somebody gets a device going, looks at how all of them are, and an administrator looks after models, makers and hubs."""

from datetime import UTC, datetime

import pytest
from playwright.async_api import Locator, expect

from tests.e2e.browser import AtScreen, Screen
from tests.e2e.driver import Device, Person, World, rfc3339

pytestmark = pytest.mark.timeout(150)


async def test_what_is_the_matter_with_a_device_and_with_all_of_them(
    tidy: World, at_screen: AtScreen
) -> None:
    patient, clinician = await tidy.sign_in("patient-1"), await tidy.sign_in("clinician-1")
    device = await _troubled(patient)
    await patient.pair(kinds=["weight"])
    async with at_screen("phone") as screen:
        await _open(screen, patient)
        await screen.link("How they are").click()
        await screen.heading("How your devices are")
        needy = screen.page.get_by_role("region", name="Something else needs a look")
        await expect(needy).to_contain_text("Battery low, 12")
        await screen.look("health", whole=True)
        await needy.get_by_role("link", name="Get it going: Bedside set").click()
        await screen.heading("Get it going")
        await expect(screen.page.get_by_text("2 things need a look. Begin at the top.")).to_be_visible()
        await expect(_troubles(screen)).to_contain_text("One value did not arrive whole.")
        await screen.look("fix-trouble", whole=True)
        await _another_fault_arrives(screen, device)

    async with at_screen("desktop") as screen:
        await _open(screen, clinician)
        await screen.link("How they all are, those in need first").click()
        await screen.heading("How their devices are")
        fleet = screen.page.get_by_role("region", name="Something else needs a look")
        await expect(fleet.get_by_text(patient.me["display_name"])).to_be_visible()
        await screen.look("health-fleet", whole=True)
        await fleet.get_by_role("link", name="Get it going: Bedside set").click()
        await expect(screen.page.get_by_text("Only the person whose device this is")).to_be_visible()
        await expect(screen.button("Remove")).to_have_count(0)
        await screen.look("fix-shared", whole=True)
        await screen.open("/admin")
        await expect(screen.page.get_by_text("Only an administrator can open this page.")).to_be_visible()
        await expect(screen.link("Admin")).to_have_count(0)
        await screen.look("admin-denied")


async def test_an_administrator_changes_a_model_and_ends_a_hub(tidy: World, at_screen: AtScreen) -> None:
    patient, admin = await tidy.sign_in("patient-1"), await tidy.sign_in("admin-1")
    hub = await patient.add_hub("Attic")
    async with at_screen("phone") as screen:
        await _open(screen, admin)
        await screen.link("Admin").locator("visible=true").click()
        await screen.heading("Administration")
        await expect(screen.page.get_by_role("button", name="Change ").first).to_be_visible()
        await screen.look("admin-models")
        await _refused(screen)
        await _part(screen, "Makers")
        await expect(screen.page.get_by_role("heading", name="Withings")).to_be_visible()
        await screen.look("admin-makers")
        await _part(screen, "Hubs")
        await expect(screen.page.get_by_role("heading", name="Attic")).to_be_visible()
        await screen.look("admin-hubs")

    async with at_screen("desktop") as screen:
        await _open(screen, admin)
        await screen.open("/admin?q=ua-651")
        await expect(screen.page.get_by_role("main").get_by_role("heading", level=2)).to_have_count(1)
        await screen.look("admin-models")
        await _rename(screen, "Ward cuff")
        found = await patient.get("/api/v1/devices", q="ua-651")
        assert [model["name"] for model in found["items"]] == ["Ward cuff"]
        await _part(screen, "Hubs")
        await screen.press("Make a new secret for Attic")
        await screen.press("Make a new secret")
        secret = screen.page.get_by_role("dialog")
        await expect(secret.get_by_text(hub["hub_id"])).to_be_visible()
        await screen.press("Done")
        await expect(secret).to_be_hidden()
        await screen.press("Remove Attic")
        await screen.look("admin-hub-remove")
        await screen.press("Remove it")
        await expect(screen.page.get_by_text("Attic was removed.")).to_be_visible()
    assert hub["hub_id"] not in {each["hub_id"] for each in (await patient.get("/api/v1/hubs"))["items"]}


# --- steps ----------------------------------------------------------------------------------------------------------


async def _open(screen: Screen, person: Person) -> None:
    await screen.sign_in(person, look=False)


async def _troubled(patient: Person) -> Device:
    """A device with an almost empty battery, of which one value did not arrive whole."""
    device = await patient.pair(kinds=["blood_pressure", "spo2"])
    await patient.do("PATCH", device.path, {"name": "Bedside set"})
    meta = {"battery_pct": 12, "rssi": -70, "firmware": "1.2.3"}
    await device.ingest(device.message({"spo2_pct": 97}, rfc3339(datetime.now(UTC)), meta=meta), wait_s=10)
    await _cut_value(device)
    await device.event("gatt_truncated")
    return device


async def _cut_value(device: Device) -> None:
    value = {
        "service": "1810",
        "characteristic": "2a35",
        "value": "1e",
        "received_at": rfc3339(datetime.now(UTC)),
    }
    await device.ingest({"device_connection_id": device.id, **value}, edge="gatt", status=202)


async def _another_fault_arrives(screen: Screen, device: Device) -> None:
    """Without a reload: the next frame about the device's health makes the page look at its events again."""
    await _cut_value(device)
    await expect(_troubles(screen)).to_contain_text("2 values did not arrive whole.", timeout=15_000)


def _troubles(screen: Screen) -> Locator:
    return screen.page.get_by_role("list", name="What needs a look")


async def _part(screen: Screen, name: str) -> None:
    radio = screen.page.get_by_role("radio", name=name)
    await screen.page.locator("label").filter(has=radio).click()  # the input itself is visually hidden


async def _rename(screen: Screen, name: str) -> None:
    await screen.page.get_by_role("button", name="Change ").click()
    dialog = screen.page.get_by_role("dialog")
    await dialog.get_by_role("textbox", name="Name that people read").fill(name)
    await screen.look("admin-model")
    await dialog.get_by_role("button", name="Save").click()
    await expect(screen.page.get_by_text(f"{name} was changed.")).to_be_visible()
    await expect(screen.page.get_by_role("heading", name=name)).to_be_visible()


async def _refused(screen: Screen) -> None:
    """A new model that lacks almost everything says so at each field."""
    await screen.press("Add a model")
    dialog = screen.page.get_by_role("dialog")
    await dialog.get_by_role("button", name="Save").click()
    await expect(dialog.get_by_text("3 fields need a look")).to_be_visible()
    await screen.look("admin-model-faults")
    await dialog.get_by_role("button", name="Cancel").click()
    await expect(dialog).to_be_hidden()
