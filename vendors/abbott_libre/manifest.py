"""Abbott FreeStyle Libre as data. Source of every fact: README.md."""

from typing import Final

from proto.vendors.manifest import Capabilities, Manifest

# BAA: glucose comes from LibreView under a bilateral agreement with Abbott Diabetes Care; its agreement about health data comes with it.
MANIFEST: Final = Manifest(
    name="abbott_libre",
    title="Abbott FreeStyle Libre",
    status="partner_access",
    pairing_method="partner_webhook",
    kinds=frozenset({"glucose"}),
    device_types=frozenset({"cgm"}),
    makers=("abbott",),
    capabilities=Capabilities(webhook="push", signed_webhook=True, socket=True, mqtt=True),
    credentials=("webhook_secrets",),
    notice="Abbott gives its readings to contract partners only; the LibreLinkUp login is not used, because it needs your password and breaks Abbott's terms.",
    baa="Bilateral agreement with Abbott Diabetes Care, with its agreement about health data.",
    docs_url="https://www.libreview.com",
)
