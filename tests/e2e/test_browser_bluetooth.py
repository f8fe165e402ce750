"""Devices that the browser itself speaks to: chosen, measured with, lost, refused, and what a browser without Bluetooth says."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

import pytest
from playwright.async_api import CDPSession, expect

from simulator import gatt
from tests.e2e import browser as browsers
from tests.e2e.browser import Screen
from tests.e2e.driver import Json, Person, World, eventually
from tests.e2e.test_browser import _consent, _name
from tests.support import bluez as emulated
from tests.support.bluez import Bluez, Characteristic, Peripheral, bluez

pytestmark = pytest.mark.timeout(240)
WAY: Final = "Bluetooth in this browser"
BATTERY: Final = {"180f": {"2a19": Characteristic(["read"], gatt.battery(76))}}


ZONE: Final = ZoneInfo("Europe/Berlin")
"""The browser's, and so what a device's clock is set to."""


def _wall_clock() -> datetime:
    return datetime.now(ZONE).replace(tzinfo=None)


def _daylight_min() -> int:
    return int((datetime.now(ZONE).dst() or timedelta()).total_seconds() // 60)


class Chooser:
    """The browser's list of devices, and a hand that chooses in it."""

    def __init__(self, session: CDPSession) -> None:
        self._session = session
        self._wanted = ""
        self._answered: set[str] = set()
        self._tasks: set[asyncio.Task[Any]] = set()
        self.seen: set[str] = set()
        session.on("DeviceAccess.deviceRequestPrompted", self._on_list)

    def takes(self, name: str) -> None:
        """The device to choose from now on; empty = closes the list."""
        self._wanted = name

    def _on_list(self, event: Json) -> None:
        """Comes again with the same id whenever the list changes; a second answer would end the browser."""
        if event["id"] in self._answered:
            return
        self.seen |= {device["name"] for device in event["devices"]}
        found = next((device["id"] for device in event["devices"] if device["name"] == self._wanted), None)
        if self._wanted and found is None:
            return
        self._answered.add(event["id"])
        answer = (
            self._session.send("DeviceAccess.selectPrompt", {"id": event["id"], "deviceId": found})
            if self._wanted
            else self._session.send("DeviceAccess.cancelPrompt", {"id": event["id"]})
        )
        task = asyncio.ensure_future(answer)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


Open = Callable[[], AbstractAsyncContextManager[tuple[Screen, Chooser]]]


@pytest.fixture(scope="module")
async def air(_needs_a_browser: None) -> AsyncIterator[Bluez]:
    reason = emulated.missing()
    if reason and browsers.must_run():
        pytest.fail(reason)
    if reason:
        pytest.skip(f"devices over Bluetooth: {reason}")
    async with bluez() as made:
        yield made


@pytest.fixture(scope="module")
async def at_bluetooth(air: Bluez, tidy: World) -> AsyncIterator[Open]:
    """Opens a window in a browser whose adapter is ours."""
    looked_at: set[str] = set()

    @asynccontextmanager
    async def open_one() -> AsyncIterator[tuple[Screen, Chooser]]:
        async with browsers.screen(one, "phone", tidy.system, looked_at) as screen:
            session = await screen.page.context.new_cdp_session(screen.page)
            await session.send("DeviceAccess.enable")
            yield screen, Chooser(session)
            screen.check()

    async with browsers.browser(air.environ) as one:
        yield open_one


async def _to_the_search(screen: Screen, type_: str, model: str, kinds: list[str]) -> None:
    """From the list of devices to the step that connects."""
    await screen.open("/pair")
    await screen.heading("What do you have?")
    if not await screen.button(type_).count():
        await screen.press("Something else")
    await screen.press(type_)
    await screen.heading("Which one?")
    listed = screen.page.get_by_role("main").get_by_role("listitem").get_by_role("button")
    await screen.use(listed.filter(has_text=model).first)
    await screen.heading("How should it connect?")
    await screen.use(screen.button(WAY, exact=False))
    await _consent(screen, kinds, look="consent-bluetooth")
    await screen.heading("Get it ready")
    await screen.press("My light is blinking")
    await screen.heading("Let’s find it")


async def _found(patient: Person, name: str) -> Json:
    """The device with this name, as the API tells it."""
    answer = await patient.do("GET", f"/api/v1/device-connections?patient_id={patient.me['patient_id']}")
    return next(one for one in answer["items"] if one["name"] == name)


async def _readings(patient: Person, connection_id: str) -> list[Json]:
    answer = await patient.do("GET", f"/api/v1/device-data/{connection_id}?resolution=raw&limit=100")
    return list(answer["items"])


def _cuff(air: Bluez, address: str, name: str, **how: Any) -> Peripheral:
    return air.device(address, name, {"1810": {"2a35": Characteristic(["indicate"])}, **BATTERY}, **how)


async def test_a_cuff_is_chosen_measures_and_is_seen(
    tidy: World, air: Bluez, at_bluetooth: Open, capsys: pytest.CaptureFixture[str]
) -> None:
    patient = await tidy.sign_in("patient-1")
    cuff = _cuff(air, "AA:BB:CC:00:00:01", "Cuff 7", is_asleep=True)
    async with at_bluetooth() as (screen, chooser):
        screen.by_keyboard = True  # a tablet's
        await screen.sign_in(patient, look=False)
        await screen.heading("Your devices")
        await _to_the_search(screen, "Blood pressure cuff", "", ["Blood pressure"])
        await screen.look("pair-bluetooth")
        chooser.takes("Cuff 7")
        await screen.press("Search for my device")
        await expect(screen.page.get_by_text("Choose your device in the list")).to_be_visible()
        await screen.look("pair-bluetooth-choosing")
        cuff.wake()
        await screen.heading("Take the first reading")
        await expect(screen.page.get_by_text("Cuff 7 is connected here")).to_be_visible()
        await screen.look("pair-bluetooth-first")
        await cuff.listens("2a35")
        loop = asyncio.get_running_loop()
        began = loop.time()
        cuff.say("2a35", gatt.blood_pressure(128, 84, 99, at=_wall_clock(), pulse=68))
        await screen.heading("Your first reading is here")
        with capsys.disabled():
            print(f"\nfrom the cuff to the eye: {(loop.time() - began) * 1000:.0f} ms")
        await expect(screen.page.get_by_text("128/84")).to_be_visible()
        await screen.press("Yes, this is me")
        await _name(screen, "Bluetooth cuff")
        await screen.heading("Bluetooth cuff")
        await expect(screen.page.get_by_text("76%", exact=True)).to_be_visible()

        cuff.drop()
        await expect(screen.page.get_by_text("The device switched off")).to_be_visible()
        await screen.look("dashboard-bluetooth", whole=True)
        await screen.press("Connect again")
        await cuff.listens("2a35")
        cuff.say("2a35", gatt.blood_pressure(131, 86, 101, at=_wall_clock(), pulse=70))
        await expect(screen.page.get_by_text("131/86")).to_be_visible()
        connection = await _found(patient, "Bluetooth cuff")
        assert connection["battery_pct"] == 76
        assert len(await _readings(patient, connection["id"])) == 2


class Measured(NamedTuple):
    """A kind of device: what it is called, what is shared, what it says and what that is."""

    type: str
    model: str
    kinds: list[str]
    service: str
    characteristic: str
    says: Callable[[datetime], bytes]
    expected: Json
    facts: Callable[[datetime], dict[str, bytes]] = lambda _: {}
    """What it answers when it is asked, beside its battery."""


MEASURED: Final = (
    Measured(
        "Scale",
        "A&D UC-352",
        ["Weight"],
        "181d",
        "2a9d",
        lambda at: gatt.weight(81.7, at=at),
        {"weight_kg": 81.7},
    ),
    Measured(
        "Pulse oximeter",
        "Nonin",
        ["Oxygen"],
        "1822",
        "2a5e",
        lambda at: gatt.spo2_spot(97, 61, at=at),
        {"spo2_pct": 97},
    ),
    Measured(
        "Thermometer",
        "Beurer FT 95",
        ["Temperature"],
        "1809",
        "2a1c",
        lambda at: gatt.temperature(36.8, at=at),
        {"body_temperature_c": 36.8},
    ),
    Measured(
        "Heart rate monitor",
        "Polar H10",
        ["Heart rate"],
        "180d",
        "2a37",
        lambda _: gatt.heart_rate(72),
        {"heart_rate_bpm": 72},
    ),
    Measured(
        "Scale",
        "Whole body scale",
        ["Body composition"],
        "181b",
        "2a9c",
        lambda at: gatt.body_composition(24.5, at=at),
        {"body_fat_pct": 24.5},
    ),
    Measured(
        "Glucose sensor",
        "Standard sensor",
        ["Glucose"],
        "181f",
        "2aa7",
        lambda _: gatt.cgm(118, 30),
        {"glucose_mg_dL": 118},
        lambda at: {"2aaa": gatt.session_start(at - timedelta(minutes=30), 60, _daylight_min())},
    ),
)
REGISTERED: Final = (
    ("Whole body scale", "scale", ["weight", "body_composition"]),
    ("Standard sensor", "cgm", ["glucose"]),
)
"""By an administrator: nothing in the catalogue speaks these profiles."""
STREAMS: Final = {"180d", "181f"}
"""Services whose values are not acknowledged one by one."""


async def test_other_devices_measure_and_are_seen(tidy: World, air: Bluez, at_bluetooth: Open) -> None:
    patient, admin = await tidy.sign_in("patient-2"), await tidy.sign_in("admin-1")
    for name, device_type, kinds in REGISTERED:
        model = {"vendor_id": "generic", "model": name, "name": name, "device_type": device_type}
        ways = {"capabilities": kinds, "pairing_methods": ["web_bluetooth"]}
        await admin.post("/api/v1/devices/register", model | ways, status=201)
    async with at_bluetooth() as (screen, chooser):
        await screen.sign_in(patient, look=False)
        for number, row in enumerate(MEASURED):
            name = f"{row.type} {number}"
            said = Characteristic(["notify" if row.service in STREAMS else "indicate"])
            facts = {
                uuid: Characteristic(["read"], value) for uuid, value in row.facts(_wall_clock()).items()
            }
            services = {row.service: {row.characteristic: said, **facts}, **BATTERY}
            device = air.device(f"AA:BB:CC:00:01:{number:02X}", name, services)
            await _to_the_search(screen, row.type, row.model, row.kinds)
            chooser.takes(name)
            await screen.press("Search for my device")
            await screen.heading("Take the first reading")
            await device.listens(row.characteristic)
            device.say(row.characteristic, row.says(_wall_clock()))
            await screen.heading("Your first reading is here")
            await screen.press("Yes, this is me")
            await _name(screen, f"My {name}")
            connection = await _found(patient, f"My {name}")
            [reading] = await _readings(patient, connection["id"])
            assert {key: reading["readings"][key] for key in row.expected} == row.expected
            device.drop()


async def test_stored_records_come_once_also_when_the_meter_leaves_in_the_middle(
    tidy: World, air: Bluez, at_bluetooth: Open
) -> None:
    patient = await tidy.sign_in("patient-1")
    start = _wall_clock().replace(microsecond=0) - timedelta(hours=10)
    records = [
        gatt.glucose(number, start + timedelta(minutes=7 * number), 90 + number) for number in range(1, 41)
    ]
    leaves_after = [15]

    async def on_write(meter: Peripheral, value: bytes) -> None:
        assert value == b"\x01\x01"
        for number, record in enumerate(records):
            if leaves_after and number == leaves_after[0]:
                leaves_after.clear()
                meter.drop()
                return
            meter.say("2a18", record)
            await asyncio.sleep(0.005)  # as fast as the air is
        meter.say("2a52", b"\x06\x00\x01\x01")

    services = {
        "1808": {
            "2a18": Characteristic(["notify"]),
            "2a52": Characteristic(["write", "indicate"], on_write=on_write),
        },
        **BATTERY,
    }
    air.device("AA:BB:CC:00:02:01", "Meter 5", services)
    async with at_bluetooth() as (screen, chooser):
        await screen.sign_in(patient, look=False)
        await _to_the_search(screen, "Glucose meter", "", ["Glucose"])
        chooser.takes("Meter 5")
        await screen.press("Search for my device")
        await screen.heading("Your first reading is here")
        await screen.press("Yes, this is me")
        await _name(screen, "Meter")
        await screen.heading("Meter")
        await expect(screen.page.get_by_text("The device switched off")).to_be_visible()
        await screen.press("Connect again")
        await expect(
            screen.page.get_by_text("Everything that the device had stored is here.")
        ).to_be_visible()
        connection = await _found(patient, "Meter")
        stored = await eventually(lambda: _readings(patient, connection["id"]), lambda rows: len(rows) == 40)
        assert sorted(row["readings"]["glucose_mg_dL"] for row in stored) == [
            90 + number for number in range(1, 41)
        ]
        assert len({row["meta"]["sequence"] for row in stored}) == 40


async def test_what_goes_wrong_says_what_to_do(tidy: World, air: Bluez, at_bluetooth: Open) -> None:
    patient = await tidy.sign_in("patient-2")
    _cuff(air, "AA:BB:CC:00:03:01", "Refuser", way="refuses")
    air.device("AA:BB:CC:00:03:03", "Lamp", {"1810": {}, "180f": BATTERY["180f"]})
    async with at_bluetooth() as (screen, chooser):
        page = screen.page
        await screen.sign_in(patient, look=False)
        await _to_the_search(screen, "Blood pressure cuff", "", ["Blood pressure"])

        chooser.takes("")
        await screen.press("Search for my device")
        await expect(page.get_by_text("No device was chosen")).to_be_visible()
        await screen.look("pair-bluetooth-not-chosen")

        chooser.takes("Refuser")
        await screen.press("Search again")
        await expect(page.get_by_text("The device did not answer")).to_be_visible()
        await screen.look("pair-bluetooth-silent")

        chooser.takes("Lamp")
        await screen.press("Search again")
        await expect(page.get_by_text("This looks like a different device")).to_be_visible()
        await screen.look("pair-bluetooth-other-device")

        air.unplug()
        await page.reload()
        await expect(page.get_by_text("Bluetooth is switched off on this computer")).to_be_visible()
        await screen.look("pair-bluetooth-no-adapter")
        air.plug()
        await screen.press("Look again")
        await expect(screen.button("Search for my device")).to_be_visible()


async def test_a_reading_is_kept_while_the_line_is_away_and_sent_when_it_is_back(
    tidy: World, air: Bluez, at_bluetooth: Open
) -> None:
    patient = await tidy.sign_in("patient-1")
    cuff = _cuff(air, "AA:BB:CC:00:04:01", "Cuff 9")
    async with at_bluetooth() as (screen, chooser):
        page = screen.page
        await screen.sign_in(patient, look=False)
        await _to_the_search(screen, "Blood pressure cuff", "", ["Blood pressure"])
        chooser.takes("Cuff 9")
        await screen.press("Search for my device")
        await screen.heading("Take the first reading")
        await cuff.listens("2a35")
        await page.route("**/api/v1/device-data/gatt", lambda route: route.abort("internetdisconnected"))
        cuff.say("2a35", gatt.blood_pressure(119, 77, 90, at=_wall_clock(), pulse=60))
        await expect(page.get_by_text("Will be sent when you are online (1 value waiting)")).to_be_visible()
        await screen.look("pair-bluetooth-away")
        await page.unroute("**/api/v1/device-data/gatt")
        await screen.open("/devices")  # another page, after a reload: it goes from there too
        await screen.heading("Your devices")
        connection = await _found(patient, "A&D UA-651BLE")
        [reading] = await eventually(lambda: _readings(patient, connection["id"]), bool)
        assert reading["readings"]["blood_pressure"]["systolic"] == 119
        screen.faults = [
            fault for fault in screen.faults if "device-data/gatt" not in fault and "ERR_" not in fault
        ]


@pytest.mark.usefixtures("_needs_a_browser")
async def test_a_browser_without_bluetooth_says_why_and_what_else_works(tidy: World) -> None:
    patient = await tidy.sign_in("patient-2")
    async with (
        browsers.browser(bluetooth=False) as one,
        browsers.screen(one, "phone", tidy.system, set()) as screen,
    ):
        await screen.sign_in(patient, look=False)
        await _to_the_search(screen, "Blood pressure cuff", "", ["Blood pressure"])
        await expect(screen.page.get_by_text("This browser can’t use Bluetooth.")).to_be_visible()
        await screen.look("pair-bluetooth-missing")
        await screen.use(screen.button("Next best:", exact=False))
        await expect(
            screen.page.get_by_text("Which hub?").or_(screen.page.get_by_text("Sign in at"))
        ).to_be_visible()
        # This browser does not know the word; one that has Bluetooth does.
        screen.faults = [fault for fault in screen.faults if "Unrecognized feature: 'bluetooth'" not in fault]
        screen.check()
