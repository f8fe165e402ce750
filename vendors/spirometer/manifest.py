"""Spirometer (partner) as data. Source of every fact: README.md."""

from typing import Final

from proto.vendors.manifest import Capabilities, Manifest

# BAA: lung function comes from the maker's cloud; an agreement about health data belongs into the contract with it.
MANIFEST: Final = Manifest(
    name="spirometer",
    title="Spirometer (partner)",
    status="partner_access",
    pairing_method="partner_webhook",
    kinds=frozenset({"spirometry"}),
    device_types=frozenset({"spirometer"}),
    makers=("nuvoair", "inofab", "mir"),
    capabilities=Capabilities(webhook="push", signed_webhook=True, socket=True, mqtt=True),
    credentials=("webhook_secrets",),
    notice="Makers of spirometers give readings to contract partners only; until then, share them through Apple Health.",
    baa="Contract with the maker; agreement about health data with it.",
    docs_url="https://www.nuvoair.com",
)
