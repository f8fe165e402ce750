"""The shape of a catalogue row, and the short ways to write one."""

from typing import Literal
from uuid import NAMESPACE_URL, UUID, uuid5

import msgspec

from proto.words import DeviceType, Kind, PairingMethod

Decoder = Literal["sig", "xiaomi-scale", "none"]


class Maker(msgspec.Struct, frozen=True):
    vendor_id: str
    name: str
    docs_url: str


class Model(msgspec.Struct, frozen=True, kw_only=True):
    """One device model. `methods`: in recommended order; the first is what the wizard offers. `reason` says why.

    `native_reason`: why a page in the browser cannot do it, and an app or the maker's cloud is needed; empty = it can.
    `names`: prefixes of the advertised name, for the browser's list of devices.
    """

    vendor_id: str
    model: str
    name: str
    device_type: DeviceType
    kinds: tuple[Kind, ...]
    methods: tuple[PairingMethod, ...]
    reason: str
    ble_services: tuple[str, ...] = ()
    native_reason: str = ""
    names: tuple[str, ...] = ()
    decoder: Decoder = "none"
    quirks: dict[str, str] = {}

    @property
    def id(self) -> UUID:
        """The same everywhere and for ever."""
        return uuid5(NAMESPACE_URL, f"device-connect:model:{self.vendor_id}/{self.model}")


BATTERY_INFO = ("180f", "180a")
"""Battery and Device Information: asked for beside the profile, where a device has them."""

HUB_FIRST = "Your home hub takes every measurement by itself: measure, and it is here."
BROWSER_OR_HUB = "It sends over standard Bluetooth, so your hub or this page can read it directly."
CLOUD_FIRST = "The maker's account already receives your measurements: sign in once, and old ones come along."
APP_FIRST = "Your phone stays near the device, so its app is the steadiest way."
HEALTH_FIRST = "Your phone already keeps these measurements: allow reading them once."
PARTNER = "The maker sends these measurements only to care teams it has a contract with."
BY_HAND = "It has no wireless connection that we can read: type the value in."

NEEDS_SDK = (
    "The device speaks the maker's own Bluetooth protocol, which only the maker's app or service can read."
)
ENCRYPTED = "The sensor encrypts its Bluetooth connection for the maker's own app."
NEEDS_PHONE = "The measurements live in the phone's health store, which no web page can read."
CLOUD_ONLY = "The device sends over its own connection to the maker's service, never to a browser."
