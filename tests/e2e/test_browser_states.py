"""What a page says while it waits, when it is not answered, and that one press brings it back."""

import asyncio
from dataclasses import dataclass
from typing import Final

import pytest
from playwright.async_api import Route, expect

from tests.e2e.browser import AtScreen, Screen
from tests.e2e.driver import World, ago

pytestmark = pytest.mark.timeout(180)
FAILED: Final = "ERR_CONNECTION_FAILED"


@dataclass(frozen=True)
class Asking:
    """A page, and the question that its content waits for."""

    name: str
    path: str
    question: str


PATIENT: Final = (
    Asking("devices", "/devices", "**/api/v1/device-connections?*"),
    Asking("dashboard", "/devices/{id}?kind=weight", "**/api/v1/device-data/{id}?*"),
    Asking("health", "/health", "**/api/v1/device-health*"),
    Asking("integrations", "/integrations", "**/api/v1/integrations"),
    Asking("whose", "/devices/whose", "**/api/v1/patients/*/ambiguous*"),
    Asking("sharing", "/sharing", "**/api/v1/permissions*"),
    Asking("sharing-log", "/sharing/log", "**/api/v1/audit*"),
    Asking("pair-model", "/pair/model?type=scale", "**/api/v1/devices?*"),
)
ADMIN: Final = (
    Asking("admin-models", "/admin", "**/api/v1/devices?*"),
    Asking("admin-hubs", "/admin?part=hubs", "**/api/v1/hubs*"),
    Asking("admin-makers", "/admin?part=makers", "**/api/v1/integrations"),
)


async def test_a_patients_pages_say_that_they_wait_and_that_nobody_answers(
    tidy: World, at_screen: AtScreen
) -> None:
    patient = await tidy.sign_in("patient-1")
    device = await patient.pair(kinds=["weight"])
    await device.ingest(device.message({"weight_kg": 80.0}, ago(minutes=9)), wait_s=10)
    async with at_screen("phone") as screen:
        await screen.sign_in(patient, look=False)
        await screen.heading("Your devices")
        for one in PATIENT:
            await _waits_fails_and_comes_back(screen, one, device.id)


async def test_an_administrators_pages_do_too(tidy: World, at_screen: AtScreen) -> None:
    admin = await tidy.sign_in("admin-1")
    async with at_screen("phone") as screen:
        await screen.sign_in(admin, look=False)
        await screen.link("Admin").locator("visible=true").wait_for()
        for one in ADMIN:
            await _waits_fails_and_comes_back(screen, one, "")


async def _waits_fails_and_comes_back(screen: Screen, asking: Asking, id: str) -> None:
    page, is_over = screen.page, asyncio.Event()
    question = asking.question.format(id=id)

    async def nobody_answers(route: Route) -> None:
        await is_over.wait()
        await route.abort("connectionfailed")

    await page.route(question, nobody_answers)
    await screen.open(asking.path.format(id=id))
    waiting, failed = page.get_by_role("status").filter(has_text="Loading"), page.get_by_role("alert")
    await expect(waiting.first).to_be_visible()
    await screen.look(f"{asking.name}-waiting")
    is_over.set()
    await expect(failed.first).to_be_visible()
    await screen.look(f"{asking.name}-failed")
    await page.unroute(question)
    await failed.first.get_by_role("button", name="Try again").click()
    await expect(failed).to_have_count(0)
    await expect(waiting).to_have_count(0)
    screen.faults = [fault for fault in screen.faults if FAILED not in fault]
