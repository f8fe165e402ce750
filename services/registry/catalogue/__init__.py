"""The devices that people have: facts as rows. A new device is a row in its family's file."""

from typing import Final

from proto.words import KINDS, PAIRING_METHODS, DeviceType
from services.registry.catalogue import (
    accounts,
    glucose,
    heart_and_lungs,
    oxygen_and_temperature,
    pressure_and_weight,
    wearables,
)
from services.registry.catalogue.model import NATIVE, NEEDS_PHONE, Decoder, Maker, Model

EVERYTHING: Final = Model(
    vendor_id="simulated",
    model="everything",
    name="Simulated device (everything)",
    device_type="smart_watch",
    kinds=KINDS,
    methods=("simulated", *(method for method in PAIRING_METHODS if method != "simulated")),
    reason="For trying things out: it needs no hardware.",
    ble_services=("1810", "181d", "181b", "1808", "181f", "1822", "1809", "180d"),
    decoder="sig",
    names=("Simulated",),
)

MODELS: Final = (
    *pressure_and_weight.MODELS,
    *glucose.MODELS,
    *oxygen_and_temperature.MODELS,
    *wearables.MODELS,
    *heart_and_lungs.MODELS,
)

MAKERS: Final = (
    Maker("abbott", "Abbott", "https://www.freestyle.abbott"),
    Maker("adherium", "Adherium", "https://www.adherium.com"),
    Maker("alivecor", "AliveCor", "https://www.alivecor.com"),
    Maker("and", "A&D Medical", "https://medical.andonline.com"),
    Maker("apple", "Apple", "https://developer.apple.com/health-fitness/"),
    Maker("ascensia", "Ascensia Diabetes Care", "https://www.ascensia.com"),
    Maker("beurer", "Beurer", "https://www.beurer.com"),
    Maker("dexcom", "Dexcom", "https://developer.dexcom.com"),
    Maker("eko", "Eko Health", "https://www.ekohealth.com"),
    Maker("fitbit", "Fitbit", "https://www.fitbit.com"),
    Maker("garmin", "Garmin", "https://developer.garmin.com"),
    Maker("google", "Google", "https://developers.google.com"),
    Maker("ihealth", "iHealth Labs", "https://ihealthlabs.com"),
    Maker("inofab", "Inofab Health", "https://www.inofab.health"),
    Maker("isens", "i-SENS", "https://www.i-sens.com"),
    Maker("kinsa", "Kinsa", "https://kinsahealth.com"),
    Maker("lifescan", "LifeScan", "https://www.onetouch.com"),
    Maker("masimo", "Masimo", "https://www.masimo.com"),
    Maker("mir", "MIR", "https://www.spirometry.com"),
    Maker("nonin", "Nonin Medical", "https://www.nonin.com"),
    Maker("nuvoair", "NuvoAir", "https://www.nuvoair.com"),
    Maker("omron", "Omron Healthcare", "https://www.omronhealthcare.com"),
    Maker("oura", "Oura", "https://cloud.ouraring.com"),
    Maker("polar", "Polar", "https://www.polar.com"),
    Maker("propeller", "Propeller Health", "https://www.propellerhealth.com"),
    Maker("roche", "Roche Diabetes Care", "https://www.accu-chek.com"),
    Maker("samsung", "Samsung", "https://developer.samsung.com/health"),
    Maker("teva", "Teva", "https://www.tevapharm.com"),
    Maker("wahoo", "Wahoo Fitness", "https://www.wahoofitness.com"),
    Maker("wellue", "Wellue", "https://getwellue.com"),
    Maker("withings", "Withings", "https://developer.withings.com"),
    Maker("xiaomi", "Xiaomi", "https://www.mi.com"),
)
ACCOUNTS: Final = accounts.MODELS
RETIRED: Final = accounts.RETIRED
_KNOWN: Final = frozenset(maker.vendor_id for maker in MAKERS)
ACCOUNT_MAKERS: Final = tuple(maker for maker in accounts.MAKERS if maker.vendor_id not in _KNOWN)
"""Vendors that make no device of the catalogue."""
RETIRED_MAKERS: Final = tuple(maker for maker in accounts.RETIRED_MAKERS if maker.vendor_id not in _KNOWN)
SIMULATED: Final = Maker("simulated", "Simulated", "")

SIG_SERVICES: Final[dict[DeviceType, tuple[str, ...]]] = {
    "blood_pressure_cuff": ("1810",),
    "scale": ("181d", "181b"),
    "cgm": ("181f",),
    "glucose_meter": ("1808",),
    "pulse_oximeter": ("1822",),
    "thermometer": ("1809",),
    "heart_rate_monitor": ("180d",),
}
"""The Bluetooth SIG's services by which a device of the type is recognised (Assigned Numbers, section 3.4)."""

__all__ = [
    "ACCOUNTS",
    "ACCOUNT_MAKERS",
    "EVERYTHING",
    "MAKERS",
    "MODELS",
    "NATIVE",
    "NEEDS_PHONE",
    "RETIRED",
    "RETIRED_MAKERS",
    "SIG_SERVICES",
    "SIMULATED",
    "Decoder",
    "Maker",
    "Model",
]
