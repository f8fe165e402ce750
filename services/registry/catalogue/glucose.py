"""Glucose meters and continuous monitors. Meters with the glucose profile (1808) keep records that are fetched."""

from typing import Final

from services.registry.catalogue.model import (
    BATTERY_INFO,
    BROWSER_OR_HUB,
    CLOUD_FIRST,
    ENCRYPTED,
    NEEDS_SDK,
    PARTNER,
    Model,
)

_METER = ("1808", *BATTERY_INFO)

MODELS: Final = (
    Model(vendor_id="ascensia", model="contour-next-one", name="Contour Next One", device_type="glucose_meter",
          kinds=("glucose",), methods=("hub", "web_bluetooth", "companion_app", "manual"), reason=BROWSER_OR_HUB,
          ble_services=_METER, decoder="sig", names=("Contour",), quirks={"bond": "Bond at once on the first connection."}),
    Model(vendor_id="roche", model="accu-chek-guide", name="Accu-Chek Guide", device_type="glucose_meter",
          kinds=("glucose",), methods=("hub", "companion_app", "web_bluetooth", "manual"), reason=BROWSER_OR_HUB,
          ble_services=_METER, decoder="sig", names=("meter",), quirks={"bond": "Six digits from the back of the meter are typed once."}),
    Model(vendor_id="roche", model="accu-chek-instant", name="Accu-Chek Instant", device_type="glucose_meter",
          kinds=("glucose",), methods=("hub", "companion_app", "web_bluetooth", "manual"), reason=BROWSER_OR_HUB,
          ble_services=_METER, decoder="sig", names=("meter",), quirks={"bond": "Six digits from the back of the meter are typed once."}),
    Model(vendor_id="isens", model="caresens-n-premier", name="CareSens N Premier BLE", device_type="glucose_meter",
          kinds=("glucose",), methods=("hub", "companion_app", "web_bluetooth", "manual"), reason=BROWSER_OR_HUB,
          ble_services=_METER, decoder="sig", names=("CareSens",),
          quirks={"ketone": "Meal code 6 marks a ketone test.", "clock": "January may come as month 13."}),
    Model(vendor_id="beurer", model="gl-50-evo", name="Beurer GL 50 evo", device_type="glucose_meter",
          kinds=("glucose",), methods=("hub", "companion_app", "web_bluetooth", "manual"), reason=BROWSER_OR_HUB,
          ble_services=_METER, decoder="sig", names=("Beurer GL50EVO",)),
    Model(vendor_id="ihealth", model="gluco-plus", name="iHealth Gluco+", device_type="glucose_meter",
          kinds=("glucose",), methods=("vendor_oauth", "manual"), reason=CLOUD_FIRST, native_reason=NEEDS_SDK),
    Model(vendor_id="dexcom", model="g6", name="Dexcom G6", device_type="cgm", kinds=("glucose",),
          methods=("vendor_oauth", "healthkit", "health_connect"), reason=CLOUD_FIRST, native_reason=ENCRYPTED),
    Model(vendor_id="dexcom", model="g7", name="Dexcom G7", device_type="cgm", kinds=("glucose",),
          methods=("vendor_oauth", "healthkit", "health_connect"), reason=CLOUD_FIRST, native_reason=ENCRYPTED),
    Model(vendor_id="abbott", model="freestyle-libre-2", name="FreeStyle Libre 2", device_type="cgm",
          kinds=("glucose",), methods=("partner_webhook", "manual"), reason=PARTNER, native_reason=ENCRYPTED),
    Model(vendor_id="abbott", model="freestyle-libre-3", name="FreeStyle Libre 3", device_type="cgm",
          kinds=("glucose",), methods=("partner_webhook", "manual"), reason=PARTNER, native_reason=ENCRYPTED),
)  # fmt: skip
