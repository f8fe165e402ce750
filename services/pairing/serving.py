"""Which vendors one can be connected to for a maker's devices: read off the manifests, none is named here."""

from collections.abc import Iterable
from typing import Final

from proto.state import ModelState
from proto.vendors.manifest import Manifest
from proto.words import Kind
from vendors import NAMES, manifest_of

WITH_SIGN_IN: Final = tuple(
    manifest for name in NAMES if (manifest := manifest_of(name)).pairing_method == "vendor_oauth"
)
WITH_NUMBER: Final = tuple(
    manifest for name in NAMES if (manifest := manifest_of(name)).pairing_method == "partner_webhook"
)
"""Without a sign-in: a person types what the vendor knows them by."""
_CLOSING: Final = frozenset({"legacy", "retired"})


def serving(
    maker: str, kinds: Iterable[Kind], manifests: Iterable[Manifest] = WITH_SIGN_IN
) -> list[Manifest]:
    """Those that bring some of these kinds from devices of a maker, the best first: one that stays before one that is
    closing, the maker's own before others."""
    wanted = frozenset(kinds)
    found = [each for each in manifests if maker in (each.name, *each.makers) and wanted & each.kinds]
    return sorted(found, key=lambda each: (each.off_by_default, each.status in _CLOSING, each.name != maker))


def is_served(vendor: str, model: ModelState) -> bool:
    """Whether devices of a model come through what people type in for this vendor."""
    return any(each.name == vendor for each in serving(model.vendor_id, model.capabilities, WITH_NUMBER))
