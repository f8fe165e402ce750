"""Health Connect as data. Source of every fact: README.md."""

from typing import Final

from proto.vendors.manifest import Capabilities, Manifest

# BAA: none with Google: the data rest on the person's phone, and they hand them over themselves.
MANIFEST: Final = Manifest(
    name="health_connect",
    title="Android Health Connect",
    status="on_device",
    pairing_method="health_connect",
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
        }
    ),
    # 30 days before the first grant, unless reading history is granted too; a token of changes lives as long.
    capabilities=Capabilities(max_history_days=30),
    notice="Health Connect has no cloud: the companion app on your Android phone reads it and sends it.",
    baa="None with Google for data on the device; the person sends them.",
    docs_url="https://developer.android.com/health-and-fitness/health-connect",
)
