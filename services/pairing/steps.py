"""What a person does to pair, by method: a table of steps. The screens have their own words for each id."""

from typing import Final

from proto.resources import PairStep
from proto.words import PairingMethod


def _steps(*rows: tuple[str, str]) -> list[PairStep]:
    return [PairStep(id=id, text=text) for id, text in rows]


_PHONE: Final = (
    ("open_app", "Scan the code with your phone, or open the link on it. The Device Connect app opens."),
)

STEPS: Final[dict[PairingMethod, list[PairStep]]] = {
    "hub": _steps(
        ("hub_online", "Check that the light of your home hub is on."),
        ("wake_device", "Put the device near the hub and switch on its Bluetooth, as its manual says."),
        ("choose_device", "Choose your device in the list when the hub has found it."),
        ("first_reading", "Take a first measurement."),
    ),
    "web_bluetooth": _steps(
        (
            "wake_device",
            "Switch on the device's Bluetooth, as its manual says, and keep it within one metre.",
        ),
        ("browser_list", "Press Connect. The browser shows a list: choose the name on your device."),
        ("allow_bond", "If your computer asks whether to pair, say yes."),
        ("first_reading", "Take a first measurement."),
    ),
    "companion_app": _steps(
        *_PHONE,
        ("wake_device", "Switch on the device's Bluetooth, as its manual says, and keep it near the phone."),
        ("app_connects", "The app finds the device and connects it. This page goes on by itself."),
        ("first_reading", "Take a first measurement."),
    ),
    "healthkit": _steps(
        *_PHONE,
        ("choose_data", "Choose in Apple Health which data to share."),
        ("first_sync", "The app sends what is there. This page goes on by itself."),
    ),
    "health_connect": _steps(
        *_PHONE,
        ("choose_data", "Choose in Health Connect which data to share."),
        ("first_sync", "The app sends what is there. This page goes on by itself."),
    ),
    "vendor_oauth": _steps(
        ("consent", "Say which data you want to share."),
        ("vendor_sign_in", "Sign in at the maker of the device and agree there."),
        ("come_back", "You come back to this page by yourself."),
    ),
    "partner_webhook": _steps(
        ("partner_account", "Have the number of your device or account at the partner ready."),
        ("enter_number", "Enter it here. Readings come as soon as the partner sends them."),
    ),
    "manual": _steps(
        ("name_device", "Write down what the device is called, so that you recognise it."),
        ("enter_reading", "Type in the values that the device shows, each time you measure."),
    ),
    "simulated": _steps(
        ("name_device", "Choose a name for the simulated device."),
        ("simulate", "Let it send readings. They look like real ones."),
    ),
}
