"""Eko as data. Source of every fact: README.md."""

from typing import Final

from proto.vendors.manifest import Capabilities, Manifest

# BAA: heart sounds and ECGs come from Eko; the agreement about health data is part of the enterprise contract.
MANIFEST: Final = Manifest(
    name="eko",
    title="Eko",
    status="partner_access",
    pairing_method="partner_webhook",
    kinds=frozenset({"stethoscope", "ecg"}),
    device_types=frozenset({"stethoscope", "ecg"}),
    capabilities=Capabilities(webhook="push", signed_webhook=True, socket=True, mqtt=True),
    credentials=("webhook_secrets",),
    notice="Eko gives its recordings to contract partners only; it cannot be connected before the operator has such a contract.",
    baa="Enterprise contract with Eko Health, with its agreement about health data.",
    docs_url="https://www.ekohealth.com",
)
