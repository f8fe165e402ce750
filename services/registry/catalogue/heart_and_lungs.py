"""ECG recorders, stethoscopes, spirometers and inhaler sensors: makers' own protocols and partner contracts."""

from typing import Final

from services.registry.catalogue.model import APP_FIRST, NEEDS_SDK, PARTNER, Model

MODELS: Final = (
    Model(vendor_id="alivecor", model="kardiamobile", name="KardiaMobile", device_type="ecg", kinds=("ecg",),
          methods=("partner_webhook", "companion_app"), reason=PARTNER),
    Model(vendor_id="alivecor", model="kardiamobile-6l", name="KardiaMobile 6L", device_type="ecg", kinds=("ecg",),
          methods=("partner_webhook", "companion_app"), reason=PARTNER),
    Model(vendor_id="alivecor", model="kardiamobile-card", name="KardiaMobile Card", device_type="ecg",
          kinds=("ecg",), methods=("partner_webhook", "companion_app"), reason=PARTNER),
    Model(vendor_id="wellue", model="duoek", name="Wellue DuoEK", device_type="ecg", kinds=("ecg",),
          methods=("companion_app",), reason=APP_FIRST, native_reason=NEEDS_SDK),
    Model(vendor_id="eko", model="core-500", name="Eko CORE 500", device_type="stethoscope",
          kinds=("stethoscope", "ecg"), methods=("partner_webhook", "companion_app"), reason=PARTNER),
    Model(vendor_id="eko", model="duo", name="Eko DUO ECG + Digital Stethoscope", device_type="stethoscope",
          kinds=("stethoscope", "ecg"), methods=("partner_webhook", "companion_app"), reason=PARTNER),
    Model(vendor_id="eko", model="littmann-core", name="3M Littmann CORE", device_type="stethoscope",
          kinds=("stethoscope",), methods=("partner_webhook", "companion_app"), reason=PARTNER),
    Model(vendor_id="nuvoair", model="air-next", name="NuvoAir Air Next", device_type="spirometer",
          kinds=("spirometry",), methods=("partner_webhook", "companion_app", "manual"), reason=PARTNER),
    Model(vendor_id="mir", model="spirobank-smart", name="MIR Spirobank Smart", device_type="spirometer",
          kinds=("spirometry",), methods=("companion_app", "manual"), reason=APP_FIRST, native_reason=NEEDS_SDK),
    Model(vendor_id="mir", model="smart-one", name="MIR Smart One", device_type="spirometer", kinds=("spirometry",),
          methods=("companion_app", "manual"), reason=APP_FIRST, native_reason=NEEDS_SDK),
    Model(vendor_id="inofab", model="spirohome-personal", name="Spirohome Personal", device_type="spirometer",
          kinds=("spirometry",), methods=("partner_webhook", "manual"), reason=PARTNER),
    Model(vendor_id="propeller", model="sensor", name="Propeller sensor", device_type="inhaler", kinds=("inhaler",),
          methods=("partner_webhook", "manual"), reason=PARTNER),
    Model(vendor_id="adherium", model="hailie", name="Adherium Hailie", device_type="inhaler", kinds=("inhaler",),
          methods=("partner_webhook", "manual"), reason=PARTNER),
    Model(vendor_id="teva", model="digihaler", name="Teva ProAir Digihaler", device_type="inhaler",
          kinds=("inhaler",), methods=("partner_webhook", "manual"), reason=PARTNER),
)  # fmt: skip
