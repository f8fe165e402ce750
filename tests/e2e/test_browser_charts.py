"""What a device measured is seen, heard, printed, and goes on coming where WebSockets are not let through."""

import math
import re
from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import pytest
from playwright.async_api import Locator, WebSocketRoute, expect

from tests.e2e import recordings
from tests.e2e.browser import AtScreen, Screen
from tests.e2e.driver import Device, Json, Person, World, ago, eventually, rfc3339

pytestmark = pytest.mark.timeout(120)
PAGES: Final = re.compile(rb"/Type\s*/Page\b")
SOME_WAY: Final = re.compile("^0:(0[1-9]|1[0-2]) of 0:12$")
FALLS_BACK_MS: Final = 20_000
"""Three sockets, with the waits between them."""
UPS_AND_DOWNS: Final = (0, 0.3, -0.2, 0.1, -0.3, 0.2, -0.1)
"""Of the days of a week: together they are nothing."""
DOUBTFUL: Final[Json] = {"ambiguous_user": True}
OFFLINE: Final = "net::ERR_INTERNET_DISCONNECTED"
MEANWHILE: Final = re.compile(r"also received from Gym scale \((today|yesterday) ")
"""Twenty minutes ago: yesterday, when it is just after midnight where the patient lives."""


async def test_glucose_and_a_sound_on_a_phone(tidy: World, at_screen: AtScreen) -> None:
    patient = await tidy.sign_in("patient-1")
    device = await _measured(patient)
    async with at_screen("phone") as screen:
        await _sign_in(screen, patient)
        await _see(screen, device, "glucose")
        legend = screen.page.get_by_role("figure")
        for text in ("LOW ▼: too low for the sensor", "HIGH ▲: too high for the sensor", "70 to 180 mg/dL"):
            await expect(legend).to_contain_text(text)
        in_range = screen.page.get_by_role("region", name="How much was in range")
        await expect(in_range).to_contain_text(
            re.compile(r"\d+% of \d+ values in 24 hours were in range: 70 to 180 mg/dL")
        )
        await screen.look("chart-glucose", whole=True)

        await _see(screen, device, "stethoscope")
        await screen.button("Listen", exact=False).click()
        await expect(screen.page.get_by_text("0:00 of 0:12")).to_be_visible()  # nothing plays by itself
        await screen.press("Play")
        await screen.page.get_by_text("Bell", exact=True).click()
        await expect(screen.page.get_by_text(SOME_WAY)).to_be_visible()
        await screen.press("Pause")
        await screen.button("Play").wait_for()
        place = screen.page.get_by_role("slider")
        stopped_at = int(str(await place.get_attribute("aria-valuetext")).partition(" ")[0])
        await screen.press("On 5 seconds")
        await expect(place).to_have_attribute("aria-valuetext", f"{min(stopped_at + 5, 12)} seconds of 12")
        await screen.look("chart-sound", whole=True)


async def test_a_months_weight_and_days_of_steps_on_a_phone(tidy: World, at_screen: AtScreen) -> None:
    patient = await tidy.sign_in("patient-1")
    device = await _lived_with(patient)
    async with at_screen("phone") as screen:
        await _sign_in(screen, patient)
        await screen.open(f"/devices/{device.id}?kind=weight&range=30d")
        latest = screen.page.get_by_role("region", name="Latest")
        await expect(latest).to_contain_text("1.4 kg less than a week earlier")
        await expect(latest).to_contain_text("6.0 kg less than 30 days earlier")
        drawn, chart = screen.page.get_by_role("figure"), screen.page.get_by_role("slider")
        await expect(drawn).to_contain_text("Line: average of 7 days")
        await _tells(chart, "End", "79.0 kg, 79.6 kg on average over 7 days")
        await chart.press("Escape")
        await screen.look("chart-weight", whole=True)

        await screen.open(f"/devices/{device.id}?kind=activity&range=7d")
        await expect(latest).to_contain_text("2,400 steps")
        await expect(latest).to_contain_text("Today so far")
        for text in ("Bar: a whole day", "Striped: today so far", "Dash: no data"):
            await expect(drawn).to_contain_text(text)
        await _tells(chart, "End", "2,400 steps so far")
        for told in ("0 steps", "No data", "8,000 steps"):
            await _tells(chart, "ArrowLeft", told)
        await chart.press("Escape")
        await screen.look("chart-steps", whole=True)


async def test_a_trace_and_a_report_at_a_desk(tidy: World, at_screen: AtScreen) -> None:
    patient = await tidy.sign_in("patient-2")
    device = await _measured(patient)
    async with at_screen("desktop") as screen:
        await _sign_in(screen, patient)
        await _see(screen, device, "ecg")
        await screen.button("See the trace", exact=False).click()
        trace = screen.page.get_by_role("region", name="ECG trace", exact=False)
        await trace.press("End")
        await expect(screen.page.get_by_text(re.compile(r"^Second \d+ to 30 of 30$"))).to_be_visible()
        await screen.look("chart-ecg", whole=True)

        await _see(screen, device, "glucose")
        chart = screen.page.get_by_role("slider")
        await chart.press("Home")
        await expect(chart).to_have_attribute("aria-valuetext", re.compile(r": \d+ mg/dL, steady"))
        await screen.link("Report to print").click()
        name = patient.me["display_name"]
        for page in (1, 2):
            await expect(screen.page.get_by_text(f"{name} · page {page} of 2")).to_be_visible()
        await expect(screen.page.get_by_role("region", name="How much was in range")).to_be_visible()
        await screen.look("report", whole=True)
        for paper in ("A4", "Letter"):
            assert len(PAGES.findall(await screen.page.pdf(format=paper))) == 2, paper


async def test_values_come_where_no_socket_is_let_through_and_none_is_lost_or_doubled(
    tidy: World, at_screen: AtScreen
) -> None:
    patient = await tidy.sign_in("patient-1")
    device = await patient.pair(kinds=["weight"])
    await device.ingest(device.message({"weight_kg": 80.0}, ago(minutes=9)), wait_s=10)
    async with at_screen("desktop") as screen:
        await screen.page.route_web_socket("**/ws/live*", _cut)
        await _sign_in(screen, patient)
        async with screen.page.expect_request("**/api/v1/stream?*", timeout=FALLS_BACK_MS) as asked:
            await screen.open(f"/devices/{device.id}?kind=weight&view=table")
        assert f"patient_id={patient.patient_id}" in (await asked.value).url
        await expect(screen.page.get_by_text("Live", exact=True)).to_be_visible()
        await device.ingest(device.message({"weight_kg": 80.5}, ago(minutes=6)), wait_s=10)
        await _shows(screen, "80.5 kg", rows=2)

        await screen.page.context.set_offline(True)
        await expect(screen.page.get_by_role("status").filter(has_text="You are offline")).to_be_visible()
        await device.ingest(device.message({"weight_kg": 81.0}, ago(minutes=3)), wait_s=10)
        await screen.look("dashboard-offline")
        await _shows(screen, "80.5 kg", rows=2)

        await screen.page.context.set_offline(False)
        await expect(screen.page.get_by_text("Live", exact=True)).to_be_visible(timeout=FALLS_BACK_MS)
        await _shows(screen, "81.0 kg", rows=3)
        screen.faults[:] = [fault for fault in screen.faults if OFFLINE not in fault]


async def test_what_may_be_another_persons_waits_for_a_word_and_what_came_twice_says_so(
    tidy: World, at_screen: AtScreen
) -> None:
    patient = await tidy.sign_in("patient-2")
    scale = await _shared_scale(patient)
    async with at_screen("desktop") as screen:
        await _sign_in(screen, patient)
        await _see(screen, scale, "weight")
        latest = screen.page.get_by_role("region", name="Latest")
        await expect(latest).to_contain_text("80.2 kg")
        await expect(latest).to_contain_text(MEANWHILE)
        await expect(
            screen.page.get_by_text("2 readings of this device may be someone else’s.")
        ).to_be_visible()
        await expect(
            screen.page.get_by_role("paragraph").filter(has_text="One value in 24 hours: 80.2 kg.")
        ).to_be_visible()
        await screen.look("dashboard-whose", whole=True)
        await screen.open(f"/devices/{scale.id}?kind=weight&view=table")
        await expect(screen.page.get_by_role("row").filter(has_text="may be someone else")).to_have_count(2)
        await screen.look("table-notes", whole=True)
        await screen.link("Say whose they are").click()
        await screen.heading("Whose reading is this?")
        await expect(_waiting(screen)).to_have_count(2)
        await screen.look("whose")

    async with at_screen("phone") as screen:
        await _sign_in(screen, patient)
        await screen.open("/devices/whose")
        await expect(screen.page.get_by_text("Live", exact=True)).to_be_visible()
        await scale.ingest(scale.message({"weight_kg": 79.9}, ago(minutes=5), meta=DOUBTFUL), status=202)
        await expect(_waiting(screen)).to_have_count(3)
        await screen.look("whose", whole=True)
        mine = screen.button("It was me: 79.9 kg", exact=False)
        await mine.focus()
        await screen.page.keyboard.press("Enter")
        await expect(screen.button("Undo: 79.9 kg", exact=False)).to_be_focused()
        await screen.page.keyboard.press("Enter")
        await expect(mine).to_be_focused()
        await screen.page.keyboard.press("Enter")
        await screen.button("Not me: 64.0 kg", exact=False).click()
        await screen.look("whose-answered", whole=True)
        await screen.page.get_by_role("main").get_by_role("link", name="Devices").click()
        await screen.heading("Your devices")

        await _see(screen, scale, "weight")
        await expect(screen.page.get_by_role("region", name="Latest")).to_contain_text("79.9 kg")
        await screen.link("Say whose they are").click()
        await screen.button("Not me: 80.1 kg", exact=False).click()
        await screen.page.get_by_role("main").get_by_role("link", name="Devices").click()
        await screen.heading("Your devices")
        await eventually(lambda: _ambiguous(patient), lambda left: left == [])
        await screen.open("/devices/whose")
        await expect(screen.page.get_by_text("Nothing to decide")).to_be_visible()
        await screen.look("whose-empty")
    kept = {item["readings"]["weight_kg"] for item in await scale.stored()}
    assert kept == {80.2, 79.9}


# --- steps ----------------------------------------------------------------------------------------------------------


async def _cut(socket: WebSocketRoute) -> None:
    """As something on the way that knows no WebSockets."""
    await socket.close(code=1011)


async def _sign_in(screen: Screen, patient: Person) -> None:
    await screen.sign_in(patient, look=False)
    await screen.heading("Your devices")


async def _shared_scale(patient: Person) -> Device:
    """One weight that came in two ways, and two of which nobody knows whose they are."""
    scale, gym = [await patient.pair(kinds=["weight"]) for _ in range(2)]
    for device, name in ((scale, "Bathroom scale"), (gym, "Gym scale")):
        await patient.do("PATCH", device.path, {"name": name})
        await device.ingest(device.message({"weight_kg": 80.2}, ago(minutes=20)), wait_s=10)
    doubtful = [
        scale.message({"weight_kg": weight}, ago(minutes=minutes), meta=DOUBTFUL)
        for weight, minutes in ((64.0, 40), (80.1, 30))
    ]
    await scale.ingest(doubtful, wait_s=10)
    return scale


def _waiting(screen: Screen) -> Locator:
    return screen.page.get_by_role("main").get_by_role("listitem")


async def _ambiguous(patient: Person) -> list[Json]:
    found: list[Json] = (await patient.get(f"/api/v1/patients/{patient.patient_id}/ambiguous"))["items"]
    return found


async def _see(screen: Screen, device: Device, kind: str) -> None:
    await screen.open(f"/devices/{device.id}?kind={kind}&range=24h")
    await screen.page.get_by_role("region", name="Latest").wait_for()


async def _shows(screen: Screen, newest: str, *, rows: int) -> None:
    """The newest value, and as many rows as there are readings below the table's head."""
    await expect(screen.page.get_by_role("region", name="Latest")).to_contain_text(newest)
    await expect(screen.page.get_by_role("row")).to_have_count(rows + 1)


async def _tells(chart: Locator, key: str, told: str) -> None:
    await chart.press(key)
    await expect(chart).to_have_attribute("aria-valuetext", re.compile(f": {re.escape(told)}$"))


async def _lived_with(patient: Person) -> Device:
    """A weight on each of 40 days, three on the last; steps of a day with its total beside them, of none, and of today."""
    device = await patient.pair(kinds=["weight", "activity"])
    zone = ZoneInfo((await patient.get("/api/v1/me"))["timezone"])
    today = datetime.now(zone).date()

    def at(days: int, minutes: int = 0) -> str:
        day = today - timedelta(days=days)
        return rfc3339(datetime.combine(day, time(), zone).astimezone(UTC) + timedelta(minutes=minutes))

    def steps(amount: int, days: int, since: int, until: int) -> Json:
        return device.message({"steps": amount}, at(days, since), meta={"interval_end": at(days, until)})

    weights = [(79.0 + 0.2 * days + UPS_AND_DOWNS[days % 7], at(days)) for days in range(1, 40)]
    weights += [(kg, at(0, minute)) for minute, kg in enumerate((79.2, 78.8, 79.0))]
    await device.ingest([device.message({"weight_kg": kg}, when) for kg, when in weights], wait_s=10)
    walked = [
        (3000, 3, 600, 660),
        (5000, 3, 700, 760),
        (8000, 3, 0, 24 * 60),
        (0, 1, 600, 660),
        (2400, 0, 0, 1),
    ]
    await device.ingest([steps(*each) for each in walked], wait_s=10)
    return device


async def _measured(patient: Person) -> Device:
    """A day of glucose with a hole in it, LOW and HIGH; a trace of an ECG and the sound of a heart."""
    device = await patient.pair(kinds=["glucose", "ecg", "stethoscope"])
    await device.ingest([device.message(value, at) for at, value in _glucose()], wait_s=10)
    trace = await patient.upload(device.id, recordings.ecg_trace(), "ecg_waveform", "application/json")
    sound = await patient.upload(device.id, recordings.heart_sound(), "stethoscope_audio", "audio/wav")
    heart = {"waveform_url": trace, "classification": "sinus_rhythm", "avg_hr_bpm": 72, "duration_s": 30}
    for readings in (
        {"ecg": heart},
        {"stethoscope_audio_url": sound, "stethoscope_findings": ["normal"]},
    ):
        await device.ingest(device.message(readings, ago(minutes=5)), wait_s=10)
    return device


def _glucose() -> Iterable[tuple[str, Json]]:
    now = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=2)
    for n in range(280):
        value: Json = {
            "glucose_mg_dL": round(132 + 64 * math.sin(n / 24) + 10 * math.sin(n / 5)),
            "glucose_trend": "flat",
        }
        if 60 < n < 75:
            continue
        if 112 <= n <= 118:
            value = {"glucose_mg_dL": 39, "glucose_out_of_range": "low"}
        elif 186 <= n <= 190:
            value = {"glucose_mg_dL": 401, "glucose_out_of_range": "high"}
        yield rfc3339(now - timedelta(minutes=5 * n)), value
