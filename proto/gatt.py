"""Which GATT characteristics are taken, and which kinds of data they may carry. The layout of each is the decoder's.

Assigned numbers: Bluetooth SIG, "Assigned Numbers", sections 3.4 and 3.8.
"""

import re
from typing import Final

from proto.words import Kind

_BASE: Final = re.compile(r"^0000([0-9a-f]{4})-0000-1000-8000-00805f9b34fb$")
_SHORT: Final = re.compile(r"^(?:0x)?([0-9a-f]{4})$")
_LONG: Final = re.compile(r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$")

CHARACTERISTICS: Final[dict[str, frozenset[Kind]]] = {
    "2a35": frozenset({"blood_pressure"}),
    "2a36": frozenset({"blood_pressure"}),
    "2b34": frozenset({"blood_pressure"}),
    "2b36": frozenset({"blood_pressure"}),
    "2a9d": frozenset({"weight"}),
    "2a9c": frozenset({"body_composition", "weight"}),
    "2a18": frozenset({"glucose"}),
    "2a34": frozenset({"glucose"}),
    "2aa7": frozenset({"glucose"}),
    "2a5e": frozenset({"spo2"}),
    "2a5f": frozenset({"spo2"}),
    "2a1c": frozenset({"temperature"}),
    "2a1e": frozenset({"temperature"}),
    "2a37": frozenset({"heart_rate"}),
    "2b8b": frozenset({"spo2", "heart_rate", "temperature", "weight", "blood_pressure"}),
    # What says something about the device and not about the body is welcome from every device.
    "2a19": frozenset(),
    "2bed": frozenset(),
    "2a08": frozenset(),
    "2a2b": frozenset(),
    "2a0f": frozenset(),
    "2a23": frozenset(),
    "2a24": frozenset(),
    "2a25": frozenset(),
    "2a26": frozenset(),
    "2a27": frozenset(),
    "2a28": frozenset(),
    "2a29": frozenset(),
    "2a50": frozenset(),
    "2bff": frozenset(),
    "2a49": frozenset(),
    "2a9e": frozenset(),
    "2a9b": frozenset(),
    "2a51": frozenset(),
    "2a52": frozenset(),
    "2aa8": frozenset(),
    "2aa9": frozenset(),
    "2aaa": frozenset(),
    "2aab": frozenset(),
    "2aac": frozenset(),
    "2a60": frozenset(),
    "2a1d": frozenset(),
    "2a38": frozenset(),
    "2a53": frozenset(),
    "2a80": frozenset(),
    "2a85": frozenset(),
    "2a8c": frozenset(),
    "2a8e": frozenset(),
    "2a98": frozenset(),
    "2a99": frozenset(),
    "2a9a": frozenset(),
    "2a9f": frozenset(),
}

INDICATED: Final = frozenset({"2a35", "2a9d", "2a9c", "2a5e", "2a1c", "2b34", "2b36"})
"""Single results, confirmed by the receiver, so a device may send one again."""


def short_uuid(uuid: str) -> str | None:
    """`2a35` of `2A35`, `0x2a35` or the 128-bit form; a 128-bit UUID of a maker stays whole. None: not a UUID."""
    lower = uuid.lower()
    if match := _SHORT.match(lower) or _BASE.match(lower):
        return match[1]
    return lower if _LONG.match(lower) else None


def characteristic_kinds(uuid: str) -> frozenset[Kind] | None:
    """The kinds that a characteristic may carry, empty for one about the device, None for an unknown one."""
    short = short_uuid(uuid)
    return CHARACTERISTICS.get(short) if short else None
