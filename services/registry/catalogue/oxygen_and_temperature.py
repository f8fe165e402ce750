"""Pulse oximeters and thermometers. The oximeter profile (1822) is rare; thermometers mostly keep to theirs (1809)."""

from typing import Final

from services.registry.catalogue.model import (
    APP_FIRST,
    CLOUD_FIRST,
    HEALTH_FIRST,
    HUB_FIRST,
    NEEDS_PHONE,
    NEEDS_SDK,
    Model,
)

_PLX = ("1822",)
_HTS = ("1809",)

MODELS: Final = (
    Model(vendor_id="nonin", model="3230", name="Nonin 3230", device_type="pulse_oximeter", kinds=("spo2",),
          methods=("hub", "web_bluetooth", "companion_app", "manual"), reason=HUB_FIRST, ble_services=_PLX,
          decoder="sig", names=("Nonin3230_",),
          quirks={"services": "Beside 1822 it has the maker's 46a970e0-0d5f-11e2-8b5e-0002a5d5c51b; early firmware may have that alone."}),
    Model(vendor_id="beurer", model="po-60", name="Beurer PO 60", device_type="pulse_oximeter", kinds=("spo2",),
          methods=("companion_app", "manual"), reason=APP_FIRST, native_reason=NEEDS_SDK, names=("PO60",)),
    Model(vendor_id="masimo", model="mightysat-rx", name="Masimo MightySat Rx", device_type="pulse_oximeter",
          kinds=("spo2", "respiratory_rate"), methods=("healthkit", "manual"), reason=HEALTH_FIRST,
          native_reason=NEEDS_SDK),
    Model(vendor_id="wellue", model="o2ring", name="Wellue O2Ring", device_type="pulse_oximeter", kinds=("spo2",),
          methods=("healthkit", "companion_app", "manual"), reason=HEALTH_FIRST,
          ble_services=("14839ac4-7d7e-415c-9a42-167340cf2339",), native_reason=NEEDS_SDK, names=("O2Ring",)),
    Model(vendor_id="ihealth", model="air", name="iHealth Air (PO3M)", device_type="pulse_oximeter", kinds=("spo2",),
          methods=("vendor_oauth", "companion_app", "healthkit", "manual"), reason=CLOUD_FIRST),
    Model(vendor_id="and", model="ut-201ble", name="A&D UT-201BLE", device_type="thermometer", kinds=("temperature",),
          methods=("hub", "web_bluetooth", "companion_app", "manual"), reason=HUB_FIRST, ble_services=_HTS,
          decoder="sig", names=("A&D_UT201BLE",)),
    Model(vendor_id="beurer", model="ft-95", name="Beurer FT 95", device_type="thermometer", kinds=("temperature",),
          methods=("hub", "web_bluetooth", "companion_app", "manual"), reason=HUB_FIRST, ble_services=_HTS,
          decoder="sig", names=("FT95",)),
    Model(vendor_id="withings", model="thermo", name="Withings Thermo", device_type="thermometer",
          kinds=("temperature",), methods=("vendor_oauth", "healthkit", "manual"), reason=CLOUD_FIRST),
    Model(vendor_id="ihealth", model="pt3sbt", name="iHealth PT3SBT", device_type="thermometer",
          kinds=("temperature",), methods=("companion_app", "manual"), reason=APP_FIRST, native_reason=NEEDS_SDK),
    Model(vendor_id="kinsa", model="quickcare", name="Kinsa QuickCare", device_type="thermometer",
          kinds=("temperature",), methods=("healthkit", "manual"), reason=HEALTH_FIRST, native_reason=NEEDS_PHONE,
          quirks={"family": "One thermometer serves several people: the profile decides whose reading it is."}),
)  # fmt: skip
