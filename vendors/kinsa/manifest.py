"""Kinsa as data. Source of every fact: README.md."""

from typing import Final

from proto.vendors.manifest import Capabilities, Manifest

# BAA: temperatures of a household come from Kinsa; an agreement about health data belongs into the contract with it.
MANIFEST: Final = Manifest(
    name="kinsa",
    title="Kinsa",
    status="partner_access",
    pairing_method="partner_webhook",
    kinds=frozenset({"temperature"}),
    device_types=frozenset({"thermometer"}),
    capabilities=Capabilities(webhook="push", signed_webhook=True, socket=True, mqtt=True),
    credentials=("webhook_secrets",),
    notice="Kinsa gives its readings to contract partners only; until then, share them from the Kinsa app through Apple Health or Health Connect, or connect the thermometer by Bluetooth.",
    baa="Contract with Kinsa; agreement about health data with it.",
    docs_url="https://kinsahealth.com",
)
