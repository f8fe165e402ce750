"""The shape of a catalogue row, and the sentences that many rows share."""

from typing import Final, Literal
from uuid import UUID

import msgspec

from proto.identity import model_id
from proto.words import DeviceType, Kind, PairingMethod

Decoder = Literal["sig", "xiaomi-scale", "none"]

NATIVE: Final[frozenset[PairingMethod]] = frozenset({"companion_app", "healthkit", "health_connect"})
"""The methods for which something must run on the person's phone."""


class Maker(msgspec.Struct, frozen=True):
    vendor_id: str
    name: str
    docs_url: str


class Model(msgspec.Struct, frozen=True, kw_only=True):
    """One device model. `methods`: in recommended order; the first is what the wizard offers. `reason` says why.

    `simulated` is not written here: it is offered for every model in development, and nowhere else.
    `native_reason`: why only an app on the phone can bring its readings; empty = there is another way.
    `ble_services`: what the device is recognised by when searching, so only services that say what it measures.
    `names`: prefixes of the advertised name, for the browser's list of devices.
    `decoder`: how values of `ble_services` are read; `sig` = as the Bluetooth SIG has it, `none` = not by us.
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
        return model_id(self.vendor_id, self.model)


HUB_FIRST: Final = "Your home hub takes every measurement by itself: measure, and it is here."
BROWSER_FIRST: Final = (
    "It streams over standard Bluetooth: this page connects it in seconds, with nothing to install."
)
CODE_FIRST: Final = "Pairing asks for a code shown on the device: type it on your phone once, and readings come by themselves."
CLOUD_FIRST: Final = (
    "The maker's account already receives your measurements: sign in once, and they come by themselves."
)
APP_FIRST: Final = "Your phone is near the device when you measure, so the app on it is the steadiest way."
HEALTH_FIRST: Final = "Your phone already keeps these measurements: allow reading them once."
PARTNER: Final = "The maker sends your measurements to your care team: enter your number there once."

NEEDS_SDK: Final = (
    "The device speaks the maker's own Bluetooth protocol, which only an app with the maker's kit can read."
)
NEEDS_PHONE: Final = (
    "The measurements rest in the phone's health store, which only an app on the phone can read."
)
NEEDS_USER: Final = "The scale asks who stands on it and for that person's code before it sends, which the app answers each time."
OWN_LAYOUT: Final = "The scale uses standard Bluetooth numbers for a layout of its own, so values read directly would be wrong."
