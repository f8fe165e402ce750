"""What a page hands to Web Bluetooth for a model: filters, services it may use, characteristics it listens to. Pure.

Bluetooth SIG, "Assigned Numbers", sections 3.4 and 3.8. A page must name 128-bit UUIDs: text of four digits is refused.
"""

from typing import Any, Final

from proto.gatt import short_uuid
from proto.resources import WebBluetooth
from proto.state import ModelState

DEVICE_SERVICES: Final = ("180f", "180a", "1805")
"""Battery, device information, current time: useful from every device, required of none."""
NAME_PREFIXES: Final = "name_prefixes"
"""The quirk of a model that names what its advertised name begins with, separated by commas."""

CHARACTERISTICS_OF: Final[dict[str, tuple[str, ...]]] = {
    "1808": ("2a18", "2a34", "2a52"),
    "1809": ("2a1c", "2a1e"),
    "180d": ("2a37",),
    "180f": ("2a19",),
    "1810": ("2a35", "2a36"),
    "181b": ("2a9c",),
    "181d": ("2a9d",),
    "181f": ("2aa7", "2aa9", "2aaa", "2aac", "2a52"),
    "1822": ("2a5e", "2a5f", "2a52"),
}


def long_uuid(uuid: str) -> str:
    """The 128-bit form in lower case; what is no UUID stays as it is."""
    short = short_uuid(uuid)
    if short is None:
        return uuid.lower()
    return f"0000{short}-0000-1000-8000-00805f9b34fb" if len(short) == 4 else short


def web_bluetooth(model: ModelState) -> WebBluetooth:
    """One filter a service and one a name prefix: a device is shown when any of them fits."""
    prefixes = [part.strip() for part in model.quirks.get(NAME_PREFIXES, "").split(",")]
    filters: list[dict[str, Any]] = [{"services": [long_uuid(service)]} for service in model.ble_services]
    filters += [{"namePrefix": prefix} for prefix in prefixes if prefix]
    services = dict.fromkeys([*model.ble_services, *DEVICE_SERVICES])
    heard = [
        characteristic
        for service in services
        for characteristic in CHARACTERISTICS_OF.get(short_uuid(service) or "", ())
    ]
    return WebBluetooth(
        filters=filters,
        optional_services=[long_uuid(service) for service in services],
        characteristics=[long_uuid(characteristic) for characteristic in dict.fromkeys(heard)],
    )
