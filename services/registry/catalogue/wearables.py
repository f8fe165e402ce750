"""Activity trackers, watches and heart rate straps."""

from typing import Final

from services.registry.catalogue.model import (
    BATTERY_INFO,
    BROWSER_OR_HUB,
    CLOUD_FIRST,
    CLOUD_ONLY,
    HEALTH_FIRST,
    NEEDS_PHONE,
    Model,
)

_HR = ("180d", *BATTERY_INFO)

MODELS: Final = (
    Model(vendor_id="fitbit", model="charge-6", name="Fitbit Charge 6", device_type="activity_tracker",
          kinds=("activity", "heart_rate", "sleep", "spo2"), methods=("vendor_oauth", "health_connect"),
          reason=CLOUD_FIRST, native_reason=CLOUD_ONLY),
    Model(vendor_id="fitbit", model="inspire-3", name="Fitbit Inspire 3", device_type="activity_tracker",
          kinds=("activity", "heart_rate", "sleep", "spo2"), methods=("vendor_oauth", "health_connect"),
          reason=CLOUD_FIRST, native_reason=CLOUD_ONLY),
    Model(vendor_id="oura", model="ring-gen3", name="Oura Ring Gen3", device_type="activity_tracker",
          kinds=("activity", "heart_rate", "sleep", "spo2", "temperature"),
          methods=("vendor_oauth", "healthkit", "health_connect"), reason=CLOUD_FIRST, native_reason=CLOUD_ONLY),
    Model(vendor_id="garmin", model="vivosmart-5", name="Garmin vívosmart 5", device_type="activity_tracker",
          kinds=("activity", "heart_rate", "sleep", "spo2", "respiratory_rate"), methods=("vendor_oauth",),
          reason=CLOUD_FIRST, native_reason=CLOUD_ONLY),
    Model(vendor_id="apple", model="watch-series-9", name="Apple Watch Series 9", device_type="smart_watch",
          kinds=("activity", "heart_rate", "sleep", "ecg", "respiratory_rate", "cardio_fitness"),
          methods=("healthkit",), reason=HEALTH_FIRST, native_reason=NEEDS_PHONE),
    Model(vendor_id="samsung", model="galaxy-watch-6", name="Samsung Galaxy Watch6", device_type="smart_watch",
          kinds=("activity", "heart_rate", "sleep", "spo2"), methods=("health_connect",), reason=HEALTH_FIRST,
          native_reason=NEEDS_PHONE),
    Model(vendor_id="garmin", model="venu-3", name="Garmin Venu 3", device_type="smart_watch",
          kinds=("activity", "heart_rate", "sleep", "spo2", "respiratory_rate", "cardio_fitness"),
          methods=("vendor_oauth",), reason=CLOUD_FIRST, native_reason=CLOUD_ONLY),
    Model(vendor_id="withings", model="scanwatch", name="Withings ScanWatch", device_type="smart_watch",
          kinds=("activity", "heart_rate", "sleep", "spo2", "ecg"),
          methods=("vendor_oauth", "healthkit", "health_connect"), reason=CLOUD_FIRST, native_reason=CLOUD_ONLY),
    Model(vendor_id="google", model="pixel-watch-2", name="Google Pixel Watch 2", device_type="smart_watch",
          kinds=("activity", "heart_rate", "sleep", "spo2"), methods=("vendor_oauth", "health_connect"),
          reason=CLOUD_FIRST, native_reason=CLOUD_ONLY),
    Model(vendor_id="polar", model="h10", name="Polar H10", device_type="heart_rate_monitor", kinds=("heart_rate",),
          methods=("web_bluetooth", "hub", "companion_app"), reason=BROWSER_OR_HUB, ble_services=_HR, decoder="sig",
          names=("Polar H10",)),
    Model(vendor_id="polar", model="verity-sense", name="Polar Verity Sense", device_type="heart_rate_monitor",
          kinds=("heart_rate",), methods=("web_bluetooth", "hub", "companion_app"), reason=BROWSER_OR_HUB,
          ble_services=_HR, decoder="sig", names=("Polar Sense",)),
    Model(vendor_id="wahoo", model="tickr", name="Wahoo TICKR", device_type="heart_rate_monitor",
          kinds=("heart_rate",), methods=("web_bluetooth", "hub", "companion_app"), reason=BROWSER_OR_HUB,
          ble_services=_HR, decoder="sig", names=("TICKR",)),
    Model(vendor_id="garmin", model="hrm-dual", name="Garmin HRM-Dual", device_type="heart_rate_monitor",
          kinds=("heart_rate",), methods=("web_bluetooth", "hub", "companion_app"), reason=BROWSER_OR_HUB,
          ble_services=_HR, decoder="sig", names=("HRM-Dual",)),
)  # fmt: skip
