"""A patient lets somebody see one kind of readings, finds in the log that they looked, and takes it back while they look."""

import re
import time
from datetime import UTC, datetime
from typing import Final

import pytest
from playwright.async_api import Locator, expect

from tests.e2e.browser import AtScreen, Screen
from tests.e2e.driver import Device, Person, World, rfc3339

pytestmark = pytest.mark.timeout(150)
EMPTY_S: Final = 2.0
"""From the press to the empty page of who was looking."""
WATCH: Final = r"""() => {
    const watch = new MutationObserver(() => {
        if (/stopped sharing/.test(document.querySelector('h1')?.textContent ?? '')) {
            watch.disconnect();
            requestAnimationFrame(() => { window.emptiedAt = Date.now() / 1000; });
        }
    });
    watch.observe(document.body, {subtree: true, childList: true, characterData: true});
}"""
"""Notes in the page itself when it says so: playwright looks at growing intervals, up to a second late."""


async def test_one_kind_for_one_person_from_the_grant_to_its_end(
    tidy: World, at_screen: AtScreen, capsys: pytest.CaptureFixture[str]
) -> None:
    patient, caregiver = await tidy.sign_in("patient-2"), await tidy.sign_in("caregiver-1")
    device = await _cuff_and_scale(patient)
    for given in (await patient.get("/api/v1/permissions"))["items"]:  # those that a new system begins with
        await patient.do("DELETE", f"/api/v1/permissions/{given['id']}")
    async with at_screen("phone") as mine, at_screen("desktop") as theirs:
        await _open(mine, patient)
        await _go(mine, "Sharing")
        await _share_blood_pressure(mine)

        await _open(theirs, caregiver)
        await _see_live(theirs, device)

        await _find_the_look(mine)
        await _stop_while_they_look(mine, theirs, capsys)


async def test_sharing_at_a_desk_and_what_is_shared_on_a_phone(tidy: World, at_screen: AtScreen) -> None:
    patient, clinician = await tidy.sign_in("patient-1"), await tidy.sign_in("clinician-1")
    device = await _cuff_and_scale(patient)
    await clinician.get(f"{device.data}/latest")
    async with at_screen("desktop") as mine, at_screen("phone") as theirs:
        await _open(mine, patient)
        await _go(mine, "Sharing")
        people = mine.page.get_by_role("region", name="Who can see your readings")
        await expect(people.get_by_role("heading", name="Clinician One")).to_be_visible()
        await expect(people.get_by_text("From Bathroom set").first).to_be_visible()
        await mine.look("sharing", whole=True)
        await _read_the_agreement(mine)
        await mine.link("Who saw my data", exact=False).click()
        await expect(_today(mine)).to_contain_text("Clinician One")
        await mine.look("sharing-log", whole=True)

        await _open(theirs, clinician)
        one = theirs.page.get_by_role("region", name="Patient One")
        await expect(one.get_by_role("article").first).to_be_visible()
        await theirs.look("devices-shared", whole=True)
        await _go(theirs, "Sharing")
        await theirs.heading("Patient One")
        await theirs.look("sharing-received")
        await theirs.open("/sharing/log")
        await expect(theirs.page.get_by_text("This page is for the person whose data it is")).to_be_visible()


# --- steps ----------------------------------------------------------------------------------------------------------


async def _cuff_and_scale(patient: Person) -> Device:
    """One device that measures both, with a reading of each."""
    device = await patient.pair(kinds=["blood_pressure", "weight"])
    await patient.do("PATCH", device.path, {"name": "Bathroom set"})
    now = rfc3339(datetime.now(UTC))
    readings = {"blood_pressure": {"systolic": 118, "diastolic": 76, "hr": 61}, "weight_kg": 81.7}
    await device.ingest(device.message(readings, now), wait_s=10)
    return device


async def _open(screen: Screen, person: Person) -> None:
    await screen.sign_in(person, look=False)
    await expect(screen.page.get_by_role("article").first).to_be_visible()


async def _go(screen: Screen, place: str) -> None:
    places = screen.page.get_by_role("navigation").get_by_role("link", name=place)
    await places.locator("visible=true").click()
    await screen.heading(place)


def _today(screen: Screen) -> Locator:
    return screen.page.get_by_role("region", name="Today")


async def _share_blood_pressure(screen: Screen) -> None:
    await expect(screen.page.get_by_text("Only you see your readings")).to_be_visible()
    await screen.look("sharing-empty", whole=True)
    await screen.press("Share with somebody")
    name = screen.page.get_by_label("The name they sign in with")
    await name.fill("caregiver-1")
    await screen.look("sharing-whom")
    await name.press("Enter")
    dialog = screen.page.get_by_role("dialog", name="What may Caregiver One see?")
    await dialog.get_by_text("Blood pressure", exact=True).click()
    await dialog.get_by_text("1 month", exact=True).click()
    await screen.look("sharing-what")
    await dialog.get_by_role("button", name="Share", exact=True).click()
    await expect(screen.page.get_by_text("Caregiver One now sees blood pressure.")).to_be_visible()
    await screen.look("sharing", whole=True)


async def _see_live(screen: Screen, device: Device) -> None:
    shared = screen.page.get_by_role("region", name="Patient Two")
    await expect(shared).to_contain_text("Patient Two shares blood pressure with you.")
    await expect(shared).to_contain_text("Times are those of Patient Two, in America/New York.")
    await shared.get_by_role("link", name="See readings of Bathroom set").click()
    told = screen.page.get_by_text("Patient Two shares blood pressure with you, not weight.")
    await expect(told).to_be_visible()
    latest = screen.page.get_by_role("region", name="Latest")
    await expect(latest).to_contain_text("118/76 mmHg")
    await expect(screen.page.get_by_text("Live", exact=True)).to_be_visible()
    readings = {"blood_pressure": {"systolic": 143, "diastolic": 92, "hr": 77}, "weight_kg": 82.4}
    await device.ingest(device.message(readings, rfc3339(datetime.now(UTC))))
    await expect(latest).to_contain_text("143/92 mmHg")
    assert not re.search(r"8[12][.,]\d kg|Weight", await screen.page.inner_text("main"))
    await screen.look("device-shared", whole=True)


async def _find_the_look(screen: Screen) -> None:
    await screen.link("Who saw my data", exact=False).click()
    await screen.heading("Who saw my data")
    await expect(_today(screen)).to_contain_text("Caregiver One")
    await expect(_today(screen)).to_contain_text("Looked at your blood pressure from Bathroom set")
    await expect(_today(screen)).to_contain_text("Watched your blood pressure live")
    await screen.look("sharing-log", whole=True)
    await screen.press("I don’t know this person: Caregiver One")
    await expect(screen.page.get_by_text("You share blood pressure with Caregiver One")).to_be_visible()
    await screen.look("sharing-log-unknown")
    await screen.press("Close")
    await screen.link("Sharing").first.click()
    await screen.heading("Sharing")


async def _stop_while_they_look(mine: Screen, theirs: Screen, capsys: pytest.CaptureFixture[str]) -> None:
    await mine.press("Stop sharing with Caregiver One")
    await expect(mine.page.get_by_role("alertdialog")).to_contain_text("also on a page that is open now")
    await mine.look("sharing-stop")
    await theirs.page.evaluate(WATCH)
    pressed = time.time()
    await mine.press("Stop sharing")
    stopped = re.compile(r"^Patient Two stopped sharing blood pressure with you at \d\d:\d\d$")
    await expect(theirs.page.get_by_role("heading", name=stopped)).to_be_visible()
    delay = await theirs.page.evaluate("window.emptiedAt") - pressed
    with capsys.disabled():
        print(f"\nfrom the press to the empty page: {delay * 1000:.0f} ms")
    assert delay <= EMPTY_S
    assert "143/92" not in await theirs.page.content()
    await theirs.look("device-stopped")
    await expect(mine.page.get_by_text("Caregiver One sees nothing of yours any more.")).to_be_visible()
    await theirs.page.get_by_role("main").get_by_role("link", name="Devices shared with you").click()
    await expect(theirs.page.get_by_text(stopped)).to_be_visible()
    await expect(theirs.page.get_by_role("region", name="Patient Two")).to_have_count(0)


async def _read_the_agreement(screen: Screen) -> None:
    await screen.press("Read and print what you agreed to for Bathroom set")
    record = screen.page.get_by_role("dialog", name="What you agreed to")
    await expect(record.get_by_text("Fingerprint of the text")).to_be_visible()
    await expect(record.get_by_role("heading", level=3).first).to_be_visible()
    await screen.look("sharing-agreement")
    await screen.press("Close")
