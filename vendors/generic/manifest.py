"""The contract for everybody without one, as data. It is written down in README.md."""

from typing import Final

from proto.vendors.manifest import Capabilities, Manifest
from proto.words import DEVICE_TYPES, KINDS

# BAA: whoever sends is a partner of the operator; an agreement about health data comes before the first secret is given
# out.
MANIFEST: Final = Manifest(
    name="generic",
    title="Partner webhook",
    status="self_serve",
    pairing_method="partner_webhook",
    kinds=frozenset(KINDS),
    device_types=frozenset(DEVICE_TYPES),
    makers=("simulated",),
    capabilities=Capabilities(webhook="push", signed_webhook=True, socket=True, mqtt=True, dial=True),
    credentials=("webhook_secrets",),
    options=("dial_url", "dial_token"),
    baa="Agreement about health data between the operator and the partner who sends.",
    docs_url="https://www.standardwebhooks.com",
)
