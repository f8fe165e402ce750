"""HealthKit as data. Source of every fact: README.md."""

from typing import Final

from proto.vendors.manifest import Capabilities, Manifest

# BAA: Apple gives none for HealthKit: the data rest on the person's phone, and they hand them over themselves.
MANIFEST: Final = Manifest(
    name="healthkit",
    title="Apple Health",
    status="on_device",
    pairing_method="healthkit",
    kinds=frozenset(
        {
            "blood_pressure",
            "glucose",
            "weight",
            "body_composition",
            "temperature",
            "spo2",
            "heart_rate",
            "respiratory_rate",
            "cardio_fitness",
            "activity",
            "sleep",
            "ecg",
            "spirometry",
            "inhaler",
        }
    ),
    device_types=frozenset(
        {
            "blood_pressure_cuff",
            "scale",
            "glucose_meter",
            "cgm",
            "pulse_oximeter",
            "thermometer",
            "activity_tracker",
            "smart_watch",
            "heart_rate_monitor",
            "ecg",
            "spirometer",
            "inhaler",
        }
    ),
    capabilities=Capabilities(),
    notice="Apple Health has no cloud: the companion app on your iPhone reads it and sends it, or you upload its export.",
    baa="None with Apple for data on the device; the person sends them.",
    docs_url="https://developer.apple.com/documentation/healthkit",
)
