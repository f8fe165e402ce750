"""Glucose meters and continuous monitors. Meters with the glucose profile (1808) keep records that are fetched."""

from typing import Final

from services.registry.catalogue.model import (
    CLOUD_FIRST,
    CODE_FIRST,
    HEALTH_FIRST,
    HUB_FIRST,
    NEEDS_SDK,
    PARTNER,
    Model,
)

_METER = ("1808",)
_CODE = {"bond": "A six-digit code is typed once; wait for the bond before asking for records."}
_SENSOR = ("febc",)

MODELS: Final = (
    Model(vendor_id="ascensia", model="contour-next-one", name="Contour Next One", device_type="glucose_meter",
          kinds=("glucose",), methods=("hub", "web_bluetooth", "companion_app", "healthkit", "manual"),
          reason=HUB_FIRST, ble_services=_METER, decoder="sig", names=("Contour",),
          quirks={"bond": "Bond at once on the first connection.",
                  "clock": "00001026-0002-11e2-9e96-0800200c9a66 in 00000000-0002-11e2-9e96-0800200c9a66"}),
    Model(vendor_id="roche", model="accu-chek-guide", name="Accu-Chek Guide", device_type="glucose_meter",
          kinds=("glucose",), methods=("companion_app", "web_bluetooth", "healthkit", "manual"), reason=CODE_FIRST,
          ble_services=_METER, decoder="sig", names=("meter",), quirks=_CODE),
    Model(vendor_id="roche", model="accu-chek-instant", name="Accu-Chek Instant", device_type="glucose_meter",
          kinds=("glucose",), methods=("companion_app", "web_bluetooth", "healthkit", "manual"), reason=CODE_FIRST,
          ble_services=_METER, decoder="sig", names=("meter",), quirks=_CODE),
    Model(vendor_id="isens", model="caresens-n-premier", name="CareSens N Premier", device_type="glucose_meter",
          kinds=("glucose",), methods=("companion_app", "web_bluetooth", "manual"), reason=CODE_FIRST,
          ble_services=_METER, decoder="sig", names=("CareSens",),
          quirks={**_CODE, "ketone": "Meal code 6 marks a ketone test.", "clock": "January may come as month 13."}),
    Model(vendor_id="beurer", model="gl-50-evo", name="Beurer GL 50 evo", device_type="glucose_meter",
          kinds=("glucose",), methods=("companion_app", "web_bluetooth", "manual"), reason=CODE_FIRST,
          ble_services=_METER, decoder="sig", names=("Beurer GL50EVO",), quirks=_CODE),
    Model(vendor_id="lifescan", model="verio-reflect", name="OneTouch Verio Reflect", device_type="glucose_meter",
          kinds=("glucose",), methods=("healthkit", "manual"), reason=HEALTH_FIRST, native_reason=NEEDS_SDK,
          names=("OneTouch",)),
    Model(vendor_id="ihealth", model="gluco-plus", name="iHealth Gluco+", device_type="glucose_meter",
          kinds=("glucose",), methods=("vendor_oauth", "companion_app", "manual"), reason=CLOUD_FIRST),
    Model(vendor_id="dexcom", model="g6", name="Dexcom G6", device_type="cgm", kinds=("glucose",),
          methods=("vendor_oauth", "healthkit"), reason=CLOUD_FIRST, ble_services=_SENSOR),
    Model(vendor_id="dexcom", model="g7", name="Dexcom G7", device_type="cgm", kinds=("glucose",),
          methods=("vendor_oauth", "healthkit", "health_connect"), reason=CLOUD_FIRST, ble_services=_SENSOR),
    Model(vendor_id="dexcom", model="one-plus", name="Dexcom ONE+", device_type="cgm", kinds=("glucose",),
          methods=("vendor_oauth",), reason=CLOUD_FIRST, ble_services=_SENSOR),
    Model(vendor_id="abbott", model="freestyle-libre-2", name="FreeStyle Libre 2", device_type="cgm",
          kinds=("glucose",), methods=("partner_webhook",), reason=PARTNER),
    Model(vendor_id="abbott", model="freestyle-libre-3", name="FreeStyle Libre 3", device_type="cgm",
          kinds=("glucose",), methods=("partner_webhook",), reason=PARTNER),
)  # fmt: skip
