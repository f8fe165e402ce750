"""Which vendors one can sign in to for a maker's devices: read off the manifests, none is named here."""

from collections.abc import Iterable
from typing import Final

from proto.vendors.manifest import Manifest
from proto.words import Kind
from vendors import NAMES, manifest_of

WITH_SIGN_IN: Final = tuple(
    manifest for name in NAMES if (manifest := manifest_of(name)).pairing_method == "vendor_oauth"
)
_CLOSING: Final = frozenset({"legacy", "retired"})


def serving(
    maker: str, kinds: Iterable[Kind], manifests: Iterable[Manifest] = WITH_SIGN_IN
) -> list[Manifest]:
    """Those that bring some of these kinds from devices of a maker, the best first: one that stays before one that is
    closing, the maker's own before others."""
    wanted = frozenset(kinds)
    found = [each for each in manifests if maker in (each.name, *each.makers) and wanted & each.kinds]
    return sorted(found, key=lambda each: (each.off_by_default, each.status in _CLOSING, each.name != maker))
